use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn proposal(value: Value) -> ActionProposal {
    serde_json::from_value(value).unwrap()
}

fn ids(proposal: &ActionProposal) -> Vec<Arc<str>> {
    proposal
        .actions
        .iter()
        .map(|action| action.id.as_deref().unwrap_or("").into())
        .collect()
}

fn plan(proposal: &ActionProposal) -> Result<Plan, StructureError> {
    Plan::of(&ids(proposal), proposal, &EngineLimits::default())
}

fn edges(plan: &Plan) -> Vec<(Index, Index)> {
    let from = |place| {
        plan.followers
            .from(place)
            .iter()
            .map(move |to| (place, *to))
    };
    let mut edges: Vec<_> = plan.order.iter().flat_map(|place| from(*place)).collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

fn parallel(actions: Value) -> ActionProposal {
    proposal(json!({"execution": "parallel", "actions": actions}))
}

fn write(id: &str, key: &str) -> Value {
    json!({"id": id, "type": "state_write", "parameters": {"key": key, "value": 1}})
}

fn read(id: &str, key: &str) -> Value {
    json!({"id": id, "type": "state_read", "parameters": {"key": key}})
}

#[test]
fn a_proposal_without_dependencies_keeps_its_order() {
    let actions = json!([read("a", "x"), read("b", "y"), write("c", "z")]);
    let plain = plan(&proposal(json!({"actions": actions}))).unwrap();
    assert!(plain.sequential);
    assert_eq!(edges(&plain), [(0, 1), (1, 2)]);
    assert_eq!(edges(&plan(&parallel(actions)).unwrap()), []);
}

#[test]
fn an_empty_list_of_dependencies_declares_none() {
    let mut given = proposal(json!({"actions": [read("a", "x"), read("b", "y")]}));
    given.actions[1].dependencies = Some(Vec::new());
    assert!(plan(&given).unwrap().sequential);
    given.actions[1].dependencies = Some(vec!["a".to_owned()]);
    let plan = plan(&given).unwrap();
    assert!(!plan.sequential);
    assert_eq!(plan.needs.from(1), [0]);
}

#[test]
fn a_reader_follows_the_nearest_writer_and_a_writer_its_readers() {
    let given = parallel(json!([
        write("w1", "k"),
        read("r1", "k"),
        read("r2", "k"),
        write("w2", "k"),
        read("r3", "k"),
        write("w3", "k"),
        write("other", "j"),
    ]));
    let expected = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (4, 5)];
    assert_eq!(edges(&plan(&given).unwrap()), expected);
}

#[test]
fn conditions_dependencies_and_effects_are_uses_of_a_key() {
    let given = parallel(json!([
        {"id": "a", "type": "tool_call", "tool": "t", "expected_effects": {"k": 1}},
        {"id": "b", "type": "tool_call", "tool": "t", "state_dependencies": ["k"]},
        {"id": "c", "type": "tool_call", "tool": "t", "preconditions": [{"key": "k"}], "expected_effects": {"k": 2}},
        {"id": "d", "type": "assertion", "parameters": {"key": "k", "expected": 2}},
        {"id": "e", "type": "tool_call", "tool": "t", "parameters": {"key": "k"}},
    ]));
    assert_eq!(
        edges(&plan(&given).unwrap()),
        [(0, 1), (0, 2), (1, 2), (2, 3)]
    );
}

#[test]
fn a_declared_dependency_turns_the_order_of_a_key_round() {
    let mut given = parallel(json!([read("a", "k"), write("b", "k")]));
    given.actions[0].dependencies = Some(vec!["b".to_owned()]);
    let plan = plan(&given).unwrap();
    assert_eq!(plan.order, [1, 0]);
    assert_eq!(edges(&plan), [(1, 0)]);
}

#[test]
fn a_reference_is_an_edge() {
    let given = parallel(json!([
        {"id": "b", "type": "tool_call", "tool": "t", "parameters": {"x": ["$a.output.y"]}},
        {"id": "a", "type": "tool_call", "tool": "t"},
    ]));
    assert_eq!(edges(&plan(&given).unwrap()), [(1, 0)]);
}

