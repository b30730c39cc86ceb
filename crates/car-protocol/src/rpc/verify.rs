//! `verify`: what would go wrong, without running anything.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::proposal::ActionProposal;

crate::methods! {
    /// Checks a proposal against the session's tools and a forward simulation of its effects.
    Verify = "verify" (VerifyParams) -> Verification;
}

/// Params of `verify`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifyParams {
    /// The proposal.
    pub proposal: ActionProposal,
    /// The state to start from; the session's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_state: Option<Map<String, Value>>,
}

/// Result of `verify`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verification {
    /// Whether no issue is an error.
    pub valid: bool,
    /// What was found.
    pub issues: Vec<Issue>,
    /// The state after all declared effects.
    pub simulated_state: Map<String, Value>,
}

/// How much an issue matters.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "IssueSeverity"))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It will fail.
    Error,
    /// It may not be meant.
    Warning,
}

/// One finding.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Issue {
    /// The action, empty for the whole proposal.
    pub action_id: String,
    /// How much it matters.
    pub severity: Severity,
    /// What it is.
    pub message: String,
}
