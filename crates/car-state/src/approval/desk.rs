//! All questions that are known in memory: a table without a lock, a clock or anybody to tell.

mod row;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::approvals::{Approval, DecisionMade};
use indexmap::IndexMap;
use tokio::sync::{Notify, oneshot};

pub(crate) use self::row::{Moment, Row, ToDo};
use self::row::{end_of, notice, standing};
use super::authority::{ApprovalError, Outcome, late as too_late};
use super::ledger::{ActKey, LedgerRow};
use super::machine::{Call, Input, Machine, Stage, Timer};
use super::verdict::Verdict;
use crate::log::LogError;
use crate::quota::{Account, Resource};

/// How many approvals may be pending at once, over all sessions.
pub const MAX_PENDING: usize = 1_000;
/// How many that are over are kept in memory; the others are in the ledger alone.
pub(super) const MAX_OVER: usize = 200;
/// What is due for a question.
#[derive(Debug)]
pub(crate) enum Due {
    /// Nothing, for so long; none where nothing ever is.
    Nothing(Option<Duration>),
    /// Somebody has to be reached who is not connected.
    Reach(Box<Approval>, Vec<String>),
    /// Its time is over.
    Expire,
    /// The session that asked did not come back.
    Abandoned,
}

/// What a call that asks finds.
#[derive(Debug)]
pub(crate) enum Found {
    /// The question that it asked before, or its answer.
    Again(String, oneshot::Receiver<Verdict>, Vec<ToDo>),
    /// Nothing.
    Nothing,
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    rows: IndexMap<String, Row>,
    /// Those that are over, the oldest first.
    over: VecDeque<String>,
    pending: usize,
    last_number: u64,
}

impl Desk {
    /// A number for the next question.
    pub(crate) fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Adds a question that is to be recorded; what the call waits for where one does. It counts for the account of who
    /// asks.
    ///
    /// # Errors
    /// [`ApprovalError::TooMany`], [`ApprovalError::Quota`].
    pub(crate) fn draft(
        &mut self,
        row: LedgerRow,
        account: &Arc<Account>,
        now: Moment,
    ) -> Result<(oneshot::Receiver<Verdict>, ToDo), ApprovalError> {
        if self.pending >= MAX_PENDING {
            return Err(ApprovalError::TooMany { limit: MAX_PENDING });
        }
        let share = account.take(Resource::Approvals)?;
        let timed = row.terms.timeout.is_some();
        let machine = Machine::new(row.approval.act.is_some(), timed);
        let (waiter, verdict) = oneshot::channel();
        let mut row = Row::new(row, machine);
        row.share = Some(share);
        row.waiter = (machine.call == Call::Parked).then_some(waiter);
        row.deadline = timed.then(|| now.later(row.terms.reach));
        row.shown.reach_by = row.deadline.map(|deadline| deadline.wall);
        let record = ToDo::Record(row.record(&row.shown));
        self.pending += 1;
        self.rows.insert(row.shown.id.clone(), row);
        Ok((verdict, record))
    }

    /// Takes a row of an earlier process up. `until` is when the session that asked will not come back any more; none
    /// where it need not. What is pending counts for this account.
    pub(crate) fn carry(
        &mut self,
        kept: LedgerRow,
        account: Option<&Arc<Account>>,
        resumable: bool,
        until: Option<Timestamp>,
        now: Moment,
    ) -> Vec<ToDo> {
        let announced = kept.announced;
        self.last_number = self.last_number.max(kept.approval.number);
        let end = end_of(kept.approval.standing);
        let mut machine = Machine::new(kept.approval.act.is_some(), kept.terms.timeout.is_some());
        machine.stage = end.map_or(Stage::Open, Stage::Over);
        machine.used = kept.approval.used;
        if !kept.approval.delivered_to.is_empty() && kept.terms.timeout.is_some() {
            machine.timer = Timer::Running;
        }
        let mut row = Row::new(kept, machine);
        let stored = |at: Option<Timestamp>| {
            let at = at?;
            let left = at.unix_millis().saturating_sub(now.wall.unix_millis());
            let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
            Some(Moment {
                wall: at,
                run: now.run + left,
            })
        };
        row.deadline = stored(row.shown.expires_at.or(row.shown.reach_by));
        row.carried_until = stored(until);
        let id = row.shown.id.clone();
        let tell = (end.is_some() && !announced).then(|| ToDo::Tell(Box::new(row.shown.clone())));
        match end {
            Some(_) => self.over.push_back(id.clone()),
            None => {
                self.pending += 1;
                row.share = account.map(|account| account.carry(Resource::Approvals));
            }
        }
        self.rows.insert(id.clone(), row);
        let mut todo: Vec<ToDo> = tell.into_iter().collect();
        todo.extend(self.end(&id, Input::Restarted { resumable }, "restart", now));
        self.trim();
        todo
    }

