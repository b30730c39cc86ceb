//! What became of the acts that clients gave a key: each runs at most once, and its answer is kept.
//!
//! A `Shelf` is what is known of one identity's keys, without clock, lock or waker. [`Outcomes`] is the shell around
//! all of them, and an [`OutcomeStore`] keeps answers, in memory or in the database. An act is recorded as running
//! before it begins and with its end after it; one that is found running by the next daemon was cut, and nobody knows how
//! far it came. This module does not know what an act is.

mod attempt;
mod error;
mod fingerprint;
mod ledger;
mod repeat;
#[cfg(feature = "sqlite")]
pub(crate) mod schema;
pub(crate) mod secret;
mod shelf;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::RpcError;
use serde_json::value::RawValue;

pub use attempt::Attempt;
pub use error::OutcomeError;
pub use fingerprint::Fingerprint;
pub use ledger::{KeptCounts, Known, Outcomes, Report, Submitted};
pub use repeat::{Joined, Past};
pub use shelf::Status;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteOutcomes;
pub use store::{KeptRow, KeptRows, MemoryOutcomes, OutcomeStore, RowId, Stored};

use crate::identity::Principal;

/// How an act was answered.
pub type Reply = Result<Box<RawValue>, RpcError>;

/// How much is kept of each identity's keys. What exceeds any of the bounds goes, the oldest end first; what is under way
/// never goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OutcomeLimits {
    /// Keys, those of acts under way included. Where all of them are under way, a further one is refused.
    pub keys: usize,
    /// Bytes of answers.
    pub bytes: usize,
    /// Bytes of one answer; a longer one is not kept, only how the act ended.
    pub result_bytes: usize,
    /// How long after its end an act is known.
    pub age: Duration,
    /// Calls that wait for one act under way, beside the one that it was begun for.
    pub joined: usize,
}

impl Default for OutcomeLimits {
    fn default() -> Self {
        Self {
            keys: 10_000,
            bytes: 16 << 20,
            result_bytes: 1 << 20,
            age: Duration::from_secs(24 * 3_600),
            joined: 64,
        }
    }
}

/// Whose keys: an identity's, whatever session it is in. Those who present no credential cannot be told apart when they
/// come back, so they share theirs.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Scope(Arc<str>);

impl Scope {
    /// The one of this identity.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        match principal {
            Principal::Anonymous(_) => Self::named("anonymous"),
            Principal::Client => Self::named("client"),
            Principal::Host => Self::named("host"),
            Principal::Agent(agent) => Self::named(&format!("agent/{agent}")),
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        Self(name.into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
