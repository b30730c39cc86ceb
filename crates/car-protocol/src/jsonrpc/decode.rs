use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::compact::compact;
use super::envelope::{Batch, Envelope};
use super::{
    ErrorObject, Id, Incoming, Invalid, MAX_BATCH, Message, Notification, Request, Response,
    VERSION, scan,
};
use crate::RpcError;

/// Decodes a frame. Never panics; borrows all it can.
///
/// # Errors
/// `-32700` for what is not JSON, nests deeper than [`MAX_DEPTH`](super::MAX_DEPTH), has a lone surrogate, or names
/// a member of an envelope twice; `-32600` for an empty or too long batch. Both are answered with id `null`, and
/// nothing of the frame is carried out. A message inside that is not JSON-RPC comes as [`Message::Invalid`].
pub fn decode(frame: &str) -> Result<Incoming<'_>, RpcError> {
    scan(frame).map_err(|error| RpcError::parse(error.to_string()))?;
    match first_byte(frame) {
        Some(b'[') => batch(frame).map(Incoming::Batch),
        _ => message(frame).map(Incoming::Single),
    }
}

/// Decodes a frame that must hold one message, as from a daemon to a client that sends no batches.
///
/// # Errors
/// As [`decode`]; a batch is `-32600`.
pub fn decode_message(frame: &str) -> Result<Message<'_>, RpcError> {
    match decode(frame)? {
        Incoming::Single(message) => Ok(message),
        Incoming::Batch(_) => Err(RpcError::invalid_request("a batch is not expected here")),
    }
}

fn first_byte(text: &str) -> Option<u8> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    text.bytes().find(|byte| !blank(byte))
}

fn parse_error(error: &serde_json::Error) -> RpcError {
    RpcError::parse(format!("parse error: {error}"))
}

fn batch(frame: &str) -> Result<Vec<Message<'_>>, RpcError> {
    let batch: Batch<'_> = serde_json::from_str(frame).map_err(|error| parse_error(&error))?;
    if batch.overflow {
        let why = format!("a batch holds at most {MAX_BATCH} messages");
        return Err(RpcError::invalid_request(why).with_limit(MAX_BATCH as u64));
    }
    if batch.elements.is_empty() {
        let why = "a batch holds at least one message";
        return Err(RpcError::invalid_request(why));
    }
    let elements = batch.elements.into_iter();
    elements.map(|element| message(element.get())).collect()
}

fn message(text: &str) -> Result<Message<'_>, RpcError> {
    if first_byte(text) != Some(b'{') {
        // A number or a string is JSON all the same, unless it is not.
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| parse_error(&error))?;
        return Ok(invalid(Id::NULL, "a message is an object"));
    }
    match compact(text) {
        Some(message) => Ok(message),
        None => at_length(text),
    }
}

/// Reads a message however it is written.
fn at_length(text: &str) -> Result<Message<'_>, RpcError> {
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| parse_error(&error))?;
    Ok(classify(envelope))
}

fn invalid(id: Id, why: &str) -> Message<'static> {
    Message::Invalid(Invalid {
        id,
        error: RpcError::invalid_request(why),
    })
}

fn classify(envelope: Envelope<'_>) -> Message<'_> {
    let id = match envelope.id.map(Id::from_raw) {
        None => None,
        Some(Some(id)) => Some(id),
        Some(None) => return invalid(Id::NULL, "id is a string, a number or null"),
    };
    let versioned = envelope.jsonrpc.and_then(raw_str).as_deref() == Some(VERSION);
    let version = (!versioned).then_some("jsonrpc is exactly \"2.0\"");
    match envelope.method {
        Some(method) => match call(method, &envelope, version) {
            Ok((method, params)) => match id {
                Some(id) => Message::Request(Request {
                    id,
                    method,
                    params,
                    meta: envelope.meta,
                }),
                None => Message::Notification(Notification {
                    method,
                    params,
                    meta: envelope.meta,
                }),
            },
            Err(why) => invalid(id.unwrap_or(Id::NULL), why),
        },
        None if envelope.result.is_some() || envelope.error.is_some() => match id {
            Some(id) => Message::Response(Response {
                id,
                outcome: match version {
                    None => outcome(&envelope),
                    Some(why) => Err(ErrorObject::malformed(why)),
                },
            }),
            None => invalid(Id::NULL, "a response has an id"),
        },
        None => invalid(
            id.unwrap_or(Id::NULL),
            version.unwrap_or("a message has a method, a result or an error"),
        ),
    }
}

type Call<'a> = (Cow<'a, str>, Option<&'a RawValue>);

/// The method and the params of a request or a notification, or why it is neither.
fn call<'a>(
    method: &'a RawValue,
    envelope: &Envelope<'a>,
    version: Option<&'static str>,
) -> Result<Call<'a>, &'static str> {
    if let Some(why) = version {
        return Err(why);
    }
    let method = raw_str(method).ok_or("method is a string")?;
    if envelope.result.is_some() || envelope.error.is_some() {
        return Err("a message with a method has neither result nor error");
    }
    match envelope
        .params
        .map(|raw| (raw, raw.get().as_bytes().first()))
    {
        None | Some((_, Some(b'n'))) => Ok((method, None)),
        Some((raw, Some(b'{' | b'['))) => Ok((method, Some(raw))),
        Some(_) => Err("params is an object or an array"),
    }
}

