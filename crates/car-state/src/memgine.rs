//! The seam for memory engines: what the daemon asks of one, where one keeps its facts, and which one a session uses.

mod conversation;
mod fact;
mod parallel;
mod skill;
mod spaces;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
mod store;

use std::fmt::Debug;

use futures_util::future::{BoxFuture, ready};
use thiserror::Error;

pub use conversation::{ConversationTurn, Ingested, is_from};
pub use fact::{
    ConsolidationReport, Context, ContextLine, Details, Fact, FactChange, FactFilter, FactHit,
    FactId, Forgotten, Found, Imported, NewFact, Score, Section, SegmentKey, Trust,
};
pub use parallel::in_parallel;
pub use skill::{
    DistilledSkill, FoundSkill, LessonSource, NewSkill, Skill, SkillQuestion, SkillScope,
    SkillStats, SkillTrigger, TraceEvent,
};
pub use spaces::{MemgineSource, Memories, SessionMemory, Space};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteFacts;
pub use store::{Batch, Changes, FactStore, FactStores, Kept, KeptFact, KeptSkill, KeptVector};

use crate::log::LogError;

/// The answer of an engine, when it is ready.
pub type Told<'a, T> = BoxFuture<'a, Result<T, MemgineError>>;

/// Remembers facts and finds them again. Object-safe; every call may wait for a disk or a model, none holds a lock of
/// the daemon. What an engine need not be able to do is [`MemgineError::Unsupported`] until it does.
pub trait Memgine: Debug + Send + Sync + 'static {
    /// Keeps a fact.
    fn add_fact(&self, fact: NewFact) -> Told<'_, FactId>;

    /// The facts that fit `query` best, best first, `limit` at most.
    fn query<'a>(&'a self, query: &'a str, limit: usize) -> Told<'a, Vec<FactHit>>;

    /// What a model should know for `query`, as text of at most so many tokens.
    fn build_context<'a>(&'a self, query: &'a str, tokens: usize) -> Told<'a, String>;

    /// Keeps one turn of a conversation.
    fn ingest_conversation(&self, turn: ConversationTurn) -> Told<'_, ()>;

    /// How many facts are valid.
    fn fact_count(&self) -> Told<'_, u64>;

    /// Keeps a segment of a conversation, once: a later revision takes the place of an earlier one, and the same one again
    /// changes nothing.
    fn ingest_segment(&self, key: SegmentKey, turn: ConversationTurn) -> Told<'_, Ingested> {
        let _ = (key, turn);
        unsupported()
    }

    /// Erases everything that came from `source` or from what is below it ([`is_from`]), and all that was derived from
    /// that. That there was nothing is no error.
    fn forget_source<'a>(&'a self, source: &'a str) -> Told<'a, Forgotten> {
        let _ = source;
        unsupported()
    }

    /// Keeps a fact of which more is known.
    fn add(&self, fact: NewFact, details: Details) -> Told<'_, FactId> {
        let _ = (fact, details);
        unsupported()
    }

    /// One fact, also when it is outdated.
    fn get<'a>(&'a self, id: &'a FactId) -> Told<'a, Fact> {
        let _ = id;
        unsupported()
    }

    /// Corrects a fact in its place, and answers what it is then.
    fn update<'a>(&'a self, id: &'a FactId, change: FactChange) -> Told<'a, Fact> {
        let _ = (id, change);
        unsupported()
    }

    /// Keeps a fact in the place of another, which stays as history.
    fn supersede<'a>(
        &'a self,
        old: &'a FactId,
        fact: NewFact,
        details: Details,
    ) -> Told<'a, FactId> {
        let _ = (old, fact, details);
        unsupported()
    }

    /// Erases a fact, and everything that was derived from it.
    fn forget<'a>(&'a self, id: &'a FactId) -> Told<'a, Forgotten> {
        let _ = id;
        unsupported()
    }

    /// A fact with all that it took the place of and all that took its place, oldest first.
    fn history<'a>(&'a self, id: &'a FactId) -> Told<'a, Vec<Fact>> {
        let _ = id;
        unsupported()
    }

    /// Facts in the order in which they were learnt.
    fn list<'a>(&'a self, filter: &'a FactFilter) -> Told<'a, Vec<Fact>> {
        let _ = filter;
        unsupported()
    }

    /// What [`query`](Self::query) finds, with everything about it.
    fn search<'a>(&'a self, query: &'a str, limit: usize) -> Told<'a, Vec<Found>> {
        let _ = (query, limit);
        unsupported()
    }

    /// What [`build_context`](Self::build_context) makes, with the reason of each line. A fast one does not look for what
    /// fits: it has the newest facts.
    fn context<'a>(&'a self, query: &'a str, tokens: usize, fast: bool) -> Told<'a, Context> {
        let _ = fast;
        Box::pin(async move {
            let text = self.build_context(query, tokens).await?;
            Ok(Context {
                text,
                lines: Vec::new(),
            })
        })
    }

    /// Erases what is past its end, and brings vectors up to date.
    fn consolidate(&self) -> Told<'_, ConsolidationReport> {
        unsupported()
    }

    /// Keeps skills, all of them or none, and answers their numbers. One of a name that is there replaces that one.
    fn ingest_skills(&self, skills: Vec<NewSkill>) -> Told<'_, Vec<u32>> {
        let _ = skills;
        unsupported()
    }

    /// The skills that fit best, best first. None that is degraded or that another took the place of.
    fn find_skills(&self, question: SkillQuestion) -> Told<'_, Vec<FoundSkill>> {
        let _ = question;
        unsupported()
    }

    /// Notes how a skill went.
    fn report_skill<'a>(&'a self, name: &'a str, worked: bool) -> Told<'a, SkillStats> {
        let _ = (name, worked);
        unsupported()
    }

    /// Finds better code for a degraded skill, and answers it; `None` when it is not degraded or there is none.
    fn repair_skill<'a>(&'a self, name: &'a str) -> Told<'a, Option<String>> {
        let _ = name;
        unsupported()
    }

    /// Erases a skill, and says whether it was there.
    fn forget_skill<'a>(&'a self, name: &'a str) -> Told<'a, bool> {
        let _ = name;
        unsupported()
    }

    /// The skills in the order in which they were learnt: for this domain or for all of them, where one is named.
    fn skills<'a>(&'a self, domain: Option<&'a str>) -> Told<'a, Vec<Skill>> {
        let _ = domain;
        unsupported()
    }

    /// The domains whose skills work less often than `threshold`, of 1, by name.
    fn weak_domains(&self, threshold: f64) -> Told<'_, Vec<String>> {
        let _ = threshold;
        unsupported()
    }

    /// Makes skills of what happened, and keeps none.
    fn distil(&self, events: Vec<TraceEvent>) -> Told<'_, Vec<DistilledSkill>> {
        let _ = events;
        unsupported()
    }

    /// Makes skills of what happened in a domain, keeps those that are not known, and answers them.
    fn evolve<'a>(
        &'a self,
        domain: &'a str,
        events: Vec<TraceEvent>,
    ) -> Told<'a, Vec<DistilledSkill>> {
        let _ = (domain, events);
        unsupported()
    }

    /// Everything, as text that [`import`](Self::import) takes.
    fn export(&self) -> Told<'_, String> {
        unsupported()
    }

    /// Takes what [`export`](Self::export) gave into an empty memory. All or nothing.
    fn import<'a>(&'a self, text: &'a str) -> Told<'a, Imported> {
        let _ = text;
        unsupported()
    }

    /// Puts these facts in the place of all that there are. All or nothing; answers how many are valid.
    fn replace(&self, facts: Vec<(NewFact, Details)>) -> Told<'_, u64> {
        let _ = facts;
        unsupported()
    }
}

fn unsupported<T: Send + 'static>() -> Told<'static, T> {
    Box::pin(ready(Err(MemgineError::Unsupported)))
}

/// Why a memory engine refuses.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MemgineError {
    /// What was given cannot be kept.
    #[error("{0}")]
    Invalid(String),
    /// A part of what was given cannot be kept.
    #[error("{why}")]
    Field {
        /// The part.
        field: &'static str,
        /// Why not.
        why: String,
    },
    /// There is no such fact.
    #[error("there is no fact {0}")]
    Unknown(FactId),
    /// There is no such skill.
    #[error("there is no skill {0:?}")]
    UnknownSkill(String),
    /// A limit of the engine.
    #[error("the memory holds {limit} {what} at most")]
    Full {
        /// What it holds so many of.
        what: &'static str,
        /// How many.
        limit: u64,
    },
    /// The engine cannot do that.
    #[error("this memory engine cannot do that")]
    Unsupported,
    /// There is no memory engine.
    #[error("this daemon has no memory engine")]
    None,
    /// Nothing can be kept now.
    #[error(transparent)]
    Kept(#[from] LogError),
    /// The engine's storage failed.
    #[error("the memory's storage failed")]
    Storage(#[source] Box<dyn std::error::Error + Send + Sync>),
}
