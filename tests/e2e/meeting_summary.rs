//! What a meeting was about, as an agent tells it.

use std::sync::Arc;

use car_server::hearing::Hearing;
use car_state::server::ServerStateConfig;
use car_state::voice::VoiceLimits;
use car_tests::{TestClient, TestDaemon, Wanted};
use car_voice::stt::Heard;
use car_voice::stt::scripted::{Line, Scripted};
use serde_json::{Value, json};

const SAID: &str = "We decided to buy cheaper steel for the bridge.";

fn scripted(config: ServerStateConfig) -> ServerStateConfig {
    let heard = Heard {
        is_final: true,
        text: SAID.into(),
        end_ms: 100,
        ..Heard::default()
    };
    let script = vec![Line {
        after_ms: 100,
        heard,
    }];
    let hearing = Hearing::new().with(Arc::new(Scripted::new(script)), "scripted");
    config.with_voice(Arc::new(hearing), VoiceLimits::default())
}

fn daemon(root: &tempfile::TempDir) -> TestDaemon {
    let root = root.path().to_owned();
    let wanted = Wanted {
        state: scripted,
        ..Wanted::default()
    };
    let shown = root.display().to_string();
    let daemon = TestDaemon::with_state(wanted, |config| config.with_journal_dir(root));
    daemon.hide(&shown, "<root>");
    daemon
}

/// A meeting in which one thing was said.
async fn meeting(daemon: &TestDaemon) -> TestClient {
    let mut alice = daemon.client("alice");
    let params = json!({ "id": "m", "sources": ["mic"], "title": "Steel" });
    alice.call("meeting.start", params).await;
    let audio = "A".repeat(102 * 32 / 3 * 4);
    let params = json!({ "session_id": "meeting:m:mic", "pcm_b64": audio });
    alice.call("voice.transcribe_stream.push", params).await;
    alice.expect("voice.event").await;
    alice
}

/// A client that is the agent `scribe`.
async fn scribe(daemon: &TestDaemon) -> TestClient {
    let mut scribe = daemon.client("scribe");
    let params = json!({ "id": "scribe", "name": "Scribe" });
    scribe.call("host.register_agent", params).await;
    scribe
}

/// Takes a prompt, and answers it with these words.
async fn write(scribe: &mut TestClient, words: &str) -> Value {
    let prompt = scribe.expect("agent.chat").await;
    scribe.answer(&prompt, json!({ "accepted": true })).await;
    let chat = &prompt["params"]["session_id"];
    for said in [
        json!({ "session_id": chat, "kind": "token", "delta": words }),
        json!({ "session_id": chat, "kind": "done" }),
    ] {
        scribe.notify("agent.chat.event", said).await;
    }
    prompt["params"]["prompt"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_agent_summarises_a_meeting_and_cites_what_was_said() {
    let root = tempfile::tempdir().unwrap();
    let daemon = daemon(&root);
    let mut scribe = scribe(&daemon).await;
    let mut alice = meeting(&daemon).await;
    let stop = alice.request(
        "meeting.stop",
        json!({ "meeting_id": "m", "agent_id": "scribe" }),
    );
    let stop = stop.await;
    assert_eq!(
        alice.expect("voice.event").await["params"]["event"]["type"],
        "done"
    );
    let answer =
        r#"{"summary":"Cheaper steel.","citations":[{"text":"Cheaper steel.","segments":[0]}]}"#;
    let prompt = write(&mut scribe, answer).await;
    assert!(
        prompt
            .as_str()
            .unwrap()
            .ends_with(&format!("[0] unknown: {SAID}\n"))
    );
    let ended = alice.answer_to(stop).await;
    let summary = &ended["result"]["summary"];
    assert_eq!(
        (&summary["method"], &summary["agent_id"]),
        (&json!("agent"), &json!("scribe"))
    );
    assert_eq!(summary["citations"][0]["segment_id"], "0");
    alice.finish().await;
    scribe.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn where_no_agent_helps_the_meeting_says_itself_what_it_was_about_and_why() {
    let root = tempfile::tempdir().unwrap();
    let daemon = daemon(&root);
    let mut alice = meeting(&daemon).await;
    let params = json!({ "meeting_id": "m", "agent_id": "scribe", "timeout_ms": 2_000 });
    let ended = alice.call("meeting.stop", params.clone()).await;
    alice.expect("voice.event").await;
    assert_eq!(ended["summary"]["method"], "extractive");
    assert_eq!(ended["summary"]["reason"], "no agent has the id scribe");

    let mut scribe = scribe(&daemon).await;
    let again = alice.request("meeting.summarize", params.clone()).await;
    write(&mut scribe, "I would rather not.").await;
    let answer = alice.answer_to(again).await;
    let summary = &answer["result"]["summary"];
    assert_eq!(summary["reason"], "the agent's answer has no JSON object");
    assert_eq!(summary["decisions"], json!([SAID]));

    let again = alice.request("meeting.summarize", params).await;
    let prompt = scribe.expect("agent.chat").await;
    scribe.answer(&prompt, json!({ "accepted": true })).await;
    let answer = alice.answer_to(again).await;
    let reason = &answer["result"]["summary"]["reason"];
    assert_eq!(reason, "the agent gave no answer within 2000 ms");
    scribe.expect("agent.chat.cancel").await;
    let plain = alice
        .call("meeting.summarize", json!({ "meeting_id": "m" }))
        .await;
    assert_eq!(plain["summary"].get("reason"), None);
    alice.finish().await;
    scribe.finish().await;
    daemon.assert_empty().await;
}
