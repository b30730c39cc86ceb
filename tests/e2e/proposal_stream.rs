//! The steps of a proposal, as they are told to who asked.

use std::time::Duration;

use car_tests::proposal::{call, proposal, with, write};
use car_tests::{TestClient, TestDaemon};
use serde_json::{Value, json};

async fn with_tool(daemon: &TestDaemon, tool: Value) -> TestClient {
    let mut alice = daemon.client("alice");
    alice.call("tools.register", json!([tool])).await;
    alice
}

fn streamed(actions: impl IntoIterator<Item = Value>) -> Value {
    with(proposal(actions), json!({ "stream": true }))
}

async fn step(client: &mut TestClient, kind: &str) -> Value {
    let event = client.expect("execution.event").await;
    assert_eq!(event["params"]["kind"], kind, "{event}");
    event
}

#[tokio::test(start_paused = true)]
async fn a_proposal_tells_its_steps_to_who_asked_for_them() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, json!({ "name": "fetch" })).await;
    let retried = json!({ "failure_behavior": "retry", "max_retries": 1 });
    let actions = [with(call("a", "fetch"), retried), write("b", "k", json!(1))];
    let running = alice.request("proposal.submit", streamed(actions)).await;
    let first = alice.expect("tools.execute").await;
    step(&mut alice, "validated").await;
    step(&mut alice, "started").await;
    alice.fail(&first, "no route").await;
    step(&mut alice, "retrying").await;
    let second = alice.expect("tools.execute").await;
    step(&mut alice, "started").await;
    let progress =
        json!({ "request_id": second["id"], "progress": 1, "total": 2, "message": "half of it" });
    alice.notify("tools.progress", progress).await;
    step(&mut alice, "progress").await;
    alice.answer(&second, json!("page")).await;
    let answer = alice.answer_to(running).await;
    for kind in ["succeeded", "validated", "started", "succeeded", "ended"] {
        step(&mut alice, kind).await;
    }
    // The answer says where the stream ends, and it can be read back under the proposal's own name.
    let run = &answer["result"]["run"];
    let page = alice
        .call("events.query", json!({ "stream": "run/p" }))
        .await;
    assert_eq!(
        (&page["stream"], &page["next"]["seq"]),
        (&run["stream"], &run["seq"])
    );
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn progress_puts_off_the_end_of_a_silent_tool_but_never_its_deadline() {
    let daemon = TestDaemon::start();
    let slow = json!({ "name": "build", "idle_timeout_ms": 1_000 });
    let mut alice = with_tool(&daemon, slow).await;
    let action = with(call("a", "build"), json!({ "timeout_ms": 2_500 }));
    let running = alice
        .request("proposal.submit", proposal([action.clone()]))
        .await;
    let asked = alice.expect("tools.execute").await;
    assert_eq!(asked["params"]["idle_timeout_ms"], 1_000);
    for progress in 1..=3 {
        alice.nothing_for(Duration::from_millis(800)).await;
        let told = json!({ "request_id": asked["id"], "progress": progress });
        alice.call("tools.progress", told).await;
    }
    // The time of the call is over though it was just heard of.
    let cancelled = alice.expect("tools.cancel").await;
    assert_eq!(cancelled["params"]["reason"], "timeout");
    alice.answer_to(running).await;

    daemon.remark("a tool that says nothing");
    let running = alice.request("proposal.submit", proposal([action])).await;
    let asked = alice.expect("tools.execute").await;
    let cancelled = alice.expect("tools.cancel").await;
    assert_eq!(cancelled["params"]["reason"], "idle");
    alice.answer_to(running).await;
    let late = json!({ "request_id": asked["id"], "progress": 1 });
    alice.call("tools.progress", late).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn progress_that_comes_too_fast_is_left_out_and_counted() {
    let daemon = TestDaemon::start();
    let mut alice = with_tool(&daemon, json!({ "name": "build" })).await;
    let running = alice
        .request("proposal.submit", streamed([call("a", "build")]))
        .await;
    let asked = alice.expect("tools.execute").await;
    step(&mut alice, "validated").await;
    step(&mut alice, "started").await;
    for progress in 1..=100 {
        let told = json!({ "request_id": asked["id"], "progress": progress });
        alice.notify("tools.progress", told).await;
    }
    let first = step(&mut alice, "progress").await;
    assert_eq!(
        first["params"]["data"],
        json!({ "attempt": 1, "progress": 1.0 })
    );
    alice.nothing_for(Duration::from_millis(50)).await;
    let told = json!({ "request_id": asked["id"], "progress": 101 });
    alice.notify("tools.progress", told).await;
    let second = step(&mut alice, "progress").await;
    assert_eq!(second["params"]["data"]["dropped"], 99);
    alice.answer(&asked, json!(1)).await;
    alice.answer_to(running).await;
    step(&mut alice, "succeeded").await;
    step(&mut alice, "ended").await;
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_listener_may_come_while_the_proposal_runs() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    let mut mallory = daemon.authenticated("mallory").await;
    let mut harry = daemon.host("harry").await;
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let none = json!({ "streams": ["run/p"] });
    alice.refusal("events.subscribe", none.clone()).await;
    let running = alice
        .request("proposal.submit", proposal([call("a", "work")]))
        .await;
    let asked = alice.expect("tools.execute").await;
    let name = format!("run/{}/p", asked["params"]["session_id"].as_str().unwrap());
    alice.call("events.subscribe", none).await;
    let whole = json!({ "streams": [name] });
    mallory.refusal("events.subscribe", whole.clone()).await;
    harry.call("events.subscribe", whole).await;
    // Whose call it is not has nothing to say about it.
    let foreign = json!({ "request_id": asked["id"], "progress": 1 });
    mallory.call("tools.progress", foreign).await;
    alice.answer(&asked, json!(1)).await;
    alice.answer_to(running).await;
    for client in [&mut alice, &mut harry] {
        step(client, "succeeded").await;
        step(client, "ended").await;
    }
    mallory.finish().await;
    alice.finish().await;
    // The stream goes with its session.
    harry.expect("events.ended").await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn many_streamed_proposals_need_no_more_room_than_a_few() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    for _ in 0..200 {
        let mut params = streamed([write("a", "k", json!(1))]);
        params["proposal"].as_object_mut().unwrap().remove("id");
        let running = alice.request("proposal.submit", params).await;
        assert!(alice.answer_to(running).await["result"]["run"]["seq"].is_u64());
        for kind in ["validated", "started", "succeeded", "ended"] {
            step(&mut alice, kind).await;
        }
    }
    assert!(daemon.only_session().subscriptions().list().len() <= 2);
    assert!(daemon.server.state().log().streams() <= 66);
    alice.finish().await;
    daemon.assert_empty().await;
}
