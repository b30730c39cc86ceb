use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        chat(),
        cancel(),
        history(),
        list(),
        say(),
        prompt(),
        event(),
        cancel_prompt(),
    ]
}

fn chat() -> Example {
    Example::of(
        "agents.chat",
        json!({
            "agent_id": "echo",
            "prompt": "How warm is it in Lisbon?",
            "session_id": "chat-2f6c1a90b7de",
            "stream": true,
            "voice_input": false,
            "attachments": [
                { "name": "notes.txt", "content": "Lisbon, Porto" },
                { "name": "sky.gif", "content": "R0lGODlhAQABAAAAADs=", "media_type": "image/gif", "encoding": "base64" },
            ],
            "cwd": "/home/ada/notes",
            "on_disconnect": "cancel",
            "when_busy": "queue",
            "idle_timeout_ms": 60_000,
            "timeout_ms": 600_000,
        }),
        json!({ "agent_id": "echo", "prompt": "hello" }),
    )
    .gives(
        json!({
            "accepted": true,
            "session_id": "chat-2f6c1a90b7de",
            "turn_id": "turn-51b0c2d3e4f5",
            "queued": true,
            "stream": "chat/chat-2f6c1a90b7de",
            "from": { "epoch": 1_767_323_045_678_u64, "seq": 12 },
        }),
        json!({
            "accepted": true,
            "session_id": "chat-2f6c1a90b7de",
            "turn_id": "turn-51b0c2d3e4f5",
            "stream": "chat/chat-2f6c1a90b7de",
            "from": { "epoch": 1_767_323_045_678_u64, "seq": 0 },
        }),
    )
}

fn cancel() -> Example {
    Example::of(
        "agents.chat.cancel",
        json!({ "session_id": "chat-2f6c1a90b7de", "turn_id": "turn-51b0c2d3e4f5" }),
        json!({ "session_id": "chat-2f6c1a90b7de" }),
    )
    .gives(
        json!({
            "cancelled": true,
            "session_id": "chat-2f6c1a90b7de",
            "reason": "no turn of this chat runs",
        }),
        json!({ "cancelled": true }),
    )
}

fn history() -> Example {
    Example::of(
        "agents.chat.history",
        json!({ "session_id": "chat-2f6c1a90b7de", "before": 7, "limit": 20 }),
        json!({ "session_id": "chat-2f6c1a90b7de" }),
    )
    .gives(
        json!({ "session_id": "chat-2f6c1a90b7de", "turns": [turn()], "more": false }),
        json!({ "session_id": "chat-2f6c1a90b7de", "turns": [], "more": false }),
    )
}

fn turn() -> Value {
    json!({
        "number": 6,
        "turn_id": "turn-51b0c2d3e4f5",
        "agent_id": "echo",
        "prompt": "How warm is it in Lisbon?",
        "text": "I do not know",
        "started_at": "2026-01-02T03:04:05.678Z",
        "ended_at": "2026-01-02T03:04:06.678Z",
        "outcome": "error",
        "error": "the model is away",
    })
}

fn list() -> Example {
    Example::of(
        "agents.chat.list",
        json!({ "agent_id": "echo", "running": true }),
        json!({}),
    )
    .gives(
        json!({ "chats": [{
            "session_id": "chat-2f6c1a90b7de",
            "agent_id": "echo",
            "stream": "chat/chat-2f6c1a90b7de",
            "running": "turn-51b0c2d3e4f5",
            "waiting": 1,
            "updated_at": "2026-01-02T03:04:05.678Z",
            "last_outcome": "done",
        }] }),
        json!({ "chats": [] }),
    )
}

fn say() -> Example {
    Example::of(
        "agent.chat.event",
        json!({
            "session_id": "chat-2f6c1a90b7de",
            "kind": "token",
            "turn_id": "turn-51b0c2d3e4f5",
            "delta": "It is ",
            "detail": { "tool": "weather" },
            "finish_reason": "stop",
            "error": "the model is away",
            "attachments": [{ "name": "answer.json", "content": { "celsius": 21.5 } }],
        }),
        json!({ "session_id": "chat-2f6c1a90b7de", "kind": "done" }),
    )
    .gives(json!({ "taken": true }), json!({ "taken": false }))
}

fn attachment() -> Value {
    json!({
        "name": "notes.txt",
        "handle": {
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "bytes": 13,
            "media_type": "text/plain; charset=utf-8",
            "expires_at": "2026-01-02T04:04:05.678Z",
        },
    })
}

fn prompt() -> Example {
    let context = json!({ "host_client_id": "6f1d0c4b92ae", "voice_input": false });
    Example::of(
        "agent.chat",
        json!({
            "session_id": "chat-2f6c1a90b7de",
            "prompt": "How warm is it in Lisbon?",
            "stream": true,
            "context": context,
            "turn_id": "turn-51b0c2d3e4f5",
            "agent_id": "echo",
            "attachments": [attachment()],
            "cwd": "/home/ada/notes",
        }),
        json!({
            "session_id": "chat-2f6c1a90b7de",
            "prompt": "hello",
            "stream": true,
            "context": context,
            "turn_id": "turn-51b0c2d3e4f5",
            "agent_id": "echo",
        }),
    )
    .gives(json!({ "accepted": true }), json!(null))
}

fn event() -> Example {
    Example::of(
        "agents.chat.event",
        json!({
            "session_id": "chat-2f6c1a90b7de",
            "agent_id": "echo",
            "turn_id": "turn-51b0c2d3e4f5",
            "kind": "error",
            "prompt": "How warm is it in Lisbon?",
            "delta": "It is ",
            "from_seq": 11,
            "detail": { "tool": "weather" },
            "attachments": [attachment()],
            "finish_reason": "stop",
            "error": "the agent's session has ended",
            "outcome": "agent_gone",
            "stream": "chat/chat-2f6c1a90b7de",
            "epoch": 1_767_323_045_678_u64,
            "seq": 13,
        }),
        json!({
            "session_id": "chat-2f6c1a90b7de",
            "agent_id": "echo",
            "turn_id": "turn-51b0c2d3e4f5",
            "kind": "token",
            "stream": "chat/chat-2f6c1a90b7de",
            "epoch": 1_767_323_045_678_u64,
            "seq": 13,
        }),
    )
}

fn cancel_prompt() -> Example {
    let told = json!({
        "session_id": "chat-2f6c1a90b7de",
        "turn_id": "turn-51b0c2d3e4f5",
        "reason": "cancelled",
    });
    Example::of("agent.chat.cancel", told.clone(), told)
}
