//! Skills, and what is asked about them.

use car_protocol::Timestamp;
pub use car_protocol::rpc::skills::{
    DistilledSkill, FoundSkill, LessonSource, Skill, SkillScope, SkillStats, SkillTrigger,
    TraceEvent,
};

/// A skill to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSkill {
    /// What it is called. Of each name there is one.
    pub name: String,
    /// What is to be done.
    pub code: String,
    /// What runs the code.
    pub platform: String,
    /// What it does.
    pub description: String,
    /// When it applies, in words.
    pub when_to_apply: String,
    /// What it is for.
    pub trigger: SkillTrigger,
    /// Which domain it is for.
    pub scope: SkillScope,
    /// What kind of experience it comes from; none where it was taught.
    pub source: Option<LessonSource>,
    /// The skill whose place it takes, if there is one of this name.
    pub supersedes: Option<String>,
    /// When it was learnt.
    pub at: Timestamp,
}

impl NewSkill {
    /// A skill that was distilled, as one to be kept.
    #[must_use]
    pub fn distilled(skill: DistilledSkill, at: Timestamp) -> Self {
        let scope = match skill.scope {
            SkillScope::Global if !skill.domain.is_empty() => SkillScope::Domain(skill.domain),
            scope => scope,
        };
        Self {
            name: skill.name,
            code: skill.code,
            platform: "unknown".to_owned(),
            description: skill.description,
            when_to_apply: skill.when_to_apply,
            trigger: skill.trigger,
            scope,
            source: Some(skill.source),
            supersedes: None,
            at,
        }
    }
}

/// What is to be done, by whom and where. What is empty says nothing; when all is, every skill fits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SkillQuestion {
    /// Who asks.
    pub persona: String,
    /// Where it is to be done.
    pub url: String,
    /// What is to be done.
    pub task: String,
    /// How many skills at most.
    pub limit: usize,
}
