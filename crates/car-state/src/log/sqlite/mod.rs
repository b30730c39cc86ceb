//! A log that outlives the process, in the database.
//!
//! An event is numbered in memory. Where it has to survive a loss of power it is published when the transaction that wrote
//! it is committed; where it has to survive the process, when it is in a [`journal`], from where it comes into the database
//! with many others. What a stream's ring holds is read from there; older events are read from the database, by a future.
//! Streams of families that need no durability are kept in memory alone, in a new epoch each start.

mod append;
mod durable;
mod flush;
mod journal;
mod replay;
pub(crate) mod schema;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use car_protocol::rpc::events::Cursor;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use self::append::{Pending, RETRY};
use self::durable::{Durable, HOT_LEAST, hot};
use self::flush::{Flush, Unwritten};
use self::journal::Journal;
use self::schema::{EventRow, StreamRow};
use super::stream::Stream;
use super::streams::Streams;
use super::{
    Draft, Durability, Durations, EventLog, Families, Listener, LogError, MemoryLog, NameListener,
    Page, Settled, StreamName, StreamStats, Tail, Watch,
};
use crate::budget::MemoryBudget;
use crate::clock::Clock;
use crate::db::{Database, DbError};

/// How long opening may take.
const OPEN_DEADLINE: Duration = Duration::from_secs(60);
/// What is put into memory when the log is opened, in bytes of events.
const WARM_BYTES: usize = 8 << 20;
/// How often streams that nobody writes to are looked at for what has become too old, in milliseconds.
const SWEEP: i64 = 3_600_000;

/// A log in the database.
#[derive(Debug)]
pub struct SqliteLog(Arc<Shared>);

struct Shared {
    database: Database,
    clock: Arc<dyn Clock>,
    memory: MemoryLog,
    durable: Streams<Arc<Durable>>,
    budget: Arc<MemoryBudget>,
    /// The epoch of streams that begin now.
    epoch: AtomicU64,
    journal: Journal,
    os: Unwritten,
    fsync: Unwritten,
    pending: Pending,
    /// When all streams were looked at last.
    swept: AtomicI64,
}

impl SqliteLog {
    /// Opens the log in a database, and puts what a killed process left in the journal beside it into it. Blocks until the
    /// streams are read.
    ///
    /// # Errors
    /// The database fails, or the journal.
    pub fn open(
        database: &Database,
        families: Families,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DbError> {
        let now = clock.now().unix_millis();
        let (known, start) = (families.clone(), u64::try_from(now).unwrap_or_default());
        let folder = database.path().parent().unwrap_or(Path::new("."));
        let failed = |error| DbError::open(folder, error);
        let (journal, found) = Journal::open(folder).map_err(failed)?;
        let load = database.submit(Durability::Fsync, 0, move |connection| {
            let replayed = replay::replay(connection, &found)?;
            if replayed > 0 {
                tracing::info!(
                    events = replayed,
                    "events of a killed process are in the database now"
                );
            }
            let streams = load(connection, &known, now)?;
            Ok((schema::begin_epoch(connection, start)?, streams))
        })?;
        let (epoch, streams) = load.wait(OPEN_DEADLINE)?;
        journal.clear().map_err(failed)?;
        let memory = MemoryLog::with_epoch(epoch).with_families(families);
        let shared = Shared {
            database: database.clone(),
            clock,
            budget: memory.budget().map(Arc::clone).unwrap_or_default(),
            memory,
            durable: Streams::default(),
            epoch: AtomicU64::new(epoch),
            journal,
            os: Unwritten::default(),
            fsync: Unwritten::default(),
            pending: Pending::default(),
            swept: AtomicI64::new(now),
        };
        for Loaded { name, row, newest } in streams {
            let numbers = (row.first, row.last);
            let stream = Stream::new(name.clone(), row.epoch, numbers, &shared.budget);
            let durable = Durable::new(stream, row, database.clone());
            durable.warm(newest);
            // There are no more of them than there were.
            let _ = shared.durable.get_or_make(&name, || durable);
        }
        Ok(Self(Arc::new(shared)))
    }

    /// The stream, if its family is durable and it is there.
    fn durable(&self, name: &StreamName) -> Option<Arc<Durable>> {
        self.0.durable.get(name)
    }

    fn place(&self, name: &StreamName, of: impl FnOnce(&Durable) -> u64) -> Cursor {
        match self.durable(name) {
            Some(durable) => durable.stream.at(of(&durable)),
            None => self.0.nowhere(),
        }
    }
}

fn in_memory(name: &StreamName) -> bool {
    name.family().durability == Durability::Memory
}

/// A stream as it was found.
struct Loaded {
    name: StreamName,
    row: StreamRow,
    newest: Vec<EventRow>,
}

/// The streams of the families that are known, without what is too old.
fn load(
    connection: &rusqlite::Connection,
    families: &Families,
    now: i64,
) -> rusqlite::Result<Vec<Loaded>> {
    let mut budget = WARM_BYTES;
    let mut loaded = Vec::new();
    for (name, mut row) in schema::streams(connection)? {
        let Ok(name) = families.parse(&name) else {
            continue;
        };
        if in_memory(&name) {
            continue;
        }
        let retention = &name.family().retention;
        let age = i64::try_from(retention.age.as_millis()).unwrap_or(i64::MAX);
        let from = row.first;
        schema::enforce(
            connection,
            &mut row,
            from,
            retention,
            now.saturating_sub(age),
        )?;
        if row.first > row.last && name.owner().is_some() {
            schema::remove_stream(connection, row.id)?;
            schema::raise_epoch(connection, row.epoch + 1)?;
            continue;
        }
        schema::update_stream(connection, &row)?;
        let hot = hot(name.family());
        let size = (hot.count, hot.bytes.min(budget));
        let least = if budget > 0 { HOT_LEAST } else { 0 };
        let newest = schema::newest_events(connection, row.id, least, size)?;
        let bytes: usize = newest.iter().map(|row| row.params.len()).sum();
        budget = budget.saturating_sub(bytes);
        loaded.push(Loaded { name, row, newest });
    }
    Ok(loaded)
}

impl Shared {
    fn unwritten(&self, durability: Durability) -> &Unwritten {
        match durability {
            Durability::Fsync => &self.fsync,
            Durability::Os | Durability::Memory => &self.os,
        }
    }

