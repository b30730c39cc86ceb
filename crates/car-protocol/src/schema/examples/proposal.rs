use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "proposal.submit",
            json!({
                "proposal": filled(),
                "session_id": "0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11",
                "scope": {
                    "callerId": "ada",
                    "tenantId": "acme",
                    "claims": { "team": "research" },
                },
            }),
            json!({ "proposal": minimal() }),
        )
        .gives(
            json!({
                "proposal_id": "p1",
                "results": [{
                    "action_id": "a1",
                    "status": "succeeded",
                    "output": { "celsius": 21.5 },
                    "state_changes": { "forecast": "mild" },
                    "duration_ms": 12.5,
                    "timestamp": "2026-01-02T03:04:05.678Z",
                    "attempts": 1,
                }, {
                    "action_id": "a2",
                    "status": "rejected",
                    "error": "policy `two-trains`: `train` was called 2 times in 60000 ms",
                    "state_changes": {},
                    "timestamp": "2026-01-02T03:04:05.679Z",
                    "attempts": 0,
                    "stored": true,
                    "error_kind": "policy",
                    "violations": [{
                        "policy": "two-trains",
                        "rule": "max_calls",
                        "level": "daemon",
                        "reason": "`train` was called 2 times in 60000 ms",
                        "retry_after_ms": 1500,
                    }],
                    "retry_after_ms": 1500,
                }],
                "cost": cost(),
                "outcome": "aborted",
            }),
            json!({
                "proposal_id": "p1",
                "results": [{
                    "action_id": "a1",
                    "status": "skipped",
                    "state_changes": {},
                    "timestamp": "2026-01-02T03:04:05.678Z",
                    "attempts": 0,
                }],
                "cost": cost(),
                "outcome": "completed",
            }),
        ),
    ]
}

pub(super) fn filled() -> Value {
    json!({
        "id": "p1",
        "source": "planner",
        "actions": [{
            "id": "a1",
            "type": "tool_call",
            "tool": "weather",
            "parameters": { "city": "Lisbon" },
            "preconditions": [{
                "key": "city",
                "operator": "eq",
                "value": "Lisbon",
                "description": "the city was chosen",
            }],
            "expected_effects": { "forecast": "mild" },
            "state_dependencies": ["city"],
            "dependencies": [],
            "idempotent": true,
            "max_retries": 2,
            "failure_behavior": "retry",
            "timeout_ms": 30_000,
            "metadata": { "why": "the trip" },
        }],
        "timestamp": "2026-01-02T03:04:05Z",
        "context": { "goal": "plan a trip" },
        "timeout_ms": 600_000,
        "max_concurrency": 8,
        "execution": "sequential",
    })
}

pub(super) fn minimal() -> Value {
    json!({ "actions": [{ "type": "tool_call" }] })
}

fn cost() -> Value {
    json!({
        "tool_calls": 1,
        "actions_executed": 2,
        "actions_skipped": 0,
        "actions_rejected": 1,
        "total_duration_ms": 13.25,
        "retries": 0,
    })
}
