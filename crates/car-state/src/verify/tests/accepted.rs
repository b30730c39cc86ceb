//! What is accepted runs: random proposals, broken ones among them, are verified, and those without errors are run by the
//! engine with tools that always succeed.

use car_protocol::Timestamp;
use car_protocol::rpc::proposal::{ActionStatus, Outcome, ProposalResult};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use proptest::sample::Index;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::{CountingIds, FixedClock, IdSource};
use crate::engine::{
    Engine, EngineError, EngineParts, NoJournal, RunRequest, ToolCall, ToolError, ToolExecutor,
};
use crate::policy::{NobodyToAsk, PolicyBook};
use crate::results::NothingKept;
use crate::store::{StateStore, Tenant};

/// Gives back what it gets.
struct Echo;

impl ToolExecutor for Echo {
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Result<Value, ToolError>> {
        std::future::ready(Ok(call.parameters)).boxed()
    }
}

fn limits() -> VerifyLimits {
    VerifyLimits {
        engine: EngineLimits {
            actions: 9,
            id_bytes: 14,
            ..EngineLimits::default()
        },
        store: StoreLimits {
            key_bytes: 4,
            value_bytes: 40,
            keys: 4,
            total_bytes: 400,
            tenants: 2,
        },
        many_actions: 5,
    }
}

fn run(
    proposal: Value,
    tools: ToolTable,
    tenant: Tenant,
    initial: &Map<String, Value>,
) -> Result<ProposalResult, EngineError> {
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    let mut room = limits().store;
    if tenant != Tenant::common() {
        // What others have is no concern of this tenant, but for the room that it takes.
        (room.total_bytes, room.keys) = (2 * room.total_bytes, 2 * room.keys);
    }
    let store = Arc::new(StateStore::new(room));
    for (key, value) in initial {
        if tenant != Tenant::common() {
            store.set(&Tenant::common(), key, json!("foreign")).unwrap();
        }
        store.set(&tenant, key, value.clone()).unwrap();
    }
    let engine = Engine::new(EngineParts {
        store,
        tools: Arc::new(tools),
        policies: Arc::new(PolicyBook::new(Arc::clone(&ids))),
        approver: Arc::new(NobodyToAsk),
        results: Arc::new(NothingKept),
        executor: Arc::new(Echo),
        journal: Arc::new(NoJournal),
        clock: Arc::new(FixedClock(Timestamp::from_unix_millis(0))),
        ids,
        limits: limits().engine,
    });
    let request = RunRequest {
        proposal: serde_json::from_value(proposal).unwrap(),
        tenant,
        ..RunRequest::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(engine.run(request, CancellationToken::new()))
}

fn of(tenant: &str) -> Tenant {
    Tenant::of(Some(tenant).filter(|name| !name.is_empty())).unwrap()
}

/// An action as it is meant, and now and then what is wrong with it.
#[derive(Clone, Debug)]
struct Shape {
    kind: u8,
    key: usize,
    value: usize,
    on: Option<Vec<Index>>,
    takes: Option<Index>,
    effect: Option<usize>,
    demands: Option<usize>,
    nameless: bool,
    undo: Option<u8>,
    flaw: Option<u8>,
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let shape = (
        0..5_u8,
        0..KEYS.len(),
        0..4_usize,
        prop::option::weighted(0.3, prop::collection::vec(any::<Index>(), 0..3)),
        prop::option::weighted(0.1, any::<Index>()),
        prop::option::weighted(0.3, 0..KEYS.len()),
        prop::option::weighted(0.3, 0..KEYS.len()),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.1, 0..7_u8),
        prop::option::weighted(0.08, 0..16_u8),
    );
    let shape = shape.prop_map(
        |(kind, key, value, on, takes, effect, demands, nameless, undo, flaw)| Shape {
            kind,
            key,
            value,
            on,
            takes,
            effect,
            demands,
            nameless,
            undo,
            flaw,
        },
    );
    prop::collection::vec(shape, 0..11)
}

/// There from the beginning, but for the last one.
const KEYS: [&str; 4] = ["x", "s", "z", "y"];

