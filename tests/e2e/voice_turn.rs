//! Turns of a spoken conversation: one agent answers at once, another takes its time.

use std::time::Duration;

use car_state::voice::VoiceAgents;
use car_tests::{TestClient, TestDaemon, Wanted, settle};
use serde_json::{Value, json};

fn daemon() -> TestDaemon {
    TestDaemon::with(Wanted {
        state: |config| {
            config.with_voice_agents(VoiceAgents {
                fast: Some("quick".into()),
                sidecar: Some("thorough".into()),
            })
        },
        ..Wanted::default()
    })
}

async fn agent(daemon: &TestDaemon, id: &str) -> TestClient {
    let mut agent = daemon.client(id);
    agent
        .call("host.register_agent", json!({ "id": id, "name": id }))
        .await;
    agent
}

/// Takes a prompt; answers what it was.
async fn take(agent: &mut TestClient) -> Value {
    let prompt = agent.expect("agent.chat").await;
    agent.answer(&prompt, json!({ "accepted": true })).await;
    prompt["params"].clone()
}

async fn say(agent: &mut TestClient, prompt: &Value, kind: &str, delta: &str) {
    let said = json!({ "session_id": prompt["session_id"], "kind": kind, "delta": delta });
    agent.notify("agent.chat.event", said).await;
}

/// The next event of a turn: its kind and all of it.
async fn event(client: &mut TestClient) -> (String, Value) {
    let told = client.expect("voice.event").await;
    let event = told["params"]["event"].clone();
    (event["type"].as_str().unwrap().to_owned(), event)
}

