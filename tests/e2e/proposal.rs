use std::time::Duration;

use car_tests::TestDaemon;
use car_tests::proposal::{call, proposal, read, statuses, with, write};
use serde_json::{Value, json};

fn assert_holds(id: &str, key: &str, expected: Value) -> Value {
    json!({ "id": id, "type": "assertion", "parameters": { "key": key, "expected": expected } })
}

#[tokio::test(start_paused = true)]
async fn actions_run_in_their_order_and_commit_together() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "look" }]))
        .await;
    let seen = json!({ "expected_effects": { "seen": true } });
    let actions = [
        write("a", "k", json!(1)),
        read("b", "k"),
        assert_holds("c", "k", json!(1.0)),
        with(call("d", "look"), seen),
        assert_holds("e", "seen", json!(true)),
    ];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let asked = alice.expect("tools.execute").await;
    // What a proposal writes is its own until it ends.
    assert_eq!(alice.call("state.keys", Value::Null).await, json!([]));
    alice.answer(&asked, json!("seen it")).await;
    alice.answer_to(running).await;
    alice.call("state.snapshot", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

/// Head-to-head: H6.
#[tokio::test(start_paused = true)]
async fn a_proposal_that_aborts_takes_nothing_from_another_that_committed() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "wait" }]))
        .await;
    alice
        .call("state.set", json!({ "key": "before", "value": 0 }))
        .await;
    let doomed = json!({ "proposal": { "id": "doomed", "actions": [write("a", "lost", json!(1)), call("b", "wait")] } });
    let aborted = alice.request("proposal.submit", doomed).await;
    let asked = alice.expect("tools.execute").await;
    // Meanwhile another proposal, and a write of the client's own.
    let kept = json!({ "proposal": { "id": "kept", "actions": [write("a", "kept", json!(2))] } });
    alice.call("proposal.submit", kept).await;
    alice
        .call("state.set", json!({ "key": "direct", "value": 3 }))
        .await;
    alice.fail(&asked, "no luck").await;
    let answer = alice.answer_to(aborted).await;
    assert_eq!(answer["result"]["outcome"], "aborted");
    assert_eq!(
        alice.call("state.snapshot", Value::Null).await,
        json!({ "before": 0, "direct": 3, "kept": 2 })
    );
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_failure_aborts_skips_or_is_tried_again() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let failing = |id: &str, behavior: &str| {
        with(
            assert_holds(id, "k", json!(2)),
            json!({ "failure_behavior": behavior }),
        )
    };
    let actions = [
        write("a", "k", json!(1)),
        failing("b", "skip"),
        failing("c", "retry"),
        failing("d", "abort"),
        write("e", "late", json!(1)),
    ];
    alice.call("proposal.submit", proposal(actions)).await;
    assert_eq!(alice.call("state.keys", Value::Null).await, json!([]));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_must_hold_before_an_action_is_checked_before_it() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let only_if = |id: &str, condition: Value| {
        let members = json!({ "preconditions": [condition], "failure_behavior": "skip" });
        with(write(id, "out", json!(id)), members)
    };
    let actions = [
        write("in", "n", json!(5)),
        only_if("eq", json!({ "key": "n", "value": 5 })),
        only_if(
            "gt",
            json!({ "key": "n", "operator": "gt", "value": 5, "description": "more than five" }),
        ),
        only_if("exists", json!({ "key": "m", "operator": "exists" })),
        only_if("odd", json!({ "key": "n", "operator": "is_odd" })),
        with(
            read("dep", "n"),
            json!({ "state_dependencies": ["m"], "failure_behavior": "skip" }),
        ),
    ];
    alice.call("proposal.submit", proposal(actions)).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn outputs_flow_along_declared_dependencies() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call(
            "tools.register",
            json!([{ "name": "find" }, { "name": "open" }]),
        )
        .await;
    let open = json!({ "dependencies": ["find"], "parameters": { "path": "$find.output.files.0", "all": "$find.output" } });
    let actions = [with(call("open", "open"), open), call("find", "find")];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let find = alice.expect("tools.execute").await;
    assert_eq!(find["params"]["tool"], "find");
    alice
        .answer(&find, json!({ "files": ["a.txt", "b.txt"] }))
        .await;
    let open = alice.expect("tools.execute").await;
    assert_eq!(open["params"]["parameters"]["path"], "a.txt");
    alice.answer(&open, json!("text")).await;
    alice.answer_to(running).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_proposal_that_does_not_fit_together_is_refused_whole() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let depends =
        |id: &str, on: &str| with(write(id, "k", json!(1)), json!({ "dependencies": [on] }));
    for params in [
        Value::Null,
        json!({ "proposal": { "actions": [{ "type": "dance" }] } }),
        json!({ "proposal": { "id": "", "actions": [] } }),
        proposal([write("a", "k", json!(1)), write("a", "k", json!(2))]),
        proposal([depends("a", "b"), depends("b", "a")]),
        proposal([depends("a", "missing")]),
        proposal((0..10_001).map(|n| write(&n.to_string(), "k", json!(n)))),
        json!({ "proposal": { "actions": [] }, "scope": { "tenantId": "" } }),
    ] {
        alice.refusal("proposal.submit", params).await;
    }
    assert_eq!(alice.call("events.count", Value::Null).await, json!(0));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_proposal_has_a_time_of_its_own() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let mut params = proposal([
        write("a", "k", json!(1)),
        call("b", "work"),
        call("c", "work"),
    ]);
    params["proposal"]["timeout_ms"] = json!(5_000);
    let running = alice.request("proposal.submit", params).await;
    alice.expect("tools.execute").await;
    alice.expect("tools.cancel").await;
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["outcome"], "cancelled");
    assert_eq!(alice.call("state.keys", Value::Null).await, json!([]));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn of_two_that_write_the_same_key_the_first_to_end_wins() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let late = alice
        .request(
            "proposal.submit",
            proposal([
                read("r", "k"),
                write("a", "k", json!("late")),
                call("b", "work"),
            ]),
        )
        .await;
    let asked = alice.expect("tools.execute").await;
    alice
        .call("state.set", json!({ "key": "k", "value": "first" }))
        .await;
    alice.answer(&asked, json!("done")).await;
    let answer = alice.answer_to(late).await;
    // The tool did run: what it gave is not lost.
    let ran = &answer["error"]["data"]["result"];
    assert_eq!(
        statuses(ran),
        json!([["r", "succeeded"], ["a", "succeeded"], ["b", "succeeded"]])
    );
    assert_eq!(
        alice.call("state.get", json!({ "key": "k" })).await,
        json!("first")
    );
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_scope_names_the_tenant_whose_state_it_is() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let mut params = proposal([write("a", "k", json!("theirs"))]);
    params["scope"] =
        json!({ "callerId": "carol", "tenantId": "acme", "claims": { "plan": "pro" } });
    alice.call("proposal.submit", params).await;
    alice.call("state.keys", Value::Null).await;
    alice
        .call("state.snapshot", json!({ "tenant_id": "acme" }))
        .await;
    alice
        .call("events.query", json!({ "kinds": ["session_scope"] }))
        .await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn ids_and_members_that_are_left_out_are_filled_in() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let action = json!({ "type": "state_write", "parameters": { "key": "k" }, "unheard_of": true });
    alice
        .call(
            "proposal.submit",
            json!({ "proposal": { "actions": [action], "unheard_of": 1 } }),
        )
        .await;
    alice
        .call("proposal.submit", json!({ "proposal": { "actions": [] } }))
        .await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn many_tools_of_one_proposal_run_at_once_and_no_more_than_sixteen() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let mut params = proposal((0..40).map(|n| call(&n.to_string(), "work")));
    params["proposal"]["execution"] = json!("parallel");
    let running = alice.request("proposal.submit", params).await;
    let mut asked = Vec::new();
    for _ in 0..16 {
        asked.push(alice.expect("tools.execute").await);
    }
    alice.nothing_for(Duration::from_secs(1)).await;
    for _ in 0..24 {
        alice.answer(&asked.remove(0), json!(1)).await;
        asked.push(alice.expect("tools.execute").await);
    }
    for asked in &asked {
        alice.answer(asked, json!(1)).await;
    }
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["cost"]["tool_calls"], 40);
    alice.finish().await;
}
