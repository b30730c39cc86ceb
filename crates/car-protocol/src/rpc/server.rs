//! `server.*` and `rpc.discover`: what runs here and what it can do.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Empty, Ok};
use crate::Timestamp;

/// The oldest protocol version that is spoken.
pub const MIN_PROTOCOL_VERSION: i64 = 1;
/// The newest protocol version that is spoken.
pub const MAX_PROTOCOL_VERSION: i64 = 3;

crate::methods! {
    /// Agrees on a protocol version and capabilities. Optional.
    #[access(Open)]
    Handshake = "server.handshake" (HandshakeParams) -> HandshakeResult;

    /// The OpenRPC document of this daemon.
    #[access(Open)]
    Discover = "rpc.discover" (Empty) -> Box<RawValue>;

    /// What the daemon is doing.
    Status = "server.status" (Empty) -> ServerStatus;

    /// Shuts the daemon down: no new connections, running calls may end within the drain time.
    #[access(Host)] #[mutates]
    Shutdown = "server.shutdown" (Empty) -> Ok;
}

/// Params of `server.handshake`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HandshakeParams {
    /// The version that the client speaks, 1 to 3.
    pub protocol_version: i64,
    /// The client's name, for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The client's version, for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
    /// Capabilities without which the client cannot work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_capabilities: Option<Vec<String>>,
}

/// Result of `server.handshake`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HandshakeResult {
    /// The version agreed on: the client's.
    pub protocol_version: i64,
    /// The daemon's version.
    pub server_version: String,
    /// The version that the client asked for.
    pub client_protocol_version: i64,
    /// What the daemon can do, by name.
    pub capabilities: Vec<String>,
}

/// Result of `server.status`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServerStatus {
    /// The daemon's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// How long ago, in milliseconds.
    pub uptime_ms: u64,
    /// Open connections.
    pub connections: u64,
    /// Live sessions.
    pub sessions: u64,
    /// Requests under way, over all sessions.
    pub requests_in_flight: u64,
    /// Callbacks that wait for a client, over all sessions.
    pub callbacks_open: u64,
    /// Approvals that wait for a person.
    pub approvals_pending: u64,
    /// Host agents that are registered.
    pub host_agents: u64,
    /// Event streams with something in them.
    pub streams: u64,
    /// Whether the daemon is draining.
    pub shutting_down: bool,
}
