use car_state::approval::ApprovalGate;
use car_tests::proposal::{call, proposal, statuses};
use car_tests::{TestClient, TestDaemon, Wanted};
use serde_json::{Value, json};

use crate::attach::{attached, token};

/// A daemon with tokens that asks a person before `state.clear` and before the tool `rm`.
fn gated() -> TestDaemon {
    TestDaemon::with(Wanted {
        auth: true,
        gate: ApprovalGate::from_table().with_tool("rm"),
        ..Wanted::default()
    })
}

/// A client, and a host that hears of questions.
async fn both(daemon: &TestDaemon) -> (TestClient, TestClient) {
    let alice = daemon.authenticated("alice").await;
    let mut harry = daemon.host("harry").await;
    harry.call("host.subscribe", Value::Null).await;
    (alice, harry)
}

/// The next question that a host hears of.
async fn asked(host: &mut TestClient) -> String {
    let event = host.expect("host.event").await;
    assert_eq!(event["params"]["kind"], "approval.requested");
    let id = event["params"]["payload"]["id"].as_str().unwrap();
    id.to_owned()
}

/// Agrees, with these members besides.
async fn approve(host: &mut TestClient, id: &str, more: Value) {
    let mut params = json!({ "approval_id": id, "decision": "approve" });
    for (name, value) in more.as_object().unwrap() {
        params[name] = value.clone();
    }
    host.call("approvals.decide", params).await;
    host.expect("host.event").await;
}

