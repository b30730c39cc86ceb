use std::sync::Arc;
use std::time::Duration;

use car_state::policy::GlobalPolicies;
use car_tests::proposal::{call, proposal, statuses, with, write};
use car_tests::{TestClient, TestDaemon, Wanted};
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
        json!({ "name": "p", "rule": "allow_only" }),
        json!({ "name": "p", "rule": "max_calls", "count": 1 }),
        json!({ "name": "p", "rule": "max_calls", "count": 1, "window_ms": 0 }),
        json!({ "name": "p", "rule": "deny_tool", "target": "rm", "scope": "galaxy" }),
        json!({ "name": "p", "rule": "deny_tool", "target": "rm", "scope": "global", "session_id": "s" }),
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

pub(crate) async fn with_tools(daemon: &TestDaemon, name: &str, tools: &[&str]) -> TestClient {
    let mut client = daemon.client(name);
    let tools: Vec<_> = tools.iter().map(|tool| json!({ "name": tool })).collect();
    client.call("tools.register", json!(tools)).await;
    client
}

/// Runs one call of a tool to its end and answers what became of it.
async fn run(client: &mut TestClient, action: Value) -> Value {
    let running = client.request("proposal.submit", proposal([action])).await;
    loop {
        let message = client.next().await;
        if message["method"] == json!("tools.execute") {
            client.answer(&message, json!("done")).await;
        } else if message["id"] == json!(running) {
            return message["result"]["results"][0].clone();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pattern_may_be_a_regular_expression_that_cannot_run_away() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, "alice", &["sh"]).await;
    let pattern = |pattern: &str| json!({ "name": "no sudo", "rule": "deny_tool_param", "target": "sh", "key": "command", "pattern": pattern });
    alice
        .call("policy.register", pattern(r"regex:(?i)\bsudo\b"))
        .await;
    let sh = |command: Value| {
        with(
            call("a", "sh"),
            json!({ "parameters": { "command": command } }),
        )
    };
    assert_eq!(
        run(&mut alice, sh(json!("SUDO reboot"))).await["status"],
        "rejected"
    );
    assert_eq!(
        run(&mut alice, sh(json!(["env", "sudo", "reboot"]))).await["status"],
        "rejected"
    );
    assert_eq!(
        run(&mut alice, sh(json!("pseudocode"))).await["status"],
        "succeeded"
    );
    for refused in [
        "regex:(",
        "regex:(a{1000}){1000}",
        "regex:(?=a)",
        r"regex:(a)\1",
    ] {
        alice.refusal("policy.register", pattern(refused)).await;
    }
    alice.off_the_record();
    let long = format!("regex:{}", "a".repeat(2_000));
    alice.refusal("policy.register", pattern(&long)).await;
    // What other implementations need years for, and more than is looked at.
    alice
        .call("policy.register", pattern("regex:^(a+)+$"))
        .await;
    let evil = format!("{}!", "a".repeat(100_000));
    assert_eq!(
        run(&mut alice, sh(json!(evil))).await["status"],
        "succeeded"
    );
    let long = run(&mut alice, sh(json!("a".repeat(200_000)))).await;
    let reason = long["violations"][0]["reason"].as_str().unwrap();
    assert_eq!(
        reason,
        "the parameter `command` of `sh` has more than the 131072 bytes that are looked at"
    );
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn all_violations_are_told_with_their_rules() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, "alice", &["rm"]).await;
    for policy in [
        json!({ "name": "read only", "rule": "allow_only", "tools": ["ls", "cat"] }),
        json!({ "name": "not now", "rule": "require_state", "key": "mode", "value": "maintenance" }),
        json!({ "name": "nothing below /etc", "rule": "deny_tool_param", "target": "rm", "key": "path", "pattern": "/etc" }),
    ] {
        alice.call("policy.register", policy).await;
    }
    let rm = with(
        call("a", "rm"),
        json!({ "parameters": { "path": "/etc/passwd" } }),
    );
    let ended = run(&mut alice, rm).await;
    assert_eq!(ended["violations"].as_array().unwrap().len(), 3);
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted_when_they_are_made_and_the_wait_is_told() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, "alice", &["mail"]).await;
    let two = json!({ "name": "two a minute", "rule": "max_calls", "target": "mail", "count": 2, "window_ms": 60_000 });
    alice.call("policy.register", two).await;
    // Refused for another reason, nothing is counted.
    let missing = json!({ "preconditions": [{ "key": "ready" }], "failure_behavior": "skip" });
    for _ in 0..3 {
        assert_eq!(
            run(&mut alice, with(call("a", "mail"), missing.clone())).await["status"],
            "rejected"
        );
    }
    assert_eq!(
        run(&mut alice, call("b", "mail")).await["status"],
        "succeeded"
    );
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(
        run(&mut alice, call("c", "mail")).await["status"],
        "succeeded"
    );
    let refused = run(&mut alice, call("d", "mail")).await;
    assert_eq!(refused["retry_after_ms"], 40_000);
    alice
        .call("policy.explain", json!({ "action": call("d", "mail") }))
        .await;
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert_eq!(
        run(&mut alice, call("e", "mail")).await["status"],
        "succeeded"
    );
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

pub(crate) fn resolve(event: &Value, resolution: &str) -> Value {
    json!({ "approval_id": event["params"]["payload"]["id"], "resolution": resolution })
}

