use std::sync::Arc;
use std::time::Duration;

use car_server::hearing::Hearing;
use car_state::server::ServerStateConfig;
use car_state::voice::VoiceLimits;
use car_tests::{TestClient, TestDaemon, Wanted, settle};
use car_transport::Frame;
use car_voice::format::AudioFormat;
use car_voice::frame::{AudioFrame, StreamId};
use car_voice::stt::Heard;
use car_voice::stt::scripted::{Line, Scripted};
use serde_json::{Value, json};

use crate::resume::{cut, resumable, resume};

fn line(after_ms: u64, is_final: bool, revision: u32, text: &str) -> Line {
    let heard = Heard {
        is_final,
        revision,
        text: text.into(),
        start_ms: 40,
        end_ms: after_ms,
        confidence: is_final.then_some(0.5),
        ..Heard::default()
    };
    Line { after_ms, heard }
}

fn script() -> Vec<Line> {
    vec![
        line(100, false, 0, "good"),
        line(200, true, 0, "gut morning"),
        line(300, true, 1, "good morning"),
    ]
}

fn hearing(lines: Vec<Line>) -> Arc<Hearing> {
    let scripted = Arc::new(Scripted::new(lines));
    Arc::new(Hearing::new().with(scripted, "hears what it was told to hear"))
}

fn scripted(config: ServerStateConfig) -> ServerStateConfig {
    config.with_voice(hearing(script()), VoiceLimits::default())
}

fn daemon(state: fn(ServerStateConfig) -> ServerStateConfig) -> TestDaemon {
    TestDaemon::with(Wanted {
        state,
        ..Wanted::default()
    })
}

/// So many milliseconds of silence in base64; twelve bytes are sixteen letters.
fn silence(millis: usize) -> String {
    "A".repeat(millis * 32 / 3 * 4)
}

fn start_params(voice: &str) -> Value {
    json!({
        "session_id": voice,
        "audio_source": { "kind": "pcm_push", "sample_rate": 16_000, "channels": 1 },
    })
}

async fn push(client: &mut TestClient, voice: &str, millis: usize) {
    let params = json!({ "session_id": voice, "pcm_b64": silence(millis) });
    let pushed = client.call("voice.transcribe_stream.push", params).await;
    assert_eq!(pushed, json!({ "accepted": true }));
}

/// The next event, and its kind.
async fn event(client: &mut TestClient) -> (String, Value) {
    let told = client.expect("voice.event").await;
    let kind = told["params"]["event"]["type"].as_str().unwrap().to_owned();
    (kind, told["params"].clone())
}

fn frame(voice: &str, sequence: u64, rate: u32) -> Frame {
    let frame = AudioFrame {
        stream: StreamId::new(voice).unwrap(),
        sequence,
        format: AudioFormat::new(rate, 1).unwrap(),
        audio: vec![0; 3_200].into(),
    };
    Frame::Binary(frame.to_message())
}

