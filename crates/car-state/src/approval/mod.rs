//! Questions to a person: which calls need one, and what became of each.

mod desk;
mod gate;
mod preview;

pub(crate) use desk::default_options;
pub use desk::{ApprovalDesk, ApprovalError, Asked, Decision, MAX_PENDING, Resolved, Ticket};
pub use gate::ApprovalGate;
pub use preview::{MAX_PREVIEW, preview};