    /// Sends a flush to the writer.
    fn flush(self: &Arc<Self>, durability: Durability) {
        let flush = Flush::new(Arc::clone(self), durability);
        self.database.submit_anyway(durability, Box::new(flush));
    }

    /// Lists a stream that has something to write; whether a flush is to be sent.
    fn lists(&self, durable: &Arc<Durable>) -> bool {
        let durability = durable.stream.name().family().durability;
        self.unwritten(durability).add(durable)
    }

    /// Has a stream written.
    fn write(self: &Arc<Self>, durable: &Arc<Durable>) {
        if self.lists(durable) {
            self.flush(durable.stream.name().family().durability);
        }
    }

    /// The place in a stream that does not exist.
    fn nowhere(&self) -> Cursor {
        Cursor {
            epoch: self.epoch.load(Ordering::Acquire),
            seq: 0,
        }
    }

    fn get_or_make(&self, name: &StreamName) -> Result<Arc<Durable>, LogError> {
        self.durable.get_or_make(name, || {
            let epoch = self.epoch.load(Ordering::Acquire);
            let row = StreamRow {
                id: 0,
                epoch,
                first: 1,
                last: 0,
                bytes: 0,
            };
            let stream = Stream::new(name.clone(), epoch, (1, 0), &self.budget);
            Durable::new(stream, row, self.database.clone())
        })
    }

    /// Has all streams looked at for what is too old, once in a while.
    fn sweep(self: &Arc<Self>, now: i64) {
        let swept = self.swept.load(Ordering::Relaxed);
        if now - swept < SWEEP {
            return;
        }
        let mine = self
            .swept
            .compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed);
        if mine.is_ok() {
            for durable in self.durable.all() {
                self.write(&durable);
            }
        }
    }
}

impl EventLog for SqliteLog {
    fn families(&self) -> &Families {
        self.0.memory.families()
    }

    fn admits(&self, stream: &StreamName) -> Result<(), LogError> {
        if !in_memory(stream) {
            self.0.database.admits()?;
            self.0.pending.admits()?;
        }
        Ok(())
    }

    fn append(&self, stream: &StreamName, draft: Draft) -> Result<Cursor, LogError> {
        if in_memory(stream) {
            return self.0.memory.append(stream, draft);
        }
        self.0.append(stream, draft)
    }

    fn settled(&self, stream: &StreamName, at: Cursor) -> Settled {
        let waiting = self
            .durable(stream)
            .filter(|durable| durable.stream.epoch() == at.epoch)
            .and_then(|durable| durable.wait(at.seq));
        let Some(told) = waiting else {
            return Settled::now(Ok(()));
        };
        // Who began to wait after all were told that storage fails finds that out here.
        match self.0.database.admits() {
            Ok(()) => Settled::later(told),
            Err(error) => Settled::now(Err(error.into())),
        }
    }

