//! `diagnostics.*`: what whoever looks for a fault wants to see.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::server::ServerStatus;
use super::session::Role;
use crate::Timestamp;

crate::methods! {
    /// The daemon in detail: versions, process, configuration, queues, the connections that wait most, streams,
    /// storage, and what it complained about last. Secrets are left out, so that the answer can be shown to others.
    #[access(Host)]
    Snapshot = "diagnostics.snapshot" (SnapshotParams) -> DiagnosticsSnapshot;
}

/// Params of `diagnostics.snapshot`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "DiagnosticsSnapshotParams"))]
pub struct SnapshotParams {
    /// How many connections and how many streams are listed: 1 to 1,000; 50 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Result of `diagnostics.snapshot`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiagnosticsSnapshot {
    /// When it was taken.
    pub at: Timestamp,
    /// What runs.
    pub versions: Versions,
    /// What `server.status` says.
    pub status: ServerStatus,
    /// The process.
    pub process: ProcessStatus,
    /// Every option in effect and where its value comes from. Empty where a program embeds the daemon.
    pub settings: Vec<SettingInEffect>,
    /// What waits to be written, over all connections.
    pub queues: Queues,
    /// What is held in memory for connections and by streams, and what was done to keep that inside its bound.
    #[serde(default)]
    pub memory: MemoryStatus,
    /// What happened since the daemon started, by name. Names that nothing happened under are left out.
    pub counters: Counters,
    /// Open connections, those that wait most first.
    pub connections: Vec<ConnectionStatus>,
    /// How many connections are not listed.
    pub connections_omitted: u64,
    /// Event streams with something in them, the biggest first: those of all sessions together, and those of the
    /// sessions there are.
    pub streams: Vec<StreamStatus>,
    /// How many streams are not listed.
    pub streams_omitted: u64,
    /// Where the daemon keeps its files.
    pub storage: StorageStatus,
    /// The last warnings and errors of the log, oldest first.
    pub notices: Vec<Notice>,
}

/// What runs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "DiagnosticsVersions"))]
pub struct Versions {
    /// The daemon's version.
    pub server: String,
    /// The oldest protocol version that is spoken.
    pub protocol_min: i64,
    /// The newest protocol version that is spoken.
    pub protocol_max: i64,
    /// The operating system: `linux`, `macos`, `windows`.
    pub os: String,
    /// The processor: `x86_64`, `aarch64`.
    pub arch: String,
}

/// The daemon's process. What the system does not tell is left out.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessStatus {
    /// Its number.
    pub pid: u32,
    /// Memory that is resident, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident_bytes: Option<u64>,
    /// Threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u64>,
    /// Descriptors that are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_descriptors: Option<u64>,
    /// Descriptors that may be open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_descriptors: Option<u64>,
}

/// One option of the configuration.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SettingInEffect {
    /// Its name, as in the configuration reference.
    pub name: String,
    /// Its value; `"(hidden)"` where the value is a secret.
    pub value: Value,
    /// Where that comes from: a flag, a variable, a file with its line, or `default`.
    pub origin: String,
}

/// What waits to be written, over all connections.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Queues {
    /// Frames of the fast lane: answers, callbacks, pings.
    pub fast_frames: u64,
    /// Their bytes.
    pub fast_bytes: u64,
    /// Bytes of requests that are under way.
    pub request_bytes: u64,
    /// Streams that are fed to connections.
    pub subscriptions: u64,
    /// Bytes that were read from storage for them and are not written yet.
    #[serde(default)]
    pub bulk_bytes: u64,
    /// Events of those streams that are not written yet, over all subscriptions.
    pub bulk_lag_events: u64,
    /// The same of the subscription that is furthest behind.
    pub bulk_lag_most: u64,
    /// Connections whose socket takes nothing at the moment.
    pub stalled_connections: u64,
    /// Sessions without a connection, which wait for their clients.
    #[serde(default)]
    pub sessions_detached: u64,
    /// Sessions of before the start of the daemon whose clients may still come back.
    #[serde(default)]
    pub sessions_noted: u64,
    /// Bytes of the replies that are kept until they are known to have arrived.
    #[serde(default)]
    pub reply_bytes: u64,
}

