use serde_json::{Value, json};

use super::{Example, proposal};

pub(super) fn examples() -> Vec<Example> {
    let mut scoped = definition();
    if let Value::Object(members) = &mut scoped {
        members.insert("session_id".to_owned(), scope_id());
        members.insert("scope".to_owned(), json!("global"));
    }
    vec![
        Example::of(
            "policy.register",
            scoped,
            json!({ "name": "no-shell", "rule": "deny_tool" }),
        )
        .gives(
            json!({
                "registered": "calm-city",
                "scope": { "session_id": scope_id() },
                "level": "policy_scope",
            }),
            json!({ "registered": "no-shell", "scope": "global", "level": "session" }),
        ),
        Example::of(
            "policy.list",
            json!({ "session_id": scope_id(), "scope": "global" }),
            json!({}),
        )
        .gives(
            json!({ "policies": [definition()] }),
            json!({ "policies": [{ "name": "no-shell", "rule": "deny_tool" }] }),
        ),
        Example::of(
            "policy.unregister",
            json!({ "name": "calm-city", "session_id": scope_id(), "scope": "global" }),
            json!({ "name": "no-shell" }),
        )
        .gives(json!({ "removed": 1 }), json!({ "removed": 0 })),
        Example::of(
            "policy.explain",
            json!({
                "action": action(),
                "session_id": scope_id(),
                "scope": { "callerId": "ada", "tenantId": "acme", "claims": { "team": "research" } },
            }),
            json!({ "action": { "type": "tool_call" } }),
        )
        .gives(
            json!({
                "decision": "deny",
                "decided_by": "two-a-minute",
                "reason": "`weather` was called 2 times in 60000 ms",
                "policies": [{
                    "policy": "two-a-minute",
                    "rule": "max_calls",
                    "level": "session",
                    "finding": "denies",
                    "reason": "`weather` was called 2 times in 60000 ms",
                    "remaining": 0,
                    "retry_after_ms": 1500,
                }],
                "asked": 3,
            }),
            json!({ "decision": "allow", "policies": [], "asked": 0 }),
        ),
    ]
}

pub(super) fn definition() -> Value {
    json!({
        "name": "calm-city",
        "rule": "deny_tool_param",
        "target": "weather",
        "key": "city",
        "value": "Lisbon",
        "pattern": "storm",
        "tools": ["weather", "search"],
        "count": 2,
        "window_ms": 60_000,
        "agent": "planner",
    })
}

fn action() -> Value {
    let mut proposal = proposal::filled();
    proposal["actions"][0].take()
}

fn scope_id() -> Value {
    json!("0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11")
}
