//! A stream that outlives the process: what memory holds of it, and where the rest is.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytestring::ByteString;
use car_protocol::Timestamp;
use car_protocol::rpc::events::Cursor;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::schema::{self, StreamRow};
use crate::db::{Database, DbError};
use crate::log::ring::Place;
use crate::log::stream::Stream;
use crate::log::{
    Entry, Family, Frames, LogError, PAGE_BYTES, Page, Retention, StreamStats, Tail, Upcoming,
};

/// Memory keeps a quarter of what is stored of a stream, within these bounds.
const HOT_EVENTS: (usize, usize) = (1_024, 16_384);
/// The same in bytes.
const HOT_BYTES: (usize, usize) = (1 << 20, 8 << 20);
/// So many events are in memory however large they are.
pub(super) const HOT_LEAST: usize = 64;
/// How long a reader waits after storage could not be read.
const READ_AGAIN: Duration = Duration::from_millis(250);
/// How long a reader waits when what it wanted was dropped while it read.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// What memory keeps of a stream that storage has, too.
pub(super) fn hot(family: &Family) -> Retention {
    let kept = family.retention;
    let share =
        |kept: usize, (least, most): (usize, usize)| (kept / 4).clamp(least, most).min(kept);
    Retention {
        count: share(kept.count, HOT_EVENTS),
        bytes: share(kept.bytes, HOT_BYTES),
        age: kept.age,
    }
}

/// A stream in the database.
#[derive(Debug)]
pub(super) struct Durable {
    pub(super) stream: Arc<Stream>,
    database: Database,
    /// As it is committed; its id is 0 before that.
    row: Mutex<StreamRow>,
    /// Whether it is in the list of what has something to write.
    pub(super) listed: AtomicBool,
    pub(super) removed: AtomicBool,
    /// Nothing before this number is wanted any more.
    pub(super) floor: AtomicU64,
    this: Weak<Self>,
}

