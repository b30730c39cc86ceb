//! Where an engine keeps its facts beyond the life of the daemon.

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Fact, SegmentKey, Skill, Space};
use crate::log::LogError;

/// Keeps the facts and skills of one memory. It holds what the engine has and nothing else; what a fact means it does not know.
pub trait FactStore: Debug + Send + Sync + 'static {
    /// What an earlier daemon kept. Blocks; asked once, at the start.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    fn load(&self) -> Result<Kept, LogError>;

    /// Whether something can be kept now.
    ///
    /// # Errors
    /// Why not.
    fn admits(&self) -> Result<(), LogError>;

    /// Asks for what has changed when its turn comes, and keeps that. The promise is as durable as the store can make it, and
    /// holds for everything that had changed before this was called.
    fn write(&self, changes: Arc<dyn Changes>) -> BoxFuture<'static, Result<(), LogError>>;
}

/// Has a store for each memory of a daemon.
pub trait FactStores: Debug + Send + Sync + 'static {
    /// Where a memory is kept. Of each memory only one engine may write.
    fn of(&self, space: &Space) -> Arc<dyn FactStore>;
}

/// Has changes to be kept.
pub trait Changes: Send + Sync + 'static {
    /// What has changed since it was asked last. It is called by a thread that writes, and must not wait.
    fn take(&self) -> Batch;
}

/// What a store has.
#[derive(Debug, Default)]
pub struct Kept {
    /// The number of the next fact or skill.
    pub next: u32,
    /// The facts, by their numbers.
    pub facts: Vec<KeptFact>,
    /// Segments that were forgotten.
    pub gone: Vec<SegmentKey>,
    /// The skills, by their numbers.
    pub skills: Vec<KeptSkill>,
}

/// A fact with its number, and its vector where it has one.
#[derive(Clone, Debug)]
pub struct KeptFact {
    /// Its number, which no other fact of this memory ever has.
    pub number: u32,
    /// The fact.
    pub fact: Arc<Fact>,
    /// What it means, as a model says.
    pub vector: Option<KeptVector>,
}

/// A skill with its number.
#[derive(Clone, Debug)]
pub struct KeptSkill {
    /// Its number, which no fact and no other skill of this memory ever has.
    pub number: u32,
    /// The skill.
    pub skill: Arc<Skill>,
}

/// A vector of 8-bit integers with a common factor.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptVector {
    /// The model that made it.
    pub model: Arc<str>,
    /// What each number is multiplied with.
    pub scale: f32,
    /// The numbers.
    pub values: Box<[i8]>,
}

/// What has changed. Applied in the order of the members.
#[derive(Debug, Default)]
pub struct Batch {
    /// Whether everything that is there goes first.
    pub clear: bool,
    /// The number of the next fact or skill.
    pub next: u32,
    /// Facts that went, by their numbers.
    pub erased: Vec<u32>,
    /// Facts that came or changed.
    pub put: Vec<KeptFact>,
    /// Whether text was replaced or erased, which must not stay readable in the file.
    pub erases_text: bool,
    /// Segments that are noted no more.
    pub unnoted: Vec<SegmentKey>,
    /// Segments that were forgotten.
    pub gone: Vec<SegmentKey>,
    /// Skills that went, by their numbers. When facts are cleared, skills stay.
    pub erased_skills: Vec<u32>,
    /// Skills that came or changed.
    pub put_skills: Vec<KeptSkill>,
}

impl Batch {
    /// Whether nothing has changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.clear
            && self.erased.is_empty()
            && self.put.is_empty()
            && self.unnoted.is_empty()
            && self.gone.is_empty()
            && self.erased_skills.is_empty()
            && self.put_skills.is_empty()
    }
}
