//! Who may decide what, and what is refused.

use car_protocol::Timestamp;
use car_protocol::rpc::approvals::{Approval, ApprovalStanding, Decider};
use thiserror::Error;

use crate::approval::grants::GrantError;
use crate::identity::{Identity, Role};
use crate::log::LogError;
use crate::quota::QuotaExceeded;

/// What a question becomes, for whoever decides or raises it.
pub type Outcome = Result<Box<Approval>, ApprovalError>;

/// What somebody may do about a question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Authority {
    /// Decide it.
    Decides,
    /// Tell its owner what they would like.
    Suggests,
}

/// Why a question or a decision is refused.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ApprovalError {
    /// No approval has this id.
    #[error("no approval has the id {0}")]
    Unknown(String),
    /// Somebody has decided.
    #[error("approval {id} is already resolved as {resolution}")]
    AlreadyDecided {
        /// The approval.
        id: String,
        /// What it became.
        resolution: String,
        /// Who decided.
        by: Decider,
        /// When.
        at: Timestamp,
    },
    /// Its time is over.
    #[error("approval {id} is already resolved as expired")]
    Expired {
        /// The approval.
        id: String,
        /// `timeout` or `nobody_reached`.
        reason: String,
    },
    /// Who asked took it back, or is gone.
    #[error("approval {id} is already resolved as {resolution}")]
    Withdrawn {
        /// The approval.
        id: String,
        /// `withdrawn` or `agent_gone`.
        resolution: &'static str,
        /// Why.
        reason: String,
    },
    /// The resolution is not among the row's options.
    #[error("{resolution:?} is not one of the options {}", options.join(", "))]
    NotAnOption {
        /// What was given.
        resolution: String,
        /// What there is to choose from.
        options: Vec<String>,
    },
    /// Who asked may not decide.
    #[error("a call cannot be approved by the identity that made it")]
    SelfApproval,
    /// Deciding a gated call takes the host role.
    #[error("deciding a gated call needs the host role")]
    HostRequired,
    /// It is another one's to take back.
    #[error("approval {0} was asked for by somebody else")]
    NotOwner(String),
    /// The row belongs to a client that does not listen.
    #[error("approval {id} is owned by {owner}, which is not connected to host events")]
    OwnerAway {
        /// The approval.
        id: String,
        /// Its owner.
        owner: String,
    },
    /// What the person saw is not what is asked.
    #[error("approval {id} is about {digest}, not about what was decided")]
    DigestMismatch {
        /// The approval.
        id: String,
        /// The digest of what it is about.
        digest: String,
    },
    /// A member of the decision does not fit the question.
    #[error("{field} is {what}")]
    Unfit {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// Too many are pending.
    #[error("{limit} approvals are pending already")]
    TooMany {
        /// How many may be.
        limit: usize,
    },
    /// Who asks has as many pending as they may have.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The consent cannot reach as far as it says.
    #[error(transparent)]
    Consent(#[from] GrantError),
    /// It cannot be recorded.
    #[error(transparent)]
    Storage(#[from] LogError),
}

/// Whether `by` may decide a question. `listens` tells whether its owner hears of wishes.
///
/// # Errors
/// Why not: [`ApprovalError::SelfApproval`], [`ApprovalError::HostRequired`], [`ApprovalError::OwnerAway`].
pub(crate) fn authority(
    approval: &Approval,
    by: &Identity,
    listens: impl FnOnce(&str) -> bool,
) -> Result<Authority, ApprovalError> {
    if approval.act.is_some() {
        // The session too: one that knows two credentials is still the one who asked.
        let asker = &approval.asker;
        if asker.session_id == by.session.as_str() || asker.principal == by.principal.to_string() {
            return Err(ApprovalError::SelfApproval);
        }
        if by.auth_enabled && by.role != Role::Host {
            return Err(ApprovalError::HostRequired);
        }
        return Ok(Authority::Decides);
    }
    match &approval.owner {
        Some(owner) if owner != by.session.as_str() => {
            if listens(owner) {
                Ok(Authority::Suggests)
            } else {
                Err(ApprovalError::OwnerAway {
                    id: approval.id.clone(),
                    owner: owner.clone(),
                })
            }
        }
        _ => Ok(Authority::Decides),
    }
}

/// Why a question that is over cannot be decided.
pub(crate) fn late(approval: &Approval) -> ApprovalError {
    let id = approval.id.clone();
    let reason = approval.reason.clone().unwrap_or_default();
    match (&approval.decision, approval.standing) {
        (Some(decision), _) => ApprovalError::AlreadyDecided {
            id,
            resolution: decision.resolution.clone(),
            by: decision.by.clone(),
            at: decision.at,
        },
        (None, ApprovalStanding::Expired) => ApprovalError::Expired { id, reason },
        (None, standing) => ApprovalError::Withdrawn {
            id,
            resolution: standing.as_str(),
            reason,
        },
    }
}

/// Somebody, as the wire names them.
pub(crate) fn decider(identity: &Identity) -> Decider {
    Decider {
        principal: identity.principal.to_string(),
        role: identity.role,
        session_id: identity.session.to_string(),
    }
}
