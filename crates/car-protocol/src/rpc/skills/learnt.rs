use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;

/// A skill, with what triggers it and how it went.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SkillMeta"))]
pub struct Skill {
    /// What it is called.
    pub name: String,
    /// What is to be done.
    pub code: String,
    /// What runs the code.
    pub platform: String,
    /// What it does.
    pub description: String,
    /// What it is for.
    pub trigger: SkillTrigger,
    /// Which domain it is for.
    pub scope: SkillScope,
    /// When it applies, in words.
    pub when_to_apply: String,
    /// How it went.
    pub stats: SkillStats,
    /// Counts its codes, from 1, with those of the skills whose place it took.
    pub version: u64,
    /// When its code was learnt.
    pub at: Timestamp,
    /// What kind of experience it comes from; left out where it was taught.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<LessonSource>,
    /// The skill whose place it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// Whether another took its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
}

/// What a skill is for. An empty text is for anything.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkillTrigger {
    /// Who.
    #[serde(default)]
    pub persona: String,
    /// Where: a part of the address, or a pattern of the whole with `*` for anything.
    #[serde(default)]
    pub url_pattern: String,
    /// Words of the tasks.
    #[serde(default)]
    pub task_keywords: Vec<String>,
    /// What else the caller keeps of it: 16 KiB at most. Nothing is found by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<Value>,
}

/// Which domain a skill is for.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SkillScope {
    /// All of them.
    #[default]
    Global,
    /// The one of this name.
    Domain(String),
}

impl SkillScope {
    /// Whether a skill of this scope is for a domain.
    #[must_use]
    pub fn is_for(&self, domain: &str) -> bool {
        match self {
            Self::Global => true,
            Self::Domain(own) => own == domain,
        }
    }
}

/// How a skill went.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkillStats {
    /// How often it worked.
    pub success_count: u64,
    /// How often it did not.
    pub fail_count: u64,
    /// Whether it failed so often that it is not found: more than two times more often than it worked.
    pub degraded: bool,
    /// Whether a repair was tried since it is degraded, and there was no better code.
    pub broken_for_repair: bool,
}

/// A skill that fits.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FoundSkill {
    /// What it is called.
    pub name: String,
    /// What is to be done.
    pub code: String,
    /// What runs the code.
    pub platform: String,
    /// What it does.
    pub description: String,
    /// How it went.
    pub stats: SkillStats,
    /// How well it fits, 0 to 1: two fifths what triggers it (persona 0.4, address 0.3, keywords 0.3), two fifths how often
    /// it worked (0.5 before the first report), a fifth likeness of meaning.
    pub match_score: f64,
}

/// What kind of experience a skill comes from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LessonSource {
    /// Something that worked.
    #[default]
    Success,
    /// Something that failed.
    Failure,
}

/// A skill that was made of experience.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DistilledSkill {
    /// What it is called: 1,024 bytes at most.
    pub name: String,
    /// What it does.
    #[serde(default)]
    pub description: String,
    /// When it applies, in words.
    #[serde(default)]
    pub when_to_apply: String,
    /// Which domain it is for; that of `domain` when left out, or all.
    #[serde(default)]
    pub scope: SkillScope,
    /// What kind of experience it comes from.
    #[serde(default)]
    pub source: LessonSource,
    /// The domain; empty for all.
    #[serde(default)]
    pub domain: String,
    /// What it is for.
    #[serde(default)]
    pub trigger: SkillTrigger,
    /// What is to be done, if anything: 64 KiB at most.
    #[serde(default)]
    pub code: String,
}

/// Something that happened while an action was executed. Other members are ignored.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TraceEvent {
    /// `action_succeeded` or `action_failed`; nothing is learnt from others.
    pub kind: String,
    /// The action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<String>,
    /// The tool that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// What is known of it. Looked at are the texts `task`, `domain` and `error`, and `parameters`.
    #[serde(default)]
    pub data: Value,
    /// How good it was, of 1. What worked with less than 0.5 is nothing to learn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward: Option<f64>,
}
