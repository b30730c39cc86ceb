use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "grants.list",
            json!({ "method": "state.clear", "tool": "shell" }),
            json!({}),
        )
        .gives(
            json!({ "grants": [grant()] }),
            json!({ "grants": [minimal()] }),
        ),
        Example::of(
            "grants.revoke",
            json!({ "grant_id": "grant-5c0ffee5c0ff" }),
            json!({ "grant_id": "grant-5c0ffee5c0ff" }),
        )
        .gives(grant(), minimal()),
    ]
}

fn grant() -> Value {
    json!({
        "id": "grant-5c0ffee5c0ff",
        "method": "state.clear",
        "tool": "shell",
        "tool_version": "sha256:0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246",
        "owner": "client",
        "session_id": "6f1d0c4b92ae",
        "arguments": { "/command": "git *" },
        "digest": "0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246",
        "agent_id": "ada",
        "created_by": "host",
        "created_at": "2026-01-02T03:04:09.001Z",
        "approval_id": "approval-0f3a5b7c9d1e",
        "policy_revision": "7d9b2468ace0",
        "expires_at": "2026-01-02T03:19:09.001Z",
        "remaining": 2,
        "uses": 1,
        "last_used_at": "2026-01-02T03:05:00.000Z",
    })
}

fn minimal() -> Value {
    json!({
        "id": "grant-5c0ffee5c0ff",
        "owner": "client",
        "created_by": "host",
        "created_at": "2026-01-02T03:04:09.001Z",
        "approval_id": "approval-0f3a5b7c9d1e",
        "uses": 0,
    })
}
