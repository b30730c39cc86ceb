//! The seam for a memory engine.

mod conversation;

use std::fmt::Debug;

use car_protocol::Timestamp;
use futures_util::future::{BoxFuture, ready};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use conversation::{ConversationTurn, Ingested, SegmentKey, is_from};

/// Remembers facts and finds them again. Object-safe; every call may wait for a disk or a model, none holds a lock of
/// the daemon.
pub trait Memgine: Debug + Send + Sync + 'static {
    /// Keeps a fact.
    fn add_fact(&self, fact: NewFact) -> BoxFuture<'_, Result<FactId, MemgineError>>;

    /// The facts that fit `query` best, best first, `limit` at most.
    fn query<'a>(
        &'a self,
        query: &'a str,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<FactHit>, MemgineError>>;

    /// What a model should know for `query`, as text of at most so many tokens.
    fn build_context<'a>(
        &'a self,
        query: &'a str,
        tokens: usize,
    ) -> BoxFuture<'a, Result<String, MemgineError>>;

    /// Keeps one turn of a conversation.
    fn ingest_conversation(
        &self,
        turn: ConversationTurn,
    ) -> BoxFuture<'_, Result<(), MemgineError>>;

    /// Keeps a segment of a conversation, once: a later revision takes the place of an earlier one, and the same one again
    /// changes nothing.
    ///
    /// # Errors
    /// In the future: [`MemgineError::Unsupported`] where an engine does not tell segments apart.
    fn ingest_segment(
        &self,
        key: SegmentKey,
        turn: ConversationTurn,
    ) -> BoxFuture<'_, Result<Ingested, MemgineError>> {
        let _ = (key, turn);
        Box::pin(ready(Err(MemgineError::Unsupported)))
    }

    /// Erases everything that came from `source` or from what is below it ([`is_from`]), and all that was derived from
    /// that. That there was nothing is no error.
    ///
    /// # Errors
    /// In the future: [`MemgineError::Unsupported`] where an engine does not know where facts come from.
    fn forget_source<'a>(
        &'a self,
        source: &'a str,
    ) -> BoxFuture<'a, Result<Forgotten, MemgineError>> {
        let _ = source;
        Box::pin(ready(Err(MemgineError::Unsupported)))
    }

    /// How many facts are valid.
    fn fact_count(&self) -> BoxFuture<'_, Result<u64, MemgineError>>;
}

/// The stable id of a fact.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct FactId(pub String);

/// A fact to be kept.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct NewFact {
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// What kind it is: `pattern`, `constraint`, `outcome`, or the engine's own.
    pub kind: String,
    /// When it was learnt.
    pub at: Timestamp,
    /// From whom or where: a session, an agent, a stream.
    pub source: String,
}

/// A fact that was found.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FactHit {
    /// Its id.
    pub id: FactId,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// What kind it is.
    pub kind: String,
    /// How well it fits; comparable within one answer.
    pub score: f64,
}

/// What was erased.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Forgotten {
    /// The facts: those that were meant, and all that were derived from them.
    pub facts: Vec<FactId>,
    /// Vectors of theirs.
    pub vectors: usize,
    /// Rows of theirs in the index of terms.
    pub index_rows: usize,
    /// References to them in facts that stay.
    pub references: usize,
}

/// Why a memory engine refuses.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MemgineError {
    /// What was given cannot be kept.
    #[error("{0}")]
    Invalid(String),
    /// A limit of the engine.
    #[error("the memory holds {limit} facts at most")]
    Full {
        /// How many facts it holds.
        limit: u64,
    },
    /// The engine cannot do that.
    #[error("this memory engine cannot do that")]
    Unsupported,
    /// The engine's storage failed.
    #[error("the memory's storage failed")]
    Storage(#[source] Box<dyn std::error::Error + Send + Sync>),
}
