//! Questions to a person: which calls need one, what exactly is asked, and what became of each.

mod act;
mod canonical;
mod desk;
mod gate;
pub mod grants;
mod preview;

pub use act::{
    Act, ActDigest, NotAKind, Operation, OperationKind, PolicyRevision, Requester, ToolVersion,
};
pub use canonical::{NotCanonical, canonical};
pub(crate) use desk::default_options;
pub use desk::{ApprovalDesk, ApprovalError, Asked, Decision, MAX_PENDING, Resolved, Ticket};
pub use gate::ApprovalGate;
pub use preview::{MAX_PREVIEW, masked, preview};