#[tokio::test(start_paused = true)]
async fn a_policy_has_a_person_asked_before_the_actions_time_begins() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, "alice", &["mail"]).await;
    let mut harry = daemon.client("harry");
    let ask = json!({ "name": "ask first", "rule": "require_approval", "target": "mail" });
    alice.call("policy.register", ask).await;
    let once = json!({ "name": "once", "rule": "max_calls", "target": "mail", "count": 1, "window_ms": 3_600_000 });
    alice.call("policy.register", once).await;
    harry.call("host.subscribe", Value::Null).await;
    let mail = || {
        let members = json!({ "parameters": { "to": "ada" }, "timeout_ms": 5_000 });
        proposal([with(call("a", "mail"), members)])
    };
    let running = alice.request("proposal.submit", mail()).await;
    let asked = harry.expect("host.event").await;
    // Who asked may not decide.
    alice
        .refusal("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry
        .call("host.resolve_approval", resolve(&asked, "deny"))
        .await;
    harry.expect("host.event").await;
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["results"][0]["error_kind"], "policy");
    // What was not made was not counted. A person takes longer than the action has: its time begins afterwards.
    let running = alice.request("proposal.submit", mail()).await;
    let asked = harry.expect("host.event").await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    harry
        .call("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.expect("host.event").await;
    let call = alice.expect("tools.execute").await;
    assert_eq!(call["params"]["timeout_ms"], 5_000);
    alice.answer(&call, json!("sent")).await;
    alice.answer_to(running).await;
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_host_binds_every_session_and_the_configuration_even_the_host() {
    let daemon = TestDaemon::with(Wanted {
        auth: true,
        state: |config| {
            let fixed = json!({ "name": "never", "rule": "deny_tool", "target": "rm" });
            let fixed = vec![serde_json::from_value(fixed).unwrap()];
            config.with_policies(Arc::new(GlobalPolicies::fixed(fixed).unwrap()))
        },
        ..Wanted::default()
    });
    let mut alice = daemon.authenticated("alice").await;
    let mut harry = daemon.host("harry").await;
    alice
        .call(
            "tools.register",
            json!([{ "name": "rm" }, { "name": "sh" }]),
        )
        .await;
    let everywhere =
        json!({ "name": "no shell", "rule": "deny_tool", "target": "sh", "scope": "global" });
    alice.refusal("policy.register", everywhere.clone()).await;
    harry.call("policy.register", everywhere).await;
    alice
        .call("policy.list", json!({ "scope": "global" }))
        .await;
    alice.call("policy.list", Value::Null).await;
    let skip = || json!({ "failure_behavior": "skip" });
    let actions = [with(call("a", "rm"), skip()), with(call("b", "sh"), skip())];
    let result = alice.call("proposal.submit", proposal(actions)).await;
    assert_eq!(
        statuses(&result),
        json!([["a", "rejected"], ["b", "rejected"]])
    );
    alice
        .refusal(
            "policy.unregister",
            json!({ "name": "no shell", "scope": "global" }),
        )
        .await;
    harry
        .refusal(
            "policy.unregister",
            json!({ "name": "never", "scope": "global" }),
        )
        .await;
    let looser =
        json!({ "name": "never", "rule": "deny_tool", "target": "nothing", "scope": "global" });
    harry.refusal("policy.register", looser).await;
    harry
        .call(
            "policy.unregister",
            json!({ "name": "no shell", "scope": "global" }),
        )
        .await;
    alice.finish().await;
    harry.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_policy_for_an_agent_binds_its_session_whatever_it_says() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, "alice", &["sh"]).await;
    let mut bob = with_tools(&daemon, "bob", &["sh"]).await;
    alice
        .call(
            "host.register_agent",
            json!({ "id": "planner", "name": "The planner" }),
        )
        .await;
    let bound = json!({ "name": "planners plan", "rule": "deny_tool", "target": "sh", "agent": "planner", "scope": "global" });
    bob.call("policy.register", bound).await;
    assert_eq!(run(&mut alice, call("a", "sh")).await["status"], "rejected");
    assert_eq!(run(&mut bob, call("b", "sh")).await["status"], "succeeded");
    let mut as_planner = proposal([call("c", "sh")]);
    as_planner["scope"] = json!({ "callerId": "planner" });
    let result = bob.call("proposal.submit", as_planner).await;
    assert_eq!(statuses(&result), json!([["c", "rejected"]]));
    alice.finish().await;
    bob.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_explanation_says_which_policy_decides_and_does_nothing() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, "alice", &["sh", "mail"]).await;
    for policy in [
        json!({ "name": "five an hour", "rule": "max_calls", "count": 5, "window_ms": 3_600_000 }),
        json!({ "name": "ask first", "rule": "require_approval", "target": "mail" }),
        json!({ "name": "no sudo", "rule": "deny_tool_param", "target": "sh", "key": "command", "pattern": "sudo" }),
    ] {
        alice.call("policy.register", policy).await;
    }
    let sh = |command: &str| {
        let action = with(
            call("a", "sh"),
            json!({ "parameters": { "command": command } }),
        );
        json!({ "action": action })
    };
    let mut decisions = Vec::new();
    for params in [
        sh("ls"),
        json!({ "action": call("b", "mail") }),
        sh("$before.output"),
        sh("sudo ls"),
        json!({ "action": write("c", "k", json!(1)) }),
    ] {
        let told = alice.call("policy.explain", params).await;
        decisions.push(told["decision"].clone());
    }
    assert_eq!(
        json!(decisions),
        json!(["allow", "require_approval", "unknown", "deny", "allow"])
    );
    alice
        .refusal(
            "policy.explain",
            json!({ "action": call("a", "sh"), "session_id": "gone" }),
        )
        .await;
    alice
        .refusal(
            "policy.explain",
            json!({ "action": call("a", "sh"), "scope": { "tenantId": "" } }),
        )
        .await;
    assert_eq!(alice.call("events.count", Value::Null).await, json!(0));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}
