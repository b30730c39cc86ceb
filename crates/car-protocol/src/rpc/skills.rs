//! `skill.*` and `skills.*`: what was learnt to do, found again by what it is for, and judged by how it went.

mod learnt;
mod list_or;

use serde::{Deserialize, Serialize};

pub use learnt::{
    DistilledSkill, FoundSkill, LessonSource, Skill, SkillScope, SkillStats, SkillTrigger,
    TraceEvent,
};
pub use list_or::ListOr;

crate::methods! {
    /// Keeps a skill in the session's memory. One of the same name is replaced: other code is a new version, and is
    /// judged anew. Answers its number, which nothing else in the memory ever gets.
    #[mutates]
    Ingest = "skill.ingest" (IngestParams) -> u64;

    /// The skills that fit best, best first: by what triggers them, by how they went and by likeness of meaning. Those that
    /// failed too often or that another took the place of are left out.
    Find = "skill.find" (FindParams) -> Vec<FoundSkill>;

    /// Tells how a skill went. One whose failures outnumber its successes by more than two is degraded, and
    /// is not found until it works again or is repaired.
    #[mutates]
    Report = "skill.report" (ReportParams) -> SkillStats;

    /// Brings a degraded skill back to the code of the newest skill whose place it took and that is not degraded itself.
    /// `null` when it is not degraded, or there is none.
    #[mutates]
    Repair = "skill.repair" (NameParams) -> Option<Repaired>;

    /// Erases a skill.
    #[mutates]
    Forget = "skill.forget" (NameParams) -> ForgottenSkill;

    /// The skills of a memory, in the order in which they were learnt: with a domain, those that are for it or for all.
    List = "skills.list" (ListParams) -> Vec<Skill>;

    /// Keeps skills that were distilled: all of them or none.
    #[mutates]
    IngestDistilled = "skills.ingest_distilled" (ListOr<DistilledSkill, DistilledSkills>) -> IngestedSkills;

    /// Makes skills of what happened: of what worked the steps, of what failed a lesson. It extracts and does not invent: equal
    /// events give equal skills. Nothing is kept.
    Distill = "skills.distill" (ListOr<TraceEvent, TraceEvents>) -> Vec<DistilledSkill>;

    /// Distils what happened in a domain, and keeps what is not known. Answers what was kept.
    #[mutates]
    Evolve = "skills.evolve" (EvolveParams) -> Vec<DistilledSkill>;

    /// The domains whose skills work less often than that, of at least three reports, by name.
    DomainsNeedingEvolution = "skills.domains_needing_evolution" (ThresholdParams) -> Vec<String>;
}

/// Params of `skill.ingest`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SkillIngestParams"))]
pub struct IngestParams {
    /// What it is called: 1,024 bytes at most.
    pub name: String,
    /// What is to be done: 64 KiB at most.
    pub code: String,
    /// What runs the code; `unknown` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Who it is for; anybody when left out or empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persona: Option<String>,
    /// Where it is for: a part of the address, or a pattern of the whole with `*` for anything; anywhere when left out or
    /// empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_pattern: Option<String>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The skill whose place it takes. That one stays for repairs, and is not found any more. A name that nothing has means
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// Words of the tasks that it is for: 32 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub task_keywords: Vec<String>,
}

/// Params of `skill.find`. What is left out or empty says nothing; when all is, every skill fits.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SkillFindParams"))]
pub struct FindParams {
    /// Who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persona: Option<String>,
    /// Where it is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What is to be done: its first 1,024 bytes are looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// How many skills at most: up to 100; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<u64>,
}

/// Params of `skill.report`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SkillReportParams"))]
pub struct ReportParams {
    /// The skill.
    pub skill_name: String,
    /// `success`; everything else is a failure.
    pub outcome: String,
}

/// Names a skill.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SkillNameParams"))]
pub struct NameParams {
    /// The skill.
    pub skill_name: String,
}

/// A skill that works again, maybe.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RepairedSkill"))]
pub struct Repaired {
    /// The code that it has now.
    pub code: String,
}

/// What `skill.forget` did.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ForgottenSkill {
    /// Whether there was such a skill.
    pub forgotten: bool,
}

/// Params of `skills.list`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SkillsListParams"))]
pub struct ListParams {
    /// Only skills for this domain or for all of them; all skills when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Whether skills are wanted, too, that another took the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<bool>,
}

/// Skills by name: params of `skills.ingest_distilled`, which may be the bare list.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DistilledSkills {
    /// The skills.
    pub skills: Vec<DistilledSkill>,
}

impl From<DistilledSkills> for Vec<DistilledSkill> {
    fn from(given: DistilledSkills) -> Self {
        given.skills
    }
}

/// How many skills were kept.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IngestedSkills {
    /// That many.
    pub ingested: u64,
}

/// Events by name: params of `skills.distill`, which may be the bare list.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TraceEvents {
    /// What happened, in order.
    pub events: Vec<TraceEvent>,
}

impl From<TraceEvents> for Vec<TraceEvent> {
    fn from(given: TraceEvents) -> Self {
        given.events
    }
}

/// Params of `skills.evolve`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SkillsEvolveParams"))]
pub struct EvolveParams {
    /// The domain. Events that name another one are left out.
    pub domain: String,
    /// What happened, in order; nothing when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<TraceEvent>,
}

/// Params of `skills.domains_needing_evolution`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SkillsThresholdParams"))]
pub struct ThresholdParams {
    /// How many of the reports must say that it worked, of 1; 0.6 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}
