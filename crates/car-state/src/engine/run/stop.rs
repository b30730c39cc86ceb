//! Why and how a proposal ends before its last action.

use std::cmp::Reverse;
use std::sync::atomic::Ordering;

use car_protocol::rpc::proposal::BudgetPart;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::super::plan::Index;
use super::{Event, Run, later};

/// Why a proposal ends before its last action.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    /// An action failed that must not.
    Aborted(Index),
    /// Somebody asked for the end, or the session has ended.
    Cancelled,
    /// The proposal's time is over.
    TimedOut(u64),
    /// A part of its budget is used up.
    Exhausted(BudgetPart),
}

impl Stop {
    /// Whether what runs is taken back too. Where only the budget for more is used up, what runs may end.
    fn is_halt(&self) -> bool {
        !matches!(
            self,
            Self::Exhausted(BudgetPart::MaxActions | BudgetPart::MaxToolCalls)
        )
    }
}

impl<'e> Run<'e> {
    /// Whether nothing may go on.
    pub(super) fn is_halted(&self) -> bool {
        self.stop.as_ref().is_some_and(Stop::is_halt)
    }

    /// Whether another attempt may follow one that failed.
    pub(super) fn may_retry(&self) -> bool {
        match self.stop {
            None | Some(Stop::Exhausted(BudgetPart::MaxActions)) => true,
            Some(_) => false,
        }
    }

    /// When the proposal's time is over, and what that means.
    pub(super) fn time(&self) -> Option<(Instant, Stop)> {
        let budget = self.request.proposal.budget.unwrap_or_default();
        let budget = budget.max_duration_ms.and_then(|millis| {
            let time = std::time::Duration::from_millis(millis);
            let stop = Stop::Exhausted(BudgetPart::MaxDurationMs);
            Some((self.began.checked_add(time)?, stop))
        });
        let millis = self.request.proposal.timeout_ms.unwrap_or_default();
        let deadline = self.deadline.map(|at| (at, Stop::TimedOut(millis)));
        match (budget, deadline) {
            (Some(budget), Some(deadline)) if budget.0 < deadline.0 => Some(budget),
            (budget, deadline) => deadline.or(budget),
        }
    }

    /// Takes one more action into account; not if the budget has no room for it.
    pub(super) fn count_action(&mut self) -> bool {
        let budget = self.request.proposal.budget.unwrap_or_default();
        self.begun_actions += 1;
        self.within(
            budget.max_actions,
            self.begun_actions,
            BudgetPart::MaxActions,
        )
    }

    /// Takes one more attempt into account; not if the budget has no room for it.
    pub(super) fn count_call(&mut self) -> bool {
        let budget = self.request.proposal.budget.unwrap_or_default();
        self.begun_calls += 1;
        let fits = self.within(
            budget.max_tool_calls,
            self.begun_calls,
            BudgetPart::MaxToolCalls,
        );
        if !fits {
            self.begin_no_more();
        }
        fits
    }

    /// What those listen to who wait for leave to begin.
    pub(super) fn no_more(&mut self) -> CancellationToken {
        let token = self.no_more.get_or_insert_default();
        token.clone()
    }

    /// No attempt may begin any more: what waits for its turn, a delay, a rate limit or a person waits for nothing.
    fn begin_no_more(&mut self) {
        let delayed = self.retries.drain().map(|Reverse((_, index))| index);
        let unasked = self.to_ask.drain(..).map(|(index, _)| index);
        let idle: Vec<Index> = self.queue.drain(..).chain(delayed).chain(unasked).collect();
        for index in idle {
            self.let_go(index);
        }
        if let Some(token) = &self.no_more {
            token.cancel();
        }
    }

    /// Gives back at once what a call holds that will not be made, for others who want it.
    pub(super) fn let_go(&mut self, index: Index) {
        if let Some(call) = self.calls.get_mut(index) {
            (call.lead, call.place, call.turn) = (None, None, None);
            drop(std::mem::take(&mut call.permits));
        }
    }

    fn within(&mut self, limit: Option<u64>, count: u64, part: BudgetPart) -> bool {
        let fits = limit.is_none_or(|limit| count <= limit);
        if !fits && self.stop.is_none() {
            self.stop = Some(Stop::Exhausted(part));
        }
        fits
    }

    /// Tells what runs to stop, and waits for its answers, for a moment.
    pub(super) async fn call_back(&mut self) {
        self.halted.store(true, Ordering::Relaxed);
        self.begin_no_more();
        self.take_what_ended();
        if self.running > 0 {
            self.guard.handle.token.cancel();
        }
        let end = later(self.engine.parts.limits.cancel_grace);
        while self.running > 0 {
            match timeout_at(end, self.events.next()).await {
                Ok(Some(event)) => self.handle_last(event),
                Ok(None) | Err(_) => break,
            }
        }
        // Dropping the attempts is what tells those who did not listen.
        self.events.clear();
    }

    /// An answer that came with the stop, or before it, counts.
    fn take_what_ended(&mut self) {
        while let Some(Some(event)) = self.events.next().now_or_never() {
            self.handle_last(event);
        }
    }

    fn handle_last(&mut self, event: Event<'e>) {
        match event {
            // Nothing begins any more.
            Event::Admitted(..) => {}
            Event::Decided(index, Ok(_)) => self.handle(Event::Withdrawn(index)),
            Event::Decided(..) | Event::Withdrawn(_) | Event::Ended(..) | Event::NotBegun(_) => {
                self.handle(event)
            }
        }
    }

    /// The reason for those who did not get to their end.
    pub(super) fn reason(&self, stop: &Stop) -> String {
        let budget = self.request.proposal.budget.unwrap_or_default();
        match stop {
            Stop::Aborted(by) => {
                let by = &self.ids[*by as usize];
                format!("aborted: action `{by}` failed")
            }
            Stop::Cancelled => match self.guard.handle.asked() {
                Some(Some(reason)) => format!("canceled: {reason}"),
                _ => "canceled: the proposal was cancelled".to_owned(),
            },
            Stop::TimedOut(millis) => {
                format!("canceled: the proposal's time of {millis} ms is over")
            }
            Stop::Exhausted(BudgetPart::MaxActions) => {
                let limit = budget.max_actions.unwrap_or_default();
                format!("budget_exhausted: the proposal may look at {limit} actions")
            }
            Stop::Exhausted(BudgetPart::MaxToolCalls) => {
                let limit = budget.max_tool_calls.unwrap_or_default();
                format!("budget_exhausted: the proposal may call tools {limit} times")
            }
            Stop::Exhausted(_) => {
                let limit = budget.max_duration_ms.unwrap_or_default();
                format!("budget_exhausted: the proposal may take {limit} ms")
            }
        }
    }
}
