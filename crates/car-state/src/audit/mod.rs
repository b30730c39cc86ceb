//! What was asked, decided and done with consent, in a chain that cannot be changed unnoticed.
//!
//! Each record has the SHA-256 of the one before it, so that whoever changes, removes, adds or moves one breaks the chain
//! there. What a person wrote and what was shown to them stands beside the chain, which has a salted digest of it only: it
//! can be redacted, and the chain still verifies. A record is written in the transaction of what it records.
//!
//! What the chain cannot tell: whoever may write the whole file can compute a chain of their own from any record on. That
//! is found only with a head (a number and a digest) that was kept elsewhere.

mod chain;
mod memory;
mod record;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

use futures_util::future::BoxFuture;

pub use chain::{Anchor, Break, BreakKind, Head, Link, NotAHead, Summary, Verifier};
pub use memory::MemoryAudit;
pub use record::{AuditKind, Record, Who};
#[cfg(feature = "sqlite")]
pub use sqlite::{AuditFileError, SqliteAudit, export, redact_file, verify_file};

use car_protocol::Timestamp;

use crate::log::LogError;

/// How many records are kept before the oldest tenth is dropped.
pub const MAX_RECORDS: u64 = 100_000;
/// How long a record is kept at least where there is room, in milliseconds: 400 days.
pub const MAX_AGE_MS: i64 = 400 * 24 * 3_600 * 1_000;
/// How much of what was written and shown is kept with a record, in bytes of JSON.
pub const MAX_TEXT: usize = 16 << 10;

/// A promise that a record is as durable as the log can make it.
pub type Appended = BoxFuture<'static, Result<(), LogError>>;

/// What is to be redacted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stretch {
    /// One record.
    One(u64),
    /// Those at the beginning that are older.
    Before(Timestamp),
}

/// What was redacted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Redacted {
    /// The first record; 0 where there was nothing.
    pub first: u64,
    /// The last record.
    pub last: u64,
    /// How many texts were removed.
    pub texts: u64,
}

/// Keeps records in their order.
pub trait AuditSink: Debug + Send + Sync + 'static {
    /// Appends a record. It is under way when this returns, whether the promise is waited for or not.
    fn append(&self, record: Record) -> Appended;

    /// Checks the chain. `expected` is a head that was kept elsewhere.
    fn verify(
        &self,
        expected: Option<Head>,
    ) -> BoxFuture<'static, Result<Result<Summary, Break>, LogError>>;

    /// Removes what was written with records, and records that.
    fn redact(
        &self,
        stretch: Stretch,
        who: Who,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Redacted, LogError>>;
}
