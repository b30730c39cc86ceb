use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "results.read",
            json!({
                "handle": handle(),
                "offset": 0,
                "length": 12,
                "encoding": "text",
            }),
            json!({ "handle": { "sha256": sha256() } }),
        )
        .gives(
            json!({
                "handle": handle(),
                "offset": 0,
                "length": 12,
                "encoding": "text",
                "data": "Lisbon, 21 C",
                "next_offset": 12,
            }),
            json!({
                "handle": handle(),
                "offset": 2_097_152,
                "length": 0,
                "encoding": "base64",
                "data": "",
            }),
        ),
    ]
}

fn handle() -> Value {
    json!({
        "sha256": sha256(),
        "bytes": 2_097_152,
        "media_type": "text/plain; charset=utf-8",
        "expires_at": "2026-01-02T04:04:05.678Z",
    })
}

fn sha256() -> Value {
    json!("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
}
