use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    let one = |name| Example::of(name, json!({ "id": "echo" }), json!({ "id": "echo" }));
    vec![
        Example::call("agents.list").gives(json!([managed()]), json!([])),
        Example::call("agents.health").gives(
            json!([{
                "id": "echo",
                "command": "/usr/bin/python3.13",
                "ok": false,
                "reason": "it does not answer agent.ping",
                "alive": true,
                "attached": true,
                "answers": false,
            }]),
            json!([]),
        ),
        Example::of("agents.upsert", upsert(), json!({ "id": "echo", "name": "Echo" }))
            .gives(managed(), minimal()),
        Example::of(
            "agents.install",
            json!({
                "agent": { "id": "echo", "name": "Echo", "version": "1.2.0" },
                "transport": { "kind": "external_process", "command": "/opt/echo/bin/echo-agent" },
                "capabilities": { "required": {}, "optional": { "storage": ["temporary"] }, "denied": {} },
            }),
            json!({}),
        )
        .gives(
            json!({
                "report": { "missingOptional": [{ "namespace": "storage", "feature": "temporary" }] },
                "agent": managed(),
            }),
            json!({ "report": { "missingOptional": [] }, "agent": null }),
        ),
        Example::call("agent.ping").gives(json!({}), json!(null)),
        one("agents.remove").gives(json!({ "removed": true }), json!({ "removed": false })),
        one("agents.start").gives(managed(), minimal()),
        Example::of(
            "agents.stop",
            json!({ "id": "echo", "signal": "kill" }),
            json!({ "id": "echo" }),
        )
        .gives(managed(), minimal()),
        one("agents.restart").gives(managed(), minimal()),
        Example::of(
            "agents.tail_log",
            json!({ "id": "echo", "n": 2 }),
            json!({ "id": "echo" }),
        )
        .gives(json!({ "lines": ["ready", "connected"] }), json!({ "lines": [] })),
        one("agents.rotate_token").gives(json!({ "rotated": true }), json!({ "rotated": true })),
        Example::of("agent.log", log(), log()),
    ]
}

fn sandbox() -> Value {
    json!({
        "read": ["/usr", "/lib", "/etc"],
        "write": ["/home/ada/notes"],
        "network": "daemon",
        "memory_bytes": 1_073_741_824,
        "cpu_seconds": 3600,
        "open_files": 256,
        "processes": 400,
        "best_effort": false,
    })
}

fn upsert() -> Value {
    json!({
        "id": "echo",
        "name": "Echo",
        "command": "/usr/bin/python3.13",
        "interpreter": "python3",
        "args": ["-m", "echo_agent"],
        "cwd": "/home/ada/echo",
        "env": { "ECHO_STYLE": "loud" },
        "restart": "always",
        "max_restarts": 10,
        "backoff_secs": 5,
        "auto_start": true,
        "daemon_token": true,
        "sandbox": sandbox(),
        "acp": { "read": ["/usr/share/doc"], "write": ["/home/ada/notes"] },
        "token": "kq3bT0Qv5m1sXn7cD2wE9rYfUaGhJpLzVbN4oMiK6t8",
    })
}

fn managed() -> Value {
    json!({
        "id": "echo",
        "name": "Echo",
        "command": "/usr/bin/python3.13",
        "args": ["-m", "echo_agent"],
        "cwd": "/home/ada/echo",
        "env": { "ECHO_STYLE": "***" },
        "restart": "always",
        "max_restarts": 10,
        "backoff_secs": 5,
        "auto_start": true,
        "daemon_token": true,
        "sandbox": sandbox(),
        "acp": { "read": ["/usr/share/doc"], "write": ["/home/ada/notes"] },
        "denied": { "network": ["*"] },
        "status": "running",
        "pid": 4242,
        "last_exit_code": 1,
        "restart_count": 2,
        "started_at": "2026-01-02T03:04:05.678Z",
        "attached": true,
        "session_id": "6f1d0c4b92ae",
        "error": "it ended 11 times in a row",
    })
}

fn minimal() -> Value {
    json!({
        "id": "echo",
        "name": "Echo",
        "command": "/usr/bin/python3.13",
        "restart": "on_failure",
        "auto_start": false,
        "status": "stopped",
        "pid": null,
        "last_exit_code": null,
        "restart_count": 0,
        "started_at": null,
        "attached": false,
    })
}

fn log() -> Value {
    json!({
        "kind": "stdout",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "agent_id": "echo",
        "lines": ["ready"],
        "stream": "agent/echo/log",
        "epoch": 1,
        "seq": 3,
    })
}
