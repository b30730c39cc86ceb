//! How chats end: once, whoever causes it.

use std::time::Duration;

use car_tests::{TestClient, TestDaemon, settle};
use serde_json::{Value, json};

/// A client that registered the agent `echo`, and one that asks it.
async fn both(daemon: &TestDaemon) -> (TestClient, TestClient) {
    let mut agent = daemon.client("echo");
    let params = json!({ "id": "echo", "name": "Echo" });
    agent.call("host.register_agent", params).await;
    (agent, daemon.client("host"))
}

fn prompt(more: Value) -> Value {
    let mut params = json!({ "agent_id": "echo", "prompt": "hello", "session_id": "c" });
    if let (Some(params), Some(more)) = (params.as_object_mut(), more.as_object()) {
        params.extend(more.clone());
    }
    params
}

/// Begins a turn that the agent takes.
async fn begin(host: &mut TestClient, agent: &mut TestClient, more: Value) {
    let id = host.request("agents.chat", prompt(more)).await;
    let asked = agent.expect("agent.chat").await;
    agent.answer(&asked, json!(null)).await;
    assert_eq!(host.answer_to(id).await["result"]["accepted"], true);
}

async fn outcome(host: &mut TestClient) -> Value {
    let event = host.expect("agents.chat.event").await;
    event["params"]["outcome"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_takes_too_long_is_given_up() {
    let daemon = TestDaemon::start();
    let (mut agent, mut host) = both(&daemon).await;
    // To take the prompt:
    let refused = host.refusal("agents.chat", prompt(json!({}))).await;
    assert_eq!(refused["data"]["outcome"], "timeout");
    agent.expect("agent.chat").await;
    agent.expect("agent.chat.cancel").await;
    // To say something:
    begin(&mut host, &mut agent, json!({ "idle_timeout_ms": 1_000 })).await;
    let said = json!({ "session_id": "c", "kind": "token", "delta": "…" });
    tokio::time::sleep(Duration::from_millis(900)).await;
    agent.notify("agent.chat.event", said.clone()).await;
    host.expect("agents.chat.event").await;
    assert_eq!(outcome(&mut host).await, "timeout");
    agent.expect("agent.chat.cancel").await;
    // In all:
    begin(
        &mut host,
        &mut agent,
        json!({ "timeout_ms": 1_500, "idle_timeout_ms": 1_000 }),
    )
    .await;
    // Who is in the chat already is told that its next turn begins.
    let begins = host.expect("agents.chat.event").await;
    assert_eq!(begins["params"]["kind"], "prompt");
    tokio::time::sleep(Duration::from_millis(900)).await;
    agent.notify("agent.chat.event", said).await;
    host.expect("agents.chat.event").await;
    assert_eq!(outcome(&mut host).await, "timeout");
    agent.expect("agent.chat.cancel").await;
    host.finish().await;
    agent.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_goes_ends_what_it_was_asked() {
    let daemon = TestDaemon::start();
    let (mut agent, mut host) = both(&daemon).await;
    begin(&mut host, &mut agent, json!({})).await;
    host.call("agents.chat", prompt(json!({ "when_busy": "queue" })))
        .await;
    agent.cut();
    assert_eq!(outcome(&mut host).await, "agent_gone");
    // Nobody is there for the one that waited either.
    assert_eq!(outcome(&mut host).await, "agent_gone");
    settle().await;
    let gone = host.refusal("agents.chat", prompt(json!({}))).await;
    assert_eq!(gone["data"]["kind"], "not_found");
    host.call("agents.chat.history", json!({ "session_id": "c" }))
        .await;
    host.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_agent_may_refuse_and_may_go_before_it_answers() {
    let daemon = TestDaemon::start();
    let (mut agent, mut host) = both(&daemon).await;
    let id = host.request("agents.chat", prompt(json!({}))).await;
    let asked = agent.expect("agent.chat").await;
    agent.fail(&asked, "not today").await;
    let refused = host.answer_to(id).await;
    assert_eq!(refused["error"]["data"]["kind"], "agent_refused");
    let id = host.request("agents.chat", prompt(json!({}))).await;
    agent.expect("agent.chat").await;
    agent.cut();
    let refused = host.answer_to(id).await;
    assert_eq!(refused["error"]["data"]["outcome"], "agent_gone");
    host.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_chat_is_cancelled_by_who_may_and_ends_with_its_host_if_that_wants_it() {
    let daemon = TestDaemon::start();
    let (mut agent, mut host) = both(&daemon).await;
    begin(&mut host, &mut agent, json!({})).await;
    host.call("agents.chat.cancel", json!({ "session_id": "c" }))
        .await;
    assert_eq!(outcome(&mut host).await, "cancelled");
    agent.expect("agent.chat.cancel").await;
    host.call("agents.chat.cancel", json!({ "session_id": "c" }))
        .await;
    host.call("agents.chat.cancel", json!({ "session_id": "x" }))
        .await;
    begin(&mut host, &mut agent, json!({ "on_disconnect": "cancel" })).await;
    host.cut();
    let told = agent.expect("agent.chat.cancel").await;
    assert_eq!(told["params"]["reason"], "host_gone");
    agent.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn nobody_speaks_in_anothers_name() {
    let daemon = TestDaemon::guarded();
    let mut agent = daemon.authenticated("agent").await;
    agent
        .call(
            "host.register_agent",
            json!({ "id": "echo", "name": "Echo" }),
        )
        .await;
    let mut host = daemon.authenticated("host").await;
    begin(&mut host, &mut agent, json!({})).await;
    // Not the one that began it, not a host, not somebody with the same credential as the agent.
    let forged = json!({ "session_id": "c", "kind": "done" });
    host.refusal("agent.chat.event", forged.clone()).await;
    let mut screen = daemon.host("screen").await;
    screen.refusal("agent.chat.event", forged.clone()).await;
    screen.notify("agent.chat.event", forged.clone()).await;
    screen.finish().await;
    // Nobody at all before they say who they are.
    let mut stranger = daemon.client("stranger");
    stranger.notify("agent.chat.event", forged.clone()).await;
    assert_eq!(stranger.closed().await, Some(1008));
    // The agent itself cannot say what only the daemon says.
    let own = json!({ "session_id": "c", "kind": "approval_resolved" });
    agent.refusal("agent.chat.event", own).await;
    settle().await;
    host.nothing_for(Duration::from_secs(1)).await;
    agent.notify("agent.chat.event", forged).await;
    assert_eq!(outcome(&mut host).await, "done");
    host.finish().await;
    agent.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_prompt_is_named() {
    let daemon = TestDaemon::start();
    let (agent, mut host) = both(&daemon).await;
    for more in [
        json!({ "session_id": "../c" }),
        json!({ "session_id": "" }),
        json!({ "agent_id": "nobody" }),
        json!({ "timeout_ms": 0 }),
        json!({ "attachments": [{ "name": "", "content": 1 }] }),
    ] {
        host.refusal("agents.chat", prompt(more)).await;
    }
    let unknown = json!({ "session_id": "x" });
    host.refusal("agents.chat.history", unknown).await;
    host.finish().await;
    agent.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}
