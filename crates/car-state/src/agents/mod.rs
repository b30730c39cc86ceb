//! Agents that the daemon starts and looks after: who they are, what they may use, and what to do when one ends.

mod id;
mod tokens;

pub use id::{AgentId, AgentIdError};
pub use tokens::AgentTokens;
