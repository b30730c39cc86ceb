//! One proposal under way.
//!
//! All that reads or writes the state happens in the one loop of [`Run::drive`], one action at a time; only attempts
//! at tool calls, and what they wait for, are futures beside it.

mod attempt;
mod calls;
mod compensate;
mod conclude;
mod note;
mod output;
mod policy;
mod settle;
mod start;
mod stop;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::Poll;
use std::time::Duration;

use car_protocol::rpc::proposal::{Action, ActionResult};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cache::Kept;
use super::handle::Guard;
use super::plan::{Edges, Index, Plan};
use super::schedule::Schedule;
use super::{Engine, EngineError, EngineLimits, RunRequest, ToolError};
use crate::policy::PolicyViolation;
use crate::store::Transaction;
use attempt::Admission;
use calls::{Call, Calls};
use stop::Stop;

/// A proposal between its first and its last action.
pub(super) struct Run<'e> {
    engine: &'e Engine,
    id: Arc<str>,
    /// What others see of it, and its place among those under way.
    guard: Guard<'e>,
    /// Cancelled when the session ends.
    session: CancellationToken,
    request: Box<RunRequest>,
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
    calls: Calls<'e>,
    /// Attempts that may run as soon as one of the places is free.
    queue: VecDeque<Index>,
    /// Attempts that run, and how many may.
    running: usize,
    places: usize,
    /// Questions to a person: how many are open, at most one for each place, and those that have to wait for that.
    asking: usize,
    to_ask: VecDeque<(Index, Vec<PolicyViolation>)>,
    /// Cancelled when no attempt may begin any more; there once something waits that has to know.
    no_more: Option<CancellationToken>,
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
    /// Actions that were looked at, and attempts that were begun: what budgets count.
    begun_actions: u64,
    begun_calls: u64,
    /// Results of idempotent actions that are taken back if the proposal is rolled back.
    remembered: Vec<(Index, Kept)>,
    /// Actions that have succeeded and can be undone, in that order.
    undoable: Vec<Index>,
}

/// What the loop waits for.
enum Event<'e> {
    /// An attempt may run, or need not.
    Admitted(Index, Admission<'e>),
    /// An attempt has ended.
    Ended(Index, Result<Value, ToolError>),
    /// An attempt was not begun, because the proposal stopped first.
    NotBegun(Index),
    /// A person has agreed to a call, perhaps with other parameters, or not.
    Decided(Index, Result<Option<Value>, Vec<PolicyViolation>>),
    /// A question to a person is withdrawn, because no attempt may begin any more.
    Withdrawn(Index),
}

impl<'e> Run<'e> {
    /// Looks the proposal over; nothing runs and nothing is recorded if it cannot.
    pub(super) fn prepare(
        engine: &'e Engine,
        mut request: Box<RunRequest>,
        session: &CancellationToken,
    ) -> Result<Box<Self>, EngineError> {
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
        let run = Box::new(Self {
            engine,
            guard: engine.runs.begin(Arc::clone(&id), session, request.stream),
            session: session.clone(),
            id,
            schedule: Schedule::of(&mut plan),
            needs: plan.needs,
            explicit: plan.explicit,
            kept: HashMap::new(),
            names: plan.names,
            ids,
            state: Transaction::begin(&parts.store, &request.tenant),
            results: (0..count).map(|_| None).collect(),
            calls: Calls::default(),
            queue: VecDeque::new(),
            running: 0,
            places: places(&request, limits),
            asking: 0,
            to_ask: VecDeque::new(),
            no_more: None,
            events: FuturesUnordered::new(),
            retries: BinaryHeap::new(),
            halted: Arc::default(),
            stop: None,
            began,
            deadline: deadline.and_then(|time| began.checked_add(time)),
            output_left: limits.output_bytes,
            retry_count: 0,
            tool_calls: 0,
            begun_actions: 0,
            begun_calls: 0,
            remembered: Vec::new(),
            undoable: Vec::new(),
            request,
        });
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
            None => tracing::debug_span!("proposal", proposal_id = %self.id),
        }
    }

    /// Runs actions until all have ended or something stops it, and what then still runs has had a moment to answer.
    pub(super) async fn drive(&mut self) {
        let token = self.guard.handle.token.clone();
        let mut cancelled = std::pin::pin!(token.cancelled());
        let time = self.time();
        let mut over = std::pin::pin!(until(time.as_ref().map(|(at, _)| *at)));
        loop {
            while !self.is_halted() {
                if token.is_cancelled() {
                    self.stop = Some(Stop::Cancelled);
                    break;
                }
                self.retry_due();
                self.fill_places();
                if self.stop.is_some() {
                    break;
                }
                let Some(index) = self.schedule.next() else {
                    break;
                };
                self.start(index);
                // Actions on the state never wait: without this, ten thousand of them would hold up everybody else.
                tokio::task::consume_budget().await;
            }
            if self.is_halted() || (self.events.is_empty() && self.retries.is_empty()) {
                break;
            }
            let next_retry = self.retries.peek().map(|Reverse((at, _))| *at);
            tokio::select! {
                biased;
                () = &mut cancelled => self.stop = Some(Stop::Cancelled),
                () = &mut over, if time.is_some() => self.stop = time.as_ref().map(|(_, stop)| stop.clone()),
                () = self.handle_ready(), if !self.events.is_empty() => {}
                () = until(next_retry), if next_retry.is_some() => {}
            }
        }
        if self.is_halted() {
            self.call_back().await;
        }
    }

    /// Handles what has become ready, and begins what has a place now: answers that came together are seen together. Ends
    /// early where the loop has more to look at than places.
    async fn handle_ready(&mut self) {
        poll_fn(|cx| {
            let mut handled = false;
            while let Poll::Ready(Some(event)) = self.events.poll_next_unpin(cx) {
                handled = true;
                self.handle(event);
                if self.is_halted() || self.schedule.has_ready() || !self.retries.is_empty() {
                    break;
                }
                self.fill_places();
            }
            if handled {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn handle(&mut self, event: Event<'e>) {
        match event {
            Event::Admitted(index, admission) => self.admitted(index, admission),
            Event::Decided(index, decision) => self.decided(index, decision),
            Event::Withdrawn(index) => {
                self.asking -= 1;
                self.let_go(index);
            }
            Event::Ended(index, result) => {
                self.running -= 1;
                self.attempt_ended(index, result);
            }
            Event::NotBegun(index) => {
                self.running -= 1;
                if let Some(call) = self.calls.get_mut(index) {
                    call.made -= 1;
                }
            }
        }
    }

    fn action(&self, index: Index) -> &Action {
        &self.request.proposal.actions[index as usize]
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
