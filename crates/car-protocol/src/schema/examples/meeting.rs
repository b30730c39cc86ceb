use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    let one = || json!({ "meeting_id": "m-1" });
    vec![
        Example::of(
            "meeting.start",
            json!({
                "id": "m-1",
                "sources": ["mic", "system"],
                "title": "Weekly",
                "model": "tiny.en",
                "language": "en",
                "provider": "whisper",
                "sample_rate": 48_000,
                "channels": 1,
                "persist_audio": true,
                "root": "/home/ada/.car/meetings",
                "consent": "record",
                "erase_after_days": 30,
            }),
            json!({ "sources": ["mic"] }),
        )
        .gives(
            json!({
                "id": "m-1",
                "title": "Weekly",
                "started_at": "2026-01-02T03:04:05.678Z",
                "voice_session_ids": ["meeting:m-1:mic", "meeting:m-1:system"],
                "provider": "whisper",
            }),
            json!({
                "id": "m-6f1d0c4b92ae",
                "title": null,
                "started_at": "2026-01-02T03:04:05.678Z",
                "voice_session_ids": ["meeting:m-6f1d0c4b92ae:mic"],
            }),
        ),
        Example::of(
            "meeting.stop",
            json!({
                "meeting_id": "m-1",
                "summarize": true,
                "agent_id": "scribe",
                "timeout_ms": 30_000,
            }),
            one(),
        )
        .gives(metadata(), bare()),
        Example::of(
            "meeting.summarize",
            json!({ "meeting_id": "m-1", "agent_id": "scribe", "timeout_ms": 30_000 }),
            one(),
        )
        .gives(metadata(), bare()),
        Example::of(
            "meeting.list",
            json!({ "root": "/home/ada/.car/meetings" }),
            json!({}),
        )
        .gives(
            json!({ "root": "/home/ada/.car/meetings", "ids": ["m-1", "m-2"], "active": ["m-2"] }),
            json!({ "root": "/home/ada/.car/meetings", "ids": [], "active": [] }),
        ),
        Example::of(
            "meeting.get",
            json!({
                "meeting_id": "m-1",
                "root": "/home/ada/.car/meetings",
                "offset": 0,
                "limit": 1,
            }),
            one(),
        )
        .gives(
            json!({
                "metadata": metadata(),
                "segments": [segment()],
                "active": true,
                "paused": false,
                "next_offset": 1,
            }),
            json!({ "metadata": bare(), "segments": [], "active": false, "paused": false }),
        ),
        Example::of("meeting.pause", one(), one()).gives(
            json!({ "meeting_id": "m-1", "paused": true }),
            json!({ "meeting_id": "m-1", "paused": true }),
        ),
        Example::of("meeting.resume", one(), one()).gives(
            json!({ "meeting_id": "m-1", "paused": false }),
            json!({ "meeting_id": "m-1", "paused": false }),
        ),
        Example::of(
            "meeting.search",
            json!({ "query": "steel bridge", "meeting_id": "m-1", "limit": 5 }),
            json!({ "query": "steel" }),
        )
        .gives(
            json!({
                "hits": [{ "meeting_id": "m-1", "index": 3, "segment": segment() }],
                "more": true,
            }),
            json!({ "hits": [], "more": false }),
        ),
        Example::of(
            "meeting.export",
            json!({ "meeting_id": "m-1", "format": "vtt" }),
            one(),
        )
        .gives(
            json!({
                "meeting_id": "m-1",
                "media_type": "text/vtt",
                "text": "WEBVTT\n\n00:00:01.000 --> 00:00:01.900\n<v Ada>good morning\n",
            }),
            json!({ "meeting_id": "m-1", "media_type": "text/markdown", "text": "# m-1\n" }),
        ),
        Example::of("meeting.delete", one(), one()).gives(
            json!({ "meeting_id": "m-1", "deleted": true, "facts_forgotten": 12 }),
            json!({ "meeting_id": "m-1", "deleted": true, "facts_forgotten": 0 }),
        ),
        Example::of(
            "meeting.name_speaker",
            json!({ "meeting_id": "m-1", "speaker": "mic", "name": "Ada" }),
            json!({ "meeting_id": "m-1", "speaker": "mic" }),
        )
        .gives(metadata(), bare()),
    ]
}

fn segment() -> Value {
    json!({
        "timestamp": "2026-01-02T03:04:06.678Z",
        "source": "mic",
        "role": "unknown",
        "text": "We decided to buy cheaper steel for the bridge.",
        "duration_ms": 2_900,
        "segment_id": "4",
        "revision": 1,
        "speaker": "Ada",
    })
}

fn metadata() -> Value {
    json!({
        "id": "m-1",
        "title": "Weekly",
        "started_at": "2026-01-02T03:04:05.678Z",
        "ended_at": "2026-01-02T04:04:05.678Z",
        "sources": ["mic", "system"],
        "persist_audio": true,
        "audio": [{
            "source": "mic",
            "file": "audio/mic.wav",
            "bytes": 345_600_044,
            "sample_rate": 48_000,
            "channels": 1,
            "duration_ms": 3_600_000,
            "missing_ms": 20,
        }],
        "model": "tiny.en",
        "language": "en",
        "summary": {
            "summary": "We decided to buy cheaper steel for the bridge.",
            "decisions": ["We decided to buy cheaper steel for the bridge."],
            "action_items": [],
            "attendees": ["Ada"],
            "topics": ["bridge", "steel"],
            "method": "extractive",
            "citations": [{
                "text": "We decided to buy cheaper steel for the bridge.",
                "source": "mic",
                "segment_id": "4",
                "index": 3,
            }],
            "agent_id": "scribe",
            "reason": "the agent gave no answer within 30000 ms",
        },
        "consent": "record",
        "erase_after_days": 30,
        "owner": "client",
        "memory": "shared",
        "remembered": true,
        "lost_segments": 1,
        "speakers": { "mic": "Ada" },
    })
}

fn bare() -> Value {
    json!({
        "id": "m-1",
        "title": null,
        "started_at": "2026-01-02T03:04:05.678Z",
        "ended_at": null,
        "sources": ["mic"],
        "persist_audio": false,
        "model": null,
        "language": null,
        "summary": null,
        "consent": "nothing",
    })
}
