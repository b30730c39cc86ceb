use std::sync::Arc;
use std::time::Duration;

use car_server::hearing::Hearing;
use car_state::server::ServerStateConfig;
use car_state::voice::VoiceLimits;
use car_tests::{TestClient, TestDaemon, Wanted};
use car_voice::stt::Heard;
use car_voice::stt::scripted::{Line, Scripted};
use serde_json::{Value, json};

fn line(after_ms: u64, segment: u64, revision: u32, text: &str) -> Line {
    let heard = Heard {
        is_final: true,
        segment,
        revision,
        text: text.into(),
        end_ms: after_ms,
        start_ms: after_ms - 90,
        ..Heard::default()
    };
    Line { after_ms, heard }
}

fn scripted(config: ServerStateConfig) -> ServerStateConfig {
    let script = vec![
        line(
            100,
            0,
            0,
            "The bridge needs more steel than the budget has.",
        ),
        line(200, 1, 0, "Nice weather."),
        line(300, 2, 0, "We decided to by cheaper steel for the bridge."),
        line(400, 2, 1, "We decided to buy cheaper steel for the bridge."),
        line(500, 3, 0, "I will call Ann about the steel by Friday."),
    ];
    let scripted = Arc::new(Scripted::new(script));
    let hearing = Hearing::new().with(scripted, "hears what it was told to hear");
    config.with_voice(Arc::new(hearing), VoiceLimits::default())
}

/// A daemon whose meetings are in a folder that goes with the test.
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

async fn push(client: &mut TestClient, voice: &str, millis: usize) {
    let audio = "A".repeat(millis * 32 / 3 * 4);
    let params = json!({ "session_id": voice, "pcm_b64": audio });
    client.call("voice.transcribe_stream.push", params).await;
}

async fn event(client: &mut TestClient) -> Value {
    let told = client.expect("voice.event").await;
    told["params"]["event"].clone()
}