    /// The question, where it is known here and somebody has seen it.
    pub(crate) fn get(&self, id: &str) -> Option<&Row> {
        self.rows.get(id).filter(|row| row.is_shown())
    }

    /// Those that somebody has seen, in the order in which they were asked.
    pub(crate) fn shown(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.values().filter(|row| row.is_shown())
    }

    /// How many wait.
    pub(crate) fn pending(&self) -> usize {
        self.pending
    }

    /// The questions that no call of this process looks after.
    pub(crate) fn unattended(&self) -> Vec<String> {
        let rows = self.rows.values();
        let wanted = rows.filter(|row| !row.is_attended() && (row.is_open() || row.is_carried()));
        wanted.map(|row| row.shown.id.clone()).collect()
    }

    /// What is due for a question.
    pub(crate) fn due(&self, id: &str, now: Moment) -> Due {
        let Some(row) = self.rows.get(id) else {
            return Due::Nothing(None);
        };
        if row.carried_until.is_some_and(|until| until.has_come(now)) {
            return Due::Abandoned;
        }
        let deadline = row.deadline.filter(|_| row.is_open());
        let Some(deadline) = deadline else {
            return Due::Nothing(row.carried_until.map(|until| until.left(now)));
        };
        if !deadline.has_come(now) {
            let until = row.carried_until.map(|until| until.left(now));
            let left = deadline.left(now);
            return Due::Nothing(Some(until.map_or(left, |until| until.min(left))));
        }
        match row.machine.timer {
            Timer::Reaching => Due::Reach(Box::new(row.shown.clone()), row.terms.routes.clone()),
            _ => Due::Expire,
        }
    }

    /// What woke a wait has changed.
    pub(crate) fn changes(&self, id: &str) -> Option<Arc<Notify>> {
        self.rows.get(id).map(|row| Arc::clone(&row.changed))
    }

    /// Finds what a call asked before that ended with an earlier process: the same act of the same session, or with the
    /// same key.
    pub(crate) fn again(
        &mut self,
        digest: &str,
        session: &str,
        key: Option<&ActKey>,
        now: Moment,
    ) -> Found {
        let same = |row: &Row| {
            let about = row.shown.act.as_ref().map(|act| act.digest.as_str());
            let of =
                row.shown.asker.session_id == session || (key.is_some() && key == row.key.as_ref());
            about == Some(digest) && of && row.is_carried()
        };
        // The newest counts.
        let found = self.rows.values().rev().find(|row| same(row));
        let Some(id) = found.map(|row| row.shown.id.clone()) else {
            return Found::Nothing;
        };
        let (waiter, verdict) = oneshot::channel();
        if let Some(row) = self.rows.get_mut(&id) {
            row.waiter = Some(waiter);
            row.carried_until = None;
        }
        let todo = self.step(&id, Input::CallAgain, now);
        // It may be that there is nothing to be had of it.
        if self
            .rows
            .get(&id)
            .is_some_and(|row| row.machine.call == Call::Gone)
        {
            return Found::Nothing;
        }
        Found::Again(id, verdict, todo)
    }

    /// Those who can decide a question were reached.
    pub(crate) fn reached(
        &mut self,
        id: &str,
        by: impl IntoIterator<Item = String>,
        now: Moment,
    ) -> Vec<ToDo> {
        let Some(row) = self.rows.get_mut(id).filter(|row| row.is_open()) else {
            return Vec::new();
        };
        let mut new = false;
        for by in by {
            new |= notice(&mut row.shown.delivered_to, by, now.wall);
        }
        if !new {
            return Vec::new();
        }
        let mut todo = self.step(id, Input::Reached, now);
        todo.extend(self.note(id));
        todo
    }

    /// Somebody says that a person has seen a question; whether it waits.
    pub(crate) fn seen(&mut self, id: &str, by: String, now: Moment) -> Option<Vec<ToDo>> {
        let row = self.rows.get_mut(id).filter(|row| row.is_open())?;
        let new = notice(&mut row.shown.seen_by, by.clone(), now.wall);
        let mut todo = self.reached(id, [by], now);
        if new && todo.is_empty() {
            todo.extend(self.note(id));
        }
        Some(todo)
    }

