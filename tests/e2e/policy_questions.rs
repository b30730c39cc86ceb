use car_state::approval::ApprovalGate;
use car_tests::proposal::{call, proposal, statuses, with};
use car_tests::{TestClient, TestDaemon, Wanted};
use serde_json::{Value, json};

use crate::policy::{resolve, with_tools};

/// A client with the tool `mail`, a policy of whose has a person asked about every call.
async fn asked_about(daemon: &TestDaemon) -> TestClient {
    let mut alice = with_tools(daemon, "alice", &["mail"]).await;
    let ask = json!({ "name": "ask", "rule": "require_approval" });
    alice.call("policy.register", ask).await;
    alice
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_answers_is_a_violation_and_a_proposals_end_withdraws_it() {
    let daemon = TestDaemon::start();
    let mut alice = asked_about(&daemon).await;
    let answer = alice
        .call("proposal.submit", proposal([call("a", "mail")]))
        .await;
    let reason = &answer["results"][0]["violations"][0]["reason"];
    assert_eq!(reason, "nobody who could decide was reached within 60 s");
    let mut short = proposal([call("a", "mail")]);
    short["proposal"]["timeout_ms"] = json!(10_000);
    let answer = alice.call("proposal.submit", short).await;
    assert_eq!(statuses(&answer), json!([["a", "skipped"]]));
    let approvals = alice.call("host.approvals", Value::Null).await;
    let ends = ["withdrawn", "expired"];
    for (row, end) in approvals.as_array().unwrap().iter().zip(ends) {
        assert_eq!(row["resolution"], end);
    }
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_the_gate_and_a_policy_want_asked_about_is_asked_about_once() {
    let daemon = TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table().with_tool("mail"),
        ..Wanted::default()
    });
    let mut alice = asked_about(&daemon).await;
    let mut harry = daemon.client("harry");
    harry.call("host.subscribe", Value::Null).await;
    let running = alice
        .request("proposal.submit", proposal([call("a", "mail")]))
        .await;
    let asked = harry.expect("host.event").await;
    harry
        .call("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.expect("host.event").await;
    let call = alice.expect("tools.execute").await;
    alice.answer(&call, json!("sent")).await;
    alice.answer_to(running).await;
    alice.finish().await;
    harry.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_proposal_asks_no_more_questions_at_once_than_it_has_places() {
    let daemon = TestDaemon::start();
    let mut alice = asked_about(&daemon).await;
    let mut harry = daemon.client("harry");
    harry.call("host.subscribe", Value::Null).await;
    let many = (0..5).map(|n| {
        with(
            call(&n.to_string(), "mail"),
            json!({ "failure_behavior": "skip" }),
        )
    });
    let mut params = proposal(many);
    params["proposal"]["execution"] = json!("parallel");
    params["proposal"]["max_concurrency"] = json!(2);
    let running = alice.request("proposal.submit", params).await;
    // Five are asked and five are decided.
    for _ in 0..10 {
        let event = harry.expect("host.event").await;
        assert!(daemon.server.state().host().counts().1 <= 2);
        if event["params"]["kind"] == json!("approval.requested") {
            harry
                .call("host.resolve_approval", resolve(&event, "deny"))
                .await;
        }
    }
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["cost"]["actions_rejected"], 5);
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_person_puts_in_the_place_of_a_calls_parameters_is_what_its_tool_gets() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let mut harry = daemon.client("harry");
    let texts = json!({ "type": "object", "properties": { "to": { "type": "string" } }, "required": ["to"] });
    let tools = json!([{ "name": "mail", "parameters": texts }]);
    alice.call("tools.register", tools).await;
    for policy in [
        json!({ "name": "ask", "rule": "require_approval" }),
        json!({ "name": "not the boss", "rule": "deny_tool_param", "target": "mail", "key": "to", "pattern": "boss" }),
    ] {
        alice.call("policy.register", policy).await;
    }
    harry.call("host.subscribe", Value::Null).await;
    for (to, status) in [("bob", "succeeded"), ("boss", "rejected")] {
        let mail = with(call("a", "mail"), json!({ "parameters": { "to": "ada" } }));
        let running = alice.request("proposal.submit", proposal([mail])).await;
        let asked = harry.expect("host.event").await;
        let decision = |to: Value| {
            json!({
                "approval_id": asked["params"]["payload"]["id"],
                "decision": "approve",
                "edits": { "to": to },
            })
        };
        harry.refusal("approvals.decide", decision(json!(7))).await;
        harry.call("approvals.decide", decision(json!(to))).await;
        harry.expect("host.event").await;
        if status == "succeeded" {
            let mail = alice.expect("tools.execute").await;
            assert_eq!(mail["params"]["parameters"], json!({ "to": "bob" }));
            alice.answer(&mail, json!("sent")).await;
        }
        let answer = alice.answer_to(running).await;
        assert_eq!(statuses(&answer["result"]), json!([["a", status]]));
    }
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}
