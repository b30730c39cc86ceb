use car_tests::TestDaemon;
use car_tests::proposal::{call, proposal, statuses, with};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn a_denied_call_is_rejected_with_the_policys_name() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call(
            "tools.register",
            json!([{ "name": "rm" }, { "name": "sh" }]),
        )
        .await;
    let denied = json!({ "name": "no rm", "rule": "deny_tool", "target": "rm" });
    alice.call("policy.register", denied).await;
    let careful = json!({
        "name": "no sudo", "rule": "deny_tool_param", "target": "sh", "key": "command", "pattern": "sudo",
    });
    alice.call("policy.register", careful).await;
    let skip = json!({ "failure_behavior": "skip" });
    let sudo = json!({ "parameters": { "command": "sudo reboot" }, "failure_behavior": "skip" });
    let ls = json!({ "parameters": { "command": "ls" } });
    let actions = [
        with(call("a", "rm"), skip),
        with(call("b", "sh"), sudo),
        with(call("c", "sh"), ls),
    ];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let asked = alice.expect("tools.execute").await;
    assert_eq!(asked["params"]["action_id"], "c");
    alice.answer(&asked, json!("files")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(
        statuses(&answer["result"]),
        json!([["a", "rejected"], ["b", "rejected"], ["c", "succeeded"]])
    );
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn policies_are_listed_replaced_and_removed() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let policy = |target: &str| json!({ "name": "p", "rule": "deny_tool", "target": target });
    alice.call("policy.register", policy("rm")).await;
    alice.call("policy.register", policy("mv")).await;
    alice.call("policy.list", Value::Null).await;
    alice
        .call("policy.unregister", json!({ "name": "p" }))
        .await;
    alice
        .call("policy.unregister", json!({ "name": "p" }))
        .await;
    alice.call("policy.list", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_policy_is_named() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    for params in [
        json!({ "rule": "deny_tool", "target": "rm" }),
        json!({ "name": "", "rule": "deny_tool", "target": "rm" }),
        json!({ "name": "p", "rule": "toss_a_coin" }),
        json!({ "name": "p", "rule": "deny_tool" }),
        json!({ "name": "p", "rule": "require_state", "key": "k" }),
        json!({ "name": "p", "rule": "deny_tool", "target": 7 }),
        json!({ "name": "p", "rule": "deny_tool", "target": "rm", "session_id": "gone" }),
    ] {
        alice.refusal("policy.register", params).await;
    }
    alice
        .refusal("policy.list", json!({ "session_id": "gone" }))
        .await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_scope_adds_to_the_sessions_policies_and_replaces_none() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call(
            "tools.register",
            json!([{ "name": "rm" }, { "name": "mv" }]),
        )
        .await;
    let scope = alice.call("session.policy.open", Value::Null).await;
    let session = json!({ "name": "p", "rule": "deny_tool", "target": "rm" });
    alice.call("policy.register", session).await;
    let scoped = json!({
        "name": "p", "rule": "deny_tool", "target": "mv", "session_id": scope["session_id"],
    });
    alice.call("policy.register", scoped).await;
    let skip = || json!({ "failure_behavior": "skip" });
    let actions = [with(call("a", "rm"), skip()), with(call("b", "mv"), skip())];
    let mut params = proposal(actions);
    params["session_id"] = scope["session_id"].clone();
    // Saying for whom it runs switches nothing off.
    params["scope"] = json!({ "callerId": "alice" });
    let result = alice.call("proposal.submit", params).await;
    assert_eq!(
        statuses(&result),
        json!([["a", "rejected"], ["b", "rejected"]])
    );
    alice.call("policy.list", scope).await;
    alice.finish().await;
}
