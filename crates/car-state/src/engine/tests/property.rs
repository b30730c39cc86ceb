use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

#[derive(Clone, Debug)]
struct Shape {
    kind: u8,
    key: u8,
    millis: u16,
    fails: bool,
    idempotent: bool,
    behavior: u8,
    on: Vec<Index>,
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let shape = (
        0..4_u8,
        0..3_u8,
        0..500_u16,
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.3),
        0..3_u8,
        prop::collection::vec(any::<Index>(), 0..3),
    )
        .prop_map(
            |(kind, key, millis, fails, idempotent, behavior, on)| Shape {
                kind,
                key,
                millis,
                fails,
                idempotent,
                behavior,
                on,
            },
        );
    prop::collection::vec(shape, 1..30)
}

/// Only earlier actions, so that there is no cycle.
fn dependencies(place: usize, shape: &Shape) -> BTreeSet<usize> {
    shape
        .on
        .iter()
        .filter(|_| place > 0)
        .map(|on| on.index(place))
        .collect()
}

fn action(place: usize, shape: &Shape) -> Value {
    let key = format!("k{}", shape.key);
    let on: Vec<_> = dependencies(place, shape)
        .iter()
        .map(ToString::to_string)
        .collect();
    let behavior = ["abort", "retry", "skip"][usize::from(shape.behavior)];
    let tool = if shape.fails { "fail" } else { "slow" };
    let base = match shape.kind {
        0 => write(&place.to_string(), &key, json!(place)),
        1 => read(&place.to_string(), &key),
        2 => call(&place.to_string(), tool, json!({"ms": shape.millis})),
        _ => with(
            call(&place.to_string(), tool, json!({"ms": shape.millis})),
            json!({"expected_effects": {key: place}}),
        ),
    };
    with(
        base,
        json!({
            "dependencies": on, "failure_behavior": behavior, "max_retries": 1, "idempotent": shape.idempotent,
        }),
    )
}

/// When attempts began and ended, by what was noted.
fn spans(bench: &Bench) -> BTreeMap<usize, (usize, usize)> {
    let notes = bench.notes.0.lock();
    let mut spans: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (at, (kind, action, _)) in notes.iter().enumerate() {
        let Some(action) = action else { continue };
        let span = spans
            .entry(action.parse().unwrap())
            .or_insert((usize::MAX, 0));
        if *kind == kind::ACTION_VALIDATED {
            span.0 = at;
        }
        span.1 = at;
    }
    spans
}

async fn check(
    shapes: &[Shape],
    parallel: bool,
    cancel_after: Option<u64>,
) -> Result<(), TestCaseError> {
    let bench = Bench::new();
    let actions: Vec<_> = shapes
        .iter()
        .enumerate()
        .map(|(place, shape)| action(place, shape))
        .collect();
    let execution = if parallel { "parallel" } else { "sequential" };
    let cancel = CancellationToken::new();
    let run = bench.engine.run(
        request(json!({"execution": execution, "actions": actions})),
        cancel.clone(),
    );
    let later = async {
        if let Some(millis) = cancel_after {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            cancel.cancel();
        }
    };
    let result = tokio::join!(run, later)
        .0
        .map_err(|error| TestCaseError::fail(error.to_string()))?;

    // Every action has one end, with a reason unless it succeeded.
    prop_assert_eq!(result.results.len(), shapes.len());
    for (place, ended) in result.results.iter().enumerate() {
        prop_assert_eq!(&ended.action_id, &place.to_string());
        let ended_well = ended.status == ActionStatus::Succeeded;
        prop_assert!(ended_well != ended.error.is_some());
        prop_assert!(matches!(
            ended.status,
            ActionStatus::Succeeded | ActionStatus::Failed | ActionStatus::Skipped
        ));
        let needs = dependencies(place, &shapes[place]);
        if ended_well {
            prop_assert!(
                needs
                    .iter()
                    .all(|on| result.results[*on].status == ActionStatus::Succeeded)
            );
        }
    }

    // Each attempt is dispatched at most once, and nothing stays open.
    let calls: Vec<_> = bench
        .tools
        .calls
        .lock()
        .iter()
        .map(|call| (call.action_id.to_string(), call.attempt))
        .collect();
    prop_assert_eq!(calls.iter().collect::<BTreeSet<_>>().len(), calls.len());
    prop_assert_eq!(bench.tools.open.load(Ordering::Relaxed), 0);
    prop_assert_eq!(bench.engine.idempotent.under_way(), 0);

    // What depends on something begins after it has ended; in order, after everything before it.
    let spans = spans(&bench);
    for (place, shape) in shapes.iter().enumerate() {
        let Some((began, _)) = spans.get(&place) else {
            continue;
        };
        let before = if parallel {
            dependencies(place, shape)
        } else {
            (0..place).collect()
        };
        for on in before.iter().filter(|_| *began != usize::MAX) {
            prop_assert!(spans[on].1 < *began, "{on} before {place}");
        }
    }

    // The state is what the successes wrote, in the order of the proposal, or nothing at all.
    let mut expected = Map::new();
    if result.outcome == Outcome::Completed {
        for ended in &result.results {
            expected.extend(ended.state_changes.clone());
        }
    }
    prop_assert_eq!(bench.state(), Value::Object(expected));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_proposal_ends_complete_ordered_and_isolated(
        shapes in shapes(), parallel in any::<bool>(), cancel_after in prop::option::of(0..1000_u64),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(check(&shapes, parallel, cancel_after))?;
    }
}
