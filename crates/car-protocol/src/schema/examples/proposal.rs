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
                "stream": true,
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
                "compensations": [{
                    "action_id": "a1",
                    "tool": "forget",
                    "status": "succeeded",
                    "output": null,
                    "error": "no such tool",
                    "duration_ms": 3.5,
                    "timestamp": "2026-01-02T03:04:05.680Z",
                }],
                "budget_exhausted": "max_tool_calls",
                "run": { "stream": "run/6f1d0c4b92ae/p1", "epoch": 1, "seq": 9 },
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
        Example::of(
            "proposal.cancel",
            json!({ "proposal_id": "p1", "reason": "no longer needed", "session_id": "6f1d0c4b92ae" }),
            json!({ "proposal_id": "p1" }),
        )
        .gives(
            json!({ "proposal_id": "p1", "cancelled": false, "outcome": "completed" }),
            json!({ "proposal_id": "p1", "cancelled": true }),
        ),
        Example::of(
            "proposal.calls",
            json!({ "proposal_id": "p1", "session_id": "6f1d0c4b92ae" }),
            json!({ "proposal_id": "p1" }),
        )
        .gives(
            json!({
                "proposal_id": "p1",
                "running": false,
                "calls": [{
                    "fence": 7,
                    "action_id": "a1",
                    "tool": "weather",
                    "attempt": 1,
                    "compensation": true,
                    "began": "2026-01-02T03:04:05.678Z",
                    "lease_ms": 30_000,
                    "state": "timed_out",
                    "duration_ms": 30_000.0,
                    "late": {
                        "timestamp": "2026-01-02T03:04:39.000Z",
                        "bytes": 16,
                        "result": { "celsius": 21.5 },
                        "error": "the station is closed",
                    },
                }],
            }),
            json!({ "proposal_id": "p1", "running": true, "calls": [] }),
        ),
        Example::of(
            "execution.event",
            json!({
                "kind": "progress",
                "timestamp": "2026-01-02T03:04:05.678Z",
                "action_id": "a1",
                "proposal_id": "p1",
                "data": { "attempt": 1, "progress": 3.0, "total": 12.0 },
                "stream": "run/6f1d0c4b92ae/p1",
                "epoch": 1,
                "seq": 3,
            }),
            json!({
                "kind": "ended",
                "timestamp": "2026-01-02T03:04:05.678Z",
                "proposal_id": "p1",
                "data": {},
                "stream": "run/6f1d0c4b92ae/p1",
                "epoch": 1,
                "seq": 9,
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
            "idle_timeout_ms": 5_000,
            "compensation": {
                "tool": "forget",
                "parameters": { "forecast": "$a1.output" },
                "timeout_ms": 5_000,
            },
            "compensable": true,
            "metadata": { "why": "the trip" },
        }],
        "timestamp": "2026-01-02T03:04:05Z",
        "context": { "goal": "plan a trip" },
        "timeout_ms": 600_000,
        "max_concurrency": 8,
        "execution": "sequential",
        "budget": { "max_actions": 10, "max_tool_calls": 5, "max_duration_ms": 60_000 },
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
