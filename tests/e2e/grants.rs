use car_state::approval::ApprovalGate;
use car_tests::proposal::{call, proposal, statuses};
use car_tests::{TestClient, TestDaemon, Wanted};
use serde_json::{Value, json};

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
