use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Id, VERSION, scan};
use crate::RpcError;

/// How many messages one batch may hold.
pub const MAX_BATCH: usize = 64;

/// What one frame holds.
#[derive(Debug)]
pub enum Incoming<'a> {
    /// One message.
    Single(Message<'a>),
    /// A batch of 1 to [`MAX_BATCH`] messages; its answers go out as one array.
    Batch(Vec<Message<'a>>),
}

/// One message of a peer.
#[derive(Debug)]
pub enum Message<'a> {
    /// Wants exactly one answer.
    Request(Request<'a>),
    /// Wants none, not even an error.
    Notification(Notification<'a>),
    /// Answers a request of ours.
    Response(Response<'a>),
    /// JSON, but none of the three.
    Invalid(Invalid),
}

/// A call that wants an answer.
#[derive(Debug)]
pub struct Request<'a> {
    /// To be echoed.
    pub id: Id,
    /// The method's name.
    pub method: Cow<'a, str>,
    /// The params, unread; `"params":null` is the same as none.
    pub params: Option<&'a RawValue>,
}

/// A call that wants no answer.
#[derive(Debug)]
pub struct Notification<'a> {
    /// The method's name.
    pub method: Cow<'a, str>,
    /// The params, unread; `"params":null` is the same as none.
    pub params: Option<&'a RawValue>,
}

/// The answer to a request of ours.
#[derive(Debug)]
pub struct Response<'a> {
    /// The id that our request had.
    pub id: Id,
    /// The result, unread (`null` is a result), or the error.
    pub outcome: Result<&'a RawValue, ErrorObject>,
}

/// The error of a peer: like [`RpcError`], with `data` of any shape and a code of any size.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct ErrorObject {
    /// The number; saturated to 64 bits.
    #[serde(default)]
    pub code: i64,
    /// The message.
    #[serde(default)]
    pub message: Option<String>,
    /// Whatever the peer added.
    #[serde(default)]
    pub data: Option<serde_json::Value>,
}

/// A message to be refused: with its own id where that could be read, else with `null`.
#[derive(Debug)]
pub struct Invalid {
    /// What to answer with.
    pub id: Id,
    /// Why.
    pub error: RpcError,
}

/// Decodes a frame. Never panics; borrows all it can.
///
/// # Errors
/// `-32700` for what is not JSON, nests deeper than [`super::MAX_DEPTH`], has a lone surrogate, or names a
/// member of the envelope twice; `-32600` for an empty or too long batch. Both are answered with id `null`.
/// A message inside that is not JSON-RPC comes as [`Message::Invalid`].
pub fn decode(frame: &str) -> Result<Incoming<'_>, RpcError> {
    scan(frame).map_err(|error| RpcError::parse(error.to_string()))?;
    if frame
        .trim_start_matches([' ', '\t', '\r', '\n'])
        .starts_with('[')
    {
        let batch: Batch<'_> = serde_json::from_str(frame).map_err(|error| parse_error(&error))?;
        if batch.overflow {
            let text = format!("a batch holds at most {MAX_BATCH} messages");
            return Err(RpcError::invalid_request(text).with_limit(MAX_BATCH as u64));
        }
        if batch.elements.is_empty() {
            return Err(RpcError::invalid_request(
                "a batch holds at least one message",
            ));
        }
        batch
            .elements
            .into_iter()
            .map(|element| message(element.get()))
            .collect::<Result<_, _>>()
            .map(Incoming::Batch)
    } else {
        message(frame).map(Incoming::Single)
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

/// Reads raw params as `T`. None reads as an empty object, so that params without required fields may be
/// left out; a type that takes no object (an array, for example) reads none as `null`.
///
/// # Errors
/// `-32602` with the path of the wrong field.
pub fn decode_params<T: DeserializeOwned>(params: Option<&RawValue>) -> Result<T, RpcError> {
    let text = params.map_or("{}", RawValue::get);
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = message
            .rsplit_once(" at line ")
            .map_or(message.as_str(), |(head, _)| head);
        let field = ["missing field `", "unknown field `", "duplicate field `"]
            .iter()
            .find_map(|prefix| message.strip_prefix(prefix)?.split_once('`'))
            .map(|(field, _)| field.to_owned())
            .or_else(|| failing_field(text, &error));
        RpcError::invalid_params(field.as_deref(), message)
    })
}

