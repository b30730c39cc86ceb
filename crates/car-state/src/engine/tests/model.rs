//! Random proposals against a simple model of what must become of them.

use std::collections::{BTreeMap, BTreeSet};

use car_protocol::rpc::proposal::{BudgetPart, CallState};
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use ActionStatus::{Failed, Skipped, Succeeded};

/// Even, so that what happens at an odd time meets nothing else.
const TIMEOUT: u64 = 100;

/// What an attempt does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Succeeds(u64),
    Fails(u64),
    Hangs,
}

impl Step {
    fn millis(self) -> u64 {
        match self {
            Self::Succeeds(millis) | Self::Fails(millis) => millis,
            Self::Hangs => TIMEOUT,
        }
    }

    fn succeeds(self) -> bool {
        matches!(self, Self::Succeeds(_))
    }
}

#[derive(Clone, Debug)]
struct Shape {
    /// None for a write to the state.
    steps: Option<Vec<Step>>,
    key: u8,
    behavior: usize,
    retries: usize,
    undone: bool,
    on: Vec<Index>,
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let step = (0..6_u8, 0..40_u64).prop_map(|(kind, time)| match kind {
        0..=2 => Step::Succeeds(2 * time),
        3 | 4 => Step::Fails(2 * time),
        _ => Step::Hangs,
    });
    let steps = prop::option::weighted(0.8, prop::collection::vec(step, 1..3));
    let on = prop::collection::vec(any::<Index>(), 0..3);
    let shape = (steps, 0..3_u8, 0..3_usize, 0..3_usize, any::<bool>(), on);
    let shape = shape.prop_map(|(steps, key, behavior, retries, undone, on)| Shape {
        steps,
        key,
        behavior,
        retries,
        undone,
        on,
    });
    prop::collection::vec(shape, 1..16)
}

impl Shape {
    fn needs(&self, place: usize) -> BTreeSet<usize> {
        let earlier = self.on.iter().filter(|_| place > 0);
        earlier.map(|on| on.index(place)).collect()
    }

    /// The attempts that it comes to, left alone.
    fn attempts(&self) -> Vec<Step> {
        let Some(steps) = &self.steps else {
            return Vec::new();
        };
        let most = if self.behavior == 1 {
            1 + self.retries
        } else {
            1
        };
        let mut attempts = Vec::new();
        for number in 0..most {
            let step = steps[number.min(steps.len() - 1)];
            attempts.push(step);
            if step.succeeds() {
                break;
            }
        }
        attempts
    }

    fn ends_well(&self) -> bool {
        self.attempts().last().is_none_or(|step| step.succeeds())
    }

    fn failed(&self) -> ActionStatus {
        if self.behavior == 2 { Skipped } else { Failed }
    }

    fn action(&self, place: usize) -> Value {
        let needs: Vec<_> = self.needs(place).iter().map(ToString::to_string).collect();
        let key = format!("k{}", self.key);
        let base = match &self.steps {
            None => write(&place.to_string(), &key, json!(place)),
            Some(_) => with(
                call(&place.to_string(), "script", json!({ "place": place })),
                json!({ "expected_effects": { key: place }, "timeout_ms": TIMEOUT }),
            ),
        };
        let undo = json!({ "tool": "undo", "parameters": { "place": place } });
        let behavior = ["abort", "retry", "skip"][self.behavior];
        let members = json!({
            "dependencies": needs,
            "failure_behavior": behavior,
            "max_retries": self.retries,
            "compensation": self.undone.then_some(undo),
        });
        with(base, members)
    }
}

/// What ends a proposal early.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    cancel_after: Option<u64>,
    tool_calls: Option<u64>,
}

/// What the model says.
#[derive(Debug, PartialEq)]
struct Expected {
    statuses: Vec<ActionStatus>,
    outcome: Outcome,
    exhausted: Option<BudgetPart>,
}

