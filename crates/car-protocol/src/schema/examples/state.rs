use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    let by_key = |name| Example::of(name, key(), json!({ "key": "greeting" }));
    let by_tenant = |name| Example::of(name, json!({ "tenant_id": "acme" }), json!({}));
    vec![
        by_key("state.get").gives(json!("hello"), json!(null)),
        Example::of(
            "state.set",
            json!({ "key": "greeting", "value": "hello", "tenant_id": "acme" }),
            json!({ "key": "greeting" }),
        )
        .gives(json!("ok"), json!("ok")),
        by_key("state.exists").gives(json!(true), json!(false)),
        by_tenant("state.keys").gives(json!(["city", "greeting"]), json!([])),
        by_tenant("state.snapshot").gives(json!({ "city": "Lisbon" }), json!({})),
        by_key("state.delete").gives(json!(true), json!(false)),
        by_tenant("state.clear").gives(json!({ "removed": 2 }), json!({ "removed": 0 })),
    ]
}

fn key() -> Value {
    json!({ "key": "greeting", "tenant_id": "acme" })
}
