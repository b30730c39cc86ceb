use std::time::Duration;

use car_protocol::idempotency::IdempotencyKey;
use car_state::approval::ApprovalGate;
use car_state::identity::Principal;
use car_state::outcomes::{Fingerprint, OutcomeLimits, Scope, Submitted};
use car_tests::proposal::{call, proposal, with};
use car_tests::{TestClient, TestDaemon, Wanted, settle};
use serde_json::{Value, json};

async fn outcome(client: &mut TestClient, key: &str) -> Value {
    client.call("request.outcome", json!({ "key": key })).await
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_back_asks_what_happened() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    let set = json!({ "key": "city", "value": "Lisbon", "idempotency_key": "k-1" });
    alice.request("state.set", set.clone()).await;
    settle().await;
    // The connection is gone before she reads the answer.
    alice.cut();
    let mut alice = daemon.authenticated("alice").await;
    assert_eq!(outcome(&mut alice, "k-1").await["status"], "done");
    // The same call again has the same answer. It does not run: this session has no such key.
    assert_eq!(alice.call("state.set", set).await, "ok");
    let city = json!({ "key": "city" });
    assert_eq!(alice.call("state.get", city).await, Value::Null);
    assert_eq!(outcome(&mut alice, "k-2").await["status"], "not_seen");
    // Another identity has keys of its own.
    let mut harry = daemon.host("harry").await;
    assert_eq!(outcome(&mut harry, "k-1").await["status"], "not_seen");
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_names_another_act_is_refused() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let set =
        |value: i64| json!({ "key": "n", "value": value, "_meta": { "idempotency_key": "k" } });
    alice.call("state.set", set(1)).await;
    let refused = alice.refusal("state.set", set(2)).await;
    assert_eq!(refused["data"]["kind"], "idempotency_conflict");
    alice
        .refusal(
            "state.delete",
            json!({ "key": "n", "idempotency_key": "k" }),
        )
        .await;
    assert_eq!(alice.call("state.get", json!({ "key": "n" })).await, 1);
    // What reads takes no notice of it.
    let read = json!({ "key": "n", "idempotency_key": "k" });
    assert_eq!(alice.call("state.get", read).await, 1);
    // Params that are an array have it beside them.
    let register = r#"{"jsonrpc":"2.0","id":"r","method":"tools.register","params":[{"name":"ls"}],"_meta":{"idempotency_key":"r"}}"#;
    assert_eq!(alice.exchange(register).await["result"], 1);
    assert_eq!(outcome(&mut alice, "r").await["method"], "tools.register");
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_proposal_that_is_submitted_again_has_one_result_and_runs_once() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    alice
        .call("tools.register", json!([{ "name": "build" }]))
        .await;
    let submit = with(
        proposal([call("a", "build")]),
        json!({ "idempotency_key": "p-1" }),
    );
    let first = alice.request("proposal.submit", submit.clone()).await;
    let asked = alice.expect("tools.execute").await;
    assert_eq!(outcome(&mut alice, "p-1").await["status"], "running");
    // Once more on this connection, and once on another one, while it is under way.
    let second = alice.request("proposal.submit", submit.clone()).await;
    let mut bob = daemon.authenticated("bob").await;
    let third = bob.request("proposal.submit", submit.clone()).await;
    settle().await;
    alice.answer(&asked, json!({ "output": "built" })).await;
    let result = alice.answer_to(first).await["result"].clone();
    assert_eq!(alice.answer_to(second).await["result"], result);
    assert_eq!(bob.answer_to(third).await["result"], result);
    // And when it is over.
    assert_eq!(alice.call("proposal.submit", submit).await, result);
    assert_eq!(outcome(&mut bob, "p-1").await["result"], result);
    alice.finish().await;
    bob.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_act_that_ends_with_its_session_is_known_and_does_not_run_again() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    alice
        .call("tools.register", json!([{ "name": "pay" }]))
        .await;
    let submit = with(
        proposal([call("a", "pay")]),
        json!({ "idempotency_key": "pay-1" }),
    );
    alice.request("proposal.submit", submit.clone()).await;
    alice.expect("tools.execute").await;
    let mut bob = daemon.authenticated("bob").await;
    let joined = bob.request("proposal.submit", submit.clone()).await;
    settle().await;
    alice.cut();
    // The engine knows what it stopped.
    let answer = bob.answer_to(joined).await;
    assert_eq!(answer["result"]["outcome"], "cancelled");
    assert_eq!(outcome(&mut bob, "pay-1").await["result"], answer["result"]);
    let again = bob.call("proposal.submit", submit).await;
    assert_eq!(again, answer["result"]);
    bob.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

fn gated() -> TestDaemon {
    TestDaemon::with(Wanted {
        auth: true,
        gate: ApprovalGate::from_table(),
        ..Wanted::default()
    })
}

fn resolve(event: &Value, resolution: &str) -> Value {
    json!({ "approval_id": event["params"]["payload"]["id"], "resolution": resolution })
}

#[tokio::test(start_paused = true)]
async fn a_person_is_asked_once_for_calls_that_are_one_act() {
    let daemon = gated();
    let mut harry = daemon.host("harry").await;
    harry.call("host.subscribe", Value::Null).await;
    let (mut alice, mut bob) = (
        daemon.authenticated("alice").await,
        daemon.authenticated("bob").await,
    );
    let clear = json!({ "idempotency_key": "c" });
    let first = alice.request("state.clear", clear.clone()).await;
    let asked = harry.expect("host.event").await;
    let second = bob.request("state.clear", clear.clone()).await;
    settle().await;
    assert_eq!(outcome(&mut bob, "c").await["status"], "running");
    harry
        .call("host.resolve_approval", resolve(&asked, "approve"))
        .await;
    harry.expect("host.event").await;
    let result = alice.answer_to(first).await["result"].clone();
    assert_eq!(bob.answer_to(second).await["result"], result);
    // What a person refused stays refused.
    let clear = json!({ "idempotency_key": "d" });
    let denied = alice.request("state.clear", clear.clone()).await;
    let asked = harry.expect("host.event").await;
    harry
        .call("host.resolve_approval", resolve(&asked, "deny"))
        .await;
    harry.expect("host.event").await;
    alice.answer_to(denied).await;
    alice.refusal("state.clear", clear).await;
    assert_eq!(outcome(&mut alice, "d").await["status"], "failed");
    for client in [alice, bob, harry] {
        client.finish().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_decided_may_be_asked_again_under_the_same_key() {
    let daemon = gated();
    let mut alice = daemon.authenticated("alice").await;
    let clear = json!({ "idempotency_key": "c" });
    for _ in 0..2 {
        let refused = alice.refusal("state.clear", clear.clone()).await;
        assert_eq!(refused["data"]["kind"], "approval_timeout");
        assert_eq!(outcome(&mut alice, "c").await["status"], "not_seen");
    }
    // Who leaves while a person is asked has done nothing either.
    alice.request("state.clear", clear.clone()).await;
    settle().await;
    alice.cut();
    settle().await;
    let mut bob = daemon.authenticated("bob").await;
    assert_eq!(outcome(&mut bob, "c").await["status"], "not_seen");
    bob.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_before_it_runs_is_not_kept() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    let wrong = json!({ "idempotency_key": "k" });
    alice.refusal("state.set", wrong.clone()).await;
    alice.refusal("server.shutdown", wrong.clone()).await;
    alice.refusal("mail.send", wrong).await;
    assert_eq!(outcome(&mut alice, "k").await["status"], "not_seen");
    for wrong in [json!(7), json!(""), json!("k".repeat(129)), json!([])] {
        let params = json!({ "key": "n", "value": 1, "idempotency_key": wrong });
        let refused = alice.refusal("state.set", params).await;
        assert_eq!(refused["data"]["field"], "idempotency_key");
    }
    alice
        .refusal("request.outcome", json!({ "key": "k".repeat(129) }))
        .await;
    // What the method itself refuses is its answer.
    let resolve = json!({ "approval_id": "none", "resolution": "approve", "idempotency_key": "k" });
    alice.refusal("host.resolve_approval", resolve).await;
    assert_eq!(outcome(&mut alice, "k").await["status"], "failed");
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_notification_and_the_members_of_a_batch_may_have_keys() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let set = json!({ "key": "n", "value": 1, "idempotency_key": "n" });
    alice.notify("state.set", set.clone()).await;
    settle().await;
    assert_eq!(outcome(&mut alice, "n").await["result"], "ok");
    let member =
        |id: i64| json!({ "jsonrpc": "2.0", "id": id, "method": "state.set", "params": set });
    let batch = json!([member(100), member(101)]).to_string();
    let answers = alice.exchange(&batch).await;
    assert_eq!(answers[0]["result"], "ok");
    assert_eq!(answers[1]["result"], "ok");
    alice.finish().await;
}

/// What a killed daemon leaves behind, here made by hand; `tests/sockets` kills one.
#[tokio::test(start_paused = true)]
async fn an_act_that_was_cut_is_unknown_and_does_not_run_again() {
    let daemon = TestDaemon::guarded();
    let set = json!({ "key": "n", "value": 1, "idempotency_key": "k" });
    let raw = serde_json::value::to_raw_value(&set).unwrap();
    let outcomes = daemon.server.state().outcomes();
    let submitted = outcomes.submit(
        Scope::of(&Principal::Client),
        IdempotencyKey::new("k").unwrap(),
        "state.set",
        Fingerprint::of("state.set", Some(&raw)),
    );
    let Ok(Submitted::Fresh(mut attempt)) = submitted else {
        panic!("not the first");
    };
    attempt.begin().await.unwrap();
    drop(attempt);
    let mut alice = daemon.authenticated("alice").await;
    assert_eq!(outcome(&mut alice, "k").await["status"], "unknown");
    let refused = alice.refusal("state.set", set).await;
    assert_eq!(refused["data"]["kind"], "outcome_unknown");
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_large_is_told_once_and_not_kept() {
    let daemon = TestDaemon::with(Wanted {
        state: |config| {
            config.with_outcome_limits(OutcomeLimits {
                result_bytes: 100,
                ..OutcomeLimits::default()
            })
        },
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    let notify = json!({ "message": "a hundred bytes and more", "idempotency_key": "n" });
    alice.call("host.notify", notify.clone()).await;
    assert_eq!(outcome(&mut alice, "n").await["result_kept"], false);
    let refused = alice.refusal("host.notify", notify).await;
    assert_eq!(refused["data"]["kind"], "result_not_kept");
    assert_eq!(refused["data"]["status"], "done");
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn when_all_keys_are_under_way_a_further_one_is_refused() {
    let daemon = TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table(),
        state: |config| {
            config.with_outcome_limits(OutcomeLimits {
                keys: 2,
                age: Duration::from_secs(3_600),
                ..OutcomeLimits::default()
            })
        },
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    alice
        .call(
            "state.set",
            json!({ "key": "n", "idempotency_key": "oldest" }),
        )
        .await;
    let mut parked = Vec::new();
    for key in ["a", "b"] {
        let clear = json!({ "idempotency_key": key });
        parked.push(alice.request("state.clear", clear).await);
    }
    settle().await;
    assert_eq!(outcome(&mut alice, "oldest").await["status"], "not_seen");
    let set = json!({ "key": "n", "idempotency_key": "c" });
    let refused = alice.refusal("state.set", set.clone()).await;
    assert_eq!(refused["data"]["kind"], "overloaded");
    for parked in parked {
        alice.answer_to(parked).await;
    }
    alice.call("state.set", set).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}
