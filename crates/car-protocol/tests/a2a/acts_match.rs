//! As much of the assertions of ACTS as its data-only files use.

use regex::Regex;
use serde_json::Value;

/// What of `actual` is not as `expected` says, with its path.
pub(crate) fn differences(expected: &Value, actual: Option<&Value>) -> Vec<String> {
    let mut found = Vec::new();
    compare("", expected, actual, &mut found);
    found
}

fn compare(at: &str, expected: &Value, actual: Option<&Value>, found: &mut Vec<String>) {
    let mut no = |why: String| found.push(format!("{at}: {why}"));
    let Value::Object(members) = expected else {
        if actual != Some(expected) {
            no(format!("expected {expected}, found {actual:?}"));
        }
        return;
    };
    for (name, wanted) in members {
        let holds = match name.as_str() {
            "type" if wanted.is_string() => actual.is_some_and(|value| type_of(value) == wanted),
            "count_gte" => count(actual) >= wanted.as_u64(),
            "contains" => text(actual).contains(wanted.as_str().unwrap()),
            "matches" => Regex::new(wanted.as_str().unwrap())
                .unwrap()
                .is_match(text(actual)),
            "absent" => actual.is_none(),
            "exists" => actual.is_some(),
            _ => {
                let inner = actual.and_then(|value| value.get(name));
                compare(&format!("{at}/{name}"), wanted, inner, found);
                continue;
            }
        };
        if !holds {
            found.push(format!("{at}: not {name} {wanted}: {actual:?}"));
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn count(value: Option<&Value>) -> Option<u64> {
    value
        .and_then(Value::as_array)
        .map(|elements| elements.len() as u64)
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

/// The values that a path such as `task.artifacts[*].parts[*]` leads to.
pub(crate) fn at_path<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut values = vec![value];
    for step in path.split('.') {
        let (name, all) = match step.strip_suffix("[*]") {
            Some(name) => (name, true),
            None => (step, false),
        };
        values = values
            .into_iter()
            .filter_map(|value| value.get(name))
            .collect();
        if all {
            values = values
                .into_iter()
                .filter_map(Value::as_array)
                .flatten()
                .collect();
        }
    }
    values
}
