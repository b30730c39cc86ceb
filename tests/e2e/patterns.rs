use car_tests::proposal::{proposal, write};
use car_tests::{TestDaemon, Wanted, settle};
use car_transport::Limits;
use serde_json::{Value, json};

/// The streams of an answer, in order.
fn streams(subscribed: &Value) -> Vec<String> {
    let rows = subscribed["streams"].as_array().unwrap().iter();
    rows.map(|row| row["stream"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_pattern_covers_the_streams_there_are_and_those_that_appear() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    let set = |n: u64| proposal([write("a", "k", json!(n))]);
    alice.call("proposal.submit", set(1)).await;
    let mut harry = daemon.host("harry").await;
    let asked = json!({ "streams": ["session/*"] });
    let subscribed = harry.call("events.subscribe", asked).await;
    assert_eq!(streams(&subscribed).len(), 1);
    // It goes on with what comes next; what appears begins with its first event.
    let mut bob = daemon.authenticated("bob").await;
    bob.off_the_record();
    bob.call("proposal.submit", set(2)).await;
    let first = harry.next().await;
    assert_eq!(first["params"]["seq"], 1);
    let appeared = first["params"]["stream"].clone();
    assert_ne!(appeared, streams(&subscribed)[0]);
    let own = bob.call("events.count", Value::Null).await;
    for seq in 2..=own.as_u64().unwrap() {
        let told = harry.next().await;
        assert_eq!(
            (&told["params"]["stream"], &told["params"]["seq"]),
            (&appeared, &json!(seq))
        );
    }
    // A stream ends with its session, and says so.
    bob.finish().await;
    let ended = harry.expect("events.ended").await;
    assert_eq!(ended["params"]["stream"], appeared);
    let gone = json!({ "streams": ["session/*"] });
    harry.call("events.unsubscribe", gone).await;
    alice.off_the_record();
    alice.call("proposal.submit", set(3)).await;
    alice.finish().await;
    harry.finish().await;
    insta::assert_snapshot!(daemon.transcript());
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_hears_of_its_own_streams_only_until_it_is_a_host() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    let mut bob = daemon.authenticated("bob").await;
    bob.off_the_record();
    bob.call("proposal.submit", proposal([])).await;
    let others = bob.call("events.query", Value::Null).await["stream"].clone();
    let start = json!({ "streams": ["*"], "since": "start" });
    let subscribed = alice.call("events.subscribe", start).await;
    assert!(streams(&subscribed).is_empty());
    // What can never be hers is refused.
    let theirs = others.as_str().unwrap();
    let prefix = format!("{theirs}*");
    daemon.remark("the pattern covers streams of others only");
    for refused in [prefix.as_str(), "radio/*", "hos*"] {
        alice
            .refusal("events.subscribe", json!({ "streams": [refused] }))
            .await;
    }
    bob.call("host.notify", json!({ "message": "for all" }))
        .await;
    alice.expect("host.event").await;
    // With another role the pattern reaches further.
    let token = json!({ "host_token": daemon.host_token() });
    alice.call("session.auth", token).await;
    let told = alice.expect("session.event").await;
    assert_eq!(told["params"]["stream"], others);
    let kept = bob.call("events.count", Value::Null).await;
    for _ in 1..kept.as_u64().unwrap() {
        alice.expect("session.event").await;
    }
    // And back.
    let token = json!({ "token": daemon.token() });
    alice.call("session.auth", token).await;
    bob.call("proposal.submit", proposal([])).await;
    settle().await;
    bob.finish().await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_host_may_wait_for_the_first_event_of_a_live_session() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    alice.off_the_record();
    let stream = alice.call("events.query", Value::Null).await["stream"].clone();
    let mut harry = daemon.host("harry").await;
    harry
        .call("events.subscribe", json!({ "streams": [stream] }))
        .await;
    let not_there = json!({ "streams": ["session/made-up"] });
    harry.refusal("events.subscribe", not_there).await;
    alice.call("proposal.submit", proposal([])).await;
    harry.next().await;
    harry.off_the_record();
    let events = alice.call("events.count", Value::Null).await;
    for _ in 1..events.as_u64().unwrap() {
        harry.expect("session.event").await;
    }
    alice.finish().await;
    harry.expect("events.ended").await;
    harry.finish().await;
    insta::assert_snapshot!(daemon.transcript());
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_says_how_things_are_and_the_events_go_on_from_it() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("host.register_agent", json!({ "id": "ada", "name": "Ada" }))
        .await;
    let asked = json!({ "action": "deploy", "agent_id": "ada" });
    let approval = alice.call("host.request_approval", asked.clone()).await;
    let resolved = json!({ "approval_id": approval["id"], "resolution": "approve" });
    alice.call("host.resolve_approval", resolved).await;
    alice.call("host.request_approval", asked).await;
    let mut harry = daemon.client("harry");
    let subscribed = harry
        .call("events.subscribe", json!({ "streams": ["host"] }))
        .await;
    let snapshot = &subscribed["streams"][0]["snapshot"];
    assert_eq!(snapshot["agents"][0]["id"], "ada");
    // Those that are decided are the past.
    assert_eq!(snapshot["approvals"].as_array().unwrap().len(), 1);
    let from = subscribed["streams"][0]["from"]["seq"].as_u64().unwrap();
    let status = json!({ "agent_id": "ada", "status": "running" });
    alice.call("host.set_status", status).await;
    let told = harry.next().await;
    assert_eq!(told["params"]["seq"], from + 1);
    // Whoever names a place has the state already, and whoever does not want one gets none.
    for params in [
        json!({ "streams": ["host"], "since": { "host": { "epoch": 1, "seq": from + 1 } } }),
        json!({ "streams": ["host"], "snapshot": false }),
    ] {
        let again = harry.call("events.subscribe", params).await;
        assert_eq!(again["streams"][0].get("snapshot"), None);
    }
    alice.leave().await;
    harry.leave().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_at_the_limit_leaves_what_was_there() {
    let daemon = TestDaemon::with(Wanted {
        limits: Limits::default().with(|limits| {
            limits.outbox.subscriptions = 2;
            limits.outbox.covered = 1;
        }),
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    let both = json!({ "streams": ["host", "session"] });
    alice.call("events.subscribe", both).await;
    alice
        .refusal("events.subscribe", json!({ "streams": ["host", "*"] }))
        .await;
    // What was to be replaced is as it was.
    alice
        .call("host.notify", json!({ "message": "heard" }))
        .await;
    alice.expect("host.event").await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_finds_no_room_is_told_and_begins_when_there_is() {
    let daemon = TestDaemon::with(Wanted {
        auth: true,
        limits: Limits::default().with(|limits| limits.outbox.covered = 1),
        ..Wanted::default()
    });
    let mut harry = daemon.host("harry").await;
    harry
        .call("events.subscribe", json!({ "streams": ["session/*"] }))
        .await;
    let mut alice = daemon.authenticated("alice").await;
    let mut bob = daemon.authenticated("bob").await;
    alice.off_the_record();
    bob.off_the_record();
    alice.call("proposal.submit", proposal([])).await;
    let first = harry.next().await["params"]["stream"].clone();
    let events = alice.call("events.count", Value::Null).await;
    for _ in 1..events.as_u64().unwrap() {
        harry.expect("session.event").await;
    }
    bob.call("proposal.submit", proposal([])).await;
    harry.expect("events.uncovered").await;
    alice.finish().await;
    harry.expect("events.ended").await;
    let next = harry.next().await["params"].clone();
    assert_ne!(next["stream"], first);
    assert_eq!(next["seq"], 1);
    harry.off_the_record();
    bob.finish().await;
    harry.expect("events.ended").await;
    harry.leave().await;
    insta::assert_snapshot!(daemon.transcript());
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_back_names_what_it_has_seen_and_misses_no_stream() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    let mut bob = daemon.authenticated("bob").await;
    alice.off_the_record();
    bob.off_the_record();
    alice.call("proposal.submit", proposal([])).await;
    bob.call("proposal.submit", proposal([])).await;
    let seen = alice.call("events.query", Value::Null).await;
    let mut harry = daemon.host("harry").await;
    let since = json!({
        seen["stream"].as_str().unwrap(): { "epoch": 1, "seq": 1 },
        "session/0ff": { "epoch": 1, "seq": 7 },
        "session/*": "start",
    });
    let asked = json!({ "streams": ["session/*"], "since": since });
    let subscribed = harry.call("events.subscribe", asked).await;
    assert_eq!(subscribed["ended"], json!(["session/0ff"]));
    harry.off_the_record();
    let mut heard = Vec::new();
    for row in subscribed["streams"].as_array().unwrap() {
        let (from, head) = (&row["from"]["seq"], &row["head"]["seq"]);
        heard.extend(from.as_u64().unwrap()..head.as_u64().unwrap());
    }
    for _ in heard {
        harry.expect("session.event").await;
    }
    for client in [alice, bob] {
        client.finish().await;
        harry.expect("events.ended").await;
    }
    harry.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}
