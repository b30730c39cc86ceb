use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::limits::{self, Limit};
use super::message::{Envelope, Message};
use super::violation::{self, Rule, Violation};

/// What a payload holds: each message, or why it is refused.
///
/// A list is not a transaction: a message that is refused does not hold up those after it, which are to be applied all
/// the same (specification, "Processing rules" of the A2A extension).
pub type Decoded = Vec<Result<Message, Violation>>;

/// Reads a payload: one message, a list of them, or a list wrapped as `{"messages":[…]}`.
///
/// # Errors
/// The payload as a whole is refused: it is longer than [`Limit::PayloadBytes`], holds more than [`Limit::Messages`], or
/// is no JSON. What is wrong with a single message is in its place of the list.
pub fn decode(payload: &str) -> Result<Decoded, Violation> {
    decode_with(payload, violation::read_text::<Message>)
}

/// Reads a payload as the original does: a message without a version is of v0.9.
///
/// # Errors
/// As [`decode`].
pub fn decode_original(payload: &str) -> Result<Decoded, Violation> {
    decode_with(payload, |raw| {
        violation::read_text(raw).map(Envelope::or_v0_9)
    })
}

fn decode_with(
    payload: &str,
    read: impl Fn(&RawValue) -> Result<Message, Violation>,
) -> Result<Decoded, Violation> {
    hold(Limit::PayloadBytes, payload.len())?;
    let messages = split(payload)
        .map_err(|error| Violation::new(Rule::Json, "", format!("not a payload: {error}")))?;
    hold(Limit::Messages, messages.len())?;
    let numbered = messages.into_iter().enumerate();
    Ok(numbered
        .map(|(index, raw)| read(raw).map_err(|violation| violation.at(index)))
        .collect())
}

/// The messages of a payload, unread.
fn split(payload: &str) -> serde_json::Result<Vec<&RawValue>> {
    #[derive(Deserialize)]
    struct Wrapper<'a> {
        #[serde(borrow)]
        messages: Vec<&'a RawValue>,
    }
    if payload.trim_start().starts_with('[') {
        return serde_json::from_str(payload);
    }
    if let Ok(wrapper) = serde_json::from_str::<Wrapper<'_>>(payload) {
        return Ok(wrapper.messages);
    }
    serde_json::from_str(payload).map(|single| vec![single])
}

/// Reads a payload that is at hand as a value: the `data` of an A2A part, or a parameter.
///
/// # Errors
/// As [`decode`].
pub fn decode_value(payload: &Value) -> Result<Decoded, Violation> {
    if limits::length(payload, Limit::PayloadBytes.max()).is_none() {
        return Err(Violation::limit(Limit::PayloadBytes, ""));
    }
    let messages = match payload {
        Value::Array(messages) => messages.as_slice(),
        Value::Object(members) => match members.get("messages") {
            Some(Value::Array(messages)) => messages.as_slice(),
            _ => std::slice::from_ref(payload),
        },
        _ => {
            let why = "a payload is a message or a list of them";
            return Err(Violation::new(Rule::Json, "", why));
        }
    };
    hold(Limit::Messages, messages.len())?;
    let read = |(index, message): (usize, &Value)| {
        let read = violation::read_value::<Message>(message);
        read.map_err(|violation| violation.of(message).at(index))
    };
    Ok(messages.iter().enumerate().map(read).collect())
}

fn hold(limit: Limit, found: usize) -> Result<(), Violation> {
    limit
        .hold(found)
        .map_err(|limit| Violation::limit(limit, ""))
}
