use crate::log::LogError;
use crate::quota::QuotaExceeded;

/// Why a stream is not fed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The log refuses.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The identity is fed as many streams as it may be.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The connection has as many subscriptions as it may.
    #[error("a connection has at most {limit} subscriptions")]
    TooMany {
        /// How many it may have.
        limit: usize,
    },
}
