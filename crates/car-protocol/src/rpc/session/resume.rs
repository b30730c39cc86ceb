//! The messages of a session that outlives its connection.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Role;
use crate::Timestamp;
use crate::rpc::events::Cursor;

/// What a session has, by the names of `restored` and `lost` in [`Resumed`]; `approvals` are named beside it where any are open.
pub const BELONGINGS: &[&str] = &[
    "tools",
    "policies",
    "policy_scopes",
    "state",
    "subscriptions",
    "memory",
    "agents",
    "requests",
    "callbacks",
];

/// The secret with which a session is resumed. Never printed.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ResumeToken(String);

impl ResumeToken {
    /// The token with this text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The token itself, to be presented.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumeToken(…)")
    }
}

/// Params of `session.resume`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SessionResumeParams"))]
pub struct ResumeParams {
    /// The newest token that the client has.
    pub token: ResumeToken,
    /// The last event that the client has of each stream that it subscribes to. A stream that is not named goes on after
    /// what was written to the connection that is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<BTreeMap<String, Cursor>>,
    /// The ids of the requests that the client waits for: only their replies are told. Without it, every reply that is
    /// not known to have arrived. 4,096 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Vec<Value>>,
    /// How long the session is to stay without a connection from now on, in milliseconds; as before when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_ms: Option<u64>,
    /// Which attempt of the client this is. One that comes after a later one of the same client, because it was still on
    /// its way when its connection was lost, is refused with `fenced` and changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<ResumeAttempt>,
}

/// An attempt of a client to come back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SessionResumeAttempt"))]
pub struct ResumeAttempt {
    /// What tells this run of a program apart from others that may have the token, for example a random number. 64 bytes
    /// at most.
    pub client: String,
    /// Counts its attempts upwards.
    pub number: u64,
}

/// Result of `session.resume`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SessionResumed"))]
pub struct Resumed {
    /// The session, which is the same as before.
    pub session_id: String,
    /// Its role.
    pub role: Role,
    /// The token for the next time. The one that was presented stays good until this one is used.
    pub resume_token: ResumeToken,
    /// How long the session stays without a connection, in milliseconds.
    pub grace_ms: u64,
    /// Whether the daemon was started anew meanwhile.
    pub restarted: bool,
    /// What is there as before: `tools`, `policies`, `policy_scopes`, `state`, `subscriptions`, `memory`, `agents`,
    /// `requests`, `callbacks`; `approvals` where any are open.
    pub restored: Vec<String>,
    /// What is gone, by the same names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// The streams that the session subscribes to, by name.
    pub streams: Vec<ResumedStream>,
    /// Replies that were missed, whole, in the order in which they were given.
    pub replies: Vec<Value>,
    /// The requests that are under way: they are answered on this connection. With `waiting`, those of them.
    pub running: Vec<Value>,
    /// Those of `waiting` that were answered and whose reply is not kept any more. They took effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies_lost: Vec<Value>,
    /// Those of `waiting` that never arrived: sending them again does nothing twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_seen: Vec<Value>,
    /// Those of `waiting` that are from before the session could be resumed, or too long ago to say anything of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Value>,
    /// The callbacks that are open, oldest first.
    pub callbacks: Vec<OpenCallback>,
    /// What the session has asked people and nobody has decided, oldest first. A call that is sent again after a restart
    /// goes on with its question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<OpenApproval>,
}

/// A stream of a session that was resumed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResumedStream {
    /// Its name.
    pub stream: String,
    /// The place after which it goes on. Left out where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Cursor>,
    /// The place of its newest event.
    pub head: Cursor,
    /// The place that was asked for leads nowhere any more, and the stream is not fed: `events.subscribe` begins anew.
    /// This is the place before the oldest event that is kept; where a pattern covers the stream, `from` is the same place,
    /// and the stream begins anew by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resync_required: Option<Cursor>,
}

/// A callback that the daemon waits for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenCallback {
    /// The id of its request.
    pub request_id: String,
    /// What it calls.
    pub method: String,
    /// How often it has been sent, what follows this result included.
    pub delivery: u32,
    /// Whether it follows this result. What does not may be answered by its id all the same.
    pub delivered: bool,
    /// How long it will be waited for, in milliseconds.
    pub timeout_ms: u64,
}

/// An approval that the session has asked for and that is pending.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenApproval {
    /// The approval.
    pub approval_id: String,
    /// What is asked: `ws.method:` or `tool:` and a name, or what a client wrote.
    pub action: String,
    /// The digest of the act, where it is a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When its time is over, once somebody who can decide was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}
