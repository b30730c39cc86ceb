use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::proposal::{ActionResult, ActionStatus, FailureBehavior, FailureKind};
use serde_json::{Map, Value};

use super::super::ToolError;
use super::super::backoff;
use super::super::cache::Bounds;
use super::super::journal::{Datum, kind};
use super::super::plan::Index;
use super::output::TooMuch;
use super::{Call, Run, Stop, later};
use crate::policy::whole_millis;

/// How an action succeeded.
struct Done {
    output: Option<Value>,
    /// The key that it wrote itself, besides its effects.
    write: Option<(String, Value)>,
    attempts: u32,
    millis: f64,
    /// What is said about it besides: that an earlier result was taken, and which.
    note: Option<&'static str>,
}

impl Run<'_> {
    /// How many attempts an action has in all.
    pub(super) fn attempts_of(&self, index: Index) -> u32 {
        let (action, limits) = (self.action(index), &self.engine.parts.limits);
        match action.failure_behavior {
            FailureBehavior::Retry => {
                1 + action
                    .max_retries
                    .unwrap_or(limits.retries)
                    .min(limits.most_retries)
            }
            FailureBehavior::Abort | FailureBehavior::Skip => 1,
        }
    }

    pub(super) fn attempt_ended(&mut self, index: Index, result: Result<Value, ToolError>) {
        let Some(call) = self.calls.get_mut(index) else {
            return;
        };
        let value = match result {
            Ok(value) => value,
            // The engine's own decision, and no news.
            Err(ToolError::TimedOut { .. } | ToolError::Cancelled) if self.is_halted() => return,
            Err(error) => {
                return self.attempt_failed(index, error.to_string(), error.is_retryable());
            }
        };
        if let Err(found) = call.tool.check_returns(&value) {
            let error = format!("the result does not fit the tool's `returns`: {found}");
            self.attempt_failed(index, error, true);
            return self.say(index, FailureKind::InvalidResult, None);
        }
        self.tool_calls += 1;
        self.remember(index, &value);
        self.settle_call(index, value, None);
    }

    /// The result of an earlier call stands for this one.
    pub(super) fn reuse(&mut self, index: Index, value: &Arc<Value>, deduplicated: bool) {
        if let Some(call) = self.calls.get_mut(index) {
            call.made = 0;
        }
        if deduplicated {
            self.note(kind::ACTION_DEDUPLICATED, Some(index), &[]);
        } else if let Some(lead) = self.calls.get_mut(index).and_then(|call| call.lead.take()) {
            let limits = self.engine.parts.limits;
            let kept = lead.tell(Arc::clone(value), limits.idempotency_ttl, self.bounds());
            self.remembered.push((index, kept));
        }
        let note = Some(if deduplicated {
            "deduplicated"
        } else {
            "cached"
        });
        self.settle_call(index, (**value).clone(), note);
    }

    /// Puts a fresh result where later calls find it.
    fn remember(&mut self, index: Index, value: &Value) {
        let bounds = self.bounds();
        let Some(call) = self.calls.get_mut(index) else {
            return;
        };
        let Some(key) = call.key.clone() else { return };
        let (engine, value) = (self.engine, Arc::new(value.clone()));
        if let Some(secs) = call.tool.definition().cache_ttl_secs {
            let good_for = Duration::from_secs(secs);
            engine
                .results
                .put(key.clone(), Arc::clone(&value), good_for, bounds);
        }
        if let Some(lead) = call.lead.take() {
            let kept = lead.tell(value, engine.parts.limits.idempotency_ttl, bounds);
            self.remembered.push((index, kept));
        }
    }

    fn bounds(&self) -> Bounds {
        let limits = &self.engine.parts.limits;
        Bounds {
            entries: limits.cached_results,
            bytes: limits.cached_bytes,
        }
    }

    fn settle_call(&mut self, index: Index, value: Value, note: Option<&'static str>) {
        let Some(call) = self.calls.remove(index) else {
            return;
        };
        let done = Done {
            output: Some(value),
            write: None,
            attempts: call.made,
            millis: call.millis(),
            note,
        };
        self.settle(index, done);
    }

    /// An attempt failed: another follows, or the action has failed.
    pub(super) fn attempt_failed(&mut self, index: Index, error: String, retryable: bool) {
        let last = self.attempts_of(index);
        let Some(call) = self.calls.get(index) else {
            return;
        };
        let (attempt, made) = (call.attempt, call.made);
        if self.is_halted() {
            // Its end is that of the proposal; what it had to say goes with it.
            if let Some(call) = self.calls.get_mut(index) {
                call.last_words = Some(error);
            }
            return;
        }
        if retryable && attempt < last {
            if !self.may_retry() {
                // It was not to end here: the proposal's budget is what ends it, and is named.
                if let Some(call) = self.calls.get_mut(index) {
                    call.failure = Some(error);
                }
                return self.let_go(index);
            }
            let parts = &self.engine.parts;
            let delay = backoff::delay(&parts.limits, attempt, &*parts.ids);
            let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            let data = [
                ("attempt", Datum::Number(attempt.into())),
                ("error", Datum::Text(&error)),
                ("delay_ms", Datum::Number(millis)),
            ];
            self.note(kind::ACTION_RETRYING, Some(index), &data);
            if let Some(call) = self.calls.get_mut(index) {
                call.failure = Some(error);
            }
            self.retry_count += 1;
            return self.retries.push(Reverse((later(delay), index)));
        }
        let millis = self.calls.remove(index).as_deref().map(Call::millis);
        self.fail_after(index, error, made, millis);
    }

    /// An action on the state is done; `write` is the key that it wrote, with its value.
    pub(super) fn succeed(&mut self, index: Index, output: Value, write: Option<(String, Value)>) {
        let done = Done {
            output: Some(output),
            write,
            attempts: 1,
            millis: 0.0,
            note: None,
        };
        self.settle(index, done);
    }

    /// Writes what the action writes, all or nothing, and records its success; or its failure if there is no room.
    fn settle(&mut self, index: Index, done: Done) {
        let Done {
            output,
            write,
            attempts,
            millis,
            note,
        } = done;
        let action = &mut self.request.proposal.actions[index as usize];
        let mut changes = std::mem::take(&mut action.expected_effects);
        if let Some((key, value)) = write {
            changes.entry(key).or_insert(value);
        }
        let carried = match self.carry(index, output, &changes) {
            Ok(carried) => carried,
            Err(TooMuch { error, kind }) => {
                self.fail_after(index, error, attempts, Some(millis));
                return kind.map_or((), |kind| self.say(index, kind, None));
            }
        };
        if !changes.is_empty() {
            let entries = changes
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            if let Err(error) = self.state.write_all(entries) {
                return self.fail_after(index, error.to_string(), attempts, Some(millis));
            }
            let keys: Vec<&str> = changes.keys().map(String::as_str).collect();
            let data = [("keys", Datum::Texts(&keys))];
            self.note(kind::STATE_CHANGED, Some(index), &data);
        }
        let data = [
            ("attempts", Datum::Number(attempts.into())),
            ("duration_ms", Datum::Float(millis)),
            (
                note.unwrap_or_default(),
                note.map_or(Datum::Absent, |_| Datum::Flag(true)),
            ),
        ];
        self.note(kind::ACTION_SUCCEEDED, Some(index), &data);
        let action = self.action(index);
        if action.compensation.is_some() && action.compensable != Some(false) {
            self.undoable.push(index);
        }
        let result = ActionResult {
            output: carried.output,
            stored: carried.stored,
            state_changes: changes,
            ..self.result(index, ActionStatus::Succeeded, None, attempts, Some(millis))
        };
        self.end(index, result);
    }

    /// An action on the state has failed.
    pub(super) fn fail(&mut self, index: Index, error: String) {
        self.fail_after(index, error, 1, Some(0.0));
    }

    fn fail_after(&mut self, index: Index, error: String, attempts: u32, millis: Option<f64>) {
        let skips = self.action(index).failure_behavior == FailureBehavior::Skip;
        let (status, kind, name) = if skips {
            (ActionStatus::Skipped, kind::ACTION_SKIPPED, "reason")
        } else {
            (ActionStatus::Failed, kind::ACTION_FAILED, "error")
        };
        let data = [
            (name, Datum::Text(&error)),
            ("attempts", Datum::Number(attempts.into())),
        ];
        self.note(kind, Some(index), &data);
        let result = self.result(index, status, Some(error), attempts, millis);
        self.end(index, result);
        self.abort_for(index);
    }

    /// Validation or a policy refused it. It counts as failed, and is never tried again.
    pub(super) fn reject(&mut self, index: Index, reason: String) {
        self.note(
            kind::ACTION_REJECTED,
            Some(index),
            &[("reason", Datum::Text(&reason))],
        );
        let result = self.result(index, ActionStatus::Rejected, Some(reason), 0, None);
        self.end(index, result);
        self.abort_for(index);
    }

    pub(super) fn skip(&mut self, index: Index, reason: String) {
        self.note(
            kind::ACTION_SKIPPED,
            Some(index),
            &[("reason", Datum::Text(&reason))],
        );
        let result = self.result(index, ActionStatus::Skipped, Some(reason), 0, None);
        self.end(index, result);
    }

    fn abort_for(&mut self, index: Index) {
        if self.action(index).failure_behavior == FailureBehavior::Abort && !self.is_halted() {
            self.stop = Some(Stop::Aborted(index));
        }
    }

    pub(super) fn result(
        &self,
        index: Index,
        status: ActionStatus,
        error: Option<String>,
        attempts: u32,
        duration_ms: Option<f64>,
    ) -> ActionResult {
        ActionResult {
            action_id: self.ids[index as usize].as_ref().to_owned(),
            status,
            output: None,
            error,
            state_changes: Map::new(),
            duration_ms,
            timestamp: self.engine.parts.clock.now(),
            attempts,
            stored: false,
            error_kind: None,
            violations: Vec::new(),
            retry_after_ms: None,
        }
    }

    /// Says for a program why an action did not succeed, if that is what has become of it.
    pub(super) fn say(&mut self, index: Index, kind: FailureKind, wait: Option<Duration>) {
        if let Some(Some(result)) = self.results.get_mut(index as usize)
            && result.status != ActionStatus::Succeeded
        {
            result.error_kind = Some(kind);
            result.retry_after_ms = wait.map(whole_millis);
        }
    }

    fn end(&mut self, index: Index, result: ActionResult) {
        self.results[index as usize] = Some(result);
        self.schedule.ended(index);
    }
}