    fn note(&self, id: &str) -> Option<ToDo> {
        let row = self.rows.get(id)?;
        Some(ToDo::Note(row.record(&row.shown)))
    }

    /// A person decides an open question.
    pub(crate) fn decide(
        &mut self,
        id: &str,
        approve: bool,
        decision: DecisionMade,
        tell: oneshot::Sender<Outcome>,
        now: Moment,
    ) -> Vec<ToDo> {
        let Some(row) = self.rows.get_mut(id) else {
            return Vec::new();
        };
        let mut next = row.shown.clone();
        next.decision = Some(decision);
        row.next = Some(next);
        row.told.push(tell);
        self.step(id, Input::Decide { approve }, now)
    }

    /// Somebody is told what becomes of the row when that is recorded.
    pub(crate) fn wait_for_end(&mut self, id: &str, tell: oneshot::Sender<Outcome>) {
        if let Some(row) = self.rows.get_mut(id) {
            row.told.push(tell);
        }
    }

    /// Ends a question for this reason, if that input ends it.
    pub(crate) fn end(&mut self, id: &str, input: Input, reason: &str, now: Moment) -> Vec<ToDo> {
        if let Some(row) = self.rows.get_mut(id).filter(|row| row.is_open()) {
            let mut next = row.shown.clone();
            next.reason = Some(reason.to_owned());
            row.next = Some(next);
        }
        self.step(id, input, now)
    }

    /// The session is here again: what it asked for no longer waits for it.
    pub(crate) fn returned(&mut self, session: &str) {
        let rows = self.rows.values_mut();
        for row in rows.filter(|row| row.shown.asker.session_id == session) {
            row.carried_until = None;
            row.machine = row.machine.step(Input::SessionResumed).0;
        }
    }

    /// Has something happen to a question.
    pub(crate) fn step(&mut self, id: &str, input: Input, now: Moment) -> Vec<ToDo> {
        let Some(row) = self.rows.get_mut(id) else {
            return Vec::new();
        };
        let before = row.machine;
        let (machine, effects) = before.step(input);
        row.machine = machine;
        if matches!(input, Input::CallGone | Input::SessionEnded) && machine.call != Call::Parked {
            row.waiter = None;
        }
        let mut todo = Vec::new();
        if let (Stage::Open, Stage::Ending(end)) = (before.stage, machine.stage) {
            let next = row.next.get_or_insert_with(|| row.shown.clone());
            next.standing = standing(end);
            next.ended_at = Some(now.wall);
        } else if input == Input::Recorded
            && let Some(next) = row.next.take()
        {
            row.shown = next;
        } else if machine.stage == Stage::Open {
            // It goes on as it was.
            row.next = None;
        }
        for effect in effects {
            row.take(effect, now, &mut todo);
        }
        match input {
            Input::Recorded if !row.is_pending() => {
                let shown = &row.shown;
                for (place, tell) in row.told.drain(..).enumerate() {
                    // The first of them decided, unless it ended without anybody.
                    let decided = place == 0 && shown.decision.is_some();
                    let outcome = if decided {
                        Ok(Box::new(shown.clone()))
                    } else {
                        Err(too_late(shown))
                    };
                    todo.push(ToDo::Reply(tell, outcome));
                }
            }
            Input::Recorded if before.stage == Stage::Drafted => {
                for tell in row.told.drain(..) {
                    todo.push(ToDo::Reply(tell, Ok(Box::new(row.shown.clone()))));
                }
            }
            Input::NotRecorded => {
                for tell in row.told.drain(..) {
                    let full = ApprovalError::Storage(LogError::StorageFull);
                    todo.push(ToDo::Reply(tell, Err(full)));
                }
            }
            _ => {}
        }
        if machine.stage == Stage::Void {
            self.rows.shift_remove(id);
            self.pending -= 1;
        } else if let (Stage::Ending(_), Stage::Over(_)) = (before.stage, machine.stage) {
            row.share = None;
            self.pending -= 1;
            self.over.push_back(id.to_owned());
            self.trim();
        }
        todo
    }

    /// Lets go of those that were over first. One that may still be used stays while there are not many.
    fn trim(&mut self) {
        while self.over.len() > MAX_OVER {
            if let Some(id) = self.over.pop_front() {
                self.rows.shift_remove(&id);
            }
        }
    }
}
