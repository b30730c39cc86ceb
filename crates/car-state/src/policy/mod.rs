//! The rules that every action must pass.
//!
//! Owns the policies of the daemon, of a session, and of its policy scopes. All of them are asked, the strictest wins, and
//! whatever goes wrong in a check counts against the action. It knows nothing of how a person is asked.

mod approver;
mod book;
mod error;
mod explain;
mod global;
mod list;
mod pattern;
mod rule;
mod verdict;
mod window;

use std::time::Duration;

use car_protocol::rpc::policy::PolicyDefinition;

pub use approver::{Approver, NobodyToAsk, Question};
pub use book::{Agents, PolicyBook};
pub use car_protocol::rpc::policy::PolicyViolation;
pub use error::PolicyError;
pub use global::GlobalPolicies;
pub use pattern::{COMPILED_BYTES, REGEX_BYTES, REGEX_TEXT_BYTES};
pub(crate) use rule::panic_text;
pub use rule::{PolicyCheck, Subject};
pub use verdict::{Permits, Verdict};
pub use window::LONGEST_WINDOW;

/// Bytes of a policy's name.
pub const NAME_BYTES: usize = 128;
/// Policies of one session, those of its scopes included; and as many of the daemon.
pub const POLICIES: usize = 1_000;
/// Policy scopes of one session.
pub const SCOPES: usize = 64;
/// Bytes of all that a definition holds besides its name.
pub const DEFINITION_BYTES: usize = 64 << 10;

/// Whether a definition could be registered.
///
/// # Errors
/// Why not.
pub fn check(definition: &PolicyDefinition) -> Result<(), PolicyError> {
    list::Policy::of(definition.clone()).map(drop)
}

/// In milliseconds, never too early.
pub(crate) fn whole_millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
