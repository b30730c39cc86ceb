use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ActionStatus, Outcome};
use crate::Timestamp;

/// Params of `proposal.cancel`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalCancelParams"))]
pub struct CancelParams {
    /// The proposal.
    pub proposal_id: String,
    /// Why, for those who read the result; cut to 512 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The session that it runs in; the caller's own when left out. Another one's needs the host role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
}

/// Result of `proposal.cancel`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalCancelled"))]
pub struct Cancelled {
    /// The proposal.
    pub proposal_id: String,
    /// Whether it ends for this reason. The answer to its `proposal.submit` then says `cancelled`, whatever else happens.
    pub cancelled: bool,
    /// How it had ended, where it was over already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// Params of `proposal.calls`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalCallsParams"))]
pub struct CallsParams {
    /// The proposal.
    pub proposal_id: String,
    /// The session that it ran in; the caller's own when left out. Another one's needs the host role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
}

/// Result of `proposal.calls`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalCalls"))]
pub struct Calls {
    /// The proposal.
    pub proposal_id: String,
    /// Whether it is under way.
    pub running: bool,
    /// The attempts at its tool calls that are still known, in the order in which they began.
    pub calls: Vec<CallRecord>,
}

/// One attempt at one tool call.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalCallRecord"))]
pub struct CallRecord {
    /// Counts the attempts of the session. An attempt that was replaced by another one has the lower number.
    pub fence: u64,
    /// The action.
    pub action_id: String,
    /// The tool.
    pub tool: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// Whether it undoes the action.
    #[serde(default, skip_serializing_if = "is_false")]
    pub compensation: bool,
    /// When it began.
    pub began: Timestamp,
    /// The time that it had, in milliseconds.
    pub lease_ms: u64,
    /// What became of it. What is decided here is never changed by an answer that comes later.
    pub state: CallState,
    /// How long it took until that was decided, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// An answer that came after it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<LateAnswer>,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalCallState"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallState {
    /// There is no answer yet.
    Open,
    /// There is a result.
    Succeeded,
    /// The tool failed.
    Failed,
    /// There was no answer in time.
    TimedOut,
    /// Nobody waited for it any more.
    Cancelled,
}

/// An answer that came after its attempt was decided. It changes nothing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalLateAnswer"))]
pub struct LateAnswer {
    /// When it came.
    pub timestamp: Timestamp,
    /// The size of the result, in bytes of JSON.
    pub bytes: u64,
    /// The result; left out when it has more than 4,096 bytes.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::present"
    )]
    pub result: Option<Value>,
    /// The error instead, cut to 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Params of `execution.event`: a step of a proposal whose stream is subscribed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExecutionEvent {
    /// What happened.
    pub kind: ExecutionEventKind,
    /// When.
    pub timestamp: Timestamp,
    /// The action that it concerns; none for the end of the proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<String>,
    /// The proposal.
    pub proposal_id: String,
    /// The rest, by kind.
    #[serde(default)]
    pub data: Map<String, Value>,
    /// The stream: `run/`, the session, `/` and the proposal.
    pub stream: String,
    /// Its epoch.
    pub epoch: u64,
    /// The event's number in the stream.
    pub seq: u64,
}

/// A step of a proposal, with the members of its `data`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExecutionEventKind {
    /// The action passed validation and policies.
    Validated,
    /// An attempt begins: `attempt`, for a tool call `tool` and `timeout_ms`.
    Started,
    /// An attempt failed and another follows: `attempt` (the failed one), `error`, `delay_ms`.
    Retrying,
    /// The tool's host tells how far it is: `attempt`, `progress`, `total`, `message`, `partial`; `dropped` when others
    /// came too fast and were left out before.
    Progress,
    /// The action is done: `attempts`, `duration_ms`; `cached` or `deduplicated` when an earlier result was taken.
    Succeeded,
    /// The action failed or was refused: `status`, `reason`, `attempts`.
    Failed,
    /// The action was not run, or its failure is skipped: `reason`, `attempts`.
    Skipped,
    /// The action was taken back because the proposal ended early: `reason`, `attempts`.
    Cancelled,
    /// What the action did was undone, or not: `status`, `reason`.
    Compensated,
    /// An answer came after its attempt was decided: `attempt`, `fence`, `decided`.
    LateResult,
    /// The proposal has ended, and with it the stream: `outcome`.
    Ended,
}

/// What undoes an action.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Compensation {
    /// The tool.
    pub tool: String,
    /// What it takes. `$id.output` is the output of an action, this one's too.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Its time, in milliseconds; 30,000 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// What became of a compensation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompensationResult {
    /// The action that it undoes.
    pub action_id: String,
    /// The tool.
    pub tool: String,
    /// `succeeded`, `failed`, `rejected`, or `skipped` when it was not run.
    pub status: ActionStatus,
    /// What it gave.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::present"
    )]
    pub output: Option<Value>,
    /// Why it did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// When it ended.
    pub timestamp: Timestamp,
}

/// What a proposal may use. When one of them is used up nothing further begins, what runs may end, and what was written
/// stands; the actions that are left are skipped with a reason that begins with `budget_exhausted`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalBudget"))]
pub struct Budget {
    /// Actions that are looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_actions: Option<u64>,
    /// Attempts at tool calls, retries included. A result that is reused is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tool_calls: Option<u64>,
    /// Milliseconds. What runs then is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_duration_ms: Option<u64>,
}

/// A part of a [`Budget`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BudgetPart {
    /// Actions.
    MaxActions,
    /// Tool calls.
    MaxToolCalls,
    /// Time.
    MaxDurationMs,
}

/// Where the steps of a proposal stand in the log.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalStream"))]
pub struct RunStream {
    /// The stream.
    pub stream: String,
    /// Its epoch.
    pub epoch: u64,
    /// The number of its last event, which tells the end. It may come after this answer.
    pub seq: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}
