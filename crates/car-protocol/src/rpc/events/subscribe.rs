//! What is said to subscribe, and what subscribers are told beside the events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Cursor;

/// Params of `events.subscribe`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsSubscribeParams"))]
pub struct SubscribeParams {
    /// 1 to 64 names or patterns. `session` is the stream of the caller's own session; `*` covers every stream,
    /// `session/*` those of a family, `session/4f*` those whose names begin so.
    pub streams: Vec<String>,
    /// Where they begin: at what comes next when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// How events come; without loss when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// Whether the answer holds snapshots, where families have them and streams begin at what comes next; `true` when
    /// left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<bool>,
}

/// Where subscribed streams begin.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsSince"))]
#[serde(untagged)]
pub enum Since {
    /// For all of them the same.
    All(SinceWord),
    /// By the names as in `streams`, or of streams that a pattern there covers. A pattern is named for the streams that
    /// it covers and that are not named themselves. What is not named begins at what comes next.
    Places(BTreeMap<String, Place>),
}

/// Where one subscribed stream begins.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsPlace"))]
#[serde(untagged)]
pub enum Place {
    /// Without a place.
    Word(SinceWord),
    /// After this one.
    After(Cursor),
}

impl From<Cursor> for Place {
    fn from(cursor: Cursor) -> Self {
        Self::After(cursor)
    }
}

/// Where a stream begins, without a place.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsSinceWord"))]
#[serde(rename_all = "snake_case")]
pub enum SinceWord {
    /// At what comes next.
    Now,
    /// At the oldest event that is kept.
    Start,
}

/// How events come to a subscriber.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsDelivery"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Delivery {
    /// Every event that the log keeps, in order.
    #[default]
    Lossless,
    /// While the subscriber keeps up, every event. Of what it is behind, the latest of each key, in order: what is about
    /// the same agent, approval or action, as `events.retention` has it for each family.
    Coalesce,
}

/// Result of `events.subscribe`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsSubscribed"))]
pub struct Subscribed {
    /// In the order of the params, those that a pattern covers by name.
    pub streams: Vec<SubscribedStream>,
    /// How events come.
    pub delivery: Delivery,
    /// How much of one stream is on its way at most.
    pub caps: Caps,
    /// Streams that `since` names, that a pattern covers, and that have ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<String>,
}

/// How much of one stream is on its way to a subscriber at most. The rest is in the log.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsCaps"))]
pub struct Caps {
    /// Events.
    pub frames: u64,
    /// Their bytes; one event may be longer.
    pub bytes: u64,
}

/// A stream that is fed to the connection.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsSubscribedStream"))]
pub struct SubscribedStream {
    /// Its whole name.
    pub stream: String,
    /// The notification that carries its events.
    pub notification: String,
    /// The place after which it begins.
    pub from: Cursor,
    /// The place of the newest event at that moment.
    pub head: Cursor,
    /// The pattern that covers it, where it was not named itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// How things are that the stream tells of, as of `from` or newer; what is newer is told again by the event that
    /// follows. For `host`: `agents`, and the `approvals` that are pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Value>,
}

/// Params of `events.unsubscribe`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsUnsubscribeParams"))]
pub struct UnsubscribeParams {
    /// 1 to 64 names or patterns.
    pub streams: Vec<String>,
}

/// Result of `events.unsubscribe`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsUnsubscribed"))]
pub struct Unsubscribed {
    /// How many streams are no longer fed.
    pub removed: u64,
}

/// Params of `events.lagged`. A notice stands before the events that follow it; numbers between `from_seq` and `to_seq`
/// that it does not count still come.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsLaggedParams"))]
pub struct LaggedParams {
    /// The stream.
    pub stream: String,
    /// Its epoch.
    pub epoch: u64,
    /// The first event that does not come.
    pub from_seq: u64,
    /// The last event that does not come.
    pub to_seq: u64,
    /// How many were dropped.
    pub skipped: u64,
    /// How many are left out, because newer ones with the same key follow; only where events are coalesced.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub coalesced: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Params of `events.ended`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsEndedParams"))]
pub struct EndedParams {
    /// The stream.
    pub stream: String,
    /// Its epoch.
    pub epoch: u64,
    /// Its last event; 0 where there was none.
    pub seq: u64,
}

/// Params of `events.uncovered`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsUncoveredParams"))]
pub struct UncoveredParams {
    /// The stream.
    pub stream: String,
    /// How many streams patterns may cover for this connection.
    pub limit: u64,
}
