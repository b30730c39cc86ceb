//! `proposal.*`: actions that a model proposes and the daemon verifies and runs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod control;

use control::is_false;
pub use control::{
    Budget, BudgetPart, CallRecord, CallState, Calls, CallsParams, CancelParams, Cancelled,
    Compensation, CompensationResult, ExecutionEvent, ExecutionEventKind, LateAnswer, RunStream,
};

use super::policy::PolicyViolation;
use crate::Timestamp;

crate::methods! {
    /// Runs a proposal and answers when it has ended.
    #[mutates]
    Submit = "proposal.submit" (SubmitParams) -> ProposalResult;

    /// Ends a proposal that is under way. Nothing further begins, tools that run are told with `tools.cancel` and have a
    /// moment to answer, and what succeeded is compensated where it says how. The answer to `proposal.submit` then has a
    /// status and a reason for every action. A proposal that is not known, or that is another session's while the caller
    /// is no host, is refused with the kind `not_found`.
    #[mutates]
    Cancel = "proposal.cancel" (CancelParams) -> Cancelled;

    /// The attempts at a proposal's tool calls, with answers that came too late. Those of ended proposals are kept while
    /// there is room.
    GetCalls = "proposal.calls" (CallsParams) -> Calls;
}

crate::notifications! {
    /// A step of a proposal that was submitted with `stream`, or whose stream is subscribed.
    Event = "execution.event" (ExecutionEvent);
}

/// Params of `proposal.submit`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalSubmitParams"))]
pub struct SubmitParams {
    /// The proposal.
    pub proposal: ActionProposal,
    /// A policy scope, whose policies apply as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// For whom it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ProposalScope>,
    /// Whether its steps are told with `execution.event` while it runs.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stream: bool,
}

/// For whom a proposal runs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProposalScope {
    /// Who asks; recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_id: Option<String>,
    /// Whose state is read and written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Claims about the caller; recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Map<String, Value>>,
}

/// A list of actions.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActionProposal {
    /// Chosen by the daemon when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What proposed it; `unknown` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// At most 10,000 actions.
    pub actions: Vec<Action>,
    /// When it was proposed; recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// Whatever belongs to it; recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Map<String, Value>>,
    /// How actions without declared `dependencies` follow each other: in their order, unless an action declares some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Execution>,
    /// The time of the whole proposal, in milliseconds; what has not ended then is cancelled. No bound when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// How many of its tool calls may run at the same time: 1 to 64, 16 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u32>,
    /// What it may use; no bound when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
}

/// How actions without declared dependencies follow each other.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Execution {
    /// In their order.
    Sequential,
    /// As soon as the data they need is there.
    Parallel,
}

/// What an action does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActionType {
    /// Runs `tool` with `parameters`.
    ToolCall,
    /// Writes `parameters.value` to the key `parameters.key`.
    StateWrite,
    /// Reads the key `parameters.key`.
    StateRead,
    /// Succeeds when the key `parameters.key` holds `parameters.expected`.
    Assertion,
}

/// What the failure of an action means for the rest.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailureBehavior {
    /// The proposal is aborted and what it wrote is dropped.
    #[default]
    Abort,
    /// The action is tried again, `max_retries` times; a failure after that does not abort the proposal.
    Retry,
    /// The action counts as skipped.
    Skip,
}

