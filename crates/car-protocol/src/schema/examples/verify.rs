use serde_json::json;

use super::{Example, proposal};

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "verify",
            json!({ "proposal": proposal::filled(), "initial_state": { "city": "Lisbon" } }),
            json!({ "proposal": proposal::minimal() }),
        )
        .gives(
            json!({
                "valid": false,
                "issues": [{
                    "action_id": "a1",
                    "severity": "error",
                    "message": "tool is not registered: weather",
                }],
                "simulated_state": { "city": "Lisbon", "forecast": "mild" },
            }),
            json!({ "valid": true, "issues": [], "simulated_state": {} }),
        ),
    ]
}
