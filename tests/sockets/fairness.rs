//! What cannot wait, on a real socket whose stream is full.

use std::future::poll_fn;

use car_tests::TestClient;
use car_tests::program::{Sandbox, client};
use car_transport::connect::Target;
use car_transport::source::next;
use car_transport::{Duplex, Frame};
use serde_json::{Value, json};

/// Bytes of one event.
const HEAVY: usize = 50_000;
/// How many are published while their subscriber reads nothing. The sockets hold a small part of it.
const EVENTS: usize = 200;
/// Bytes that may come before what cannot wait: what both ends of the socket hold, and a turn of the stream.
const AHEAD: usize = 8 << 20;
/// Bytes that come after it at least, since they were in the stream when it passed.
const FULL: usize = 2 << 20;

async fn send(duplex: &mut Duplex, frame: Frame) {
    let sink = &mut duplex.sink;
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
    sink.as_mut().start_send(frame).unwrap();
    poll_fn(|cx| sink.as_mut().poll_flush(cx)).await.unwrap();
}

/// Reads until this comes; answers the bytes of the events before it.
async fn bytes_before(duplex: &mut Duplex, wanted: impl Fn(&Frame) -> bool) -> usize {
    let mut before = 0;
    loop {
        let frame = next(&mut duplex.source).await.unwrap().unwrap();
        if wanted(&frame) {
            return before;
        }
        before += frame.len();
    }
}

async fn a_full_stream_lets_pass(target: Target) {
    let mut alice = client("alice", &target).await;
    let mut harry = client("harry", &target).await;
    harry.call("host.subscribe", Value::Null).await;
    let parked = alice.request("state.clear", Value::Null).await;
    let asked = harry.expect("host.event").await;
    let mut harry: Duplex = TestClient::into_duplex(harry);
    let heavy = json!({ "payload": "x".repeat(HEAVY) });
    let mut published = 0;
    for _ in 0..EVENTS {
        let event = alice.call("host.notify", heavy.clone()).await;
        published = event["seq"].as_u64().unwrap();
    }
    // Nobody has read any of it. The person decides, and asks whether the daemon is there.
    let decision = json!({
        "jsonrpc": "2.0", "id": 1_000, "method": "host.resolve_approval",
        "params": { "approval_id": asked["params"]["payload"]["id"], "resolution": "approve" },
    });
    send(&mut harry, Frame::Ping("now".into())).await;
    send(&mut harry, Frame::Text(decision.to_string().into())).await;
    assert!(alice.answer_to(parked).await["result"].is_object());
    let pong = |frame: &Frame| matches!(frame, Frame::Pong(payload) if payload == "now");
    let answer = |frame: &Frame| matches!(frame, Frame::Text(text) if text.contains("\"id\":1000"));
    let mut before = bytes_before(&mut harry, pong).await;
    before += bytes_before(&mut harry, answer).await;
    assert!(before <= AHEAD, "{before} bytes came first");
    // And what it has passed comes: all that the log still keeps of it, to the event that tells of the decision.
    let last = format!("\"seq\":{}", published + 1);
    let last = |frame: &Frame| matches!(frame, Frame::Text(text) if text.contains(&last));
    let after = bytes_before(&mut harry, last).await;
    assert!(after >= FULL, "only {after} bytes came after it");
    drop(harry);
    alice.finish().await;
}

#[tokio::test]
async fn a_decision_and_a_ping_pass_a_stream_that_nobody_reads() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth"]);
    a_full_stream_lets_pass(Target::unix(daemon.socket())).await;
    a_full_stream_lets_pass(Target::loopback(daemon.address().port())).await;
}