#[tokio::test(start_paused = true)]
async fn a_consent_to_two_times_is_used_twice_and_then_a_person_is_asked_again() {
    let daemon = gated();
    let (mut alice, mut harry) = both(&daemon).await;
    let first = alice.request("state.clear", Value::Null).await;
    let id = asked(&mut harry).await;
    approve(
        &mut harry,
        &id,
        json!({ "scope": { "kind": "times", "n": 2 } }),
    )
    .await;
    alice.answer_to(first).await;
    harry.call("grants.list", Value::Null).await;
    alice.call("state.clear", Value::Null).await;
    assert_eq!(
        harry.call("grants.list", Value::Null).await,
        json!({ "grants": [] })
    );
    let third = alice.request("state.clear", Value::Null).await;
    let id = asked(&mut harry).await;
    let deny = json!({ "approval_id": id, "decision": "deny", "comment": "twice, I said" });
    harry.call("approvals.decide", deny).await;
    harry.expect("host.event").await;
    alice.answer_to(third).await;
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_grant_is_revoked_by_a_host_from_the_next_call_on() {
    let daemon = gated();
    let (mut alice, mut harry) = both(&daemon).await;
    let first = alice.request("state.clear", Value::Null).await;
    let id = asked(&mut harry).await;
    approve(&mut harry, &id, json!({ "scope": { "kind": "always" } })).await;
    alice.answer_to(first).await;
    alice.call("state.clear", Value::Null).await;
    let grants = alice.call("grants.list", Value::Null).await;
    let grant = json!({ "grant_id": grants["grants"][0]["id"] });
    alice.refusal("grants.revoke", grant.clone()).await;
    harry.call("grants.revoke", grant.clone()).await;
    harry.refusal("grants.revoke", grant).await;
    let again = alice.request("state.clear", Value::Null).await;
    let id = asked(&mut harry).await;
    approve(&mut harry, &id, json!({})).await;
    alice.answer_to(again).await;
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_grant_of_a_session_is_for_that_session_and_ends_with_it() {
    let daemon = gated();
    let (mut alice, mut harry) = both(&daemon).await;
    let first = alice.request("state.clear", Value::Null).await;
    let id = asked(&mut harry).await;
    approve(&mut harry, &id, json!({ "scope": { "kind": "session" } })).await;
    alice.answer_to(first).await;
    alice.call("state.clear", Value::Null).await;
    // The same credential on another session is asked about.
    let mut bob = daemon.authenticated("bob").await;
    let parked = bob.request("state.clear", Value::Null).await;
    let id = asked(&mut harry).await;
    approve(&mut harry, &id, json!({})).await;
    bob.answer_to(parked).await;
    alice.finish().await;
    car_tests::settle().await;
    assert_eq!(
        harry.call("grants.list", Value::Null).await,
        json!({ "grants": [] })
    );
    bob.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_narrowed_grant_lets_run_what_is_like_that_and_nothing_else() {
    let daemon = gated();
    let (mut alice, mut harry) = both(&daemon).await;
    let tools = json!([{ "name": "rm", "parameters": { "type": "object" } }]);
    alice.call("tools.register", tools).await;
    let rm = |path: &str| {
        let mut action = call("a", "rm");
        action["parameters"] = json!({ "path": path });
        proposal([action])
    };
    let first = alice.request("proposal.submit", rm("/tmp/a")).await;
    let id = asked(&mut harry).await;
    // One that leaves out the call itself is a mistake, and decides nothing.
    let scope = json!({ "kind": "for", "ms": 900_000 });
    let decide = json!({
        "approval_id": id, "decision": "approve", "scope": scope,
        "narrowing": { "arguments": { "/path": "/home/*" } },
    });
    harry.refusal("approvals.decide", decide).await;
    let narrowing = json!({ "arguments": { "/path": "/tmp/*" } });
    let more = json!({ "scope": scope, "narrowing": narrowing });
    approve(&mut harry, &id, more).await;
    let execute = alice.expect("tools.execute").await;
    alice.answer(&execute, json!("gone")).await;
    alice.answer_to(first).await;
    // Like that: nobody is asked.
    let second = alice.request("proposal.submit", rm("/tmp/b")).await;
    let execute = alice.expect("tools.execute").await;
    alice.answer(&execute, json!("gone")).await;
    let answer = alice.answer_to(second).await;
    assert_eq!(statuses(&answer["result"]), json!([["a", "succeeded"]]));
    // Not like that: somebody is.
    for path in ["/tmp/../etc/passwd", "/etc/passwd"] {
        let third = alice.request("proposal.submit", rm(path)).await;
        let id = asked(&mut harry).await;
        let deny = json!({ "approval_id": id, "decision": "deny" });
        harry.call("approvals.decide", deny).await;
        harry.expect("host.event").await;
        let answer = alice.answer_to(third).await;
        assert_ne!(statuses(&answer["result"]), json!([["a", "succeeded"]]));
    }
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_changed_is_not_the_one_that_was_agreed_to() {
    let daemon = gated();
    let (mut alice, mut harry) = both(&daemon).await;
    let rm = |parameters: Value| json!([{ "name": "rm", "parameters": parameters }]);
    alice
        .call("tools.register", rm(json!({ "type": "object" })))
        .await;
    let first = alice
        .request("proposal.submit", proposal([call("a", "rm")]))
        .await;
    let id = asked(&mut harry).await;
    approve(&mut harry, &id, json!({ "scope": { "kind": "always" } })).await;
    let execute = alice.expect("tools.execute").await;
    alice.answer(&execute, json!("gone")).await;
    alice.answer_to(first).await;
    let other = json!({ "type": "object", "properties": { "force": {} } });
    alice.call("tools.register", rm(other)).await;
    let second = alice
        .request("proposal.submit", proposal([call("a", "rm")]))
        .await;
    let id = asked(&mut harry).await;
    let deny = json!({ "approval_id": id, "decision": "deny" });
    harry.call("approvals.decide", deny).await;
    harry.expect("host.event").await;
    alice.answer_to(second).await;
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_grant_for_an_agent_covers_what_has_its_token_and_nobody_who_takes_its_name() {
    let daemon = gated();
    let token = token(&daemon, "echo");
    let (mut alice, mut harry) = both(&daemon).await;
    let mut echo = attached(&daemon, "echo", &token).await;
    let named = |id: &str| json!({ "id": id, "name": id });
    // It acts for itself, whatever it says to be.
    echo.call("host.register_agent", named("scout")).await;
    harry.expect("host.event").await;
    let first = echo.request("state.clear", Value::Null).await;
    let id = asked(&mut harry).await;
    let row = harry
        .call("approvals.get", json!({ "approval_id": id }))
        .await;
    assert_eq!(row["agent_id"], "echo");
    assert_eq!(row["asker"]["principal"], "agent/echo");
    let to =
        |agent: &str| json!({ "scope": { "kind": "always" }, "narrowing": { "agent_id": agent } });
    let mut scout = to("scout");
    (scout["approval_id"], scout["decision"]) = (json!(id), json!("approve"));
    harry.refusal("approvals.decide", scout).await;
    approve(&mut harry, &id, to("echo")).await;
    echo.answer_to(first).await;
    echo.finish().await;
    let gone = harry.expect("host.event").await;
    assert_eq!(gone["params"]["kind"], "agent.unregistered");
    let mut again = attached(&daemon, "echo again", &token).await;
    again.call("state.clear", Value::Null).await;
    // A client that calls itself so is another one.
    alice.call("host.register_agent", named("echo")).await;
    harry.expect("host.event").await;
    let parked = alice.request("state.clear", Value::Null).await;
    let id = asked(&mut harry).await;
    approve(&mut harry, &id, json!({})).await;
    alice.answer_to(parked).await;
    alice.finish().await;
    harry.expect("host.event").await;
    again.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_grant_for_a_host_agent_ends_where_its_session_speaks_for_another_one() {
    let daemon = gated();
    let (mut alice, mut harry) = both(&daemon).await;
    let named = |id: &str| json!({ "id": id, "name": id });
    alice.call("host.register_agent", named("scout")).await;
    harry.expect("host.event").await;
    let first = alice.request("state.clear", Value::Null).await;
    let id = asked(&mut harry).await;
    let more = json!({ "scope": { "kind": "always" }, "narrowing": { "agent_id": "scout" } });
    approve(&mut harry, &id, more).await;
    alice.answer_to(first).await;
    alice.call("state.clear", Value::Null).await;
    alice
        .call("host.unregister_agent", json!({ "agent_id": "scout" }))
        .await;
    harry.expect("host.event").await;
    alice.call("host.register_agent", named("other")).await;
    harry.expect("host.event").await;
    let parked = alice.request("state.clear", Value::Null).await;
    let id = asked(&mut harry).await;
    approve(&mut harry, &id, json!({})).await;
    alice.answer_to(parked).await;
    alice.finish().await;
    harry.expect("host.event").await;
    harry.finish().await;
    daemon.assert_empty().await;
}
