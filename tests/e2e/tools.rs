use std::time::Duration;

use car_tests::proposal::{call, proposal, read, statuses, with};
use car_tests::{TestClient, TestDaemon, settle};
use serde_json::{Value, json};

/// A client with a tool of this name.
async fn with_tool(daemon: &TestDaemon, tool: &str) -> TestClient {
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": tool }]))
        .await;
    alice
}

#[tokio::test(start_paused = true)]
async fn tools_are_registered_listed_replaced_and_removed() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let search = json!({
        "name": "search",
        "description": "finds",
        "parameters": { "type": "object", "required": ["q"] },
        "returns": { "type": "array" },
        "idempotent": true,
        "cache_ttl_secs": 60,
        "rate_limit": { "max_calls": 10, "interval_secs": 1.5 },
    });
    alice
        .call("tools.register", json!([search, { "name": "rm" }]))
        .await;
    alice.call("tools.list", Value::Null).await;
    alice
        .call("tools.register", json!([{ "name": "search" }]))
        .await;
    alice
        .call("tools.unregister", json!({ "name": "rm" }))
        .await;
    alice
        .call("tools.unregister", json!({ "name": "rm" }))
        .await;
    alice.call("tools.list", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_tool_is_named_and_none_of_the_call_is_registered() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    for params in [
        Value::Null,
        json!({ "name": "search" }),
        json!([{ "name": "good" }, {}]),
        json!([{ "name": "good" }, { "name": "" }]),
        json!([{ "name": "good" }, { "name": "bad", "parameters": { "properties": { "q": { "type": 7 } } } }]),
        json!([{ "name": "good" }, { "name": "bad", "returns": { "$ref": "https://example.org/schema" } }]),
        json!([{ "name": "good" }, { "name": "bad", "rate_limit": { "max_calls": 0, "interval_secs": 1 } }]),
    ] {
        alice.refusal("tools.register", params).await;
    }
    assert_eq!(
        alice.call("tools.list", json!({})).await,
        json!({ "tools": [] })
    );
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_call_carries_its_deadline_its_attempt_and_its_ids() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "add").await;
    let sum = json!({ "parameters": { "a": 1, "b": 2 }, "timeout_ms": 5_000 });
    let running = alice
        .request("proposal.submit", proposal([with(call("sum", "add"), sum)]))
        .await;
    let asked = alice.expect("tools.execute").await;
    assert_eq!(asked["params"]["request_id"], asked["id"]);
    alice.nothing_for(Duration::from_millis(1_234)).await;
    alice.answer(&asked, json!(3)).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["results"][0]["duration_ms"], 1_234.0);
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

/// Head-to-head: H2.
#[tokio::test(start_paused = true)]
async fn null_is_a_result() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "fire").await;
    let running = alice
        .request("proposal.submit", proposal([call("a", "fire")]))
        .await;
    let asked = alice.expect("tools.execute").await;
    alice.answer(&asked, Value::Null).await;
    let answer = alice.answer_to(running).await;
    let result = answer["result"]["results"][0].as_object().unwrap();
    assert_eq!(result["status"], "succeeded");
    assert_eq!(result.get("output"), Some(&Value::Null));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

