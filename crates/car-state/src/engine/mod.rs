//! Runs proposals: verified, isolated, in parallel where their data allows it, and accounted for.
//!
//! The engine decides what may run, when, how often and for how long, and what becomes of the state. It knows nothing
//! of sockets and JSON-RPC: a [`ToolExecutor`] runs tools for it, a [`Journal`] takes note. It spawns no task: all of
//! a proposal runs inside the future of [`Engine::run`], and ends with it.

mod backoff;
mod cache;
mod call;
mod error;
mod handle;
mod journal;
mod ledger;
mod limits;
mod outside;
pub(crate) mod plan;
mod run;
mod schedule;

use std::sync::Arc;

use car_protocol::rpc::proposal::{ActionProposal, ProposalResult, SubmitParams};
use car_protocol::trace::TraceParent;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

pub use call::{IdleClock, ToolCall, ToolError, ToolExecutor};
pub use error::EngineError;
pub use handle::CancelOutcome;
pub use journal::{Data, Datum, Entry, Journal, NoJournal, kind, step};
pub use limits::EngineLimits;
pub use plan::{StructureError, StructureProblem, refers_to_output};

use crate::clock::{Clock, IdSource};
use crate::policy::{Approver, PolicyBook};
use crate::results::ResultKeeper;
use crate::store::{StateStore, Tenant};
use crate::tool_table::ToolTable;
use cache::Cache;
use handle::Runs;
use ledger::Ledger;
use run::Run;

/// What an engine works with.
#[derive(Clone, Debug)]
pub struct EngineParts {
    /// The session's state.
    pub store: Arc<StateStore>,
    /// The session's tools.
    pub tools: Arc<ToolTable>,
    /// The session's policies.
    pub policies: Arc<PolicyBook>,
    /// Who asks a person where policies want one to agree.
    pub approver: Arc<dyn Approver>,
    /// Who keeps what is too big to be carried.
    pub results: Arc<dyn ResultKeeper>,
    /// Who runs tools.
    pub executor: Arc<dyn ToolExecutor>,
    /// Who takes note.
    pub journal: Arc<dyn Journal>,
    /// Wall time, for the timestamps of results.
    pub clock: Arc<dyn Clock>,
    /// Ids of proposals and actions that bring none, and the chance in back-off delays.
    pub ids: Arc<dyn IdSource>,
    /// The bounds.
    pub limits: EngineLimits,
}

/// The engine of one session. It holds nothing but its parts until a tool with something to remember has run.
#[derive(Debug)]
pub struct Engine {
    parts: EngineParts,
    idempotent: Cache,
    results: Cache,
    runs: Runs,
    ledger: Ledger,
}

/// One proposal to be run.
#[derive(Clone, Debug, Default)]
pub struct RunRequest {
    /// The proposal.
    pub proposal: ActionProposal,
    /// A policy scope, whose policies apply besides the session's.
    pub policy_scope: Option<String>,
    /// Whose state is read and written.
    pub tenant: Tenant,
    /// Who asks.
    pub caller: Option<String>,
    /// Claims about the caller; recorded.
    pub claims: Option<Map<String, Value>>,
    /// The trace that it is a step of.
    pub trace: Option<TraceParent>,
    /// Whether its steps are told from the start.
    pub stream: bool,
}

impl TryFrom<SubmitParams> for RunRequest {
    type Error = EngineError;

    fn try_from(params: SubmitParams) -> Result<Self, EngineError> {
        let scope = params.scope.unwrap_or_default();
        Ok(Self {
            proposal: params.proposal,
            policy_scope: params.session_id,
            tenant: Tenant::of(scope.tenant_id.as_deref()).map_err(EngineError::Tenant)?,
            caller: scope.caller_id,
            claims: scope.claims,
            trace: None,
            stream: params.stream,
        })
    }
}

impl Engine {
    /// An engine of these parts.
    #[must_use]
    pub fn new(parts: EngineParts) -> Self {
        Self {
            parts,
            idempotent: Cache::default(),
            results: Cache::default(),
            runs: Runs::default(),
            ledger: Ledger::default(),
        }
    }

    /// What it works with.
    #[must_use]
    pub fn parts(&self) -> &EngineParts {
        &self.parts
    }

    /// Runs a proposal to its end.
    ///
    /// Proposals of one engine may run at the same time: each works on a snapshot of the state and its own writes,
    /// which become visible together when it ends well. What is logged meanwhile names the trace that the request is a
    /// step of.
    ///
    /// Cancelling the token ends it early, as [`cancel`](Self::cancel) does: tools that run are told, and have
    /// [`EngineLimits::cancel_grace`] to answer; what succeeded is compensated where the proposal says how, within
    /// [`EngineLimits::wind_down`]; then there is a status and a reason for every action. Dropping the future ends it
    /// without a result and without compensations. Either way nothing is written.
    ///
    /// # Errors
    /// The proposal cannot be run, or its writes cannot be kept.
    pub async fn run(
        &self,
        request: impl Into<Box<RunRequest>>,
        cancel: CancellationToken,
    ) -> Result<ProposalResult, EngineError> {
        let mut run = Run::prepare(self, request.into(), &cancel)?;
        let span = run.span();
        run.drive().instrument(span.clone()).await;
        let ended = run.conclude().instrument(span.clone()).await;
        let _entered = span.entered();
        match &ended {
            Ok(result) => {
                let proposal = &*result.proposal_id;
                tracing::debug!(proposal, outcome = ?result.outcome, "a proposal has ended");
            }
            Err(error) => tracing::debug!(%error, "a proposal was not taken"),
        }
        ended
    }
}

#[cfg(test)]
mod tests;
