//! `car-server doctor`, with and without a daemon.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;

use car_tests::program::Sandbox;
use serde_json::Value;

use crate::{complaint, said};

/// The exit code and the checks, by name.
fn doctor(sandbox: &Sandbox, words: &[&str]) -> (i32, Value) {
    let output = sandbox.run(&[&["doctor", "--json"], words].concat());
    let report: Value = serde_json::from_str(said(&output))
        .unwrap_or_else(|error| panic!("{error}: {}{}", said(&output), complaint(&output)));
    (output.status.code().unwrap(), report)
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks
        .iter()
        .find(|check| check["name"] == name)
        .unwrap_or_else(|| panic!("{name} was not looked at: {report}"))
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Names of the checks that are not well.
fn unwell(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().unwrap();
    checks
        .iter()
        .filter(|check| check["verdict"] != "ok")
        .map(|check| check["name"].as_str().unwrap())
        .collect()
}

#[test]
fn a_root_that_is_not_there_is_healthy_and_stays_away() {
    let sandbox = Sandbox::new();
    let (code, report) = doctor(&sandbox, &[]);
    assert_eq!((code, &report["verdict"]), (0, &"ok".into()), "{report}");
    assert!(!sandbox.root().exists(), "looking makes nothing");
}

#[test]
fn a_running_daemon_is_healthy() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let (code, report) = doctor(&sandbox, &[]);
    assert_eq!((code, unwell(&report)), (0, vec![]), "{report}");
    let lock = check(&report, "lock")["message"].as_str().unwrap();
    assert!(lock.contains(&daemon.pid().to_string()), "{lock}");
    let answers = check(&report, "daemon")["message"].as_str().unwrap();
    assert!(
        answers.ends_with("0 clients, 0 calls under way"),
        "{answers}"
    );

    let output = sandbox.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(0));
    let page = said(&output);
    assert!(
        page.lines().skip(1).all(|line| line.starts_with("  ok ")),
        "{page}"
    );
}

#[test]
fn a_daemon_elsewhere_without_a_socket_and_authentication_is_healthy() {
    let sandbox = Sandbox::new();
    let root = sandbox.home().join("other");
    let root = root.to_str().unwrap();
    let _daemon = sandbox.start(&["--home", root, "--no-auth", "--no-socket"]);
    let (code, report) = doctor(&sandbox, &["--home", root]);
    assert_eq!((code, unwell(&report)), (0, vec![]), "{report}");
    assert_eq!(report["root"], root);
}

#[test]
fn a_token_that_others_may_read_is_wrong() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&[]);
    let token = sandbox.runtime_dir().join("ai.parslee.car/auth-token");
    set_mode(&token, 0o644);
    let (code, report) = doctor(&sandbox, &[]);
    assert_eq!(
        (code, unwell(&report)),
        (2, vec!["client token"]),
        "{report}"
    );
    let remedy = check(&report, "client token")["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("chmod 600 "), "{remedy}");

    fs::remove_file(&token).unwrap();
    let (code, report) = doctor(&sandbox, &[]);
    assert_eq!(
        check(&report, "client token")["verdict"],
        "fail",
        "{report}"
    );
    assert_eq!(code, 2);
}

#[test]
fn a_folder_that_others_may_look_into_is_odd() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.root()).unwrap();
    set_mode(&sandbox.root(), 0o755);
    let (code, report) = doctor(&sandbox, &[]);
    assert_eq!((code, unwell(&report)), (1, vec!["root"]), "{report}");
}

#[test]
fn a_folder_in_which_others_may_replace_the_socket_is_wrong() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    set_mode(daemon.socket().parent().unwrap(), 0o777);
    let (code, report) = doctor(&sandbox, &[]);
    assert_eq!((code, unwell(&report)), (2, vec!["folders"]), "{report}");
}

#[test]
fn what_a_killed_daemon_left_is_told_and_is_no_harm() {
    let sandbox = Sandbox::new();
    sandbox.start(&[]).kill();
    let (code, report) = doctor(&sandbox, &[]);
    let left = vec!["lock", "socket", "client token", "host token"];
    assert_eq!((code, unwell(&report)), (1, left), "{report}");
    let socket = check(&report, "socket")["message"].as_str().unwrap();
    assert!(socket.ends_with("is left over: nobody listens"), "{socket}");
    // Looking has not taken anything over.
    let _daemon = sandbox.start(&[]);
    assert_eq!(doctor(&sandbox, &[]).0, 0);
}

#[test]
fn a_socket_of_somebody_else_is_wrong() {
    let sandbox = Sandbox::new();
    let path = sandbox.home().join("here.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let words = ["--socket", path.to_str().unwrap()];
    let (code, report) = doctor(&sandbox, &words);
    assert_eq!((code, unwell(&report)), (2, vec!["socket"]), "{report}");
}

#[test]
fn a_socket_that_is_gone_under_a_running_daemon_is_wrong() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    fs::remove_file(daemon.socket()).unwrap();
    let (code, report) = doctor(&sandbox, &[]);
    assert_eq!(
        (code, unwell(&report)),
        (2, vec!["daemon", "socket"]),
        "{report}"
    );
}

#[test]
fn a_configuration_and_a_database_that_are_broken_are_wrong() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.root()).unwrap();
    set_mode(&sandbox.root(), 0o700);
    fs::write(sandbox.root().join("car.toml"), "prot = 1\n").unwrap();
    let database = sandbox.root().join("car.db");
    fs::write(&database, "not a database".repeat(100)).unwrap();
    set_mode(&database, 0o600);
    let (code, report) = doctor(&sandbox, &[]);
    assert_eq!(
        (code, unwell(&report)),
        (2, vec!["configuration", "database"])
    );
    let message = check(&report, "configuration")["message"].as_str().unwrap();
    assert!(message.contains("car.toml:1"), "{message}");
}

/// The page without what differs from machine to machine.
fn anywhere(sandbox: &Sandbox, page: &str) -> String {
    let page = page.replace(sandbox.home().to_str().unwrap(), "/home/ada");
    let page = page.replacen(env!("CARGO_PKG_VERSION"), "<version>", 1);
    let line = |line: &str| {
        let varies = [
            "  configuration",
            "  database",
            "  disk",
            "  descriptors",
            "  clock",
        ];
        match varies.iter().find_map(|name| line.find(name)) {
            Some(at) => format!("{}…", &line[..at + 17]),
            None => line.to_owned(),
        }
    };
    page.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn the_page_says_what_to_do() {
    let sandbox = Sandbox::new();
    sandbox.start(&[]).kill();
    set_mode(&sandbox.root(), 0o755);
    let output = sandbox.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(anywhere(&sandbox, said(&output)));
}
