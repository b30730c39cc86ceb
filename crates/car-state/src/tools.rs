//! Runs a tool by calling back into the client that offers it.

use std::sync::Arc;

use car_protocol::rpc::tools::{CallbackMeta, Execute, ExecuteParams};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::approval::{ApprovalGate, preview};
use crate::callbacks::{CallError, Callbacks, Repeats};
use crate::engine::{ToolCall, ToolError, ToolExecutor};
use crate::host::{HostPlane, Verdict};
use crate::identity::{IdentityCell, SessionId};
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
        let repeats = if call.idempotent {
            Repeats::Yes
        } else {
            Repeats::No
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
            delivery: None,
            meta: call.trace.map(|trace| CallbackMeta {
                traceparent: Some(trace),
            }),
        };
        self.callbacks
            .call::<Execute>(&self.link, call.deadline, repeats, params)
            .await
            .map_err(|error| match error {
                CallError::Disconnected => ToolError::Disconnected,
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

/// Asks a person before a gated tool runs; all other calls pass straight through.
#[derive(Debug)]
pub struct GatedExecutor {
    gate: Arc<ApprovalGate>,
    host: Arc<HostPlane>,
    identity: Arc<IdentityCell>,
    inner: Arc<dyn ToolExecutor>,
}

impl GatedExecutor {
    /// `inner` behind `gate`, for the session with this identity.
    #[must_use]
    pub fn new(
        gate: Arc<ApprovalGate>,
        host: Arc<HostPlane>,
        identity: Arc<IdentityCell>,
        inner: Arc<dyn ToolExecutor>,
    ) -> Self {
        Self {
            gate,
            host,
            identity,
            inner,
        }
    }

    async fn ask_and_run(&self, call: ToolCall) -> Result<Value, ToolError> {
        let details = json!({
            "tool": &*call.tool,
            "parameters_preview": preview(&call.parameters),
            "proposal_id": &*call.proposal_id,
            "action_id": &*call.action_id,
        });
        let identity = self.identity.get();
        let action = format!("tool:{}", call.tool);
        let refused = |message: String| Err(ToolError::Refused { message });
        match self
            .host
            .ask(&identity, action, details, self.gate.timeout())
            .await
        {
            Ok(Verdict::Approved) => self.inner.execute(call).await,
            Ok(Verdict::Denied(resolution)) => {
                refused(format!("a person refused the call: {resolution}"))
            }
            Ok(Verdict::TimedOut) => refused(format!(
                "nobody decided within {} s",
                self.gate.timeout().as_secs()
            )),
            Err(error) => refused(format!("the approval gate failed: {error}")),
        }
    }
}

impl ToolExecutor for GatedExecutor {
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Result<Value, ToolError>> {
        if self.gate.tool_requires_approval(&call.tool) {
            self.ask_and_run(call).boxed()
        } else {
            self.inner.execute(call)
        }
    }
}
