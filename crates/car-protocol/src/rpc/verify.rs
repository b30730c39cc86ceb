//! `verify`: what would go wrong, without running anything.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::proposal::{ActionProposal, ProposalScope};

crate::methods! {
    /// Checks a proposal against the session's tools and a forward simulation of its effects.
    Verify = "verify" (VerifyParams) -> Verification;

    /// The same, with the state after each action.
    Simulate = "simulate" (VerifyParams) -> Simulated;
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
    /// For whom it would run: the session's own state is that of this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ProposalScope>,
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

/// Result of `simulate`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Simulation"))]
pub struct Simulated {
    /// Whether no issue is an error.
    pub valid: bool,
    /// What was found, as by `verify`.
    pub issues: Vec<Issue>,
    /// The actions in an order in which they may run: each after what it depends on, and otherwise in that of the
    /// proposal.
    pub steps: Vec<SimulatedStep>,
    /// The state after all of them.
    pub simulated_state: Map<String, Value>,
    /// Whether the states of later steps were left out, because all of them together would be more than 4 MiB. What
    /// each step writes is always there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// One action of a simulation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SimulatedStep {
    /// The action; `actions[N]` where it has no id.
    pub action_id: String,
    /// What it writes.
    pub writes: Map<String, Value>,
    /// Those of the keys in `writes` whose value hangs on what an action gives: what stands there is how it was written
    /// down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// The state after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Map<String, Value>>,
}
