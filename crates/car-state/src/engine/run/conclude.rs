use car_protocol::rpc::proposal::{
    ActionResult, ActionStatus, CostSummary, Outcome, ProposalResult,
};
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::Value;

use super::super::EngineError;
use super::super::journal::kind;
use super::super::plan::Index;
use super::{Call, Event, Run, Stop, data};
use crate::store::{CommitError, Transaction};

impl Run<'_> {
    /// Gives every action its end, and keeps what was written or drops it.
    pub(in super::super) fn conclude(mut self: Box<Self>) -> Result<ProposalResult, EngineError> {
        self.take_what_ended();
        // Dropping the attempts is what tells their hosts to stop.
        self.events.clear();
        let Some(stop) = self.stop.clone() else {
            return self.commit();
        };
        let (outcome, reason) = match stop {
            Stop::Aborted(by) => {
                let by = &self.ids[by as usize];
                (Outcome::Aborted, format!("aborted: action `{by}` failed"))
            }
            Stop::Cancelled => (
                Outcome::Cancelled,
                "canceled: the proposal was cancelled".to_owned(),
            ),
            Stop::TimedOut(millis) => (
                Outcome::Cancelled,
                format!("canceled: the proposal's time of {millis} ms is over"),
            ),
        };
        self.end_the_rest(&reason);
        self.roll_back(&reason);
        Ok(self.report(outcome))
    }

    /// An answer that came with the stop, or before it, counts.
    fn take_what_ended(&mut self) {
        while let Some(Some(event)) = self.events.next().now_or_never() {
            if let Event::Ended(..) = event {
                self.handle(event);
            }
        }
    }

    /// What was tried has failed, what was not has been skipped.
    fn end_the_rest(&mut self, reason: &str) {
        let open: Vec<Index> = (0..)
            .zip(&self.results)
            .filter_map(|(index, result)| result.is_none().then_some(index))
            .collect();
        for index in open {
            let call = self.calls.remove(&index);
            let made = call.as_ref().map_or(0, |call| call.made);
            let millis = call.as_ref().map(Call::millis);
            let why = match call.and_then(|call| call.failure) {
                Some(failure) => format!("{reason}; before that: {failure}"),
                None => reason.to_owned(),
            };
            let (status, kind, name) = if made > 0 {
                (ActionStatus::Failed, kind::ACTION_FAILED, "error")
            } else {
                (ActionStatus::Skipped, kind::ACTION_SKIPPED, "reason")
            };
            let note = data([(name, why.as_str().into()), ("attempts", made.into())]);
            self.note(kind, Some(index), note);
            let result = self.result(index, status, Some(why), made, millis);
            self.results[index as usize] = Some(result);
        }
    }

    fn roll_back(&mut self, reason: &str) {
        for (key, number) in self.remembered.drain(..) {
            self.engine.idempotent.forget(&key, number);
        }
        let keys = keys(&self.state);
        if keys.is_empty() {
            return;
        }
        let note = data([("keys", keys.into()), ("reason", reason.into())]);
        self.note(kind::STATE_ROLLBACK, None, note);
    }

    fn commit(mut self: Box<Self>) -> Result<ProposalResult, EngineError> {
        let keys = keys(&self.state);
        let Err(error) = self.state.commit() else {
            if !keys.is_empty() {
                let note = data([("keys", keys.into())]);
                self.note(kind::STATE_SNAPSHOT, None, note);
            }
            return Ok(self.report(Outcome::Completed));
        };
        let note = data([("keys", keys.into()), ("reason", error.to_string().into())]);
        self.note(kind::STATE_ROLLBACK, None, note);
        // Results of idempotent actions stay known: the tools did run, and a second try need not run them again.
        let ran = Box::new(self.report(Outcome::Aborted));
        Err(match error {
            CommitError::Conflict { key } => EngineError::StateConflict { key, ran },
            CommitError::Limit(error) => EngineError::StateLimit { error, ran },
        })
    }

    fn report(&mut self, outcome: Outcome) -> ProposalResult {
        let results: Vec<ActionResult> = self.results.drain(..).flatten().collect();
        let count = |wanted: &[ActionStatus]| {
            results
                .iter()
                .filter(|result| wanted.contains(&result.status))
                .count() as u64
        };
        let cost = CostSummary {
            tool_calls: self.tool_calls,
            actions_executed: count(&[
                ActionStatus::Succeeded,
                ActionStatus::Failed,
                ActionStatus::Rejected,
            ]),
            actions_skipped: count(&[ActionStatus::Skipped]),
            actions_rejected: count(&[ActionStatus::Rejected]),
            total_duration_ms: self.began.elapsed().as_secs_f64() * 1e3,
            retries: self.retry_count,
        };
        ProposalResult {
            proposal_id: self.id.as_ref().to_owned(),
            results,
            cost,
            outcome,
        }
    }
}

fn keys(state: &Transaction) -> Vec<Value> {
    state.written().map(Value::from).collect()
}
