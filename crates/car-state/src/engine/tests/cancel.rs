use super::*;
use ActionStatus::{Failed, Skipped, Succeeded};

#[tokio::test(start_paused = true)]
async fn cancelling_ends_every_action_with_a_status_and_a_reason() {
    let bench = Bench::new();
    let actions = json!([
        write("a", "k", json!(1)),
        call("b", "slow", json!({"ms": 10_000})),
        call("c", "echo", json!({})),
    ]);
    let result = bench.cancelled_after(500, actions).await;
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

fn undone_by(action: Value, tool: &str) -> Value {
    with(action, json!({"compensation": {"tool": tool}}))
}

#[tokio::test(start_paused = true)]
async fn an_answer_within_the_grace_counts_and_is_undone() {
    let bench = Bench::new();
    let actions = json!([
        undone_by(call("a", "slow", json!({"ms": 1500})), "echo"),
        call("b", "echo", json!({}))
    ]);
    let result = bench.cancelled_after(500, actions).await;
    assert_eq!(statuses(&result.results), [Succeeded, Skipped]);
    assert_eq!(result.compensations[0].status, Succeeded);
    assert_eq!(result.cost.total_duration_ms, 1_500.0);
}

#[tokio::test(start_paused = true)]
async fn what_another_proposal_uses_is_not_undone() {
    let bench = Bench::new();
    let make = || {
        let action = with(call("a", "echo", json!({})), json!({"idempotent": true}));
        undone_by(action, "echo")
    };
    let doomed = json!({"actions": [make(), call("b", "slow", json!({"ms": 100})), call("c", "fail", json!({}))]});
    let other = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        bench.actions(json!([make()])).await
    };
    let (doomed, other) = tokio::join!(bench.run(doomed), other);
    assert_eq!(doomed.outcome, Outcome::Aborted);
    assert_eq!(statuses(&other), [Succeeded]);
    let undone = &doomed.compensations[0];
    assert_eq!(undone.status, Skipped);
    assert_eq!(
        undone.error.as_deref(),
        Some("another proposal has taken its result")
    );
    // Nor is it forgotten.
    bench.actions(json!([make()])).await;
    assert_eq!(bench.called().iter().filter(|id| **id == "a").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_undoes_what_was_done() {
    let bench = Bench::new();
    let actions = json!([
        read("r", "k"),
        write("w", "other", json!(1)),
        undone_by(call("a", "slow", json!({"ms": 100})), "echo")
    ]);
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        bench.set("k", json!("changed"));
    };
    let (ended, ()) = tokio::join!(bench.submit(json!({"actions": actions})), meanwhile);
    let Err(EngineError::StateConflict { ran, .. }) = ended else {
        panic!("somebody else was first: {ended:?}");
    };
    assert_eq!(ran.compensations.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_session_leaves_compensations_only_so_much_time() {
    let bench = Bench::new();
    let slow = |id: &str| {
        let undo = json!({"tool": "slow", "parameters": {"ms": 4_000}});
        with(call(id, "echo", json!({})), json!({"compensation": undo}))
    };
    let actions = json!([
        slow("a"),
        slow("b"),
        slow("c"),
        call("d", "slow", json!({"ms": 500}))
    ]);
    let result = bench.cancelled_after(100, actions).await;
    let undone: Vec<_> = result
        .compensations
        .iter()
        .map(|undone| undone.status)
        .collect();
    assert_eq!(undone, [Succeeded, Failed, Skipped]);
    assert_eq!(result.cost.total_duration_ms, 5_500.0);
    assert_eq!(bench.engine.open_calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_that_comes_too_late_is_told_how_it_ended() {
    let bench = Bench::new();
    assert_eq!(bench.engine.cancel("p", None), None);
    bench.run(json!({"id": "p", "actions": []})).await;
    assert_eq!(
        bench.engine.cancel("p", None),
        Some(CancelOutcome::Ended(Outcome::Completed))
    );
}
