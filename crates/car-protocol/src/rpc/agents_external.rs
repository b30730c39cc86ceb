//! `agents.*_external`: agents that speak the Agent Client Protocol, and `agents.permit`, what they ask before they act.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::agents::AgentStatus;
use super::agents_chat::Outcome;
use crate::Timestamp;

crate::methods! {
    /// Asks whether the agent may do something, in a turn of a chat that it was asked in: rules first, then what people
    /// agreed to before, then a person, who sees it in the chat. Answers when it is decided; where nobody decides in time,
    /// or the turn ends, it is not allowed. Where no approvals are asked for, only rules refuse.
    #[access(Agent)]
    Permit = "agents.permit" (PermitParams) -> Permitted;

    /// The agents that speak the Agent Client Protocol: those that are supervised, and those known ones whose program is
    /// on the daemon's `PATH`, by id.
    #[aliases("agents.detect_external")]
    ListExternal = "agents.list_external" (ListExternalParams) -> Vec<ExternalAgent>;

    /// Whether one of them could answer, or all of them. One that runs is asked, and has 5 s; one that does not run has
    /// its executable looked at.
    HealthExternal = "agents.health_external" (HealthExternalParams) -> ExternalHealthAnswer;

    /// Has one of them do a task: it is added and started where it is not yet, for which a person may be asked, and gets
    /// the task as a prompt of a chat. Answers at the end, or, with `stream`, when the agent has taken it.
    #[mutates]
    InvokeExternal = "agents.invoke_external" (InvokeExternalParams) -> InvokeResult;
}

/// Params of `agents.permit`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentsPermitParams"))]
pub struct PermitParams {
    /// The chat.
    pub session_id: String,
    /// The turn; the one that runs when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<String>,
    /// What kind of thing it is, 1 to 128 bytes: what rules and grants know it by.
    pub tool: String,
    /// What exactly; at most 256 KiB. A consent covers it and nothing else, unless the person says more.
    #[serde(default)]
    pub arguments: Value,
}

/// Result of `agents.permit`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentsPermitted"))]
pub struct Permitted {
    /// Whether the agent may do it, once.
    pub allowed: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Params of `agents.list_external`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentsListExternalParams"))]
pub struct ListExternalParams {
    /// Whether each is to have its `health`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_health: Option<bool>,
}

/// An agent that speaks the Agent Client Protocol.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExternalAgent {
    /// Its id: what it is supervised as, or is going to be.
    pub id: String,
    /// For a person.
    pub name: String,
    /// `acp`.
    pub protocol: String,
    /// Its executable; `null` where none was found.
    pub command: Option<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// Whether there is an executable.
    pub installed: bool,
    /// How it is, where it is supervised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AgentStatus>,
    /// Where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<ExternalHealth>,
}

/// Params of `agents.health_external`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentsHealthExternalParams"))]
pub struct HealthExternalParams {
    /// One agent; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Taken and without effect: nothing is answered from memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// How an agent is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExternalHealth {
    /// Its id.
    pub id: String,
    /// Whether it could answer: it runs and answers, or can be started.
    pub ok: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether there is an executable that may be started.
    pub installed: bool,
    /// Whether its process lives.
    pub alive: bool,
    /// Whether it is connected and ready for prompts.
    pub attached: bool,
    /// When this was looked at.
    pub checked_at: Timestamp,
}

/// Result of `agents.health_external`: with an `id` one, otherwise all.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum ExternalHealthAnswer {
    /// All, by id.
    All(Vec<ExternalHealth>),
    /// The one that was asked for.
    One(ExternalHealth),
}

/// Params of `agents.invoke_external`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentsInvokeExternalParams"))]
pub struct InvokeExternalParams {
    /// The agent.
    pub id: String,
    /// What it is to do; at most 1 MiB.
    pub task: String,
    /// Whether to answer at once and tell what happens as events of the chat; `false` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// The chat that it goes on with; a new one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Where it is to work, as an absolute path without `..`; counts for a new chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Refused: the protocol cannot limit an agent to tools. What it may do is for its sandbox, rules and approvals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_tools: Option<Vec<String>>,
    /// Refused: the protocol has no such limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<u32>,
    /// How long it may take, in seconds, 1 to 3600; 300 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_secs: Option<u64>,
    /// Refused: an agent has the servers of its own configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_endpoint: Option<String>,
}

/// Result of `agents.invoke_external`: what became of the task, or, with `stream`, that it has begun.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ExternalInvokeResult"))]
pub struct InvokeResult {
    /// The agent.
    pub id: String,
    /// The chat.
    pub session_id: String,
    /// The turn.
    pub turn_id: String,
    /// `true` with `stream`; then nothing below is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    /// What it said; at most 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Whether it ended otherwise than done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}
