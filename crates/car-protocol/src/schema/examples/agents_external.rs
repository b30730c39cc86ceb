use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "agents.permit",
            json!({
                "session_id": "chat-2f6c1a90b7de",
                "turn_id": "turn-51b0c2d3e4f5",
                "tool": "acp.execute",
                "arguments": { "title": "cargo test", "rawInput": { "command": "cargo test" } },
            }),
            json!({ "session_id": "chat-2f6c1a90b7de", "tool": "acp.read" }),
        )
        .gives(
            json!({ "allowed": false, "reason": "a person refused the call: deny (not now)" }),
            json!({ "allowed": true }),
        ),
        Example::of(
            "agents.list_external",
            json!({ "include_health": true }),
            json!({}),
        )
        .gives(json!([found(), missing()]), json!([])),
        Example::of(
            "agents.health_external",
            json!({ "id": "claude-code", "force": true }),
            json!({}),
        )
        .gives(health(), json!([health()])),
        Example::of(
            "agents.invoke_external",
            json!({
                "id": "claude-code",
                "task": "Why does the build fail?",
                "stream": false,
                "session_id": "chat-2f6c1a90b7de",
                "cwd": "/home/ada/project",
                "allowed_tools": ["Read"],
                "max_turns": 3,
                "timeout_secs": 600,
                "mcp_endpoint": "http://127.0.0.1:9101/mcp",
            }),
            json!({ "id": "codex", "task": "Say hello." }),
        )
        .gives(
            json!({
                "id": "claude-code",
                "session_id": "chat-2f6c1a90b7de",
                "turn_id": "turn-51b0c2d3e4f5",
                "accepted": true,
                "output": "A comma is missing in line 3",
                "is_error": true,
                "outcome": "timeout",
                "error": "it took too long",
                "duration_ms": 600_004,
            }),
            json!({
                "id": "codex",
                "session_id": "chat-2f6c1a90b7de",
                "turn_id": "turn-51b0c2d3e4f5",
            }),
        ),
    ]
}

fn health() -> Value {
    json!({
        "id": "claude-code",
        "ok": false,
        "reason": "it does not answer agent.ping",
        "installed": true,
        "alive": true,
        "attached": true,
        "checked_at": "2026-01-02T03:04:05.678Z",
    })
}

fn found() -> Value {
    json!({
        "id": "claude-code",
        "name": "Claude Code",
        "protocol": "acp",
        "command": "/opt/npm/lib/claude-agent-acp/dist/index.js",
        "args": ["--quiet"],
        "installed": true,
        "status": "running",
        "health": health(),
    })
}

fn missing() -> Value {
    json!({
        "id": "codex",
        "name": "Codex",
        "protocol": "acp",
        "command": null,
        "args": [],
        "installed": false,
    })
}