/// What all connections and all streams hold in memory.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemoryStatus {
    /// How much they may, in bytes.
    pub limit: u64,
    /// What waits to be written to connections, in bytes.
    pub outboxes: u64,
    /// What streams hold, in bytes.
    pub rings: u64,
    /// Times that a connection gave events back to the log to make room.
    pub given_back: u64,
    /// Events that memory let go of to make room, and that storage has.
    pub let_go: u64,
    /// Events that were dropped to make room.
    pub evicted: u64,
    /// Connections that were closed to make room.
    pub closed: u64,
}

/// What happened since the daemon started.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counters {
    /// Connections that were opened.
    pub connections_opened: u64,
    /// Connections that ended, by reason.
    pub connections_ended: Vec<NamedCount>,
    /// What happened to sessions that can be resumed: `detached`, `resumed`, `taken_over`, `restored`, `expired`,
    /// `evicted`, `refused`.
    #[serde(default)]
    pub resumes: Vec<NamedCount>,
    /// HTTP requests and handshakes that were refused, by reason.
    pub http_refused: Vec<NamedCount>,
    /// Requests by method and outcome: `state.get ok`, `state.get refused`, `state.get failed`.
    pub requests: Vec<NamedCount>,
    /// Requests that were answered with an error, by its kind.
    pub errors: Vec<NamedCount>,
    /// Events that were appended, by family.
    pub events: Vec<NamedCount>,
    /// Events that the log refused.
    pub events_refused: u64,
    /// Events that were gone before a subscriber had room for them.
    pub events_skipped: u64,
    /// Events that were left out for subscribers because newer ones stand for them.
    #[serde(default)]
    pub events_coalesced: u64,
    /// Callbacks and notifications that were dropped because too much waited to be written.
    pub frames_dropped: u64,
}

/// How often something happened.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NamedCount {
    /// What.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// One open connection.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConnectionStatus {
    /// Its session.
    pub session_id: String,
    /// What the session may do.
    pub role: Role,
    /// Whether it has authenticated, or need not.
    pub authenticated: bool,
    /// `tcp`, `unix` or `memory`.
    pub transport: String,
    /// Who is at the other end: an address, or a user and a process.
    pub peer: String,
    /// How long it has been open, in milliseconds.
    pub open_ms: u64,
    /// Requests that are under way or whose answer is not written.
    pub requests_in_flight: u64,
    /// Callbacks that wait for the client.
    pub callbacks_open: u64,
    /// Frames of the fast lane that are not written.
    pub queued_frames: u64,
    /// Their bytes.
    pub queued_bytes: u64,
    /// Streams that are fed to it.
    pub subscriptions: u64,
    /// Events of those streams that are not written.
    pub lag_events: u64,
    /// For how long its socket has taken nothing of what there is for it, in milliseconds. Left out where all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalled_ms: Option<u64>,
}

/// One stream of events.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StreamStatus {
    /// Its name.
    pub stream: String,
    /// Changes when the stream begins anew.
    pub epoch: u64,
    /// The number of its newest event.
    pub seq: u64,
    /// Events that are kept.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Where the daemon keeps its files.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StorageStatus {
    /// The folder.
    pub path: String,
    /// The files of the database that are there.
    pub files: Vec<StoredFile>,
    /// Bytes that the daemon's user may still write to the file system, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
}

/// One file of the database.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StoredFile {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// A warning or an error of the log.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Notice {
    /// When it was said last.
    pub at: Timestamp,
    /// `warn` or `error`.
    pub level: String,
    /// Which part of the program says so.
    pub target: String,
    /// What it says.
    pub message: String,
    /// How often it was said in a row.
    pub count: u64,
}
