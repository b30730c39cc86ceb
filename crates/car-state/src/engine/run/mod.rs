//! One proposal under way.
//!
//! All that reads or writes the state happens in the one loop of [`Run::drive`], one action at a time; only attempts
//! at tool calls, and what they wait for, are futures beside it.

mod attempt;
mod conclude;
mod output;
mod policy;
mod settle;
mod start;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use car_protocol::rpc::proposal::{Action, ActionResult};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cache::{Key, Lead};
use super::journal::kind;
use super::plan::{Edges, Index, Plan};
use super::schedule::Schedule;
use super::{Engine, EngineError, EngineLimits, Entry, RunRequest, ToolError};
use crate::policy::{Permits, PolicyViolation};
use crate::store::Transaction;
use crate::tool_table::Tool;
use attempt::Admission;

/// A proposal between its first and its last action.
pub(super) struct Run<'e> {
    engine: &'e Engine,
    id: Arc<str>,
    request: RunRequest,
    ids: Vec<Arc<str>>,
    names: HashMap<Arc<str>, Index>,
    needs: Edges,
    /// From each action to those whose outputs it may take.
    explicit: Edges,
    /// Outputs that were stored and that later actions take.
    kept: HashMap<Index, Value>,
    schedule: Schedule,
    state: Transaction,
    results: Vec<Option<ActionResult>>,
    /// Tool calls that have begun and not ended.
    calls: HashMap<Index, Call<'e>>,
    /// Attempts that may run as soon as one of the places is free.
    queue: VecDeque<Index>,
    /// Attempts that run, and how many may.
    running: usize,
    places: usize,
    /// Questions to a person: how many are open, at most one for each place, and those that have to wait for that.
    asking: usize,
    to_ask: VecDeque<(Index, Vec<PolicyViolation>)>,
    events: FuturesUnordered<BoxFuture<'e, Event<'e>>>,
    /// When failed actions are tried again.
    retries: BinaryHeap<Reverse<(Instant, Index)>>,
    /// Tells attempts that were never polled that it is too late to begin.
    halted: Arc<AtomicBool>,
    stop: Option<Stop>,
    began: Instant,
    deadline: Option<Instant>,
    output_left: usize,
    retry_count: u64,
    tool_calls: u64,
    /// Results of idempotent actions that are forgotten if the proposal is rolled back.
    remembered: Vec<(Key, u64)>,
}

/// A tool call between its first and its last attempt.
struct Call<'e> {
    tool: Arc<Tool>,
    name: Arc<str>,
    /// Moved out by the last attempt.
    parameters: Value,
    /// What policies count it against, until it is made.
    permits: Permits,
    /// Whether a person has agreed to it.
    approved: bool,
    key: Option<Key>,
    lead: Option<Lead<'e>>,
    /// A place of the tool's own, for the attempt that is about to run.
    place: Option<OwnedSemaphorePermit>,
    /// The number of the attempt that is under way, or waits for its turn.
    attempt: u32,
    /// How many attempts were made.
    made: u32,
    /// Why the last of them failed.
    failure: Option<String>,
    began: Instant,
    deadline: Instant,
    timeout: Duration,
}

/// What the loop waits for.
enum Event<'e> {
    /// An attempt may run, or need not.
    Admitted(Index, Admission<'e>),
    /// An attempt has ended.
    Ended(Index, Result<Value, ToolError>),
    /// A person has agreed to a call, or not.
    Decided(Index, Result<(), Vec<PolicyViolation>>),
}

/// Why a proposal ends before its last action.
#[derive(Clone, Debug)]
enum Stop {
    /// An action failed that must not.
    Aborted(Index),
    /// The token.
    Cancelled,
    /// The proposal's time is over.
    TimedOut(u64),
}

impl<'e> Run<'e> {
    /// Looks the proposal over; nothing runs and nothing is recorded if it cannot.
    pub(super) fn prepare(
        engine: &'e Engine,
        mut request: RunRequest,
    ) -> Result<Self, EngineError> {
        let parts = &engine.parts;
        let limits = &parts.limits;
        let proposal = &mut request.proposal;
        let count = proposal.actions.len();
        if count > limits.actions {
            let limit = limits.actions;
            return Err(EngineError::TooManyActions { count, limit });
        }
        let id: Arc<str> = match proposal.id.take() {
            Some(id) => id.into(),
            None => parts.ids.hex12().into(),
        };
        if id.is_empty() || id.len() > limits.id_bytes {
            let limit = limits.id_bytes;
            return Err(EngineError::ProposalId { limit });
        }
        if let Some(scope) = &request.policy_scope
            && !parts.policies.is_open(scope)
        {
            let scope = scope.chars().take(64).collect();
            return Err(EngineError::UnknownScope { scope });
        }
        let own = |action: &mut Action| match action.id.take() {
            Some(id) => id.into(),
            None => parts.ids.hex12().into(),
        };
        let ids: Vec<Arc<str>> = proposal.actions.iter_mut().map(own).collect();
        let mut plan = Plan::of(&ids, proposal, limits)?;
        let began = Instant::now();
        let deadline = proposal.timeout_ms.map(Duration::from_millis);
        let run = Self {
            engine,
            id,
            schedule: Schedule::of(&mut plan),
            needs: plan.needs,
            explicit: plan.explicit,
            kept: HashMap::new(),
            names: plan.names,
            ids,
            state: Transaction::begin(&parts.store, &request.tenant),
            results: (0..count).map(|_| None).collect(),
            calls: HashMap::new(),
            queue: VecDeque::new(),
            running: 0,
            places: places(&request, limits),
            asking: 0,
            to_ask: VecDeque::new(),
            events: FuturesUnordered::new(),
            retries: BinaryHeap::new(),
            halted: Arc::default(),
            stop: None,
            began,
            deadline: deadline.and_then(|time| began.checked_add(time)),
            output_left: limits.output_bytes,
            retry_count: 0,
            tool_calls: 0,
            remembered: Vec::new(),
            request,
        };
        run.introduce();
        Ok(run)
    }

