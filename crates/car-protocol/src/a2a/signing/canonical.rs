use std::fmt;

use serde_json::{Map, Number, Value};

/// The largest whole number up to which every one has a form of its own in JavaScript: 2^53.
const EXACT: u64 = 1 << 53;

/// A number has no exact form in JavaScript, so that RFC 8785 would make another number of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotCanonical;

impl fmt::Display for NotCanonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number beyond 2^53 has no canonical JSON")
    }
}

impl std::error::Error for NotCanonical {}

/// The canonical JSON of RFC 8785.
///
/// # Errors
/// [`NotCanonical`] for a whole number beyond 2^53.
pub fn canonical(document: &Map<String, Value>) -> Result<Vec<u8>, NotCanonical> {
    if !document.values().all(exact) {
        return Err(NotCanonical);
    }
    serde_json_canonicalizer::to_vec(document).map_err(|_| NotCanonical)
}

fn exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => exact_number(number),
        Value::Array(elements) => elements.iter().all(exact),
        Value::Object(members) => members.values().all(exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

fn exact_number(number: &Number) -> bool {
    match (number.as_u64(), number.as_i64()) {
        (Some(positive), _) => positive <= EXACT,
        (None, Some(negative)) => negative.unsigned_abs() <= EXACT,
        (None, None) => true,
    }
}
