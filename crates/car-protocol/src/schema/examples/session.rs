use serde_json::json;

use super::{Example, policy, tools};

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "session.event",
            json!({
                "kind": "action_succeeded",
                "timestamp": "2026-01-02T03:04:05.678Z",
                "action_id": "a1",
                "proposal_id": "p1",
                "data": { "attempts": 1 },
                "stream": "session/6f1d0c4b92ae",
                "epoch": 1,
                "seq": 41,
            }),
            json!({
                "kind": "session_scope",
                "timestamp": "2026-01-02T03:04:05.678Z",
                "data": {},
                "stream": "session/6f1d0c4b92ae",
                "epoch": 1,
                "seq": 1,
            }),
        ),
        Example::of(
            "session.auth",
            json!({ "token": "pN0s…", "host_token": "kQ7x…", "agent_id": "planner" }),
            json!({}),
        )
        .gives(
            json!({ "ok": true, "auth_enabled": true, "role": "host", "agent_id": "planner" }),
            json!({ "ok": true, "auth_enabled": false, "role": "client" }),
        ),
        Example::of(
            "session.init",
            json!({
                "client_id": "notebook",
                "tools": [tools::definition()],
                "policies": [policy::definition()],
            }),
            json!({}),
        )
        .gives(
            json!({
                "session_id": "6f1d0c4b92ae",
                "tools_registered": 1,
                "policies_registered": 0,
                "policies_skipped": [{ "name": "no-rm", "reason": "unknown rule: deny_everything" }],
            }),
            json!({ "session_id": "6f1d0c4b92ae", "tools_registered": 0, "policies_registered": 0 }),
        ),
        Example::call("session.policy.open").gives(scope(), scope()),
        Example::of("session.policy.close", scope(), scope())
            .gives(json!({ "closed": true }), json!({ "closed": false })),
        Example::of(
            "session.closing",
            json!({ "reason": "shutting_down", "message": "the daemon is shutting down" }),
            json!({ "reason": "auth_timeout", "message": "no session.auth within 10 s" }),
        ),
    ]
}

fn scope() -> serde_json::Value {
    json!({ "session_id": "0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11" })
}
