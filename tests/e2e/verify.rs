use car_tests::TestDaemon;
use car_tests::proposal::{call, proposal, with, write};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn a_sound_proposal_is_valid_and_nothing_of_it_runs() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "search" }]))
        .await;
    let found = json!({ "expected_effects": { "found": 3 }, "preconditions": [{ "key": "q", "operator": "exists" }] });
    let actions = [
        write("a", "q", json!("cars")),
        with(call("b", "search"), found),
    ];
    alice.call("verify", proposal(actions)).await;
    assert_eq!(alice.call("state.keys", Value::Null).await, json!([]));
    assert_eq!(alice.call("events.count", Value::Null).await, json!(0));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_would_fail_is_named_by_action() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let strict = json!({ "type": "object", "required": ["q"] });
    alice
        .call(
            "tools.register",
            json!([{ "name": "search", "parameters": strict }]),
        )
        .await;
    let missing = json!({ "preconditions": [{ "key": "q", "operator": "exists" }] });
    let actions = [
        call("a", "missing"),
        call("b", "search"),
        with(write("c", "k", json!(1)), missing),
        with(write("d", "k", json!(1)), json!({ "dependencies": ["e"] })),
    ];
    alice.call("verify", proposal(actions)).await;
    let mut params = proposal([with(
        write("a", "k", json!(1)),
        json!({ "state_dependencies": ["q"] }),
    )]);
    alice.call("verify", params.clone()).await;
    params["initial_state"] = json!({ "q": true });
    alice.call("verify", params.clone()).await;
    // Without an initial state it is the session's own.
    alice
        .call("state.set", json!({ "key": "q", "value": 1 }))
        .await;
    params.as_object_mut().unwrap().remove("initial_state");
    alice.call("verify", params).await;
    alice.refusal("verify", json!({ "proposal": {} })).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_simulation_tells_the_state_after_each_action() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "search" }]))
        .await;
    alice
        .call("state.set", json!({ "key": "q", "value": "cars" }))
        .await;
    let found = json!({ "parameters": { "q": "cars" }, "expected_effects": { "found": true } });
    let actions = [
        with(call("a", "search"), found),
        write("b", "best", json!("$a.output.0")),
        with(
            write("c", "k", json!(1)),
            json!({ "state_dependencies": ["nobody wrote it"] }),
        ),
    ];
    alice.call("simulate", proposal(actions)).await;
    // Another tenant begins with another state.
    let mut params = proposal([write("a", "k", json!(1))]);
    params["scope"] = json!({ "tenantId": "acme" });
    let told = alice.call("simulate", params.clone()).await;
    assert_eq!(told["simulated_state"], json!({ "k": 1 }));
    params["scope"] = json!({ "tenantId": "" });
    alice.refusal("simulate", params).await;
    assert_eq!(alice.call("state.keys", Value::Null).await, json!(["q"]));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}
