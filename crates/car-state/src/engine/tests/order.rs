use super::*;
use ActionStatus::{Failed, Rejected, Skipped, Succeeded};

#[tokio::test(start_paused = true)]
async fn a_plain_proposal_runs_strictly_in_its_order() {
    let bench = Bench::new();
    let actions: Vec<_> = (0..5)
        .map(|n| call(&n.to_string(), "slow", json!({"ms": 50 - n})))
        .collect();
    let results = bench.actions(actions.into()).await;
    assert_eq!(bench.called(), ["0", "1", "2", "3", "4"]);
    assert_eq!(bench.tools.most_open.load(Ordering::Relaxed), 1);
    let outputs: Vec<_> = results
        .iter()
        .map(|result| result.output.clone().unwrap())
        .collect();
    assert_eq!(outputs, [50, 49, 48, 47, 46]);
}

#[tokio::test(start_paused = true)]
async fn a_parallel_proposal_runs_at_most_sixteen_at_once() {
    let bench = Bench::new();
    let began = tokio::time::Instant::now();
    let actions: Vec<_> = (0..40)
        .map(|n| call(&n.to_string(), "slow", json!({"ms": 100})))
        .collect();
    let result = bench
        .run(json!({"execution": "parallel", "actions": actions}))
        .await;
    assert_eq!(bench.tools.most_open.load(Ordering::Relaxed), 16);
    assert_eq!(began.elapsed().as_millis(), 300);
    let ids: Vec<_> = result
        .results
        .iter()
        .map(|result| result.action_id.parse::<usize>().unwrap())
        .collect();
    assert_eq!(ids, (0..40).collect::<Vec<_>>());
    assert_eq!(result.cost.tool_calls, 40);
}

