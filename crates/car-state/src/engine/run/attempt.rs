use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use car_protocol::rpc::proposal::FailureKind;
use futures_util::FutureExt as _;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::super::cache::{Cache, Claim, Key, Lead};
use super::super::call::IdleClock;
use super::super::journal::{Datum, kind};
use super::super::ledger::state_of;
use super::super::plan::Index;
use super::super::{Engine, ToolCall, ToolError};
use super::{Call, Event, Run, later};
use crate::policy::{Verdict, panic_text};
use crate::tool_table::{Reservation, Tool};

/// What an attempt finds before it runs.
pub(super) enum Admission<'e> {
    /// It may run, in this place if the tool has few, and with this place in the line if it has a rate limit.
    Go(
        Option<Lead<'e>>,
        Option<OwnedSemaphorePermit>,
        Option<Reservation>,
    ),
    /// It need not: the result of an equal action is there.
    Hit(Arc<Value>),
    /// It need not: the tool's earlier result is still good. The lead is to be told.
    Cached(Arc<Value>, Option<Lead<'e>>),
    /// The tool's rate limit would let it run only after so long.
    TooOften(Duration),
    /// Its time is over.
    TooLate,
    /// No attempt may begin any more.
    NoMore,
}

impl<'e> Run<'e> {
    pub(super) fn begin_call(
        &mut self,
        index: Index,
        tool: Arc<Tool>,
        parameters: Value,
        verdict: Verdict,
    ) {
        let action = self.action(index);
        let limits = &self.engine.parts.limits;
        let timeout = action
            .timeout_ms
            .map_or(limits.attempt_timeout, Duration::from_millis);
        let name: Arc<str> = tool.definition().name.as_str().into();
        let remembers = action.idempotent || tool.definition().cache_ttl_secs.is_some();
        let key = remembers.then(|| {
            let tenant = self.request.tenant.clone();
            Key::new(
                tenant,
                Arc::clone(&name),
                tool.generation(),
                parameters.clone(),
            )
        });
        let now = Instant::now();
        let call = Call {
            timeout: timeout.min(limits.longest_timeout),
            tool,
            name,
            parameters,
            permits: verdict.permits,
            approved: false,
            key,
            lead: None,
            place: None,
            turn: None,
            attempt: 0,
            made: 0,
            failure: None,
            last_words: None,
            began: now,
            deadline: now,
        };
        self.calls.insert(index, call);
        if verdict.approvals.is_empty() {
            self.begin_attempt(index);
        } else {
            self.ask(index, verdict.approvals);
        }
    }

    /// Begins the next attempt: it may have to wait for an equal action, or for the tool's rate limit.
    pub(super) fn begin_attempt(&mut self, index: Index) {
        let idempotent = self.action(index).idempotent;
        let Some(call) = self.calls.get_mut(index) else {
            return;
        };
        call.attempt += 1;
        call.deadline = later(call.timeout);
        if let Some(over) = self.deadline {
            call.deadline = call.deadline.min(over);
        }
        if call.key.is_none() && call.tool.rate().is_none() && call.tool.places().is_none() {
            return self.queue.push_back(index);
        }
        let lead = call.lead.take();
        let gate = Gate {
            engine: self.engine,
            tool: Arc::clone(&call.tool),
            key: call.key.clone(),
            claims: idempotent && lead.is_none(),
            lead,
            deadline: call.deadline,
        };
        let no_more = self.no_more();
        let wait = async move { Event::Admitted(index, gate.pass(&no_more).await) };
        self.events.push(wait.boxed());
    }

    pub(super) fn admitted(&mut self, index: Index, admission: Admission<'e>) {
        let Some(call) = self.calls.get_mut(index) else {
            return;
        };
        match admission {
            Admission::Go(lead, place, turn) => {
                (call.lead, call.place, call.turn) = (lead, place, turn);
                self.queue.push_back(index);
            }
            Admission::Hit(value) => self.reuse(index, &value, true),
            Admission::Cached(value, lead) => {
                call.lead = lead;
                self.reuse(index, &value, false);
            }
            Admission::TooOften(wait) => {
                let millis = wait.as_millis();
                let error = format!(
                    "the rate limit of `{}` is used up: try again in {millis} ms",
                    call.name
                );
                self.attempt_failed(index, error, false);
                self.say(index, FailureKind::RateLimited, Some(wait));
            }
            Admission::NoMore => self.let_go(index),
            Admission::TooLate => {
                let after = call.timeout;
                let error = ToolError::TimedOut { after };
                self.attempt_failed(index, error.to_string(), true);
            }
        }
    }

