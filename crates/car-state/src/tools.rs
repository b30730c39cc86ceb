//! Runs a tool by calling back into the client that offers it.

use std::sync::Arc;
use std::time::Duration;

use car_protocol::jsonrpc::{Id, encode_request};
use car_protocol::method::Callback as _;
use car_protocol::rpc::tools::{CallbackMeta, Execute};
use futures_util::future::{BoxFuture, ready};
use futures_util::{FutureExt as _, TryFutureExt as _};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::approval::rules::{
    Arguments, Asking, Called, Judgement, NoRules, Rules, Ruling, Speaking, Subject,
};
use crate::approval::{
    Act, ApprovalGate, Approvals, EditCheck, Operation, Question as Asks, Requester, Terms,
    ToolVersion, Verdict, preview,
};
use crate::callbacks::{CallError, Callbacks, Lease, Repeats};
use crate::clock::{Clock, SystemClock};
use crate::engine::{ToolCall, ToolError, ToolExecutor};
use crate::host::HostPlane;
use crate::identity::{Identity, IdentityCell, SessionId};
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

    /// Asks the client at once. What waits for its answer holds nothing of the call.
    fn ask(
        &self,
        call: ToolCall,
    ) -> Result<impl Future<Output = Result<Value, ToolError>> + Send + use<>, ToolError> {
        // What the engine began may have waited since, for a person for example.
        let left = call.deadline.saturating_duration_since(Instant::now());
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
        let millis = |time: u128| u64::try_from(time).unwrap_or(u64::MAX);
        let idle = call.idle.as_ref().map(|idle| idle.limit().as_millis());
        let encode = |id: &str| {
            let request = Request {
                action_id: &call.action_id,
                tool: &call.tool,
                parameters: &call.parameters,
                timeout_ms: millis(left.as_micros().div_ceil(1_000)),
                attempt: call.attempt,
                request_id: id,
                session_id: self.session.as_str(),
                proposal_id: &call.proposal_id,
                idle_timeout_ms: idle.map(millis),
                compensation: call.compensation.then_some(true),
                meta: call.trace.map(|trace| CallbackMeta {
                    traceparent: Some(trace),
                }),
            };
            encode_request(&Id::string(id), Execute::NAME, &request)
        };
        let after = call.timeout;
        let asked = self.callbacks.ask::<Execute>(&self.link, &lease, encode);
        let asked = asked.map_err(|error| failure(error, after))?;
        let answer = asked.result::<Execute>(lease.recalled);
        Ok(answer.map_err(move |error| failure(error, after)))
    }
}

/// [`ExecuteParams`](car_protocol::rpc::tools::ExecuteParams) of a call, borrowed from it.
#[derive(Serialize)]
struct Request<'a> {
    action_id: &'a str,
    tool: &'a str,
    parameters: &'a Value,
    timeout_ms: u64,
    attempt: u32,
    request_id: &'a str,
    session_id: &'a str,
    proposal_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_timeout_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compensation: Option<bool>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<CallbackMeta>,
}

/// What the failure of a callback means for its tool call.
fn failure(error: CallError, after: Duration) -> ToolError {
    match error {
        CallError::Disconnected => ToolError::Disconnected,
        CallError::Recalled => ToolError::Cancelled,
        CallError::Overloaded => ToolError::Overloaded,
        CallError::TimedOut(_) => ToolError::TimedOut { after },
        CallError::Refused(error) => ToolError::Failed {
            message: error.message.unwrap_or_else(|| "unknown error".to_owned()),
        },
        other => ToolError::Failed {
            message: other.to_string(),
        },
    }
}

impl ToolExecutor for WsToolExecutor {
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Result<Value, ToolError>> {
        match self.ask(call) {
            Ok(answer) => answer.boxed(),
            Err(error) => ready(Err(error)).boxed(),
        }
    }
}

