//! How an event gets into the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use car_protocol::rpc::events::Cursor;
use tokio::time::Instant;

use super::Shared;
use super::durable::Durable;
use super::journal::Record;
use crate::db::DbError;
use crate::log::ring::Ring;
use crate::log::{Draft, Durability, Entry, Listener, LogError, StreamName};

/// Events that may wait for storage.
pub(super) const PENDING_EVENTS: usize = 65_536;
/// Bytes of the events that may wait for storage.
const PENDING_BYTES: usize = 32 << 20;
/// When an event that found as many waiting may be tried again.
pub(super) const RETRY: Duration = Duration::from_millis(20);

/// What waits for storage.
#[derive(Debug, Default)]
pub(super) struct Pending {
    events: AtomicUsize,
    bytes: AtomicUsize,
}

impl Pending {
    pub(super) fn admits(&self) -> Result<(), LogError> {
        let full = self.events.load(Ordering::Relaxed) >= PENDING_EVENTS
            || self.bytes.load(Ordering::Relaxed) >= PENDING_BYTES;
        if full {
            return Err(LogError::Busy { retry: RETRY });
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.events.load(Ordering::Relaxed) == 0
    }

    /// Whether it is half of what may wait, so that nothing waits for company any more.
    pub(super) fn presses(&self) -> bool {
        self.events.load(Ordering::Relaxed) >= PENDING_EVENTS / 2
            || self.bytes.load(Ordering::Relaxed) >= PENDING_BYTES / 2
    }

    /// Adds an event; whether it [`presses`](Self::presses) since then.
    fn add(&self, bytes: usize) -> bool {
        let pressed = self.presses();
        self.events.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        !pressed && self.presses()
    }

    pub(super) fn written(&self, entries: &[Entry]) {
        let bytes = entries.iter().map(Entry::weight).sum();
        self.events.fetch_sub(entries.len(), Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Who is told of an event that is published.
type Listeners = Arc<Vec<Arc<dyn Listener>>>;

impl Shared {
    /// Appends to a stream that outlives the process. Where the system having it is enough, it is published before this
    /// returns.
    pub(super) fn append(
        self: &Arc<Self>,
        stream: &StreamName,
        draft: Draft,
    ) -> Result<Cursor, LogError> {
        match self.database.admits() {
            Err(DbError::StorageFull { .. }) if draft.happened => {}
            admits => admits?,
        }
        self.pending.admits()?;
        let durable = self.get_or_make(stream)?;
        let (at, happened) = (draft.at.unix_millis(), draft.happened);
        let mut flushes = false;
        let store = |entry: &Entry| {
            // In this order: who collects from here on waits until it is in the ring, so that nothing is in the journal
            // before the mark that is not collected after it.
            flushes = self.lists(&durable);
            self.journal(&durable, entry)
        };
        let keep = |ring: &mut Ring, entry: Entry, journaled: Result<bool, ()>| {
            if journaled.is_err() && !happened {
                return Err(LogError::StorageFull);
            }
            Ok(self.keep(&durable, ring, entry, journaled == Ok(true)))
        };
        let (cursor, kept) = durable.stream.append_stored(draft, store, keep);
        if flushes {
            self.flush(stream.family().durability);
        }
        for listener in kept?.iter().flat_map(|listeners| listeners.iter()) {
            listener.notify();
        }
        self.sweep(at);
        Ok(cursor)
    }

    /// Puts an event into the ring; answers who is to be told, if it is published.
    pub(super) fn keep(
        &self,
        durable: &Durable,
        ring: &mut Ring,
        entry: Entry,
        journaled: bool,
    ) -> Option<Listeners> {
        let seq = entry.seq;
        if self.pending.add(entry.weight()) {
            self.database.press();
        }
        ring.push(entry);
        // One before it that only the database can publish goes first.
        let is_next = durable.stream.head() + 1 == seq;
        if !is_next || !journaled {
            return None;
        }
        let kept = durable.stream.name().family().retention.count as u64;
        ring.first = ring.first.max((seq + 1).saturating_sub(kept));
        durable.stream.publish(ring, seq);
        Some(Arc::clone(&ring.listeners))
    }

    /// Whether the system has the event now. That is not asked for where it is not enough, nor of a stream that is gone.
    fn journal(&self, durable: &Durable, entry: &Entry) -> Result<bool, ()> {
        let name = durable.stream.name();
        if name.family().durability != Durability::Os || durable.removed.load(Ordering::Acquire) {
            return Ok(false);
        }
        let began = Instant::now();
        let record = Record::Event(entry);
        let written = self
            .journal
            .write(name.as_str(), durable.stream.epoch(), record);
        self.os.waits.record(began.elapsed());
        written.map(|()| true).map_err(drop)
    }

    /// Ends a stream: whoever reads the journal after a kill is told so, too.
    pub(super) fn remove(self: &Arc<Self>, stream: &StreamName, durable: &Arc<Durable>) {
        durable
            .stream
            .between_appends(|| durable.removed.store(true, Ordering::Release));
        // In this order: whoever makes the stream again gets another epoch, and is written after it has gone.
        let epoch = durable.stream.epoch();
        self.epoch.fetch_max(epoch + 1, Ordering::AcqRel);
        let flushes = self.lists(durable);
        let durability = stream.family().durability;
        if durability == Durability::Os {
            // Where that fails, the database is told all the same.
            let _ = self.journal.write(stream.as_str(), epoch, Record::End);
        }
        if flushes {
            self.flush(durability);
        }
        self.durable.remove(stream);
        durable.stream.end();
    }
}