impl Durable {
    pub(super) fn new(stream: Stream, row: StreamRow, database: Database) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            stream: Arc::new(stream),
            database,
            row: Mutex::new(row),
            listed: AtomicBool::new(false),
            removed: AtomicBool::new(false),
            floor: AtomicU64::new(0),
            this: Weak::clone(this),
        })
    }

    /// The row as it is committed.
    pub(super) fn row(&self) -> StreamRow {
        *self.row.lock()
    }

    /// What is not committed yet: up to so many entries and about so many bytes.
    pub(super) fn unwritten(&self, events: usize, mut bytes: usize) -> Vec<Entry> {
        let stored = self.row().last;
        let fits = |entry: &&Entry| {
            let fits = bytes > 0;
            bytes = bytes.saturating_sub(entry.weight());
            fits
        };
        self.stream.between_appends(|| {
            self.stream.ring(|ring| {
                let entries = ring.after(stored).take(events).take_while(fits);
                entries.cloned().collect()
            })
        })
    }

    /// The row has been committed, and with it all events up to its last one: they are visible from now on, if they were
    /// not before.
    pub(super) fn committed(&self, row: StreamRow) {
        *self.row.lock() = row;
        let hot = hot(self.stream.name().family());
        let (listeners, told) = self.stream.ring(|ring| {
            ring.first = ring.first.max(row.first);
            ring.cool(row.last, &hot, HOT_LEAST);
            if self.stream.head() >= row.last {
                return (None, Vec::new());
            }
            self.stream.publish(ring, row.last);
            let ready = |waiter: &mut (u64, _)| waiter.0 <= row.last;
            let told: Vec<_> = ring.waiting.extract_if(.., ready).collect();
            (Some(Arc::clone(&ring.listeners)), told)
        });
        for listener in listeners.iter().flat_map(|listeners| listeners.iter()) {
            listener.notify();
        }
        for (_, waiter) in told {
            let _ = waiter.send(Ok(()));
        }
    }

    /// The database has nothing of it any more, and what was collected up to a number is dropped: whoever lists it once
    /// more finds neither a row, whose id may be of another stream by then, nor those events.
    pub(super) fn gone(&self, collected: Option<u64>) {
        let mut row = self.row.lock();
        row.id = 0;
        row.last = row.last.max(collected.unwrap_or_default());
    }

    /// Tells all who wait that they wait for nothing, or in vain.
    pub(super) fn fail(&self, error: &LogError) {
        let waiting = self.stream.ring(|ring| std::mem::take(&mut ring.waiting));
        for (_, waiter) in waiting {
            let _ = waiter.send(Err(error.clone()));
        }
    }

    /// Waits until a number is published; none where it is.
    pub(super) fn wait(&self, seq: u64) -> Option<oneshot::Receiver<Result<(), LogError>>> {
        // As a rule it is, and nobody has to wait for the ring to see that.
        if self.stream.head() >= seq {
            return None;
        }
        self.stream.ring(|ring| {
            let (tell, told) = oneshot::channel();
            (self.stream.head() < seq).then(|| {
                ring.waiting.push((seq, tell));
                told
            })
        })
    }

    /// What is published of it; the bytes are about right while a truncation is on its way to storage.
    pub(super) fn stats(&self) -> StreamStats {
        let row = self.row();
        let (head, oldest, waiting) = self.stream.ring(|ring| {
            let (head, oldest) = (self.stream.head(), ring.oldest());
            let waiting = ring.after(row.last.max(oldest));
            let waiting = waiting.take_while(|entry| entry.seq <= head);
            let weight = |entry: &Entry| schema::weight(&entry.kind, entry.params());
            (head, oldest, waiting.map(weight).sum::<u64>())
        });
        let stored = (row.last + 1).saturating_sub(row.first).max(1);
        let kept = row.last.saturating_sub(oldest);
        let bytes = if kept >= stored {
            row.bytes
        } else {
            row.bytes / stored * kept
        };
        StreamStats {
            events: head.saturating_sub(oldest),
            bytes: bytes + waiting,
        }
    }

    /// Drops the oldest events until `keep` are left, for readers at once.
    pub(super) fn truncate(&self, keep: u64) {
        self.stream.ring(|ring| {
            let floor = (self.stream.head() + 1).saturating_sub(keep).max(1);
            ring.first = ring.first.max(floor);
            self.floor.fetch_max(ring.first, Ordering::AcqRel);
        });
    }

    /// Puts what storage has of the newest events back into memory.
    pub(super) fn warm(&self, newest_first: Vec<schema::EventRow>) {
        self.stream.ring(|ring| {
            for row in newest_first {
                let at = Timestamp::from_unix_millis(row.at);
                ring.push_older(self.stream.entry(row.seq, at, &row.kind, &row.params));
            }
        });
    }

    /// Where a reader goes on in storage, and up to which number.
    fn cold_place(&self, after: Option<Cursor>) -> Result<(Place, u64), LogError> {
        let head = self.stream.head();
        let place = self
            .stream
            .ring(|ring| ring.place(self.stream.epoch(), head, after))?;
        Ok((place, head))
    }

    /// Reads entries from wherever they are.
    pub(super) async fn page(
        self: Arc<Self>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, LogError> {
        loop {
            match self.stream.page(after, limit) {
                Err(LogError::Cold { .. }) => {}
                page => return page,
            }
            if self.removed.load(Ordering::Acquire) {
                let epoch = self.stream.epoch() + 1;
                return Page::of_nothing(Cursor { epoch, seq: 0 }, after);
            }
            let (place, head) = self.cold_place(after)?;
            let (id, stream) = (self.row().id, Arc::clone(&self.stream));
            let from = place.after;
            let read = self.database.read(move |connection| {
                let mut entries = Vec::new();
                let size = (limit, PAGE_BYTES);
                schema::read_events(
                    connection,
                    id,
                    (from, head),
                    size,
                    |seq, at, kind, params| {
                        let at = Timestamp::from_unix_millis(at);
                        entries.push(stream.entry(seq, at, kind, params));
                    },
                )?;
                Ok(entries)
            });
            let entries: Vec<Entry> = read.await?;
            if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
                return Ok(Page {
                    missed: place.missed + (first.seq - 1 - from),
                    next: self.stream.at(last.seq),
                    more: last.seq < head,
                    entries,
                });
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Reads frames from wherever they are, and waits while storage cannot be read.
    async fn frames(self: Arc<Self>, after: Cursor, limit: usize) -> Result<Frames, LogError> {
        loop {
            let mut frames = VecDeque::new();
            match self.stream.read(after, limit, &mut frames) {
                Err(LogError::Cold { .. }) => {}
                read => return read.map(|missed| Frames { frames, missed }),
            }
            if self.removed.load(Ordering::Acquire) {
                return Err(LogError::Closed);
            }
            let (place, head) = self.cold_place(Some(after))?;
            let (id, stream) = (self.row().id, Arc::clone(&self.stream));
            let from = place.after;
            let read = self.database.read(move |connection| {
                let (mut frames, mut first) = (VecDeque::new(), None);
                let size = (limit, PAGE_BYTES);
                schema::read_events(connection, id, (from, head), size, |seq, _, _, params| {
                    first.get_or_insert(seq);
                    frames.push_back(stream.frame(params));
                })?;
                Ok((frames, first))
            });
            match read.await {
                Ok((frames, Some(first))) => {
                    let missed = place.missed + (first - 1 - from);
                    return Ok(Frames { frames, missed });
                }
                Ok((_, None)) => sleep(LOOK_AGAIN).await,
                Err(DbError::Closed) => return Err(LogError::Closed),
                Err(error) => {
                    tracing::warn!(stream = %self.stream.name(), %error, "a stream cannot be read; trying again");
                    sleep(READ_AGAIN).await;
                }
            }
        }
    }
}

impl Tail for Durable {
    fn read(
        &self,
        after: Cursor,
        limit: usize,
        frames: &mut VecDeque<ByteString>,
    ) -> Result<u64, LogError> {
        self.stream.read(after, limit, frames)
    }

    fn upcoming(
        &self,
        after: Cursor,
        limit: usize,
        frames: &mut VecDeque<ByteString>,
    ) -> Result<Upcoming, LogError> {
        self.stream.upcoming(after, limit, frames)
    }

    fn ended(&self) -> bool {
        self.stream.ended()
    }

    fn fetch(&self, after: Cursor, limit: usize) -> BoxFuture<'static, Result<Frames, LogError>> {
        let this = self.this.upgrade();
        async move {
            match this {
                Some(this) => this.frames(after, limit).await,
                None => Err(LogError::Closed),
            }
        }
        .boxed()
    }
}
