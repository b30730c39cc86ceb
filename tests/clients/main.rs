//! The published Python clients, unchanged, against the real program: over TCP, with authentication on.
//!
//! The scenarios are in `python/`; each script prints a line per scenario. `cargo xtask test --prepare` makes the
//! environments under `target/`.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows what the client said"
)]

mod agents;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use car_tests::program::{Program, Sandbox};

/// The interpreter of an environment that the test command made.
fn python(environment: &str) -> PathBuf {
    let python = workspace()
        .join("target")
        .join(environment)
        .join("bin/python");
    assert!(
        python.exists(),
        "{} is missing: run `cargo xtask test --prepare`",
        python.display()
    );
    python
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package is in the workspace")
}

/// An interpreter that finds the daemon and its token as a user's would, and nothing else.
fn client(environment: &str, daemon: &Program) -> Command {
    let mut command = Command::new(python(environment));
    command.env_clear().env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("CAR_DAEMON_URL", format!("ws://{}", daemon.address()));
    command.current_dir(workspace().join("tests/clients/python"));
    command
}

/// Runs all scenarios of a script; each line says `ok` or `FAIL`.
fn drive(mut command: Command, script: &str) {
    let output = command.arg(script).output().expect("Python starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    print!("{said}");
    assert!(output.status.success(), "{script}:\n{said}\n{log}");
    assert!(
        said.lines().filter(|line| line.starts_with("ok ")).count() >= 10,
        "{script} ran hardly anything:\n{said}"
    );
}

#[test]
fn the_0_15_client_finds_its_token_in_the_runtime_directory() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut command = client("venv-0.15", &daemon);
    command
        .env("HOME", sandbox.home())
        .env("XDG_RUNTIME_DIR", sandbox.runtime_dir());
    drive(command, "drive_0_15.py");
}

#[test]
fn the_0_15_client_finds_its_token_in_the_home_directory() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["--port", "0"]);
    command.env_remove("XDG_RUNTIME_DIR");
    let daemon = Program::start(command);
    let mut command = client("venv-0.15", &daemon);
    command.env("HOME", sandbox.home());
    drive(command, "drive_0_15.py");
}

#[test]
fn the_0_58_client_registers_is_called_back_and_gets_results() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut command = client("venv-0.58", &daemon);
    command
        .env("HOME", sandbox.home())
        .env("XDG_RUNTIME_DIR", sandbox.runtime_dir());
    drive(command, "drive_0_58.py");
}

#[test]
fn the_snippet_that_the_daemon_prints_works_when_pasted() {
    for environment in ["venv-0.15", "venv-0.58"] {
        let sandbox = Sandbox::new();
        let daemon = sandbox.start(&[]);
        let (_, snippet) = daemon
            .banner()
            .split_once("import ")
            .expect("the banner has a snippet");
        let mut command = client(environment, &daemon);
        command
            .env_remove("CAR_DAEMON_URL")
            .env("HOME", sandbox.home())
            .env("XDG_RUNTIME_DIR", sandbox.runtime_dir());
        let output = command
            .arg("-c")
            .arg(format!("import {snippet}"))
            .output()
            .expect("Python starts");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            said.contains("42"),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn the_snippet_of_the_readme_is_the_one_that_the_daemon_prints() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let readme = fs::read_to_string(workspace().join("README.md")).expect("there is a README");
    let address = daemon.address().to_string();
    let (_, snippet) = daemon
        .banner()
        .split_once("import ")
        .expect("the banner has a snippet");
    let snippet = format!("import {snippet}").replace(&address, "127.0.0.1:9100");
    for line in snippet.lines().filter(|line| !line.trim().is_empty()) {
        assert!(readme.contains(line), "the README lacks: {line}");
    }
}
