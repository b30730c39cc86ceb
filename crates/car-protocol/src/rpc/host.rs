//! `host.*`: what a person's screens see and decide.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::approvals::DecisionMade;
use super::{Empty, Ok};
use crate::Timestamp;

crate::methods! {
    /// Subscribes the connection to `host.event` and answers with all there is; what follows has no gap to it.
    Subscribe = "host.subscribe" (Empty) -> HostSnapshot;

    /// The host agents, by name.
    Agents = "host.agents" (Empty) -> Vec<HostAgent>;

    /// Recent host events, newest first.
    Events = "host.events" (EventsParams) -> Vec<HostEvent>;

    /// Approvals, newest first: all that are pending and the recently decided.
    Approvals = "host.approvals" (Empty) -> Vec<HostApproval>;

    /// Registers a host agent, owned by the caller's session.
    #[mutates]
    RegisterAgent = "host.register_agent" (RegisterAgentParams) -> HostAgent;

    /// Removes a host agent and cancels what it asked for.
    #[mutates]
    UnregisterAgent = "host.unregister_agent" (AgentParams) -> Ok;

    /// Sets what a host agent is doing.
    #[mutates]
    SetStatus = "host.set_status" (SetStatusParams) -> HostAgent;

    /// Tells all subscribers something. The kinds `agent.*`, `approval.*` and `a2ui.*` are the daemon's own and refused.
    #[mutates]
    Notify = "host.notify" (NotifyParams) -> HostEvent;

    /// Asks for a person's decision. Answers at once with the pending row.
    #[mutates]
    RequestApproval = "host.request_approval" (RequestApprovalParams) -> HostApproval;

    /// Decides an approval, or passes the wish on to the client that raised it.
    #[mutates]
    ResolveApproval = "host.resolve_approval" (ResolveApprovalParams) -> HostApproval;
}

crate::notifications! {
    /// Something that a person may want to see.
    Event = "host.event" (HostEvent);
}

/// What a host agent is doing.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HostAgentStatus {
    /// Nothing.
    Idle,
    /// Working.
    Running,
    /// Waiting for a person.
    WaitingForApproval,
    /// Held.
    Paused,
    /// Done.
    Completed,
    /// Failed.
    Errored,
    /// Ended.
    Stopped,
}

/// How a host shows an agent.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentDisplay {
    /// A name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// An icon's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// A colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
}

/// An agent as a host shows it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostAgent {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What kind it is.
    #[serde(default)]
    pub kind: String,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// What it works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The session that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// What it is doing.
    pub status: HostAgentStatus,
    /// What it is doing, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_task: Option<String>,
    /// Its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// How to show it.
    #[serde(default)]
    pub display: AgentDisplay,
    /// When this row last changed.
    pub updated_at: Timestamp,
    /// Whatever else it said.
    #[serde(default)]
    pub metadata: Value,
}

/// Whether an approval waits.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "HostApprovalStatus"))]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStatus {
    /// Nobody has decided.
    Pending,
    /// Decided, expired or withdrawn; `resolution` tells.
    Resolved,
}

/// A question to a person.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostApproval {
    /// Its id.
    pub id: String,
    /// The agent that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The session that raised it; absent when the daemon itself asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What is to be done: `ws.method:<method>` for a gated call.
    pub action: String,
    /// What a person needs to know.
    #[serde(default)]
    pub details: Value,
    /// The answers to choose from.
    pub options: Vec<String>,
    /// Whether it waits.
    pub status: ApprovalStatus,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// The decision: one of `options`, or `expired`, `agent_gone`, `withdrawn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// When it expires, for a gated call that somebody was reached for who can decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// SHA-256 of the call with its canonical arguments, in hex, for a gated call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The decision, with who made it; absent where it ended without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionMade>,
    /// Why it ended without a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One event of the stream `host`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostEvent {
    /// Its id.
    pub id: String,
    /// When.
    pub timestamp: Timestamp,
    /// What happened.
    pub kind: String,
    /// The agent that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// For a person.
    pub message: String,
    /// The row that changed, or what the sender gave.
    #[serde(default)]
    pub payload: Value,
    /// `host`.
    pub stream: String,
    /// The epoch of the stream.
    pub epoch: u64,
    /// The number of the event in the stream.
    pub seq: u64,
}

/// Who answers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostIdentity {
    /// The daemon's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// The manifest of its agents.
    pub manifest_path: Option<String>,
    /// `owner`, `observer` or `none`.
    pub manifest_role: String,
}

/// Result of `host.subscribe`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostSnapshot {
    /// Always `true`.
    pub subscribed: bool,
    /// By name.
    pub agents: Vec<HostAgent>,
    /// Newest first.
    pub approvals: Vec<HostApproval>,
    /// The last 50, newest first.
    pub events: Vec<HostEvent>,
    /// Who answers.
    pub identity: HostIdentity,
    /// The epoch of the stream `host`.
    pub epoch: u64,
    /// The last event that this snapshot includes.
    pub seq: u64,
}

/// Params of `host.events`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "HostEventsParams"))]
pub struct EventsParams {
    /// 1 to 500; 100 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Params of `host.register_agent`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "HostRegisterAgentParams"))]
pub struct RegisterAgentParams {
    /// 1 to 128 bytes; chosen by the daemon when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// 1 to 256 bytes.
    pub name: String,
    /// What kind it is; at most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What it can do; at most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    /// What it works on; at most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// How to show it; at most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<AgentDisplay>,
    /// Whatever else there is to say; at most 256 KiB of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

/// Names a host agent.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "HostAgentParams"))]
pub struct AgentParams {
    /// Its id.
    pub agent_id: String,
}

/// Params of `host.set_status`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "HostSetStatusParams"))]
pub struct SetStatusParams {
    /// The agent.
    pub agent_id: String,
    /// What it is doing.
    pub status: HostAgentStatus,
    /// The same in words; at most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_task: Option<String>,
    /// For a person; goes into the event; at most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Replaces the row as the event's payload; at most 256 KiB of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
}

/// Params of `host.notify`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "HostNotifyParams"))]
pub struct NotifyParams {
    /// What happened, 1 to 128 bytes; `host.notification` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The agent that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// For a person; at most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whatever belongs to it; at most 256 KiB of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
}

/// Params of `host.request_approval`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "HostRequestApprovalParams"))]
pub struct RequestApprovalParams {
    /// What is to be done; 1 to 256 bytes.
    pub action: String,
    /// The agent that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// What a person needs to know; at most 256 KiB of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// The answers to choose from, at most 16 of 1 to 128 bytes; `approve` and `deny` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<String>>,
    /// Whether the row belongs to nobody, so that any host may decide it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_level: Option<bool>,
}

/// Params of `host.resolve_approval`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "HostResolveApprovalParams"))]
pub struct ResolveApprovalParams {
    /// The approval.
    pub approval_id: String,
    /// One of its `options`.
    pub resolution: String,
}

/// The payload of an `approval.resolve_requested` event.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResolveRequested {
    /// The approval.
    pub approval_id: String,
    /// What somebody would like it to become.
    pub resolution: String,
    /// Who.
    pub requesting_client_id: String,
    /// Whose it is.
    pub owner_client_id: String,
}
