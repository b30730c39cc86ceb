use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    let mut scoped = definition();
    if let Value::Object(members) = &mut scoped {
        members.insert("session_id".to_owned(), scope_id());
    }
    vec![
        Example::of(
            "policy.register",
            scoped,
            json!({ "name": "no-shell", "rule": "deny_tool" }),
        )
        .gives(
            json!({ "registered": "calm-city", "scope": { "session_id": scope_id() } }),
            json!({ "registered": "no-shell", "scope": "global" }),
        ),
        Example::of(
            "policy.list",
            json!({ "session_id": scope_id() }),
            json!({}),
        )
        .gives(
            json!({ "policies": [definition()] }),
            json!({ "policies": [{ "name": "no-shell", "rule": "deny_tool" }] }),
        ),
        Example::of(
            "policy.unregister",
            json!({ "name": "calm-city", "session_id": scope_id() }),
            json!({ "name": "no-shell" }),
        )
        .gives(json!({ "removed": 1 }), json!({ "removed": 0 })),
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
    })
}

fn scope_id() -> Value {
    json!("0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11")
}