#[test]
fn what_cannot_run_is_told_by_action_before_anything_runs() {
    let call = |id: &str, on: &[&str]| json!({"id": id, "type": "tool_call", "tool": "t", "dependencies": on});
    let refer = |id: &str, text: &str| json!({"id": id, "type": "tool_call", "tool": "t", "parameters": {"p": text}});
    let long = "x".repeat(300);
    let cases = [
        (
            json!([call("a", &[]), call("a", &[])]),
            "action `a`: another action has the same id",
        ),
        (
            json!([call("", &[])]),
            "action ``: an id has 1 to 256 bytes",
        ),
        (
            json!([call(&long, &[])]),
            &format!("action `{}`: an id has 1 to 256 bytes", &long[..256]),
        ),
        (
            json!([call("a", &["x"])]),
            "action `a`: it depends on `x`, which is not in the proposal",
        ),
        (
            json!([call("a", &["a"])]),
            "action `a`: it depends on itself",
        ),
        (
            json!([call("a", &["b"]), call("b", &["c"]), call("c", &["a"])]),
            "action `a`: it depends on itself by way of `b`, `c`",
        ),
        (
            json!([refer("a", "$a.output")]),
            "action `a`: its parameters refer to its own output",
        ),
        (
            json!([refer("a", "$x.output")]),
            "action `a`: its parameters refer to the output of `x`, which is not in the proposal",
        ),
        (
            json!([refer("a", "$b.output"), refer("b", "")]),
            "action `a`: its parameters refer to the output of `b`, which comes later, and the actions run in their order",
        ),
    ];
    for (actions, expected) in cases {
        let error = plan(&proposal(json!({"actions": actions}))).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let fixed = json!({"execution": "sequential", "actions": [call("a", &["b"]), call("b", &[])]});
    let error = plan(&proposal(fixed)).unwrap_err();
    assert_eq!(error.field(), "actions[0].dependencies");
    assert_eq!(
        error.problem,
        StructureProblem::DependsOnLater { on: "b".to_owned() }
    );
}

#[test]
fn a_long_chain_does_not_end_the_stack() {
    let actions: Vec<_> = (0..10_000)
        .map(|n| json!({"id": n.to_string(), "type": "state_read", "dependencies": [(n + 1).to_string()]}))
        .chain([json!({"id": "10000", "type": "state_read"})])
        .collect();
    let plan = plan(&parallel(actions.into())).unwrap();
    assert_eq!(plan.order.first(), Some(&10_000));
}

fn actions() -> impl Strategy<Value = Vec<(u8, u8, Vec<prop::sample::Index>)>> {
    let on = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    prop::collection::vec((0..3_u8, 0..4_u8, on), 1..40)
}

proptest! {
    #[test]
    fn every_action_comes_after_what_it_waits_for(given in actions()) {
        let actions: Vec<_> = given.iter().enumerate().map(|(place, (kind, key, on))| {
            let on: Vec<_> = on.iter().map(|on| on.index(given.len()))
                .filter(|on| *on != place).map(|on| on.to_string()).collect();
            let kind = ["state_write", "state_read", "tool_call"][usize::from(*kind)];
            json!({
                "id": place.to_string(), "type": kind, "tool": "t", "dependencies": on,
                "parameters": {"key": format!("k{key}")}, "expected_effects": {format!("k{}", key / 2): 1},
            })
        }).collect();
        let given = parallel(actions.into());
        let Ok(plan) = plan(&given) else { return Ok(()) };
        let mut place = vec![0; plan.order.len()];
        for (at, index) in plan.order.iter().enumerate() {
            place[*index as usize] = at;
        }
        prop_assert_eq!(plan.order.len(), given.actions.len());
        let edges = edges(&plan);
        for (from, to) in &edges {
            prop_assert!(place[*from as usize] < place[*to as usize]);
        }
        // Any two uses of a key of which one writes are ordered by a path.
        for a in 0..given.actions.len() {
            for b in 0..given.actions.len() {
                let (one, other) = (&given.actions[a], &given.actions[b]);
                let clash = flow::writes(one).any(|key| flow::writes(other).chain(flow::reads(other)).any(|k| k == key));
                if a != b && clash {
                    let (first, last) = if place[a] < place[b] { (a, b) } else { (b, a) };
                    prop_assert!(path(&edges, first as Index, last as Index), "{first} before {last}");
                }
            }
        }
    }
}

fn path(edges: &[(Index, Index)], from: Index, to: Index) -> bool {
    let mut seen = vec![from];
    let mut next = 0;
    while let Some(at) = seen.get(next).copied() {
        next += 1;
        for (_, target) in edges.iter().filter(|(source, _)| *source == at) {
            if !seen.contains(target) {
                seen.push(*target);
            }
        }
    }
    seen.contains(&to)
}
