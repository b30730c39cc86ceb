use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    let mut examples = reading();
    examples.extend(agents());
    examples.extend(approvals());
    examples.push(Example::of("host.event", event(), small_event()));
    examples
}

fn reading() -> Vec<Example> {
    let snapshot = |agents, approvals, events, manifest: Value| {
        json!({
            "subscribed": true,
            "agents": agents,
            "approvals": approvals,
            "events": events,
            "identity": {
                "version": "0.1.0",
                "pid": 4711,
                "manifest_path": manifest,
                "manifest_role": "owner",
            },
            "epoch": 3,
            "seq": 164,
        })
    };
    let (none, one) = (json!([]), |row: Value| json!([row]));
    vec![
        Example::call("host.subscribe").gives(
            snapshot(
                one(agent()),
                one(approval()),
                one(event()),
                json!("agents.json"),
            ),
            snapshot(none.clone(), none.clone(), none.clone(), json!(null)),
        ),
        Example::call("host.agents").gives(one(agent()), none.clone()),
        Example::of("host.events", json!({ "limit": 20 }), json!({}))
            .gives(one(event()), none.clone()),
        Example::call("host.approvals").gives(one(approval()), none),
    ]
}

fn agents() -> Vec<Example> {
    vec![
        Example::of(
            "host.register_agent",
            json!({
                "id": "agent-5d2f0a91c3be",
                "name": "planner",
                "kind": "assistant",
                "capabilities": ["plan"],
                "project": "trip",
                "pid": 4712,
                "display": display(),
                "metadata": { "model": "none" },
            }),
            json!({ "name": "planner" }),
        )
        .gives(agent(), small_agent()),
        Example::of("host.unregister_agent", named(), named())
            .gives(json!({ "ok": true }), json!({ "ok": true })),
        Example::of(
            "host.set_status",
            json!({
                "agent_id": "agent-5d2f0a91c3be",
                "status": "running",
                "current_task": "looking at the weather",
                "message": "planner looks at the weather",
                "payload": { "step": 1 },
            }),
            json!({ "agent_id": "agent-5d2f0a91c3be", "status": "idle" }),
        )
        .gives(agent(), small_agent()),
        Example::of(
            "host.notify",
            json!({
                "kind": "host.notification",
                "agent_id": "agent-5d2f0a91c3be",
                "message": "the plan is ready",
                "payload": { "pages": 3 },
            }),
            json!({}),
        )
        .gives(event(), small_event()),
    ]
}

fn approvals() -> Vec<Example> {
    vec![
        Example::of(
            "host.request_approval",
            json!({
                "action": "book the train",
                "agent_id": "agent-5d2f0a91c3be",
                "details": { "price": "39 EUR" },
                "options": ["approve", "deny"],
                "system_level": false,
            }),
            json!({ "action": "book the train" }),
        )
        .gives(approval(), small_approval()),
        Example::of("host.resolve_approval", decision(), decision())
            .gives(approval(), small_approval()),
    ]
}

fn named() -> Value {
    json!({ "agent_id": "agent-5d2f0a91c3be" })
}

fn display() -> Value {
    json!({ "label": "Planner", "icon": "map", "accent": "#2d6cdf" })
}

fn agent() -> Value {
    json!({
        "id": "agent-5d2f0a91c3be",
        "name": "planner",
        "kind": "assistant",
        "capabilities": ["plan"],
        "project": "trip",
        "session_id": "6f1d0c4b92ae",
        "status": "running",
        "current_task": "looking at the weather",
        "pid": 4712,
        "display": display(),
        "updated_at": "2026-01-02T03:04:05.678Z",
        "metadata": { "model": "none" },
    })
}

fn small_agent() -> Value {
    json!({
        "id": "agent-5d2f0a91c3be",
        "name": "planner",
        "kind": "",
        "capabilities": [],
        "status": "idle",
        "display": {},
        "updated_at": "2026-01-02T03:04:05.678Z",
        "metadata": null,
    })
}

fn decision() -> Value {
    json!({ "approval_id": "approval-1f0c2a9b7e44", "resolution": "approve" })
}

fn approval() -> Value {
    json!({
        "id": "approval-1f0c2a9b7e44",
        "agent_id": "agent-5d2f0a91c3be",
        "client_id": "6f1d0c4b92ae",
        "action": "ws.method:state.clear",
        "details": { "method": "state.clear" },
        "options": ["approve", "deny"],
        "status": "resolved",
        "created_at": "2026-01-02T03:04:05.678Z",
        "resolved_at": "2026-01-02T03:04:09.001Z",
        "resolution": "approve",
        "expires_at": "2026-01-02T03:05:05.678Z",
        "digest": "0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246",
        "decision": super::approvals::decision(),
        "reason": "timeout",
    })
}

fn small_approval() -> Value {
    json!({
        "id": "approval-1f0c2a9b7e44",
        "action": "book the train",
        "details": null,
        "options": ["approve", "deny"],
        "status": "pending",
        "created_at": "2026-01-02T03:04:05.678Z",
    })
}

fn event() -> Value {
    json!({
        "id": "event-77b1d2e3f405",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "kind": "host.notification",
        "agent_id": "agent-5d2f0a91c3be",
        "message": "the plan is ready",
        "payload": { "pages": 3 },
        "stream": "host",
        "epoch": 3,
        "seq": 164,
    })
}

fn small_event() -> Value {
    json!({
        "id": "event-77b1d2e3f405",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "kind": "host.notification",
        "message": "",
        "payload": null,
        "stream": "host",
        "epoch": 3,
        "seq": 164,
    })
}

/// The payload of a `host.event` of the kind `approval.resolve_requested`.
pub(super) fn resolve_requested() -> Value {
    json!({
        "approval_id": "approval-1f0c2a9b7e44",
        "resolution": "approve",
        "requesting_client_id": "0a9b8c7d6e5f",
        "owner_client_id": "6f1d0c4b92ae",
    })
}
