//! The schema of the params and the decoder are of one opinion, member by member.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use car_protocol::rpc::methods;
use car_protocol::schema::{documents, examples};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Where in a value something is changed: the names and numbers that lead there.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(elements) => (0..).map(|n: u32| n.to_string()).zip(elements).collect(),
        _ => Vec::new(),
    };
    for (name, value) in members {
        let path = format!("{path}/{}", name.replace('/', "~1"));
        found.push(path.clone());
        places(value, &path, found);
    }
}

/// The value with each place removed, and with other things put there.
fn variants(value: &Value) -> Vec<(String, Value)> {
    let others = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!(1.5),
        json!("x"),
        json!(["x"]),
        json!({}),
        json!({ "x": 1 }),
    ];
    let mut paths = Vec::new();
    places(value, "", &mut paths);
    let mut variants = Vec::new();
    for path in paths {
        for other in &others {
            let mut variant = value.clone();
            *variant.pointer_mut(&path).unwrap() = other.clone();
            variants.push((format!("{path} = {other}"), variant));
        }
        let (parent, name) = path.rsplit_once('/').unwrap();
        let mut variant = value.clone();
        if let Some(Value::Object(members)) = variant.pointer_mut(parent) {
            members.remove(&name.replace("~1", "/"));
            variants.push((format!("{path} left out"), variant));
        }
    }
    variants
}

#[test]
fn the_decoder_takes_exactly_what_the_schema_allows() {
    let documents = documents().unwrap();
    let schema = documents
        .iter()
        .find(|document| document.path.ends_with("car.schema.json"))
        .unwrap();
    let schema: Value = serde_json::from_str(&schema.text).unwrap();
    let mut compared = 0;
    for spec in methods() {
        let request = schema["$defs"]["Request"]["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .find(|request| {
                let method = &request["properties"]["method"];
                let names = method["enum"].as_array();
                let also = names.is_some_and(|names| names.iter().any(|name| name == spec.name));
                also || method["const"] == spec.name
            });
        let mut params = request.unwrap()["properties"]["params"].clone();
        params["$defs"] = schema["$defs"].clone();
        let validator = jsonschema::validator_for(&params).unwrap();
        let example = examples()
            .into_iter()
            .find(|e| e.name == spec.name)
            .unwrap();
        for (change, variant) in variants(&example.params.filled) {
            let raw = RawValue::from_string(variant.to_string()).unwrap();
            let decoded = (spec.types.params_again)(Some(&raw));
            let allowed = validator.is_valid(&variant);
            assert_eq!(
                decoded.is_ok(),
                allowed,
                "{}: {change}: {decoded:?}",
                spec.name
            );
            compared += 1;
        }
    }
    assert!(compared > 500, "{compared}");
}
