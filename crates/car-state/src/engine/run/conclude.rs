use std::collections::HashSet;

use car_protocol::rpc::proposal::{
    ActionResult, ActionStatus, CompensationResult, CostSummary, Outcome, ProposalResult, RunStream,
};
use futures_util::FutureExt as _;

use super::super::EngineError;
use super::super::journal::{Datum, kind, step};
use super::super::plan::Index;
use super::{Call, Run, Stop};
use crate::store::CommitError;

impl Run<'_> {
    /// Gives every action its end, keeps what was written or drops it, and undoes what was done for nothing.
    pub(in super::super) async fn conclude(
        mut self: Box<Self>,
    ) -> Result<ProposalResult, EngineError> {
        // From here on it is too late to ask for another end.
        if self.guard.handle.decide().is_err() {
            self.stop = Some(Stop::Cancelled);
        }
        let Some(stop) = self.stop.clone() else {
            return self.commit().await;
        };
        let reason = self.reason(&stop);
        let outcome = match stop {
            Stop::Exhausted(_) => {
                self.end_the_rest(&reason, step::of(kind::ACTION_FAILED));
                return self.commit().await;
            }
            Stop::Aborted(_) => Outcome::Aborted,
            Stop::Cancelled | Stop::TimedOut(_) => Outcome::Cancelled,
        };
        self.end_the_rest(&reason, Some(step::CANCELLED));
        let keys: Vec<&str> = self.state.written().collect();
        self.note_roll_back(&keys, &reason);
        let in_use = self.withdraw();
        let compensations = self.undo_all(&in_use).await;
        Ok(self.report(outcome, compensations))
    }

    /// What was tried has failed, what was not has been skipped.
    fn end_the_rest(&mut self, reason: &str, taken_back: Option<&'static str>) {
        let open: Vec<Index> = (0..)
            .zip(&self.results)
            .filter_map(|(index, result)| result.is_none().then_some(index))
            .collect();
        for index in open {
            let call = self.calls.remove(index);
            let made = call.as_ref().map_or(0, |call| call.made);
            let millis = call.as_deref().map(Call::millis);
            let why = match call.map(|call| (call.last_words, call.failure)) {
                Some((Some(said), _)) => format!("{reason}; the tool's end: {said}"),
                Some((None, Some(failure))) => format!("{reason}; before that: {failure}"),
                _ => reason.to_owned(),
            };
            let (status, kind, step, name) = if made > 0 {
                (
                    ActionStatus::Failed,
                    kind::ACTION_FAILED,
                    taken_back,
                    "error",
                )
            } else {
                let step = step::of(kind::ACTION_SKIPPED);
                (ActionStatus::Skipped, kind::ACTION_SKIPPED, step, "reason")
            };
            let data = [
                (name, Datum::Text(&why)),
                ("attempts", Datum::Number(made.into())),
            ];
            self.note_as(kind, step, Some(index), &data);
            let result = self.result(index, status, Some(why), made, millis);
            self.results[index as usize] = Some(result);
        }
    }

    fn note_roll_back(&self, keys: &[&str], reason: &str) {
        if keys.is_empty() {
            return;
        }
        let data = [
            ("keys", Datum::Texts(keys)),
            ("reason", Datum::Text(reason)),
        ];
        self.note(kind::STATE_ROLLBACK, None, &data);
    }

    /// Takes back the results of idempotent actions; those that others have taken stay, and are not to be undone.
    fn withdraw(&mut self) -> HashSet<Index> {
        let cache = &self.engine.idempotent;
        let kept = self.remembered.drain(..);
        kept.filter_map(|(index, kept)| (!cache.withdraw(&kept)).then_some(index))
            .collect()
    }

    async fn undo_all(&mut self, in_use: &HashSet<Index>) -> Vec<CompensationResult> {
        if self.undoable.is_empty() {
            return Vec::new();
        }
        // Boxed, so that a proposal that has nothing to undo does not keep the room of it.
        self.compensate(in_use).boxed().await
    }

    async fn commit(mut self: Box<Self>) -> Result<ProposalResult, EngineError> {
        // Sorted, and gone with the commit.
        let keys: Vec<String> = self.state.written().map(str::to_owned).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let Err(error) = self.state.commit() else {
            if !keys.is_empty() {
                let data = [("keys", Datum::Texts(&keys))];
                self.note(kind::STATE_SNAPSHOT, None, &data);
            }
            return Ok(self.report(Outcome::Completed, Vec::new()));
        };
        self.note_roll_back(&keys, &error.to_string());
        // Results of idempotent actions stay known where nothing undoes them: the tools did run, and a second try need
        // not run them again.
        let undoable: HashSet<Index> = self.undoable.iter().copied().collect();
        self.remembered
            .retain(|(index, _)| undoable.contains(index));
        let in_use = self.withdraw();
        let compensations = self.undo_all(&in_use).await;
        let ran = Box::new(self.report(Outcome::Aborted, compensations));
        Err(match error {
            CommitError::Conflict { key } => EngineError::StateConflict { key, ran },
            CommitError::Limit(error) => EngineError::StateLimit { error, ran },
        })
    }

    fn report(
        &mut self,
        outcome: Outcome,
        compensations: Vec<CompensationResult>,
    ) -> ProposalResult {
        let (engine, id) = (self.engine, &self.id);
        self.tell_end(outcome);
        let limit = engine.parts.limits.known_proposals;
        engine.runs.remember(id, outcome, limit);
        let watched = self.guard.handle.is_watched();
        let steps = watched.then(|| engine.parts.journal.steps(id)).flatten();
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
            proposal_id: id.as_ref().to_owned(),
            results,
            cost,
            outcome,
            compensations,
            budget_exhausted: match self.stop {
                Some(Stop::Exhausted(part)) => Some(part),
                _ => None,
            },
            run: steps.map(|(stream, newest)| RunStream {
                stream: stream.to_string(),
                epoch: newest.epoch,
                seq: newest.seq,
            }),
        }
    }
}
