use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    let named = |name| {
        let filled = json!({ "name": "echo", "registry_path": "/home/ada/.car/registry" });
        Example::of(name, filled, json!({ "name": "echo" }))
    };
    vec![
        Example::of(
            "registry.register",
            json!({ "entry": entry(), "registry_path": "/home/ada/.car/registry" }),
            json!({ "entry": { "name": "echo", "dashboard_url": "http://127.0.0.1:8080/" } }),
        )
        .gives(json!(null), json!(null)),
        named("registry.heartbeat")
            .gives(json!({ "refreshed": true }), json!({ "refreshed": false })),
        named("registry.unregister").gives(json!(null), json!(null)),
        Example::of(
            "registry.list",
            json!({ "registry_path": "/home/ada/.car/registry" }),
            json!({}),
        )
        .gives(json!([entry()]), json!([])),
        Example::of(
            "registry.reap",
            json!({ "max_age_secs": 60, "registry_path": "/home/ada/.car/registry" }),
            json!({}),
        )
        .gives(json!(["echo"]), json!([])),
    ]
}

fn entry() -> Value {
    json!({
        "name": "echo",
        "dashboard_url": "http://127.0.0.1:8080/",
        "status": "idle",
        "display_name": "Echo",
        "port": 8080,
        "pid": 4242,
        "registered_at": "2026-01-02T03:04:05.678Z",
        "last_heartbeat_at": "2026-01-02T03:04:25.678Z",
    })
}
