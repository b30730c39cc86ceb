//! One daemon after the other, and two at once.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use car_tests::program::{Sandbox, client};
use car_transport::connect::Target;
use serde_json::json;

use crate::complaint;

/// What a look at a file tells about whether it was touched.
fn trace(path: &Path) -> (u64, i64, i64, u64) {
    let metadata = fs::symlink_metadata(path).unwrap();
    (
        metadata.ino(),
        metadata.ctime(),
        metadata.ctime_nsec(),
        metadata.len(),
    )
}

#[test]
fn a_second_daemon_is_refused_with_the_first_one_and_touches_nothing() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let shared = sandbox.runtime_dir().join("ai.parslee.car");
    let root = sandbox.root();
    let paths = [
        root.clone(),
        root.join("host-token"),
        root.join("daemon.lock"),
        shared.clone(),
        shared.join("auth-token"),
        daemon.socket(),
    ];
    let before: Vec<_> = paths.iter().map(|path| trace(path)).collect();

    let second = sandbox.run(&["--port", "0"]);
    assert_eq!(second.status.code(), Some(1));
    let wanted = format!(
        "already: process {}, listening on {}",
        daemon.pid(),
        daemon.address()
    );
    assert!(
        complaint(&second).contains(&wanted),
        "{}",
        complaint(&second)
    );
    assert!(
        complaint(&second).contains("car-server stop"),
        "{}",
        complaint(&second)
    );

    let after: Vec<_> = paths.iter().map(|path| trace(path)).collect();
    assert_eq!(before, after);
}

#[tokio::test]
async fn what_a_killed_daemon_leaves_is_replaced_by_the_next() {
    let sandbox = Sandbox::new();
    let first = sandbox.start(&[]);
    let (socket, token_file) = (
        first.socket(),
        sandbox.runtime_dir().join("ai.parslee.car/auth-token"),
    );
    first.kill();
    assert!(socket.exists(), "a killed process removes nothing");
    let stale = fs::read_to_string(&token_file).unwrap();

    let second = sandbox.start(&[]);
    assert_eq!(second.socket(), socket);
    let fresh = fs::read_to_string(&token_file).unwrap();
    assert_ne!(stale, fresh);
    let mut client = client("next", &Target::unix(&socket)).await;
    let refusal = client
        .refusal("session.auth", json!({ "token": stale }))
        .await;
    assert!(
        refusal["message"]
            .as_str()
            .unwrap()
            .contains("token mismatch"),
        "{refusal}"
    );
    client.call("session.auth", json!({ "token": fresh })).await;
    client.finish().await;
}

#[test]
fn a_port_that_is_taken_leaves_no_token_behind() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let other = sandbox.home().join("other");
    let port = daemon.address().port().to_string();
    let second = sandbox.run(&["--home", other.to_str().unwrap(), "--port", &port]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        complaint(&second).contains("is in use by another process"),
        "{}",
        complaint(&second)
    );
    assert!(
        complaint(&second).contains("--port 0"),
        "{}",
        complaint(&second)
    );
    assert!(!other.join("auth-token").exists() && !other.join("host-token").exists());
}

#[test]
fn a_daemon_does_not_start_on_a_guess() {
    let sandbox = Sandbox::new();
    for (words, reason) in [
        (&["--gate", "state.sett"][..], "did you mean `state.set`?"),
        (
            &["--bind", "0.0.0.0", "--no-auth"],
            "anybody could run tools",
        ),
        (&["--port", "70000"], "(from --port)"),
    ] {
        let output = sandbox.run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(
            complaint(&output).contains(reason),
            "{}",
            complaint(&output)
        );
    }
    assert!(
        !sandbox.root().exists(),
        "nothing is made before the configuration is right"
    );
}

#[test]
fn several_daemons_run_on_roots_of_their_own() {
    let sandbox = Sandbox::new();
    let one = sandbox.start(&[]);
    let root = sandbox.home().join("other");
    let other = sandbox.start(&["--home", root.to_str().unwrap()]);
    assert_ne!(one.address(), other.address());
    assert_ne!(one.socket(), other.socket());
}
