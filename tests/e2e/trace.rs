use std::time::Duration;

use car_tests::proposal::{call, proposal, with};
use car_tests::{TestClient, TestDaemon};
use serde_json::{Value, json};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The params of a proposal with metadata besides.
fn traced(actions: impl IntoIterator<Item = Value>, traceparent: Value) -> Value {
    with(
        proposal(actions),
        json!({ "_meta": { "traceparent": traceparent } }),
    )
}

async fn with_tool(daemon: &TestDaemon) -> TestClient {
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "build" }]))
        .await;
    alice
}

#[tokio::test(start_paused = true)]
async fn a_callback_carries_the_trace_of_its_proposal_with_a_parent_of_its_own() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon).await;
    let again = json!({ "max_retries": 1, "failure_behavior": "retry" });
    let actions = [with(call("a", "build"), again)];
    let running = alice
        .request("proposal.submit", traced(actions, PARENT.into()))
        .await;
    let mut parents = Vec::new();
    for attempt in 1..=2 {
        let asked = alice.expect("tools.execute").await;
        let traceparent = asked["params"]["_meta"]["traceparent"].as_str().unwrap();
        assert!(traceparent.starts_with(&PARENT[..36]), "{traceparent}");
        assert!(traceparent.ends_with("-01"), "{traceparent}");
        parents.push(traceparent.to_owned());
        if attempt == 1 {
            alice.fail(&asked, "not yet").await;
        } else {
            alice.answer(&asked, json!("done")).await;
        }
    }
    alice.answer_to(running).await;
    assert!(parents[0] != parents[1] && !parents.contains(&PARENT.to_owned()));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_trace_that_cannot_be_read_is_ignored_and_the_call_is_served() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon).await;
    for wrong in [json!("00-0-0-0"), json!(7), Value::Null] {
        let running = alice
            .request("proposal.submit", traced([call("a", "build")], wrong))
            .await;
        let asked = alice.expect("tools.execute").await;
        assert_eq!(asked["params"].get("_meta"), None);
        alice.answer(&asked, Value::Null).await;
        alice.answer_to(running).await;
    }
    // A method that does not wait has metadata too, and no step of its own.
    let params = json!({ "key": "k", "_meta": { "traceparent": PARENT } });
    alice.call("state.get", params).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_gated_call_keeps_its_trace_while_it_waits_for_a_person() {
    let gate = car_state::approval::ApprovalGate::from_table().with_method("proposal.submit");
    let daemon = TestDaemon::with(car_tests::Wanted {
        gate,
        ..car_tests::Wanted::default()
    });
    let mut alice = with_tool(&daemon).await;
    let mut harry = daemon.client("harry");
    let params = traced([call("a", "build")], PARENT.into());
    let running = alice.request("proposal.submit", params).await;
    alice.nothing_for(Duration::from_secs(1)).await;
    let pending = harry.call("host.approvals", Value::Null).await;
    let decision = json!({ "approval_id": pending[0]["id"], "resolution": "approve" });
    harry.call("host.resolve_approval", decision).await;
    let asked = alice.expect("tools.execute").await;
    let traceparent = asked["params"]["_meta"]["traceparent"].as_str().unwrap();
    assert!(traceparent.starts_with(&PARENT[..36]), "{traceparent}");
    alice.answer(&asked, Value::Null).await;
    alice.answer_to(running).await;
    alice.finish().await;
    harry.finish().await;
}
