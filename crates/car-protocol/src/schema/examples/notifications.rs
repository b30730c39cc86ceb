use serde_json::json;

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "notifications.local",
            json!({
                "title": "Build",
                "body": "All green.",
                "subtitle": "car",
                "sound": "message-new-instant",
            }),
            json!({ "title": "Build", "body": "" }),
        )
        .gives(
            json!({ "shown": true, "id": 7 }),
            json!({ "shown": true, "id": 1 }),
        ),
    ]
}
