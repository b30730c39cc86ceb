use std::time::Duration;

use car_state::approval::ApprovalGate;
use car_state::frame::close;
use car_tests::proposal::{begin_work, call, proposal, statuses};
use car_tests::{TestDaemon, Wanted, settle};
use serde_json::{Value, json};
use tokio::time::Instant;

/// A stop while a tool runs, asked for in one of two ways.
async fn drained(stop: fn(&TestDaemon)) -> String {
    let daemon = TestDaemon::start();
    let (mut alice, mut bob) = (daemon.client("alice"), daemon.client("bob"));
    bob.call("state.keys", Value::Null).await;
    let (running, asked) = begin_work(&mut alice).await;
    daemon.remark("the daemon is told to stop");
    stop(&daemon);
    // Who has nothing under way is sent away at once.
    bob.expect("session.closing").await;
    assert_eq!(bob.closed().await, Some(close::GOING_AWAY));
    // Who has may wait for it, and begins nothing new.
    alice.nothing_for(Duration::from_secs(3)).await;
    alice.refusal("state.keys", Value::Null).await;
    alice.refusal("proposal.submit", proposal([])).await;
    alice
        .call("server.handshake", json!({ "protocol_version": 3 }))
        .await;
    alice.answer(&asked, json!("just in time")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(statuses(&answer["result"]), json!([["a", "succeeded"]]));
    alice.expect("session.closing").await;
    assert_eq!(alice.closed().await, Some(close::GOING_AWAY));
    daemon.server.stopped().await;
    daemon.assert_empty().await;
    daemon.transcript()
}

#[tokio::test(start_paused = true)]
async fn calls_under_way_end_and_then_the_connection_does() {
    insta::assert_snapshot!(drained(|daemon| daemon.server.stop()).await);
}

/// As a signal does, and as an embedding program may.
#[tokio::test(start_paused = true)]
async fn cancelling_the_token_stops_just_the_same() {
    let by_token = drained(|daemon| daemon.server.stopping().cancel()).await;
    assert_eq!(by_token, drained(|daemon| daemon.server.stop()).await);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_end_within_ten_seconds_is_ended_and_answered() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let submit = |id: &str| json!({ "jsonrpc": "2.0", "id": id, "method": "proposal.submit", "params": proposal([call("a", "work")]) });
    alice.send(submit("alone")).await;
    alice.expect("tools.execute").await;
    alice.send(json!([submit("in a batch")])).await;
    alice.expect("tools.execute").await;
    let began = Instant::now();
    daemon.server.stop();
    alice.expect("tools.cancel").await;
    alice.expect("tools.cancel").await;
    let (one, other) = (alice.next().await, alice.next().await);
    let batch = if one.is_array() { &one } else { &other };
    assert_eq!(batch[0]["id"], "in a batch");
    alice.expect("session.closing").await;
    assert_eq!(alice.closed().await, Some(close::GOING_AWAY));
    daemon.server.stopped().await;
    // Its tool has two more seconds to say what became of its work.
    assert_eq!(began.elapsed().as_secs(), 12);
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_too_late_is_told_so() {
    let daemon = TestDaemon::start();
    daemon.server.stopping().cancel();
    let mut alice = daemon.client("alice");
    alice.request("state.keys", Value::Null).await;
    let refused = alice.next().await;
    assert_eq!(refused["error"]["data"]["kind"], "shutting_down");
    alice.expect("session.closing").await;
    assert_eq!(alice.closed().await, Some(close::GOING_AWAY));
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_host_shuts_the_daemon_down_and_a_client_does_not() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    let mut harry = daemon.host("harry").await;
    alice.refusal("server.shutdown", Value::Null).await;
    assert!(!daemon.server.stopping().is_cancelled());
    harry.call("server.shutdown", Value::Null).await;
    for client in [&mut alice, &mut harry] {
        client.expect("session.closing").await;
        assert_eq!(client.closed().await, Some(close::GOING_AWAY));
    }
    daemon.server.stopped().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_stop_withdraws_the_questions_that_nobody_will_decide() {
    let daemon = TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table(),
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    let gated = alice.request("state.clear", Value::Null).await;
    settle().await;
    assert_eq!(daemon.server.state().host().counts(), (0, 1));
    daemon.server.stop();
    alice.answer_to(gated).await;
    alice.expect("session.closing").await;
    assert_eq!(alice.closed().await, Some(close::GOING_AWAY));
    daemon.server.stopped().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}
