//! What is taken for a call that is not made is given back, and nobody waits for leave to make one that cannot be made.

use super::*;
use crate::policy::{Approver, Question};
use ActionStatus::{Failed, Skipped, Succeeded};

/// A person who never answers, and how many questions lie there.
#[derive(Debug, Default)]
struct Nobody(Arc<AtomicUsize>);

impl Approver for Nobody {
    fn ask(&self, _: Question) -> BoxFuture<'_, Result<Option<Value>, String>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let lies_there = Open(Arc::clone(&self.0));
        async move {
            let _lies_there = lies_there;
            std::future::pending().await
        }
        .boxed()
    }
}

/// Whose calls of `echo` wait for a person, and the number of open questions.
fn asking() -> (Bench, Arc<AtomicUsize>) {
    let (mut bench, open) = (Bench::new(), Arc::<AtomicUsize>::default());
    bench.engine.parts.approver = Arc::new(Nobody(Arc::clone(&open)));
    bench.policy(
        None,
        json!({"name": "ask", "rule": "require_approval", "target": "echo"}),
    );
    (bench, open)
}

#[tokio::test(start_paused = true)]
async fn a_question_is_withdrawn_as_soon_as_its_proposal_is_cancelled() {
    let (bench, open) = asking();
    let cancel = CancellationToken::new();
    let actions = json!([
        call("a", "slow", json!({"ms": 60_000})),
        call("b", "echo", json!({}))
    ]);
    let proposal = request(json!({"execution": "parallel", "actions": actions}));
    let run = bench.engine.run(proposal, cancel.clone());
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let before = open.load(Ordering::Relaxed);
        cancel.cancel();
        // `slow` does not listen, and still has its time to answer.
        tokio::time::sleep(Duration::from_millis(1)).await;
        (before, open.load(Ordering::Relaxed))
    };
    let (result, questions) = tokio::join!(run, later);
    assert_eq!(questions, (1, 0));
    assert_eq!(statuses(&result.unwrap().results), [Failed, Skipped]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_for_calls_that_the_budget_has_no_room_for() {
    let (bench, open) = asking();
    let result = bench
        .run(
            json!({"execution": "parallel", "max_concurrency": 2, "budget": {"max_tool_calls": 1}, "actions": [
                call("a", "echo", json!({})),
                call("b", "echo", json!({})),
                call("c", "echo", json!({})),
                call("d", "slow", json!({"ms": 10})),
                call("e", "slow", json!({"ms": 20})),
            ]}),
        )
        .await;
    assert_eq!(
        statuses(&result.results),
        [Skipped, Skipped, Skipped, Succeeded, Skipped]
    );
    assert_eq!(result.cost.total_duration_ms, 10.0);
    assert_eq!(open.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_retry_does_not_outlast_the_budget() {
    let bench = Bench::new();
    let retried = with(
        call("a", "fail", json!({})),
        json!({"failure_behavior": "retry"}),
    );
    let result = bench
        .run(
            json!({"execution": "parallel", "budget": {"max_tool_calls": 2}, "actions": [
                retried,
                call("b", "echo", json!({})),
                with(call("c", "echo", json!({})), json!({"dependencies": ["b"]})),
            ]}),
        )
        .await;
    assert_eq!(statuses(&result.results), [Failed, Succeeded, Skipped]);
    assert_eq!(
        error(&result.results[0]),
        "budget_exhausted: the proposal may call tools 2 times; before that: no luck"
    );
    assert_eq!(result.cost.total_duration_ms, 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_the_budget_does_not_allow_is_said_to_be_its_doing() {
    let late = |_| {
        async {
            tokio::time::sleep(Duration::from_millis(18)).await;
            failed("no luck")
        }
        .boxed()
    };
    let bench = Bench::with(vec![("late", Box::new(late) as Function)]);
    let retried = with(
        call("a", "late", json!({})),
        json!({"failure_behavior": "retry"}),
    );
    let result = bench
        .run(
            json!({"execution": "parallel", "budget": {"max_tool_calls": 1}, "actions": [
                retried,
                call("b", "echo", json!({})),
            ]}),
        )
        .await;
    assert_eq!(statuses(&result.results), [Failed, Skipped]);
    assert_eq!(
        error(&result.results[0]),
        "budget_exhausted: the proposal may call tools 1 times; before that: no luck"
    );
    assert_eq!(result.results[0].attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_never_begun_is_not_counted() {
    let bench = Bench::new();
    bench.policy(
        None,
        json!({"name": "once", "rule": "max_calls", "count": 1, "window_ms": 60_000}),
    );
    let fails = json!({"id": "b", "type": "assertion", "parameters": {"key": "k", "expected": 1}});
    let aborted = bench
        .run(json!({"execution": "parallel", "actions": [call("a", "echo", json!({})), fails]}))
        .await;
    assert_eq!(statuses(&aborted.results), [Skipped, Failed]);
    assert!(bench.called().is_empty());
    let again = bench.actions(json!([call("a", "echo", json!({}))])).await;
    assert_eq!(statuses(&again), [Succeeded]);
}

#[tokio::test(start_paused = true)]
async fn a_call_beyond_the_budget_keeps_no_turn_and_no_place_of_its_tool() {
    let bench = Bench::new();
    bench.define(json!({
        "name": "echo", "parameters": {}, "max_concurrency": 1,
        "rate_limit": {"max_calls": 1, "interval_secs": 60.0},
    }));
    let first = bench.run(
        json!({"execution": "parallel", "budget": {"max_tool_calls": 1}, "actions": [
            call("a", "slow", json!({"ms": 1000})),
            call("b", "echo", json!({})),
        ]}),
    );
    let second = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        bench
            .run(json!({"actions": [call("c", "echo", json!({}))]}))
            .await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(statuses(&first.results), [Succeeded, Skipped]);
    assert_eq!(statuses(&second.results), [Succeeded]);
    assert_eq!(second.cost.total_duration_ms, 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_hit_or_a_refusal_leaves_room_for_a_call_that_is_made() {
    let bench = Bench::new();
    bench.policy(
        None,
        json!({"name": "twice", "rule": "max_calls", "count": 2, "window_ms": 60_000}),
    );
    let idempotent = |id| {
        with(
            call(id, "echo", json!({"n": 1})),
            json!({"idempotent": true}),
        )
    };
    let results = bench
        .actions(json!([
            idempotent("a"),
            idempotent("b"),
            idempotent("c"),
            call("d", "echo", json!({}))
        ]))
        .await;
    assert_eq!(statuses(&results), [Succeeded; 4]);
    assert_eq!(bench.called(), ["a", "d"]);
    let refused = bench.actions(json!([call("e", "echo", json!({}))])).await;
    assert_eq!(statuses(&refused), [ActionStatus::Rejected]);
}

#[tokio::test(start_paused = true)]
async fn a_compensation_that_has_no_time_left_is_not_counted() {
    let bench = Bench::new();
    bench.policy(
        None,
        json!({"name": "few", "rule": "max_calls", "target": "slow", "count": 4, "window_ms": 60_000}),
    );
    let undone = |id: &str| {
        let undo = json!({"tool": "slow", "parameters": {"ms": 4_000}});
        with(call(id, "echo", json!({})), json!({"compensation": undo}))
    };
    let runs = call("d", "slow", json!({"ms": 500}));
    let actions = json!([undone("a"), undone("b"), undone("c"), runs]);
    let result = bench.cancelled_after(100, actions).await;
    assert_eq!(result.compensations[2].status, Skipped);
    // Three of four were made.
    let more = json!([
        call("e", "slow", json!({"ms": 0})),
        call("f", "slow", json!({"ms": 0}))
    ]);
    let more = bench.actions(more).await;
    assert_eq!(statuses(&more), [Succeeded, ActionStatus::Rejected]);
}
