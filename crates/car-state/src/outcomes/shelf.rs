//! What is known of one identity's keys: a plain state machine, without clock, lock or waker.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use car_protocol::Timestamp;
use car_protocol::idempotency::IdempotencyKey;

use super::{Fingerprint, OutcomeError, OutcomeLimits, RowId};

/// How an act ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// With a result.
    Done,
    /// With an error.
    Failed,
    /// It was cut, and nobody knows how far it came.
    Unknown,
}

impl Status {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// The end of an act.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct End {
    pub(super) status: Status,
    pub(super) at: Timestamp,
    /// Bytes of the answer that is kept; none where none is.
    pub(super) kept: Option<usize>,
}

/// What is known of a key. `W` is who waits.
#[derive(Clone, Debug)]
pub(super) struct Entry<W> {
    pub(super) row: RowId,
    pub(super) print: Fingerprint,
    pub(super) method: Arc<str>,
    pub(super) begun: Timestamp,
    pub(super) phase: Phase<W>,
}

#[derive(Clone, Debug)]
pub(super) enum Phase<W> {
    /// Taken on, and not begun: whatever happens now, nothing has been done.
    Waiting(Vec<W>),
    /// From here on it may have done something.
    Acting(Vec<W>),
    Ended {
        end: End,
        /// Its place in the order of ends.
        place: u64,
    },
}

/// What a call with a key is.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Submit {
    /// The first: its act is to be carried out. Older ones went for it.
    Fresh,
    /// One whose act is under way.
    Joined,
    /// One whose act has ended so.
    Past(RowId, End),
}

/// The keys of one identity.
#[derive(Clone, Debug)]
pub(super) struct Shelf<W> {
    limits: OutcomeLimits,
    entries: HashMap<IdempotencyKey, Entry<W>>,
    /// Those that have ended, the oldest end first.
    ended: BTreeMap<u64, IdempotencyKey>,
    next_place: u64,
    bytes: usize,
    /// Whatever was begun before this and has gone may have been here.
    horizon: Timestamp,
    /// What has gone since somebody asked.
    gone: Vec<RowId>,
}

