//! The shell around the shelves: time, locks, storage, and who waits.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use car_protocol::Timestamp;
use car_protocol::idempotency::IdempotencyKey;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::shelf::{End, Entry, Phase, Shelf, Submit};
use super::store::{KeptRow, OutcomeStore, RowId};
use super::{Fingerprint, OutcomeError, OutcomeLimits, Reply, Scope, Status, secret};
use crate::clock::Clock;
use crate::log::LogError;
use crate::traffic::Tally;

/// How a call that waits is told.
type Told = Result<Arc<Reply>, OutcomeError>;
type Shelves = HashMap<Scope, Shelf<oneshot::Sender<Told>>>;

/// The acts that have a key.
pub struct Outcomes {
    shelves: Mutex<Shelves>,
    store: Arc<dyn OutcomeStore>,
    clock: Arc<dyn Clock>,
    limits: OutcomeLimits,
    next_row: AtomicU64,
    /// Since when keys are known at all.
    since: Timestamp,
    joined: Tally,
    replayed: Tally,
    refused: [Tally; REASONS.len()],
}

/// Why calls with a key are refused.
const REASONS: [&str; 6] = [
    "conflict", "unknown", "not_kept", "full", "crowded", "storage",
];

impl OutcomeError {
    /// The word for it, for whoever counts.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Unknown => "unknown",
            Self::NotKept { .. } => "not_kept",
            Self::Full { .. } => "full",
            Self::Crowded { .. } => "crowded",
            Self::Withdrawn => "withdrawn",
            Self::Storage(_) => "storage",
        }
    }
}

/// How many acts there are, over all identities.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KeptCounts {
    /// Under way.
    pub running: usize,
    /// Ended, and known.
    pub ended: usize,
    /// Bytes of the answers that are kept.
    pub bytes: usize,
}

/// What a call with a key is.
#[derive(Debug)]
pub enum Submitted {
    /// The first with this key.
    Fresh(Attempt),
    /// Its act is under way.
    Joined(Joined),
    /// Its act is over.
    Past(Past),
}

/// What is known of a key.
#[derive(Debug)]
pub struct Report {
    /// The method; none where the key is not known.
    pub known: Option<Known>,
    /// Since when every key is known.
    pub known_since: Timestamp,
}

/// What is known of an act.
#[derive(Debug)]
pub struct Known {
    /// Its method.
    pub method: Arc<str>,
    /// When it was taken on.
    pub begun: Timestamp,
    /// How and when it ended; none while it is under way.
    pub end: Option<(Status, Timestamp)>,
    /// Where its answer is, if that is kept.
    pub past: Option<Past>,
}

