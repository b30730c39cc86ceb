use super::*;
use crate::store::StoreError;
use ActionStatus::{Failed, Rejected, Skipped, Succeeded};

#[tokio::test(start_paused = true)]
async fn an_abort_drops_only_what_the_proposal_wrote_itself() {
    let bench = Bench::new();
    bench.set("before", json!(1));
    let aborting = bench.run(json!({"actions": [
        write("a", "mine", json!(1)),
        write("b", "before", json!(2)),
        call("c", "slow", json!({"ms": 100})),
        call("d", "fail", json!({})),
    ]}));
    let committing = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let result = bench
            .run(json!({"actions": [write("x", "theirs", json!(1))]}))
            .await;
        bench.set("direct", json!(1));
        result
    };
    let (aborted, committed) = tokio::join!(aborting, committing);
    assert_eq!(
        (aborted.outcome, committed.outcome),
        (Outcome::Aborted, Outcome::Completed)
    );
    assert_eq!(
        bench.state(),
        json!({"before": 1, "theirs": 1, "direct": 1})
    );
    let rolled_back = bench.noted(kind::STATE_ROLLBACK);
    assert_eq!(rolled_back[0]["keys"], json!(["before", "mine"]));
}

#[tokio::test(start_paused = true)]
async fn a_proposal_sees_a_snapshot_and_its_own_writes() {
    let bench = Bench::new();
    bench.set("k", json!("old"));
    let reader = bench.actions(json!([
        read("a", "k"),
        call("b", "slow", json!({"ms": 100})),
        read("c", "k"),
        read("d", "new"),
    ]));
    let writer = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        bench
            .actions(json!([
                write("x", "k", json!("new")),
                write("y", "new", json!(1)),
                read("z", "k")
            ]))
            .await
    };
    let (read, written) = tokio::join!(reader, writer);
    let output = |result: &ActionResult| result.output.clone().unwrap();
    assert_eq!(
        [output(&read[0]), output(&read[2]), output(&read[3])],
        [json!("old"), json!("old"), json!(null)]
    );
    assert_eq!(output(&written[2]), "new");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_visible_before_the_end() {
    let bench = Bench::new();
    let run = bench.actions(json!([
        write("a", "k", json!(1)),
        call("b", "slow", json!({"ms": 100}))
    ]));
    let look = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        bench.state()
    };
    let (_, seen) = tokio::join!(run, look);
    assert_eq!(seen, json!({}));
    assert_eq!(bench.state(), json!({"k": 1}));
}

#[tokio::test(start_paused = true)]
async fn of_two_proposals_on_one_key_the_first_that_ends_wins() {
    let bench = Bench::new();
    bench.set("n", json!(0));
    let increment = |ms: u64| json!({"actions": [read("r", "n"), call("s", "slow", json!({"ms": ms})), write("w", "n", json!(ms))]});
    let (slow, fast) = tokio::join!(bench.submit(increment(200)), bench.submit(increment(100)));
    assert_eq!(fast.unwrap().outcome, Outcome::Completed);
    let error = slow.unwrap_err();
    assert!(error.is_retryable());
    let EngineError::StateConflict { key, ran } = error else {
        panic!("{error}");
    };
    assert_eq!((key.as_str(), ran.outcome), ("n", Outcome::Aborted));
    assert_eq!(statuses(&ran.results), [Succeeded; 3]);
    assert_eq!(bench.state(), json!({"n": 100}));
    bench.run(increment(1)).await;
    assert_eq!(bench.state(), json!({"n": 1}));
}

#[tokio::test(start_paused = true)]
async fn the_changes_of_an_action_are_what_it_wrote_itself() {
    let bench = Bench::new();
    let effects = |id: &str, ms: u64, key: &str| {
        with(
            call(id, "slow", json!({"ms": ms})),
            json!({"expected_effects": {key: ms}}),
        )
    };
    let actions = json!([
        effects("a", 100, "ka"),
        effects("b", 50, "kb"),
        write("c", "kc", json!({"x": 1}))
    ]);
    let result = bench
        .run(json!({"execution": "parallel", "actions": actions}))
        .await;
    let changes: Vec<Value> = result
        .results
        .into_iter()
        .map(|result| result.state_changes.into())
        .collect();
    assert_eq!(
        changes,
        [
            json!({"ka": 100}),
            json!({"kb": 50}),
            json!({"kc": {"x": 1}})
        ]
    );
    assert_eq!(bench.state(), json!({"ka": 100, "kb": 50, "kc": {"x": 1}}));
}

