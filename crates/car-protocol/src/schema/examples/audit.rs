use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of("audit.verify", json!({ "head": head() }), json!({})).gives(
            json!({
                "whole": false,
                "records": 0,
                "first": 0,
                "head": head(),
                "redacted": 0,
                "broken": {
                    "seq": 17,
                    "what": "hash",
                    "message": "what it says is not what was hashed",
                },
            }),
            json!({ "whole": true, "records": 0, "first": 0, "redacted": 0 }),
        ),
        Example::of(
            "audit.redact",
            json!({ "seq": 17, "before": "2026-01-02T03:04:05.678Z" }),
            json!({}),
        )
        .gives(
            json!({ "first": 1, "last": 17, "texts": 9 }),
            json!({ "first": 0, "last": 0, "texts": 0 }),
        ),
    ]
}

fn head() -> Value {
    json!("17:0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246")
}