impl Outcomes {
    /// The acts that this store kept, and those that come. Blocks until they are read.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn open(
        store: Arc<dyn OutcomeStore>,
        clock: Arc<dyn Clock>,
        limits: OutcomeLimits,
    ) -> Result<Self, LogError> {
        let now = clock.now();
        let kept = store.load(now)?;
        let mut shelves = Shelves::new();
        let mut last = 0;
        for (scope, horizon) in kept.horizons {
            shelves.insert(scope, Shelf::new(limits, horizon.max(kept.since)));
        }
        let mut rows = kept.rows;
        // Acts whose end nobody knows count as ended when that was found out.
        rows.sort_by_key(|row| (row.end.map_or(now, |(_, at)| at), row.row));
        for row in rows {
            last = last.max(row.row.0);
            let (status, at) = row.end.unwrap_or((Status::Unknown, now));
            let entry = Entry {
                row: row.row,
                print: row.print,
                method: row.method,
                begun: row.begun,
                phase: Phase::Waiting(Vec::new()),
            };
            let end = End {
                status,
                at,
                kept: row.bytes,
            };
            let shelf = shelves.entry(row.scope);
            let shelf = shelf.or_insert_with(|| Shelf::new(limits, kept.since));
            shelf.restore(row.key, entry, end, now);
        }
        for (scope, shelf) in &mut shelves {
            if let Some((gone, horizon)) = shelf.take_gone() {
                store.forget(scope, gone, Some(horizon));
            }
        }
        Ok(Self {
            shelves: Mutex::new(shelves),
            store,
            clock,
            limits,
            next_row: AtomicU64::new(last + 1),
            since: kept.since,
            joined: Tally::default(),
            replayed: Tally::default(),
            refused: Default::default(),
        })
    }

    /// Works on the shelf of an identity, and drops what has gone from it.
    fn on<R>(&self, scope: &Scope, work: impl FnOnce(&mut Shelf<oneshot::Sender<Told>>) -> R) -> R {
        let (done, gone) = {
            let mut shelves = self.shelves.lock();
            let shelf = shelves
                .entry(scope.clone())
                .or_insert_with(|| Shelf::new(self.limits, self.since));
            (work(shelf), shelf.take_gone())
        };
        if let Some((rows, horizon)) = gone {
            self.store.forget(scope, rows, Some(horizon));
        }
        done
    }

    /// Takes a call with a key.
    ///
    /// # Errors
    /// [`OutcomeError`]: it is not carried out, and has no answer.
    pub fn submit(
        self: &Arc<Self>,
        scope: Scope,
        key: IdempotencyKey,
        method: &'static str,
        print: Fingerprint,
    ) -> Result<Submitted, OutcomeError> {
        let submitted = self.take(scope, key, method, print);
        match &submitted {
            Ok(Submitted::Fresh(_)) => {}
            Ok(Submitted::Joined(_)) => self.joined.one(),
            Ok(Submitted::Past(_)) => self.replayed.one(),
            Err(error) => self.count(error),
        }
        submitted
    }

    fn take(
        self: &Arc<Self>,
        scope: Scope,
        key: IdempotencyKey,
        method: &'static str,
        print: Fingerprint,
    ) -> Result<Submitted, OutcomeError> {
        let (now, method) = (self.clock.now(), Arc::<str>::from(method));
        let row = RowId(self.next_row.fetch_add(1, Ordering::Relaxed));
        let (submit, told) = self.on(&scope, |shelf| {
            if let Some(waiters) = shelf.waiters(&key) {
                waiters.retain(|waiter| !waiter.is_closed());
            }
            let submit = shelf.submit(&key, print, &method, row, now)?;
            let told = match (&submit, shelf.waiters(&key)) {
                (Submit::Joined, Some(waiters)) => {
                    let (tell, told) = oneshot::channel();
                    waiters.push(tell);
                    Some(told)
                }
                _ => None,
            };
            Ok::<_, OutcomeError>((submit, told))
        })?;
        let outcomes = Arc::clone(self);
        match (submit, told) {
            (Submit::Past(row, end), _) => {
                if end.kept.is_none() {
                    return Err(OutcomeError::NotKept { status: end.status });
                }
                Ok(Submitted::Past(Past {
                    outcomes,
                    row,
                    status: end.status,
                }))
            }
            (Submit::Joined, Some(told)) => Ok(Submitted::Joined(Joined {
                outcomes,
                scope,
                key,
                told,
            })),
            _ => {
                let row = KeptRow {
                    row,
                    scope,
                    key,
                    print,
                    method,
                    begun: now,
                    end: None,
                    bytes: None,
                };
                let attempt = Attempt {
                    outcomes,
                    row,
                    recorded: false,
                    open: true,
                };
                // Asked before a person is.
                self.store.admits()?;
                Ok(Submitted::Fresh(attempt))
            }
        }
    }

    /// What is known of a key.
    pub fn report(self: &Arc<Self>, scope: &Scope, key: &IdempotencyKey) -> Report {
        let now = self.clock.now();
        self.on(scope, |shelf| {
            let known = shelf.get(key, now).map(|entry| {
                let end = match entry.phase {
                    Phase::Ended { end, .. } => Some(end),
                    Phase::Waiting(_) | Phase::Acting(_) => None,
                };
                Known {
                    method: Arc::clone(&entry.method),
                    begun: entry.begun,
                    end: end.map(|end| (end.status, end.at)),
                    past: end.filter(|end| end.kept.is_some()).map(|end| Past {
                        outcomes: Arc::clone(self),
                        row: entry.row,
                        status: end.status,
                    }),
                }
            });
            Report {
                known,
                known_since: shelf.known_since(now),
            }
        })
    }

    fn count(&self, error: &OutcomeError) {
        let reasons = REASONS.iter().zip(&self.refused);
        if let Some((_, tally)) = reasons
            .into_iter()
            .find(|(name, _)| **name == error.reason())
        {
            tally.one();
        }
    }

    /// How many acts there are now.
    #[must_use]
    pub fn counts(&self) -> KeptCounts {
        let shelves = self.shelves.lock();
        let each = shelves.values().map(Shelf::counts);
        each.fold(KeptCounts::default(), |sum, (running, ended, bytes)| {
            KeptCounts {
                running: sum.running + running,
                ended: sum.ended + ended,
                bytes: sum.bytes + bytes,
            }
        })
    }

    /// Calls that had the answer of another one so far: how, and how many.
    pub fn repeats(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [("joined", self.joined.get()), ("kept", self.replayed.get())].into_iter()
    }

    /// Calls with a key that were refused so far: why, and how many.
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let reasons = REASONS.iter().zip(&self.refused);
        reasons.map(|(reason, tally)| (*reason, tally.get()))
    }
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcomes")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

/// The right and the duty to carry an act out. Dropping it before [`begin`](Self::begin) is done takes the act back;
/// dropping it afterwards leaves it as one that was cut.
#[derive(Debug)]
#[must_use = "dropping it takes the act back"]
pub struct Attempt {
    outcomes: Arc<Outcomes>,
    row: KeptRow,
    /// Whether the store was told of it.
    recorded: bool,
    /// Whether nothing has settled it yet.
    open: bool,
}

