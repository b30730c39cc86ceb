//! The part of a stream that memory holds.

use std::collections::VecDeque;
use std::sync::Arc;

use bytestring::ByteString;
use car_protocol::Timestamp;
use car_protocol::rpc::events::Cursor;
#[cfg(feature = "sqlite")]
use tokio::sync::oneshot;

use super::{Entry, Listener, LogError, Retention, StreamStats};
use crate::budget::Share;
use crate::frame::Burst;

/// The newest entries of a stream, and who waits for further ones. Numbers have no gap.
#[derive(Debug)]
pub(super) struct Ring {
    /// The oldest number that is kept anywhere; one more than `last` where nothing is.
    pub(super) first: u64,
    /// The newest number that was given.
    pub(super) last: u64,
    entries: VecDeque<Entry>,
    bytes: usize,
    /// What the entries and the burst are counted for in the memory budget.
    pub(super) share: Share,
    burst: Option<Shared>,
    /// Replaced when somebody comes or goes, so that telling them needs no lock.
    pub(super) listeners: Arc<Vec<Arc<dyn Listener>>>,
    /// Who waits until a number is published.
    #[cfg(feature = "sqlite")]
    pub(super) waiting: Vec<(u64, oneshot::Sender<Result<(), LogError>>)>,
}

/// What several listeners read alike.
#[derive(Debug)]
struct Shared {
    /// The place that it follows, and its last number.
    after: u64,
    last: u64,
    /// Whether the next one was too long to be part of it.
    full: bool,
    burst: Arc<Burst>,
    /// How many have not read it yet.
    readers: usize,
}

/// Bytes of text in a burst at most.
pub(super) const BURST_BYTES: usize = 32 << 10;

/// Where a reader goes on.
pub(super) struct Place {
    /// The number after which it reads.
    pub(super) after: u64,
    /// How many between the place that it named and that one are no longer kept.
    pub(super) missed: u64,
}

impl Shared {
    /// Whether it is all that a reader is given who goes on after this place.
    fn is_next(&self, after: u64, limit: usize, head: u64) -> bool {
        let count = self.burst.texts().len();
        let is_all = self.last == head || self.full || count == limit;
        self.after == after && count <= limit && is_all
    }
}

impl Ring {
    pub(super) fn new(first: u64, last: u64) -> Self {
        Self {
            first,
            last,
            entries: VecDeque::new(),
            bytes: 0,
            share: Share::default(),
            burst: None,
            listeners: Arc::default(),
            #[cfg(feature = "sqlite")]
            waiting: Vec::new(),
        }
    }

    /// The place before the oldest event that is kept.
    pub(super) fn oldest(&self) -> u64 {
        self.first.saturating_sub(1)
    }

    /// The place from which on memory holds everything.
    pub(super) fn hot(&self) -> u64 {
        self.entries
            .front()
            .map_or(self.last, |entry| entry.seq.saturating_sub(1))
    }

    /// Where a reader that has seen `after` goes on; `head` is the newest number that it may see.
    pub(super) fn place(
        &self,
        epoch: u64,
        head: u64,
        after: Option<Cursor>,
    ) -> Result<Place, LogError> {
        let oldest = self.oldest();
        match after {
            None => Ok(Place {
                after: oldest,
                missed: 0,
            }),
            Some(cursor) if cursor.epoch == epoch && cursor.seq <= head => Ok(Place {
                after: cursor.seq.max(oldest),
                missed: oldest.saturating_sub(cursor.seq),
            }),
            Some(_) => Err(LogError::Resync {
                oldest: Cursor { epoch, seq: oldest },
            }),
        }
    }

    /// The entries after a number that memory holds.
    pub(super) fn after(&self, seq: u64) -> impl Iterator<Item = &Entry> {
        let skip = usize::try_from(seq.saturating_sub(self.hot())).unwrap_or(usize::MAX);
        self.entries.range(skip.min(self.entries.len())..)
    }

    /// The texts of up to `limit` events after `after` and up to `head`.
    pub(super) fn texts(
        &self,
        after: u64,
        limit: usize,
        head: u64,
    ) -> impl Iterator<Item = ByteString> {
        let kept = self.after(after).take_while(move |entry| entry.seq <= head);
        kept.take(limit).map(|entry| entry.frame.clone())
    }

