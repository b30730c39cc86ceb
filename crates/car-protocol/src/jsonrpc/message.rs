use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Id;
use crate::{RpcError, code};

/// What one frame holds.
#[derive(Debug)]
pub enum Incoming<'a> {
    /// One message.
    Single(Message<'a>),
    /// A batch of 1 to [`MAX_BATCH`](super::MAX_BATCH) messages; its answers go out as one array.
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
    /// The params, unread: an object or an array. `"params":null` is the same as none.
    pub params: Option<&'a RawValue>,
    /// What `_meta` beside the params says, unread; for params that are an array and have no member of this name.
    pub meta: Option<&'a RawValue>,
}

/// A call that wants no answer.
#[derive(Debug)]
pub struct Notification<'a> {
    /// The method's name.
    pub method: Cow<'a, str>,
    /// The params, unread: an object or an array. `"params":null` is the same as none.
    pub params: Option<&'a RawValue>,
    /// What `_meta` beside the params says, unread; for params that are an array and have no member of this name.
    pub meta: Option<&'a RawValue>,
}

/// The answer to a request of ours. Nobody answers an answer, whatever is wrong with it.
#[derive(Debug)]
pub struct Response<'a> {
    /// The id that our request had.
    pub id: Id,
    /// The result, unread (`null` is a result), or the error. An answer that breaks the rules is an error too, of
    /// our own making, with the code [`code::INVALID_REQUEST`]: the request that it answers has ended.
    pub outcome: Result<&'a RawValue, ErrorObject>,
}

/// The error of a peer: like [`RpcError`], with `data` of any shape and a code of any size.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct ErrorObject {
    /// The number; 0 when the peer sent none.
    #[serde(default)]
    pub code: i64,
    /// The message.
    #[serde(default)]
    pub message: Option<String>,
    /// Whatever the peer added.
    #[serde(default)]
    pub data: Option<serde_json::Value>,
}

impl ErrorObject {
    /// What stands for an answer that breaks the rules.
    pub(super) fn malformed(why: &str) -> Self {
        Self {
            code: code::INVALID_REQUEST.into(),
            message: Some(format!("malformed answer: {why}")),
            data: None,
        }
    }
}

/// A message to be refused: with its own id where that could be read, else with `null`.
#[derive(Debug)]
pub struct Invalid {
    /// What to answer with.
    pub id: Id,
    /// Why.
    pub error: RpcError,
}