impl<W> Shelf<W> {
    /// An empty one, that knows all keys since `horizon`.
    pub(super) fn new(limits: OutcomeLimits, horizon: Timestamp) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            ended: BTreeMap::new(),
            next_place: 0,
            bytes: 0,
            horizon,
            gone: Vec::new(),
        }
    }

    /// Puts an ended act back, in the order of ends.
    pub(super) fn restore(
        &mut self,
        key: IdempotencyKey,
        entry: Entry<W>,
        end: End,
        now: Timestamp,
    ) {
        if let Some(before) = self.entries.insert(key.clone(), entry) {
            self.unlist(&before);
            self.gone.push(before.row);
        }
        self.list(&key, end);
        self.expire(now);
        let over = |shelf: &Self| {
            shelf.entries.len() > shelf.limits.keys || shelf.bytes > shelf.limits.bytes
        };
        while over(self) && self.evict_oldest() {}
    }

    /// Takes a call. `row` is for its act, if it is the first.
    pub(super) fn submit(
        &mut self,
        key: &IdempotencyKey,
        print: Fingerprint,
        method: &Arc<str>,
        row: RowId,
        now: Timestamp,
    ) -> Result<Submit, OutcomeError> {
        self.expire(now);
        if let Some(entry) = self.entries.get(key) {
            if entry.print != print {
                return Err(OutcomeError::Conflict);
            }
            return match &entry.phase {
                Phase::Waiting(waiters) | Phase::Acting(waiters) => {
                    let limit = self.limits.joined;
                    if waiters.len() < limit {
                        Ok(Submit::Joined)
                    } else {
                        Err(OutcomeError::Crowded { limit })
                    }
                }
                Phase::Ended { end, .. } if end.status == Status::Unknown => {
                    Err(OutcomeError::Unknown)
                }
                Phase::Ended { end, .. } => Ok(Submit::Past(entry.row, *end)),
            };
        }
        if self.entries.len() >= self.limits.keys && !self.evict_oldest() {
            return Err(OutcomeError::Full {
                limit: self.limits.keys,
            });
        }
        let entry = Entry {
            row,
            print,
            method: Arc::clone(method),
            begun: now,
            phase: Phase::Waiting(Vec::new()),
        };
        self.entries.insert(key.clone(), entry);
        Ok(Submit::Fresh)
    }

    /// Those who wait for an act under way.
    pub(super) fn waiters(&mut self, key: &IdempotencyKey) -> Option<&mut Vec<W>> {
        match &mut self.entries.get_mut(key)?.phase {
            Phase::Waiting(waiters) | Phase::Acting(waiters) => Some(waiters),
            Phase::Ended { .. } => None,
        }
    }

    /// The act begins.
    pub(super) fn act(&mut self, key: &IdempotencyKey, row: RowId) {
        if let Some(entry) = self.entries.get_mut(key)
            && entry.row == row
            && let Phase::Waiting(waiters) = &mut entry.phase
        {
            entry.phase = Phase::Acting(std::mem::take(waiters));
        }
    }

    /// The act has ended; answers who waits for it.
    pub(super) fn end(&mut self, key: &IdempotencyKey, row: RowId, end: End) -> Vec<W> {
        let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.row == row) else {
            return Vec::new();
        };
        let waiters = match &mut entry.phase {
            Phase::Waiting(waiters) | Phase::Acting(waiters) => std::mem::take(waiters),
            Phase::Ended { .. } => return Vec::new(),
        };
        self.list(key, end);
        while self.bytes > self.limits.bytes && self.ended.len() > 1 {
            self.evict_oldest();
        }
        waiters
    }

    /// The act is taken back, since it never began or says itself that it did nothing; answers who waits for it.
    pub(super) fn release(&mut self, key: &IdempotencyKey, row: RowId) -> Vec<W> {
        match self.entries.get(key) {
            Some(entry) if entry.row == row && !matches!(entry.phase, Phase::Ended { .. }) => {}
            _ => return Vec::new(),
        }
        match self.entries.remove(key).map(|entry| entry.phase) {
            Some(Phase::Waiting(waiters) | Phase::Acting(waiters)) => waiters,
            _ => Vec::new(),
        }
    }

    /// What is known of a key.
    pub(super) fn get(&mut self, key: &IdempotencyKey, now: Timestamp) -> Option<&Entry<W>> {
        self.expire(now);
        self.entries.get(key)
    }

    /// Since when every key is known.
    pub(super) fn known_since(&self, now: Timestamp) -> Timestamp {
        self.horizon.max(self.oldest_kept(now))
    }

    /// What has gone since the last time, and since when all that was begun is known apart from its age; none where nothing
    /// has.
    pub(super) fn take_gone(&mut self) -> Option<(Vec<RowId>, Timestamp)> {
        (!self.gone.is_empty()).then(|| (std::mem::take(&mut self.gone), self.horizon))
    }

    /// How many keys are under way, how many have ended, and the bytes of their answers.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let ended = self.ended.len();
        (self.entries.len() - ended, ended, self.bytes)
    }

    fn oldest_kept(&self, now: Timestamp) -> Timestamp {
        let age = i64::try_from(self.limits.age.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_unix_millis(now.unix_millis().saturating_sub(age))
    }

    fn list(&mut self, key: &IdempotencyKey, end: End) {
        let place = self.next_place;
        self.next_place += 1;
        if let Some(entry) = self.entries.get_mut(key) {
            entry.phase = Phase::Ended { end, place };
            self.ended.insert(place, key.clone());
            self.bytes += end.kept.unwrap_or(0);
        }
    }

    fn unlist(&mut self, entry: &Entry<W>) {
        if let Phase::Ended { end, place } = &entry.phase {
            self.ended.remove(place);
            self.bytes = self.bytes.saturating_sub(end.kept.unwrap_or(0));
        }
    }

    /// Drops what is too old.
    fn expire(&mut self, now: Timestamp) {
        let oldest = self.oldest_kept(now);
        while let Some(key) = self.ended.values().next()
            && let Some(entry) = self.entries.get(key)
            && matches!(entry.phase, Phase::Ended { end, .. } if end.at < oldest)
        {
            self.evict_oldest();
        }
    }

    /// Drops the oldest of those that have ended; `false` where none has.
    fn evict_oldest(&mut self) -> bool {
        let Some((_, key)) = self.ended.pop_first() else {
            return false;
        };
        if let Some(entry) = self.entries.remove(&key) {
            self.unlist(&entry);
            self.horizon = self.horizon.max(entry.begun);
            self.gone.push(entry.row);
        }
        true
    }
}
