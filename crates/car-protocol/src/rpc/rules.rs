//! `approvals.explain` and `approvals.rules`: what would become of a call, and the rules that say so.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Empty;
use crate::Timestamp;

crate::methods! {
    /// Says what would become of a call by this session: whether it would run, a person would be asked, or it would be
    /// refused, and which rule, grant or set says so. Nobody is asked, and nothing is used up.
    Explain = "approvals.explain" (ExplainParams) -> Explanation;

    /// The rules in effect, and what is wrong with files that are not.
    List = "approvals.rules" (Empty) -> RuleSet;
}

/// Params of `approvals.explain`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalsExplainParams"))]
pub struct ExplainParams {
    /// The call.
    pub call: ExplainedCall,
    /// When it would be made, in milliseconds since 1970 (UTC); now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<i64>,
}

/// A call that is only thought of: of a method, or of a tool by a proposal.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExplainedCall {
    /// The method, unless `tool` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The tool, unless `method` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The params of the method, or the parameters of the tool.
    #[serde(default)]
    pub arguments: Value,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RuleDecision"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RuleDecision {
    /// It runs.
    Allow,
    /// A person is asked.
    Ask,
    /// It is refused, and nobody is asked.
    Deny,
}

/// Who says what becomes of a call.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalSource"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DecidedBy {
    /// The rule that `rule` names.
    Rule,
    /// The gate's set of methods and tools.
    Gate,
    /// The grant that `grant` names: a person agreed before.
    Grant,
    /// Nothing is said about the call, so it runs.
    Nothing,
}

/// Result of `approvals.explain`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalExplanation"))]
pub struct Explanation {
    /// What would become of the call.
    pub decision: RuleDecision,
    /// Who says so.
    pub decided_by: DecidedBy,
    /// The rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// Why, for a person.
    pub reason: String,
    /// How long a person would have, in milliseconds, where one would be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Every rule that matches, the strictest first.
    pub matched: Vec<MatchedRule>,
    /// The revision of the rules that were asked.
    pub revision: String,
    /// For a method that a connected host provides: whether one does now. Without one the call is `unavailable` before
    /// anybody is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<bool>,
}

/// A rule that matches a call.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MatchedRule {
    /// Its name: its `@id`, or the file's with a number.
    pub rule: String,
    /// What it says.
    pub decision: RuleDecision,
    /// Why, for a person.
    pub reason: String,
    /// Whether it could not be evaluated, which counts as `deny`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}

/// Result of `approvals.rules`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalRules"))]
pub struct RuleSet {
    /// SHA-256 of the files in effect, in hex: it changes when a rule does.
    pub revision: String,
    /// When they were loaded.
    pub loaded_at: Timestamp,
    /// The rules in effect, by file and line.
    pub rules: Vec<RuleInfo>,
    /// What is wrong with the files as they are now. While there is something, the rules stay as they were.
    pub problems: Vec<RuleProblem>,
    /// Where the files are; left out where there are none to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// One rule.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleInfo {
    /// Its name.
    pub rule: String,
    /// Its file.
    pub file: String,
    /// The line that it begins on.
    pub line: u32,
    /// What it says.
    pub decision: RuleDecision,
    /// Why, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long a person has, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// How many methods it can match.
    pub methods: u64,
    /// Whether it can match calls of tools.
    pub tools: bool,
}

/// What is wrong with a file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleProblem {
    /// The file; left out where the folder cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What.
    pub reason: String,
}
