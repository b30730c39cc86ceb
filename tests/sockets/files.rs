//! Where files are, who may read them, and when they go.

use std::fs;

use car_tests::program::Sandbox;
use rustix::process::Signal;

use crate::mode;

#[test]
fn the_default_root_puts_token_and_socket_where_published_clients_look() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let shared = sandbox.runtime_dir().join("ai.parslee.car");
    assert_eq!(
        daemon.said("token file"),
        shared.join("auth-token").to_str()
    );
    assert_eq!(daemon.socket(), shared.join("car-server.sock"));
    assert_eq!(fs::read(shared.join("auth-token")).unwrap().len(), 43);
    assert_eq!(
        fs::read(sandbox.root().join("host-token")).unwrap().len(),
        43
    );
}

#[test]
fn without_a_runtime_folder_the_token_is_in_the_configuration_folder() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["--port", "0"]);
    command.env_remove("XDG_RUNTIME_DIR");
    let daemon = car_tests::program::Program::start(command);
    let token = sandbox.home().join(".config/ai.parslee.car/auth-token");
    assert_eq!(daemon.said("token file"), token.to_str());
    assert_eq!(mode(&token), 0o600);
    assert_eq!(daemon.socket(), sandbox.root().join("run/car-server.sock"));
}

#[test]
fn another_root_keeps_everything_below_itself() {
    let sandbox = Sandbox::new();
    let root = sandbox.home().join("other");
    let daemon = sandbox.start(&["--home", root.to_str().unwrap()]);
    assert_eq!(daemon.said("token file"), root.join("auth-token").to_str());
    assert_eq!(daemon.socket(), root.join("run/car-server.sock"));
    assert_eq!(fs::read_dir(sandbox.runtime_dir()).unwrap().count(), 0);
    assert!(!sandbox.root().exists());
}

#[test]
fn everything_is_for_its_owner_only() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.root()).unwrap();
    let daemon = sandbox.start(&[]);
    let shared = sandbox.runtime_dir().join("ai.parslee.car");
    for folder in [&sandbox.root(), &shared] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    let root = sandbox.root();
    let files = [
        root.join("host-token"),
        root.join("daemon.lock"),
        shared.join("auth-token"),
        daemon.socket(),
    ];
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_daemon_that_ends_well_takes_its_tokens_and_its_socket_with_it() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let socket = daemon.socket();
    daemon.signal(Signal::TERM);
    let (status, _) = daemon.wait();
    assert!(status.success());
    assert!(!socket.exists());
    assert!(!sandbox.root().join("host-token").exists());
    assert!(
        !sandbox
            .runtime_dir()
            .join("ai.parslee.car/auth-token")
            .exists()
    );
}

#[test]
fn without_authentication_there_is_no_token_and_everybody_is_let_in() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth"]);
    assert!(
        !sandbox
            .runtime_dir()
            .join("ai.parslee.car/auth-token")
            .exists()
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut client = daemon.client("anybody").await;
        assert_eq!(
            client.call("state.keys", serde_json::Value::Null).await,
            serde_json::json!([])
        );
        client.finish().await;
    });
}
