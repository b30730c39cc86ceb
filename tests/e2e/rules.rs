use std::fs;
use std::path::Path;
use std::sync::Arc;

use car_state::approval::ApprovalGate;
use car_state::approval::rules::cedar::CedarRules;
use car_state::clock::FixedClock;
use car_tests::proposal::{call, proposal, statuses};
use car_tests::{TestClient, TestDaemon, Wanted, settle};
use serde_json::{Value, json};

/// Rules that a person could have written.
const POLICIES: &str = r#"
// Clearing is for people, and they may take their time.
@id("clear")
@decision("ask")
@reason("state is cleared by a person only")
@timeout("15m")
permit (principal, action == Action::"state.clear", resource);

@id("locked")
@reason("what is locked stays as it is")
forbid (principal, action == Action::"state.set", resource)
when { context.arguments.hasTag("/key") && context.arguments.getTag("/key") like "locked/*" };

@id("shell")
@decision("ask")
permit (principal, action == Action::"call_tool", resource == Tool::"shell");

@id("rm")
@reason("nothing is removed")
forbid (principal, action == Action::"call_tool", resource == Tool::"shell")
when { context.arguments.hasTag("/command") && context.arguments.getTag("/command") like "rm *" };

@id("sum")
forbid (principal, action == Action::"state.exists", resource)
when { context.numbers.hasTag("/n") && context.numbers.getTag("/n") * 2 > 10 };
"#;

/// A daemon with these rules in a folder, beside the gate's set.
fn ruled(gate: ApprovalGate) -> (TestDaemon, tempfile::TempDir, Arc<CedarRules>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("house.cedar"), POLICIES).unwrap();
    let rules = Arc::new(open(folder.path()));
    let given = Arc::clone(&rules);
    let daemon = TestDaemon::with_state(
        Wanted {
            gate,
            ..Wanted::default()
        },
        |config| config.with_rules(given),
    );
    daemon.hide(&folder.path().display().to_string(), "<policies>");
    (daemon, folder, rules)
}

fn open(folder: &Path) -> CedarRules {
    let now = car_protocol::Timestamp::from_unix_millis(car_tests::daemon::NOW);
    CedarRules::open(folder, Arc::new(FixedClock(now))).unwrap_or_else(|error| panic!("{error}"))
}

fn resolve(event: &Value, resolution: &str) -> Value {
    json!({ "approval_id": event["params"]["payload"]["id"], "resolution": resolution })
}

