use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "tools.register",
            json!([definition()]),
            json!([{ "name": "weather" }]),
        )
        .gives(json!(1), json!(1)),
        Example::call("tools.list").gives(
            json!({ "tools": [definition()] }),
            json!({ "tools": [{
                "name": "weather",
                "description": "",
                "parameters": null,
                "idempotent": false,
            }] }),
        ),
        Example::of(
            "tools.unregister",
            json!({ "name": "weather" }),
            json!({ "name": "weather" }),
        )
        .gives(json!({ "removed": 1 }), json!({ "removed": 0 })),
        Example::of(
            "tools.execute",
            json!({
                "action_id": "a1",
                "tool": "weather",
                "parameters": { "city": "Lisbon" },
                "timeout_ms": 30_000,
                "attempt": 1,
                "request_id": "cb-7",
                "session_id": "6f1d0c4b92ae",
                "proposal_id": "p1",
                "idle_timeout_ms": 5_000,
                "compensation": true,
                "delivery": 2,
                "_meta": { "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
            }),
            json!({
                "action_id": "a1",
                "tool": "weather",
                "parameters": {},
                "timeout_ms": null,
                "attempt": 2,
                "request_id": "cb-8",
                "session_id": "6f1d0c4b92ae",
            }),
        )
        .gives(json!({ "celsius": 21.5 }), json!(null)),
        Example::of(
            "tools.cancel",
            json!({ "request_id": "cb-7", "reason": "timeout" }),
            json!({ "request_id": "cb-7", "reason": "cancelled" }),
        ),
        Example::of(
            "tools.progress",
            json!({
                "request_id": "cb-7",
                "progress": 3.0,
                "total": 12.0,
                "message": "the third of twelve stations",
                "partial": { "stations": 3 },
            }),
            json!({ "request_id": "cb-7", "progress": 0.5 }),
        )
        .gives(json!({ "taken": true }), json!({ "taken": false })),
    ]
}

pub(super) fn definition() -> Value {
    json!({
        "name": "weather",
        "description": "The weather of a city",
        "parameters": {
            "properties": { "city": { "type": "string" } },
            "required": ["city"],
            "type": "object",
        },
        "returns": { "type": "object" },
        "idempotent": true,
        "cache_ttl_secs": 60,
        "rate_limit": { "max_calls": 10, "interval_secs": 1.5 },
        "max_concurrency": 4,
        "idle_timeout_ms": 10_000,
    })
}
