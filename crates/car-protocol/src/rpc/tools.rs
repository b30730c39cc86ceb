//! `tools.*`: what a client can do for a proposal, and how it is asked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Empty;
use crate::trace::TraceParent;

crate::methods! {
    /// Registers tools, which the client will be asked to run. A name that is there already is replaced. Answers how
    /// many were registered; on an error none is.
    #[mutates]
    Register = "tools.register" (Vec<ToolDefinition>) -> u64;

    /// The session's tools, by name.
    List = "tools.list" (Empty) -> ToolList;

    /// Removes a tool. Calls under way go on.
    #[mutates]
    Unregister = "tools.unregister" (UnregisterParams) -> Unregistered;

    /// Tells how far a `tools.execute` is. Best sent as a notification. It begins the call's idle time anew, never its
    /// deadline; who listens to the proposal gets at most twenty a second of each call, and is told how many were left out.
    Progress = "tools.progress" (ProgressParams) -> Progressed;
}

crate::callbacks! {
    /// Runs a tool in the client. The result is any JSON value, `null` included; an error's `message` is the tool's
    /// failure.
    #[cancel("tools.cancel")]
    Execute = "tools.execute" (ExecuteParams) -> Value;
}

crate::notifications! {
    /// Takes a `tools.execute` back: its answer will be ignored.
    Cancel = "tools.cancel" (CancelParams);
}

/// A tool that a client offers.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToolDefinition {
    /// 1 to 128 bytes.
    pub name: String,
    /// What it does, for a model.
    #[serde(default)]
    pub description: String,
    /// JSON Schema of its parameters; `{}` or `null` takes anything.
    #[serde(default)]
    pub parameters: Value,
    /// JSON Schema of its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<Value>,
    /// Whether running it twice is the same as once.
    #[serde(default)]
    pub idempotent: bool,
    /// How long a result may be reused for the same parameters, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_ttl_secs: Option<u64>,
    /// How often it may be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// How many calls of it may run at the same time, over all proposals of the session; at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u32>,
    /// How long it may be silent, in milliseconds, where the action says nothing; as long as it has time when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout_ms: Option<u64>,
}

/// So many calls in so much time.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ToolRateLimit"))]
pub struct RateLimit {
    /// Calls.
    pub max_calls: u32,
    /// Seconds; more than 0.
    pub interval_secs: f64,
}

/// Result of `tools.list`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToolList {
    /// By name.
    pub tools: Vec<ToolDefinition>,
}

/// Params of `tools.unregister`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ToolsUnregisterParams"))]
pub struct UnregisterParams {
    /// The tool's name.
    pub name: String,
}

/// Result of `tools.unregister`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unregistered {
    /// 1 when it was there, else 0.
    pub removed: u64,
}

/// Params of `tools.execute`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ToolsExecuteParams"))]
pub struct ExecuteParams {
    /// The action of the proposal.
    pub action_id: String,
    /// The tool's name.
    pub tool: String,
    /// Its parameters.
    pub parameters: Value,
    /// The time left for this attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The id of this request, as named by `tools.cancel`.
    pub request_id: String,
    /// The session that the proposal runs in.
    pub session_id: String,
    /// The proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<String>,
    /// How long it may be silent, in milliseconds; `tools.progress` begins that time anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout_ms: Option<u64>,
    /// Whether it undoes the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensation: Option<bool>,
    /// How often this request has been sent, where that is more than once: again on each connection that resumes the
    /// session, under the same `request_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<u32>,
    /// What belongs to the call and not to the tool.
    #[serde(default, rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<CallbackMeta>,
}

/// The metadata of a request that the daemon sends.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CallbackMeta {
    /// W3C Trace Context: the trace of the request that caused this one, where that request named one in its own
    /// `_meta.traceparent`, with the daemon's step as the parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
}

/// Params of `tools.cancel`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ToolsCancelParams"))]
pub struct CancelParams {
    /// The `request_id` of the `tools.execute`.
    pub request_id: String,
    /// Why: `timeout`, `idle`, `cancelled`.
    pub reason: String,
}

/// Params of `tools.progress`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ToolsProgressParams"))]
pub struct ProgressParams {
    /// The `request_id` of the `tools.execute`.
    pub request_id: String,
    /// How much is done.
    pub progress: f64,
    /// How much there is in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// For a person; cut to 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// A part of the result; left out of the events when it has more than 65,536 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Value>,
}

/// Result of `tools.progress`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ToolsProgressed"))]
pub struct Progressed {
    /// Whether the call is open and the caller's.
    pub taken: bool,
}
