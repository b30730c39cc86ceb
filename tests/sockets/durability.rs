//! What is left when the daemon is killed, and what happens when its disk is full.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::future::poll_fn;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox, client};
use car_tests::proposal::{proposal, write};
use car_transport::connect::Target;
use car_transport::source::next;
use car_transport::{Duplex, Frame};
use serde_json::{Value, json};

async fn send(duplex: &mut Duplex, message: &Value) {
    let sink = &mut duplex.sink;
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
    let text = message.to_string();
    sink.as_mut().start_send(Frame::Text(text.into())).unwrap();
    poll_fn(|cx| sink.as_mut().poll_flush(cx)).await.unwrap();
}

/// The next message; none where the connection is over.
async fn read(duplex: &mut Duplex) -> Option<Value> {
    loop {
        match next(&mut duplex.source).await? {
            Ok(Frame::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
            Ok(Frame::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// Events by their numbers, as somebody was shown them.
type Seen = BTreeMap<u64, String>;

fn see(seen: &mut Seen, event: &Value) {
    let id = event["id"].as_str().unwrap().to_owned();
    let before = seen.insert(event["seq"].as_u64().unwrap(), id);
    assert_eq!(before, None, "an event came twice");
}

/// What the daemon has of a stream after a place.
async fn logged(client: &mut TestClient, after: &Value) -> (Seen, Value) {
    let (mut seen, mut since) = (Seen::new(), after.clone());
    loop {
        let params = json!({ "stream": "host", "since": since, "limit": 100 });
        let page = client.call("events.query", params).await;
        assert_eq!(page["missed"], 0);
        for event in page["events"].as_array().unwrap() {
            see(&mut seen, event);
        }
        since = page["next"].clone();
        if page["more"] == json!(false) {
            return (seen, since);
        }
    }
}

/// One client publishes, another one listens, and the daemon is killed when that one has seen so many events.
async fn kill_in_mid_stream(daemon: Program, events: usize) -> (Seen, Seen) {
    let mut listener = daemon.client("listener").await;
    listener.call("host.subscribe", Value::Null).await;
    let mut listener = listener.into_duplex();
    let mut publisher = daemon.client("publisher").await.into_duplex();
    for id in 0..250 {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": "host.notify", "params": { "message": "m" } });
        send(&mut publisher, &message).await;
    }
    let (mut shown, mut acknowledged) = (Seen::new(), Seen::new());
    while shown.len() < events {
        see(&mut shown, &read(&mut listener).await.unwrap()["params"]);
    }
    daemon.kill();
    // What was on its way is shown, too.
    while let Some(message) = read(&mut listener).await {
        see(&mut shown, &message["params"]);
    }
    while let Some(message) = read(&mut publisher).await {
        see(&mut acknowledged, &message["result"]);
    }
    (shown, acknowledged)
}

#[tokio::test]
async fn twenty_kills_in_mid_stream_lose_nothing_that_anybody_has_seen() {
    let sandbox = Sandbox::new();
    let words = ["--no-auth"];
    let mut daemon = sandbox.start(&words);
    let mut alice = daemon.client("alice").await;
    let nothing = alice.call("host.subscribe", Value::Null).await;
    alice.leave().await;
    let epoch = nothing["epoch"].clone();
    let mut place = json!({ "epoch": nothing["epoch"], "seq": nothing["seq"] });
    for kill in 0..20 {
        let (shown, acknowledged) = kill_in_mid_stream(daemon, 1 + kill * 11).await;
        daemon = sandbox.start(&words);
        let mut alice = daemon.client("alice").await;
        let (kept, head) = logged(&mut alice, &place).await;
        for (seq, id) in shown.iter().chain(&acknowledged) {
            assert_eq!(kept.get(seq), Some(id), "event {seq} after kill {kill}");
        }
        let numbers: Vec<u64> = kept.keys().copied().collect();
        let first = place["seq"].as_u64().unwrap() + 1;
        let last = head["seq"].as_u64().unwrap();
        assert_eq!(numbers, (first..=last).collect::<Vec<_>>());
        // It goes on in the same epoch, without a gap.
        let next = alice.call("host.notify", json!({})).await;
        assert_eq!((&next["epoch"], &next["seq"]), (&epoch, &json!(last + 1)));
        place = json!({ "epoch": epoch, "seq": last + 1 });
        alice.finish().await;
    }
}

#[tokio::test]
async fn a_place_in_a_stream_that_was_in_memory_is_refused_after_a_kill() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth"]);
    let mut alice = daemon.client("alice").await;
    alice
        .call("proposal.submit", proposal([write("a", "k", json!(1))]))
        .await;
    let page = alice.call("events.query", Value::Null).await;
    alice.leave().await;
    daemon.kill();
    let daemon = sandbox.start(&["--no-auth"]);
    let mut host = daemon.client("host").await;
    host.call("session.auth", json!({ "host_token": "" })).await;
    for stream in [page["stream"].clone(), Value::Null] {
        let params = json!({ "stream": stream, "since": page["next"] });
        let error = host.refusal("events.query", params).await;
        assert_eq!(error["data"]["kind"], "resync_required");
        let oldest = &error["data"]["oldest"];
        assert!(oldest["epoch"].as_u64() > page["next"]["epoch"].as_u64());
    }
    host.finish().await;
}

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

    let (kept, head) = logged(&mut alice, &start).await;
    for (seq, id) in &acknowledged {
        assert_eq!(kept.get(seq), Some(id));
    }
    assert_eq!(json!(kept.len()), head["seq"]);
    // The listener has seen all of it, once, in order.
    for (seq, id) in &kept {
        let event = &alice.expect("host.event").await["params"];
        assert_eq!((&event["seq"], &event["id"]), (&json!(seq), &json!(id)));
    }
    alice.finish().await;
}
