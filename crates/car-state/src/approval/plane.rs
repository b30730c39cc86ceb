//! The shell around the desk: time, locks, the ledger, who is told and who waits.

mod asking;
mod clock;
mod consent;
mod deciding;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::approvals::{Approval, Asker};
use car_protocol::rpc::host::HostApproval;
use car_protocol::rpc::session::OpenApproval;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) use asking::Raising;
use asking::Waits;
pub use asking::{ClientQuestion, EditCheck, Question};
pub use deciding::{Decided, Decision};

use super::authority::{ApprovalError, authority};
use super::desk::{Desk, MAX_OVER, Moment, ToDo};
use super::grants::GrantBook;
use super::ledger::{ApprovalLedger, HistoryQuery};
use super::machine::Input;
use super::reach::{NoRoute, Reach};
use crate::clock::{Clock, IdSource};
use crate::host::HostStream;
use crate::identity::{Identity, Principal, SessionId};
use crate::log::LogError;
use crate::quota::Quotas;
use crate::session::SessionRegistry;

/// All approvals of one daemon.
pub struct Approvals {
    desk: Mutex<Desk>,
    ledger: Arc<dyn ApprovalLedger>,
    stream: Arc<HostStream>,
    sessions: Arc<SessionRegistry>,
    reach: Arc<dyn Reach>,
    grants: Arc<GrantBook>,
    quotas: Arc<Quotas>,
    /// The calls that wait.
    acts: Mutex<HashMap<String, Waits>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    /// Woken when there may be something else to wait for.
    changed: Notify,
}

/// What [`Approvals`] are made of.
#[derive(Debug)]
pub struct ApprovalParts {
    /// Where they are recorded.
    pub ledger: Arc<dyn ApprovalLedger>,
    /// Where it is told of them.
    pub stream: Arc<HostStream>,
    /// Who may be listening.
    pub sessions: Arc<SessionRegistry>,
    /// The consents that cover more than one call.
    pub grants: Arc<GrantBook>,
    /// How many of them each identity may have pending.
    pub quotas: Arc<Quotas>,
    /// How a person is reached who is not connected.
    pub reach: Option<Arc<dyn Reach>>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
}

