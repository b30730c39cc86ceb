//! Consents that cover more than one call.
//!
//! A grant belongs to the credential that asked, covers one method or one tool in the version that it had, and may be
//! narrowed to arguments, to one act or to one agent. It lets calls run that a person would be asked about, never one that
//! a rule denies. It is used, revoked and ended in one table under one lock, so each use is before or after each revocation;
//! what has begun before goes on.

mod book;
mod grant;
mod narrowing;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
mod store;
mod subject;
mod table;
#[cfg(test)]
pub(super) mod tests;
mod wire;

pub use book::{GrantBook, GrantError, MAX_LIFE, MAX_TIMES, Terms};
pub use grant::{Grant, GrantId, Life};
pub use narrowing::{ArgumentPattern, MAX_PATTERN, MAX_PATTERNS, Narrowing, NarrowingError};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteGrants;
pub use store::{GrantStore, Kept, MemoryGrants};
pub use subject::Subject;
pub use table::{Grants, MAX_GRANTS, MAX_GRANTS_EACH, TooManyGrants};
