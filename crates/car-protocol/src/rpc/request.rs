//! `request.*`: what became of a request. Who gave its act a key can ask, on any connection.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::idempotency::IdempotencyKey;
use crate::{RpcError, Timestamp};

crate::methods! {
    /// What became of the act that a key names. Waits for nothing.
    ///
    /// Every method that changes something takes an `idempotency_key`: in its params, in `params._meta`, or in a member
    /// `_meta` of the request where params are an array. The act runs at most once under it. The same key with the same
    /// params again gets the same answer, which it waits for while the act is under way; with other params, or another
    /// method, it is refused with the kind `idempotency_conflict`.
    Outcome = "request.outcome" (OutcomeParams) -> OutcomeReport;
}

/// Names an act.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RequestOutcomeParams"))]
pub struct OutcomeParams {
    /// The key: 1 to 128 bytes. It is one of the caller's identity, whatever connection used it.
    pub key: IdempotencyKey,
}

/// What is known of an act.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RequestOutcomeStatus"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutcomeStatus {
    /// The key is not known. If it was used after `known_since`, nothing has happened, and the act may be asked for again.
    NotSeen,
    /// It is under way, or waits for a person.
    Running,
    /// It has ended with a result.
    Done,
    /// It has ended with an error.
    Failed,
    /// It began and was cut, by the end of its session or of the daemon: nobody knows how far it came. It does not run
    /// again under this key.
    Unknown,
}

/// What became of an act.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RequestOutcomeReport"))]
pub struct OutcomeReport {
    /// The key.
    pub key: IdempotencyKey,
    /// What is known.
    pub status: OutcomeStatus,
    /// The method. There unless the status is `not_seen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// When it was taken on. There unless the status is `not_seen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Timestamp>,
    /// When it ended, or was found to be cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Whether `result` or `error` is there. With `done` and `failed` only; one that is too large, or has a secret among
    /// its members, is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_kept: Option<bool>,
    /// The result, as it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Box<RawValue>>,
    /// The error, as it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RpcError>,
    /// Every key that this identity has used since is known.
    pub known_since: Timestamp,
}
