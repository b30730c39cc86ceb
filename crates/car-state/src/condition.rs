//! Conditions on the state: what preconditions, assertions and policies ask of it.

use std::cmp::Ordering;

use car_protocol::rpc::proposal::Precondition;
use serde_json::{Number, Value};

use crate::store::StateView;

/// Holds a condition against the state.
///
/// # Errors
/// Why it does not hold, without any value.
pub(crate) fn check(condition: &Precondition, state: &mut dyn StateView) -> Result<(), String> {
    let key = condition.key.as_str();
    let operator = condition.operator.as_deref().unwrap_or("eq");
    let found = state.get(key);
    let holds = match operator {
        "exists" => found.is_some(),
        "not_exists" => found.is_none(),
        "eq" => found.is_some_and(|found| equal(found, &condition.value)),
        "neq" => found.is_some_and(|found| !equal(found, &condition.value)),
        "contains" => found.is_some_and(|found| contains(found, &condition.value)),
        "gt" => compares(found, &condition.value, Ordering::is_gt),
        "gte" => compares(found, &condition.value, Ordering::is_ge),
        "lt" => compares(found, &condition.value, Ordering::is_lt),
        "lte" => compares(found, &condition.value, Ordering::is_le),
        unknown => {
            let unknown: String = unknown.chars().take(32).collect();
            return Err(format!("unknown operator `{unknown}` on the key `{key}`"));
        }
    };
    if holds {
        return Ok(());
    }
    let absent = match found {
        None if operator != "exists" => ": the key is missing",
        _ => "",
    };
    let why = condition
        .description
        .as_deref()
        .filter(|text| !text.is_empty());
    let why = why.map_or_else(String::new, |text| format!(" ({text})"));
    Err(format!(
        "precondition `{key} {operator}` does not hold{absent}{why}"
    ))
}

/// Whether two values are the same; numbers by what they mean, so that `1` and `1.0` are.
pub(crate) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            order(one, other).is_some_and(Ordering::is_eq)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => one == other,
    }
}

/// A text in a text, or a member of an array.
fn contains(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => found.contains(wanted.as_str()),
        (Value::Array(items), wanted) => items.iter().any(|item| equal(item, wanted)),
        _ => false,
    }
}

fn compares(found: Option<&Value>, with: &Value, fits: fn(Ordering) -> bool) -> bool {
    match (found, with) {
        (Some(Value::Number(found)), Value::Number(with)) => order(found, with).is_some_and(fits),
        _ => false,
    }
}

/// Whole numbers exactly, others as floating point.
fn order(one: &Number, other: &Number) -> Option<Ordering> {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::store::{StateStore, StoreLimits, Tenant, Transaction};

    fn holds(key: &str, operator: &str, value: Value) -> bool {
        let store = Arc::new(StateStore::new(StoreLimits::default()));
        let state = json!({"n": 5, "big": 9_007_199_254_740_993_u64, "s": "hello", "l": [1, "a", {"x": 1.0}], "nil": null});
        for (key, value) in state.as_object().unwrap().clone() {
            store.set(&Tenant::common(), &key, value).unwrap();
        }
        let condition = Precondition {
            key: key.to_owned(),
            operator: Some(operator.to_owned()),
            value,
            description: None,
        };
        check(
            &condition,
            &mut Transaction::begin(&store, &Tenant::common()),
        )
        .is_ok()
    }

    #[test]
    fn each_operator_holds_and_does_not() {
        for (key, operator, value) in [
            ("n", "exists", json!(null)),
            ("nil", "exists", json!(null)),
            ("x", "not_exists", json!(null)),
            ("n", "eq", json!(5.0)),
            ("n", "neq", json!("5")),
            ("n", "gt", json!(4.5)),
            ("n", "gte", json!(5)),
            ("n", "lt", json!(6)),
            ("n", "lte", json!(5)),
            ("big", "gt", json!(9_007_199_254_740_992_u64)),
            ("s", "contains", json!("ell")),
            ("l", "contains", json!("a")),
            ("l", "contains", json!({"x": 1})),
        ] {
            assert!(
                holds(key, operator, value.clone()),
                "{key} {operator} {value}"
            );
        }
        for (key, operator, value) in [
            ("x", "exists", json!(null)),
            ("n", "not_exists", json!(null)),
            ("x", "eq", json!(null)),
            ("x", "neq", json!(1)),
            ("n", "eq", json!(6)),
            ("s", "gt", json!(1)),
            ("n", "gt", json!("1")),
            ("n", "gt", json!(5)),
            ("n", "lt", json!(5)),
            ("s", "contains", json!("x")),
            ("l", "contains", json!("1")),
            ("n", "contains", json!("5")),
            ("n", "matches", json!(5)),
        ] {
            assert!(
                !holds(key, operator, value.clone()),
                "{key} {operator} {value}"
            );
        }
    }

    #[test]
    fn an_unknown_operator_is_told() {
        let condition = Precondition {
            key: "k".to_owned(),
            operator: Some("like".to_owned()),
            value: json!(1),
            description: None,
        };
        let store = Arc::new(StateStore::new(StoreLimits::default()));
        let told = check(
            &condition,
            &mut Transaction::begin(&store, &Tenant::common()),
        );
        assert_eq!(told.unwrap_err(), "unknown operator `like` on the key `k`");
    }
}