/// What a response says.
fn outcome<'a>(envelope: &Envelope<'a>) -> Result<&'a RawValue, ErrorObject> {
    let is_null = |raw: &RawValue| raw.get() == "null";
    let error = match (envelope.result, envelope.error) {
        (Some(result), None) => return Ok(result),
        // Peers that write both members leave one of them null.
        (Some(result), Some(error)) if is_null(error) => return Ok(result),
        (Some(result), Some(_)) if !is_null(result) => {
            let why = "a response has a result or an error, not both";
            return Err(ErrorObject::malformed(why));
        }
        (_, error) => error.map_or("null", RawValue::get),
    };
    Err(serde_json::from_str(error).unwrap_or_else(|_| {
        ErrorObject::malformed("error is an object with an integer code and a string message")
    }))
}

/// The string that `raw` is, borrowed when it has no escape.
fn raw_str(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(text).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// What messages are made of, and what breaks them.
    const PIECES: &[&str] = &[
        "{",
        "}",
        ",",
        ":",
        " ",
        "\n",
        "\"jsonrpc\":\"2.0\"",
        "\"jsonrpc\": \"2.1\"",
        "\"id\":1",
        "\"id\": 017",
        "\"id\":-0",
        "\"id\":1.5",
        "\"id\":1e3",
        "\"id\":\"a\\n\"",
        "\"id\":null",
        "\"id\":12345678901234567890",
        "\"id\":[]",
        "\"method\":\"m\"",
        "\"method\":\"\\u006d\"",
        "\"method\":7",
        "\"m\u{1}thod\":7",
        "\"params\":{\"k\": [1, 2]}",
        "\"params\":null",
        "\"params\":3",
        "\"params\":{\"k\"}",
        "\"result\":{}",
        "\"result\":1",
        "\"result\":tru",
        "\"error\":{\"code\":1,\"message\":\"no\"}",
        "\"other\":1",
    ];

    /// Messages of whole members, with now and then a piece too many.
    fn messages() -> impl Strategy<Value = String> {
        let members = vec((select(PIECES), select(&["", " ", "  ", "\n"][..])), 1..6);
        let odd = prop::option::weighted(0.2, (0_usize..40, select(PIECES)));
        (members, odd).prop_map(|(members, odd)| {
            let members: Vec<_> = members
                .into_iter()
                .map(|(member, blank)| format!("{blank}{member}{blank}"))
                .collect();
            let mut text = format!("{{{}}}", members.join(","));
            if let Some((at, piece)) = odd.filter(|(at, _)| text.is_char_boundary(*at)) {
                text.insert_str(at.min(text.len()), piece);
            }
            text
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn the_short_way_reads_what_the_long_way_reads(text in messages()) {
            if let Some(message) = compact(&text) {
                let long = at_length(&text);
                prop_assert_eq!(format!("{:?}", Ok::<_, RpcError>(message)), format!("{long:?}"));
            }
        }
    }

    #[test]
    fn the_messages_of_every_day_are_read_the_short_way() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"method":"state.get","params":{"key":"k"}}"#,
            r#"{"jsonrpc": "2.0", "method": "tools.cancel", "params": {"request_id": "cb-1"}}"#,
            r#"{"id":"cb-1","jsonrpc":"2.0","result":null}"#,
            r#"{"method":"m","id":0,"jsonrpc":"2.0","params":null} "#,
        ] {
            assert!(compact(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_needs_care_is_read_the_long_way() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","jsonrpc":"2.0","method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":01,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","method":"m"}{"#,
            r#"{"jsonrpc":"2.0","method":"m",}"#,
            r#"{"jsonrpc":"2.0","method":"\u006d"}"#,
            r#"{"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":1,"error":null}"#,
            r#"{"jsonrpc":"2.0","method":"m","params":7}"#,
        ] {
            assert!(compact(text).is_none(), "{text}");
        }
    }
}