    /// Takes up the actions whose back-off delay is over.
    pub(super) fn retry_due(&mut self) {
        while let Some(std::cmp::Reverse((at, index))) = self.retries.peek().copied() {
            if at > Instant::now() {
                break;
            }
            self.retries.pop();
            self.begin_attempt(index);
        }
    }

    /// Runs attempts that wait for nothing but a place.
    pub(super) fn fill_places(&mut self) {
        while self.running < self.places {
            let Some(index) = self.queue.pop_front() else {
                return;
            };
            self.launch(index);
        }
    }

    fn launch(&mut self, index: Index) {
        if !self.count_call() {
            return self.let_go(index);
        }
        let last = self.attempts_of(index);
        let action = self.action(index);
        let (idempotent, idle) = (action.idempotent, action.idle_timeout_ms);
        let Some(call) = self.calls.get_mut(index) else {
            return;
        };
        let deadline = call.deadline;
        let left = deadline.saturating_duration_since(Instant::now());
        // In whole milliseconds, as it was asked for, though some microseconds have passed since.
        let millis = u64::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
        let timeout = Duration::from_millis(millis);
        let parameters = if call.attempt < last {
            call.parameters.clone()
        } else {
            std::mem::take(&mut call.parameters)
        };
        let idle = idle.or(call.tool.definition().idle_timeout_ms);
        let idle = idle.map(|millis| Arc::new(IdleClock::new(Duration::from_millis(millis))));
        let attempt = ToolCall {
            proposal_id: Arc::clone(&self.id),
            action_id: Arc::clone(&self.ids[index as usize]),
            tool: Arc::clone(&call.name),
            parameters,
            timeout,
            deadline,
            attempt: call.attempt,
            fence: 0,
            compensation: false,
            idle,
            idempotent: idempotent || call.tool.definition().idempotent,
            tenant: self.request.tenant.clone(),
            trace: self
                .request
                .trace
                .map(|trace| trace.child(self.engine.parts.ids.span_id())),
            recall: Some(self.guard.handle.token.clone()),
            approved: call.approved,
        };
        call.made += 1;
        let (place, turn) = (call.place.take(), call.turn.take());
        let mut permits = std::mem::take(&mut call.permits);
        self.running += 1;
        let data = [
            ("tool", Datum::Text(&attempt.tool)),
            ("attempt", Datum::Number(attempt.attempt.into())),
            ("timeout_ms", Datum::Number(millis)),
        ];
        self.note(kind::ACTION_EXECUTING, Some(index), &data);
        let span = tracing::debug_span!(
            "action",
            proposal_id = %self.id,
            action_id = %attempt.action_id,
            tool = %attempt.tool,
            attempt = attempt.attempt,
        );
        let (engine, halted) = (self.engine, Arc::clone(&self.halted));
        let work = async move {
            if halted.load(Ordering::Relaxed) {
                return Event::NotBegun(index);
            }
            // Only now is it a call that was made.
            permits.use_up();
            if let Some(turn) = turn {
                turn.use_up();
            }
            let result = execute(engine, attempt).await;
            drop(place);
            Event::Ended(index, result)
        };
        self.events.push(work.instrument(span).boxed());
    }
}