/// One action after the other: everything is known beforehand.
fn in_order(shapes: &[Shape], limits: Limits) -> Expected {
    let (mut now, mut calls) = (0, 0);
    let mut statuses: Vec<ActionStatus> = Vec::new();
    let (mut outcome, mut exhausted, mut stopped) = (Outcome::Completed, None, false);
    for (place, shape) in shapes.iter().enumerate() {
        if limits.cancel_after.is_some_and(|at| at < now) && !stopped {
            (outcome, stopped) = (Outcome::Cancelled, true);
        }
        let met = shape
            .needs(place)
            .iter()
            .all(|on| statuses[*on] == Succeeded);
        if stopped || !met {
            statuses.push(Skipped);
            continue;
        }
        let mut status = Succeeded;
        for (made, step) in shape.attempts().into_iter().enumerate() {
            if limits.tool_calls.is_some_and(|most| calls >= most) {
                (exhausted, stopped) = (Some(BudgetPart::MaxToolCalls), true);
                status = if made > 0 { Failed } else { Skipped };
                break;
            }
            calls += 1;
            now += step.millis();
            status = if step.succeeds() {
                Succeeded
            } else {
                shape.failed()
            };
            if limits.cancel_after.is_some_and(|at| at < now) {
                (outcome, stopped) = (Outcome::Cancelled, true);
                // Its answer still counts; another attempt does not follow.
                status = if step.succeeds() { Succeeded } else { Failed };
                break;
            }
        }
        if status == Failed && shape.behavior == 0 && !stopped {
            (outcome, stopped) = (Outcome::Aborted, true);
        }
        statuses.push(status);
    }
    Expected {
        statuses,
        outcome,
        exhausted,
    }
}

/// What becomes of each action if nothing stops the proposal, in whatever order they run.
fn undisturbed(shapes: &[Shape]) -> Vec<ActionStatus> {
    let mut statuses: Vec<ActionStatus> = Vec::new();
    for (place, shape) in shapes.iter().enumerate() {
        let met = shape
            .needs(place)
            .iter()
            .all(|on| statuses[*on] == Succeeded);
        statuses.push(match (met, shape.ends_well()) {
            (false, _) => Skipped,
            (true, true) => Succeeded,
            (true, false) => shape.failed(),
        });
    }
    statuses
}

fn bench(shapes: &[Shape]) -> Bench {
    let steps: Vec<_> = shapes.iter().map(|shape| shape.steps.clone()).collect();
    let script = move |call: ToolCall| {
        let place = usize::try_from(call.parameters["place"].as_u64().unwrap()).unwrap();
        let steps = steps[place].clone().unwrap();
        let step = steps[(call.attempt as usize - 1).min(steps.len() - 1)];
        async move {
            match step {
                Step::Hangs => std::future::pending::<()>().await,
                step => tokio::time::sleep(Duration::from_millis(step.millis())).await,
            }
            if step.succeeds() {
                Ok(json!(place))
            } else {
                failed("no luck")
            }
        }
        .boxed()
    };
    let undo = |call: ToolCall| async move { Ok(call.parameters["place"].clone()) }.boxed();
    Bench::with(vec![
        ("script", Box::new(script) as Function),
        ("undo", Box::new(undo)),
    ])
}

async fn check(shapes: &[Shape], parallel: bool, limits: Limits) -> Result<(), TestCaseError> {
    let bench = bench(shapes);
    let actions: Vec<_> = shapes
        .iter()
        .enumerate()
        .map(|(place, shape)| shape.action(place))
        .collect();
    let execution = if parallel { "parallel" } else { "sequential" };
    let proposal = json!({
        "id": "p", "execution": execution, "actions": actions, "budget": { "max_tool_calls": limits.tool_calls },
    });
    let session = CancellationToken::new();
    let later = async {
        let millis = limits.cancel_after?;
        tokio::time::sleep(Duration::from_millis(millis)).await;
        bench.engine.cancel("p", Some("enough"))
    };
    let run = bench.engine.run(request(proposal), session);
    let (result, cancel) = tokio::join!(run, later);
    let result = result.map_err(|error| TestCaseError::fail(error.to_string()))?;

    // A cancel that was accepted is the outcome, and no other.
    let accepted = cancel == Some(CancelOutcome::Cancelled);
    prop_assert_eq!(accepted, result.outcome == Outcome::Cancelled);
    statuses_fit(shapes, parallel, limits, &result)?;
    calls_fit(&bench, shapes, &result)?;
    state_fits(&bench, &result)?;
    undoing_fits(&bench, shapes, &result)?;

    // Nothing is left in any table.
    prop_assert_eq!(bench.tools.open.load(Ordering::Relaxed), 0);
    prop_assert_eq!(bench.engine.running(), 0);
    prop_assert_eq!(bench.engine.open_calls(), 0);
    prop_assert_eq!(bench.engine.idempotent.under_way(), 0);
    Ok(())
}

