//! Every message as it travels: one filled and one minimal example of each line of the tables.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use car_protocol::rpc::{callbacks, methods, notifications};
use car_protocol::schema::{Example, Types, documents, examples};
use jsonschema::Validator;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A line of a table, whichever it is from.
struct Line {
    name: &'static str,
    types: Types,
    answered: bool,
    to_daemon: bool,
}

fn lines() -> Vec<Line> {
    let methods = methods().map(|spec| (spec.name, spec.types, true, true));
    let callbacks = callbacks().map(|spec| (spec.name, spec.types, true, false));
    let notifications = notifications().map(|spec| (spec.name, spec.types, false, false));
    methods
        .chain(callbacks)
        .chain(notifications)
        .map(|(name, types, answered, to_daemon)| Line {
            name,
            types,
            answered,
            to_daemon,
        })
        .collect()
}

fn by_name() -> BTreeMap<&'static str, Example> {
    examples()
        .into_iter()
        .map(|example| (example.name, example))
        .collect()
}

fn params_again(line: &Line, value: &Value) -> String {
    let raw = RawValue::from_string(value.to_string()).unwrap();
    (line.types.params_again)(Some(&raw)).unwrap_or_else(|error| format!("{error}"))
}

fn result_again(line: &Line, value: &Value) -> String {
    (line.types.result_again)(&value.to_string()).unwrap_or_else(|error| format!("{error}"))
}

fn schema() -> Value {
    let documents = documents().unwrap();
    let document = documents
        .iter()
        .find(|document| document.path.ends_with("car.schema.json"));
    serde_json::from_str(&document.unwrap().text).unwrap()
}

#[test]
fn every_line_of_the_tables_has_an_example() {
    let mut shown = by_name();
    let missing: Vec<_> = lines()
        .iter()
        .filter(|line| match shown.remove(line.name) {
            Some(example) => example.result.is_some() != line.answered,
            None => true,
        })
        .map(|line| line.name)
        .collect();
    assert!(
        missing.is_empty(),
        "no example, or half of one: {missing:?}"
    );
    let unknown: Vec<_> = shown.into_keys().collect();
    assert!(unknown.is_empty(), "examples of nothing: {unknown:?}");
}

#[test]
fn every_message_is_written_like_this() {
    let shown = by_name();
    let mut namespaces: BTreeMap<&str, String> = BTreeMap::new();
    for line in lines() {
        let Some(example) = shown.get(line.name) else {
            continue;
        };
        let out = namespaces
            .entry(line.name.split('.').next().unwrap())
            .or_default();
        let params = &example.params;
        let _ = writeln!(
            out,
            "# {}\nparams {}\n       {}",
            line.name,
            params_again(&line, &params.filled),
            params_again(&line, &params.minimal)
        );
        if let Some(result) = &example.result {
            let _ = writeln!(
                out,
                "result {}\n       {}",
                result_again(&line, &result.filled),
                result_again(&line, &result.minimal)
            );
        }
    }
    for (namespace, text) in namespaces {
        insta::assert_snapshot!(namespace, text);
    }
}

#[test]
fn what_is_read_is_written_again() {
    let shown = by_name();
    for line in lines() {
        let Some(example) = shown.get(line.name) else {
            continue;
        };
        let again: Value =
            serde_json::from_str(&params_again(&line, &example.params.filled)).unwrap();
        assert_eq!(again, example.params.filled, "params of {}", line.name);
        if let Some(result) = &example.result {
            for value in [&result.filled, &result.minimal] {
                let again: Value = serde_json::from_str(&result_again(&line, value)).unwrap();
                assert_eq!(&again, value, "result of {}", line.name);
            }
        }
    }
}

/// The examples of messages of one kind, as whole frames.
fn frames(line: &Line, example: &Example) -> Vec<Value> {
    let calls = [&example.params.filled, &example.params.minimal].map(|params| {
        let mut frame = json!({ "jsonrpc": "2.0", "method": line.name, "params": params });
        if line.answered {
            frame["id"] = json!(1);
        }
        frame
    });
    calls.into()
}

#[test]
fn every_example_is_valid_under_the_schema() {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let shown = by_name();
    for line in lines() {
        let Some(example) = shown.get(line.name) else {
            continue;
        };
        for frame in frames(&line, example) {
            let errors: Vec<_> = validator
                .iter_errors(&frame)
                .map(|e| e.to_string())
                .collect();
            assert!(errors.is_empty(), "{frame}: {errors:?}");
        }
    }
    for answer in [
        json!({ "jsonrpc": "2.0", "id": "a", "result": null }),
        json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32601, "message": "no" } }),
    ] {
        assert!(validator.is_valid(&answer), "{answer}");
    }
    for wrong in [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "state.get", "params": {} }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "state.get", "params": { "key": 1 } }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "state.forget" }),
        json!({ "jsonrpc": "2.0", "id": 1, "result": 1, "error": { "code": 1, "message": "" } }),
        json!({ "jsonrpc": "2.0", "method": "host.event", "params": {} }),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

/// The schema of the params or the result of a line, with all definitions.
fn within(schema: &Value, part: &Value) -> Validator {
    let mut part = part.clone();
    if let Value::Object(members) = &mut part {
        members.insert("$defs".to_owned(), schema["$defs"].clone());
    }
    jsonschema::validator_for(&part).unwrap()
}

#[test]
fn results_are_valid_and_nothing_of_a_minimal_example_may_be_missing() {
    let schema = schema();
    let openrpc: Value = serde_json::from_str(car_protocol::OPENRPC).unwrap();
    let shown = by_name();
    for line in lines() {
        let (Some(example), Some(methods)) = (shown.get(line.name), openrpc["methods"].as_array())
        else {
            continue;
        };
        let method = methods
            .iter()
            .find(|method| method["name"] == line.name)
            .unwrap();
        let of = |part: &Value| -> Value {
            let text = part
                .to_string()
                .replace("#/components/schemas/", "#/$defs/");
            serde_json::from_str(&text).unwrap()
        };
        let params = within(&schema, &of(&method["x-params"]));
        necessary(line.name, &params, &example.params.minimal);
        if let Some(result) = &example.result {
            let validator = within(&schema, &of(&method["result"]["schema"]));
            assert!(
                validator.is_valid(&result.filled),
                "result of {}",
                line.name
            );
            necessary(line.name, &validator, &result.minimal);
        }
        assert_eq!(method["x-direction"] == "client-to-server", line.to_daemon);
    }
}

/// Every member on the outside is one that the schema demands, unless the schema demands no names at all.
fn necessary(name: &str, validator: &Validator, minimal: &Value) {
    assert!(validator.is_valid(minimal), "minimal example of {name}");
    let Value::Object(members) = minimal else {
        return;
    };
    if validator.is_valid(&json!({})) {
        let anything = validator.is_valid(&json!(0));
        assert!(
            members.is_empty() || anything,
            "{name} needs none of {members:?}"
        );
        return;
    }
    for member in members.keys() {
        let mut less = members.clone();
        less.remove(member);
        assert!(
            !validator.is_valid(&Value::Object(less)),
            "{name} does not need `{member}`"
        );
    }
}