#[tokio::test(start_paused = true)]
async fn rules_refuse_ask_and_let_pass() {
    let (daemon, _folder, _) = ruled(ApprovalGate::from_table());
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    let refused = alice
        .refusal("state.set", json!({ "key": "locked/k", "value": 1 }))
        .await;
    assert_eq!(refused["data"]["kind"], "rule_denied");
    let clearing = alice.request("state.clear", json!({})).await;
    let asked = harry.expect("host.event").await;
    harry
        .call("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.expect("host.event").await;
    alice.answer_to(clearing).await;
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn rules_are_about_tools_too() {
    let (daemon, _folder, _) = ruled(ApprovalGate::from_table());
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    alice
        .call(
            "tools.register",
            json!([{ "name": "shell" }, { "name": "ls" }]),
        )
        .await;
    let mut removes = call("a", "shell");
    removes["parameters"] = json!({ "command": "rm -rf x" });
    let answer = alice.call("proposal.submit", proposal([removes])).await;
    let error = answer["results"][0]["error"].as_str().unwrap();
    assert!(
        error.contains("nothing is removed") && error.contains("rm"),
        "{error}"
    );
    let running = alice
        .request(
            "proposal.submit",
            proposal([call("a", "shell"), call("b", "ls")]),
        )
        .await;
    let asked = harry.expect("host.event").await;
    assert_eq!(asked["params"]["payload"]["action"], "tool:shell");
    harry
        .call("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.expect("host.event").await;
    for _ in 0..2 {
        let called = alice.expect("tools.execute").await;
        alice.answer(&called, Value::Null).await;
    }
    let answer = alice.answer_to(running).await;
    assert_eq!(
        statuses(&answer["result"]),
        json!([["a", "succeeded"], ["b", "succeeded"]])
    );
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

async fn explain(client: &mut TestClient, call: Value) -> Value {
    client
        .call("approvals.explain", json!({ "call": call }))
        .await
}

#[tokio::test(start_paused = true)]
async fn explain_names_who_decides_and_asks_nobody() {
    let (daemon, _folder, _) = ruled(ApprovalGate::from_table().with_tool("format"));
    let mut alice = daemon.client("alice");
    let call = |method: &str, arguments: Value| json!({ "method": method, "arguments": arguments });
    explain(&mut alice, call("state.clear", json!({}))).await;
    explain(&mut alice, call("state.set", json!({ "key": "locked/k" }))).await;
    explain(&mut alice, call("state.set", json!({ "key": "k" }))).await;
    explain(
        &mut alice,
        call("mail.send", json!({ "to": ["ada@example.org"] })),
    )
    .await;
    explain(
        &mut alice,
        json!({ "tool": "shell", "arguments": { "command": "rm x" } }),
    )
    .await;
    explain(&mut alice, json!({ "tool": "format", "arguments": {} })).await;
    let failing = explain(&mut alice, call("state.exists", json!({ "n": i64::MAX }))).await;
    assert_eq!(failing["matched"][0]["failed"], true);
    for (call, field) in [
        (json!({}), "call"),
        (json!({ "method": "state.get", "tool": "x" }), "call"),
        (json!({ "method": "state.gett" }), "call.method"),
    ] {
        let refused = alice
            .refusal("approvals.explain", json!({ "call": call }))
            .await;
        assert_eq!(refused["data"]["field"], field);
    }
    assert_eq!(alice.call("host.approvals", Value::Null).await, json!([]));
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_cannot_be_evaluated_refuses_the_call() {
    let (daemon, _folder, _) = ruled(ApprovalGate::from_table());
    let mut alice = daemon.client("alice");
    let fine = alice
        .call("state.exists", json!({ "key": "k", "n": 1 }))
        .await;
    assert_eq!(fine, json!(false));
    let overflow = json!({ "key": "k", "n": i64::MAX });
    let refused = alice.refusal("state.exists", overflow).await;
    assert_eq!(refused["data"]["kind"], "rule_denied");
    assert_eq!(refused["data"]["rule"], "sum");
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_file_leaves_the_rules_as_they_were_and_is_told() {
    let (daemon, folder, rules) = ruled(ApprovalGate::from_table());
    let mut alice = daemon.client("alice");
    let before = alice.call("approvals.rules", json!({})).await;
    fs::write(
        folder.path().join("night.cedar"),
        "permit (principal,\n  actoin, resource);",
    )
    .unwrap();
    rules.refresh();
    let after = alice.call("approvals.rules", json!({})).await;
    assert_eq!(after["revision"], before["revision"]);
    assert_eq!(after["problems"][0]["file"], "night.cedar");
    assert_eq!(after["problems"][0]["line"], 2);
    let refused = alice
        .refusal("state.set", json!({ "key": "locked/k" }))
        .await;
    assert_eq!(refused["data"]["rule"], "locked");
    // A change counts for the next call, on connections that are there already.
    let open = "forbid (principal, action == Action::\"state.keys\", resource);";
    fs::write(folder.path().join("night.cedar"), open).unwrap();
    rules.refresh();
    alice.refusal("state.keys", json!({})).await;
    fs::remove_file(folder.path().join("night.cedar")).unwrap();
    rules.refresh();
    alice.call("state.keys", json!({})).await;
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

/// Who asks nobody still refuses.
#[tokio::test(start_paused = true)]
async fn a_gate_that_is_off_asks_nobody_and_refuses_what_rules_refuse() {
    let (daemon, _folder, _) = ruled(ApprovalGate::disabled());
    let mut alice = daemon.client("alice");
    alice.call("state.clear", json!({})).await;
    alice
        .refusal("state.set", json!({ "key": "locked/k" }))
        .await;
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_comes_after_bad_params_and_in_the_order_of_the_calls() {
    let (daemon, _folder, _) = ruled(ApprovalGate::from_table());
    let mut alice = daemon.client("alice");
    let bad = alice.refusal("state.set", json!({ "key": 7 })).await;
    assert_eq!(bad["data"]["kind"], "invalid_params");
    // Pipelined calls of a method that rules look at are served in their order.
    let set = alice
        .request("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    let get = alice.request("state.get", json!({ "key": "k" })).await;
    let denied = alice
        .request("state.set", json!({ "key": "locked/k", "value": 2 }))
        .await;
    assert_eq!(alice.next().await["id"], set);
    assert_eq!(alice.next().await["result"], 1);
    assert_eq!(alice.next().await["id"], denied);
    let _ = get;
    // A notification that a rule refuses does nothing, and a call with a key may be made again.
    alice
        .notify("state.set", json!({ "key": "locked/n", "value": 1 }))
        .await;
    let keyed = json!({ "key": "locked/k", "value": 1, "idempotency_key": "once" });
    let refused = alice.refusal("state.set", keyed.clone()).await;
    assert_eq!(refused["data"]["kind"], "rule_denied");
    let again = alice.refusal("state.set", keyed).await;
    assert_eq!(again["data"]["kind"], "rule_denied");
    settle().await;
    assert_eq!(alice.call("state.keys", json!({})).await, json!(["k"]));
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn explain_names_the_grant_that_lets_a_call_run_and_uses_nothing_of_it() {
    let (daemon, _folder, _) = ruled(ApprovalGate::from_table());
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    let clearing = alice.request("state.clear", json!({})).await;
    let asked = harry.expect("host.event").await;
    let decision = json!({
        "approval_id": asked["params"]["payload"]["id"],
        "decision": "approve",
        "scope": { "kind": "times", "n": 3 },
    });
    harry.call("approvals.decide", decision).await;
    harry.expect("host.event").await;
    alice.answer_to(clearing).await;
    let call = json!({ "method": "state.clear", "arguments": {} });
    for _ in 0..3 {
        let told = explain(&mut alice, call.clone()).await;
        assert_eq!(
            (&told["decision"], &told["decided_by"]),
            (&json!("allow"), &json!("grant"))
        );
        assert!(told["grant"].is_string() && told["rule"] == "clear");
    }
    // The grant is alice's, and a rule that refuses stands above it.
    let other = explain(&mut harry, call).await;
    assert_eq!(other["decided_by"], "rule");
    for _ in 0..2 {
        alice.call("state.clear", json!({})).await;
    }
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}
