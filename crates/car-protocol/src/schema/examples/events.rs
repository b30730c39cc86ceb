use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::call("events.count").gives(json!(42), json!(0)),
        Example::call("events.stats").gives(stats(42), stats(0)),
        Example::of(
            "events.streams",
            json!({ "family": "host", "after": "host", "limit": 10 }),
            json!({}),
        )
        .gives(streams(), json!({ "streams": [], "more": false })),
        Example::call("events.retention").gives(retention(), json!({ "families": [] })),
        Example::of(
            "events.query",
            json!({
                "stream": "session/6f1d0c4b92ae",
                "since": { "epoch": 1, "seq": 40 },
                "limit": 2,
                "kinds": ["action_succeeded"],
            }),
            json!({}),
        )
        .gives(
            json!({
                "stream": "session/6f1d0c4b92ae",
                "events": [{
                    "seq": 41,
                    "kind": "action_succeeded",
                    "timestamp": "2026-01-02T03:04:05.678Z",
                    "action_id": "a1",
                    "proposal_id": "p1",
                    "data": { "attempts": 1 },
                    "message": "done",
                }],
                "next": { "epoch": 1, "seq": 41 },
                "more": false,
                "missed": 0,
            }),
            json!({
                "stream": "session/6f1d0c4b92ae",
                "events": [{
                    "seq": 1,
                    "kind": "session_scope",
                    "timestamp": "2026-01-02T03:04:05.678Z",
                    "data": {},
                }],
                "next": { "epoch": 1, "seq": 1 },
                "more": true,
                "missed": 0,
            }),
        ),
        Example::of(
            "events.subscribe",
            json!({
                "streams": ["host", "session/*"],
                "since": { "host": "now", "session/6f1d0c4b92ae": { "epoch": 5, "seq": 4 } },
                "delivery": "coalesce",
                "snapshot": true,
            }),
            json!({ "streams": ["host"] }),
        )
        .gives(covered(), subscribed()),
        Example::of(
            "events.unsubscribe",
            json!({ "streams": ["host"] }),
            json!({ "streams": ["host"] }),
        )
        .gives(json!({ "removed": 1 }), json!({ "removed": 0 })),
        Example::of(
            "events.truncate",
            json!({ "maxEvents": 10, "maxSpans": 0 }),
            json!({}),
        )
        .gives(truncated(), truncated()),
        Example::call("events.clear").gives(cleared(), cleared()),
        Example::of("events.lagged", lagged(8), lagged(0)),
        Example::of("events.ended", ended(), ended()),
        Example::of("events.uncovered", uncovered(), uncovered()),
    ]
}

fn subscribed() -> Value {
    json!({
        "streams": [{
            "stream": "host",
            "notification": "host.event",
            "from": { "epoch": 3, "seq": 164 },
            "head": { "epoch": 3, "seq": 164 },
        }],
        "delivery": "lossless",
        "caps": { "frames": 512, "bytes": 262_144 },
    })
}

fn covered() -> Value {
    json!({
        "streams": [
            {
                "stream": "host",
                "notification": "host.event",
                "from": { "epoch": 3, "seq": 164 },
                "head": { "epoch": 3, "seq": 164 },
                "snapshot": { "agents": [], "approvals": [] },
            },
            {
                "stream": "session/6f1d0c4b92ae",
                "notification": "session.event",
                "from": { "epoch": 5, "seq": 4 },
                "head": { "epoch": 5, "seq": 12 },
                "pattern": "session/*",
            },
        ],
        "delivery": "coalesce",
        "caps": { "frames": 512, "bytes": 262_144 },
        "ended": ["session/0a9c1b2d3e4f"],
    })
}

fn streams() -> Value {
    json!({
        "streams": [{
            "stream": "host",
            "family": "host",
            "durability": "os",
            "head": { "epoch": 3, "seq": 164 },
            "oldest": { "epoch": 3, "seq": 100 },
            "events": 64,
            "bytes": 12_800,
        }],
        "more": true,
    })
}

fn retention() -> Value {
    json!({
        "families": [{
            "family": "host",
            "notification": "host.event",
            "durability": "os",
            "reader": "everybody",
            "max_events": 500,
            "max_bytes": 4_194_304,
            "max_age_ms": 604_800_000,
            "keys": [{ "kinds": "agent.", "about": ["agent_id"] }],
            "snapshot": true,
            "streams": 1,
            "events": 64,
            "bytes": 12_800,
        }],
    })
}

fn stats(events: u64) -> Value {
    json!({
        "events": events,
        "spans": 0,
        "approxEventBytes": events * 200,
        "approxSpanBytes": 0,
    })
}

fn truncated() -> Value {
    json!({ "removedEvents": 32, "removedSpans": 0, "stats": stats(10) })
}

fn cleared() -> Value {
    json!({ "removed": stats(42), "stats": stats(0) })
}

fn lagged(coalesced: u64) -> Value {
    let mut notice =
        json!({ "stream": "host", "epoch": 3, "from_seq": 120, "to_seq": 164, "skipped": 45 });
    if coalesced > 0 {
        notice["skipped"] = json!(45 - coalesced);
        notice["coalesced"] = json!(coalesced);
    }
    notice
}

fn ended() -> Value {
    json!({ "stream": "session/6f1d0c4b92ae", "epoch": 5, "seq": 12 })
}

fn uncovered() -> Value {
    json!({ "stream": "session/6f1d0c4b92ae", "limit": 1_024 })
}