/// One attempt, begun at once. A panic of the executor is the action's failure, not the proposal's end.
///
/// What runs holds as little of the call as can be: there may be many, and each is moved into a place of its own.
pub(super) fn execute(
    engine: &Engine,
    mut call: ToolCall,
) -> impl Future<Output = Result<Value, ToolError>> + Send + use<'_> {
    let (after, deadline) = (call.timeout, call.deadline);
    let (proposal, action) = (Arc::clone(&call.proposal_id), Arc::clone(&call.action_id));
    let keep = engine.parts.limits.known_calls;
    let lease = engine
        .ledger
        .open(&mut call, engine.parts.clock.now(), keep);
    let idle = call.idle.clone();
    let begun = catch_unwind(AssertUnwindSafe(|| engine.parts.executor.execute(call)));
    async move {
        let run = async {
            match begun {
                Ok(run) => AssertUnwindSafe(run).catch_unwind().await,
                Err(panic) => Err(panic),
            }
        };
        let ended = match idle {
            None => timeout_at(deadline, run)
                .await
                .map_err(|_| ToolError::TimedOut { after }),
            Some(idle) => heard(run, deadline, after, &idle).await,
        };
        let result = match ended {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => {
                tracing::error!(%proposal, %action, said = panic_text(&*panic), "a tool panicked");
                Err(ToolError::Panicked)
            }
            Err(error) => Err(error),
        };
        lease.decide(state_of(&result));
        result
    }
}

/// The end of `run`, unless its time is over before, or nothing was heard of it for too long.
async fn heard<F: Future>(
    run: F,
    deadline: Instant,
    after: Duration,
    idle: &IdleClock,
) -> Result<F::Output, ToolError> {
    let mut run = std::pin::pin!(run);
    loop {
        let silent = idle.ends();
        tokio::select! {
            biased;
            ended = &mut run => return Ok(ended),
            () = sleep_until(silent.min(deadline)) => {}
        }
        let now = Instant::now();
        if now >= deadline {
            return Err(ToolError::TimedOut { after });
        }
        // Something may have been heard since the sleep began.
        if now >= idle.ends() {
            idle.stop();
            return Err(ToolError::Idle {
                after: idle.limit(),
            });
        }
    }
}

/// What an attempt must pass before it takes a place.
struct Gate<'e> {
    engine: &'e Engine,
    tool: Arc<Tool>,
    key: Option<Key>,
    claims: bool,
    lead: Option<Lead<'e>>,
    deadline: Instant,
}

impl<'e> Gate<'e> {
    async fn pass(mut self, no_more: &CancellationToken) -> Admission<'e> {
        if self.claims
            && let Some(key) = &self.key
        {
            match timeout_at(self.deadline, lead_or_hit(&self.engine.idempotent, key)).await {
                Ok(Ok(lead)) => self.lead = Some(lead),
                Ok(Err(hit)) => return Admission::Hit(hit),
                Err(_) => return Admission::TooLate,
            }
        }
        if self.tool.definition().cache_ttl_secs.is_some()
            && let Some(key) = &self.key
            && let Some(value) = self.engine.results.get(key)
        {
            return Admission::Cached(value, self.lead);
        }
        tokio::select! {
            biased;
            admission = self.line_up() => admission,
            () = no_more.cancelled() => Admission::NoMore,
        }
    }

    /// Waits for the tool.
    async fn line_up(self) -> Admission<'e> {
        let place = match self.tool.places() {
            Some(places) => {
                let place = Arc::clone(places).acquire_owned();
                // An error of the semaphore would mean that it is closed, which nobody does.
                match timeout_at(self.deadline, place).await {
                    Ok(place) => place.ok(),
                    Err(_) => return Admission::TooLate,
                }
            }
            None => None,
        };
        let Some(rate) = self.tool.rate() else {
            return Admission::Go(self.lead, place, None);
        };
        let left = self.deadline.saturating_duration_since(Instant::now());
        match rate.reserve(left) {
            Ok(turn) => {
                if !turn.wait().is_zero() {
                    tokio::time::sleep(turn.wait()).await;
                }
                Admission::Go(self.lead, place, Some(turn))
            }
            Err(wait) => Admission::TooOften(wait),
        }
    }
}

async fn lead_or_hit<'e>(cache: &'e Cache, key: &Key) -> Result<Lead<'e>, Arc<Value>> {
    loop {
        match cache.claim(key) {
            Claim::Hit(value) => return Err(value),
            Claim::Lead(lead) => return Ok(lead),
            Claim::Wait(mut running) => {
                if let Ok(told) = running.wait_for(Option::is_some).await
                    && let Some(value) = &*told
                {
                    return Err(Arc::clone(value));
                }
            }
        }
    }
}
