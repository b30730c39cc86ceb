use super::*;
use ActionStatus::{Failed, Rejected, Succeeded};

fn idempotent(id: &str, tool: &str, parameters: Value) -> Value {
    with(call(id, tool, parameters), json!({"idempotent": true}))
}

#[tokio::test(start_paused = true)]
async fn an_equal_idempotent_call_runs_once_and_its_effects_apply_each_time() {
    let bench = Bench::new();
    let effect = |id: &str, key: &str| {
        with(
            idempotent(id, "echo", json!({"x": 1})),
            json!({"expected_effects": {key: 1}}),
        )
    };
    let results = bench
        .actions(json!([
            effect("a", "ka"),
            effect("b", "kb"),
            idempotent("c", "echo", json!({"x": 2}))
        ]))
        .await;
    assert_eq!(bench.called(), ["a", "c"]);
    assert_eq!(results[1].output, Some(json!({"x": 1})));
    assert_eq!(results[1].attempts, 0);
    assert_eq!(bench.noted(kind::ACTION_DEDUPLICATED).len(), 1);
    assert_eq!(bench.state(), json!({"ka": 1, "kb": 1}));
    tokio::time::advance(Duration::from_secs(3601)).await;
    bench.actions(json!([effect("d", "ka")])).await;
    assert_eq!(bench.called(), ["a", "c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_asked_before_an_earlier_result_is_reused() {
    let bench = Bench::new();
    let action = json!([idempotent("a", "echo", json!({}))]);
    bench.actions(action.clone()).await;
    bench.policy(
        None,
        json!({"name": "p", "rule": "deny_tool", "target": "echo"}),
    );
    assert_eq!(bench.actions(action).await[0].status, Rejected);
}

#[tokio::test(start_paused = true)]
async fn equal_calls_at_the_same_time_share_one() {
    let bench = Bench::new();
    let actions: Vec<_> = (0..50)
        .map(|n| idempotent(&n.to_string(), "slow", json!({"ms": 100})))
        .collect();
    let proposal = json!({"execution": "parallel", "actions": actions});
    let (one, other) = tokio::join!(bench.run(proposal.clone()), bench.run(proposal));
    assert_eq!(bench.called().len(), 1);
    assert_eq!(one.cost.tool_calls + other.cost.tool_calls, 1);
    assert!(
        one.results
            .iter()
            .chain(&other.results)
            .all(|result| result.status == Succeeded)
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_shared() {
    let flaky = answers(vec![failed("first"), Ok(json!(1))]);
    let bench = Bench::with(vec![("flaky", flaky)]);
    let one = |id: &str| json!({"actions": [idempotent(id, "flaky", json!({}))]});
    let (first, second) = tokio::join!(bench.run(one("a")), bench.run(one("b")));
    assert_eq!(
        (first.results[0].status, second.results[0].status),
        (Failed, Succeeded)
    );
    assert_eq!(bench.called(), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_rolled_back_success_is_forgotten() {
    let bench = Bench::new();
    let action = idempotent("a", "echo", json!({}));
    bench
        .run(json!({"actions": [action, call("b", "fail", json!({}))]}))
        .await;
    bench.actions(json!([action])).await;
    assert_eq!(bench.called(), ["a", "b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn tenants_do_not_share_results_and_a_new_tool_begins_without_any() {
    let bench = Bench::new();
    let action = json!({"actions": [idempotent("a", "echo", json!({}))]});
    bench.run(action.clone()).await;
    let tenant = RunRequest {
        tenant: Tenant::named("t").unwrap(),
        ..request(action.clone())
    };
    bench
        .engine
        .run(tenant, CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(bench.called().len(), 2);
    bench.define(json!({"name": "echo"}));
    bench.run(action).await;
    assert_eq!(bench.called().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_tool_result_is_reused_for_as_long_as_the_tool_says() {
    let bench = Bench::new();
    bench.define(json!({"name": "echo", "cache_ttl_secs": 10}));
    let action = json!([call("a", "echo", json!({"x": 1}))]);
    bench.actions(action.clone()).await;
    let again = bench.actions(action.clone()).await;
    assert_eq!(again[0].output, Some(json!({"x": 1})));
    assert_eq!(bench.called().len(), 1);
    assert_eq!(bench.noted(kind::ACTION_SUCCEEDED)[1]["cached"], true);
    tokio::time::advance(Duration::from_secs(11)).await;
    bench.actions(action).await;
    assert_eq!(bench.called().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_makes_an_action_wait_but_not_longer_than_it_has_time() {
    let bench = Bench::new();
    bench.define(json!({"name": "echo", "rate_limit": {"max_calls": 2, "interval_secs": 10}}));
    let began = tokio::time::Instant::now();
    let patient = |id: &str| with(call(id, "echo", json!({})), json!({"timeout_ms": 6_000}));
    let hasty = with(
        call("d", "echo", json!({})),
        json!({"timeout_ms": 1_000, "failure_behavior": "skip"}),
    );
    let results = bench
        .actions(json!([patient("a"), patient("b"), patient("c"), hasty]))
        .await;
    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!(bench.called(), ["a", "b", "c"]);
    assert_eq!(bench.tools.calls.lock()[2].timeout, Duration::from_secs(1));
    assert_eq!(
        error(&results[3]),
        "the rate limit of `echo` is used up: try again in 5000 ms"
    );
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_ran_a_thousand_times_remembers_only_so_much() {
    let limits = EngineLimits {
        cached_results: 10,
        ..EngineLimits::default()
    };
    let bench = Bench::limited(Vec::new(), limits, StoreLimits::default());
    for n in 0..100 {
        bench
            .actions(json!([idempotent("a", "echo", json!({"n": n}))]))
            .await;
    }
    for n in 90..100 {
        bench
            .actions(json!([idempotent("a", "echo", json!({"n": n}))]))
            .await;
    }
    assert_eq!(bench.called().len(), 100);
}
