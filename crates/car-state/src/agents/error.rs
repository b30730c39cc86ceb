use std::io;

use thiserror::Error;

use super::{AgentId, AgentIdError, BookError, ExecutableError, ManifestError};
use crate::token::TokenError;

/// What the supervisor refuses.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SupervisorError {
    /// The id names nobody.
    #[error("id: {0}")]
    Id(#[from] AgentIdError),
    /// There is no such agent.
    #[error("there is no agent {0}")]
    Unknown(AgentId),
    /// A parameter is wrong.
    #[error("{field}: {why}")]
    Param {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The command may not be started.
    #[error("command: {0}")]
    Executable(#[from] ExecutableError),
    /// About the manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// About `agents.json`.
    #[error(transparent)]
    Book(#[from] BookError),
    /// About the token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A file of the agent cannot be written.
    #[error("a file of the agent cannot be written: {0}")]
    File(#[from] io::Error),
    /// Too much is wanted of the agent at once, or it takes too long.
    #[error("the agent {0} is busy")]
    Busy(AgentId),
    /// The daemon is about to end.
    #[error("the daemon is shutting down")]
    Closed,
}
