use std::time::Duration;

use car_protocol::rpc::server::ServerStatus;
use car_tests::{TestDaemon, settle};
use serde_json::{Value, json};

/// The same without what differs from machine to machine.
fn anywhere(mut snapshot: Value) -> Value {
    for member in [
        "/process",
        "/storage/free_bytes",
        "/streams/0/bytes",
        "/versions",
        "/status/pid",
    ] {
        if let Some(value) = snapshot.pointer_mut(member) {
            *value = json!("<of this machine>");
        }
    }
    snapshot["status"]["version"] = json!("<version>");
    snapshot
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_tells_a_host_everything_and_a_client_nothing() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    let mut harry = daemon.host("harry").await;
    let forbidden = alice.refusal("diagnostics.snapshot", Value::Null).await;
    assert_eq!(forbidden["data"]["kind"], "forbidden");
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    alice
        .refusal("state.set", json!({ "key": 5, "value": 1 }))
        .await;
    alice.refusal("state.sett", json!({})).await;
    harry.call("host.subscribe", Value::Null).await;
    alice
        .call("host.notify", json!({ "message": "hello" }))
        .await;
    harry.expect("host.event").await;
    harry.off_the_record();
    let snapshot = harry.call("diagnostics.snapshot", Value::Null).await;
    let text = snapshot.to_string();
    assert!(!text.contains(&daemon.token()) && !text.contains(&daemon.host_token()));
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_json_snapshot!(anywhere(snapshot));
}

#[tokio::test(start_paused = true)]
async fn the_connection_that_waits_most_stands_first() {
    let daemon = TestDaemon::start();
    let mut slow = daemon.client_behind("slow", 1);
    slow.call("host.subscribe", Value::Null).await;
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    for _ in 0..100 {
        alice
            .call("host.notify", json!({ "message": "news" }))
            .await;
    }
    settle().await;
    alice.nothing_for(Duration::from_secs(2)).await;
    let snapshot = alice
        .call("diagnostics.snapshot", json!({ "limit": 1 }))
        .await;
    let worst = &snapshot["connections"][0];
    assert_eq!(worst["subscriptions"], 1);
    assert_eq!(worst["stalled_ms"], 2_000);
    // A page of events may be in the writer's hands.
    assert!(worst["lag_events"].as_u64() >= Some(36), "{worst}");
    assert_eq!(snapshot["connections_omitted"], 1);
    assert_eq!(snapshot["queues"]["stalled_connections"], 1);
    assert_eq!(snapshot["queues"]["bulk_lag_most"], worst["lag_events"]);
    for _ in 0..100 {
        slow.expect("host.event").await;
    }
    settle().await;
    let snapshot = alice.call("diagnostics.snapshot", json!({})).await;
    assert_eq!(snapshot["queues"]["bulk_lag_events"], 0);
    assert_eq!(snapshot["queues"]["stalled_connections"], 0);
    slow.finish().await;
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_has_as_many_rows_as_are_asked_for() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    for limit in [0, 1_001] {
        alice
            .refusal("diagnostics.snapshot", json!({ "limit": limit }))
            .await;
    }
    alice.off_the_record();
    let others: Vec<_> = (0..5)
        .map(|n| daemon.client(&format!("client {n}")))
        .collect();
    settle().await;
    let snapshot = alice
        .call("diagnostics.snapshot", json!({ "limit": 2 }))
        .await;
    assert_eq!(snapshot["connections"].as_array().unwrap().len(), 2);
    assert_eq!(snapshot["connections_omitted"], 4);
    let status: ServerStatus = serde_json::from_value(snapshot["status"].clone()).unwrap();
    assert_eq!((status.connections, status.sessions), (6, 6));
    for other in others {
        other.finish().await;
    }
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}
