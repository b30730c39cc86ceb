//! The commands that look at a daemon and talk to one.

use car_tests::program::Sandbox;
use serde_json::Value;

use crate::{complaint, said};

#[test]
fn without_a_daemon_every_command_says_so_with_3() {
    let sandbox = Sandbox::new();
    for words in [&["status"][..], &["stop"], &["call", "state.keys"]] {
        let output = sandbox.run(words);
        assert_eq!(output.status.code(), Some(3), "{words:?}");
        let wanted = format!("no daemon is running on {}", sandbox.root().display());
        assert!(
            complaint(&output).contains(&wanted),
            "{}",
            complaint(&output)
        );
    }
    assert!(!sandbox.root().exists(), "looking makes nothing");
}

#[test]
fn status_tells_what_runs_and_where() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let output = sandbox.run(&["status"]);
    assert!(output.status.success(), "{}", complaint(&output));
    assert!(
        said(&output).contains(&daemon.address().to_string()),
        "{}",
        said(&output)
    );
    assert!(
        said(&output).contains(&format!("process     {}", daemon.pid())),
        "{}",
        said(&output)
    );
    assert!(
        said(&output).contains("clients     0 connected"),
        "{}",
        said(&output)
    );
    let output = sandbox.run(&["status", "--json"]);
    let status: Value = serde_json::from_str(said(&output)).unwrap();
    assert_eq!(status["pid"], daemon.pid());
    assert_eq!(status["connections"], 1, "its own");
    assert_eq!(status["address"], daemon.address().to_string());
    assert_eq!(status["root"], sandbox.root().to_str().unwrap());
}

#[test]
fn call_prints_the_result_or_the_error() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&[]);
    let output = sandbox.run(&["call", "state.exists", r#"{"key": "k"}"#]);
    assert_eq!(said(&output), "false\n", "{}", complaint(&output));

    let output = sandbox.run(&["call", "state.exsts"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        complaint(&output).contains("-32601"),
        "{}",
        complaint(&output)
    );

    let output = sandbox.run(&["call", "state.get", "{key"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        complaint(&output).contains("JSON"),
        "{}",
        complaint(&output)
    );
}

#[test]
fn only_a_host_may_shut_the_daemon_down() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let output = sandbox.run(&["call", "server.shutdown"]);
    assert_eq!(output.status.code(), Some(1));
    let output = sandbox.run(&["call", "--host", "server.shutdown"]);
    assert!(output.status.success(), "{}", complaint(&output));
    assert!(daemon.wait().0.success());
}

#[test]
fn stop_waits_until_the_daemon_is_gone() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let socket = daemon.socket();
    let output = sandbox.run(&["stop"]);
    assert!(output.status.success(), "{}", complaint(&output));
    assert!(!socket.exists());
    assert_eq!(sandbox.run(&["status"]).status.code(), Some(3));
    assert!(daemon.wait().0.success());
}

#[test]
fn the_commands_find_a_daemon_by_its_root_or_its_socket() {
    let sandbox = Sandbox::new();
    let root = sandbox.home().join("other");
    let root = root.to_str().unwrap();
    let token = sandbox.home().join("token");
    let daemon = sandbox.start(&["--home", root, "--token-file", token.to_str().unwrap()]);
    let socket = daemon.socket();
    for words in [
        &["call", "--home", root, "state.keys"][..],
        &["--home", root, "call", "state.keys"],
        &[
            "call",
            "--home",
            root,
            "--socket",
            socket.to_str().unwrap(),
            "state.keys",
        ],
    ] {
        let output = sandbox.run(words);
        assert_eq!(said(&output), "[]\n", "{words:?}: {}", complaint(&output));
    }
}

#[test]
fn commands_work_where_authentication_is_off_and_over_tcp_alone() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-auth", "--no-socket"]);
    let output = sandbox.run(&["call", "state.keys"]);
    assert_eq!(said(&output), "[]\n", "{}", complaint(&output));
    let output = sandbox.run(&["stop"]);
    assert!(output.status.success(), "{}", complaint(&output));
}

#[test]
fn the_configuration_in_effect_is_printed_with_its_origins() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["config", "--json", "--no-socket"]);
    let output = command.env("CAR_PORT", "9200").output().unwrap();
    let config: Value = serde_json::from_str(said(&output)).unwrap();
    assert_eq!(
        config["port"],
        serde_json::json!({ "value": 9200, "origin": "CAR_PORT" })
    );
    assert_eq!(config["no_socket"]["origin"], "--no-socket");
    assert_eq!(config["drain_time"]["origin"], "default");
}

#[test]
fn a_unit_starts_this_program() {
    let sandbox = Sandbox::new();
    let program = car_tests::program::path().to_str().unwrap();
    for manager in ["systemd", "launchd"] {
        let output = sandbox.run(&["service", manager, "--no-socket"]);
        assert!(said(&output).contains(program), "{}", said(&output));
        assert!(
            said(&output).contains("--no-socket=true"),
            "{}",
            said(&output)
        );
    }
}