/// Puts questions about one session's calls to a person.
#[derive(Debug)]
pub struct SessionDesk {
    gate: Arc<ApprovalGate>,
    approvals: Arc<Approvals>,
    identity: Arc<IdentityCell>,
    tools: Arc<ToolTable>,
    rules: Arc<dyn Rules>,
    host: Option<Arc<HostPlane>>,
    clock: Arc<dyn Clock>,
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
            rules: Arc::new(NoRules::default()),
            host: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Asks these rules, too. They may want to know which agents of `host` the session speaks for.
    #[must_use]
    pub fn under(
        mut self,
        rules: Arc<dyn Rules>,
        host: Arc<HostPlane>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        (self.rules, self.host, self.clock) = (rules, Some(host), clock);
        self
    }

    fn speaking(&self, identity: &Identity) -> Speaking {
        match &self.host {
            Some(host) => Speaking::of(host, identity),
            None => Speaking::bound(identity),
        }
    }

    /// What becomes of a call of a tool.
    fn judge(&self, tool: &str, parameters: &Value, asked: bool) -> Judgement {
        let gated = !asked && self.gate.tool_requires_approval(tool);
        let ruling = match self.rules.reaches_tool(tool) {
            true => {
                let identity = self.identity.get();
                self.rules.judge(&Subject {
                    called: Called::Tool(tool),
                    arguments: Arguments::Value(parameters),
                    identity: &identity,
                    speaking: &|| self.speaking(&identity),
                    at: self.clock.now(),
                })
            }
            false => None,
        };
        match Judgement::of(&self.gate, gated, ruling) {
            // A person has agreed to exactly this already.
            Judgement::Ask(_) if asked => Judgement::Run,
            judgement => judgement,
        }
    }

    /// Asks about one call; what it runs with instead, where a person said so.
    async fn agreed(
        &self,
        tool: &str,
        parameters: &Value,
        details: Value,
        asking: &Asking,
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
        let speaking = self.speaking(&identity);
        let act = act
            .of_agent(speaking.agent())
            .in_project(speaking.project())
            .under(asking.revision());
        let terms = Terms {
            editable: true,
            ..asking.terms(&self.gate)
        };
        let question = Asks {
            action: format!("tool:{tool}"),
            act,
            details,
            terms,
            because: asking.because(),
            key: None,
            edits: known
                .clone()
                .map(|tool| EditCheck::new(move |edits: &Value| tool.check_parameters(edits))),
        };
        let edits = match self.approvals.ask(&identity, question).await {
            Ok(Verdict::Approved(consent)) => consent.edits,
            Ok(verdict) => return Err(verdict.told_to_caller()),
            Err(error) => return Err(format!("the approval gate failed: {error}")),
        };
        if let (Some(edits), Some(tool)) = (&edits, known) {
            tool.check_edits(edits)?;
            if let Judgement::Deny(ruling) = self.judge(&tool.definition().name, edits, true) {
                return Err(refused(&ruling));
            }
        }
        Ok(edits)
    }
}

impl Approver for SessionDesk {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Option<Value>, String>> {
        async move {
            let Question {
                tool,
                parameters,
                details,
            } = question;
            let asking = match self.judge(&tool, &parameters, false) {
                Judgement::Deny(ruling) => return Err(refused(&ruling)),
                Judgement::Ask(asking) => asking,
                // It is a policy that asks.
                Judgement::Run => Asking {
                    ruling: None,
                    timeout: self.gate.timeout(),
                },
            };
            self.agreed(&tool, &parameters, details, &asking).await
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

    async fn ask_and_run(&self, mut call: ToolCall, asking: Asking) -> Result<Value, ToolError> {
        let details = json!({
            "action_id": &*call.action_id,
            "parameters_preview": preview(&call.parameters),
            "proposal_id": &*call.proposal_id,
            "tool": &*call.tool,
        });
        let agreed = tokio::select! {
            biased;
            agreed = self.desk.agreed(&call.tool, &call.parameters, details, &asking) => agreed,
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
        match self.desk.judge(&call.tool, &call.parameters, call.approved) {
            Judgement::Run => self.inner.execute(call),
            Judgement::Ask(asking) => self.ask_and_run(call, asking).boxed(),
            Judgement::Deny(ruling) => {
                let message = refused(&ruling);
                ready(Err(ToolError::Refused { message })).boxed()
            }
        }
    }
}

/// Why a rule does not let a tool run, for whoever called it.
fn refused(ruling: &Ruling) -> String {
    format!("the rule {} refuses it: {}", ruling.rule, ruling.because)
}