    /// Where what is logged on the way belongs.
    pub(super) fn span(&self) -> tracing::Span {
        match self.request.trace {
            Some(trace) => {
                let trace_id = trace.trace_id();
                tracing::info_span!("proposal", proposal_id = %self.id, %trace_id)
            }
            None => tracing::Span::none(),
        }
    }

    fn introduce(&self) {
        let RunRequest {
            proposal,
            tenant,
            caller,
            claims,
            ..
        } = &self.request;
        let mut data = Map::new();
        let source = proposal.source.as_deref().unwrap_or("unknown");
        data.insert("source".to_owned(), source.into());
        data.insert("actions".to_owned(), proposal.actions.len().into());
        self.note(kind::PROPOSAL_RECEIVED, None, data);
        if tenant.name().is_none() && caller.is_none() && claims.is_none() {
            return;
        }
        let mut data = Map::new();
        if let Some(caller) = caller {
            data.insert("caller_id".to_owned(), caller.as_str().into());
        }
        if let Some(tenant) = tenant.name() {
            data.insert("tenant_id".to_owned(), tenant.into());
        }
        if let Some(claims) = claims {
            data.insert("claims".to_owned(), claims.clone().into());
        }
        self.note(kind::SESSION_SCOPE, None, data);
    }

    /// Runs actions until all have ended or something stops it.
    pub(super) async fn drive(&mut self, cancel: &CancellationToken) {
        let mut cancelled = std::pin::pin!(cancel.cancelled());
        // Without a deadline it is never looked at.
        let deadline = self.deadline.unwrap_or(self.began);
        let mut over = std::pin::pin!(tokio::time::sleep_until(deadline));
        loop {
            while self.stop.is_none() {
                if cancel.is_cancelled() {
                    self.stop = Some(Stop::Cancelled);
                    break;
                }
                self.retry_due();
                self.fill_places();
                let Some(index) = self.schedule.next() else {
                    break;
                };
                self.start(index);
                // Actions on the state never wait: without this, ten thousand of them would hold up everybody else.
                tokio::task::consume_budget().await;
            }
            if self.stop.is_some() || (self.events.is_empty() && self.retries.is_empty()) {
                break;
            }
            let next_retry = self.retries.peek().map(|Reverse((at, _))| *at);
            tokio::select! {
                biased;
                () = &mut cancelled => self.stop = Some(Stop::Cancelled),
                () = &mut over, if self.deadline.is_some() => {
                    let millis = self.request.proposal.timeout_ms.unwrap_or_default();
                    self.stop = Some(Stop::TimedOut(millis));
                }
                Some(event) = self.events.next(), if !self.events.is_empty() => self.handle(event),
                () = until(next_retry), if next_retry.is_some() => {}
            }
        }
        self.halted.store(true, Ordering::Relaxed);
    }

    fn handle(&mut self, event: Event<'e>) {
        match event {
            Event::Admitted(index, admission) => self.admitted(index, admission),
            Event::Decided(index, decision) => self.decided(index, decision),
            Event::Ended(index, result) => {
                self.running -= 1;
                self.attempt_ended(index, result);
            }
        }
    }

    fn action(&self, index: Index) -> &Action {
        &self.request.proposal.actions[index as usize]
    }

    fn note(&self, kind: &'static str, action: Option<Index>, data: Map<String, Value>) {
        self.engine.parts.journal.record(Entry {
            kind,
            action_id: action.map(|index| &*self.ids[index as usize]),
            proposal_id: Some(&self.id),
            data,
        });
    }
}

/// How many attempts of a proposal may run at the same time; never none.
fn places(request: &RunRequest, limits: &EngineLimits) -> usize {
    let wanted = request
        .proposal
        .max_concurrency
        .and_then(|wanted| usize::try_from(wanted).ok());
    wanted
        .map_or(limits.concurrency, |wanted| {
            wanted.min(limits.most_concurrency)
        })
        .max(1)
}

/// So much later than now, or as late as can be told.
fn later(by: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    let now = Instant::now();
    now.checked_add(by).unwrap_or(now + FAR)
}

/// Never ends without a moment.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// The data of a note.
fn data<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
