//! `events.*`: the log under everything that is pushed. Without a `stream`, methods mean the one of the caller's own
//! session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Empty;
use crate::Timestamp;

crate::methods! {
    /// How many events are kept.
    Count = "events.count" (Empty) -> u64;

    /// How many events are kept, and their size.
    Stats = "events.stats" (Empty) -> EventStats;

    /// The streams that the caller may read, by name: public ones and its own session's; a host all.
    Streams = "events.streams" (StreamsParams) -> StreamsPage;

    /// How much is kept of each family of streams, and how much there is now of those that the caller may read.
    Retention = "events.retention" (Empty) -> RetentionTable;

    /// Reads events of a stream, oldest first. A stream that the caller may not read is refused with the kind `forbidden`.
    Query = "events.query" (QueryParams) -> EventPage;

    /// Feeds streams to this connection, each event as the notification of its family.
    ///
    /// The answer stands before the first event. From the place where a stream begins every event comes once and in order;
    /// a subscriber that is slow is fed from the log, at its own pace. What is no longer kept by then is told with
    /// `events.lagged`. A place of another epoch, or older than what is kept, is refused with the kind `resync_required`
    /// and `oldest`, a stream that the caller may not read with `forbidden`, and one with an owner that has had no event
    /// with `not_found`; nothing is subscribed then. A stream that is fed already begins anew.
    Subscribe = "events.subscribe" (SubscribeParams) -> Subscribed;

    /// Ends the feeding of streams.
    Unsubscribe = "events.unsubscribe" (UnsubscribeParams) -> Unsubscribed;

    /// Drops the oldest events beyond a number.
    #[mutates]
    Truncate = "events.truncate" (TruncateParams) -> Truncated;

    /// Drops all events.
    #[mutates]
    Clear = "events.clear" (Empty) -> EventsCleared;
}

crate::notifications! {
    /// Events of a stream were dropped before they could be sent to this subscriber. They are numbered: what the log
    /// still keeps can be read back.
    Lagged = "events.lagged" (LaggedParams);
}

/// A place in a stream.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventCursor"))]
pub struct Cursor {
    /// Changes when the stream begins anew.
    pub epoch: u64,
    /// Counts from 1 without a gap.
    pub seq: u64,
}

/// What the log holds. `spans` are not kept here: they go to the daemon's tracing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventStats {
    /// Events kept.
    pub events: u64,
    /// Spans kept.
    pub spans: u64,
    /// Bytes of the events.
    pub approx_event_bytes: u64,
    /// Bytes of the spans.
    pub approx_span_bytes: u64,
}

/// Params of `events.query`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsQueryParams"))]
pub struct QueryParams {
    /// The stream; the one of the caller's own session when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Reads what came after this place; from the oldest kept when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Cursor>,
    /// 1 to 1,000; 100 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only these kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<String>>,
}

/// Result of `events.query`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventPage {
    /// The stream.
    pub stream: String,
    /// Oldest first.
    pub events: Vec<LoggedEvent>,
    /// Where to go on: the place of the last event looked at.
    pub next: Cursor,
    /// Whether there is more.
    pub more: bool,
    /// How many events after `since` are no longer kept.
    pub missed: u64,
}

/// Params of `events.subscribe`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsSubscribeParams"))]
pub struct SubscribeParams {
    /// 1 to 64 names. `session` is the stream of the caller's own session.
    pub streams: Vec<String>,
    /// Where they begin: at what comes next when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// How events come; without loss when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// Where subscribed streams begin.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsSince"))]
#[serde(untagged)]
pub enum Since {
    /// For all of them the same.
    All(SinceWord),
    /// After these places, by the names as in `streams`; a stream that is not named begins at what comes next.
    Places(BTreeMap<String, Cursor>),
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
}

/// Result of `events.subscribe`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsSubscribed"))]
pub struct Subscribed {
    /// In the order of the params.
    pub streams: Vec<SubscribedStream>,
    /// How events come.
    pub delivery: Delivery,
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
}

/// Params of `events.unsubscribe`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsUnsubscribeParams"))]
pub struct UnsubscribeParams {
    /// 1 to 64 names.
    pub streams: Vec<String>,
}

/// Result of `events.unsubscribe`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsUnsubscribed"))]
pub struct Unsubscribed {
    /// How many of them were fed.
    pub removed: u64,
}

/// One event as it was logged.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoggedEvent {
    /// Its number in the stream.
    pub seq: u64,
    /// What happened.
    pub kind: String,
    /// When.
    pub timestamp: Timestamp,
    /// The action that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<String>,
    /// The proposal that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<String>,
    /// The rest.
    #[serde(default)]
    pub data: Map<String, Value>,
    /// Further members, by family: those that its notification carries.
    #[serde(flatten, default, skip_serializing_if = "Map::is_empty")]
    pub more: Map<String, Value>,
}

