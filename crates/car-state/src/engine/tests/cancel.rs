use super::*;
use ActionStatus::{Failed, Skipped, Succeeded};

#[tokio::test(start_paused = true)]
async fn cancelling_ends_every_action_with_a_status_and_a_reason() {
    let bench = Bench::new();
    let cancel = CancellationToken::new();
    let actions = json!([
        write("a", "k", json!(1)),
        call("b", "slow", json!({"ms": 10_000})),
        call("c", "echo", json!({})),
    ]);
    let run = bench
        .engine
        .run(request(json!({"actions": actions})), cancel.clone());
    let later = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(run, later);
    let result = result.unwrap();
    assert_eq!(result.outcome, Outcome::Cancelled);
    assert_eq!(statuses(&result.results), [Succeeded, Failed, Skipped]);
    assert_eq!(
        error(&result.results[1]),
        "canceled: the proposal was cancelled"
    );
    // The tool does not listen, and has two seconds to say so.
    assert_eq!(result.results[1].duration_ms, Some(2_500.0));
    assert_eq!(
        error(&result.results[2]),
        "canceled: the proposal was cancelled"
    );
    assert_eq!(bench.tools.open.load(Ordering::Relaxed), 0);
    assert_eq!(bench.state(), json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_cancelled_already_lets_nothing_run() {
    let bench = Bench::new();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let actions = json!([call("a", "echo", json!({})), call("b", "echo", json!({}))]);
    let result = bench
        .engine
        .run(request(json!({"actions": actions})), cancel)
        .await
        .unwrap();
    assert_eq!(statuses(&result.results), [Skipped, Skipped]);
    assert!(bench.called().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_came_with_the_cancel_counts() {
    let bench = Bench::new();
    let cancel = CancellationToken::new();
    let actions = json!([
        call("a", "slow", json!({"ms": 100})),
        call("b", "echo", json!({}))
    ]);
    let run = bench
        .engine
        .run(request(json!({"actions": actions})), cancel.clone());
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        cancel.cancel();
    };
    let ((), result) = tokio::join!(biased; later, run);
    assert_eq!(statuses(&result.unwrap().results), [Succeeded, Skipped]);
}

#[tokio::test(start_paused = true)]
async fn a_proposal_ends_when_its_time_is_over() {
    let bench = Bench::new();
    let result = bench
        .run(json!({"timeout_ms": 1000, "actions": [
            call("a", "slow", json!({"ms": 600})),
            with(call("b", "slow", json!({"ms": 600})), json!({"timeout_ms": 5000})),
            call("c", "echo", json!({})),
        ]}))
        .await;
    assert_eq!(result.outcome, Outcome::Cancelled);
    assert_eq!(statuses(&result.results), [Succeeded, Failed, Skipped]);
    assert_eq!(
        error(&result.results[2]),
        "canceled: the proposal's time of 1000 ms is over"
    );
    assert_eq!(
        bench.tools.calls.lock()[1].timeout,
        Duration::from_millis(400)
    );
    assert_eq!(result.cost.total_duration_ms, 1000.0);
}

#[tokio::test(start_paused = true)]
async fn a_back_off_delay_ends_with_the_proposal() {
    let limits = EngineLimits {
        first_backoff: Duration::from_secs(1 << 40),
        longest_backoff: Duration::from_secs(1 << 40),
        ..EngineLimits::default()
    };
    let bench = Bench::limited(Vec::new(), limits, StoreLimits::default());
    let action = with(
        call("a", "fail", json!({})),
        json!({"failure_behavior": "retry"}),
    );
    let result = bench
        .run(json!({"timeout_ms": 10, "actions": [action]}))
        .await;
    assert_eq!(
        (result.outcome, result.results[0].status),
        (Outcome::Cancelled, Failed)
    );
    assert_eq!(result.results[0].attempts, 1);
    assert_eq!(
        error(&result.results[0]),
        "canceled: the proposal's time of 10 ms is over; before that: no luck"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_run_drops_its_calls_and_lets_others_take_over() {
    let bench = Bench::new();
    let action = with(
        call("a", "slow", json!({"ms": 1000})),
        json!({"idempotent": true}),
    );
    let proposal = json!({"actions": [write("w", "k", json!(1)), action]});
    let first = tokio::time::timeout(Duration::from_millis(100), bench.run(proposal.clone()));
    let (first, second) = tokio::join!(first, bench.run(proposal));
    assert!(first.is_err());
    assert_eq!(second.outcome, Outcome::Completed);
    assert_eq!(bench.called(), ["a", "a"]);
    assert_eq!(bench.tools.open.load(Ordering::Relaxed), 0);
}
