//! The proposals that are under way, as seen from outside: who may be told to stop, and who is listened to.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use car_protocol::rpc::proposal::Outcome;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// Bytes of the reason of a cancel that are kept.
const REASON_BYTES: usize = 512;

/// How a proposal comes to its end. Pure: whoever holds it has it in one piece.
///
/// A cancel and the last action may come at the same time. One of them is first, and the other is told so: a cancel that
/// was accepted is the outcome, and one that came after the end was decided is not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) enum Ending {
    /// Nothing speaks against going on.
    #[default]
    Open,
    /// Somebody wants it to end, and said why.
    Asked(Option<Arc<str>>),
    /// It is decided how it ends.
    Decided,
}

impl Ending {
    /// Asks for the end. Whether that decides how it ends.
    pub(super) fn ask(&mut self, reason: Option<&str>) -> bool {
        match self {
            Self::Open => {
                let cut = |text: &str| Arc::from(&text[..text.floor_char_boundary(REASON_BYTES)]);
                *self = Self::Asked(reason.map(cut));
                true
            }
            // The first reason stands.
            Self::Asked(_) => true,
            Self::Decided => false,
        }
    }

    /// Decides, unless somebody asked for the end before: then it is theirs.
    pub(super) fn decide(&mut self) -> Result<(), Option<Arc<str>>> {
        match std::mem::replace(self, Self::Decided) {
            Self::Open | Self::Decided => Ok(()),
            Self::Asked(reason) => {
                *self = Self::Asked(reason.clone());
                Err(reason)
            }
        }
    }
}

/// A proposal under way.
#[derive(Debug)]
pub(super) struct RunHandle {
    pub(super) id: Arc<str>,
    /// Cancelled with the session, when somebody asks for the end, and when the run stops for reasons of its own: it is
    /// what tells tools to stop.
    pub(super) token: CancellationToken,
    ending: Mutex<Ending>,
    watched: AtomicBool,
}

impl RunHandle {
    /// Whether somebody asked for the end.
    pub(super) fn asked(&self) -> Option<Option<Arc<str>>> {
        match &*self.ending.lock() {
            Ending::Asked(reason) => Some(reason.clone()),
            Ending::Open | Ending::Decided => None,
        }
    }

    /// Asks for the end.
    pub(super) fn ask(&self, reason: Option<&str>) -> bool {
        let taken = self.ending.lock().ask(reason);
        if taken {
            self.token.cancel();
        }
        taken
    }

    /// Decides the end, unless somebody asked for another one.
    pub(super) fn decide(&self) -> Result<(), Option<Arc<str>>> {
        self.ending.lock().decide()
    }

    /// Whether anybody listens to its steps.
    pub(super) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    pub(super) fn watch(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }
}

/// The proposals of one engine: all that are under way, and the last that have ended.
#[derive(Debug, Default)]
pub(super) struct Runs(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// As many as requests may be under way, which are few.
    running: Vec<Arc<RunHandle>>,
    ended: VecDeque<(Arc<str>, Outcome)>,
}

/// What was found of a proposal that is to be cancelled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CancelOutcome {
    /// It ends for that reason.
    Cancelled,
    /// It had ended.
    Ended(Outcome),
    /// Its end was just decided, and is not told yet.
    Ending,
}

impl Runs {
    /// Takes a proposal on until the answer is dropped.
    pub(super) fn begin(
        &self,
        id: Arc<str>,
        session: &CancellationToken,
        watched: bool,
    ) -> Guard<'_> {
        let handle = Arc::new(RunHandle {
            id,
            token: session.child_token(),
            ending: Mutex::default(),
            watched: AtomicBool::new(watched),
        });
        self.0.lock().running.push(Arc::clone(&handle));
        Guard { runs: self, handle }
    }

    /// Asks for the end of all proposals with this id; `None` where there never was one that is still known.
    pub(super) fn cancel(&self, id: &str, reason: Option<&str>) -> Option<CancelOutcome> {
        let mut found = None;
        for handle in self.named(id) {
            if handle.ask(reason) {
                found = Some(CancelOutcome::Cancelled);
            } else {
                found = found.or(Some(CancelOutcome::Ending));
            }
        }
        found.or_else(|| self.ended(id).map(CancelOutcome::Ended))
    }

    /// Has the steps of a proposal under way told; whether there is one.
    pub(super) fn watch(&self, id: &str) -> bool {
        let named = self.named(id);
        named.iter().for_each(|handle| handle.watch());
        !named.is_empty()
    }

    pub(super) fn is_running(&self, id: &str) -> bool {
        let inner = self.0.lock();
        inner.running.iter().any(|handle| &*handle.id == id)
    }

    pub(super) fn is_watched(&self, id: &str) -> bool {
        let inner = self.0.lock();
        let mut named = inner.running.iter().filter(|handle| &*handle.id == id);
        named.any(|handle| handle.is_watched())
    }

    /// How a proposal ended, where that is still known.
    pub(super) fn ended(&self, id: &str) -> Option<Outcome> {
        let inner = self.0.lock();
        let mut newest_first = inner.ended.iter().rev();
        newest_first
            .find(|(ended, _)| &**ended == id)
            .map(|(_, outcome)| *outcome)
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.0.lock().running.len()
    }

    fn named(&self, id: &str) -> Vec<Arc<RunHandle>> {
        let inner = self.0.lock();
        let named = inner.running.iter().filter(|handle| &*handle.id == id);
        named.cloned().collect()
    }

    fn end(&self, handle: &Arc<RunHandle>) {
        let mut inner = self.0.lock();
        if let Some(place) = inner
            .running
            .iter()
            .position(|run| Arc::ptr_eq(run, handle))
        {
            inner.running.swap_remove(place);
        }
    }

    /// Remembers how a proposal ended.
    pub(super) fn remember(&self, id: &Arc<str>, outcome: Outcome, limit: usize) {
        let mut inner = self.0.lock();
        while inner.ended.len() >= limit.max(1) {
            inner.ended.pop_front();
        }
        inner.ended.push_back((Arc::clone(id), outcome));
    }
}

/// A proposal's place among those under way; it leaves with this.
#[derive(Debug)]
pub(super) struct Guard<'e> {
    runs: &'e Runs,
    pub(super) handle: Arc<RunHandle>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.runs.end(&self.handle);
    }
}