/// What the events of a family survive once they are visible.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventDurability"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Durability {
    /// Nothing: each start of the daemon is a new epoch.
    Memory,
    /// The end of the daemon, however it comes.
    Os,
    /// A loss of power.
    Fsync,
}

/// Who may read the streams of a family.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventReader"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reader {
    /// Every authenticated session.
    Everybody,
    /// The session that the stream belongs to, and hosts.
    Owner,
}

/// Params of `events.streams`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsStreamsParams"))]
pub struct StreamsParams {
    /// Only streams of this family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Only streams whose name comes after this one: the last of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// 1 to 1,000; 100 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Result of `events.streams`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventStreamsPage"))]
pub struct StreamsPage {
    /// By name.
    pub streams: Vec<StreamInfo>,
    /// Whether there are more.
    pub more: bool,
}

/// One stream.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventStreamInfo"))]
pub struct StreamInfo {
    /// Its name.
    pub stream: String,
    /// Its family.
    pub family: String,
    /// What its events survive.
    pub durability: Durability,
    /// The place of the newest event; number 0 where there never was one.
    pub head: Cursor,
    /// The place before the oldest event that is kept: reading on from here misses nothing that is left.
    pub oldest: Cursor,
    /// Events kept.
    pub events: u64,
    /// About how many bytes they take.
    pub bytes: u64,
}

/// Result of `events.retention`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventRetentionTable"))]
pub struct RetentionTable {
    /// The families.
    pub families: Vec<FamilyRetention>,
}

/// How much is kept of a family. What exceeds any of the three goes, oldest first, and is counted as missed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventFamilyRetention"))]
pub struct FamilyRetention {
    /// The first part of its streams' names.
    pub family: String,
    /// The notification that carries its events; left out for a family that is only read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<String>,
    /// What its events survive.
    pub durability: Durability,
    /// Who may read its streams.
    pub reader: Reader,
    /// Events of a stream at most.
    pub max_events: u64,
    /// Bytes of a stream at most.
    pub max_bytes: u64,
    /// The age of an event at most, in milliseconds.
    pub max_age_ms: u64,
    /// Streams that the caller may read.
    pub streams: u64,
    /// Events in them.
    pub events: u64,
    /// About how many bytes they take.
    pub bytes: u64,
}

/// Params of `events.truncate`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsTruncateParams"))]
#[serde(rename_all = "camelCase")]
pub struct TruncateParams {
    /// How many events to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_events: Option<u64>,
    /// How many spans to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_spans: Option<u64>,
}

/// Result of `events.truncate`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsTruncated"))]
#[serde(rename_all = "camelCase")]
pub struct Truncated {
    /// Events dropped.
    pub removed_events: u64,
    /// Spans dropped.
    pub removed_spans: u64,
    /// What is left.
    pub stats: EventStats,
}

/// Result of `events.clear`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventsCleared {
    /// What was dropped.
    pub removed: EventStats,
    /// What is left.
    pub stats: EventStats,
}

/// Params of `events.lagged`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventsLaggedParams"))]
pub struct LaggedParams {
    /// The stream.
    pub stream: String,
    /// Its epoch.
    pub epoch: u64,
    /// The first event that was not sent.
    pub from_seq: u64,
    /// The last event that was not sent.
    pub to_seq: u64,
    /// How many.
    pub skipped: u64,
}