async fn texts(client: &mut TestClient, id: &str) -> Vec<String> {
    let meeting = client
        .call("meeting.get", json!({ "meeting_id": id }))
        .await;
    let segments = meeting["segments"].as_array().unwrap();
    let text = |segment: &Value| segment["text"].as_str().unwrap().to_owned();
    segments.iter().map(text).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_said_in_a_meeting_is_kept_once_summarised_found_and_exported() {
    let root = tempfile::tempdir().unwrap();
    let daemon = daemon(&root);
    let mut alice = daemon.client("alice");
    let params = json!({ "id": "m-1", "sources": ["mic"], "title": "Steel" });
    let begun = alice.call("meeting.start", params).await;
    let voice = begun["voice_session_ids"][0].as_str().unwrap().to_owned();
    for _ in 0..5 {
        push(&mut alice, &voice, 102).await;
        assert_eq!(event(&mut alice).await["type"], "transcript");
    }
    let again = json!({ "id": "m-1", "sources": ["mic"] });
    let refused = alice.refusal("meeting.start", again).await;
    assert_eq!(refused["data"]["kind"], "conflict");
    let name = json!({ "meeting_id": "m-1", "speaker": "mic", "name": "Ada" });
    alice.call("meeting.name_speaker", name).await;
    let ended = alice
        .call("meeting.stop", json!({ "meeting_id": "m-1" }))
        .await;
    assert_eq!(event(&mut alice).await["type"], "done");
    let decided = "We decided to buy cheaper steel for the bridge.";
    assert_eq!(ended["summary"]["decisions"], json!([decided]));
    assert_eq!(ended["summary"]["attendees"], json!(["Ada"]));
    alice.call("meeting.list", json!({})).await;
    alice
        .call("meeting.get", json!({ "meeting_id": "m-1", "offset": 2 }))
        .await;
    let found = json!({ "query": "STEEL cheaper" });
    let found = alice.call("meeting.search", found).await;
    assert_eq!(found["hits"][0]["index"], 2);
    for format in ["markdown", "vtt"] {
        let params = json!({ "meeting_id": "m-1", "format": format });
        alice.call("meeting.export", params).await;
    }
    let deleted = alice
        .call("meeting.delete", json!({ "meeting_id": "m-1" }))
        .await;
    assert_eq!(deleted["deleted"], true);
    let gone = alice
        .refusal("meeting.get", json!({ "meeting_id": "m-1" }))
        .await;
    assert_eq!(gone["data"]["kind"], "not_found");
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_what_is_said_in_a_pause_or_without_consent() {
    let root = tempfile::tempdir().unwrap();
    let daemon = daemon(&root);
    let mut alice = daemon.client("alice");
    alice
        .call("meeting.start", json!({ "id": "m", "sources": ["mic"] }))
        .await;
    push(&mut alice, "meeting:m:mic", 102).await;
    event(&mut alice).await;
    let one = json!({ "meeting_id": "m" });
    alice.call("meeting.pause", one.clone()).await;
    push(&mut alice, "meeting:m:mic", 102).await;
    assert_eq!(event(&mut alice).await["text"], "Nice weather.");
    alice.call("meeting.resume", one.clone()).await;
    push(&mut alice, "meeting:m:mic", 102).await;
    event(&mut alice).await;
    alice.call("meeting.stop", one).await;
    assert_eq!(event(&mut alice).await["type"], "done");
    let kept = texts(&mut alice, "m").await;
    assert_eq!(
        kept,
        [
            "The bridge needs more steel than the budget has.",
            "We decided to by cheaper steel for the bridge."
        ]
    );

    let silent = json!({ "id": "s", "sources": ["mic"], "consent": "nothing" });
    alice.call("meeting.start", silent).await;
    push(&mut alice, "meeting:s:mic", 102).await;
    assert_eq!(event(&mut alice).await["type"], "transcript");
    let ended = alice
        .call("meeting.stop", json!({ "meeting_id": "s" }))
        .await;
    assert_eq!(ended["summary"], Value::Null);
    event(&mut alice).await;
    assert_eq!(texts(&mut alice, "s").await, Vec::<String>::new());
    alice.finish().await;
    daemon.assert_empty().await;
}

/// 102 ms of samples that are all 1.
fn ones() -> String {
    "AQABAAEA".repeat(544)
}

async fn push_ones(client: &mut TestClient, voice: &str) {
    let params = json!({ "session_id": voice, "pcm_b64": ones() });
    client.call("voice.transcribe_stream.push", params).await;
}

#[tokio::test(start_paused = true)]
async fn the_audio_is_kept_with_consent_silent_where_it_was_paused_and_goes_with_the_meeting() {
    let root = tempfile::tempdir().unwrap();
    let daemon = daemon(&root);
    let mut alice = daemon.client("alice");
    daemon.hide(&ones(), "<102 ms>");
    let params = json!({ "id": "m", "sources": ["mic", "system"], "consent": "record" });
    alice.call("meeting.start", params).await;
    let one = json!({ "meeting_id": "m" });
    for (voice, paused) in [
        ("mic", false),
        ("mic", true),
        ("mic", false),
        ("system", false),
    ] {
        if paused {
            alice.call("meeting.pause", one.clone()).await;
        }
        push_ones(&mut alice, &format!("meeting:m:{voice}")).await;
        assert_eq!(event(&mut alice).await["type"], "transcript");
        if paused {
            alice.call("meeting.resume", one.clone()).await;
        }
    }
    let stopped = json!({ "meeting_id": "m", "summarize": false });
    let ended = alice.call("meeting.stop", stopped).await;
    assert_eq!(ended["persist_audio"], true);
    assert_eq!(ended["audio"][0]["duration_ms"], 306);
    assert_eq!(ended["audio"][1]["duration_ms"], 102);
    let folder = root.path().join("meetings/m");
    let wav = hound::WavReader::open(folder.join("audio/mic.wav")).unwrap();
    assert_eq!((wav.spec().sample_rate, wav.spec().channels), (16_000, 1));
    let samples: Vec<i16> = wav.into_samples().map(Result::unwrap).collect();
    let wanted = [[1; 1_632], [0; 1_632], [1; 1_632]].concat();
    assert_eq!(samples, wanted);
    let deleted = alice.call("meeting.delete", one).await;
    assert_eq!(deleted["deleted"], true);
    assert!(!folder.exists());

    // A client of the original knows no consent; one that may keep words alone keeps no audio.
    let wanted = json!({ "id": "o", "sources": ["mic"], "persist_audio": true });
    alice.call("meeting.start", wanted).await;
    let one = json!({ "meeting_id": "o" });
    let meeting = alice.call("meeting.get", one.clone()).await;
    assert_eq!(meeting["metadata"]["consent"], "record");
    alice.call("meeting.stop", one).await;
    let words =
        json!({ "id": "w", "sources": ["mic"], "consent": "record", "persist_audio": false });
    alice.call("meeting.start", words).await;
    alice
        .call("meeting.stop", json!({ "meeting_id": "w" }))
        .await;
    assert!(!root.path().join("meetings/w/audio").exists());
    alice.leave().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_meeting_begins_with_all_of_its_sources_or_none() {
    let root = tempfile::tempdir().unwrap();
    let daemon = daemon(&root);
    let mut alice = daemon.client("alice");
    for params in [
        json!({ "sources": [] }),
        json!({ "sources": ["mic", "mic"] }),
        json!({ "sources": ["mic", "cam"] }),
        json!({ "sources": ["mic"], "id": "../m" }),
        json!({ "sources": ["mic"], "root": "/etc" }),
        json!({ "sources": ["mic"], "persist_audio": true, "consent": "transcript_only" }),
        json!({ "sources": ["mic"], "sample_rate": 7 }),
        json!({ "sources": ["mic"], "sample_rate": 0, "consent": "record" }),
        json!({ "sources": ["mic"], "channels": 0, "consent": "record" }),
    ] {
        let refused = alice.refusal("meeting.start", params).await;
        assert_eq!(refused["data"]["kind"], "invalid_params", "{refused}");
    }
    // The stream of the second source is there already.
    let taken = json!({
        "session_id": "meeting:m:system",
        "audio_source": { "kind": "pcm_push" },
    });
    alice.call("voice.transcribe_stream.start", taken).await;
    let both = json!({ "id": "m", "sources": ["mic", "system"] });
    let refused = alice.refusal("meeting.start", both.clone()).await;
    assert_eq!(refused["data"]["kind"], "conflict");
    let stop = json!({ "session_id": "meeting:m:system" });
    alice.call("voice.transcribe_stream.stop", stop).await;
    assert_eq!(event(&mut alice).await["type"], "done");
    let list = alice.call("meeting.list", json!({})).await;
    assert_eq!((&list["ids"], &list["active"]), (&json!([]), &json!([])));
    let begun = alice.call("meeting.start", both).await;
    assert_eq!(
        begun["voice_session_ids"],
        json!(["meeting:m:mic", "meeting:m:system"])
    );
    alice.leave().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_meeting_ends_with_its_streams() {
    let root = tempfile::tempdir().unwrap();
    let daemon = daemon(&root);
    let mut alice = daemon.client("alice");
    alice
        .call("meeting.start", json!({ "id": "m", "sources": ["mic"] }))
        .await;
    push(&mut alice, "meeting:m:mic", 102).await;
    event(&mut alice).await;
    alice.leave().await;
    let mut bob = daemon.client("bob");
    // The files are written by a thread that the clock of the test does not know.
    let ended = loop {
        let one = json!({ "meeting_id": "m" });
        let meeting = bob.call("meeting.get", one).await;
        if meeting["active"] == false {
            break meeting;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_ne!(ended["metadata"]["ended_at"], Value::Null);
    assert_eq!(ended["segments"].as_array().unwrap().len(), 1);
    let refused = bob
        .refusal("meeting.stop", json!({ "meeting_id": "m" }))
        .await;
    assert_eq!(refused["data"]["kind"], "conflict");
    bob.finish().await;
    daemon.assert_empty().await;
}
