//! `approvals.*`: what waits for a person, what a person decided, and about what exactly.
//!
//! `host.*` shows the same rows in a shorter form and stays as it is.

mod decide;
mod row;

use serde::{Deserialize, Serialize};

pub use decide::{
    Choice, ConsentScope, DecideParams, Decider, DecisionMade, Narrowing, SeenParams, SeenRows,
    WithdrawParams,
};
pub use row::{Act, Approval, ApprovalStanding, Asker, Noticed};

crate::methods! {
    /// Approvals that wait, or those in another state, newest first.
    List = "approvals.list" (ListParams) -> ApprovalList;

    /// One approval, whatever became of it.
    Get = "approvals.get" (ApprovalParams) -> Approval;

    /// Decides an approval, once. The first decision counts; whoever comes later is told who decided, and when.
    #[mutates]
    Decide = "approvals.decide" (DecideParams) -> Approval;

    /// Notes that a person has these approvals before them. Their clocks run from then on, unless they ran already.
    #[mutates]
    Seen = "approvals.seen" (SeenParams) -> SeenRows;

    /// Takes back what the caller's session asked for. A call that waits for it is refused.
    #[mutates]
    Withdraw = "approvals.withdraw" (WithdrawParams) -> Approval;

    /// Approvals that are over, newest first, as long as they are kept.
    History = "approvals.history" (HistoryParams) -> ApprovalHistory;
}

/// Names an approval.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApprovalParams {
    /// Its id.
    pub approval_id: String,
}

/// Params of `approvals.list`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalListParams"))]
pub struct ListParams {
    /// Only those about this agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Only those that the caller may decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mine_to_decide: Option<bool>,
}

/// Result of `approvals.list`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApprovalList {
    /// Newest first.
    pub approvals: Vec<Approval>,
}

/// Params of `approvals.history`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalHistoryParams"))]
pub struct HistoryParams {
    /// 1 to 500; 100 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Where the page before ended: its `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Only those about this agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Only those that ended so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<ApprovalStanding>,
}

/// Result of `approvals.history`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApprovalHistory {
    /// Newest first, by the order in which they were asked.
    pub approvals: Vec<Approval>,
    /// For `before`, where there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}