/// One step of a proposal.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Action {
    /// Unique in the proposal; chosen by the daemon when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it does.
    #[serde(rename = "type")]
    pub kind: ActionType,
    /// The tool of a `tool_call`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// What it takes.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// What must hold of the state before it runs.
    #[serde(default)]
    pub preconditions: Vec<Precondition>,
    /// What it writes to the state when it succeeds.
    #[serde(default)]
    pub expected_effects: Map<String, Value>,
    /// Keys that must be there before it runs.
    #[serde(default)]
    pub state_dependencies: Vec<String>,
    /// Actions that must have succeeded before it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<Vec<String>>,
    /// Whether running it twice is the same as once.
    #[serde(default)]
    pub idempotent: bool,
    /// How often it is tried again with `failure_behavior: "retry"`; 3 when left out, 100 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u32>,
    /// What its failure means.
    #[serde(default)]
    pub failure_behavior: FailureBehavior,
    /// The time of one attempt, in milliseconds; 300,000 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// How long the tool may be silent, in milliseconds: `tools.progress` begins that time anew, never `timeout_ms`. That
    /// of the tool when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout_ms: Option<u64>,
    /// What undoes it. Run when it has succeeded and what the proposal wrote is dropped; the last to succeed first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensation: Option<Compensation>,
    /// Whether `compensation` is to be run; true when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensable: Option<bool>,
    /// Whatever belongs to it; recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// A condition on one key of the state.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Precondition {
    /// The key.
    pub key: String,
    /// `exists`, `not_exists`, `contains`, `eq` (when left out), `neq`, `gt`, `lt`, `gte` or `lte`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// What the key's value is compared with.
    #[serde(default)]
    pub value: Value,
    /// For a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// How an action ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ActionStatus {
    /// Not looked at yet.
    Proposed,
    /// Found valid, not started.
    Validated,
    /// Refused by validation or a policy; `error` says why.
    Rejected,
    /// Running.
    Executing,
    /// Done.
    Succeeded,
    /// Tried and failed.
    Failed,
    /// Not run, or failed with `failure_behavior: "skip"`; `error` says why.
    Skipped,
}

/// What became of one action.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActionResult {
    /// The action.
    pub action_id: String,
    /// How it ended.
    pub status: ActionStatus,
    /// What it gave; of a tool any value, `null` included.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub output: Option<Value>,
    /// Why it did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The keys it wrote, with their new values.
    #[serde(default)]
    pub state_changes: Map<String, Value>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// When it ended.
    pub timestamp: Timestamp,
    /// How many attempts were made.
    #[serde(default)]
    pub attempts: u32,
    /// Whether `output` is a `ResultHandle`: what the action gave is too big to be carried, and is read with
    /// `results.read`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stored: bool,
    /// Why it did not succeed, for a program, where one of these kinds says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_kind: Option<FailureKind>,
    /// The policies that object to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<PolicyViolation>,
    /// When the same action may succeed, in milliseconds: its tool's rate limit, or a policy, has no room before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// Why an action did not succeed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The parameters do not fit the tool's schema; nothing was called.
    InvalidParameters,
    /// What the tool gave does not fit its `returns`.
    InvalidResult,
    /// What the action gave is too big to be carried, and the result store did not take it.
    ResultNotKept,
    /// Policies object, or a person that one of them wanted to be asked does; nothing was called.
    Policy,
    /// The tool's rate limit leaves no room within the action's time; `retry_after_ms` tells when there is some.
    RateLimited,
}

/// Tells a `null` that is there from a member that is not.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Result of `proposal.submit`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProposalResult {
    /// The proposal.
    pub proposal_id: String,
    /// One for each action, in the order of the proposal.
    pub results: Vec<ActionResult>,
    /// What it took.
    pub cost: CostSummary,
    /// How the whole ended, and with that whether its writes to the state stand.
    #[serde(default)]
    pub outcome: Outcome,
    /// What became of the compensations, in the order in which they were run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compensations: Vec<CompensationResult>,
    /// The part of the budget that ended it before its last action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_exhausted: Option<BudgetPart>,
    /// Where its steps stand in the log, if somebody asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunStream>,
}

/// How a proposal ended.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Every action was looked at; what succeeded has written to the state.
    #[default]
    Completed,
    /// An action failed with `failure_behavior: "abort"`; nothing was written to the state.
    Aborted,
    /// It was cancelled, or its time was over; nothing was written to the state.
    Cancelled,
}

/// What a proposal took.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CostSummary {
    /// Tool calls that succeeded.
    pub tool_calls: u64,
    /// Actions that were looked at: succeeded, failed or rejected.
    pub actions_executed: u64,
    /// Actions that were not.
    pub actions_skipped: u64,
    /// Actions that validation or a policy refused; counted in `actions_executed` too.
    #[serde(default)]
    pub actions_rejected: u64,
    /// Milliseconds from start to end.
    pub total_duration_ms: f64,
    /// Attempts beyond the first of each action.
    pub retries: u64,
}
