use car_tests::proposal::{call, proposal, write};
use car_tests::{TestDaemon, settle};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn tools_and_policies_are_registered_in_one_call() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let tools = json!([{ "name": "search" }, { "name": "rm", "description": "removes" }]);
    let policies = json!([
        { "name": "no rm", "rule": "deny_tool", "target": "rm" },
        { "name": "half", "rule": "deny_tool" },
        { "name": "odd", "rule": "toss_a_coin" },
    ]);
    let params = json!({ "client_id": "mine", "tools": tools, "policies": policies });
    alice.call("session.init", params).await;
    alice.call("tools.list", Value::Null).await;
    alice.call("policy.list", Value::Null).await;
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_init_with_a_bad_tool_registers_nothing() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let tools = json!([{ "name": "good" }, { "name": "bad", "parameters": { "type": 7 } }]);
    let policies = json!([{ "name": "no rm", "rule": "deny_tool", "target": "rm" }]);
    alice
        .refusal(
            "session.init",
            json!({ "tools": tools, "policies": policies }),
        )
        .await;
    assert_eq!(
        alice.call("tools.list", json!({})).await,
        json!({ "tools": [] })
    );
    assert_eq!(
        alice.call("policy.list", json!({})).await,
        json!({ "policies": [] })
    );
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_policy_scope_binds_those_who_name_it_until_it_is_closed() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let scope = alice.call("session.policy.open", Value::Null).await;
    let id = scope["session_id"].clone();
    let policy = json!({ "name": "ready", "rule": "require_state", "key": "ready", "value": true, "session_id": id });
    alice.call("policy.register", policy).await;
    let mut inside = proposal([write("a", "k", json!(1))]);
    inside["session_id"] = id;
    alice.call("proposal.submit", inside.clone()).await;
    alice
        .call("proposal.submit", proposal([write("a", "k", json!(1))]))
        .await;
    alice.call("session.policy.close", scope.clone()).await;
    alice.call("session.policy.close", scope).await;
    alice.refusal("proposal.submit", inside).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn without_authentication_every_token_is_accepted() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("session.auth", json!({ "token": "whatever" }))
        .await;
    alice
        .call("session.auth", json!({ "host_token": "whatever" }))
        .await;
    alice.call("session.auth", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_one_session_has_another_has_not() {
    let daemon = TestDaemon::start();
    let (mut alice, mut bob) = (daemon.client("alice"), daemon.client("bob"));
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    alice
        .call("tools.register", json!([{ "name": "hers" }]))
        .await;
    assert_eq!(
        bob.call("state.get", json!({ "key": "k" })).await,
        Value::Null
    );
    assert_eq!(
        bob.call("tools.list", json!({})).await,
        json!({ "tools": [] })
    );
    let result = bob
        .call("proposal.submit", proposal([call("a", "hers")]))
        .await;
    assert_eq!(result["results"][0]["status"], "rejected");
    assert_eq!(bob.call("events.count", json!({})).await, json!(2));
    assert_eq!(alice.call("events.count", json!({})).await, json!(0));
    alice.finish().await;
    bob.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_with_its_connection() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let first = alice.call("session.init", json!({})).await;
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    alice.cut();
    settle().await;
    let mut alice = daemon.client("alice");
    let second = alice.call("session.init", json!({})).await;
    assert_ne!(first["session_id"], second["session_id"]);
    assert_eq!(alice.call("state.keys", json!({})).await, json!([]));
    alice.finish().await;
    daemon.assert_empty().await;
}