/// Head-to-head: H3.
#[tokio::test(start_paused = true)]
async fn a_tool_has_the_time_that_its_action_gives_it() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "build").await;
    let patient = with(call("a", "build"), json!({ "timeout_ms": 120_000 }));
    let running = alice.request("proposal.submit", proposal([patient])).await;
    let asked = alice.expect("tools.execute").await;
    assert_eq!(asked["params"]["timeout_ms"], 120_000);
    alice.nothing_for(Duration::from_secs(90)).await;
    alice.answer(&asked, json!("built")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(statuses(&answer["result"]), json!([["a", "succeeded"]]));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn when_time_is_over_the_call_is_taken_back_and_a_late_answer_is_ignored() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "build").await;
    let hasty = with(call("a", "build"), json!({ "timeout_ms": 2_000 }));
    let running = alice.request("proposal.submit", proposal([hasty])).await;
    let asked = alice.expect("tools.execute").await;
    let cancel = alice.expect("tools.cancel").await;
    assert_eq!(
        cancel["params"]["request_id"],
        asked["params"]["request_id"]
    );
    alice.answer_to(running).await;
    assert!(daemon.only_session().callbacks().is_empty());
    alice.answer(&asked, json!("built at last")).await;
    // Nobody minds: the connection goes on.
    alice.call("state.keys", Value::Null).await;
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_a_call_of_its_own_and_retries_are_counted() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "flaky").await;
    let stubborn = json!({ "failure_behavior": "retry", "max_retries": 3, "timeout_ms": 1_000 });
    let actions = [with(call("a", "flaky"), stubborn)];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let first = alice.expect("tools.execute").await;
    alice.fail(&first, "out of luck").await;
    let second = alice.expect("tools.execute").await;
    alice.expect("tools.cancel").await;
    let third = alice.expect("tools.execute").await;
    // What the second attempt was asked for is not what the third one waits for.
    alice.answer(&second, json!("too late")).await;
    alice.answer(&third, json!("in time")).await;
    let answer = alice.answer_to(running).await;
    let attempts: Vec<_> = [&first, &second, &third]
        .map(|asked| asked["params"]["attempt"].clone())
        .into();
    assert_eq!(json!(attempts), json!([1, 2, 3]));
    assert_eq!(answer["result"]["cost"]["retries"], 2);
    assert_eq!(answer["result"]["results"][0]["output"], "in time");
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_error_is_the_actions_failure_in_the_tools_words() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "rm").await;
    let rm = |id: &str| with(call(id, "rm"), json!({ "failure_behavior": "skip" }));
    let actions = ["a", "b", "c", "d"].map(rm);
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let asked = alice.expect("tools.execute").await;
    alice.fail(&asked, "permission denied").await;
    // Errors as sloppy peers write them fail the call too, and never leave it waiting.
    for members in [
        r#""error":{}"#,
        r#""error":"broken""#,
        r#""error":{"code":1,"message":"no"},"result":1"#,
    ] {
        let asked = alice.expect("tools.execute").await;
        let id = &asked["id"];
        alice
            .send_text(&format!(r#"{{"jsonrpc":"2.0",{members},"id":{id}}}"#))
            .await;
    }
    alice.answer_to(running).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_waits_for_changes_nothing() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "add").await;
    let running = alice
        .request("proposal.submit", proposal([call("a", "add")]))
        .await;
    let asked = alice.expect("tools.execute").await;
    for id in [json!("cb-7"), json!("x"), json!(1), Value::Null] {
        alice.answer(&json!({ "id": id }), json!("forged")).await;
    }
    alice.answer(&asked, json!("first")).await;
    alice.answer(&asked, json!("second")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["results"][0]["output"], "first");
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn only_the_asked_client_can_answer() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "add").await;
    let mut mallory = daemon.client("mallory");
    let running = alice
        .request("proposal.submit", proposal([call("a", "add")]))
        .await;
    let asked = alice.expect("tools.execute").await;
    mallory.answer(&asked, json!("forged")).await;
    mallory.call("state.keys", Value::Null).await;
    alice.answer(&asked, json!("hers")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["results"][0]["output"], "hers");
    alice.finish().await;
    mallory.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_ends_the_calls_that_it_was_asked_for() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "add").await;
    alice
        .request("proposal.submit", proposal([call("a", "add")]))
        .await;
    alice.expect("tools.execute").await;
    let session = daemon.only_session();
    assert_eq!((session.tasks(), session.callbacks().len()), (1, 1));
    alice.cut();
    daemon.assert_empty().await;
    assert_eq!((session.tasks(), session.callbacks().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_no_longer_wanted_are_taken_back() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "work").await;
    let mut params = proposal([call("a", "work"), call("b", "work")]);
    params["proposal"]["execution"] = json!("parallel");
    let running = alice.request("proposal.submit", params).await;
    let failing = alice.expect("tools.execute").await;
    let pointless = alice.expect("tools.execute").await;
    alice.fail(&failing, "no way").await;
    let cancel = alice.expect("tools.cancel").await;
    assert_eq!(cancel["params"]["request_id"], pointless["id"]);
    alice.answer_to(running).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_is_unregistered_meanwhile_still_answers() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "work").await;
    let actions = [
        call("a", "work"),
        with(call("b", "work"), json!({ "failure_behavior": "skip" })),
    ];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let asked = alice.expect("tools.execute").await;
    alice
        .call("tools.unregister", json!({ "name": "work" }))
        .await;
    alice.answer(&asked, json!("done")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(
        statuses(&answer["result"]),
        json!([["a", "succeeded"], ["b", "rejected"]])
    );
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn parameters_and_results_are_held_against_the_schemas() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let strict = json!({
        "name": "add",
        "parameters": { "type": "object", "required": ["a"], "properties": { "a": { "type": "number" } } },
        "returns": { "type": "number" },
    });
    alice.call("tools.register", json!([strict])).await;
    let add = |id: &str, parameters: Value| {
        with(
            call(id, "add"),
            json!({ "parameters": parameters, "failure_behavior": "skip" }),
        )
    };
    let actions = [
        add("a", json!({})),
        add("b", json!({ "a": "1" })),
        add("c", json!({ "a": 1 })),
    ];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let asked = alice.expect("tools.execute").await;
    assert_eq!(asked["params"]["action_id"], "c");
    alice.answer(&asked, json!("one")).await;
    alice.answer_to(running).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn the_connection_goes_on_working_while_a_tool_runs() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, "work").await;
    let running = alice
        .request("proposal.submit", proposal([call("a", "work")]))
        .await;
    let asked = alice.expect("tools.execute").await;
    // A tool may use the session that it works for, another proposal included.
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    let result = alice
        .call("proposal.submit", proposal([read("r", "k")]))
        .await;
    assert_eq!(result["results"][0]["output"], 1);
    alice.answer(&asked, json!("done")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(statuses(&answer["result"]), json!([["a", "succeeded"]]));
    settle().await;
    assert_eq!(daemon.only_session().tasks(), 0);
    alice.finish().await;
}
