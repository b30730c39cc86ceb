use std::time::Duration;

use car_protocol::RpcError;
use thiserror::Error;

/// Why there is no client.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is no connection.
    #[error(transparent)]
    Transport(#[from] car_transport::connect::ConnectError),
    /// The address in the environment is none.
    #[error(transparent)]
    Target(#[from] car_transport::connect::InvalidTarget),
    /// The daemon refuses the credential.
    #[error("the daemon refuses the credential: {0}")]
    Refused(#[source] CallError),
    /// The daemon refuses the handshake.
    #[error("the daemon refuses the handshake: {0}")]
    Handshake(#[source] CallError),
}

/// Why a call has no result.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The daemon answers with an error.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// There was no answer in time. The call may have been done.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The connection is over. The call may have been done.
    #[error("the connection is closed")]
    Closed,
    /// The connection was lost with the call under way, and nobody knows whether it was done. Only where connections are
    /// made again, for a call that changes something and names no idempotency key.
    #[error("the connection was lost, and whether the call was done is not known")]
    OutcomeUnknown,
    /// The connection was lost with the call under way. It was done, and its answer is not kept.
    #[error("the call was done, and its answer was lost with the connection")]
    ReplyLost,
    /// Too many calls are under way on this connection.
    #[error("{limit} calls are under way")]
    Overloaded {
        /// How many may be.
        limit: usize,
    },
    /// The params are no JSON.
    #[error("the params cannot be sent: {0}")]
    Params(String),
    /// The result is not what the method promises.
    #[error("the result cannot be read: {0}")]
    Result(String),
}

impl CallError {
    /// The stable name of the daemon's error, where it is one.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        match self {
            Self::Rpc(error) => Some(error.kind()),
            _ => None,
        }
    }
}
