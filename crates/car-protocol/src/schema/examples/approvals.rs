use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    let listed = |approvals: Value| json!({ "approvals": approvals });
    vec![
        Example::of(
            "approvals.list",
            json!({ "agent_id": "agent-5d2f0a91c3be", "mine_to_decide": true }),
            json!({}),
        )
        .gives(listed(json!([small_approval()])), listed(json!([]))),
        Example::of("approvals.get", named(), named()).gives(approval(), small_approval()),
        Example::of(
            "approvals.decide",
            json!({
                "approval_id": "approval-1f0c2a9b7e44",
                "decision": "approve",
                "digest": DIGEST,
                "scope": { "kind": "for", "ms": 900_000 },
                "narrowing": narrowing(),
                "comment": "while you tidy up",
                "edits": { "tenant_id": "t1" },
            }),
            json!({ "approval_id": "approval-1f0c2a9b7e44", "decision": "deny" }),
        )
        .gives(approval(), small_approval()),
        Example::of("approvals.seen", ids("approval_ids"), ids("approval_ids"))
            .gives(ids("seen"), json!({ "seen": [] })),
        Example::of(
            "approvals.withdraw",
            json!({ "approval_id": "approval-1f0c2a9b7e44", "reason": "done by hand" }),
            named(),
        )
        .gives(approval(), small_approval()),
        Example::of(
            "approvals.history",
            json!({
                "limit": 20,
                "before": 41,
                "agent_id": "agent-5d2f0a91c3be",
                "standing": "approved",
            }),
            json!({}),
        )
        .gives(
            json!({ "approvals": [small_approval()], "next": 21 }),
            listed(json!([])),
        ),
    ]
}

const DIGEST: &str = "0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246";

fn named() -> Value {
    json!({ "approval_id": "approval-1f0c2a9b7e44" })
}

fn ids(member: &str) -> Value {
    json!({ member: ["approval-1f0c2a9b7e44"] })
}

fn narrowing() -> Value {
    json!({
        "arguments": { "/tenant_id": "t*" },
        "same_arguments": false,
        "agent_id": "agent-5d2f0a91c3be",
    })
}

/// A decision with everything.
pub(super) fn decision() -> Value {
    json!({
        "resolution": "approve",
        "by": { "principal": "host", "role": "host", "session_id": "0a9b8c7d6e5f" },
        "at": "2026-01-02T03:04:09.001Z",
        "scope": { "kind": "for", "ms": 900_000 },
        "narrowing": narrowing(),
        "comment": "while you tidy up",
        "edits": { "tenant_id": "t1" },
    })
}

fn approval() -> Value {
    json!({
        "id": "approval-1f0c2a9b7e44",
        "number": 40,
        "action": "ws.method:state.clear",
        "act": {
            "method": "state.clear",
            "tool": "rm",
            "digest": DIGEST,
            "preview": { "tenant_id": null },
            "tool_version": "2",
            "policy_revision": "7",
            "project": "trip",
            "because": "state is not cleared at night",
        },
        "asker": { "principal": "client", "role": "client", "session_id": "6f1d0c4b92ae" },
        "owner": "6f1d0c4b92ae",
        "agent_id": "agent-5d2f0a91c3be",
        "details": { "method": "state.clear" },
        "options": ["approve", "deny"],
        "standing": "approved",
        "reason": "timeout",
        "created_at": "2026-01-02T03:04:05.678Z",
        "reach_by": "2026-01-02T03:05:05.678Z",
        "expires_at": "2026-01-02T03:05:06.000Z",
        "delivered_to": [{ "by": "session:0a9b8c7d6e5f", "at": "2026-01-02T03:04:06.000Z" }],
        "seen_by": [{ "by": "session:0a9b8c7d6e5f", "at": "2026-01-02T03:04:07.500Z" }],
        "decision": decision(),
        "ended_at": "2026-01-02T03:04:09.001Z",
        "used": true,
    })
}

fn small_approval() -> Value {
    json!({
        "id": "approval-1f0c2a9b7e44",
        "number": 40,
        "action": "book the train",
        "asker": { "principal": "client", "role": "client", "session_id": "6f1d0c4b92ae" },
        "details": null,
        "options": ["approve", "deny"],
        "standing": "pending",
        "created_at": "2026-01-02T03:04:05.678Z",
        "delivered_to": [],
        "seen_by": [],
        "used": false,
    })
}
