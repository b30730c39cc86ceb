//! Agents that the daemon starts and looks after: who they are, what they may use, and what to do when one ends.
//!
//! [`Machine`] decides, pure; [`Supervisor`] has the agents and a task for each that was started; a [`Launcher`] makes
//! processes. What a conversation with an agent is, is not known here.

mod book;
mod error;
mod executable;
mod id;
mod launch;
mod logs;
mod machine;
mod manifest;
mod roster;
mod supervised;
mod supervisor;
mod tokens;

pub use book::{AgentBook, BookError, MAX_AGENTS, Written};
pub use error::SupervisorError;
pub use executable::{ExecutableError, Fingerprint};
pub use id::{AgentId, AgentIdError};
pub use launch::{
    Ended, Launch, LaunchError, Launcher, NoLauncher, NobodyAttached, Presence, Process,
};
pub use logs::{AgentLogs, LOG_BYTES, LOG_FILES};
pub use machine::{
    Effect, HEALTHY_AFTER, Input, LONGEST_BACKOFF, Machine, Phase, RestartRule, STOP_GRACE, Timer,
    backoff,
};
pub use manifest::{Manifest, ManifestError};
pub use supervisor::{AgentsConfig, Supervisor};
pub use tokens::AgentTokens;
