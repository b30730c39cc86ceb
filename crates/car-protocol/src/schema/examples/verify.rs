use serde_json::{Value, json};

use super::{Example, proposal};

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "verify",
            params(),
            json!({ "proposal": proposal::minimal() }),
        )
        .gives(
            json!({
                "valid": false,
                "issues": [issue()],
                "simulated_state": { "city": "Lisbon", "forecast": "mild" },
            }),
            json!({ "valid": true, "issues": [], "simulated_state": {} }),
        ),
        Example::of(
            "simulate",
            params(),
            json!({ "proposal": proposal::minimal() }),
        )
        .gives(
            json!({
                "valid": false,
                "issues": [issue()],
                "steps": [{
                    "action_id": "a1",
                    "writes": { "forecast": "mild" },
                    "unknown": ["forecast"],
                    "state": { "city": "Lisbon", "forecast": "mild" },
                }],
                "simulated_state": { "city": "Lisbon", "forecast": "mild" },
                "truncated": true,
            }),
            json!({
                "valid": true,
                "issues": [],
                "steps": [{ "action_id": "a1", "writes": {} }],
                "simulated_state": {},
            }),
        ),
    ]
}

fn params() -> Value {
    json!({
        "proposal": proposal::filled(),
        "initial_state": { "city": "Lisbon" },
        "scope": { "callerId": "ada", "tenantId": "acme", "claims": { "team": "research" } },
    })
}

fn issue() -> Value {
    json!({
        "action_id": "a1",
        "severity": "error",
        "message": "tool is not registered: weather",
    })
}
