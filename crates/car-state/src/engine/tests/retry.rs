use super::*;
use ActionStatus::{Failed, Skipped, Succeeded};

fn retried(id: &str, tool: &str, retries: u32) -> Value {
    with(
        call(id, tool, json!({})),
        json!({"failure_behavior": "retry", "max_retries": retries}),
    )
}

#[tokio::test(start_paused = true)]
async fn an_action_is_tried_again_until_it_succeeds() {
    let flaky = answers(vec![failed("once"), failed("twice"), Ok(json!("done"))]);
    let bench = Bench::with(vec![("flaky", flaky)]);
    let result = bench
        .run(json!({"actions": [retried("a", "flaky", 3)]}))
        .await;
    assert_eq!(result.results[0].status, Succeeded);
    assert_eq!(
        (
            result.results[0].attempts,
            result.cost.retries,
            result.cost.tool_calls
        ),
        (3, 2, 1)
    );
    let attempts: Vec<_> = bench
        .tools
        .calls
        .lock()
        .iter()
        .map(|call| call.attempt)
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
    let retrying = bench.noted(kind::ACTION_RETRYING);
    assert_eq!(
        (&retrying[0]["error"], &retrying[1]["attempt"]),
        (&json!("once"), &json!(2))
    );
}

#[tokio::test(start_paused = true)]
async fn only_the_behavior_retry_tries_again_and_it_does_not_abort() {
    for (behavior, calls, status, outcome) in [
        ("abort", 1, Failed, Outcome::Aborted),
        ("skip", 1, Skipped, Outcome::Completed),
        ("retry", 3, Failed, Outcome::Completed),
    ] {
        let bench = Bench::new();
        let action = with(
            retried("a", "fail", 2),
            json!({"failure_behavior": behavior}),
        );
        let result = bench.run(json!({"actions": [action]})).await;
        assert_eq!(bench.called().len(), calls, "{behavior}");
        assert_eq!(
            (result.results[0].status, result.outcome),
            (status, outcome),
            "{behavior}"
        );
        assert_eq!(error(&result.results[0]), "no luck");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_succeed_is_not_tried_again() {
    let refused = || {
        Err(ToolError::Refused {
            message: "never".to_owned(),
        })
    };
    let bench = Bench::with(vec![("refuse", function(move |_| refused()))]);
    let results = bench
        .actions(json!([
            retried("a", "refuse", 5),
            retried("b", "missing", 5)
        ]))
        .await;
    assert_eq!(bench.called(), ["a"]);
    assert_eq!(error(&results[1]), "unknown tool `missing`");
}

#[tokio::test(start_paused = true)]
async fn a_tool_of_ninety_seconds_succeeds_within_two_minutes() {
    let bench = Bench::new();
    let slow = |timeout: u64| {
        with(
            call("a", "slow", json!({"ms": 90_000})),
            json!({"timeout_ms": timeout}),
        )
    };
    assert_eq!(
        bench.actions(json!([slow(120_000)])).await[0].status,
        Succeeded
    );
    assert_eq!(
        bench.tools.calls.lock()[0].timeout,
        Duration::from_secs(120)
    );
    let late = &bench.actions(json!([slow(60_000)])).await[0];
    assert_eq!(
        (late.status, error(late)),
        (Failed, "no answer within 60000 ms")
    );
    assert_eq!(late.duration_ms, Some(60_000.0));
    assert_eq!(bench.tools.open.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn every_attempt_has_its_own_time() {
    let bench = Bench::new();
    let action = with(
        retried("a", "slow", 2),
        json!({"parameters": {"ms": 5000}, "timeout_ms": 1000}),
    );
    let result = &bench.actions(json!([action])).await[0];
    assert_eq!((result.status, result.attempts), (Failed, 3));
    let timeouts: Vec<_> = bench
        .tools
        .calls
        .lock()
        .iter()
        .map(|call| call.timeout.as_millis())
        .collect();
    assert_eq!(timeouts, [1000, 1000, 1000]);
}

#[tokio::test(start_paused = true)]
async fn an_action_without_a_time_has_five_minutes_and_none_has_more_than_a_day() {
    let bench = Bench::new();
    let far = u64::MAX;
    bench
        .actions(json!([
            call("a", "echo", json!({})),
            with(call("b", "echo", json!({})), json!({"timeout_ms": far}))
        ]))
        .await;
    let timeouts: Vec<_> = bench
        .tools
        .calls
        .lock()
        .iter()
        .map(|call| call.timeout.as_secs())
        .collect();
    assert_eq!(timeouts, [300, 86_400]);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_retry_takes_no_place() {
    let limits = EngineLimits {
        concurrency: 1,
        first_backoff: Duration::from_secs(100),
        longest_backoff: Duration::from_secs(100),
        ..EngineLimits::default()
    };
    let flaky = answers(vec![failed("once"), Ok(json!(1))]);
    let bench = Bench::limited(vec![("flaky", flaky)], limits, StoreLimits::default());
    let actions = json!([
        retried("a", "flaky", 1),
        call("b", "slow", json!({"ms": 10})),
        call("c", "slow", json!({"ms": 10}))
    ]);
    let result = bench
        .run(json!({"execution": "parallel", "actions": actions}))
        .await;
    assert_eq!(statuses(&result.results), [Succeeded; 3]);
    assert_eq!(bench.tools.most_open.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_executor_fails_the_action_and_not_the_proposal() {
    let early: Function = Box::new(|_| panic!("at once"));
    let late: Function = Box::new(|_| async { panic!("{}", "later".to_owned()) }.boxed());
    let bench = Bench::with(vec![("early", early), ("late", late)]);
    let skip = |action| with(action, json!({"failure_behavior": "skip"}));
    let results = bench
        .actions(json!([
            skip(call("a", "early", json!({}))),
            skip(call("b", "late", json!({}))),
            call("c", "echo", json!({})),
        ]))
        .await;
    assert_eq!(statuses(&results), [Skipped, Skipped, Succeeded]);
    assert_eq!(error(&results[0]), "the tool panicked");
    assert_eq!(error(&results[1]), "the tool panicked");
}

#[tokio::test(start_paused = true)]
async fn a_null_is_a_result() {
    let bench = Bench::with(vec![("nothing", function(|_| Ok(Value::Null)))]);
    let results = bench
        .actions(json!([call("a", "nothing", json!({}))]))
        .await;
    assert_eq!(
        (results[0].status, &results[0].output),
        (Succeeded, &Some(Value::Null))
    );
    assert_eq!(
        serde_json::to_value(&results[0]).unwrap()["output"],
        json!(null)
    );
}

#[tokio::test(start_paused = true)]
async fn a_result_that_breaks_its_schema_is_a_failure() {
    let bench = Bench::with(vec![("n", answers(vec![Ok(json!("1")), Ok(json!(1))]))]);
    bench.define(json!({"name": "n", "returns": {"type": "integer"}}));
    let results = bench.actions(json!([retried("a", "n", 1)])).await;
    assert_eq!((results[0].status, results[0].attempts), (Succeeded, 2));
    let told = bench.noted(kind::ACTION_RETRYING)[0]["error"].to_string();
    assert!(told.contains("result: "), "{told}");
}
