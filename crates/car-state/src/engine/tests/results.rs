use car_protocol::rpc::proposal::FailureKind;

use super::*;

fn small() -> EngineLimits {
    EngineLimits {
        result_bytes: 100,
        ..EngineLimits::default()
    }
}

/// Tools that give so many bytes of text, inside an object.
fn bench(limits: EngineLimits) -> Bench {
    let give = function(|call| {
        let bytes = call.parameters["bytes"].as_u64().unwrap();
        Ok(json!({"text": "x".repeat(bytes as usize), "n": bytes}))
    });
    Bench::limited(vec![("give", give)], limits, StoreLimits::default())
}

fn give(id: &str, bytes: u64) -> Value {
    call(id, "give", json!({"bytes": bytes}))
}

#[tokio::test(start_paused = true)]
async fn a_result_beyond_its_bound_is_stored_and_a_smaller_one_is_not() {
    let bench = bench(small());
    let results = bench.actions(json!([give("a", 50), give("b", 100)])).await;
    assert!(!results[0].stored && results[1].stored);
    assert_eq!(results[0].output.as_ref().unwrap()["n"], 50);
    let handle = results[1].output.as_ref().unwrap();
    assert_eq!(handle["bytes"], 119);
    assert_eq!(bench.kept.0.lock().len(), 1);
    assert_eq!(bench.kept.0.lock()[0]["n"], 100);
}

#[tokio::test(start_paused = true)]
async fn a_reference_into_a_stored_result_gets_the_value_itself() {
    let bench = bench(small());
    let results = bench
        .actions(json!([
            give("a", 200),
            call(
                "b",
                "echo",
                json!({"n": "$a.output.n", "text": "$a.output.text"})
            ),
            write("c", "k", json!("$a.output.n")),
        ]))
        .await;
    assert!(results[0].stored && results[1].stored && !results[2].stored);
    assert_eq!(
        bench.kept.0.lock()[1],
        json!({"n": 200, "text": "x".repeat(200)})
    );
    assert_eq!(results[2].state_changes["k"], 200);
}

#[tokio::test(start_paused = true)]
async fn a_path_that_a_stored_result_does_not_have_is_named() {
    let bench = bench(small());
    let missing = call("b", "echo", json!({"p": "$a.output.sha256"}));
    let results = bench.actions(json!([give("a", 200), missing])).await;
    assert_eq!(
        statuses(&results),
        [ActionStatus::Succeeded, ActionStatus::Rejected]
    );
    assert_eq!(
        error(&results[1]),
        "the output of `a` has nothing at `sha256`"
    );
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_is_not_held_and_what_is_held_is_bounded() {
    let limits = EngineLimits {
        output_bytes: 5_000,
        ..small()
    };
    let bench = bench(limits);
    let many: Vec<_> = (0..20).map(|n| give(&n.to_string(), 2_000)).collect();
    let results = bench.actions(many.into()).await;
    assert!(results.iter().all(|result| result.stored));
    let take = |id: &str, on: &str| call(id, "echo", json!({"n": format!("${on}.output.n")}));
    let results = bench
        .actions(json!([
            give("a", 2_000),
            take("b", "a"),
            give("c", 4_000),
            take("d", "c")
        ]))
        .await;
    assert_eq!(results[2].status, ActionStatus::Failed);
    assert_eq!(
        error(&results[2]),
        "the results of one proposal have at most 5000 bytes"
    );
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_not_taken_fails_its_action() {
    let bench = bench(small());
    let results = bench.actions(json!([give("a", 1_000_000)])).await;
    assert_eq!(results[0].status, ActionStatus::Failed);
    assert_eq!(results[0].error_kind, Some(FailureKind::ResultNotKept));
    let told = error(&results[0]);
    assert!(
        told.starts_with("the result has 1000023 bytes and cannot be stored: "),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_remembered_result_is_stored_again() {
    let bench = bench(small());
    let again = || json!([with(give("a", 200), json!({"idempotent": true}))]);
    for _ in 0..2 {
        assert!(bench.actions(again()).await[0].stored);
    }
    assert_eq!(bench.called().len(), 1);
    assert_eq!(bench.kept.0.lock().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn why_an_action_failed_is_told_for_a_program_too() {
    let bench = bench(small());
    bench.define(json!({"name": "give", "parameters": {"required": ["bytes"]}, "returns": {"type": "string"}}));
    bench.define(json!({"name": "slow", "rate_limit": {"max_calls": 1, "interval_secs": 60}}));
    bench.policy(
        None,
        json!({"name": "p", "rule": "deny_tool", "target": "fail"}),
    );
    let skip = |action: Value| {
        with(
            action,
            json!({"failure_behavior": "skip", "timeout_ms": 5_000}),
        )
    };
    let slow = || skip(call("", "slow", json!({"ms": 1})));
    let mut actions = vec![
        skip(call("a", "give", json!({}))),
        skip(give("b", 1)),
        skip(call("c", "fail", json!({}))),
        with(slow(), json!({"id": "d"})),
        with(slow(), json!({"id": "e"})),
    ];
    actions.push(skip(call("f", "nope", json!({}))));
    let results = bench.actions(actions.into()).await;
    let kinds: Vec<_> = results.iter().map(|result| result.error_kind).collect();
    assert_eq!(
        kinds,
        [
            Some(FailureKind::InvalidParameters),
            Some(FailureKind::InvalidResult),
            Some(FailureKind::Policy),
            None,
            Some(FailureKind::RateLimited),
            None
        ]
    );
    assert_eq!(results[2].violations[0].rule, "deny_tool");
    let wait = results[4].retry_after_ms.unwrap();
    assert!((59_000..=60_000).contains(&wait), "{wait}");
    assert!(
        error(&results[1]).starts_with("the result does not fit the tool's `returns`: result: ")
    );
}
