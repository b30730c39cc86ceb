//! Runs a tool by calling back into the client that offers it.

use std::sync::Arc;

use car_protocol::rpc::tools::{CallbackMeta, Execute, ExecuteParams};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::approval::{ApprovalGate, preview};
use crate::callbacks::{CallError, Callbacks, Lease, Repeats};
use crate::engine::{ToolCall, ToolError, ToolExecutor};
use crate::host::{HostPlane, Verdict};
use crate::identity::{IdentityCell, SessionId};
use crate::policy::{Approver, Question};
use crate::session::Link;

/// Calls `tools.execute` on the session's connection, with the real deadline and attempt. When the engine stops waiting
/// the client gets `tools.cancel`.
#[derive(Debug)]
pub struct WsToolExecutor {
    session: SessionId,
    link: Arc<Link>,
    callbacks: Arc<Callbacks>,
}

impl WsToolExecutor {
    /// An executor for the session that has this link and these callbacks.
    #[must_use]
    pub fn new(session: SessionId, link: Arc<Link>, callbacks: Arc<Callbacks>) -> Self {
        Self {
            session,
            link,
            callbacks,
        }
    }

    async fn run(&self, call: ToolCall) -> Result<Value, ToolError> {
        // What the engine began may have waited since, for a person for example.
        let left = call.deadline.saturating_duration_since(Instant::now());
        let session = self.session.to_string();
        let lease = Lease {
            fence: call.fence,
            deadline: call.deadline,
            recalled: call.recalled(),
            idle: call.idle.clone(),
            repeats: if call.idempotent {
                Repeats::Yes
            } else {
                Repeats::No
            },
        };
        let params = |request_id: &str| ExecuteParams {
            action_id: call.action_id.to_string(),
            tool: call.tool.to_string(),
            parameters: call.parameters,
            timeout_ms: Some(u64::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)),
            attempt: call.attempt,
            request_id: request_id.to_owned(),
            session_id: session,
            proposal_id: Some(call.proposal_id.to_string()),
            idle_timeout_ms: call
                .idle
                .as_ref()
                .map(|idle| u64::try_from(idle.limit().as_millis()).unwrap_or(u64::MAX)),
            compensation: call.compensation.then_some(true),
            delivery: None,
            meta: call.trace.map(|trace| CallbackMeta {
                traceparent: Some(trace),
            }),
        };
        self.callbacks
            .call_tool::<Execute>(&self.link, lease, params)
            .await
            .map_err(|error| match error {
                CallError::Disconnected => ToolError::Disconnected,
                CallError::Recalled => ToolError::Cancelled,
                CallError::Overloaded => ToolError::Overloaded,
                CallError::TimedOut(_) => ToolError::TimedOut {
                    after: call.timeout,
                },
                CallError::Refused(error) => ToolError::Failed {
                    message: error.message.unwrap_or_else(|| "unknown error".to_owned()),
                },
                other => ToolError::Failed {
                    message: other.to_string(),
                },
            })
    }
}

impl ToolExecutor for WsToolExecutor {
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Result<Value, ToolError>> {
        self.run(call).boxed()
    }
}

/// Puts questions about one session's calls to a person.
#[derive(Debug)]
pub struct SessionDesk {
    gate: Arc<ApprovalGate>,
    host: Arc<HostPlane>,
    identity: Arc<IdentityCell>,
}

impl SessionDesk {
    /// For the session with this identity. Questions wait as long as the gate says.
    #[must_use]
    pub fn new(gate: Arc<ApprovalGate>, host: Arc<HostPlane>, identity: Arc<IdentityCell>) -> Self {
        Self {
            gate,
            host,
            identity,
        }
    }

    async fn agreed(&self, tool: &str, details: Value) -> Result<(), String> {
        let identity = self.identity.get();
        let (action, wait) = (format!("tool:{tool}"), self.gate.timeout());
        match self.host.ask(&identity, action, details, wait).await {
            Ok(Verdict::Approved) => Ok(()),
            Ok(Verdict::Denied(resolution)) => {
                Err(format!("a person refused the call: {resolution}"))
            }
            Ok(Verdict::TimedOut) => Err(format!("nobody decided within {} s", wait.as_secs())),
            Err(error) => Err(format!("the approval gate failed: {error}")),
        }
    }
}

impl Approver for SessionDesk {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<(), String>> {
        async move { self.agreed(&question.tool, question.details).await }.boxed()
    }
}

/// Asks a person before a gated tool runs; all other calls pass straight through, and so does one that a person has agreed
/// to already.
#[derive(Debug)]
pub struct GatedExecutor {
    desk: Arc<SessionDesk>,
    inner: Arc<dyn ToolExecutor>,
}

impl GatedExecutor {
    /// `inner` behind the gate of `desk`.
    #[must_use]
    pub fn new(desk: Arc<SessionDesk>, inner: Arc<dyn ToolExecutor>) -> Self {
        Self { desk, inner }
    }

    async fn ask_and_run(&self, call: ToolCall) -> Result<Value, ToolError> {
        let details = json!({
            "tool": &*call.tool,
            "parameters_preview": preview(&call.parameters),
            "proposal_id": &*call.proposal_id,
            "action_id": &*call.action_id,
        });
        let agreed = tokio::select! {
            biased;
            agreed = self.desk.agreed(&call.tool, details) => agreed,
            // The question is withdrawn, and nothing has run.
            () = call.recalled() => return Err(ToolError::Cancelled),
        };
        match agreed {
            Ok(()) => self.inner.execute(call).await,
            Err(message) => Err(ToolError::Refused { message }),
        }
    }
}

impl ToolExecutor for GatedExecutor {
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Result<Value, ToolError>> {
        if !call.approved && self.desk.gate.tool_requires_approval(&call.tool) {
            self.ask_and_run(call).boxed()
        } else {
            self.inner.execute(call)
        }
    }
}