    /// What follows `after`, up to `limit` events and up to `head`, as what all listeners there are given. None where nobody
    /// else listens, or where the next one is too long for that.
    pub(super) fn burst(&mut self, after: u64, limit: usize, head: u64) -> Option<Arc<Burst>> {
        let others = self
            .listeners
            .len()
            .checked_sub(1)
            .filter(|left| *left > 0)?;
        let made = self.burst.as_mut();
        if let Some(shared) = made.filter(|shared| shared.is_next(after, limit, head)) {
            let burst = Arc::clone(&shared.burst);
            shared.readers = shared.readers.saturating_sub(1);
            if shared.readers == 0 {
                self.burst = None;
            }
            return Some(burst);
        }
        let (mut texts, mut room, mut full) = (Vec::new(), BURST_BYTES, false);
        for entry in self.after(after).take(limit) {
            if entry.seq > head {
                break;
            }
            let Some(left) = room.checked_sub(entry.frame.len()) else {
                full = true;
                break;
            };
            room = left;
            texts.push(entry.frame.clone());
        }
        if texts.is_empty() {
            return None;
        }
        let last = after + texts.len() as u64;
        let burst = Arc::new(Burst::new(texts));
        self.burst = Some(Shared {
            after,
            last,
            full,
            burst: Arc::clone(&burst),
            readers: others,
        });
        Some(burst)
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.last = entry.seq;
        self.bytes += entry.weight();
        self.entries.push_back(entry);
    }

    /// Puts back an entry that is older than all here.
    #[cfg(feature = "sqlite")]
    pub(super) fn push_older(&mut self, entry: Entry) {
        self.bytes += entry.weight();
        self.entries.push_front(entry);
    }

    /// What the entries and the burst take in memory.
    pub(super) fn bytes(&self) -> usize {
        let burst = self.burst.as_ref().map_or(0, |shared| shared.burst.bytes());
        self.bytes + burst
    }

    pub(super) fn stats(&self) -> StreamStats {
        StreamStats {
            events: self.entries.len() as u64,
            bytes: self.bytes as u64,
        }
    }

    /// Lets the oldest entry go from memory; what is kept elsewhere stays.
    fn let_go(&mut self) -> Option<u64> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.weight();
        Some(entry.seq)
    }

    /// Drops the oldest entry.
    fn drop_oldest(&mut self) {
        if let Some(seq) = self.let_go() {
            self.first = seq + 1;
        }
    }

    /// Drops the oldest entries until `keep` are left.
    pub(super) fn truncate(&mut self, keep: usize) {
        self.burst = None;
        while self.entries.len() > keep {
            self.drop_oldest();
        }
    }

    /// Drops the oldest entries until about so many bytes are gone, but not the newest; answers what went.
    pub(super) fn evict(&mut self, bytes: usize) -> StreamStats {
        self.burst = None;
        let before = self.stats();
        let left = self.bytes.saturating_sub(bytes);
        while self.bytes > left && self.entries.len() > 1 {
            self.drop_oldest();
        }
        before.without(self.stats())
    }

    /// Lets entries go from memory that are stored (up to `stored`) until about so many bytes are gone, but not the
    /// newest; answers what went.
    #[cfg(feature = "sqlite")]
    pub(super) fn let_go_stored(&mut self, stored: u64, bytes: usize) -> StreamStats {
        self.burst = None;
        let before = self.stats();
        let left = self.bytes.saturating_sub(bytes);
        let is_stored = |entry: &Entry| entry.seq <= stored;
        while self.bytes > left
            && self.entries.len() > 1
            && self.entries.front().is_some_and(is_stored)
        {
            self.let_go();
        }
        before.without(self.stats())
    }

    /// Drops what exceeds a retention.
    pub(super) fn enforce(&mut self, retention: &Retention, now: Timestamp) {
        let oldest_allowed = retention.oldest_allowed(now);
        while self.entries.len() > retention.count
            || (self.bytes > retention.bytes && self.entries.len() > 1)
            || self
                .entries
                .front()
                .is_some_and(|entry| entry.at.unix_millis() < oldest_allowed)
        {
            self.drop_oldest();
        }
    }

    /// Lets entries go from memory that are stored (up to `stored`) and exceed what memory keeps of them, or that are no
    /// longer kept anywhere.
    #[cfg(feature = "sqlite")]
    pub(super) fn cool(&mut self, stored: u64, hot: &Retention, least: usize) {
        while let Some(oldest) = self.entries.front() {
            let (events, seq) = (self.entries.len(), oldest.seq);
            let too_many =
                events > hot.count || (self.bytes > hot.bytes && events > least.min(hot.count));
            if seq > stored || (seq >= self.first && !too_many) {
                break;
            }
            self.let_go();
        }
    }
}

impl Retention {
    /// The time before which nothing is kept, in milliseconds.
    pub(super) fn oldest_allowed(&self, now: Timestamp) -> i64 {
        now.unix_millis()
            .saturating_sub(i64::try_from(self.age.as_millis()).unwrap_or(i64::MAX))
    }
}