    fn read(
        &self,
        stream: &StreamName,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, LogError> {
        if in_memory(stream) {
            return self.0.memory.read(stream, after, limit);
        }
        match self.durable(stream) {
            Some(durable) => durable.stream.page(after, limit),
            None => Page::of_nothing(self.0.nowhere(), after),
        }
    }

    fn fetch(
        &self,
        stream: &StreamName,
        after: Option<Cursor>,
        limit: usize,
    ) -> BoxFuture<'static, Result<Page, LogError>> {
        match self.durable(stream) {
            Some(durable) => durable.page(after, limit).boxed(),
            None => ready(self.read(stream, after, limit)).boxed(),
        }
    }

    fn head(&self, stream: &StreamName) -> Cursor {
        if in_memory(stream) {
            return self.0.memory.head(stream);
        }
        self.place(stream, |durable| durable.stream.head())
    }

    fn oldest(&self, stream: &StreamName) -> Cursor {
        if in_memory(stream) {
            return self.0.memory.oldest(stream);
        }
        self.place(stream, |durable| durable.stream.ring(|ring| ring.oldest()))
    }

    fn stats(&self, stream: &StreamName) -> StreamStats {
        match self.durable(stream) {
            Some(durable) => durable.stats(),
            None => self.0.memory.stats(stream),
        }
    }

    fn truncate(&self, stream: &StreamName, keep: u64) -> StreamStats {
        let Some(durable) = self.durable(stream) else {
            return self.0.memory.truncate(stream, keep);
        };
        let before = durable.stats();
        durable.truncate(keep);
        self.0.write(&durable);
        before.without(durable.stats())
    }

    fn remove(&self, stream: &StreamName) {
        let Some(durable) = self.durable(stream) else {
            return self.0.memory.remove(stream);
        };
        self.0.remove(stream, &durable);
    }

    fn watch(&self, stream: &StreamName, listener: Arc<dyn Listener>) -> Result<Watch, LogError> {
        if in_memory(stream) {
            return self.0.memory.watch(stream, listener);
        }
        let durable = self.0.get_or_make(stream)?;
        let tail: Arc<dyn Tail> = Arc::<Durable>::clone(&durable);
        Ok(durable.stream.watch(tail, listener))
    }

    fn streams(&self) -> usize {
        self.0.memory.streams() + self.0.durable.len()
    }

    fn names(&self) -> Vec<StreamName> {
        let mut names = self.0.memory.names();
        names.extend(self.0.durable.names());
        names
    }

    fn watch_names(&self, listener: Weak<dyn NameListener>) {
        self.0.memory.watch_names(Weak::clone(&listener));
        self.0.durable.listen(listener);
    }

    fn durable_after(&self) -> Vec<(Durability, &Durations)> {
        vec![
            (Durability::Os, &self.0.os.waits),
            (Durability::Fsync, &self.0.fsync.waits),
        ]
    }

    fn budget(&self) -> Option<&Arc<MemoryBudget>> {
        Some(&self.0.budget)
    }

    fn largest_in_memory(&self) -> usize {
        self.0.memory.largest_in_memory()
    }

    fn let_go(&self, bytes: usize) -> StreamStats {
        let mut streams = self.0.durable.all();
        streams.sort_by_cached_key(|durable| Reverse(durable.stream.ring(|ring| ring.bytes())));
        let mut freed = StreamStats::default();
        for durable in streams {
            let left = bytes.saturating_sub(usize::try_from(freed.bytes).unwrap_or(usize::MAX));
            if left == 0 {
                break;
            }
            let stored = durable.row().last;
            let gone = durable.stream.ring(|ring| ring.let_go_stored(stored, left));
            freed.events += gone.events;
            freed.bytes += gone.bytes;
        }
        freed
    }

    fn evict(&self, bytes: usize) -> StreamStats {
        self.0.memory.evict(bytes)
    }
}

impl From<DbError> for LogError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::StorageFull { .. } => Self::StorageFull,
            DbError::Busy { retry } => Self::Busy { retry },
            DbError::Closed => Self::Closed,
            DbError::Deadline => Self::Busy { retry: RETRY },
            error => {
                tracing::error!(%error, "the log cannot be read or written");
                Self::StorageFull
            }
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("database", &self.database)
            .field("streams", &self.durable.len())
            .finish_non_exhaustive()
    }
}
