//! RFC 6455 as the Autobahn testsuite has it: sections 1 to 7, 9 and 10, 301 cases, over TCP and over a Unix socket.
//!
//! Sections 12 and 13 are about compression, which is not offered. The report of a run stays below `target/autobahn`
//! as web pages.
#![cfg(unix)]

mod echo;
mod verdict;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use self::echo::{Echo, Relay};

/// `target` at the root of the repository, where `cargo xtask test --prepare` puts what tests need.
fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target")
}

fn wstest() -> PathBuf {
    let program = target().join("wstest/bin/wstest");
    assert!(
        program.exists(),
        "the Autobahn testsuite is not installed; `cargo xtask test --prepare` does it"
    );
    program
}

/// Runs the suite against a server and judges its report.
fn conforms(name: &str, url: &str) {
    let reports = target().join("autobahn").join(name);
    drop(fs::remove_dir_all(&reports));
    fs::create_dir_all(&reports).unwrap();
    let spec = json!({
        "outdir": reports,
        "servers": [{ "agent": name, "url": url }],
        "cases": ["*"],
        "exclude-cases": ["12.*", "13.*"],
        "exclude-agent-cases": {},
    });
    let spec_file = reports.join("spec.json");
    fs::write(&spec_file, spec.to_string()).unwrap();
    let run = Command::new(wstest())
        .args(["--mode", "fuzzingclient", "--spec"])
        .arg(&spec_file)
        .current_dir(&reports)
        .output()
        .unwrap();
    // It exits with 0 whatever it found; the report tells.
    let said = String::from_utf8_lossy(&run.stdout);
    let index = fs::read_to_string(reports.join("index.json"))
        .unwrap_or_else(|error| panic!("no report ({error}): {} {said}", run.status));
    let index = serde_json::from_str(&index).unwrap();
    let faults = verdict::faults(&index, name);
    assert!(
        faults.is_empty(),
        "{}\nthe report is at {}",
        faults.join("\n"),
        reports.join("index.html").display()
    );
}

#[test]
fn the_connection_stack_conforms_over_tcp() {
    let echo = Echo::start();
    conforms("tcp", &echo.url);
}

#[test]
fn the_connection_stack_conforms_over_a_unix_socket() {
    let echo = Echo::start();
    let relay = Relay::start(&echo.socket);
    conforms("unix", &relay.url);
}
