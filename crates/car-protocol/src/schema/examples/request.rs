use serde_json::json;

use super::{Example, error};

pub(super) fn examples() -> Vec<Example> {
    let key = "3e0f2c58-6f0b-4a39-9a57-1f2d8a5c7b10";
    let (begun, ended) = ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:06.012Z");
    let since = "2026-01-01T03:04:05.678Z";
    vec![
        Example::of(
            "request.outcome",
            json!({ "key": key }),
            json!({ "key": key }),
        )
        .gives(
            json!({
                "key": key,
                "status": "done",
                "method": "state.set",
                "begun_at": begun,
                "ended_at": ended,
                "result_kept": true,
                "result": "ok",
                "error": error(),
                "known_since": since,
            }),
            json!({ "key": key, "status": "not_seen", "known_since": since }),
        ),
    ]
}
