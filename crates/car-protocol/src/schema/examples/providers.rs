use serde_json::json;

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "providers.register",
            json!({ "methods": ["mail.send", "vision.ocr"] }),
            json!({ "methods": ["mail.send"] }),
        )
        .gives(
            json!({ "methods": ["mail.send", "vision.ocr"], "replaced": ["mail.send"] }),
            json!({ "methods": ["mail.send"], "replaced": [] }),
        ),
        Example::of(
            "providers.unregister",
            json!({ "methods": ["mail.send"] }),
            json!({}),
        )
        .gives(json!({ "removed": 1 }), json!({ "removed": 0 })),
        Example::call("providers.list").gives(
            json!({ "methods": [{
                "method": "mail.send",
                "session_id": "6f1d0c4b92ae",
                "since": "2026-01-02T03:04:05.678Z",
                "open": 1,
            }] }),
            json!({ "methods": [{ "method": "mail.send", "open": 0 }] }),
        ),
        Example::of(
            "provider.call",
            json!({
                "method": "mail.send",
                "params": { "to": ["ada@example.org"] },
                "request_id": "cb-7",
                "timeout_ms": 60_000,
                "session_id": "0a1b2c3d4e5f",
                "principal": "client",
                "delivery": 2,
            }),
            json!({
                "method": "mail.send",
                "params": {},
                "request_id": "cb-8",
                "timeout_ms": 60_000,
                "session_id": "0a1b2c3d4e5f",
                "principal": "anonymous/0a1b2c3d4e5f",
            }),
        )
        .gives(json!({ "sent": true }), json!(null)),
        Example::of(
            "provider.cancel",
            json!({ "request_id": "cb-7", "reason": "timeout" }),
            json!({ "request_id": "cb-7", "reason": "cancelled" }),
        ),
    ]
}
