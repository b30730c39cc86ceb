use super::*;
use ActionStatus::{Failed, Rejected, Skipped, Succeeded};

async fn refusal(bench: &Bench, action: Value) -> String {
    let results = bench.actions(json!([action])).await;
    assert_eq!(results[0].status, Rejected);
    assert_eq!(results[0].attempts, 0);
    error(&results[0]).to_owned()
}

#[tokio::test(start_paused = true)]
async fn what_is_not_valid_is_rejected_with_its_reason() {
    let bench = Bench::new();
    bench.define(json!({"name": "echo", "parameters": {
        "type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}},
    }}));
    bench.set("k", json!("hello"));
    let echo = |parameters| call("a", "echo", parameters);
    let needs = |members| with(call("a", "fail", json!({})), members);
    for (action, reason) in [
        (call("a", "nope", json!({})), "unknown tool `nope`"),
        (
            json!({"id": "a", "type": "tool_call"}),
            "a tool call needs `tool`",
        ),
        (echo(json!({})), "parameters: \"n\" is a required property"),
        (
            echo(json!({"n": "1"})),
            "parameters/n: the value is not of type \"integer\"",
        ),
        (
            json!({"id": "a", "type": "state_read"}),
            "a state action needs the parameter `key`",
        ),
        (
            json!({"id": "a", "type": "state_write", "parameters": {"key": 1}}),
            "the parameter `key` must be a string",
        ),
        (
            write("a", "", json!(1)),
            "a key has 1 to 1024 bytes, this one has 0",
        ),
        (
            needs(json!({"state_dependencies": ["x"]})),
            "the state key `x` is missing",
        ),
        (
            needs(
                json!({"preconditions": [{"key": "k", "operator": "contains", "value": "x", "description": "greets"}]}),
            ),
            "precondition `k contains` does not hold (greets)",
        ),
        (
            needs(json!({"preconditions": [{"key": "x", "value": 1}]})),
            "precondition `x eq` does not hold: the key is missing",
        ),
        (
            needs(json!({"preconditions": [{"key": "k", "operator": "~"}]})),
            "unknown operator `~` on the key `k`",
        ),
        (
            needs(json!({"expected_effects": {"": 1}})),
            "the effect on ``: a key has 1 to 1024 bytes, this one has 0",
        ),
    ] {
        assert_eq!(refusal(&bench, action).await, reason);
    }
    assert!(bench.called().is_empty());
}

