mod accepted;

use serde_json::json;

use super::*;

fn tools() -> ToolTable {
    let table = ToolTable::new();
    let definitions = json!([
        {"name": "t"},
        {"name": "typed", "parameters": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}},
    ]);
    table
        .register(serde_json::from_value(definitions).unwrap())
        .unwrap();
    table
}

fn check(proposal: Value, initial: Value) -> Verification {
    let proposal = serde_json::from_value(proposal).unwrap();
    let Value::Object(initial) = initial else {
        panic!("a state is an object")
    };
    verify(&proposal, &tools(), &initial, VerifyLimits::default())
}

/// The issues of a list of actions, as `severity action: message`.
fn issues(actions: Value) -> Vec<String> {
    let found = check(json!({"actions": actions}), json!({"there": 1}));
    assert_eq!(
        found.valid,
        found
            .issues
            .iter()
            .all(|issue| issue.severity == Severity::Warning)
    );
    let show = |issue: Issue| {
        let severity = serde_json::to_value(issue.severity).unwrap();
        format!(
            "{} {}: {}",
            severity.as_str().unwrap(),
            issue.action_id,
            issue.message
        )
    };
    found.issues.into_iter().map(show).collect()
}

fn call(id: &str, tool: &str, parameters: Value) -> Value {
    json!({"id": id, "type": "tool_call", "tool": tool, "parameters": parameters})
}

fn write(id: &str, key: &str, value: Value) -> Value {
    json!({"id": id, "type": "state_write", "parameters": {"key": key, "value": value}})
}

#[test]
fn a_good_proposal_has_no_issues_and_its_state_is_simulated() {
    let found = check(
        json!({"actions": [
            write("a", "x", json!(1)),
            {"id": "b", "type": "tool_call", "tool": "t", "state_dependencies": ["x"], "expected_effects": {"y": 2},
             "preconditions": [{"key": "x", "operator": "gt", "value": 0}]},
            {"id": "c", "type": "assertion", "parameters": {"key": "y", "expected": 2}},
        ]}),
        json!({"z": 3}),
    );
    assert!(found.valid);
    assert_eq!(found.issues, []);
    assert_eq!(
        Value::Object(found.simulated_state),
        json!({"x": 1, "y": 2, "z": 3})
    );
}

#[test]
fn tools_and_their_parameters_are_checked() {
    assert_eq!(
        issues(json!([
            call("a", "nope", json!({})),
            {"id": "b", "type": "tool_call"},
            call("c", "typed", json!({"n": "1"})),
            call("d", "t", json!({})),
            call("e", "typed", json!({"n": "$d.output"})),
        ])),
        [
            "error a: unknown tool `nope`",
            "error b: a tool call needs `tool`",
            "error c: parameters/n: the value is not of type \"integer\"",
        ]
    );
}

#[test]
fn the_same_call_twice_is_a_warning_and_three_times_an_error() {
    let same = |id: &str| call(id, "t", json!({"x": [1]}));
    assert_eq!(
        issues(json!([
            same("a"),
            same("b"),
            call("other", "t", json!({})),
            same("c")
        ])),
        ["error c: `t` is called 3 times with the same parameters",]
    );
}

#[test]
fn what_the_simulated_state_does_not_hold_is_an_error() {
    assert_eq!(
        issues(json!([
            {"id": "a", "type": "state_read", "parameters": {"key": "k"}, "state_dependencies": ["there", "missing"]},
            {"id": "b", "type": "state_read", "parameters": {"key": "k"}, "preconditions": [{"key": "there", "value": 2}]},
            {"id": "c", "type": "assertion", "parameters": {"key": "there", "expected": 2}},
            {"id": "d", "type": "state_read"},
            write("e", "", json!(1)),
        ])),
        [
            "error a: the state key `missing` is missing",
            "error b: precondition `there eq` does not hold",
            "error c: the assertion on the state key `there` does not hold",
            "error d: a state action needs the parameter `key`",
            "error e: a key has 1 to 1024 bytes, this one has 0",
        ]
    );
}

#[test]
fn a_value_that_nobody_can_know_is_not_judged() {
    let unknown = json!([
        call("a", "t", json!({})),
        write("b", "k", json!("$a.output")),
        {"id": "c", "type": "assertion", "parameters": {"key": "k", "expected": 7}, "state_dependencies": ["k"],
         "preconditions": [{"key": "k", "operator": "gt", "value": 1}]},
        {"id": "d", "type": "state_read", "parameters": {"key": "k"}, "preconditions": [{"key": "k", "operator": "not_exists"}]},
    ]);
    assert_eq!(
        issues(unknown),
        ["error d: precondition `k not_exists` does not hold"]
    );
}

#[test]
fn a_broken_structure_is_told_and_the_rest_is_checked_too() {
    assert_eq!(
        issues(json!([
            call("a", "t", json!({})),
            call("a", "nope", json!({}))
        ])),
        [
            "error a: another action has the same id",
            "error a: unknown tool `nope`"
        ]
    );
}