fn statuses_fit(
    shapes: &[Shape],
    parallel: bool,
    limits: Limits,
    result: &ProposalResult,
) -> Result<(), TestCaseError> {
    let found = statuses(&result.results);
    for ended in &result.results {
        prop_assert!((ended.status == Succeeded) != ended.error.is_some());
    }
    if !parallel {
        let got = Expected {
            statuses: found,
            outcome: result.outcome,
            exhausted: result.budget_exhausted,
        };
        prop_assert_eq!(got, in_order(shapes, limits));
        return Ok(());
    }
    let left_alone = undisturbed(shapes);
    if result.outcome == Outcome::Completed && result.budget_exhausted.is_none() {
        prop_assert_eq!(found, left_alone);
        return Ok(());
    }
    for ((ended, wanted), shape) in result.results.iter().zip(left_alone).zip(shapes) {
        let reason = ended.error.as_deref().unwrap_or_default();
        let stopped = ["aborted", "canceled", "budget_exhausted"];
        let cut_short = stopped.iter().any(|word| reason.starts_with(word));
        prop_assert!(
            ended.status == wanted || cut_short,
            "{:?} {:?}",
            ended,
            shape
        );
    }
    Ok(())
}

/// Each attempt is dispatched once, one after the other, and the ledger knows them all.
fn calls_fit(
    bench: &Bench,
    shapes: &[Shape],
    result: &ProposalResult,
) -> Result<(), TestCaseError> {
    let calls = bench.tools.calls.lock();
    let mut attempts: BTreeMap<usize, u32> = BTreeMap::new();
    let mut fences = BTreeSet::new();
    for call in calls.iter() {
        prop_assert!(fences.insert(call.fence));
        if call.compensation {
            continue;
        }
        let place: usize = call.action_id.parse().unwrap();
        let before = attempts.entry(place).or_default();
        *before += 1;
        prop_assert_eq!(call.attempt, *before);
        for on in shapes[place].needs(place) {
            prop_assert_eq!(result.results[on].status, Succeeded);
        }
    }
    for (place, ended) in result.results.iter().enumerate() {
        let called = attempts.get(&place).copied().unwrap_or_default();
        if shapes[place].steps.is_some() {
            prop_assert_eq!(ended.attempts, called);
        }
    }
    let known = bench.engine.calls("p").unwrap_or_default();
    prop_assert_eq!(known.len(), calls.len());
    prop_assert!(known.iter().all(|call| call.state != CallState::Open));
    Ok(())
}

fn state_fits(bench: &Bench, result: &ProposalResult) -> Result<(), TestCaseError> {
    let mut expected = Map::new();
    if result.outcome == Outcome::Completed {
        for ended in &result.results {
            expected.extend(ended.state_changes.clone());
        }
    }
    prop_assert_eq!(bench.state(), Value::Object(expected));
    Ok(())
}

/// What succeeded for nothing is undone, the last first, and only then.
fn undoing_fits(
    bench: &Bench,
    shapes: &[Shape],
    result: &ProposalResult,
) -> Result<(), TestCaseError> {
    let notes = bench.notes.0.lock();
    let mut order: Vec<String> = Vec::new();
    for (kind, action, _) in notes.iter() {
        let Some(action) = action else { continue };
        if *kind == kind::ACTION_SUCCEEDED && shapes[action.parse::<usize>().unwrap()].undone {
            order.insert(0, action.clone());
        }
    }
    if result.outcome == Outcome::Completed {
        order.clear();
    }
    let undone: Vec<_> = result
        .compensations
        .iter()
        .map(|undone| undone.action_id.clone())
        .collect();
    prop_assert_eq!(undone, order);
    for undone in &result.compensations {
        prop_assert_eq!(undone.status, Succeeded);
        prop_assert_eq!(
            undone.output.as_ref(),
            Some(&json!(undone.action_id.parse::<u64>().unwrap()))
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_proposal_ends_as_the_model_says(
        shapes in shapes(), parallel in any::<bool>(),
        cancel_after in prop::option::weighted(0.4, 0..200_u64), tool_calls in prop::option::weighted(0.2, 0..8_u64),
    ) {
        let limits = Limits { cancel_after: cancel_after.map(|at| 2 * at + 1), tool_calls };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(check(&shapes, parallel, limits))?;
    }
}
