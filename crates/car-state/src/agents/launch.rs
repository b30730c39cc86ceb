//! How the supervisor makes processes, without knowing how that is done.

use std::fmt::Debug;
use std::sync::Arc;

use car_protocol::rpc::agents::AgentSpec;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use thiserror::Error;

use super::{AgentId, AgentLogs};
use crate::token::Token;

/// What is to be started.
#[derive(Debug)]
pub struct Launch {
    /// The agent.
    pub id: AgentId,
    /// How.
    pub spec: AgentSpec,
    /// Its token, for the environment of its process.
    pub token: Token,
    /// Where what it writes goes.
    pub logs: Arc<AgentLogs>,
}

/// Makes processes.
pub trait Launcher: Debug + Send + Sync + 'static {
    /// Makes the process of an agent.
    fn launch(&self, launch: Launch) -> BoxFuture<'static, Result<Box<dyn Process>, LaunchError>>;
}

/// The process of an agent with all that it starts. Dropping it makes them end.
pub trait Process: Debug + Send + Sync + 'static {
    /// The number of the process.
    fn pid(&self) -> Option<u32>;
    /// Asks it to end.
    fn terminate(&mut self);
    /// Makes it end, with all that it started.
    fn kill(&mut self);
    /// Ready when it and all that it started have ended. May be dropped and called again.
    fn ended(&mut self) -> BoxFuture<'_, Ended>;
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ended {
    /// Its code; -1 where a signal ended it.
    pub code: i32,
}

/// Why there is no process.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// This daemon makes none.
    #[error("this daemon starts no processes")]
    Unsupported,
    /// It may not be started as it is to be: another try would not help.
    #[error("{0}")]
    Refused(String),
    /// The system refuses.
    #[error("the process cannot be made: {0}")]
    System(String),
}

/// Makes no processes: for programs that want none.
#[derive(Clone, Copy, Debug)]
pub struct NoLauncher;

impl Launcher for NoLauncher {
    fn launch(&self, _: Launch) -> BoxFuture<'static, Result<Box<dyn Process>, LaunchError>> {
        ready(Err(LaunchError::Unsupported)).boxed()
    }
}

/// Who knows whether an agent is connected.
pub trait Presence: Debug + Send + Sync + 'static {
    /// The session that is bound to the agent.
    fn session(&self, id: &AgentId) -> Option<String>;
    /// Whether that session answers `agent.ping`; none where there is no session or it cannot be asked.
    fn ping(&self, id: &AgentId) -> BoxFuture<'static, Option<bool>>;
}

/// Knows of no sessions.
#[derive(Clone, Copy, Debug)]
pub struct NobodyAttached;

impl Presence for NobodyAttached {
    fn session(&self, _: &AgentId) -> Option<String> {
        None
    }

    fn ping(&self, _: &AgentId) -> BoxFuture<'static, Option<bool>> {
        ready(None).boxed()
    }
}