#[test]
fn many_actions_are_a_warning_and_too_many_an_error() {
    let reads = |count| {
        (0..count)
            .map(|_| json!({"type": "state_read", "parameters": {"key": "k"}}))
            .collect::<Vec<_>>()
    };
    assert_eq!(issues(reads(30).into()), [""; 0]);
    assert_eq!(
        issues(reads(31).into()),
        ["warning : 31 actions are more than 30"]
    );
    assert_eq!(
        issues(reads(10_001).into()),
        ["error : a proposal has at most 10000 actions, this one has 10001"]
    );
}

#[test]
fn two_writers_without_a_declared_order_are_a_warning() {
    let after = |mut action: Value, on: &str| {
        action["dependencies"] = json!([on]);
        action
    };
    let middle = after(call("m", "t", json!({})), "a");
    let told = issues(json!([
        write("a", "k", json!(1)),
        middle,
        after(write("b", "k", json!(2)), "m"),
        write("c", "k", json!(3))
    ]));
    assert_eq!(
        told,
        ["warning c: it writes the state key `k`, and so does `b`, in no declared order"]
    );
    assert_eq!(
        issues(json!([
            write("a", "k", json!(1)),
            write("b", "k", json!(2))
        ])),
        [""; 0]
    );
}

#[test]
fn the_list_of_issues_is_bounded() {
    let many: Vec<_> = (0..5_000)
        .map(|n| call(&n.to_string(), "nope", json!({"n": n})))
        .collect();
    let found = check(json!({"actions": many}), json!({}));
    assert!(!found.valid);
    assert_eq!(found.issues.len(), ISSUES + 1);
}

#[test]
fn nobody_can_depend_on_an_action_without_an_id() {
    let told = issues(json!([
        {"type": "tool_call", "tool": "t"},
        {"id": "b", "type": "tool_call", "tool": "t", "dependencies": ["actions[0]"], "parameters": {"b": 1}},
        {"id": "c", "type": "tool_call", "tool": "t", "parameters": {"p": "$actions[0].output"}},
    ]));
    let error = "depends on `actions[0]`, which has no id of its own";
    assert_eq!(
        told,
        [
            format!("error b: it {error}"),
            format!("error c: it {error}")
        ]
    );
}

#[test]
fn a_state_that_the_session_could_not_hold_is_an_error() {
    let limits = VerifyLimits {
        store: StoreLimits {
            keys: 2,
            total_bytes: 400,
            ..StoreLimits::default()
        },
        ..VerifyLimits::default()
    };
    let found = |actions: Value| {
        let proposal = serde_json::from_value(json!({"actions": actions})).unwrap();
        let found = verify(&proposal, &tools(), &Map::new(), limits);
        found
            .issues
            .into_iter()
            .map(|issue| issue.message)
            .collect::<Vec<_>>()
    };
    let three = json!([
        write("a", "x", json!(1)),
        write("b", "y", json!(1)),
        write("c", "z", json!(1))
    ]);
    assert_eq!(found(three), ["the session's state holds at most 2 keys"]);
    let big = json!([write("a", "x", json!("x".repeat(500)))]);
    assert_eq!(found(big), ["the session's state holds at most 400 bytes"]);
}

fn simulated(proposal: Value, initial: Value) -> Simulated {
    let proposal = serde_json::from_value(proposal).unwrap();
    let initial = initial.as_object().unwrap();
    simulate(&proposal, &tools(), initial, VerifyLimits::default())
}

#[test]
fn the_state_after_each_action_is_told_in_the_order_of_the_run() {
    let effects = json!({"id": "b", "type": "tool_call", "tool": "t", "expected_effects": {"y": 2}, "dependencies": ["c"]});
    let found = simulated(
        json!({"actions": [effects, write("a", "k", json!("$b.output")), {"id": "c", "type": "state_read", "parameters": {"key": "z"}}]}),
        json!({"z": 3}),
    );
    assert!(found.valid && !found.truncated);
    let steps = serde_json::to_value(&found.steps).unwrap();
    assert_eq!(
        steps,
        json!([
            {"action_id": "c", "writes": {}, "state": {"z": 3}},
            {"action_id": "b", "writes": {"y": 2}, "state": {"y": 2, "z": 3}},
            {"action_id": "a", "writes": {"k": "$b.output"}, "unknown": ["k"], "state": {"k": "$b.output", "y": 2, "z": 3}},
        ])
    );
    assert_eq!(Some(&found.simulated_state), found.steps[2].state.as_ref());
}

#[test]
fn the_states_of_a_simulation_are_bounded_and_what_is_written_is_always_told() {
    let big = "x".repeat(STATES_BYTES / 3);
    let actions: Vec<_> = (0..5)
        .map(|n| write(&n.to_string(), "k", json!(big)))
        .collect();
    let found = simulated(json!({"actions": actions}), json!({}));
    assert!(found.truncated);
    let told: Vec<_> = found
        .steps
        .iter()
        .map(|step| step.state.is_some())
        .collect();
    assert_eq!(told, [true, true, false, false, false]);
    assert!(found.steps.iter().all(|step| step.writes.contains_key("k")));
}
