use std::sync::Arc;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::approvals::{Approval, ApprovalStanding, Noticed};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::approval::authority::Outcome;
use crate::approval::ledger::{ActKey, LedgerRow, Terms};
use crate::approval::machine::{Call, Effect, End, Machine, Refusal, Stage};
use crate::approval::verdict::{Consent, Verdict};
use crate::quota::Share;

/// How many are remembered of those that an approval was delivered to, or was seen by.
const MAX_NOTICED: usize = 32;

/// This moment, by both clocks: the wall's for what is told and stored, and the runtime's, which no hand can turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) wall: Timestamp,
    pub(crate) run: Instant,
}

impl Moment {
    pub(crate) fn later(self, by: Duration) -> Self {
        Self {
            wall: later(self.wall, by),
            run: self.run + by,
        }
    }

    /// Whether it has come by either clock: a machine that slept has its wall time right, and one whose wall time was
    /// turned back still ends what is due.
    pub(super) fn has_come(self, now: Self) -> bool {
        now.wall >= self.wall || now.run >= self.run
    }

    pub(super) fn left(self, now: Self) -> Duration {
        let wall = self.wall.unix_millis() - now.wall.unix_millis();
        let wall = Duration::from_millis(u64::try_from(wall).unwrap_or_default());
        let run = self.run.saturating_duration_since(now.run);
        wall.min(run)
    }
}

/// So much later.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_millis(at.unix_millis().saturating_add(millis))
}

/// A question.
#[derive(Debug)]
pub(crate) struct Row {
    /// What is recorded and shown.
    pub(crate) shown: Approval,
    /// What it becomes when that is recorded.
    pub(super) next: Option<Approval>,
    pub(super) machine: Machine,
    pub(crate) terms: Terms,
    pub(super) key: Option<ActKey>,
    /// The call that waits.
    pub(super) waiter: Option<oneshot::Sender<Verdict>>,
    /// Until when somebody has to be reached, then when it expires.
    pub(super) deadline: Option<Moment>,
    /// Until when the session that asked may come back, after a restart.
    pub(crate) carried_until: Option<Moment>,
    /// Woken when the deadline changes.
    pub(crate) changed: Arc<Notify>,
    /// Those who decided, or came too late, and wait until that is recorded.
    pub(super) told: Vec<oneshot::Sender<Outcome>>,
    /// Its place among the pending ones of who asked.
    pub(super) share: Option<Share>,
}

/// What is to be done, in this order, when the lock is released.
#[derive(Debug)]
pub(crate) enum ToDo {
    /// Record the row; what became of that is an input.
    Record(Box<LedgerRow>),
    /// Note what has changed of it; nobody waits for that.
    Note(Box<LedgerRow>),
    Forget(String),
    Present(String),
    Tell(Box<Approval>),
    Answer(oneshot::Sender<Verdict>, Verdict),
    Reply(oneshot::Sender<Outcome>, Outcome),
}

impl Row {
    pub(super) fn new(row: LedgerRow, machine: Machine) -> Self {
        Self {
            shown: row.approval,
            next: None,
            machine,
            terms: row.terms,
            key: row.key,
            waiter: None,
            deadline: None,
            carried_until: None,
            changed: Arc::default(),
            told: Vec::new(),
            share: None,
        }
    }

    pub(super) fn record(&self, approval: &Approval) -> Box<LedgerRow> {
        Box::new(LedgerRow {
            approval: approval.clone(),
            terms: self.terms.clone(),
            key: self.key.clone(),
            announced: false,
        })
    }

    /// Whether a person can see it.
    pub(crate) fn is_shown(&self) -> bool {
        !matches!(self.machine.stage, Stage::Drafted | Stage::Void)
    }

    /// Whether it waits, as far as anybody has been told.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.machine.stage, Stage::Open | Stage::Ending(_))
    }

    /// Whether it can be decided.
    pub(crate) fn is_open(&self) -> bool {
        self.machine.stage == Stage::Open
    }

    /// Whether a call of this process waits for it, which looks after its time.
    pub(crate) fn is_attended(&self) -> bool {
        self.waiter.is_some()
    }

    pub(super) fn is_carried(&self) -> bool {
        self.machine.call == Call::Lost
    }
}

impl Row {
    pub(super) fn take(&mut self, effect: Effect, now: Moment, todo: &mut Vec<ToDo>) {
        match effect {
            Effect::Record => {
                let mut next = self.next.take().unwrap_or_else(|| self.shown.clone());
                next.used = self.machine.used;
                todo.push(ToDo::Record(self.record(&next)));
                self.next = Some(next);
            }
            Effect::Forget => todo.push(ToDo::Forget(self.shown.id.clone())),
            Effect::Present => {
                // Its time is looked after from here on.
                self.changed.notify_waiters();
                todo.push(ToDo::Present(self.shown.id.clone()));
            }
            Effect::Start => {
                self.deadline = self.terms.timeout.map(|timeout| now.later(timeout));
                self.shown.expires_at = self.deadline.map(|deadline| deadline.wall);
                self.shown.reach_by = None;
                self.changed.notify_waiters();
            }
            Effect::Tell(_) => {
                self.deadline = None;
                todo.push(ToDo::Tell(Box::new(self.shown.clone())));
            }
            Effect::Run => self.answer(Verdict::Approved(Box::new(Consent::of(&self.shown))), todo),
            Effect::Refuse(Refusal::Ended(_)) => {
                self.answer(Verdict::refused(&self.shown, &self.terms), todo);
            }
            Effect::Refuse(Refusal::Storage) => self.answer(Verdict::NotRecorded, todo),
            // Found out before the lock was released; a call that comes in between is answered as one that is gone.
            Effect::AskAnew | Effect::Late(_) => {}
        }
    }

    fn answer(&mut self, verdict: Verdict, todo: &mut Vec<ToDo>) {
        if let Some(waiter) = self.waiter.take() {
            todo.push(ToDo::Answer(waiter, verdict));
        }
    }
}

/// Adds who noticed; whether they had not yet.
pub(super) fn notice(list: &mut Vec<Noticed>, by: String, at: Timestamp) -> bool {
    let new = list.len() < MAX_NOTICED && list.iter().all(|noticed| noticed.by != by);
    if new {
        list.push(Noticed { by, at });
    }
    new
}

pub(super) fn standing(end: End) -> ApprovalStanding {
    match end {
        End::Approved => ApprovalStanding::Approved,
        End::Denied => ApprovalStanding::Denied,
        End::Expired => ApprovalStanding::Expired,
        End::Withdrawn => ApprovalStanding::Withdrawn,
        End::AgentGone => ApprovalStanding::AgentGone,
    }
}

pub(super) fn end_of(standing: ApprovalStanding) -> Option<End> {
    match standing {
        ApprovalStanding::Approved => Some(End::Approved),
        ApprovalStanding::Denied => Some(End::Denied),
        ApprovalStanding::Expired => Some(End::Expired),
        ApprovalStanding::Withdrawn => Some(End::Withdrawn),
        ApprovalStanding::AgentGone => Some(End::AgentGone),
        _ => None,
    }
}