fn action(place: usize, shape: &Shape) -> Value {
    let key = KEYS[shape.key];
    let before = |on: &Index| format!("a{}", on.index(place.max(1)));
    let value = [
        json!(1),
        json!("text"),
        json!(null),
        json!([1, {"deep": true}]),
    ][shape.value]
        .clone();
    let value = match &shape.takes {
        Some(on) if place > 0 => json!(format!("${}.output", before(on))),
        _ => value,
    };
    let mut action = match shape.kind {
        0 => call("", "t", json!({"p": value, "n": place})),
        1 => call("", "typed", json!({"n": place})),
        2 => write("", key, value),
        3 => json!({"type": "state_read", "parameters": {"key": key}}),
        _ => {
            let expected = [json!(1), json!("text"), json!(null), json!(1)][shape.key].clone();
            json!({"type": "assertion", "parameters": {"key": key, "expected": expected}})
        }
    };
    action["id"] = json!(format!("a{place}"));
    if let Some(on) = shape.on.as_ref().filter(|_| place > 0) {
        action["dependencies"] = on.iter().map(before).collect();
    }
    if let Some(effect) = shape.effect {
        action["expected_effects"] = json!({KEYS[effect]: place});
    }
    if let Some(demands) = shape.demands {
        action["state_dependencies"] = json!([KEYS[demands]]);
        action["preconditions"] = json!([{"key": KEYS[demands], "operator": "exists"}]);
    }
    if shape.nameless {
        action.as_object_mut().unwrap().remove("id");
    }
    if let Some(undo) = shape.undo {
        let on = if undo == 6 { place + 20 } else { place };
        let (tool, parameters) = match undo {
            0 => ("t", json!({})),
            1 => ("typed", json!({"n": place})),
            2 => ("typed", json!({"n": "three"})),
            3 => ("nope", json!({})),
            _ => ("t", json!({"p": [format!("$a{on}.output")]})),
        };
        action["compensation"] = json!({"tool": tool, "parameters": parameters});
    }
    let (name, wrong) = match shape.flaw {
        None => return action,
        Some(0) => ("id", json!("a0")),
        Some(1) => ("id", json!("")),
        Some(2) => ("id", json!("much too long an id")),
        Some(3) => ("tool", json!("nope")),
        Some(4) => ("parameters", json!({"n": "three", "key": 7})),
        Some(5) => ("dependencies", json!(["a7"])),
        Some(6) => ("dependencies", json!(["actions[0]"])),
        Some(7) => (
            "parameters",
            json!({"key": "x", "value": "$a7.output.n", "n": 1}),
        ),
        Some(8) => (
            "parameters",
            json!({"key": "too long", "value": "x".repeat(60)}),
        ),
        Some(9) => ("state_dependencies", json!(["nobody"])),
        // Itself; the next one, which may come back here; and the same through outputs.
        Some(11) => ("dependencies", json!([format!("a{place}")])),
        Some(12) => ("dependencies", json!([format!("a{}", place + 1)])),
        Some(13) => (
            "parameters",
            json!({"key": "x", "value": {"deep": [format!("$a{place}.output")]}, "n": 1}),
        ),
        Some(14) => (
            "parameters",
            json!({"key": "x", "value": format!("$a{}.output", place + 1), "n": 1}),
        ),
        Some(10) => ("preconditions", json!([{"key": "x", "operator": "like"}])),
        Some(_) => (
            "parameters",
            json!({"key": "s", "value": "$actions[0].output", "n": 2}),
        ),
    };
    action[name] = wrong;
    action
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_accepted_is_never_refused_for_how_it_is_made(
        shapes in shapes(),
        execution in prop::sample::select(vec![json!(null), json!("parallel"), json!("sequential")]),
        id in prop::sample::select(vec![json!(null), json!("p"), json!("p"), json!(""), json!("far too long an id")]),
        tenant in prop::sample::select(vec!["", "acme"]),
    ) {
        let actions: Vec<_> = shapes.iter().enumerate().map(|(place, shape)| action(place, shape)).collect();
        let initial = json!({"x": 1, "s": "text", "z": null});
        let initial = initial.as_object().unwrap();
        let proposal = json!({"id": id, "actions": actions, "execution": execution});
        let parsed: ActionProposal = serde_json::from_value(proposal.clone()).unwrap();
        let found = simulate(&parsed, &tools(), initial, limits());
        let verified = verify(&parsed, &tools(), initial, limits());
        prop_assert_eq!((&found.issues, &found.simulated_state), (&verified.issues, &verified.simulated_state));
        if !found.valid {
            return Ok(());
        }
        let ended = run(proposal, tools(), of(tenant), initial);
        prop_assert!(
            !matches!(ended, Err(EngineError::Structure(_) | EngineError::TooManyActions { .. } | EngineError::ProposalId { .. })),
            "{ended:?}"
        );
        // Where a value hangs on what an action gives, nobody can know what becomes of it.
        let guessed = parsed.actions.iter().any(holds_references);
        if guessed {
            return Ok(());
        }
        let ended = ended.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(ended.outcome, Outcome::Completed, "{:?}", ended);
        for result in &ended.results {
            prop_assert_eq!(result.status, ActionStatus::Succeeded, "{:?}", result);
        }
        let mut state = initial.clone();
        for step in &found.steps {
            state.extend(step.writes.clone());
            prop_assert_eq!(Some(&state), step.state.as_ref());
        }
        prop_assert_eq!(state, found.simulated_state);
    }
}
