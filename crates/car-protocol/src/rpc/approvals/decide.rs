use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::rpc::session::Role;

/// What a person decides.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalChoice"))]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// It may be done.
    Approve,
    /// It may not.
    Deny,
}

/// How far a consent reaches. Beyond `once` it makes a grant, which `grants.list` shows and `grants.revoke` ends.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum ConsentScope {
    /// This act.
    #[default]
    Once,
    /// The same from the session that asked, until it ends.
    Session,
    /// The same from whoever asked, until it is revoked.
    Always,
    /// The same from whoever asked, for a while.
    For {
        /// Milliseconds from the decision on; at least 1.
        ms: u64,
    },
    /// The same from whoever asked, this often, this time included.
    Times {
        /// At least 1.
        n: u32,
    },
}

/// What a consent beyond `once` is narrowed to.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ConsentNarrowing"))]
pub struct Narrowing {
    /// Arguments that must be as these patterns say: a member of the arguments, as a JSON pointer, and a text in which
    /// `*` stands for anything. At most 32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<BTreeMap<String, String>>,
    /// Exactly the arguments that were asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_arguments: Option<bool>,
    /// Only for this agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
}

/// Params of `approvals.decide`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalDecideParams"))]
pub struct DecideParams {
    /// The approval.
    pub approval_id: String,
    /// What is decided.
    pub decision: Choice,
    /// The digest that the person saw. Where it is given and is not that of the row, nothing is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How far a consent reaches; `once` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ConsentScope>,
    /// What a consent beyond `once` is narrowed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrowing: Option<Narrowing>,
    /// For whoever asked: it reaches them with a refusal, and everybody who hears of the decision. At most 4 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Arguments to run with instead of those that were asked about, where the call allows it; at most 256 KiB of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<Value>,
}

/// Who decided.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalDecider"))]
pub struct Decider {
    /// The credential: `client`, `host`, `agent/` and the agent, or `anonymous/` and the session.
    pub principal: String,
    /// What it allows.
    pub role: Role,
    /// The session.
    pub session_id: String,
}

/// A decision.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalDecision"))]
pub struct DecisionMade {
    /// The option that was chosen: `approve` or `deny`, or another one of a client's question.
    pub resolution: String,
    /// Who decided.
    pub by: Decider,
    /// When.
    pub at: Timestamp,
    /// How far a consent reaches.
    #[serde(default)]
    pub scope: ConsentScope,
    /// What it is narrowed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrowing: Option<Narrowing>,
    /// What was said with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The arguments that run instead of those that were asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<Value>,
}

/// Params of `approvals.seen`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalSeenParams"))]
pub struct SeenParams {
    /// The approvals, 1 to 100.
    pub approval_ids: Vec<String>,
}

/// Result of `approvals.seen`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalsSeen"))]
pub struct SeenRows {
    /// Those of them that wait and that the caller may decide.
    pub seen: Vec<String>,
}

/// Params of `approvals.withdraw`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalWithdrawParams"))]
pub struct WithdrawParams {
    /// The approval.
    pub approval_id: String,
    /// Why, for a person; at most 256 bytes; `withdrawn` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
