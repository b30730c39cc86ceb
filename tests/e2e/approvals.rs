//! `approvals.*`: who decides, once, about what, and what the others hear.

use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::approvals::Approval;
use car_state::approval::{ApprovalGate, Reach};
use car_tests::proposal::{call, proposal, statuses};
use car_tests::{TestClient, TestDaemon, Wanted, settle};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};

/// A daemon that asks a person before `state.clear`.
fn gated() -> TestDaemon {
    TestDaemon::with(Wanted {
        auth: true,
        gate: ApprovalGate::from_table(),
        ..Wanted::default()
    })
}

/// A gated call of a client, and the question about it.
async fn parked(alice: &mut TestClient, host: &mut TestClient) -> (i64, Value) {
    let params = json!({ "tenant_id": "t1" });
    let call = alice.request("state.clear", params).await;
    let asked = host.expect("host.event").await;
    (call, asked["params"]["payload"]["id"].clone())
}

fn decide(id: &Value, decision: &str) -> Value {
    json!({ "approval_id": id, "decision": decision })
}

/// The only row that waits.
async fn only(client: &mut TestClient) -> Value {
    let list = client.call("approvals.list", Value::Null).await;
    assert_eq!(list["approvals"].as_array().unwrap().len(), 1);
    list["approvals"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn the_first_decision_counts_and_the_others_hear_who_made_it() {
    let daemon = gated();
    let mut alice = daemon.authenticated("alice").await;
    let (mut harry, mut hanna) = (daemon.host("harry").await, daemon.host("hanna").await);
    for host in [&mut harry, &mut hanna] {
        host.call("host.subscribe", Value::Null).await;
    }
    let (call, id) = parked(&mut alice, &mut harry).await;
    hanna.expect("host.event").await;
    hanna
        .call("approvals.seen", json!({ "approval_ids": [id, "none"] }))
        .await;
    harry
        .call("approvals.get", json!({ "approval_id": id }))
        .await;
    let mut no = decide(&id, "deny");
    no["comment"] = json!("not while the backup runs");
    harry.call("approvals.decide", no).await;
    for host in [&mut harry, &mut hanna] {
        let heard = host.expect("host.event").await;
        assert_eq!(heard["params"]["kind"], "approval.resolved");
    }
    // The caller is told what was said.
    let answer = alice.answer_to(call).await;
    assert_eq!(
        answer["error"]["data"]["comment"],
        "not while the backup runs"
    );
    let late = hanna
        .refusal("approvals.decide", decide(&id, "approve"))
        .await;
    assert_eq!(late["data"]["kind"], "already_decided");
    assert_eq!(
        alice.call("approvals.list", Value::Null).await["approvals"],
        json!([])
    );
    for client in [alice, harry, hanna] {
        client.finish().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_decision_covers_what_was_seen_and_edits_are_what_runs() {
    let daemon = gated();
    let mut alice = daemon.authenticated("alice").await;
    let mut harry = daemon.host("harry").await;
    harry.call("host.subscribe", Value::Null).await;
    for tenant in ["t1", "t2"] {
        let set = json!({ "key": "k", "value": tenant, "tenant_id": tenant });
        alice.call("state.set", set).await;
    }
    let (call, id) = parked(&mut alice, &mut harry).await;
    let row = only(&mut harry).await;
    // What was decided about is another act than the one that waits.
    let mut other = decide(&id, "approve");
    other["digest"] = json!("0".repeat(64));
    harry.refusal("approvals.decide", other.clone()).await;
    other["digest"] = row["act"]["digest"].clone();
    // Nor is it one that the method would not take.
    other["edits"] = json!({ "tenant_id": 2 });
    harry.refusal("approvals.decide", other.clone()).await;
    other["edits"] = json!({ "tenant_id": "t2" });
    harry.call("approvals.decide", other).await;
    harry.expect("host.event").await;
    alice.answer_to(call).await;
    alice.call("state.keys", json!({ "tenant_id": "t1" })).await;
    alice.call("state.keys", json!({ "tenant_id": "t2" })).await;
    // Nobody agreed to the same call with other arguments, nor to the same call once more.
    let (call, again) = parked(&mut alice, &mut harry).await;
    assert_ne!(again, id);
    harry.call("approvals.decide", decide(&again, "deny")).await;
    harry.expect("host.event").await;
    alice.answer_to(call).await;
    alice.finish().await;
    harry.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn the_time_begins_when_somebody_can_see_the_question() {
    let daemon = gated();
    let mut alice = daemon.authenticated("alice").await;
    let call = alice.request("state.clear", json!({})).await;
    tokio::time::sleep(Duration::from_secs(50)).await;
    let row = only(&mut alice).await;
    assert_eq!(row["expires_at"], Value::Null);
    // Another client cannot decide, so that it is not reached.
    let mut bob = daemon.authenticated("bob").await;
    bob.call("host.subscribe", Value::Null).await;
    assert_eq!(only(&mut bob).await["delivered_to"], json!([]));
    let mut harry = daemon.host("harry").await;
    harry
        .call("events.subscribe", json!({ "streams": ["host"] }))
        .await;
    let row = only(&mut harry).await;
    assert_eq!(row["delivered_to"].as_array().unwrap().len(), 1);
    assert_eq!(row["reach_by"], Value::Null);
    let began = tokio::time::Instant::now();
    let answer = alice.answer_to(call).await;
    assert_eq!(began.elapsed(), Duration::from_secs(60));
    assert_eq!(answer["error"]["data"]["reason"], "timeout");
    harry.expect("host.event").await;
    bob.expect("host.event").await;
    let late = harry
        .refusal("approvals.decide", decide(&row["id"], "approve"))
        .await;
    assert_eq!(late["data"]["kind"], "expired");
    for client in [alice, bob, harry] {
        client.finish().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_reaches_nobody_is_refused_and_says_so() {
    let daemon = gated();
    let mut alice = daemon.authenticated("alice").await;
    alice.ask("state.clear", json!({})).await;
    let page = alice.call("approvals.history", json!({})).await;
    assert_eq!(page["approvals"][0]["reason"], "nobody_reached");
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

/// A route that always takes.
#[derive(Debug)]
struct Pager;

impl Reach for Pager {
    fn reach(&self, _: &Approval, _: &[String]) -> BoxFuture<'static, Vec<String>> {
        ready(vec!["pager".to_owned()]).boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_connected_the_next_route_gives_a_person_their_time() {
    let daemon = TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table()
            .with_reach(Duration::from_secs(5))
            .with_timeout(Duration::from_secs(600)),
        state: |config| config.with_reach(Arc::new(Pager)),
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    let began = tokio::time::Instant::now();
    let call = alice.request("state.clear", json!({})).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let row = only(&mut alice).await;
    assert_eq!(row["delivered_to"][0]["by"], "route:pager");
    let answer = alice.answer_to(call).await;
    assert_eq!(answer["error"]["data"]["reason"], "timeout");
    assert_eq!(began.elapsed(), Duration::from_secs(605));
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn who_asked_takes_it_back_and_nobody_else_does() {
    let daemon = gated();
    let mut alice = daemon.authenticated("alice").await;
    let mut bob = daemon.authenticated("bob").await;
    let mut harry = daemon.host("harry").await;
    harry.call("host.subscribe", Value::Null).await;
    let (call, id) = parked(&mut alice, &mut harry).await;
    let named = json!({ "approval_id": id });
    bob.refusal("approvals.withdraw", named.clone()).await;
    let mut why = named.clone();
    why["reason"] = json!("done by hand");
    alice.call("approvals.withdraw", why).await;
    alice.answer_to(call).await;
    harry.expect("host.event").await;
    let late = harry
        .refusal("approvals.decide", decide(&id, "approve"))
        .await;
    assert_eq!(late["data"]["kind"], "withdrawn");
    harry
        .refusal("approvals.decide", decide(&json!("approval-x"), "approve"))
        .await;
    harry
        .refusal("approvals.get", json!({ "approval_id": "approval-x" }))
        .await;
    for client in [alice, bob, harry] {
        client.finish().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn nobody_decides_their_own_call_nor_forges_a_decision() {
    let daemon = gated();
    let mut alice = daemon.authenticated("alice").await;
    // The same credential on another connection.
    let mut again = daemon.authenticated("alice again").await;
    let mut harry = daemon.host("harry").await;
    harry.call("host.subscribe", Value::Null).await;
    let (call, id) = parked(&mut alice, &mut harry).await;
    for own in [&mut alice, &mut again] {
        let refused = own
            .refusal("approvals.decide", decide(&id, "approve"))
            .await;
        assert_eq!(refused["data"]["kind"], "self_approval");
    }
    let forged = json!({
        "kind": "approval.resolved",
        "payload": { "id": id, "status": "resolved", "resolution": "approve" },
    });
    again.refusal("host.notify", forged).await;
    assert_eq!(only(&mut harry).await["standing"], "pending");
    // A host's call is not a client's to decide.
    harry.request("state.clear", json!({})).await;
    let asked = harry.expect("host.event").await;
    let theirs = &asked["params"]["payload"]["id"];
    let refused = alice
        .refusal("approvals.decide", decide(theirs, "approve"))
        .await;
    assert_eq!(refused["data"]["kind"], "host_required");
    let mine = json!({ "mine_to_decide": true });
    let list = harry.call("approvals.list", mine).await;
    assert_eq!(list["approvals"].as_array().unwrap().len(), 1);
    harry.call("approvals.decide", decide(&id, "deny")).await;
    alice.answer_to(call).await;
    for client in [alice, again, harry] {
        client.leave().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_a_decision_is_named() {
    let daemon = gated();
    let mut alice = daemon.authenticated("alice").await;
    let mut harry = daemon.host("harry").await;
    harry.call("host.subscribe", Value::Null).await;
    let (call, id) = parked(&mut alice, &mut harry).await;
    let keyed = json!({ "idempotency_key": "clear-1" });
    let with_key = alice.request("state.clear", keyed).await;
    let asked = harry.expect("host.event").await;
    let with = |member: &str, value: Value| {
        let mut params = decide(&id, "deny");
        params[member] = value;
        params
    };
    for params in [
        with("comment", json!("x".repeat(4097))),
        with("edits", json!({})),
        with("scope", json!({ "kind": "session" })),
        with("scope", json!({ "kind": "times", "n": 0 })),
        with("scope", json!({ "kind": "forever" })),
        with("decision", json!("perhaps")),
    ] {
        harry.refusal("approvals.decide", params).await;
    }
    // What a key stands for cannot be changed.
    let mut edits = decide(&asked["params"]["payload"]["id"], "approve");
    edits["edits"] = json!({ "tenant_id": "t2" });
    harry.refusal("approvals.decide", edits).await;
    for limit in [0, 501] {
        let params = json!({ "limit": limit });
        harry.refusal("approvals.history", params).await;
    }
    let none = json!({ "approval_ids": [] });
    harry.refusal("approvals.seen", none).await;
    harry.leave().await;
    for id in [call, with_key] {
        alice.answer_to(id).await;
    }
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_is_over_is_read_in_pages_from_the_newest() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    for n in 0..5 {
        let question = json!({ "action": format!("question {n}"), "agent_id": if n == 2 { "a" } else { "b" } });
        let row = alice.call("host.request_approval", question).await;
        let no = if n == 4 { "approve" } else { "deny" };
        let resolve = json!({ "approval_id": row["id"], "resolution": no });
        alice.call("host.resolve_approval", resolve).await;
    }
    let mut seen = Vec::new();
    let mut before = Value::Null;
    loop {
        let params = json!({ "limit": 2, "before": before });
        let page = alice.call("approvals.history", params).await;
        for row in page["approvals"].as_array().unwrap() {
            seen.push(row["action"].as_str().unwrap().to_owned());
        }
        before = page["next"].clone();
        if before.is_null() {
            break;
        }
    }
    let all: Vec<String> = (0..5).rev().map(|n| format!("question {n}")).collect();
    assert_eq!(seen, all);
    for (asked, rows) in [
        (json!({ "agent_id": "a" }), 1),
        (json!({ "standing": "denied" }), 4),
        (json!({ "standing": "expired" }), 0),
    ] {
        let page = alice.call("approvals.history", asked).await;
        assert_eq!(page["approvals"].as_array().unwrap().len(), rows);
    }
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_gated_tool_runs_with_the_arguments_that_a_person_put_in_their_place() {
    let daemon = TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table().with_tool("rm"),
        ..Wanted::default()
    });
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    let path = json!({ "type": "object", "properties": { "path": { "type": "string" } }, "required": ["path"] });
    let tools = json!([{ "name": "rm", "parameters": path }]);
    alice.call("tools.register", tools).await;
    let mut action = call("a", "rm");
    action["parameters"] = json!({ "path": "/tmp/x" });
    let running = alice.request("proposal.submit", proposal([action])).await;
    let asked = harry.expect("host.event").await;
    let mut yes = decide(&asked["params"]["payload"]["id"], "approve");
    // What the tool does not take is told to whoever decides, and nothing is decided.
    yes["edits"] = json!({});
    let refused = harry.refusal("approvals.decide", yes.clone()).await;
    assert_eq!(refused["data"]["field"], "edits");
    yes["edits"] = json!({ "path": "/tmp/y" });
    harry.call("approvals.decide", yes).await;
    harry.expect("host.event").await;
    let rm = alice.expect("tools.execute").await;
    assert_eq!(rm["params"]["parameters"]["path"], "/tmp/y");
    alice.answer(&rm, json!("gone")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(statuses(&answer["result"]), json!([["a", "succeeded"]]));
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_whose_client_was_lost_is_taken_over_by_the_same_credential_only() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.client("alice");
    let credential = json!({ "token": daemon.token(), "resume": true });
    alice.call("session.auth", credential).await;
    let agent = || json!({ "id": "scout", "name": "Scout" });
    alice.call("host.register_agent", agent()).await;
    let mut bob = daemon.authenticated("bob").await;
    // It is connected, so it is its own.
    let refused = bob.refusal("host.register_agent", agent()).await;
    assert_eq!(refused["data"]["kind"], "not_owner");
    alice.cut();
    settle().await;
    let mut harry = daemon.host("harry").await;
    let refused = harry.refusal("host.register_agent", agent()).await;
    assert_eq!(refused["data"]["kind"], "not_owner");
    bob.call("host.register_agent", agent()).await;
    assert_eq!(daemon.server.state().host().counts().0, 1);
    bob.finish().await;
    harry.finish().await;
    // The session that was lost has its grace.
    tokio::time::sleep(Duration::from_secs(121)).await;
    daemon.assert_empty().await;
}

/// The parked call waits with its session.
#[tokio::test(start_paused = true)]
async fn what_is_decided_while_the_caller_is_away_is_its_answer_when_it_comes_back() {
    let daemon = gated();
    let mut alice = daemon.client("alice");
    let credential = json!({ "token": daemon.token(), "resume": true });
    let begun = alice.call("session.auth", credential).await;
    let mut harry = daemon.host("harry").await;
    harry.call("host.subscribe", Value::Null).await;
    let (yes, first) = parked(&mut alice, &mut harry).await;
    let (no, second) = parked(&mut alice, &mut harry).await;
    alice.cut();
    settle().await;
    for (id, decision) in [(first, "approve"), (second, "deny")] {
        harry.call("approvals.decide", decide(&id, decision)).await;
        harry.expect("host.event").await;
    }
    let mut alice = daemon.client("alice again");
    let params = json!({ "token": begun["resume_token"], "waiting": [yes, no] });
    let resumed = alice.call("session.resume", params).await;
    let replies = resumed["replies"].as_array().unwrap();
    assert_eq!(replies.len(), 2);
    for reply in replies {
        let denied = &reply["error"]["data"]["kind"];
        let is_denied = reply["id"] == json!(no);
        assert_eq!(denied == "approval_denied", is_denied, "{reply}");
    }
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_is_told_which_of_its_questions_are_open() {
    let daemon = gated();
    let mut alice = daemon.client("alice");
    let credential = json!({ "token": daemon.token(), "resume": true });
    let begun = alice.call("session.auth", credential).await;
    let mut harry = daemon.host("harry").await;
    harry.call("host.subscribe", Value::Null).await;
    let (no, decided) = parked(&mut alice, &mut harry).await;
    let (yes, open) = parked(&mut alice, &mut harry).await;
    harry
        .call("approvals.decide", decide(&decided, "deny"))
        .await;
    harry.expect("host.event").await;
    alice.answer_to(no).await;
    alice.cut();
    settle().await;
    let mut alice = daemon.client("alice again");
    let params = json!({ "token": begun["resume_token"], "waiting": [yes] });
    let resumed = alice.call("session.resume", params).await;
    assert_eq!(resumed["approvals"].as_array().unwrap().len(), 1);
    assert_eq!(resumed["approvals"][0]["approval_id"], open);
    harry
        .call("approvals.decide", decide(&open, "approve"))
        .await;
    harry.expect("host.event").await;
    alice.answer_to(yes).await;
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

/// Somebody who only looks from time to time has seen the question, too.
#[tokio::test(start_paused = true)]
async fn who_reads_what_waits_has_been_reached() {
    let daemon = gated();
    let mut alice = daemon.authenticated("alice").await;
    let call = alice.request("state.clear", json!({})).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let mut harry = daemon.host("harry").await;
    let rows = harry.call("host.approvals", Value::Null).await;
    assert_eq!(rows[0]["expires_at"], "2026-01-02T03:05:05.678Z");
    let began = tokio::time::Instant::now();
    let answer = alice.answer_to(call).await;
    assert_eq!(answer["error"]["data"]["reason"], "timeout");
    assert_eq!(began.elapsed(), Duration::from_secs(60));
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}
