use serde::{Deserialize, Serialize};

use super::PolicyLevel;
use crate::rpc::proposal::{Action, ProposalScope};

/// Params of `policy.explain`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PolicyExplainParams"))]
pub struct ExplainParams {
    /// The action, as a proposal would have it.
    pub action: Action,
    /// The policy scope that the proposal would name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// For whom it would run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ProposalScope>,
}

/// What would become of an action.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PolicyDecision"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// No policy objects.
    Allow,
    /// A person would be asked.
    RequireApproval,
    /// It hangs on an output that is not there yet.
    Unknown,
    /// A policy objects.
    Deny,
}

/// Result of `policy.explain`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PolicyExplanation"))]
pub struct Explanation {
    /// What would become of the action: the strictest of all findings.
    pub decision: Decision,
    /// The first policy with that finding; left out where nothing objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// Why, in the words of that policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Every policy that concerns the action, in the order in which they are asked.
    pub policies: Vec<Concerned>,
    /// How many policies were looked at.
    pub asked: u64,
}

/// What one policy says about an action.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PolicyFinding"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// It does not object.
    Allows,
    /// It wants a person to be asked.
    RequiresApproval,
    /// It cannot tell: it looks at a parameter that refers to the output of another action.
    Unknown,
    /// It objects.
    Denies,
}

/// A policy that concerns an action.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PolicyConcerned"))]
pub struct Concerned {
    /// Its name.
    pub policy: String,
    /// Its rule.
    pub rule: String,
    /// Where it stands.
    pub level: PolicyLevel,
    /// What it says.
    pub finding: Finding,
    /// Why, unless it allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For `max_calls`, how many calls there is room for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u32>,
    /// For `max_calls`, when there is room again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}
