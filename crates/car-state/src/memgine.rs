//! The seam for a memory engine.

use std::fmt::Debug;

use car_protocol::Timestamp;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use thiserror::Error;

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

/// One turn of a conversation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ConversationTurn {
    /// Who spoke: `meeting/<id>/mic`, an agent, a person.
    pub speaker: String,
    /// What was said.
    pub text: String,
    /// When.
    pub at: Timestamp,
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
    /// The engine's storage failed.
    #[error("the memory's storage failed")]
    Storage(#[source] Box<dyn std::error::Error + Send + Sync>),
}