#[tokio::test(start_paused = true)]
async fn a_proposal_may_ask_for_more_or_less_at_once() {
    for (wanted, most) in [(1, 1), (5, 5), (40, 40), (10_000, 64), (0, 1)] {
        let bench = Bench::new();
        let actions: Vec<_> = (0..80)
            .map(|n| call(&n.to_string(), "slow", json!({"ms": 100})))
            .collect();
        bench
            .run(json!({"execution": "parallel", "max_concurrency": wanted, "actions": actions}))
            .await;
        assert_eq!(bench.tools.most_open.load(Ordering::Relaxed), most);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_with_few_places_keeps_nobody_else_waiting() {
    let bench = Bench::new();
    bench.define(json!({"name": "slow", "max_concurrency": 2}));
    let began = tokio::time::Instant::now();
    let mut actions: Vec<_> = (0..10)
        .map(|n| call(&n.to_string(), "slow", json!({"ms": 100})))
        .collect();
    actions.push(call("other", "echo", json!({})));
    let proposal = json!({"execution": "parallel", "max_concurrency": 3, "actions": actions});
    let (one, two) = tokio::join!(bench.run(proposal.clone()), bench.run(proposal));
    assert!(
        one.results
            .iter()
            .chain(&two.results)
            .all(|result| result.status == Succeeded)
    );
    assert_eq!(began.elapsed().as_millis(), 1000);
    let place = bench.called().iter().position(|id| id == "other").unwrap();
    assert!(place <= 3, "{place}");
}

#[tokio::test(start_paused = true)]
async fn an_action_that_finds_no_place_in_time_fails() {
    let bench = Bench::new();
    bench.define(json!({"name": "slow", "max_concurrency": 1}));
    let hasty = with(
        call("b", "slow", json!({"ms": 1})),
        json!({"timeout_ms": 50, "failure_behavior": "skip"}),
    );
    let actions = json!([call("a", "slow", json!({"ms": 100})), hasty]);
    let result = bench
        .run(json!({"execution": "parallel", "actions": actions}))
        .await;
    assert_eq!(statuses(&result.results), [Succeeded, Skipped]);
    assert_eq!(bench.called(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn an_action_starts_when_what_it_depends_on_has_finished_and_not_later() {
    let bench = Bench::new();
    let slow = |id: &str, ms: u64, on: &[&str]| {
        with(
            call(id, "slow", json!({"ms": ms})),
            json!({"dependencies": on}),
        )
    };
    let began = tokio::time::Instant::now();
    let results = bench
        .actions(json!([
            slow("a", 100, &[]),
            slow("long", 500, &[]),
            slow("b", 100, &["a"]),
            slow("c", 100, &["b"])
        ]))
        .await;
    assert_eq!(statuses(&results), [Succeeded; 4]);
    assert_eq!(bench.called(), ["a", "long", "b", "c"]);
    assert_eq!(began.elapsed().as_millis(), 500);
}

#[tokio::test(start_paused = true)]
async fn an_output_goes_into_the_parameters_of_another_action_with_its_type() {
    let bench = Bench::new();
    let results = bench
        .actions(json!([
            call("a", "echo", json!({"list": [{"n": 7}]})),
            write("b", "k", json!("$a.output.list.0.n")),
            call(
                "c",
                "echo",
                json!({"all": "$a.output", "text": "$$a.output"})
            ),
            read("d", "k"),
            call("e", "echo", json!({"read": "$d.output"})),
        ]))
        .await;
    assert_eq!(statuses(&results), [Succeeded; 5]);
    assert_eq!(
        results[2].output,
        Some(json!({"all": {"list": [{"n": 7}]}, "text": "$a.output"}))
    );
    assert_eq!(results[4].output, Some(json!({"read": 7})));
    assert_eq!(bench.state(), json!({"k": 7}));
}

#[tokio::test(start_paused = true)]
async fn a_reference_to_an_action_that_failed_fails_clearly() {
    let bench = Bench::new();
    let results = bench
        .actions(json!([
            with(
                call("a", "fail", json!({})),
                json!({"failure_behavior": "skip"})
            ),
            with(
                call("b", "echo", json!({"x": "$a.output"})),
                json!({"failure_behavior": "skip"})
            ),
            with(
                call("c", "echo", json!({})),
                json!({"failure_behavior": "skip"})
            ),
            with(
                call("d", "echo", json!({"x": "$c.output.y"})),
                json!({"failure_behavior": "skip"})
            ),
        ]))
        .await;
    assert_eq!(statuses(&results), [Skipped, Rejected, Succeeded, Rejected]);
    assert_eq!(
        error(&results[1]),
        "the parameters refer to the output of `a`, which did not succeed"
    );
    assert_eq!(error(&results[3]), "the output of `c` has nothing at `y`");
}

#[tokio::test(start_paused = true)]
async fn what_depends_on_a_failed_action_is_skipped_and_the_rest_runs() {
    let bench = Bench::new();
    let results = bench
        .actions(json!([
            with(
                call("a", "fail", json!({})),
                json!({"failure_behavior": "skip"})
            ),
            with(call("b", "echo", json!({})), json!({"dependencies": ["a"]})),
            with(call("c", "echo", json!({})), json!({"dependencies": ["b"]})),
            call("d", "echo", json!({})),
        ]))
        .await;
    assert_eq!(statuses(&results), [Skipped, Skipped, Skipped, Succeeded]);
    assert_eq!(error(&results[0]), "no luck");
    assert_eq!(
        error(&results[2]),
        "it depends on `b`, which did not succeed"
    );
}

#[tokio::test(start_paused = true)]
async fn readers_and_writers_of_a_key_keep_their_order_in_parallel() {
    let bench = Bench::new();
    let slow = |id: &str, ms: u64, value: Value| {
        with(
            call(id, "slow", json!({"ms": ms})),
            json!({"expected_effects": {"k": value}}),
        )
    };
    let actions = json!([
        slow("w1", 300, json!(1)),
        read("r1", "k"),
        slow("w2", 10, json!(2)),
        read("r2", "k"),
        read("other", "x"),
    ]);
    let result = bench
        .run(json!({"execution": "parallel", "actions": actions}))
        .await;
    let outputs: Vec<_> = result
        .results
        .iter()
        .map(|result| result.output.clone().unwrap())
        .collect();
    assert_eq!(
        outputs,
        [json!(300), json!(1), json!(10), json!(2), json!(null)]
    );
}

#[tokio::test(start_paused = true)]
async fn an_aborting_failure_stops_the_rest_and_a_rejection_is_one() {
    for bad in [
        call("bad", "fail", json!({})),
        call("bad", "no such tool", json!({})),
    ] {
        let bench = Bench::new();
        let result = bench
            .run(json!({"actions": [call("a", "echo", json!({})), bad, call("c", "echo", json!({}))]}))
            .await;
        assert_eq!(result.outcome, Outcome::Aborted);
        assert_eq!(bench.called()[0], "a");
        assert!(!bench.called().contains(&"c".to_owned()));
        assert_eq!(result.results[2].status, Skipped);
        assert_eq!(error(&result.results[2]), "aborted: action `bad` failed");
        assert_eq!(
            (result.cost.actions_executed, result.cost.actions_skipped),
            (2, 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_abort_drops_the_calls_that_run_beside_it() {
    let bench = Bench::new();
    let actions = json!([
        call("slow", "slow", json!({"ms": 60_000})),
        with(
            call("late", "fail", json!({})),
            json!({"dependencies": ["ok"]})
        ),
        call("ok", "slow", json!({"ms": 10})),
    ]);
    let result = bench
        .run(json!({"execution": "parallel", "actions": actions}))
        .await;
    assert_eq!(statuses(&result.results), [Failed, Failed, Succeeded]);
    assert_eq!(error(&result.results[0]), "aborted: action `late` failed");
    assert_eq!(bench.tools.open.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_actions_leave_room_for_others() {
    let bench = Bench::new();
    let actions: Vec<_> = (0..10_000)
        .map(|n| write(&n.to_string(), &format!("k{}", n % 7), json!(n)))
        .collect();
    let others = AtomicUsize::new(0);
    let run = bench.run(json!({"execution": "parallel", "actions": actions}));
    let other = async {
        loop {
            others.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    };
    let result = tokio::select! {
        result = run => result,
        () = other => unreachable!(),
    };
    assert_eq!(result.results.len(), 10_000);
    assert!(
        result
            .results
            .iter()
            .all(|result| result.status == Succeeded)
    );
    assert!(others.load(Ordering::Relaxed) > 10);
    assert_eq!(bench.state().as_object().unwrap().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_proposal_without_actions_has_no_results() {
    let bench = Bench::new();
    let result = bench.run(json!({"id": "p", "actions": []})).await;
    assert_eq!(
        (result.proposal_id.as_str(), result.results.len()),
        ("p", 0)
    );
    assert_eq!(result.outcome, Outcome::Completed);
}
