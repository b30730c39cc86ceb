use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use car_protocol::Timestamp;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::note::{Note, Notebook};
use crate::clock::Clock;
use crate::identity::SessionId;
use crate::session::ClientSession;
use crate::traffic::Tally;

/// The sessions of one daemon that wait for their clients, in memory and in notes of before its start.
pub struct ResumeLedger {
    clock: Arc<dyn Clock>,
    notebook: Option<Arc<dyn Notebook>>,
    inner: Mutex<Inner>,
    /// What happened to sessions that can be resumed.
    pub counts: ResumeCounts,
}

#[derive(Default)]
struct Inner {
    /// By the order in which they lost their connection.
    detached: BTreeMap<u64, Weak<ClientSession>>,
    last: u64,
    /// What an earlier process noted.
    noted: HashMap<SessionId, Note>,
}

/// What happened to sessions that can be resumed since the daemon started.
#[derive(Debug, Default)]
pub struct ResumeCounts {
    /// Lost their connection and were kept.
    pub detached: Tally,
    /// Were resumed, by a client that had lost its connection.
    pub resumed: Tally,
    /// Were taken over from a connection that was still there.
    pub taken_over: Tally,
    /// Were resumed from the notes of an earlier process.
    pub restored: Tally,
    /// Ended because their grace was over.
    pub expired: Tally,
    /// Ended to make room.
    pub evicted: Tally,
    /// Tokens that were refused.
    pub refused: Tally,
}

impl ResumeCounts {
    /// All of them, with a word for each.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("detached", &self.detached),
            ("resumed", &self.resumed),
            ("taken_over", &self.taken_over),
            ("restored", &self.restored),
            ("expired", &self.expired),
            ("evicted", &self.evicted),
            ("refused", &self.refused),
        ]
        .into_iter()
        .map(|(name, tally)| (name, tally.get()))
    }
}

impl ResumeLedger {
    /// A ledger that begins with these notes. Those whose time is over are dropped; a session that had a connection
    /// when they were written has its grace from now on.
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        notebook: Option<Arc<dyn Notebook>>,
        notes: Vec<Note>,
    ) -> Self {
        let now = clock.now();
        let ledger = Self {
            clock,
            notebook,
            inner: Mutex::default(),
            counts: ResumeCounts::default(),
        };
        for mut note in notes {
            if note.until.is_none() {
                note.until = Some(later(now, note.grace));
            }
            ledger.inner.lock().noted.insert(note.id.clone(), note);
        }
        ledger.drop_overdue();
        ledger
    }

    /// Takes a session up whose connection is lost. Beyond `most` of them the oldest has to go.
    pub(super) fn detach(&self, session: Weak<ClientSession>, most: usize) -> u64 {
        self.counts.detached.one();
        let (number, evicted) = {
            let mut inner = self.inner.lock();
            inner.last += 1;
            let number = inner.last;
            inner.detached.insert(number, session);
            let over = inner.detached.len() > most;
            let oldest = over.then(|| inner.detached.pop_first()).flatten();
            (number, oldest.and_then(|(_, session)| session.upgrade()))
        };
        if let Some(session) = evicted {
            session.evict(most);
        }
        self.drop_overdue();
        number
    }

    /// A session is detached no more.
    pub(super) fn reattach(&self, number: u64) {
        self.inner.lock().detached.remove(&number);
    }

    /// How many sessions wait for their clients: those in memory, and those that an earlier process noted.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        let inner = self.inner.lock();
        (inner.detached.len(), inner.noted.len())
    }

    /// The sessions in memory that wait for their clients.
    #[must_use]
    pub fn detached(&self) -> Vec<Arc<ClientSession>> {
        let inner = self.inner.lock();
        inner.detached.values().filter_map(Weak::upgrade).collect()
    }

    /// What an earlier process noted of a session whose time is not over.
    pub(super) fn noted(&self, session: &SessionId) -> Option<Note> {
        self.drop_overdue();
        self.inner.lock().noted.get(session).cloned()
    }

    /// Until when the session of an earlier process may be resumed; none where it may not.
    pub(crate) fn noted_until(&self, session: &SessionId) -> Option<Timestamp> {
        self.noted(session)?.until
    }

    /// The note of a session that is about to be in memory again, once.
    pub(super) fn take(&self, session: &SessionId) -> Option<Note> {
        self.inner.lock().noted.remove(session)
    }

    /// Drops the notes whose time is over.
    fn drop_overdue(&self) {
        let now = self.clock.now();
        let overdue: Vec<SessionId> = {
            let mut inner = self.inner.lock();
            let overdue = |_: &SessionId, note: &mut Note| note.until.is_some_and(|at| at <= now);
            inner.noted.extract_if(overdue).map(|(id, _)| id).collect()
        };
        for session in overdue {
            self.counts.expired.one();
            self.forget(&session);
        }
    }

    /// When something is over that begins now.
    pub(super) fn until(&self, grace: Duration) -> Timestamp {
        later(self.clock.now(), grace)
    }

    pub(super) fn save(&self, note: Note) -> Option<BoxFuture<'static, ()>> {
        self.notebook.as_ref()?.save(note)
    }

    pub(super) fn forget(&self, session: &SessionId) {
        if let Some(notebook) = &self.notebook {
            notebook.forget(session);
        }
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_millis(now.unix_millis().saturating_add(millis))
}

impl fmt::Debug for ResumeLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeLedger")
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
