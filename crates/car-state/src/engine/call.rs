use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use car_protocol::trace::TraceParent;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::Value;
use thiserror::Error;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::store::Tenant;

/// Runs tools for the engine: by asking a client, or inside the embedding program.
pub trait ToolExecutor: Send + Sync + 'static {
    /// Runs one attempt.
    ///
    /// The engine polls the future until [`ToolCall::deadline`] and then drops it. Dropping it, for that
    /// or any other reason, means that nobody waits for the answer any more: the work is to be cancelled. Before that
    /// the engine may ask for it with [`ToolCall::recalled`], and goes on waiting for a moment.
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
    /// The attempt's number in the engine's ledger; it only grows.
    pub fence: u64,
    /// Whether it undoes the action.
    pub compensation: bool,
    /// There where the tool may not be silent for long.
    pub idle: Option<Arc<IdleClock>>,
    /// Whether running it twice is the same as once.
    pub idempotent: bool,
    /// For whom it runs.
    pub tenant: Tenant,
    /// The trace that the call is a step of, where its proposal is in one. The step is this attempt.
    pub trace: Option<TraceParent>,
    /// Cancelled when the proposal ends before the call does.
    pub(crate) recall: Option<CancellationToken>,
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
            fence: 0,
            compensation: false,
            idle: None,
            idempotent: false,
            tenant: Tenant::common(),
            trace: None,
            recall: None,
            approved: false,
        }
    }

    /// Ready when the result is of no use any more. The engine waits a little longer for an answer: one that says what
    /// became of the work is better than none.
    pub fn recalled(&self) -> impl Future<Output = ()> + Send + use<> {
        let recall = self.recall.clone();
        async move {
            match recall {
                Some(recall) => recall.cancelled().await,
                None => std::future::pending().await,
            }
        }
    }
}

/// Since when nothing was heard of a call.
#[derive(Debug)]
pub struct IdleClock {
    limit: Duration,
    heard: Mutex<Instant>,
    over: AtomicBool,
}

impl IdleClock {
    /// A clock that begins now.
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            heard: Mutex::new(Instant::now()),
            over: AtomicBool::new(false),
        }
    }

    /// How long nothing may be heard.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Begins anew.
    pub(crate) fn hear(&self) {
        *self.heard.lock() = Instant::now();
    }

    /// When the time will be over, unless something is heard before.
    pub(crate) fn ends(&self) -> Instant {
        let heard = *self.heard.lock();
        heard.checked_add(self.limit).unwrap_or(heard)
    }

    /// Notes that the time is over.
    pub(crate) fn stop(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Whether the call ended for that reason.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
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
    /// Nothing was heard of it for too long.
    #[error("nothing was heard of the tool for {} ms", after.as_millis())]
    Idle {
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
            Self::Failed { .. }
            | Self::TimedOut { .. }
            | Self::Idle { .. }
            | Self::Disconnected
            | Self::Overloaded => true,
            Self::Refused { .. } | Self::Cancelled | Self::Unknown { .. } | Self::Panicked => false,
        }
    }
}
