use std::time::Duration;

use car_state::approval::{ApprovalGate, MAX_PREVIEW};
use car_tests::proposal::{call, proposal, statuses, with};
use car_tests::{TestDaemon, Wanted, settle};
use serde_json::{Value, json};

/// A daemon that asks a person before `state.clear`.
fn gated(auth: bool) -> TestDaemon {
    TestDaemon::with(Wanted {
        auth,
        gate: ApprovalGate::from_table(),
        ..Wanted::default()
    })
}

fn resolve(event: &Value, resolution: &str) -> Value {
    json!({ "approval_id": event["params"]["payload"]["id"], "resolution": resolution })
}

/// Head-to-head: H4.
#[tokio::test(start_paused = true)]
async fn a_gated_call_waits_while_its_connection_goes_on_working() {
    let daemon = gated(false);
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    let gated = alice.request("state.clear", Value::Null).await;
    let asked = harry.expect("host.event").await;
    // The connection of the parked call works: reads, writes, and the list of what waits.
    alice.call("state.get", json!({ "key": "k" })).await;
    let approvals = alice.call("host.approvals", Value::Null).await;
    assert_eq!(approvals[0]["id"], asked["params"]["payload"]["id"]);
    // Its own decision is refused at once, and changes nothing.
    alice
        .refusal("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    // Another connection's counts.
    harry
        .call("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.expect("host.event").await;
    alice.answer_to(gated).await;
    assert_eq!(alice.call("state.keys", Value::Null).await, json!([]));
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_does_not_run() {
    let daemon = gated(false);
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    let gated = alice
        .request("state.clear", json!({ "tenant_id": null }))
        .await;
    let asked = harry.expect("host.event").await;
    harry
        .refusal("host.resolve_approval", resolve(&asked, "perhaps"))
        .await;
    harry
        .call("host.resolve_approval", resolve(&asked, "deny"))
        .await;
    harry.expect("host.event").await;
    alice.answer_to(gated).await;
    assert_eq!(alice.call("state.keys", Value::Null).await, json!(["k"]));
    harry
        .refusal("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_decides_times_out_and_its_row_expires() {
    let daemon = gated(false);
    let mut alice = daemon.client("alice");
    let gated = alice.request("state.clear", Value::Null).await;
    alice.answer_to(gated).await;
    let approvals = alice.call("host.approvals", Value::Null).await;
    assert_eq!(approvals[0]["resolution"], "expired");
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn the_question_is_withdrawn_when_who_asked_leaves() {
    let daemon = gated(false);
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    alice.request("state.clear", Value::Null).await;
    let asked = harry.expect("host.event").await;
    alice.cut();
    let resolved = harry.expect("host.event").await;
    assert_eq!(resolved["params"]["payload"]["resolution"], "withdrawn");
    harry
        .refusal("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn where_authentication_is_on_only_the_host_role_decides() {
    let daemon = gated(true);
    let mut alice = daemon.authenticated("alice").await;
    let mut bob = daemon.authenticated("bob").await;
    let mut harry = daemon.host("harry").await;
    harry.call("host.subscribe", Value::Null).await;
    let gated = alice.request("state.clear", Value::Null).await;
    let asked = harry.expect("host.event").await;
    // Bob has the same credential as Alice: he is the same principal.
    bob.refusal("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry
        .call("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.expect("host.event").await;
    alice.answer_to(gated).await;
    // A host's own call is not for a client to decide, nor for another connection of the host.
    let gated = harry.request("state.clear", Value::Null).await;
    let asked = harry.expect("host.event").await;
    bob.refusal("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    let mut hanna = daemon.host("hanna").await;
    hanna
        .refusal("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.answer_to(gated).await;
    harry.expect("host.event").await;
    for client in [alice, bob, harry, hanna] {
        client.finish().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn who_asked_stays_the_one_who_asked_whatever_token_follows() {
    let daemon = gated(true);
    let mut alice = daemon.authenticated("alice").await;
    let gated = alice.request("state.clear", Value::Null).await;
    settle().await;
    alice
        .call("session.auth", json!({ "host_token": daemon.host_token() }))
        .await;
    let approvals = alice.call("host.approvals", Value::Null).await;
    let own = json!({ "approval_id": approvals[0]["id"], "resolution": "approve" });
    let refused = alice.refusal("host.resolve_approval", own).await;
    assert_eq!(refused["data"]["kind"], "self_approval");
    let answer = alice.answer_to(gated).await;
    assert_eq!(answer["error"]["data"]["kind"], "approval_timeout");
    alice.finish().await;
    daemon.assert_empty().await;
}

/// Nobody is known yet who could be asked, or be asked about.
#[tokio::test(start_paused = true)]
async fn what_is_open_to_strangers_is_never_gated() {
    let daemon = TestDaemon::with(Wanted {
        auth: true,
        gate: ApprovalGate::from_table()
            .with_method("session.auth")
            .with_method("server.handshake"),
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    alice
        .call("server.handshake", json!({ "protocol_version": 3 }))
        .await;
    alice
        .call("session.auth", json!({ "token": daemon.token() }))
        .await;
    assert_eq!(alice.call("host.approvals", Value::Null).await, json!([]));
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_its_time_is_gated_like_any_other() {
    let daemon = TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table().with_method("proposal.submit"),
        ..Wanted::default()
    });
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    alice
        .call("tools.register", json!([{ "name": "ls" }]))
        .await;
    let gated = alice
        .request("proposal.submit", proposal([call("a", "ls")]))
        .await;
    let asked = harry.expect("host.event").await;
    assert_eq!(
        asked["params"]["payload"]["action"],
        "ws.method:proposal.submit"
    );
    harry
        .call("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.expect("host.event").await;
    let ls = alice.expect("tools.execute").await;
    alice.answer(&ls, json!("files")).await;
    let answer = alice.answer_to(gated).await;
    assert_eq!(statuses(&answer["result"]), json!([["a", "succeeded"]]));
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_gated_notification_waits_too_and_is_never_answered() {
    let daemon = gated(false);
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    alice.notify("state.clear", Value::Null).await;
    let asked = harry.expect("host.event").await;
    assert_eq!(alice.call("state.keys", Value::Null).await, json!(["k"]));
    harry
        .call("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.expect("host.event").await;
    assert_eq!(alice.call("state.keys", Value::Null).await, json!([]));
    alice.finish().await;
    harry.finish().await;
}

#[tokio::test(start_paused = true)]
async fn bad_params_are_refused_before_a_person_is_asked() {
    let daemon = gated(false);
    let mut alice = daemon.client("alice");
    let refused = alice
        .refusal("state.clear", json!({ "tenant_id": 7 }))
        .await;
    assert_eq!(refused["data"]["field"], "tenant_id");
    assert_eq!(alice.call("host.approvals", Value::Null).await, json!([]));
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_approved_is_what_runs() {
    let daemon = gated(false);
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    for tenant in ["a", "b"] {
        let set = json!({ "key": "k", "value": tenant, "tenant_id": tenant });
        alice.call("state.set", set).await;
    }
    // Two at once; the second is approved, the first is not.
    let first = alice
        .request("state.clear", json!({ "tenant_id": "a" }))
        .await;
    let second = alice
        .request("state.clear", json!({ "tenant_id": "b" }))
        .await;
    let (a, b) = (
        harry.expect("host.event").await,
        harry.expect("host.event").await,
    );
    harry
        .call("host.resolve_approval", resolve(&b, "approve"))
        .await;
    alice.answer_to(second).await;
    harry
        .call("host.resolve_approval", resolve(&a, "deny"))
        .await;
    alice.answer_to(first).await;
    alice.call("state.keys", json!({ "tenant_id": "a" })).await;
    alice.call("state.keys", json!({ "tenant_id": "b" })).await;
    harry.expect("host.event").await;
    harry.expect("host.event").await;
    alice.finish().await;
    harry.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn sixty_four_calls_of_a_connection_may_wait() {
    let daemon = gated(false);
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    let mut parked = Vec::new();
    for _ in 0..64 {
        parked.push(alice.request("state.clear", Value::Null).await);
    }
    let refused = alice.refusal("state.clear", Value::Null).await;
    assert_eq!(
        refused["data"],
        json!({ "kind": "overloaded", "retryable": true, "limit": 64 })
    );
    // Another connection has its own share.
    let other = harry.request("state.clear", Value::Null).await;
    settle().await;
    let approvals = harry.call("host.approvals", Value::Null).await;
    let rows = approvals.as_array().unwrap();
    assert_eq!(rows.len(), 65);
    // A decided one makes room.
    let decide = json!({ "approval_id": rows[64]["id"], "resolution": "deny" });
    harry.call("host.resolve_approval", decide).await;
    assert_eq!(
        alice.answer_to(parked[0]).await["error"]["data"]["kind"],
        "approval_denied"
    );
    parked[0] = alice.request("state.clear", Value::Null).await;
    for id in parked {
        assert_eq!(
            alice.answer_to(id).await["error"]["data"]["kind"],
            "approval_timeout"
        );
    }
    assert_eq!(
        harry.answer_to(other).await["error"]["data"]["kind"],
        "approval_timeout"
    );
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

/// Head-to-head: H5.
#[tokio::test(start_paused = true)]
async fn a_preview_is_cut_at_a_character_wherever_the_limit_falls() {
    let daemon = gated(false);
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    let mut shown = 0;
    for width in 1..=4 {
        let letter = ["x", "é", "€", "😀"][width - 1];
        // One byte more each time: the limit falls on every byte of a letter.
        for shift in 0..=width {
            let tenant = format!("{}{}", "-".repeat(shift), letter.repeat(MAX_PREVIEW));
            let params = format!(r#"{{"tenant_id":null,"why":"{tenant}"}}"#);
            let text = format!(
                r#"{{"jsonrpc":"2.0","method":"state.clear","params":{params},"id":"{width}.{shift}"}}"#
            );
            alice.send_text(&text).await;
            settle().await;
            let approvals = alice.call("host.approvals", Value::Null).await;
            let preview = approvals[0]["details"]["params_preview"].as_str().unwrap();
            let kept = preview.split('…').next().unwrap();
            assert!(params.starts_with(kept));
            assert!(kept.len() <= MAX_PREVIEW && kept.len() > MAX_PREVIEW - width);
            shown += 1;
            assert_eq!(approvals.as_array().unwrap().len(), shown);
        }
    }
    for _ in 0..shown {
        let answer = alice.next().await;
        assert_eq!(answer["error"]["data"]["kind"], "approval_timeout");
    }
    alice.finish().await;
    daemon.assert_empty().await;
}

/// A daemon that asks a person before the tool `rm` runs.
fn gated_tool() -> TestDaemon {
    TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table().with_tool("rm"),
        ..Wanted::default()
    })
}

#[tokio::test(start_paused = true)]
async fn a_gated_tool_runs_when_a_person_agrees() {
    let daemon = gated_tool();
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    let tools = json!([{ "name": "rm" }, { "name": "ls" }]);
    alice.call("tools.register", tools).await;
    let path = json!({ "parameters": { "path": "/tmp/x" }, "failure_behavior": "skip", "timeout_ms": 30_000 });
    let actions = [
        call("a", "ls"),
        with(call("b", "rm"), path.clone()),
        with(call("c", "rm"), path),
    ];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let ls = alice.expect("tools.execute").await;
    assert_eq!(ls["params"]["tool"], "ls");
    alice.answer(&ls, json!("files")).await;
    let asked = harry.expect("host.event").await;
    alice
        .refusal("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.nothing_for(Duration::from_secs(10)).await;
    harry
        .call("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.expect("host.event").await;
    let rm = alice.expect("tools.execute").await;
    // The person took a third of the time.
    assert_eq!(rm["params"]["timeout_ms"], 20_000);
    alice.answer(&rm, json!("gone")).await;
    let asked = harry.expect("host.event").await;
    harry
        .call("host.resolve_approval", resolve(&asked, "deny"))
        .await;
    harry.expect("host.event").await;
    let answer = alice.answer_to(running).await;
    assert_eq!(
        statuses(&answer["result"]),
        json!([["a", "succeeded"], ["b", "succeeded"], ["c", "skipped"]])
    );
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_gated_tools_question_ends_with_the_actions_time() {
    let daemon = gated_tool();
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "rm" }]))
        .await;
    let hasty = with(call("a", "rm"), json!({ "timeout_ms": 5_000 }));
    let running = alice.request("proposal.submit", proposal([hasty])).await;
    alice.answer_to(running).await;
    let patient = with(call("a", "rm"), json!({ "timeout_ms": 300_000 }));
    let running = alice.request("proposal.submit", proposal([patient])).await;
    alice.answer_to(running).await;
    let approvals = alice.call("host.approvals", Value::Null).await;
    assert_eq!(approvals[0]["resolution"], "expired");
    assert_eq!(approvals[1]["resolution"], "withdrawn");
    alice.finish().await;
    settle().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}
