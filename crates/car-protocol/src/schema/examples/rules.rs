use serde_json::json;

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    vec![
        Example::of(
            "approvals.explain",
            json!({
                "call": {
                    "method": "mail.send",
                    "tool": "shell",
                    "arguments": { "to": ["ada@example.org"] },
                },
                "at_ms": 1_767_323_045_678_i64,
            }),
            json!({ "call": { "tool": "shell", "arguments": null } }),
        )
        .gives(
            json!({
                "decision": "ask",
                "decided_by": "rule",
                "rule": "mail",
                "grant": "grant-0123456789ab",
                "reason": "outgoing mail needs a person",
                "timeout_ms": 900_000,
                "matched": [{
                    "rule": "mail",
                    "decision": "ask",
                    "reason": "outgoing mail needs a person",
                    "failed": true,
                }],
                "revision": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "available": false,
            }),
            json!({
                "decision": "allow",
                "decided_by": "nothing",
                "reason": "nothing is said about it",
                "matched": [],
                "revision": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            }),
        ),
        Example::call("approvals.rules").gives(
            json!({
                "revision": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "loaded_at": "2026-01-02T03:04:05.678Z",
                "rules": [{
                    "rule": "mail",
                    "file": "mail.cedar",
                    "line": 3,
                    "decision": "ask",
                    "reason": "outgoing mail needs a person",
                    "timeout_ms": 900_000,
                    "methods": 1,
                    "tools": false,
                }],
                "problems": [{
                    "file": "night.cedar",
                    "line": 7,
                    "reason": "attribute `hours` in context not found",
                }],
                "folder": "/home/ada/.car/policies",
            }),
            json!({
                "revision": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "loaded_at": "2026-01-02T03:04:05.678Z",
                "rules": [],
                "problems": [],
            }),
        ),
    ]
}
