use car_protocol::rpc::proposal::ProposalResult;
use thiserror::Error;

use super::plan::StructureError;
use crate::store::StoreError;

/// Why a proposal has no result. Unless an error carries what ran, nothing did.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum EngineError {
    /// The proposal's id is empty or too long.
    #[error("a proposal's id has 1 to {limit} bytes")]
    ProposalId {
        /// Bytes of an id.
        limit: usize,
    },
    /// There are too many actions.
    #[error("a proposal has at most {limit} actions, this one has {count}")]
    TooManyActions {
        /// What it has.
        count: usize,
        /// What it may have.
        limit: usize,
    },
    /// The actions do not fit together.
    #[error(transparent)]
    Structure(#[from] StructureError),
    /// The tenant's name cannot be one.
    #[error(transparent)]
    Tenant(StoreError),
    /// The policy scope is not open.
    #[error("unknown policy scope `{scope}`")]
    UnknownScope {
        /// Its id, cut to 64 characters.
        scope: String,
    },
    /// Another proposal, or a direct write, changed what this one was based on, and came first. Nothing was written to
    /// the state; tools did run. It may be submitted again.
    #[error("the state key `{key}` was changed meanwhile by somebody else")]
    StateConflict {
        /// The first such key.
        key: String,
        /// What the actions gave.
        ran: Box<ProposalResult>,
    },
    /// The session's state is too full for what was written. Nothing was written to the state; tools did run.
    #[error("{error}")]
    StateLimit {
        /// The bound.
        error: StoreError,
        /// What the actions gave.
        ran: Box<ProposalResult>,
    },
}

impl EngineError {
    /// Whether the same proposal can succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::StateConflict { .. })
    }

    /// The parameter of `proposal.submit` that is wrong, as a path.
    #[must_use]
    pub fn field(&self) -> Option<String> {
        match self {
            Self::ProposalId { .. } => Some("proposal.id".to_owned()),
            Self::TooManyActions { .. } => Some("proposal.actions".to_owned()),
            Self::Structure(error) => Some(format!("proposal.{}", error.field())),
            Self::Tenant(_) => Some("scope.tenantId".to_owned()),
            Self::UnknownScope { .. } => Some("session_id".to_owned()),
            Self::StateConflict { .. } | Self::StateLimit { .. } => None,
        }
    }

    /// The bound that was reached, if it was one.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        match self {
            Self::ProposalId { limit } | Self::TooManyActions { limit, .. } => Some(*limit),
            Self::Tenant(error) | Self::StateLimit { error, .. } => Some(error.limit()),
            Self::Structure(_) | Self::UnknownScope { .. } | Self::StateConflict { .. } => None,
        }
    }
}
