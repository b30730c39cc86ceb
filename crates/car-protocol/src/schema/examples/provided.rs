use serde_json::json;

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "automation.run_applescript",
            json!({ "script": "beep" }),
            json!({}),
        )
        .gives(json!({ "output": "" }), json!(null)),
        Example::of(
            "automation.shortcuts.run",
            json!({ "name": "Lights off" }),
            json!({}),
        )
        .gives(json!({ "output": "" }), json!(null)),
        Example::of(
            "messages.send",
            json!({ "recipient": "ada@example.org", "text": "on my way" }),
            json!({}),
        )
        .gives(json!({ "sent": true }), json!(null)),
        Example::of(
            "mail.send",
            json!({ "subject": "Trip", "to": ["ada@example.org"] }),
            json!({}),
        )
        .gives(json!({ "sent": true }), json!(null)),
        Example::of("vision.ocr", json!({ "image": "iVBORw0KGgo=" }), json!({}))
            .gives(json!({ "text": "PLATFORM 4" }), json!(null)),
    ]
}