impl Approvals {
    /// The approvals of this ledger, and those that come. `comes_back` tells until when the session of an earlier process
    /// may be resumed. What is pending is shown again; what nobody waits for is taken back. Blocks until they are read.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn open(
        parts: ApprovalParts,
        comes_back: impl Fn(&SessionId) -> Option<Timestamp>,
    ) -> Result<Arc<Self>, LogError> {
        let kept = parts.ledger.load(MAX_OVER)?;
        let approvals = Arc::new(Self {
            desk: Mutex::default(),
            ledger: parts.ledger,
            stream: parts.stream,
            sessions: parts.sessions,
            grants: parts.grants,
            quotas: parts.quotas,
            acts: Mutex::default(),
            reach: parts.reach.unwrap_or_else(|| Arc::new(NoRoute)),
            clock: parts.clock,
            ids: parts.ids,
            changed: Notify::new(),
        });
        let now = approvals.now();
        for row in kept {
            let session = SessionId::new(&row.approval.asker.session_id);
            let anybodys = row.approval.act.is_none() && row.approval.owner.is_none();
            let keyed = row.key.is_some().then(|| now.later(KEYED).wall);
            let until = if anybodys {
                None
            } else {
                comes_back(&session).or(keyed)
            };
            let asker = Principal::named(&row.approval.asker.principal);
            let account = asker.map(|asker| Arc::clone(approvals.quotas.account(&asker)));
            let todo = {
                let mut desk = approvals.desk.lock();
                desk.carry(
                    row,
                    account.as_ref(),
                    anybodys || until.is_some(),
                    until,
                    now,
                )
            };
            approvals.perform(todo);
        }
        Ok(approvals)
    }

    pub(super) fn now(&self) -> Moment {
        Moment {
            wall: self.clock.now(),
            run: Instant::now(),
        }
    }

    /// Does what follows from a change of the desk.
    fn perform(self: &Arc<Self>, todo: Vec<ToDo>) {
        for act in todo {
            match act {
                ToDo::Record(row) => {
                    let (approvals, id) = (Arc::downgrade(self), row.approval.id.clone());
                    let told = move |outcome: Result<(), LogError>| {
                        if let Some(approvals) = approvals.upgrade() {
                            approvals.recorded(&id, outcome);
                        }
                    };
                    self.ledger.record(*row, Box::new(told));
                }
                ToDo::Note(row) => self.ledger.note(*row),
                ToDo::Forget(id) => self.ledger.forget(&id),
                ToDo::Present(id) => self.present(&id),
                ToDo::Tell(approval) => {
                    self.stream.publish_resolved(&approval.brief());
                    self.ledger.announced(&approval.id);
                    self.changed.notify_waiters();
                }
                ToDo::Answer(waiter, verdict) => drop(waiter.send(verdict)),
                ToDo::Reply(tell, outcome) => drop(tell.send(outcome)),
            }
        }
    }

    fn recorded(self: &Arc<Self>, id: &str, outcome: Result<(), LogError>) {
        let input = match outcome {
            Ok(()) => Input::Recorded,
            Err(error) => {
                tracing::warn!(approval = id, %error, "an approval is not recorded");
                Input::NotRecorded
            }
        };
        let todo = self.desk.lock().step(id, input, self.now());
        for told in &todo {
            if let ToDo::Tell(approval) = told {
                // Before the call goes on, whose next one it may cover.
                self.grant(approval);
            }
        }
        self.perform(todo);
    }

    /// Shows a question to whoever listens.
    fn present(self: &Arc<Self>, id: &str) {
        // In this order: what is told has the time that it has.
        self.look_at(Some(id));
        let shown = self.desk.lock().get(id).map(|row| row.shown.clone());
        if let Some(shown) = shown {
            self.stream.publish_requested(&shown.brief());
        }
        self.changed.notify_waiters();
    }

    /// All that wait, newest first; with `by` those only that may be decided by them.
    #[must_use]
    pub fn pending_rows(&self, by: Option<&Identity>) -> Vec<Approval> {
        let desk = self.desk.lock();
        let rows = desk.shown().rev().filter(|row| row.is_pending());
        let may =
            |approval: &Approval| by.is_none_or(|by| authority(approval, by, |_| false).is_ok());
        rows.map(|row| &row.shown)
            .filter(|approval| may(approval))
            .cloned()
            .collect()
    }

    /// All that wait and the newest that are over, newest first, in short.
    #[must_use]
    pub fn list(&self) -> Vec<HostApproval> {
        let desk = self.desk.lock();
        let mut rows: Vec<&Approval> = desk.shown().map(|row| &row.shown).collect();
        rows.sort_by_key(|approval| std::cmp::Reverse(approval.number));
        rows.into_iter().map(Approval::brief).collect()
    }

    /// One, whatever became of it.
    pub fn get(
        &self,
        id: &str,
    ) -> Result<Approval, BoxFuture<'static, Result<Approval, ApprovalError>>> {
        let shown = self.desk.lock().get(id).map(|row| row.shown.clone());
        shown.ok_or_else(|| {
            let (found, id) = (self.ledger.find(id), id.to_owned());
            async move { found.await?.ok_or(ApprovalError::Unknown(id)) }.boxed()
        })
    }

    /// Those that are over, newest first.
    pub fn history(
        &self,
        query: HistoryQuery,
    ) -> BoxFuture<'static, Result<Vec<Approval>, LogError>> {
        if query.limit == 0 {
            return ready(Ok(Vec::new())).boxed();
        }
        self.ledger.history(query)
    }

    /// How many wait.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.desk.lock().pending()
    }

    /// What a session has asked and nobody has decided, oldest first.
    #[must_use]
    pub fn open_of(&self, session: &SessionId) -> Vec<OpenApproval> {
        let desk = self.desk.lock();
        let rows = desk.shown().filter(|row| row.is_pending());
        let theirs = rows.map(|row| &row.shown);
        let theirs = theirs.filter(|shown| shown.asker.session_id == session.as_str());
        let open = theirs.map(|shown| OpenApproval {
            approval_id: shown.id.clone(),
            action: shown.action.clone(),
            digest: shown.act.as_ref().map(|act| act.digest.clone()),
            expires_at: shown.expires_at,
        });
        open.collect()
    }

    /// The session has ended: what it asked for ends, too.
    pub fn session_ended(self: &Arc<Self>, session: &SessionId) {
        self.end_of(session, None, "session_ended");
    }

    /// An agent of a session is gone, and with it what was asked for it.
    pub fn agent_gone(self: &Arc<Self>, session: &SessionId, agent: &str) {
        self.end_of(session, Some(agent), "agent_gone");
    }

    fn end_of(self: &Arc<Self>, session: &SessionId, agent: Option<&str>, reason: &str) {
        let todo: Vec<ToDo> = {
            let (mut desk, now) = (self.desk.lock(), self.now());
            let theirs = |approval: &Approval| {
                let of = approval.asker.session_id == session.as_str();
                let anybodys = approval.act.is_none() && approval.owner.is_none();
                // An agent's end ends what was asked for it, not the calls of its session.
                let about = agent.is_none_or(|agent| {
                    approval.act.is_none() && approval.agent_id.as_deref() == Some(agent)
                });
                of && about && !anybodys
            };
            let ids = desk.shown().filter(|row| theirs(&row.shown));
            let ids: Vec<String> = ids.map(|row| row.shown.id.clone()).collect();
            ids.iter()
                .flat_map(|id| desk.end(id, Input::SessionEnded, reason, now))
                .collect()
        };
        self.perform(todo);
    }

    /// A session of an earlier process is here again: what it asked for waits as long as it does.
    pub fn session_returned(&self, session: &SessionId) {
        self.desk.lock().returned(session.as_str());
        self.changed.notify_waiters();
    }
}

/// How long a call with a key may take to come again whose session cannot be resumed.
const KEYED: Duration = Duration::from_secs(120);

fn asker(by: &Identity) -> Asker {
    Asker {
        principal: by.principal.to_string(),
        role: by.role,
        session_id: by.session.to_string(),
    }
}

impl fmt::Debug for Approvals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Approvals")
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
