//! What happens when the database cannot be used, or its disk is full.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox, client};
use car_transport::connect::Target;
use serde_json::{Value, json};

use crate::kills::{Seen, logged, see};

#[test]
fn a_database_that_cannot_be_used_stops_the_daemon_with_the_reason() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.root()).unwrap();
    let path = sandbox.root().join("car.db");
    fs::write(&path, "dear diary, ".repeat(100)).unwrap();
    let output = sandbox.run(&["--port", "0"]);
    assert_eq!(output.status.code(), Some(1));
    let complaint = crate::complaint(&output);
    assert!(
        complaint.contains("car.db") && complaint.contains("try: move the file away"),
        "{complaint}"
    );
    assert!(!sandbox.root().join("host-token").exists());
}

/// A daemon whose root is a small disk of its own; none where this system lets nobody make one.
#[expect(
    clippy::print_stderr,
    reason = "who reads the output of the tests is told"
)]
fn on_a_small_disk(sandbox: &Sandbox) -> Option<Program> {
    let root = sandbox.root();
    fs::create_dir(&root).unwrap();
    let mount = format!("mount -t tmpfs -o size=2m tmpfs {}", root.display());
    let may = Command::new("unshare")
        .args(["-rm", "sh", "-c", &mount])
        .output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!("not tested: this system lets nobody mount a disk in a namespace of their own");
        return None;
    }
    let run = format!("{mount} && exec \"$0\" \"$@\"");
    let program = car_tests::program::path();
    let plain = sandbox.command(&[]);
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &run]).arg(program);
    command.args(["--no-auth", "--no-socket", "--port", "0"]);
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.envs(
        plain
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    Some(Program::start(command))
}

/// Fills a disk to its last byte.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for size in [65_536, 4_096, 512, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
}

#[tokio::test]
async fn a_full_disk_refuses_loses_nothing_acknowledged_and_recovers_without_a_restart() {
    let sandbox = Sandbox::new();
    let Some(daemon) = on_a_small_disk(&sandbox) else {
        return;
    };
    let disk = PathBuf::from(format!("/proc/{}/root", daemon.pid()));
    let filler = disk
        .join(sandbox.root().strip_prefix("/").unwrap())
        .join("filler");
    let mut alice = client("alice", &Target::loopback(daemon.address().port())).await;
    let nothing = alice.call("host.subscribe", Value::Null).await;
    let start = json!({ "epoch": nothing["epoch"], "seq": nothing["seq"] });
    let mut acknowledged = Seen::new();
    let mut notify = async |alice: &mut TestClient| {
        let params = json!({ "message": "x".repeat(2_000) });
        let answer = alice.ask("host.notify", params).await;
        match answer.get("error") {
            Some(error) => Some(error["data"]["kind"].clone()),
            None => {
                see(&mut acknowledged, &answer["result"]);
                None
            }
        }
    };
    for _ in 0..5 {
        assert_eq!(notify(&mut alice).await, None);
    }
    fill(&filler);
    let refusal = loop {
        if let Some(refusal) = notify(&mut alice).await {
            break refusal;
        }
    };
    assert_eq!(refusal, "storage_full");
    // From now on at once; and what needs no storage works.
    assert_eq!(notify(&mut alice).await, Some(json!("storage_full")));
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    fs::remove_file(&filler).unwrap();
    while notify(&mut alice).await.is_some() {}
    assert_eq!(notify(&mut alice).await, None);

    let (kept, head) = logged(&mut alice, "host", &start).await;
    for (seq, id) in &acknowledged {
        assert_eq!(kept.get(seq), Some(id));
    }
    assert_eq!(json!(kept.len()), head["seq"]);
    // The listener has seen all of it, once, in order.
    for (seq, id) in &kept {
        let event = &alice.expect("host.event").await["params"];
        assert_eq!((&event["seq"], &event["id"]), (&json!(seq), id));
    }
    alice.finish().await;
}