impl Attempt {
    /// Records that the act runs. It may run when this is ready, and not before.
    ///
    /// # Errors
    /// It cannot be recorded. Drop the attempt then.
    pub async fn begin(&mut self) -> Result<(), OutcomeError> {
        self.recorded = true;
        self.outcomes
            .store
            .begin(&self.row)
            .await
            .inspect_err(|error| self.outcomes.count(&OutcomeError::Storage(error.clone())))?;
        let (key, row) = (&self.row.key, self.row.row);
        self.outcomes
            .on(&self.row.scope, |shelf| shelf.act(key, row));
        Ok(())
    }

    /// Records how the act was answered, and tells all who wait. Ready when that is durable; where storage fails it will
    /// be as soon as that takes it.
    pub async fn end(mut self, reply: Arc<Reply>) {
        self.open = false;
        let status = match &*reply {
            Ok(_) => Status::Done,
            Err(_) => Status::Failed,
        };
        let size = match &*reply {
            Ok(result) => result.get().len(),
            Err(error) => serde_json::to_string(error).map_or(usize::MAX, |text| text.len()),
        };
        let limits = &self.outcomes.limits;
        let fits = size <= limits.result_bytes.min(limits.bytes);
        let open = reply
            .as_ref()
            .as_ref()
            .is_ok_and(|result| secret::is_in(result));
        let kept = (fits && !open).then_some(size);
        let at = self.outcomes.clock.now();
        self.row.end = Some((status, at));
        self.row.bytes = kept;
        // In this order: who finds it ended finds its answer.
        let stored = self
            .outcomes
            .store
            .end(&self.row, kept.map(|_| Arc::clone(&reply)));
        let end = End { status, at, kept };
        let waiters = self.settle(|shelf, key, row| shelf.end(key, row, end));
        if let Err(error) = stored.await {
            tracing::warn!(%error, "the end of an act is not durable yet");
        }
        for waiter in waiters {
            let _ = waiter.send(Ok(Arc::clone(&reply)));
        }
    }

    /// Takes the act back: nothing has been done, and it may be asked for again. Who waits gets this answer.
    pub fn release(mut self, reply: &Arc<Reply>) {
        self.take_back(&Ok(Arc::clone(reply)));
    }

    fn take_back(&mut self, told: &Told) {
        self.open = false;
        let waiters = self.settle(|shelf, key, row| shelf.release(key, row));
        if self.recorded {
            let (scope, row) = (&self.row.scope, self.row.row);
            self.outcomes.store.forget(scope, vec![row], None);
        }
        for waiter in waiters {
            let _ = waiter.send(told.clone());
        }
    }

    fn settle<R>(
        &self,
        work: impl FnOnce(&mut Shelf<oneshot::Sender<Told>>, &IdempotencyKey, RowId) -> R,
    ) -> R {
        let row = &self.row;
        self.outcomes
            .on(&row.scope, |shelf| work(shelf, &row.key, row.row))
    }

    /// Whether it may have done something.
    fn has_begun(&self) -> bool {
        let row = &self.row;
        self.outcomes.on(&row.scope, |shelf| {
            let entry = shelf.get(&row.key, row.begun);
            entry.is_some_and(|entry| matches!(entry.phase, Phase::Acting(_)))
        })
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        if !self.has_begun() {
            return self.take_back(&Err(OutcomeError::Withdrawn));
        }
        let (status, at) = (Status::Unknown, self.outcomes.clock.now());
        self.row.end = Some((status, at));
        let end = End {
            status,
            at,
            kept: None,
        };
        // Nobody waits for it to be durable: without it, it is found running, which says the same.
        drop(self.outcomes.store.end(&self.row, None));
        let waiters = self.settle(|shelf, key, row| shelf.end(key, row, end));
        for waiter in waiters {
            let _ = waiter.send(Err(OutcomeError::Unknown));
        }
    }
}

/// A call that waits for the act of another one.
#[derive(Debug)]
pub struct Joined {
    outcomes: Arc<Outcomes>,
    scope: Scope,
    key: IdempotencyKey,
    told: oneshot::Receiver<Told>,
}

impl Joined {
    /// The answer, when it is there.
    ///
    /// # Errors
    /// There will be none.
    pub async fn answer(self) -> Result<Arc<Reply>, OutcomeError> {
        if let Ok(told) = self.told.await {
            return told;
        }
        // Who was to tell was cut after the end.
        let known = self.outcomes.report(&self.scope, &self.key).known;
        match known.map(|known| (known.past, known.end)) {
            Some((Some(past), _)) => past.answer().await,
            Some((None, Some((status, _)))) if status != Status::Unknown => {
                Err(OutcomeError::NotKept { status })
            }
            _ => Err(OutcomeError::Unknown),
        }
    }
}

/// An act that is over, and whose answer is kept.
#[derive(Debug)]
pub struct Past {
    outcomes: Arc<Outcomes>,
    row: RowId,
    status: Status,
}

impl Past {
    /// The answer.
    ///
    /// # Errors
    /// It cannot be read, or has gone in this moment.
    pub async fn answer(self) -> Result<Arc<Reply>, OutcomeError> {
        let status = self.status;
        let reply = self.outcomes.store.read(self.row).await?;
        reply.ok_or(OutcomeError::NotKept { status })
    }
}
