use serde_json::{Value, json};

use super::{Example, server};

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of("diagnostics.snapshot", json!({ "limit": 10 }), json!({}))
            .gives(filled(), minimal()),
    ]
}

fn filled() -> Value {
    json!({
        "at": "2026-01-03T03:04:05.678Z",
        "versions": versions(),
        "status": server::status(),
        "process": {
            "pid": 4711,
            "resident_bytes": 18_874_368,
            "threads": 4,
            "open_descriptors": 17,
            "max_descriptors": 8192,
        },
        "settings": [
            { "name": "port", "value": 9200, "origin": "CAR_PORT" },
            { "name": "relay_token", "value": "(hidden)", "origin": "/home/ada/.car/car.toml:3" },
        ],
        "queues": {
            "fast_frames": 3,
            "fast_bytes": 1_024,
            "request_bytes": 512,
            "subscriptions": 2,
            "bulk_bytes": 65_536,
            "bulk_lag_events": 120,
            "bulk_lag_most": 118,
            "stalled_connections": 1,
            "sessions_detached": 1,
            "sessions_noted": 0,
            "reply_bytes": 2048,
        },
        "memory": {
            "limit": 67_108_864,
            "outboxes": 67_584,
            "rings": 1_048_576,
            "given_back": 2,
            "let_go": 900,
            "evicted": 30,
            "closed": 1,
        },
        "counters": {
            "connections_opened": 12,
            "connections_ended": [{ "name": "normal", "count": 9 }],
            "resumes": [{ "name": "resumed", "count": 2 }],
            "http_refused": [{ "name": "origin", "count": 1 }],
            "requests": [{ "name": "state.get ok", "count": 1_000 }],
            "errors": [{ "name": "forbidden", "count": 2 }],
            "events": [{ "name": "host", "count": 40 }],
            "events_refused": 0,
            "events_skipped": 7,
            "events_coalesced": 60,
            "frames_dropped": 0,
        },
        "connections": [{
            "session_id": "6f1d0c4b92ae",
            "role": "client",
            "authenticated": true,
            "transport": "unix",
            "peer": "unix uid 1000 pid 812",
            "open_ms": 86_399_000,
            "requests_in_flight": 1,
            "callbacks_open": 1,
            "queued_frames": 3,
            "queued_bytes": 1_024,
            "subscriptions": 1,
            "lag_events": 118,
            "stalled_ms": 2_400,
        }],
        "connections_omitted": 2,
        "streams": [{ "stream": "host", "epoch": 1_767_323_045_678_u64, "seq": 40, "events": 40, "bytes": 9_120 }],
        "streams_omitted": 3,
        "storage": {
            "path": "/home/ada/.car",
            "files": [{ "name": "car.db", "bytes": 262_144 }],
            "free_bytes": 53_687_091_200_u64,
        },
        "notices": [{
            "at": "2026-01-03T03:00:00.000Z",
            "level": "warn",
            "target": "car_transport::accept",
            "message": "there are as many connections as allowed; further clients wait listener=tcp limit=4096",
            "count": 3,
        }],
    })
}

fn minimal() -> Value {
    json!({
        "at": "2026-01-02T03:04:05.678Z",
        "versions": versions(),
        "status": server::status(),
        "process": { "pid": 4711 },
        "settings": [],
        "queues": {
            "fast_frames": 0,
            "fast_bytes": 0,
            "request_bytes": 0,
            "subscriptions": 0,
            "bulk_bytes": 0,
            "bulk_lag_events": 0,
            "bulk_lag_most": 0,
            "stalled_connections": 0,
            "sessions_detached": 0,
            "sessions_noted": 0,
            "reply_bytes": 0,
        },
        "memory": {
            "limit": 67_108_864,
            "outboxes": 0,
            "rings": 0,
            "given_back": 0,
            "let_go": 0,
            "evicted": 0,
            "closed": 0,
        },
        "counters": {
            "connections_opened": 0,
            "connections_ended": [],
            "resumes": [],
            "http_refused": [],
            "requests": [],
            "errors": [],
            "events": [],
            "events_refused": 0,
            "events_skipped": 0,
            "events_coalesced": 0,
            "frames_dropped": 0,
        },
        "connections": [],
        "connections_omitted": 0,
        "streams": [],
        "streams_omitted": 0,
        "storage": { "path": "/home/ada/.car", "files": [] },
        "notices": [],
    })
}

fn versions() -> Value {
    json!({
        "server": "0.1.0",
        "protocol_min": 1,
        "protocol_max": 3,
        "os": "linux",
        "arch": "x86_64",
    })
}
