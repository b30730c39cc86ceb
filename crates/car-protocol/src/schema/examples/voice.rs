use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "voice.transcribe_stream.start",
            json!({
                "session_id": "desk",
                "audio_source": { "kind": "pcm_push", "sample_rate": 48_000, "channels": 2 },
                "options": {
                    "provider": "whisper",
                    "model": "tiny.en",
                    "language": "en",
                    "emit_audio_meta": true,
                },
            }),
            json!({ "session_id": "desk", "audio_source": { "kind": "pcm_push" } }),
        )
        .gives(
            json!({
                "session_id": "desk",
                "stream": "voice/6f1d0c4b92ae/desk",
                "epoch": 1,
                "seq": 0,
                "provider": "whisper",
                "providers": [provider()],
            }),
            json!({
                "session_id": "desk",
                "stream": "voice/6f1d0c4b92ae/desk",
                "epoch": 1,
                "seq": 0,
            }),
        ),
        Example::of(
            "voice.transcribe_stream.push",
            json!({ "session_id": "desk", "pcm_b64": "AAD/fwCA", "sequence": 7 }),
            json!({ "session_id": "desk", "pcm_b64": "AAA=" }),
        )
        .gives(json!({ "accepted": true }), json!({ "accepted": true })),
        Example::of(
            "voice.transcribe_stream.stop",
            json!({ "session_id": "desk" }),
            json!({ "session_id": "desk" }),
        )
        .gives(
            json!({ "session_id": "desk", "stopped": true, "epoch": 1, "seq": 12 }),
            json!({ "session_id": "desk", "stopped": true, "epoch": 1, "seq": 1 }),
        ),
        Example::of(
            "voice.playback",
            json!({ "session_id": "desk", "playing": true }),
            json!({ "session_id": "desk", "playing": false }),
        )
        .gives(json!({ "accepted": true }), json!({ "accepted": true })),
        Example::of(
            "voice.dispatch_turn",
            json!({
                "utterance": "what is the weather like",
                "session_id": "desk-turn",
                "config_overlay": { "voice": "calm" },
                "sidecar_timeout_ms": 20_000,
                "fast_agent": "quick",
                "sidecar_agent": "thorough",
            }),
            json!({ "utterance": "good morning" }),
        )
        .gives(
            json!({
                "turn_id": "turn-0a1b2c3d4e5f",
                "tracks": [track("fast", "quick", true), track("sidecar", "thorough", true)],
                "stream": "voice/6f1d0c4b92ae/desk-turn",
                "epoch": 1,
                "seq": 0,
            }),
            json!({
                "turn_id": "turn-0a1b2c3d4e5f",
                "tracks": [track("fast", "quick", true)],
                "stream": "voice/6f1d0c4b92ae/voice-turn",
                "epoch": 1,
                "seq": 3,
            }),
        ),
        Example::of(
            "voice.cancel_turn",
            json!({ "turn_id": "turn-0a1b2c3d4e5f" }),
            json!({}),
        )
        .gives(
            json!({ "cancelled": true, "turn_id": "turn-0a1b2c3d4e5f" }),
            json!({ "cancelled": true }),
        ),
        Example::call("voice.prewarm_turn").gives(
            json!({ "prewarmed": true, "tracks": [track("fast", "quick", false)] }),
            json!({ "prewarmed": true, "tracks": [] }),
        ),
        Example::call("voice.sessions.list").gives(
            json!({ "sessions": ["desk"], "details": [{
                "session_id": "desk",
                "owner": "6f1d0c4b92ae",
                "stream": "voice/6f1d0c4b92ae/desk",
                "started_at": "2026-01-02T03:04:05.678Z",
                "sample_rate": 48_000,
                "channels": 2,
                "provider": "whisper",
                "bytes": 1_920_000,
                "refused": 0,
            }] }),
            json!({ "sessions": [], "details": [] }),
        ),
        Example::call("voice.providers.list").gives(json!([provider()]), json!([])),
        Example::of("voice.event", event(transcript()), event(done())),
        Example::of(
            "voice.audio_refused",
            json!({
                "session_id": "desk",
                "sequence": 8,
                "kind": "overloaded",
                "message": "as much audio waits as may",
                "refused": 2,
            }),
            json!({
                "kind": "invalid_params",
                "message": "the message ends within its header",
                "refused": 1,
            }),
        ),
    ]
}

fn track(track: &str, agent: &str, available: bool) -> Value {
    json!({ "track": track, "agent_id": agent, "available": available })
}

fn provider() -> Value {
    json!({
        "id": "whisper",
        "kind": "stt",
        "available": true,
        "description": "the program /usr/local/bin/transcribe",
    })
}

fn event(event: Value) -> Value {
    json!({
        "session_id": "desk",
        "event": event,
        "stream": "voice/6f1d0c4b92ae/desk",
        "epoch": 1,
        "seq": 4,
    })
}

fn transcript() -> Value {
    json!({
        "type": "transcript",
        "text": "good morning",
        "duration_ms": 900,
        "role": "unknown",
        "segment_id": "0",
        "revision": 1,
        "start_ms": 320,
        "end_ms": 1_220,
        "language": "en",
        "confidence": 0.93,
    })
}

fn done() -> Value {
    json!({ "type": "done", "outcome": "stopped" })
}
