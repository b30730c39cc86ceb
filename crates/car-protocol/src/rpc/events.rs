//! `events.*`: the log of what happened in the caller's own session.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Empty;
use crate::Timestamp;

crate::methods! {
    /// How many events are kept.
    Count = "events.count" (Empty) -> u64;

    /// How many events are kept, and their size.
    Stats = "events.stats" (Empty) -> EventStats;

    /// Reads events, oldest first.
    Query = "events.query" (QueryParams) -> EventPage;

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
