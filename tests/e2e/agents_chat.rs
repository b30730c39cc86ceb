//! What is said with agents: the usual course of a chat.

use std::time::Duration;

use car_tests::{TestClient, TestDaemon, settle};
use serde_json::{Value, json};

/// A client that registered the agent `echo`.
async fn echo(daemon: &TestDaemon) -> TestClient {
    let mut agent = daemon.client("echo");
    let params = json!({ "id": "echo", "name": "Echo" });
    agent.call("host.register_agent", params).await;
    agent
}

/// Takes a prompt; answers what it was.
async fn take(agent: &mut TestClient) -> Value {
    let prompt = agent.expect("agent.chat").await;
    agent.answer(&prompt, json!({ "accepted": true })).await;
    prompt["params"].clone()
}

async fn say(agent: &mut TestClient, prompt: &Value, kind: &str, more: Value) {
    let mut said = json!({ "session_id": prompt["session_id"], "kind": kind });
    if let (Some(said), Some(more)) = (said.as_object_mut(), more.as_object()) {
        said.extend(more.clone());
    }
    agent.notify("agent.chat.event", said).await;
}

/// Begins a turn that the agent takes; answers the result and the prompt.
async fn begin(host: &mut TestClient, agent: &mut TestClient, params: Value) -> (Value, Value) {
    let id = host.request("agents.chat", params).await;
    let prompt = take(agent).await;
    let answer = host.answer_to(id).await;
    (answer["result"].clone(), prompt)
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_asked_and_what_it_says_comes_in_order() {
    let daemon = TestDaemon::start();
    let mut agent = echo(&daemon).await;
    let mut host = daemon.client("host");
    let params = json!({ "agent_id": "echo", "prompt": "say it again", "session_id": "c" });
    let (_, prompt) = begin(&mut host, &mut agent, params).await;
    for word in ["say ", "it "] {
        say(&mut agent, &prompt, "token", json!({ "delta": word })).await;
    }
    // What the agent says about itself does not count, and members that nobody knows are passed on.
    let call = json!({ "detail": { "tool": "repeat" }, "agent_id": "somebody", "stream": "host", "mood": "good" });
    say(&mut agent, &prompt, "tool_call", call).await;
    say(&mut agent, &prompt, "token", json!({ "delta": "again" })).await;
    say(
        &mut agent,
        &prompt,
        "done",
        json!({ "finish_reason": "stop" }),
    )
    .await;
    for kind in ["token", "token", "tool_call", "token", "done"] {
        let event = host.expect("agents.chat.event").await;
        assert_eq!(event["params"]["kind"], kind);
        assert_eq!(event["params"]["agent_id"], "echo");
    }
    // It is over: nothing more is taken.
    let late = json!({ "session_id": "c", "kind": "token", "delta": "late" });
    let taken = agent.call("agent.chat.event", late).await;
    assert_eq!(taken["taken"], false);
    host.call("agents.chat.history", json!({ "session_id": "c" }))
        .await;
    host.call("agents.chat.list", json!({})).await;
    host.finish().await;
    agent.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_second_prompt_is_refused_or_waits_or_interrupts() {
    let daemon = TestDaemon::start();
    let mut agent = echo(&daemon).await;
    let mut host = daemon.client("host");
    let params = |prompt: &str, when_busy: &str| json!({ "agent_id": "echo", "prompt": prompt, "session_id": "c", "when_busy": when_busy });
    let (first, prompt) = begin(&mut host, &mut agent, params("first", "reject")).await;
    let busy = host
        .refusal("agents.chat", params("second", "reject"))
        .await;
    assert_eq!(busy["data"]["turn_id"], first["turn_id"]);
    let queued = host.call("agents.chat", params("third", "queue")).await;
    assert_eq!(queued["queued"], true);
    say(&mut agent, &prompt, "done", json!({})).await;
    assert_eq!(
        host.expect("agents.chat.event").await["params"]["kind"],
        "done"
    );
    // Now it has its turn.
    let third = take(&mut agent).await;
    assert_eq!(third["prompt"], "third");
    assert_eq!(
        host.expect("agents.chat.event").await["params"]["kind"],
        "prompt"
    );
    host.call("agents.chat", params("fourth", "queue")).await;
    let (_, fifth) = begin(&mut host, &mut agent, params("fifth", "interrupt")).await;
    agent.expect("agent.chat.cancel").await;
    assert_eq!(fifth["prompt"], "fifth");
    say(
        &mut agent,
        &fifth,
        "error",
        json!({ "error": "I am tired" }),
    )
    .await;
    // Those that were interrupted end, each once, before the new one begins.
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        let event = host.expect("agents.chat.event").await;
        outcomes.push(event["params"]["outcome"].clone());
    }
    assert_eq!(
        outcomes,
        [
            json!("cancelled"),
            json!("cancelled"),
            Value::Null,
            json!("error")
        ]
    );
    host.call(
        "agents.chat.history",
        json!({ "session_id": "c", "limit": 2 }),
    )
    .await;
    host.finish().await;
    agent.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn several_watch_a_chat_and_who_left_comes_back_to_it() {
    let daemon = TestDaemon::guarded();
    let mut agent = daemon.authenticated("agent").await;
    agent
        .call(
            "host.register_agent",
            json!({ "id": "echo", "name": "Echo" }),
        )
        .await;
    let mut host = daemon.authenticated("host").await;
    let params = json!({ "agent_id": "echo", "prompt": "count", "session_id": "c" });
    let (accepted, prompt) = begin(&mut host, &mut agent, params).await;
    say(&mut agent, &prompt, "token", json!({ "delta": "one " })).await;
    let seen = host.expect("agents.chat.event").await;
    let mut screen = daemon.host("screen").await;
    let since = json!({ "streams": ["chat/c"], "since": { "chat/c": accepted["from"] } });
    screen.call("events.subscribe", since).await;
    assert_eq!(
        screen.expect("agents.chat.event").await["params"]["kind"],
        "prompt"
    );
    assert_eq!(
        screen.expect("agents.chat.event").await["params"]["delta"],
        "one "
    );
    host.leave().await;
    say(&mut agent, &prompt, "token", json!({ "delta": "two " })).await;
    assert_eq!(
        screen.expect("agents.chat.event").await["params"]["delta"],
        "two "
    );
    // It goes on without who began it, who reads the rest.
    let mut again = daemon.authenticated("host again").await;
    let place = json!({ "epoch": seen["params"]["epoch"], "seq": seen["params"]["seq"] });
    let since = json!({ "streams": ["chat/c"], "since": { "chat/c": place } });
    again.call("events.subscribe", since).await;
    assert_eq!(
        again.expect("agents.chat.event").await["params"]["delta"],
        "two "
    );
    say(&mut agent, &prompt, "done", json!({})).await;
    for client in [&mut again, &mut screen] {
        assert_eq!(
            client.expect("agents.chat.event").await["params"]["outcome"],
            "done"
        );
    }
    again.finish().await;
    screen.finish().await;
    agent.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_comes_along_is_read_by_its_handle() {
    let daemon = TestDaemon::guarded();
    let mut agent = daemon.authenticated("agent").await;
    agent
        .call(
            "host.register_agent",
            json!({ "id": "echo", "name": "Echo" }),
        )
        .await;
    let mut host = daemon.host("host").await;
    let params = json!({
        "agent_id": "echo", "prompt": "summarise", "session_id": "c",
        "attachments": [{ "name": "notes.txt", "content": "warm in Lisbon" }],
    });
    let (_, prompt) = begin(&mut host, &mut agent, params).await;
    let handle = &prompt["attachments"][0]["handle"];
    let read = agent
        .call("results.read", json!({ "handle": handle }))
        .await;
    assert_eq!(read["data"], "warm in Lisbon");
    let answer =
        json!({ "attachments": [{ "name": "answer.json", "content": { "celsius": 21 } }] });
    say(&mut agent, &prompt, "attachment", answer).await;
    let event = host.expect("agents.chat.event").await;
    let handle = &event["params"]["attachments"][0]["handle"];
    host.call("results.read", json!({ "handle": handle })).await;
    host.leave().await;
    agent.leave().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_approval_is_shown_in_the_chat_and_decided_there() {
    let daemon = TestDaemon::start();
    let mut agent = echo(&daemon).await;
    let mut host = daemon.client("host");
    let params = json!({
        "agent_id": "echo", "prompt": "deploy", "session_id": "c", "idle_timeout_ms": 1_000,
    });
    let (_, prompt) = begin(&mut host, &mut agent, params).await;
    let asked = json!({ "action": "deploy", "agent_id": "echo", "system_level": true });
    agent.call("host.request_approval", asked).await;
    let pending = host.expect("agents.chat.event").await;
    assert_eq!(pending["params"]["kind"], "approval_pending");
    // While a person thinks, the agent may be silent.
    tokio::time::sleep(Duration::from_secs(30)).await;
    let decision =
        json!({ "approval_id": pending["params"]["detail"]["id"], "resolution": "approve" });
    host.call("host.resolve_approval", decision).await;
    let resolved = host.expect("agents.chat.event").await;
    assert_eq!(resolved["params"]["kind"], "approval_resolved");
    say(&mut agent, &prompt, "done", json!({})).await;
    assert_eq!(
        host.expect("agents.chat.event").await["params"]["outcome"],
        "done"
    );
    host.finish().await;
    agent.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn who_coalesces_gets_all_of_the_text_in_few_events() {
    let daemon = TestDaemon::start();
    let mut agent = echo(&daemon).await;
    let mut host = daemon.client("host");
    let params = json!({ "agent_id": "echo", "prompt": "count", "session_id": "c" });
    let (_, prompt) = begin(&mut host, &mut agent, params).await;
    for n in 0..500 {
        say(
            &mut agent,
            &prompt,
            "token",
            json!({ "delta": format!("{n} ") }),
        )
        .await;
    }
    say(&mut agent, &prompt, "done", json!({})).await;
    settle().await;
    let mut slow = daemon.client("slow");
    slow.off_the_record();
    let since = json!({ "streams": ["chat/c"], "since": "start", "delivery": "coalesce" });
    slow.call("events.subscribe", since).await;
    let (mut text, mut events) = (String::new(), 0);
    loop {
        let event = slow.expect("agents.chat.event").await;
        text.push_str(event["params"]["delta"].as_str().unwrap_or_default());
        events += 1;
        if event["params"]["kind"] == "done" {
            break;
        }
    }
    let wanted: String = (0..500).map(|n| format!("{n} ")).collect();
    assert_eq!(text, wanted);
    assert!(events < 50, "{events} events");
    slow.finish().await;
    host.leave().await;
    agent.leave().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_of_a_turn_has_no_secrets_and_what_is_said_has_every_word() {
    let daemon = TestDaemon::start();
    let mut agent = echo(&daemon).await;
    let mut host = daemon.client("host");
    let params =
        json!({ "agent_id": "echo", "prompt": "log in with password: hunter2", "session_id": "c" });
    let (_, prompt) = begin(&mut host, &mut agent, params).await;
    assert_eq!(prompt["prompt"], "log in with password: hunter2");
    // In pieces, between which it would be written down.
    let pieces = ["the secret sauce, API_", "KEY=swo", "rdfish and more"];
    for piece in pieces {
        say(&mut agent, &prompt, "token", json!({ "delta": piece })).await;
        let event = host.expect("agents.chat.event").await;
        assert_eq!(event["params"]["delta"], piece);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let kept = async |host: &mut TestClient| {
        let params = json!({ "session_id": "c" });
        let history = host.call("agents.chat.history", params).await;
        let turn = &history["turns"][0];
        assert_eq!(turn["prompt"], "log in with password: [secret, 7 bytes]");
        assert_eq!(
            turn["text"],
            "the secret sauce, API_KEY=[secret, 9 bytes] and more"
        );
        turn.clone()
    };
    kept(&mut host).await;
    let failed = json!({ "error": "refused: token=abc" });
    say(&mut agent, &prompt, "error", failed).await;
    let event = host.expect("agents.chat.event").await;
    assert_eq!(event["params"]["error"], "refused: token=abc");
    let turn = kept(&mut host).await;
    assert_eq!(turn["error"], "refused: token=[secret, 3 bytes]");
    host.finish().await;
    agent.finish().await;
}
