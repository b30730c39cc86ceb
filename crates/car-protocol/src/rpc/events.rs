//! `events.*`: the log under everything that is pushed. Without a `stream`, methods mean the one of the caller's own
//! session.

mod subscribe;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::subscribe::{
    Caps, Delivery, EndedParams, LaggedParams, Place, Since, SinceWord, SubscribeParams,
    Subscribed, SubscribedStream, UncoveredParams, UnsubscribeParams, Unsubscribed,
};
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
    /// `events.lagged`. A pattern covers the streams that there are and those that appear later, which begin with their
    /// first event, as far as the caller may read them. A place of another epoch, or older than what is kept, is refused
    /// with the kind `resync_required`, `stream` and `oldest`, a stream that the caller may not read, or a pattern that
    /// covers none that it may, with `forbidden`, and a stream with an owner that is not there with `not_found`; nothing
    /// has changed then. A stream that is fed already begins anew. When a stream ends, `events.ended` is its last word.
    Subscribe = "events.subscribe" (SubscribeParams) -> Subscribed;

    /// Ends the feeding of streams. A pattern ends with the streams that it alone covers.
    Unsubscribe = "events.unsubscribe" (UnsubscribeParams) -> Unsubscribed;

    /// Drops the oldest events beyond a number.
    #[mutates]
    Truncate = "events.truncate" (TruncateParams) -> Truncated;

    /// Drops all events.
    #[mutates]
    Clear = "events.clear" (Empty) -> EventsCleared;
}

crate::notifications! {
    /// Events of a stream do not come to this subscriber: they were dropped before they could be sent, or newer ones
    /// stand for them. They are numbered: what the log still keeps can be read back.
    Lagged = "events.lagged" (LaggedParams);

    /// A stream has ended, and this subscriber has all of it.
    Ended = "events.ended" (EndedParams);

    /// A pattern of this subscriber covers a stream that is not fed, because as many are as may be. It begins, with what
    /// is kept of it then, when another one has ended.
    Uncovered = "events.uncovered" (UncoveredParams);
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
    /// Clients and hosts. An agent hears only what it began itself.
    Clients,
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
    /// Which events replace each other for subscribers that want the latest only; those of other kinds do where the kind
    /// is the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyRule>,
    /// Whether a subscriber that begins at what comes next gets a snapshot.
    #[serde(default)]
    pub snapshot: bool,
    /// Streams that the caller may read.
    pub streams: u64,
    /// Events in them.
    pub events: u64,
    /// About how many bytes they take.
    pub bytes: u64,
}

/// Events of some kinds replace each other where they are about the same.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "EventKeyRule"))]
pub struct KeyRule {
    /// How the kinds begin. Of several rules the first counts.
    pub kinds: String,
    /// The members of the event that have to be the same, each as a path with dots.
    pub about: Vec<String>,
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
