use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::trace::TraceParent;
use futures_util::future::BoxFuture;
use serde_json::Value;
use thiserror::Error;
use tokio::time::Instant;

use crate::store::Tenant;

/// Runs tools for the engine: by asking a client, or inside the embedding program.
pub trait ToolExecutor: Send + Sync + 'static {
    /// Runs one attempt.
    ///
    /// The engine polls the future until [`ToolCall::deadline`] and then drops it. Dropping it, for that
    /// or any other reason, means that nobody waits for the answer any more: the work is to be cancelled.
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Result<Value, ToolError>>;
}

impl fmt::Debug for dyn ToolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToolExecutor")
    }
}

/// One attempt at one tool call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ToolCall {
    /// The proposal.
    pub proposal_id: Arc<str>,
    /// The action, unique in the proposal.
    pub action_id: Arc<str>,
    /// The tool's name.
    pub tool: Arc<str>,
    /// What it takes: an object, checked against the tool's schema.
    pub parameters: Value,
    /// The time that this attempt has.
    pub timeout: Duration,
    /// When that time is over, counted from when the engine began the attempt.
    pub deadline: Instant,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// Whether running it twice is the same as once.
    pub idempotent: bool,
    /// For whom it runs.
    pub tenant: Tenant,
    /// The trace that the call is a step of, where its proposal is in one. The step is this attempt.
    pub trace: Option<TraceParent>,
    /// Whether a person has agreed to just this call already.
    pub approved: bool,
}

impl ToolCall {
    /// A first attempt for the common tenant, with the engine's default time of 300 seconds. For programs that call
    /// an executor themselves.
    #[must_use]
    pub fn new(proposal_id: &str, action_id: &str, tool: &str, parameters: Value) -> Self {
        let timeout = super::EngineLimits::default().attempt_timeout;
        Self {
            proposal_id: proposal_id.into(),
            action_id: action_id.into(),
            tool: tool.into(),
            parameters,
            timeout,
            deadline: Instant::now() + timeout,
            attempt: 1,
            idempotent: false,
            tenant: Tenant::common(),
            trace: None,
            approved: false,
        }
    }
}

/// Why an attempt gave no result.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ToolError {
    /// The tool says that it failed.
    #[error("{message}")]
    Failed {
        /// In its own words.
        message: String,
    },
    /// The tool says that it failed and that trying again is of no use.
    #[error("{message}")]
    Refused {
        /// In its own words.
        message: String,
    },
    /// There was no answer in time.
    #[error("no answer within {} ms", after.as_millis())]
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// Whoever runs the tool is gone.
    #[error("the tool's host has disconnected")]
    Disconnected,
    /// The call was taken back.
    #[error("canceled: the call was taken back")]
    Cancelled,
    /// Nobody runs this tool.
    #[error("unknown tool `{tool}`")]
    Unknown {
        /// Its name.
        tool: String,
    },
    /// Whoever runs the tool cannot take more calls now.
    #[error("the tool's host cannot take more calls now")]
    Overloaded,
    /// The executor panicked. What it said is in the log only.
    #[error("the tool panicked")]
    Panicked,
}

impl ToolError {
    /// Whether another attempt could succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Failed { .. } | Self::TimedOut { .. } | Self::Disconnected | Self::Overloaded => {
                true
            }
            Self::Refused { .. } | Self::Cancelled | Self::Unknown { .. } | Self::Panicked => false,
        }
    }
}