#[tokio::test(start_paused = true)]
async fn tenants_have_their_own_state_conditions_and_policies() {
    let bench = Bench::new();
    bench.set("mode", json!("on"));
    bench.policy(
        None,
        json!({"name": "p", "rule": "require_state", "key": "mode", "value": "on"}),
    );
    let submit = |tenant: &str, actions: Value| {
        let tenant = Tenant::named(tenant).unwrap();
        let request = RunRequest {
            tenant,
            ..request(json!({"actions": actions}))
        };
        bench.engine.run(request, CancellationToken::new())
    };
    let refused = submit("t", json!([read("a", "mode")])).await.unwrap();
    assert_eq!(
        error(&refused.results[0]),
        "policy `p`: the state key `mode` is missing"
    );
    bench
        .engine
        .parts
        .store
        .set(&Tenant::named("t").unwrap(), "mode", json!("on"))
        .unwrap();
    let asks = with(
        write("a", "k", json!(1)),
        json!({"state_dependencies": ["mode"]}),
    );
    assert_eq!(
        submit("t", json!([asks])).await.unwrap().outcome,
        Outcome::Completed
    );
    assert_eq!(bench.state(), json!({"mode": "on"}));
}

#[tokio::test(start_paused = true)]
async fn a_scope_and_a_tenant_apply_together() {
    let bench = Bench::new();
    let scope = bench.engine.parts.policies.open_scope().unwrap();
    bench.policy(
        Some(&scope),
        json!({"name": "scoped", "rule": "deny_tool", "target": "echo"}),
    );
    bench.policy(
        None,
        json!({"name": "session", "rule": "deny_tool", "target": "echo"}),
    );
    let request = RunRequest {
        tenant: Tenant::named("t").unwrap(),
        policy_scope: Some(scope),
        caller: Some("ada".to_owned()),
        ..request(json!({"actions": [write("w", "k", json!(1)), call("a", "echo", json!({}))]}))
    };
    let result = bench
        .engine
        .run(request, CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(statuses(&result.results), [Succeeded, Rejected]);
    assert_eq!(
        error(&result.results[1]),
        "policy `session`: the tool `echo` is denied; policy `scoped`: the tool `echo` is denied"
    );
    assert_eq!(
        bench.noted(kind::SESSION_SCOPE),
        [json!({"caller_id": "ada", "tenant_id": "t"})]
    );
    assert_eq!(
        bench.noted(kind::POLICY_VIOLATION)[0]["violations"][1]["policy"],
        "scoped"
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_state_is_an_error_and_changes_nothing() {
    let store = StoreLimits {
        keys: 2,
        ..StoreLimits::default()
    };
    let bench = Bench::limited(Vec::new(), EngineLimits::default(), store);
    bench.set("k", json!(0));
    let error = bench
        .submit(json!({"actions": [write("a", "x", json!(1)), write("b", "y", json!(1))]}))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        EngineError::StateLimit {
            error: StoreError::TooManyKeys { limit: 2 },
            ..
        }
    ));
    assert_eq!(bench.state(), json!({"k": 0}));
    let result = bench
        .run(json!({"actions": [
            write("a", "k", json!(1)), write("b", "y", json!(1)),
            with(write("c", "z", json!(1)), json!({"failure_behavior": "skip"})),
        ]}))
        .await;
    assert_eq!(statuses(&result.results), [Succeeded, Succeeded, Skipped]);
    assert_eq!(bench.state(), json!({"k": 1, "y": 1}));
}

#[tokio::test(start_paused = true)]
async fn all_results_of_a_proposal_together_are_bounded() {
    let limits = EngineLimits {
        output_bytes: 1000,
        ..EngineLimits::default()
    };
    let bench = Bench::limited(Vec::new(), limits, StoreLimits::default());
    bench.set("big", json!("x".repeat(400)));
    let result = bench
        .run(json!({"actions": [read("a", "big"), read("b", "big"), read("c", "big")]}))
        .await;
    assert_eq!(statuses(&result.results), [Succeeded, Succeeded, Failed]);
}
