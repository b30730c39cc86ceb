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
pub use sqlite::{AuditFileError, Redacted, SqliteAudit, export, redact_file, verify_file};

use crate::log::LogError;

/// How many records are kept before the oldest tenth is dropped.
pub const MAX_RECORDS: u64 = 100_000;
/// How long a record is kept at least where there is room, in milliseconds: 400 days.
pub const MAX_AGE_MS: i64 = 400 * 24 * 3_600 * 1_000;
/// How much of what was written and shown is kept with a record, in bytes of JSON.
pub const MAX_TEXT: usize = 16 << 10;

/// A promise that a record is as durable as the log can make it.
pub type Appended = BoxFuture<'static, Result<(), LogError>>;

/// Takes records in their order.
pub trait AuditSink: Debug + Send + Sync + 'static {
    /// Appends a record. It is done in any case once this returns a promise that holds.
    fn append(&self, record: Record) -> Appended;
}
