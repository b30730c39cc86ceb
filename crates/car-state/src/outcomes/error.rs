use thiserror::Error;

use super::Status;
use crate::log::LogError;

/// Why a call with a key is not carried out, and has no kept answer either.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum OutcomeError {
    /// The key names another act.
    #[error("this idempotency_key was used for another call: the method or the params differ")]
    Conflict,
    /// The act was cut.
    #[error(
        "the act of this idempotency_key was cut, and nobody knows how far it came: it does not run again"
    )]
    Unknown,
    /// The answer was not kept.
    #[error("the act of this idempotency_key is over, and its answer was not kept")]
    NotKept {
        /// How it ended.
        status: Status,
    },
    /// As many acts are under way as there may be keys.
    #[error("this identity has {limit} acts with a key under way")]
    Full {
        /// How many there may be.
        limit: usize,
    },
    /// As many calls wait for the act as may.
    #[error("{limit} calls wait for the act of this idempotency_key already")]
    Crowded {
        /// How many may.
        limit: usize,
    },
    /// The act that was joined was taken back before it began.
    #[error("the session that asked for this act first ended before it began")]
    Withdrawn,
    /// It cannot be recorded.
    #[error(transparent)]
    Storage(#[from] LogError),
}
