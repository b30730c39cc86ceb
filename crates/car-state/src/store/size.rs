//! How big a JSON value is, told by one walk and without writing it out.

use serde_json::{Map, Value};

/// What one value costs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Size {
    /// Bytes of its JSON text, without white space. Fractions count as 24 bytes, their longest form.
    pub text: usize,
    /// About how many bytes it holds in memory: `[0,0,0]` is short as text and long here.
    pub held: usize,
}

const NODE: usize = size_of::<Value>();
const MEMBER: usize = size_of::<String>();

/// Measures a value.
#[must_use]
pub fn measure(value: &Value) -> Size {
    let mut size = Size {
        text: 0,
        held: NODE,
    };
    add(value, &mut size);
    size
}

/// Measures an object that is not wrapped in a value.
#[must_use]
pub fn measure_map(map: &Map<String, Value>) -> Size {
    let mut size = Size {
        text: 0,
        held: NODE,
    };
    add_map(map, &mut size);
    size
}

fn add(value: &Value, size: &mut Size) {
    match value {
        Value::Null | Value::Bool(true) => size.text += 4,
        Value::Bool(false) => size.text += 5,
        Value::Number(number) => {
            size.text += number
                .as_u64()
                .map(digits)
                .or_else(|| number.as_i64().map(|n| 1 + digits(n.unsigned_abs())))
                .unwrap_or(24);
        }
        Value::String(text) => {
            size.text += text_len(text);
            size.held += text.len();
        }
        Value::Array(items) => {
            size.text += 2 + items.len().saturating_sub(1);
            size.held += items.len() * NODE;
            for item in items {
                add(item, size);
            }
        }
        Value::Object(map) => add_map(map, size),
    }
}

fn add_map(map: &Map<String, Value>, size: &mut Size) {
    size.text += 2 + map.len().saturating_sub(1);
    size.held += map.len() * (NODE + MEMBER);
    for (key, item) in map {
        size.text += text_len(key) + 1;
        size.held += key.len();
        add(item, size);
    }
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

fn text_len(text: &str) -> usize {
    let escapes: usize = text
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | 0x08 | 0x09 | 0x0a | 0x0c | 0x0d => 1,
            0x00..=0x1f => 5,
            _ => 0,
        })
        .sum();
    2 + text.len() + escapes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".{0,6}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_length_is_that_of_the_serialised_value(value in values()) {
            prop_assert_eq!(measure(&value).text, serde_json::to_string(&value).unwrap().len());
        }
    }

    #[test]
    fn many_small_values_weigh_what_they_hold() {
        let value = json!(vec![0; 1000]);
        assert_eq!(measure(&value).text, 2001);
        assert!(measure(&value).held > 20_000);
    }
}