#[tokio::test(start_paused = true)]
async fn what_is_said_comes_from_the_start_to_done() {
    let daemon = daemon(scripted);
    let mut alice = daemon.client("alice");
    alice.call("voice.providers.list", json!({})).await;
    let begun = alice
        .call("voice.transcribe_stream.start", start_params("desk"))
        .await;
    for millis in [102, 102, 102] {
        push(&mut alice, "desk", millis).await;
        event(&mut alice).await;
    }
    let list = alice.call("voice.sessions.list", json!({})).await;
    assert_eq!(list["sessions"], json!(["desk"]));
    assert_eq!(list["details"][0]["stream"], begun["stream"]);
    let stopped = alice
        .call(
            "voice.transcribe_stream.stop",
            json!({ "session_id": "desk" }),
        )
        .await;
    let (kind, done) = event(&mut alice).await;
    assert_eq!((kind.as_str(), &done["seq"]), ("done", &stopped["seq"]));
    let list = alice.call("voice.sessions.list", json!({})).await;
    assert_eq!(list["sessions"], json!([]));
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn audio_comes_as_binary_messages_and_what_is_wrong_with_it_is_told() {
    let daemon = daemon(scripted);
    let mut alice = daemon.client("alice");
    let mut params = start_params("desk");
    params["options"] = json!({ "emit_audio_meta": true });
    alice.call("voice.transcribe_stream.start", params).await;
    // The second comes before the first.
    for sequence in [1, 0] {
        alice.send_frame(frame("desk", sequence, 16_000)).await;
    }
    let mut kinds = Vec::new();
    for _ in 0..4 {
        kinds.push(event(&mut alice).await.0);
    }
    kinds.sort();
    assert_eq!(
        kinds,
        ["audio_chunk", "audio_chunk", "partial", "transcript"]
    );

    daemon.remark("audio for a stream that is not there, five times");
    for sequence in 0..5 {
        alice.send_frame(frame("hall", sequence, 16_000)).await;
    }
    for refused in [1, 2, 4] {
        let told = alice.expect("voice.audio_refused").await;
        assert_eq!(told["params"]["refused"], refused);
    }
    alice.send_frame(frame("desk", 2, 16_000)).await;
    assert_eq!(event(&mut alice).await.0, "audio_chunk");
    daemon.remark("audio of another rate");
    alice.send_frame(frame("desk", 3, 8_000)).await;
    let told = alice.expect("voice.audio_refused").await;
    assert_eq!(told["params"]["kind"], "conflict");
    daemon.remark("audio that is cut within its header");
    alice.send_frame(Frame::Binary(vec![0xCA, 1].into())).await;
    alice.expect("voice.audio_refused").await;
    let stop = json!({ "session_id": "desk" });
    alice.call("voice.transcribe_stream.stop", stop).await;
    loop {
        if event(&mut alice).await.0 == "done" {
            break;
        }
    }
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn who_has_not_authenticated_sends_no_audio() {
    let daemon = TestDaemon::with(Wanted {
        auth: true,
        state: scripted,
        ..Wanted::default()
    });
    let mut stranger = daemon.client("stranger");
    stranger.send_frame(frame("desk", 0, 16_000)).await;
    assert_eq!(stranger.closed().await, Some(1003));
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_recogniser_the_start_says_how_to_get_one() {
    let daemon = daemon(|config| {
        let limits = VoiceLimits {
            session: 2,
            ..VoiceLimits::default()
        };
        config.with_voice(Arc::new(Hearing::new()), limits)
    });
    let mut alice = daemon.client("alice");
    let start = "voice.transcribe_stream.start";
    let begun = alice.call(start, start_params("desk")).await;
    assert_eq!(begun["providers"][0]["available"], false);
    let mut params = start_params("hall");
    params["options"] = json!({ "provider": "elevenlabs" });
    let refused = alice.refusal(start, params).await;
    assert_eq!(refused["data"]["kind"], "unavailable");
    let again = alice.refusal(start, start_params("desk")).await;
    assert_eq!(again["data"]["kind"], "conflict");
    let mut params = start_params("hall");
    params["audio_source"]["kind"] = "mic".into();
    let refused = alice.refusal(start, params).await;
    assert_eq!(refused["data"]["field"], "audio_source.kind");
    let mut params = start_params("hall");
    params["audio_source"]["sample_rate"] = 7.into();
    alice.refusal(start, params).await;
    let refused = alice.refusal(start, start_params("a b")).await;
    assert_eq!(refused["data"]["field"], "session_id");
    let push = "voice.transcribe_stream.push";
    for params in [
        json!({ "session_id": "hall", "pcm_b64": "AAA=" }),
        json!({ "session_id": "desk", "pcm_b64": "*" }),
        json!({ "session_id": "desk", "pcm_b64": "AA" }),
    ] {
        alice.refusal(push, params).await;
    }
    alice.call(start, start_params("hall")).await;
    let refused = alice.refusal(start, start_params("yard")).await;
    assert_eq!(refused["data"]["limit"], 2);
    let playing = json!({ "session_id": "desk", "playing": true });
    alice.call("voice.playback", playing).await;
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_hears_nothing_says_so() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let params = start_params("desk");
    let refused = alice.refusal("voice.transcribe_stream.start", params).await;
    assert_eq!(refused["data"]["kind"], "unavailable");
    let none = alice.call("voice.providers.list", json!({})).await;
    assert_eq!(none, json!([]));
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_back_in_time_finds_its_stream_and_what_it_missed() {
    let daemon = daemon(scripted);
    let (mut alice, token) = resumable(&daemon, "alice").await;
    let begun = alice
        .call("voice.transcribe_stream.start", start_params("desk"))
        .await;
    push(&mut alice, "desk", 102).await;
    event(&mut alice).await;
    push(&mut alice, "desk", 102).await;
    cut(alice).await;
    tokio::time::sleep(Duration::from_secs(29)).await;
    let place = json!({ begun["stream"].as_str().unwrap(): { "epoch": 1, "seq": 1 } });
    let params = json!({ "token": token, "seen": place });
    let (mut alice, resumed) = resume(&daemon, "alice again", params).await;
    let (kind, missed) = event(&mut alice).await;
    assert_eq!((kind.as_str(), &missed["seq"]), ("transcript", &json!(2)));
    push(&mut alice, "desk", 102).await;
    assert_eq!(event(&mut alice).await.0, "transcript");

    // The session waits for two minutes, a stream without its owner for half of one.
    cut(alice).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let params = json!({ "token": resumed["resume_token"] });
    let (mut alice, _) = resume(&daemon, "alice late", params).await;
    let (kind, done) = event(&mut alice).await;
    assert_eq!((kind.as_str(), &done["seq"]), ("done", &json!(4)));
    assert_eq!(done["event"]["outcome"], "owner_lost");
    let params = json!({ "session_id": "desk", "pcm_b64": "AAA=" });
    let refused = alice.refusal("voice.transcribe_stream.push", params).await;
    assert_eq!(refused["data"]["kind"], "not_found");
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_session_and_whoever_listens_hears_its_end_once() {
    let daemon = daemon(scripted);
    let mut host = daemon.client("host");
    host.call("session.auth", json!({ "host_token": "" })).await;
    let mut alice = daemon.client("alice");
    let begun = alice
        .call("voice.transcribe_stream.start", start_params("desk"))
        .await;
    push(&mut alice, "desk", 102).await;
    event(&mut alice).await;
    let streams = json!({ "streams": [begun["stream"]], "since": "start" });
    host.call("events.subscribe", streams).await;
    let list = host.call("voice.sessions.list", json!({})).await;
    assert_eq!(list["sessions"], json!(["desk"]));
    alice.leave().await;
    assert_eq!(event(&mut host).await.0, "partial");
    let (kind, done) = event(&mut host).await;
    assert_eq!(kind, "done");
    assert_eq!(done["event"]["outcome"], "owner_lost");
    host.expect("events.ended").await;
    host.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_rapid_events_arrive_in_order() {
    let daemon = daemon(|config| {
        let lines = (1..=10_000).map(|n| {
            let heard = Heard {
                segment: n,
                is_final: true,
                end_ms: n,
                ..Heard::default()
            };
            Line { after_ms: n, heard }
        });
        config.with_voice(hearing(lines.collect()), VoiceLimits::default())
    });
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    alice
        .call("voice.transcribe_stream.start", start_params("desk"))
        .await;
    for _ in 0..20 {
        let params = json!({ "session_id": "desk", "pcm_b64": silence(510) });
        alice.request("voice.transcribe_stream.push", params).await;
    }
    let mut next = 1;
    while next <= 10_000 {
        let told = alice.next().await;
        if told["method"] == "voice.event" {
            assert_eq!(told["params"]["seq"], next);
            let segment = &told["params"]["event"]["segment_id"];
            assert_eq!(segment.as_str(), Some(&*next.to_string()));
            next += 1;
        }
    }
    let stop = json!({ "session_id": "desk" });
    alice.call("voice.transcribe_stream.stop", stop).await;
    assert_eq!(event(&mut alice).await.0, "done");
    settle().await;
    alice.leave().await;
    daemon.assert_empty().await;
}
