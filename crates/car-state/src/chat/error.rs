use car_protocol::rpc::agents_chat::Outcome;
use thiserror::Error;

use crate::log::LogError;
use crate::results::ResultError;

/// Why a chat does not go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChatError {
    /// No agent has this id.
    #[error("no agent has the id {0}")]
    UnknownAgent(String),
    /// The agent is known, and not connected.
    #[error("agent {0} is not attached")]
    AgentAway(String),
    /// There is no such chat.
    #[error("no chat has the id {0}")]
    Unknown(String),
    /// The chat belongs to another credential.
    #[error("chat {0} was begun by somebody else")]
    NotOwner(String),
    /// The chat is with another agent.
    #[error("chat {chat} is with agent {agent}")]
    OtherAgent {
        /// The chat.
        chat: String,
        /// Its agent.
        agent: String,
    },
    /// A turn of the chat runs.
    #[error("turn {0} of this chat is running")]
    Busy(String),
    /// A session speaks in a chat that it was not asked in.
    #[error("this session was not asked in chat {0}")]
    Foreign(String),
    /// The turn ended before the agent had taken the prompt.
    #[error("the agent did not take the prompt: {why}")]
    NotTaken {
        /// How it ended.
        outcome: Outcome,
        /// What is known about it.
        why: String,
    },
    /// A parameter is out of bounds.
    #[error("{field} is {what}")]
    Bounds {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        what: String,
        /// The bound.
        limit: usize,
    },
    /// A parameter is nothing that is taken.
    #[error("{field} is {what}")]
    Unfit {
        /// Which.
        field: &'static str,
        /// What it has to be.
        what: &'static str,
    },
    /// There is too much of something already.
    #[error("there are {limit} {what} already")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// What came along cannot be kept.
    #[error(transparent)]
    Attachment(#[from] ResultError),
    /// It cannot be told or written down.
    #[error(transparent)]
    Log(#[from] LogError),
}
