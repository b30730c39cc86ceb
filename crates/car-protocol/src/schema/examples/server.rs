use serde_json::json;

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "server.handshake",
            json!({
                "protocol_version": 3,
                "client_name": "notebook",
                "client_version": "1.4.0",
                "required_capabilities": ["tools.cancel"],
            }),
            json!({ "protocol_version": 1 }),
        )
        .gives(handshake(3), handshake(1)),
        Example::call("rpc.discover").gives(
            json!({ "openrpc": "1.4.1", "info": {}, "methods": [] }),
            json!({ "openrpc": "1.4.1", "info": {}, "methods": [] }),
        ),
        Example::call("server.status").gives(status(), status()),
        Example::call("server.shutdown").gives(json!({ "ok": true }), json!({ "ok": true })),
    ]
}

fn handshake(version: u8) -> serde_json::Value {
    json!({
        "protocol_version": version,
        "server_version": "0.1.0",
        "client_protocol_version": version,
        "capabilities": ["tools.cancel", "events.query"],
    })
}

pub(super) fn status() -> serde_json::Value {
    json!({
        "version": "0.1.0",
        "pid": 4711,
        "started_at": "2026-01-02T03:04:05.678Z",
        "uptime_ms": 86_400_000,
        "connections": 3,
        "sessions": 3,
        "requests_in_flight": 1,
        "callbacks_open": 1,
        "approvals_pending": 0,
        "host_agents": 2,
        "streams": 4,
        "shutting_down": false,
    })
}
