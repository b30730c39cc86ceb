//! A person whom a policy has asked puts other parameters in the place of those of the call.

use super::*;
use crate::policy::{Approver, Question};
use ActionStatus::{Rejected, Succeeded};

/// A person who agrees, and puts these in the place of what they are shown.
#[derive(Debug)]
struct Editor(Value);

impl Approver for Editor {
    fn ask(&self, _: Question) -> BoxFuture<'_, Result<Option<Value>, String>> {
        std::future::ready(Ok(Some(self.0.clone()))).boxed()
    }
}

/// Whose calls of `echo` are asked about and edited so.
fn edited(edits: Value) -> Bench {
    let mut bench = Bench::new();
    bench.engine.parts.approver = Arc::new(Editor(edits));
    bench.policy(
        None,
        json!({"name": "ask", "rule": "require_approval", "target": "echo"}),
    );
    bench
}

#[tokio::test(start_paused = true)]
async fn what_a_person_put_in_its_place_is_what_runs_again_and_again() {
    let bench = edited(json!({"to": "bob"}));
    let actions = json!([call("a", "echo", json!({"to": "ada"}))]);
    let results = bench.actions(actions).await;
    assert_eq!(statuses(&results), [Succeeded]);
    assert_eq!(results[0].output, Some(json!({"to": "bob"})));
    assert_eq!(bench.tools.calls.lock()[0].parameters, json!({"to": "bob"}));
}

#[tokio::test(start_paused = true)]
async fn what_the_tool_does_not_take_does_not_run() {
    let bench = edited(json!({"to": 7}));
    let texts = json!({"type": "object", "properties": {"to": {"type": "string"}}});
    bench.define(json!({"name": "echo", "parameters": texts}));
    let actions = json!([call("a", "echo", json!({"to": "ada"}))]);
    let results = bench.actions(actions).await;
    assert_eq!(statuses(&results), [Rejected]);
    assert_eq!(results[0].violations[0].policy, "ask");
    let reason = &results[0].violations[0].reason;
    let said = "what a person put in its place does not fit: ";
    assert!(reason.starts_with(said), "{reason}");
    assert!(bench.called().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_another_policy_denies_does_not_run_whoever_wrote_it() {
    let bench = edited(json!({"path": "/etc/passwd"}));
    bench.policy(
        None,
        json!({"name": "not there", "rule": "deny_tool_param", "target": "echo", "key": "path", "pattern": "/etc"}),
    );
    let actions = json!([call("a", "echo", json!({"path": "/tmp/x"}))]);
    let results = bench.actions(actions).await;
    assert_eq!(statuses(&results), [Rejected]);
    assert_eq!(results[0].violations[0].policy, "not there");
    assert!(bench.called().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_edited_is_counted_once() {
    let bench = edited(json!({}));
    bench.policy(
        None,
        json!({"name": "twice", "rule": "max_calls", "target": "echo", "count": 2, "window_ms": 60_000}),
    );
    for status in [Succeeded, Succeeded, Rejected] {
        let actions = json!([call("a", "echo", json!({"n": 1}))]);
        assert_eq!(statuses(&bench.actions(actions).await), [status]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_result_of_an_edited_call_is_not_taken_for_that_of_what_was_asked() {
    let mut bench = edited(json!({"to": "bob"}));
    let idempotent = |to: &str| {
        let action = call("a", "echo", json!({"to": to}));
        json!([with(action, json!({"idempotent": true}))])
    };
    bench.actions(idempotent("ada")).await;
    bench.engine.parts.approver = Arc::new(Editor(json!({"to": "ada"})));
    let results = bench.actions(idempotent("bob")).await;
    assert_eq!(results[0].output, Some(json!({"to": "ada"})));
    assert_eq!(bench.called().len(), 2);
}