#[tokio::test(start_paused = true)]
async fn two_agents_answer_what_was_said() {
    let daemon = daemon();
    let mut quick = agent(&daemon, "quick").await;
    let mut thorough = agent(&daemon, "thorough").await;
    let mut desk = daemon.client("desk");
    let warm = desk.call("voice.prewarm_turn", json!({})).await;
    assert_eq!(warm["tracks"][1]["available"], true);
    let params =
        json!({ "utterance": "why is the sky blue", "config_overlay": { "voice": "calm" } });
    let turn = desk.call("voice.dispatch_turn", params).await;
    let fast = take(&mut quick).await;
    let slow = take(&mut thorough).await;
    assert_eq!(fast["context"]["voice_input"], true);
    assert_eq!(slow["attachments"][0]["name"], "config_overlay");
    for word in ["Because ", "of the air."] {
        say(&mut quick, &fast, "token", word).await;
        let (kind, told) = event(&mut desk).await;
        assert_eq!(
            (kind.as_str(), &told["text"]),
            ("voice.turn.fast_delta", &json!(word))
        );
        assert_eq!(told["turn_id"], turn["turn_id"]);
    }
    say(&mut quick, &fast, "done", "").await;
    let (kind, told) = event(&mut desk).await;
    assert_eq!(kind, "voice.turn.fast_done");
    assert_eq!(
        (&told["text"], &told["last"]),
        (&json!("Because of the air."), &Value::Null)
    );
    say(&mut thorough, &slow, "token", "Rayleigh scattering.").await;
    say(&mut thorough, &slow, "done", "").await;
    let (kind, told) = event(&mut desk).await;
    assert_eq!(kind, "voice.turn.sidecar");
    assert_eq!(
        (&told["text"], &told["last"]),
        (&json!("Rayleigh scattering."), &json!(true))
    );
    let none = desk.call("voice.cancel_turn", json!({})).await;
    assert_eq!(none, json!({ "cancelled": true }));
    for client in [quick, thorough, desk] {
        client.finish().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_has_to_be_looked_up_is_bridged_and_another_turn_takes_its_place() {
    let daemon = daemon();
    let mut thorough = agent(&daemon, "thorough").await;
    let mut quick = agent(&daemon, "quick").await;
    let mut desk = daemon.client("desk");
    let params = json!({ "utterance": "any new emails?", "session_id": "talk" });
    let first = desk.call("voice.dispatch_turn", params).await;
    assert_eq!(first["tracks"].as_array().unwrap().len(), 1);
    let mail = take(&mut thorough).await;
    let (kind, bridge) = event(&mut desk).await;
    assert_eq!(
        (kind.as_str(), &bridge["kind"]),
        ("voice.turn.bridge", &json!("email"))
    );

    let params = json!({ "utterance": "never mind", "session_id": "talk" });
    let second = desk.call("voice.dispatch_turn", params).await;
    let (kind, told) = event(&mut desk).await;
    assert_eq!(
        (kind.as_str(), &told["turn_id"]),
        ("voice.turn.cancelled", &first["turn_id"])
    );
    thorough.expect("agent.chat.cancel").await;
    say(&mut thorough, &mail, "token", "You have ").await;
    let fast = take(&mut quick).await;
    take(&mut thorough).await;
    // A turn that is over is not the one that is cancelled.
    let other = json!({ "turn_id": first["turn_id"] });
    assert_eq!(
        desk.call("voice.cancel_turn", other).await,
        json!({ "cancelled": true })
    );
    let cancelled = desk.call("voice.cancel_turn", json!({})).await;
    assert_eq!(cancelled["turn_id"], second["turn_id"]);
    assert_eq!(event(&mut desk).await.0, "voice.turn.cancelled");
    quick.expect("agent.chat.cancel").await;
    thorough.expect("agent.chat.cancel").await;
    say(&mut quick, &fast, "token", "too late").await;
    settle().await;
    for client in [quick, thorough, desk] {
        client.finish().await;
    }
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_is_told_and_the_other_does() {
    let daemon = daemon();
    let mut thorough = agent(&daemon, "thorough").await;
    let mut desk = daemon.client("desk");
    let params = json!({ "utterance": "hello", "sidecar_timeout_ms": 2_000 });
    let turn = desk.call("voice.dispatch_turn", params).await;
    assert_eq!(turn["tracks"][0]["available"], false);
    let (kind, told) = event(&mut desk).await;
    assert_eq!(
        (kind.as_str(), &told["track"]),
        ("voice.turn.error", &json!("fast"))
    );
    assert_eq!(told["error"], "no agent has the id quick");
    take(&mut thorough).await;
    let before = tokio::time::Instant::now();
    let (kind, told) = event(&mut desk).await;
    assert_eq!(
        (kind.as_str(), &told["track"]),
        ("voice.turn.error", &json!("sidecar"))
    );
    assert_eq!(
        (&told["error"], &told["last"]),
        (&json!("no answer within 2000 ms"), &json!(true))
    );
    assert!(before.elapsed() <= Duration::from_secs(2));
    thorough.expect("agent.chat.cancel").await;
    thorough.finish().await;
    desk.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_turn_ends_with_its_session_and_its_agents_are_told() {
    let daemon = daemon();
    let mut quick = agent(&daemon, "quick").await;
    let mut desk = daemon.client("desk");
    let params = json!({ "utterance": "hello", "sidecar_agent": "nobody" });
    desk.call("voice.dispatch_turn", params).await;
    take(&mut quick).await;
    assert_eq!(event(&mut desk).await.0, "voice.turn.error");
    desk.finish().await;
    quick.expect("agent.chat.cancel").await;
    quick.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn turns_that_nobody_can_answer_are_refused() {
    let daemon = TestDaemon::start();
    let mut desk = daemon.client("desk");
    for (params, kind) in [
        (json!({ "utterance": "hello" }), "unavailable"),
        (
            json!({ "utterance": "hello", "fast_agent": "nobody" }),
            "not_found",
        ),
        (json!({ "utterance": " " }), "invalid_params"),
        (
            json!({ "utterance": "x", "session_id": "a b", "fast_agent": "y" }),
            "invalid_params",
        ),
        (
            json!({ "utterance": "x", "sidecar_timeout_ms": 0 }),
            "invalid_params",
        ),
    ] {
        let id = desk.request("voice.dispatch_turn", params).await;
        let answer = desk.answer_to(id).await;
        assert_eq!(answer["error"]["data"]["kind"], kind, "{answer}");
    }
    desk.finish().await;
    daemon.assert_empty().await;
}
