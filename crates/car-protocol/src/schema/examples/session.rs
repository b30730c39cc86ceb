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
            json!({
                "token": "pN0s…",
                "host_token": "kQ7x…",
                "agent_id": "planner",
                "memory_namespace": "harbour-project",
                "resume": true,
                "grace_ms": 60_000,
            }),
            json!({}),
        )
        .gives(
            json!({
                "ok": true,
                "auth_enabled": true,
                "role": "host",
                "agent_id": "planner",
                "resume_token": "6f1d0c4b92ae.8c…",
                "grace_ms": 60_000,
            }),
            json!({ "ok": true, "auth_enabled": false, "role": "client" }),
        ),
        Example::of(
            "session.init",
            json!({
                "client_id": "notebook",
                "tools": [tools::definition()],
                "policies": [policy::definition()],
                "memory_namespace": "harbour-project",
                "resume": true,
                "grace_ms": 60_000,
            }),
            json!({}),
        )
        .gives(
            json!({
                "session_id": "6f1d0c4b92ae",
                "tools_registered": 1,
                "policies_registered": 0,
                "policies_skipped": [{ "name": "no-rm", "reason": "unknown rule: deny_everything" }],
                "resume_token": "6f1d0c4b92ae.8c…",
                "grace_ms": 60_000,
            }),
            json!({ "session_id": "6f1d0c4b92ae", "tools_registered": 0, "policies_registered": 0 }),
        ),
        Example::of(
            "session.resume",
            json!({
                "token": "6f1d0c4b92ae.8c…",
                "seen": { "host": { "epoch": 3, "seq": 41 } },
                "waiting": [7, 8, "nine", 10, 2],
                "grace_ms": 60_000,
                "attempt": { "client": "b1946ac92492d234", "number": 3 },
            }),
            json!({ "token": "6f1d0c4b92ae.8c…" }),
        )
        .gives(
            json!({
                "session_id": "6f1d0c4b92ae",
                "role": "client",
                "resume_token": "6f1d0c4b92ae.d1…",
                "grace_ms": 60_000,
                "restarted": true,
                "restored": ["tools", "policies", "subscriptions", "approvals"],
                "lost": ["policy_scopes", "state", "memory", "agents", "requests", "callbacks"],
                "streams": [
                    { "stream": "host", "from": place(3, 41), "head": place(3, 44) },
                    {
                        "stream": "session/6f1d0c4b92ae",
                        "head": place(9, 0),
                        "resync_required": place(9, 0),
                    },
                ],
                "replies": [{ "jsonrpc": "2.0", "result": null, "id": 7 }],
                "running": [8],
                "replies_lost": ["nine"],
                "not_seen": [10],
                "unknown": [2],
                "callbacks": [{
                    "request_id": "cb-5",
                    "method": "tools.execute",
                    "delivery": 2,
                    "delivered": true,
                    "timeout_ms": 29_000,
                }],
                "approvals": [{
                    "approval_id": "approval-1f0c2a9b7e44",
                    "action": "ws.method:state.clear",
                    "digest": "0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246",
                    "expires_at": "2026-01-02T03:05:05.678Z",
                }],
            }),
            json!({
                "session_id": "6f1d0c4b92ae",
                "role": "client",
                "resume_token": "6f1d0c4b92ae.d1…",
                "grace_ms": 120_000,
                "restarted": false,
                "restored": [],
                "streams": [],
                "replies": [],
                "running": [],
                "callbacks": [],
            }),
        ),
        Example::call("session.close").gives(json!({ "ok": true }), json!({ "ok": true })),
        Example::call("session.policy.open").gives(scope(), scope()),
        Example::of("session.policy.close", scope(), scope())
            .gives(json!({ "closed": true }), json!({ "closed": false })),
        Example::of(
            "session.closing",
            json!({ "reason": "shutting_down", "message": "the daemon is shutting down" }),
            json!({ "reason": "fenced", "message": "the session goes on on another connection" }),
        ),
    ]
}

fn place(epoch: u64, seq: u64) -> serde_json::Value {
    json!({ "epoch": epoch, "seq": seq })
}

fn scope() -> serde_json::Value {
    json!({ "session_id": "0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11" })
}
