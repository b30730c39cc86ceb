//! Questions to a person: which calls need one, what exactly is asked, and what became of each.
//!
//! What becomes of one question is a pure function (`machine`), all of them are a plain table (`desk`), and [`Approvals`]
//! is the shell around it. An [`ApprovalLedger`] records them: a question before it is shown, and its end before anybody
//! is told.

mod act;
mod authority;
mod canonical;
mod desk;
mod gate;
pub mod grants;
mod ledger;
mod machine;
mod plane;
mod preview;
mod reach;
pub mod route;
pub mod rules;
mod trail;
mod verdict;

pub use act::{
    Act, ActDigest, NotAKind, Operation, OperationKind, PolicyRevision, Requester, ToolVersion,
};
pub use authority::{ApprovalError, Outcome};
pub use canonical::{NotCanonical, canonical};
pub use desk::MAX_PENDING;
pub use gate::ApprovalGate;
#[cfg(feature = "sqlite")]
pub use ledger::SqliteLedger;
pub use ledger::{
    ActKey, ApprovalLedger, HistoryQuery, KEPT, KEPT_FOR, LedgerRow, MemoryLedger, Terms, Told,
};
pub(crate) use plane::Raising;
pub use plane::{ApprovalParts, Approvals, ClientQuestion, Decided, Decision, EditCheck, Question};
pub(crate) use preview::mask_of;
pub use preview::{MAX_PREVIEW, masked, preview};
pub use reach::{NoRoute, Reach};
pub use verdict::{Consent, Verdict};

/// The resolution that lets a gated call run.
pub const APPROVE: &str = "approve";
/// The usual refusal.
pub const DENY: &str = "deny";

/// The reason of what expired because nobody was reached.
pub(crate) const NOBODY_REACHED: &str = "nobody_reached";

/// The options of a question that names none.
pub(crate) fn default_options() -> Vec<String> {
    vec![APPROVE.to_owned(), DENY.to_owned()]
}

#[cfg(test)]
mod tests;
