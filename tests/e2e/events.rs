use car_tests::TestDaemon;
use car_tests::proposal::{call, proposal, statuses, write};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn what_happened_is_read_back_in_order() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.call("events.query", Value::Null).await;
    let actions = [write("a", "k", json!(1)), call("b", "missing")];
    let result = alice.call("proposal.submit", proposal(actions)).await;
    assert_eq!(
        statuses(&result),
        json!([["a", "succeeded"], ["b", "rejected"]])
    );
    alice.call("events.query", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn pages_join_without_a_gap() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("proposal.submit", proposal([write("a", "k", json!(1))]))
        .await;
    let all = alice.call("events.query", Value::Null).await;
    let mut joined = Vec::new();
    let mut params = json!({ "limit": 2 });
    loop {
        let page = alice.call("events.query", params.clone()).await;
        joined.extend(page["events"].as_array().unwrap().clone());
        params["since"] = page["next"].clone();
        if page["more"] == json!(false) {
            break;
        }
    }
    assert_eq!(json!(joined), all["events"]);
    assert_eq!(
        json!(joined.len()),
        alice.call("events.count", Value::Null).await
    );
    let only = json!({ "kinds": ["state_changed", "action_succeeded"] });
    alice.call("events.query", only).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_was_dropped_is_reported_as_missed() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("proposal.submit", proposal([write("a", "k", json!(1))]))
        .await;
    alice.call("events.stats", Value::Null).await;
    alice
        .call("events.truncate", json!({ "maxEvents": 1 }))
        .await;
    let start = json!({ "since": { "epoch": 1, "seq": 0 } });
    alice.call("events.query", start.clone()).await;
    // Without a number to keep nothing goes.
    alice.call("events.truncate", Value::Null).await;
    alice.call("events.clear", Value::Null).await;
    alice.call("events.query", start).await;
    alice.call("events.count", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_leads_nowhere_is_refused_with_one_that_does() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.call("proposal.submit", proposal([])).await;
    for (epoch, seq) in [(0, 1), (2, 0), (1, 2)] {
        let since = json!({ "since": { "epoch": epoch, "seq": seq } });
        alice.refusal("events.query", since).await;
    }
    for limit in [0, 1_001] {
        alice
            .refusal("events.query", json!({ "limit": limit }))
            .await;
    }
    alice
        .refusal("events.query", json!({ "since": { "epoch": 1 } }))
        .await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}
