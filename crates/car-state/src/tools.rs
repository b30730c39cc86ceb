//! Runs a tool by calling back into the client that offers it.

use std::sync::Arc;

use car_protocol::rpc::tools::{CallbackMeta, Execute, ExecuteParams};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::approval::{
    Act, ApprovalGate, Approvals, Operation, Question as Asks, Requester, Terms, ToolVersion,
    Verdict, preview,
};
use crate::callbacks::{CallError, Callbacks, Lease, Repeats};
use crate::engine::{ToolCall, ToolError, ToolExecutor};
use crate::identity::{IdentityCell, SessionId};
use crate::policy::{Approver, Question};
use crate::session::Link;
use crate::tool_table::ToolTable;

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
    approvals: Arc<Approvals>,
    identity: Arc<IdentityCell>,
    tools: Arc<ToolTable>,
}

impl SessionDesk {
    /// For the session with this identity. Questions wait as long as the gate says.
    #[must_use]
    pub fn new(
        gate: Arc<ApprovalGate>,
        approvals: Arc<Approvals>,
        identity: Arc<IdentityCell>,
        tools: Arc<ToolTable>,
    ) -> Self {
        Self {
            gate,
            approvals,
            identity,
            tools,
        }
    }

    /// Asks about one call; what it runs with instead, where a person said so.
    async fn agreed(
        &self,
        tool: &str,
        parameters: &Value,
        details: Value,
        editable: bool,
    ) -> Result<Option<Value>, String> {
        let identity = self.identity.get();
        let known = self.tools.get(tool);
        let version = known
            .as_ref()
            .and_then(|tool| ToolVersion::of_schema(&tool.definition().parameters).ok());
        let operation = Operation::Tool {
            name: tool.into(),
            version,
        };
        let act = Act::new(operation, parameters, Requester::from(&identity));
        let act = act.map_err(|error| format!("the approval gate failed: {error}"))?;
        let terms = Terms {
            editable,
            ..self.gate.terms()
        };
        let question = Asks {
            action: format!("tool:{tool}"),
            act,
            details,
            terms,
            because: None,
            key: None,
        };
        let edits = match self.approvals.ask(&identity, question).await {
            Ok(Verdict::Approved(consent)) => consent.edits,
            Ok(verdict) => return Err(verdict.told_to_caller()),
            Err(error) => return Err(format!("the approval gate failed: {error}")),
        };
        if let (Some(edits), Some(tool)) = (&edits, known) {
            let fits = tool.check_parameters(edits);
            fits.map_err(|why| format!("what a person put in its place does not fit: {why}"))?;
        }
        Ok(edits)
    }
}

impl Approver for SessionDesk {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<(), String>> {
        async move {
            let Question {
                tool,
                parameters,
                details,
            } = question;
            let agreed = self.agreed(&tool, &parameters, details, false).await;
            agreed.map(drop)
        }
        .boxed()
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

    async fn ask_and_run(&self, mut call: ToolCall) -> Result<Value, ToolError> {
        let details = json!({
            "tool": &*call.tool,
            "parameters_preview": preview(&call.parameters),
            "proposal_id": &*call.proposal_id,
            "action_id": &*call.action_id,
        });
        let agreed = tokio::select! {
            biased;
            agreed = self.desk.agreed(&call.tool, &call.parameters, details, true) => agreed,
            // The question is withdrawn, and nothing has run.
            () = call.recalled() => return Err(ToolError::Cancelled),
        };
        match agreed {
            Ok(edits) => {
                if let Some(edits) = edits {
                    call.parameters = edits;
                }
                self.inner.execute(call).await
            }
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
