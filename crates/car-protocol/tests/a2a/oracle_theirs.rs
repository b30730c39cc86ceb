//! The official types hold more than A2A: empty required fields, numbers below zero, and an empty list beside no list.
//! Their own generator makes all of that; here it becomes the A2A that is nearest to it.

use car_protocol::Timestamp;
use car_protocol::a2a::limits::{MAX_ID_BYTES, MAX_PAGE_SIZE};
use serde_json::{Map, Value, json};

/// Lists and maps that are written even when they are empty.
const KEPT: &[&str] = &[
    "configs",
    "defaultInputModes",
    "defaultOutputModes",
    "list",
    "schemes",
    "scopes",
    "skills",
    "tags",
    "tasks",
];

/// Flags whose default is `false` in the proto: theirs tell it from absent, the wire does not.
const FLAGS: &[&str] = &[
    "append",
    "lastChunk",
    "pkceRequired",
    "required",
    "returnImmediately",
];

/// The value as A2A can hold it.
pub(crate) fn as_a2a(value: Value) -> Value {
    match value {
        Value::Object(members) => object(members).into(),
        Value::Array(elements) => elements.into_iter().map(as_a2a).collect(),
        other => other,
    }
}

fn object(mut members: Map<String, Value>) -> Map<String, Value> {
    // The token of `ListTasks` is required and may be empty, the one of the push configurations is neither.
    let last = members
        .get("nextPageToken")
        .is_some_and(|token| *token == "");
    if last && !members.contains_key("totalSize") {
        members.remove("nextPageToken");
    }
    let kept = |(name, value): (String, Value)| member(&name, value).map(|value| (name, value));
    members.into_iter().filter_map(kept).collect()
}

fn member(name: &str, value: Value) -> Option<Value> {
    Some(match (name, value) {
        // The content of a part may be empty.
        ("text" | "raw" | "data" | "nextPageToken", value) => value,
        ("role", Value::String(role)) if role == "ROLE_UNSPECIFIED" => json!("ROLE_USER"),
        ("status", Value::String(state)) if state == "TASK_STATE_UNSPECIFIED" => return None,
        ("timestamp" | "statusTimestampAfter", Value::String(time)) => {
            let time: Timestamp = time.parse().unwrap();
            json!(Timestamp::from_unix_millis(time.unix_millis()).to_string())
        }
        ("parts", Value::Array(parts)) if parts.is_empty() => json!([{ "text": "" }]),
        ("supportedInterfaces", Value::Array(all)) if all.is_empty() => {
            json!([{ "url": "x", "protocolBinding": "x", "protocolVersion": "x" }])
        }
        ("pageSize", Value::Number(size)) => {
            let size = size.as_i64().unwrap().unsigned_abs() % u64::from(MAX_PAGE_SIZE) + 1;
            json!(size)
        }
        ("historyLength" | "totalSize", Value::Number(number)) => {
            json!(number.as_i64().unwrap().unsigned_abs().min(i32::MAX as u64))
        }
        (name, Value::Bool(false)) if FLAGS.contains(&name) => return None,
        (name, Value::Array(all)) if all.is_empty() && !KEPT.contains(&name) => return None,
        (name, Value::Object(all)) if all.is_empty() && droppable(name) => return None,
        (_, Value::Array(elements)) => elements.into_iter().map(element).collect(),
        (_, Value::String(text)) => Value::String(filled(text)),
        (_, other) => as_a2a(other),
    })
}

/// Objects that say nothing while they are empty.
fn droppable(name: &str) -> bool {
    matches!(name, "metadata" | "params" | "header" | "securitySchemes")
}

fn element(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(filled(text)),
        other => as_a2a(other),
    }
}

/// Neither empty nor longer than an id may be.
fn filled(mut text: String) -> String {
    if text.is_empty() {
        return "x".to_owned();
    }
    let end = text.floor_char_boundary(MAX_ID_BYTES);
    text.truncate(end);
    text
}