#[tokio::test(start_paused = true)]
async fn state_actions_write_read_and_assert() {
    let bench = Bench::new();
    let assertion = |id: &str, expected: Value| json!({"id": id, "type": "assertion", "failure_behavior": "skip", "parameters": {"key": "k", "expected": expected}});
    let results = bench
        .actions(json!([
            read("a", "k"),
            write("b", "k", json!([1])),
            read("c", "k"),
            assertion("d", json!([1.0])),
            assertion("e", json!(2)),
        ]))
        .await;
    assert_eq!(
        statuses(&results),
        [Succeeded, Succeeded, Succeeded, Succeeded, Skipped]
    );
    assert_eq!(
        (&results[0].output, &results[1].output),
        (&Some(Value::Null), &Some(json!("written: k")))
    );
    assert_eq!(results[2].output, Some(json!([1])));
    let asserted = json!({ "asserted": "k", "value": [1] });
    assert_eq!(results[3].output, Some(asserted));
    assert_eq!(
        error(&results[4]),
        "assertion failed: the state key `k` holds another value"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_assertion_aborts() {
    let bench = Bench::new();
    let assertion =
        json!({"id": "b", "type": "assertion", "parameters": {"key": "k", "expected": 2}});
    let result = bench
        .run(json!({"actions": [write("a", "k", json!(1)), assertion]}))
        .await;
    assert_eq!(statuses(&result.results), [Succeeded, Failed]);
    assert_eq!(
        (result.outcome, bench.state()),
        (Outcome::Aborted, json!({}))
    );
}

#[tokio::test(start_paused = true)]
async fn a_policy_sees_resolved_parameters() {
    let bench = Bench::new();
    let deny = json!({"name": "p", "rule": "deny_tool_param", "target": "echo", "key": "path", "pattern": "/etc"});
    bench.policy(None, deny);
    let results = bench
        .actions(json!([
            call("a", "echo", json!({"x": "/etc/passwd"})),
            call("b", "echo", json!({"path": "$a.output.x"}))
        ]))
        .await;
    assert_eq!(statuses(&results), [Succeeded, Rejected]);
    assert_eq!(
        error(&results[1]),
        "policy `p`: the parameter `path` of `echo` holds a denied text"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_or_is_noted_when_the_proposal_cannot_run() {
    let bench = Bench::new();
    let twice = json!({"actions": [call("a", "echo", json!({})), call("a", "echo", json!({}))]});
    let error = bench.submit(twice).await.unwrap_err();
    assert_eq!(error.field().unwrap(), "proposal.actions[1].id");
    let error = bench
        .submit(json!({"id": "x".repeat(257), "actions": []}))
        .await
        .unwrap_err();
    assert_eq!(
        (error.field().as_deref(), error.limit()),
        (Some("proposal.id"), Some(256))
    );
    let many: Vec<_> = (0..10_001).map(|_| json!({"type": "state_read"})).collect();
    let error = bench.submit(json!({"actions": many})).await.unwrap_err();
    assert_eq!(error.limit(), Some(10_000));
    let request = RunRequest {
        policy_scope: Some("policy-x".to_owned()),
        ..request(json!({"actions": [call("a", "echo", json!({}))]}))
    };
    let error = bench
        .engine
        .run(request, CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "unknown policy scope `policy-x`");
    assert!(bench.called().is_empty() && bench.kinds().is_empty());
}

#[tokio::test(start_paused = true)]
async fn ids_are_made_where_there_are_none() {
    let bench = Bench::new();
    let result = bench
        .run(json!({"actions": [{"type": "state_read", "parameters": {"key": "k"}}]}))
        .await;
    assert_eq!(result.proposal_id, "000000000001");
    assert_eq!(result.results[0].action_id, "000000000002");
}

#[tokio::test(start_paused = true)]
async fn every_step_is_noted_in_order() {
    let bench = Bench::new();
    bench
        .run(json!({"source": "test", "actions": [
            with(call("a", "echo", json!({})), json!({"expected_effects": {"k": 1}})),
            with(call("b", "fail", json!({})), json!({"failure_behavior": "skip"})),
            call("c", "nope", json!({})),
        ]}))
        .await;
    assert_eq!(
        bench.kinds(),
        [
            kind::PROPOSAL_RECEIVED,
            kind::ACTION_VALIDATED,
            kind::ACTION_EXECUTING,
            kind::STATE_CHANGED,
            kind::ACTION_SUCCEEDED,
            kind::ACTION_VALIDATED,
            kind::ACTION_EXECUTING,
            kind::ACTION_SKIPPED,
            kind::ACTION_REJECTED,
            kind::STATE_ROLLBACK,
        ]
    );
    assert_eq!(
        bench.noted(kind::ACTION_REJECTED),
        [json!({"reason": "unknown tool `nope`"})]
    );
    assert_eq!(
        bench.noted(kind::PROPOSAL_RECEIVED),
        [json!({"source": "test", "actions": 3})]
    );
}

#[test]
fn the_params_of_a_submission_name_scope_and_tenant() {
    let params = json!({"proposal": {"actions": []}, "session_id": "s", "scope": {"callerId": "c", "tenantId": "t"}});
    let request =
        RunRequest::try_from(serde_json::from_value::<SubmitParams>(params).unwrap()).unwrap();
    assert_eq!(
        (request.policy_scope.as_deref(), request.tenant.name()),
        (Some("s"), Some("t"))
    );
    let params = json!({"proposal": {"actions": []}, "scope": {"tenantId": ""}});
    let refused = RunRequest::try_from(serde_json::from_value::<SubmitParams>(params).unwrap());
    assert_eq!(
        refused.unwrap_err().field().as_deref(),
        Some("scope.tenantId")
    );
}
