//! What a proposal may use, and what is known of its calls.

use std::time::Duration;

use car_tests::proposal::{call, proposal, statuses, with, write};
use car_tests::{TestClient, TestDaemon};
use serde_json::{Value, json};

async fn with_tool(daemon: &TestDaemon, tool: &str) -> TestClient {
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": tool }]))
        .await;
    alice
}

fn within(budget: Value, actions: impl IntoIterator<Item = Value>) -> Value {
    let mut params = proposal(actions);
    params["proposal"]["budget"] = budget;
    params
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_used_up_ends_the_proposal_and_keeps_what_it_did() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "look").await;
    let writes = ["a", "b", "c"].map(|id| write(id, id, json!(1)));
    let answer = alice
        .call(
            "proposal.submit",
            within(json!({ "max_actions": 2 }), writes),
        )
        .await;
    assert_eq!(answer["budget_exhausted"], "max_actions");
    assert_eq!(
        alice.call("state.keys", Value::Null).await,
        json!(["a", "b"])
    );

    let calls = ["a", "b", "c"].map(|id| call(id, "look"));
    let params = within(json!({ "max_tool_calls": 1 }), calls);
    let running = alice.request("proposal.submit", params).await;
    let asked = alice.expect("tools.execute").await;
    alice.answer(&asked, json!(1)).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(
        statuses(&answer["result"]),
        json!([["a", "succeeded"], ["b", "skipped"], ["c", "skipped"]])
    );

    let calls = ["a", "b"].map(|id| call(id, "look"));
    let params = within(json!({ "max_duration_ms": 1_500 }), calls);
    let running = alice.request("proposal.submit", params).await;
    let first = alice.expect("tools.execute").await;
    alice.nothing_for(Duration::from_secs(1)).await;
    alice.answer(&first, json!(1)).await;
    let second = alice.expect("tools.execute").await;
    alice.expect("tools.cancel").await;
    alice.fail(&second, "stopped").await;
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["outcome"], "completed");
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_just_enough_is_not_exhausted() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "look").await;
    let budget = json!({ "max_actions": 2, "max_tool_calls": 1, "max_duration_ms": 1_000 });
    let params = within(budget, [call("a", "look"), write("b", "k", json!(1))]);
    let running = alice.request("proposal.submit", params).await;
    let asked = alice.expect("tools.execute").await;
    alice.answer(&asked, json!(1)).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"].get("budget_exhausted"), None);
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn retries_count_as_tool_calls() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "look").await;
    let retried = with(call("a", "look"), json!({ "failure_behavior": "retry" }));
    let params = within(json!({ "max_tool_calls": 2 }), [retried]);
    let running = alice.request("proposal.submit", params).await;
    for message in ["once", "twice"] {
        let asked = alice.expect("tools.execute").await;
        alice.fail(&asked, message).await;
    }
    let answer = alice.answer_to(running).await;
    let result = &answer["result"];
    assert_eq!(
        result["results"][0]["error"],
        "budget_exhausted: the proposal may call tools 2 times; before that: twice"
    );
    assert_eq!(result["budget_exhausted"], "max_tool_calls");
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_recorded_and_changes_nothing() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "build").await;
    let retried = json!({ "timeout_ms": 1_000, "failure_behavior": "retry", "max_retries": 1 });
    let running = alice
        .request(
            "proposal.submit",
            proposal([with(call("a", "build"), retried)]),
        )
        .await;
    let first = alice.expect("tools.execute").await;
    alice.expect("tools.cancel").await;
    let second = alice.expect("tools.execute").await;
    // The answer to the attempt that was given up comes while the second one runs.
    alice.answer(&first, json!("from the first")).await;
    alice
        .call("proposal.calls", json!({ "proposal_id": "p" }))
        .await;
    alice.answer(&second, json!("from the second")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["results"][0]["output"], "from the second");
    alice.answer(&first, json!("again")).await;
    alice
        .call("proposal.calls", json!({ "proposal_id": "p" }))
        .await;
    let late = json!({ "kinds": ["tool.late_result"] });
    alice.call("events.query", late).await;
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}
