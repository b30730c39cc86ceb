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
use super::{
    Attempt, Fingerprint, Joined, OutcomeError, OutcomeLimits, Past, Reply, Scope, Status,
};
use crate::clock::Clock;
use crate::log::LogError;
use crate::traffic::Tally;

/// How a call that waits is told.
pub(super) type Told = Result<Arc<Reply>, OutcomeError>;
/// The keys of one identity, and the calls that wait.
pub(super) type Keys = Shelf<oneshot::Sender<Told>>;
type Shelves = HashMap<Scope, Keys>;

/// The acts that have a key.
pub struct Outcomes {
    shelves: Mutex<Shelves>,
    pub(super) store: Arc<dyn OutcomeStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: OutcomeLimits,
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
    pub(super) fn on<R>(&self, scope: &Scope, work: impl FnOnce(&mut Keys) -> R) -> R {
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
                let attempt = Attempt::new(outcomes, row);
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

    pub(super) fn count(&self, error: &OutcomeError) {
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