/// The member of the outermost object in which reading failed.
fn failing_field(text: &str, error: &serde_json::Error) -> Option<String> {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(error.line().checked_sub(1)?)
        .map(str::len)
        .sum();
    let offset = line_start + error.column();
    let members: Members<'_> = serde_json::from_str(text).ok()?;
    let base = text.as_ptr() as usize;
    members
        .0
        .into_iter()
        .rev()
        .find(|(_, value)| value.get().as_ptr() as usize - base < offset)
        .map(|(key, _)| key)
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

fn parse_error(error: &serde_json::Error) -> RpcError {
    RpcError::parse(format!("parse error: {error}"))
}

fn message(text: &str) -> Result<Message<'_>, RpcError> {
    let first = text
        .trim_start_matches([' ', '\t', '\r', '\n'])
        .as_bytes()
        .first();
    if first != Some(&b'{') {
        // A value that is no object is JSON all the same, unless it is not.
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| parse_error(&error))?;
        return Ok(invalid(Id::NULL, "a message is an object"));
    }
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
    let or_null = |id: Option<Id>| id.unwrap_or(Id::NULL);
    if envelope.jsonrpc.and_then(raw_str).as_deref() != Some(VERSION) {
        return invalid(or_null(id), "jsonrpc is exactly \"2.0\"");
    }
    let Some(method) = envelope.method else {
        return classify_response(id, envelope);
    };
    let Some(method) = raw_str(method) else {
        return invalid(or_null(id), "method is a string");
    };
    if envelope.result.is_some() || envelope.error.is_some() {
        return invalid(
            or_null(id),
            "a message has a method, or a result or an error",
        );
    }
    let params = match envelope
        .params
        .map(|raw| (raw, raw.get().as_bytes().first()))
    {
        None | Some((_, Some(b'n'))) => None,
        Some((raw, Some(b'{' | b'['))) => Some(raw),
        Some(_) => return invalid(or_null(id), "params is an object or an array"),
    };
    match id {
        Some(id) => Message::Request(Request { id, method, params }),
        None => Message::Notification(Notification { method, params }),
    }
}

fn classify_response<'a>(id: Option<Id>, envelope: Envelope<'a>) -> Message<'a> {
    let Some(id) = id else {
        return invalid(
            Id::NULL,
            "a message has a method, or an id and a result or an error",
        );
    };
    let outcome = match (envelope.result, envelope.error) {
        (Some(result), None) => Ok(result),
        // Peers that write both members leave one of them null.
        (Some(result), Some(error)) if error.get() == "null" => Ok(result),
        (None, Some(error)) => Err(error),
        (Some(result), Some(error)) if result.get() == "null" => Err(error),
        _ => return invalid(id, "a response has a result or an error"),
    };
    match outcome.map_err(|raw| serde_json::from_str(raw.get())) {
        Ok(result) => Message::Response(Response {
            id,
            outcome: Ok(result),
        }),
        Err(Ok(error)) => Message::Response(Response {
            id,
            outcome: Err(error),
        }),
        Err(Err(_)) => invalid(id, "error is an object with code and message"),
    }
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

#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Jsonrpc,
    Id,
    Method,
    Params,
    Result,
    Error,
    #[serde(other)]
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(member) = map.next_key::<Member>()? {
                    let (slot, name) = match member {
                        Member::Jsonrpc => (&mut envelope.jsonrpc, "jsonrpc"),
                        Member::Id => (&mut envelope.id, "id"),
                        Member::Method => (&mut envelope.method, "method"),
                        Member::Params => (&mut envelope.params, "params"),
                        Member::Result => (&mut envelope.result, "result"),
                        Member::Error => (&mut envelope.error, "error"),
                        Member::Other => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    if slot.replace(map.next_value()?).is_some() {
                        return Err(A::Error::duplicate_field(name));
                    }
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(Read)
    }
}

struct Batch<'a> {
    elements: Vec<&'a RawValue>,
    overflow: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Batch<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Batch<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut batch = Batch {
                    elements: Vec::new(),
                    overflow: false,
                };
                while let Some(element) = seq.next_element::<&'de RawValue>()? {
                    if batch.elements.len() == MAX_BATCH {
                        batch.overflow = true;
                        while seq.next_element::<IgnoredAny>()?.is_some() {}
                        break;
                    }
                    batch.elements.push(element);
                }
                Ok(batch)
            }
        }
        deserializer.deserialize_seq(Read)
    }
}
