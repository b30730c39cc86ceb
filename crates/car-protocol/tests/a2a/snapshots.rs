use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use car_protocol::a2a::Reader;
use serde_json::Value;

use crate::catalog::catalog;

#[test]
fn every_message_is_written_like_this() {
    let mut versions: BTreeMap<&str, String> = BTreeMap::new();
    for entry in catalog() {
        let out = versions.entry(entry.version).or_default();
        let _ = writeln!(out, "# {}", entry.name);
        for example in &entry.examples {
            let again = (entry.again)(&Reader::strict(), &example.to_string());
            let _ = writeln!(out, "{}", again.unwrap_or_else(|error| error.to_string()));
        }
    }
    for (version, text) in versions {
        insta::assert_snapshot!(format!("messages_{version}"), text);
    }
}

#[test]
fn what_is_read_is_written_again() {
    for entry in catalog() {
        for example in &entry.examples {
            for reader in [Reader::strict(), Reader::lenient()] {
                let again = (entry.again)(&reader, &example.to_string()).unwrap();
                let again: Value = serde_json::from_str(&again).unwrap();
                assert_eq!(&again, example, "{} {}", entry.version, entry.name);
            }
        }
    }
}

#[test]
fn the_examples_have_every_field() {
    for entry in catalog() {
        let examples = entry.examples.iter().filter_map(Value::as_object);
        let shown: BTreeSet<&str> = examples.flatten().map(|(name, _)| name.as_str()).collect();
        let missing: Vec<_> = entry
            .fields
            .iter()
            .filter(|field| !shown.contains(*field))
            .collect();
        assert!(
            missing.is_empty(),
            "{} {}: {missing:?}",
            entry.version,
            entry.name
        );
    }
}

#[test]
fn fields_may_be_called_by_their_proto_names() {
    fn snake(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let renamed = members.iter().map(|(name, value)| {
                    let free = matches!(
                        name.as_str(),
                        "metadata" | "params" | "data" | "header" | "scopes" | "schemes"
                    );
                    let value = if free { value.clone() } else { snake(value) };
                    (snake_name(name), value)
                });
                Value::Object(renamed.collect())
            }
            Value::Array(elements) => elements.iter().map(snake).collect(),
            other => other.clone(),
        }
    }
    for entry in catalog().iter().filter(|entry| entry.version == "v1") {
        for example in &entry.examples {
            let again = (entry.again)(&Reader::strict(), &snake(example).to_string()).unwrap();
            let again: Value = serde_json::from_str(&again).unwrap();
            assert_eq!(&again, example, "{}", entry.name);
        }
    }
}

fn snake_name(camel: &str) -> String {
    let mut snake = String::new();
    for c in camel.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
