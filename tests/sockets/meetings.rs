//! The daemon is killed in the middle of a meeting: what was said is in the transcript and in the memory, each segment once.

use std::fs;

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox};
use serde_json::{Value, json};

/// A recogniser that says something for each 100 ms of audio. It is told no more than the length of what comes.
const RECOGNISER: &str = r#"#!/bin/sh
n=0
while [ "$(dd bs=3200 count=1 iflag=fullblock 2>/dev/null | wc -c)" -eq 3200 ]; do
    printf '{"type":"transcript","text":"sentence number %d","segment":%d,"start_ms":%d,"end_ms":%d}\n' $n $n $((n * 100)) $((n * 100 + 90))
    n=$((n + 1))
done
"#;

fn prepare(sandbox: &Sandbox) {
    use std::os::unix::fs::PermissionsExt as _;
    let program = sandbox.home().join("recogniser");
    fs::write(&program, RECOGNISER).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(sandbox.root()).unwrap();
    let config = format!(
        "[[voice.providers]]\nname = \"shell\"\ncommand = [{:?}]\n",
        program.display().to_string()
    );
    fs::write(sandbox.root().join("car.toml"), config).unwrap();
}

fn segments(meeting: &Value) -> Vec<String> {
    let segments = meeting["segments"].as_array().unwrap();
    let text = |segment: &Value| segment["text"].as_str().unwrap().to_owned();
    segments.iter().map(text).collect()
}

/// What the memory has of the meeting, in the order of the segments.
async fn remembered(client: &mut TestClient) -> Vec<String> {
    let params = json!({ "source": "meeting/m", "limit": 1_000 });
    let page = client.call("memory.list", params).await;
    let facts = page["facts"].as_array().unwrap();
    let mut told: Vec<(u64, String)> = facts
        .iter()
        .map(|fact| {
            let segment = fact["segment"]["segment"].as_str().unwrap();
            (
                segment.parse().unwrap(),
                fact["body"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    told.sort();
    told.into_iter().map(|(_, text)| text).collect()
}

async fn begin(daemon: &Program) -> TestClient {
    let mut client = daemon.client("alice").await;
    client.off_the_record();
    let params = json!({ "id": "m", "sources": ["mic"], "consent": "record" });
    let begun = client.call("meeting.start", params).await;
    assert_eq!(begun["provider"], "shell");
    client
}

async fn push(client: &mut TestClient) {
    let audio = "A".repeat(3_200 / 3 * 4 + 4 - 1) + "=";
    let params = json!({ "session_id": "meeting:m:mic", "pcm_b64": audio });
    client.call("voice.transcribe_stream.push", params).await;
}

/// Waits for so many transcripts.
async fn hear(client: &mut TestClient, count: usize) {
    let mut heard = 0;
    while heard < count {
        let told = client.expect("voice.event").await;
        heard += usize::from(told["params"]["event"]["type"] == "transcript");
    }
}

#[tokio::test]
async fn a_meeting_that_was_killed_is_whole_in_transcript_and_memory() {
    for said in [1, 7, 40] {
        let sandbox = Sandbox::new();
        prepare(&sandbox);
        let daemon = sandbox.start(&["--no-auth", "--no-approvals"]);
        let mut alice = begin(&daemon).await;
        for _ in 0..said {
            push(&mut alice).await;
        }
        hear(&mut alice, said).await;
        daemon.kill();
        alice.cut();

        let daemon = sandbox.start(&["--no-auth", "--no-approvals"]);
        let mut alice = daemon.client("alice").await;
        alice.off_the_record();
        // The daemon looks after it beside everything else.
        let meeting = loop {
            let meeting = alice
                .call("meeting.get", json!({ "meeting_id": "m" }))
                .await;
            if meeting["metadata"]["remembered"] == true {
                break meeting;
            }
        };
        assert_ne!(meeting["metadata"]["ended_at"], Value::Null);
        let kept = segments(&meeting);
        // What was heard last may not have been written yet; what was is there in order, and once.
        assert!(
            kept.len() <= said && kept.len() + 64 >= said,
            "{}",
            kept.len()
        );
        for (n, text) in kept.iter().enumerate() {
            assert_eq!(text, &format!("sentence number {n}"));
        }
        assert_eq!(remembered(&mut alice).await, kept);
        // The file is a whole one, and the last of what came may not be in it.
        let folder = sandbox.root().join("meetings/m");
        let wav = hound::WavReader::open(folder.join("audio/mic.wav")).unwrap();
        let frames = u64::from(wav.duration());
        assert!(
            frames <= said as u64 * 1_600 && frames.is_multiple_of(1_600),
            "{frames}"
        );
        assert_eq!(meeting["metadata"]["audio"][0]["duration_ms"], frames / 16);
        assert_eq!(wav.into_samples::<i16>().count() as u64, frames);
        let deleted = alice
            .call("meeting.delete", json!({ "meeting_id": "m" }))
            .await;
        assert_eq!(deleted["facts_forgotten"], json!(kept.len()));
        assert_eq!(remembered(&mut alice).await, Vec::<String>::new());
        assert!(!folder.exists());
        alice.leave().await;
    }
}

#[tokio::test]
async fn a_meeting_that_is_stopped_is_remembered_before_the_answer() {
    let sandbox = Sandbox::new();
    prepare(&sandbox);
    let daemon = sandbox.start(&["--no-auth", "--no-approvals"]);
    let mut alice = begin(&daemon).await;
    for _ in 0..5 {
        push(&mut alice).await;
    }
    let ended = alice
        .call("meeting.stop", json!({ "meeting_id": "m" }))
        .await;
    assert_eq!(ended["remembered"], true);
    assert_eq!(ended["audio"][0]["duration_ms"], 500);
    let meeting = alice
        .call("meeting.get", json!({ "meeting_id": "m" }))
        .await;
    assert_eq!(segments(&meeting).len(), 5);
    assert_eq!(remembered(&mut alice).await, segments(&meeting));
    alice.leave().await;
}
