//! What brings appended events into the database, and then publishes those that nobody could see before.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, params};
use tokio::time::Instant;

use super::Shared;
use super::durable::Durable;
use super::schema::{self, StreamRow};
use crate::db::{DbError, Job};
use crate::log::{Durability, Durations, Entry, LogError};

/// Events of one transaction.
const BATCH: usize = 8_192;
/// Bytes of the events of one transaction.
const BATCH_BYTES: usize = 16 << 20;

/// How long events that are published wait for others to be written with, while there is room for more. Each transaction
/// takes the time of many events, what its stream no longer keeps by then is not written at all, and whoever waits for the
/// disk does not wait for them.
const PATIENCE: Duration = Duration::from_millis(100);
/// After so many events it is looked whether somebody waits for the disk.
const LOOK: usize = 16;

/// The streams of one durability that have something to write.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    list: Mutex<List>,
    /// How long events waited until they were as durable as they are to be.
    pub(super) waits: Durations,
}

#[derive(Debug, Default)]
struct List {
    /// Each with the time since when it has something to write.
    streams: Vec<(Arc<Durable>, Instant)>,
    /// Whether a flush is on its way. There is one at a time, so that what it writes follows what is committed.
    flushing: bool,
}

impl Unwritten {
    /// Adds a stream; whether a flush is to be sent.
    pub(super) fn add(&self, durable: &Arc<Durable>) -> bool {
        if durable.listed.swap(true, Ordering::AcqRel) {
            return false;
        }
        let mut list = self.list.lock();
        list.streams.push((Arc::clone(durable), Instant::now()));
        !std::mem::replace(&mut list.flushing, true)
    }

    fn take(&self) -> Vec<(Arc<Durable>, Instant)> {
        std::mem::take(&mut self.list.lock().streams)
    }

    /// The flush is over; whether another is to be sent.
    fn over(&self) -> bool {
        let mut list = self.list.lock();
        list.flushing = !list.streams.is_empty();
        list.flushing
    }

    fn look(&self) -> Vec<Arc<Durable>> {
        let list = self.list.lock();
        let streams = list.streams.iter();
        streams.map(|(durable, _)| Arc::clone(durable)).collect()
    }
}

/// Writes what the streams of one durability have.
pub(super) struct Flush {
    shared: Arc<Shared>,
    durability: Durability,
    /// The newest record of the journal that it writes, with all before it; none where it leaves some of them.
    mark: Option<u64>,
    /// None before the first try.
    work: Option<Vec<Work>>,
}

/// What is written of one stream.
struct Work {
    durable: Arc<Durable>,
    /// Since when the first of the entries waits.
    since: Instant,
    entries: Vec<Entry>,
    /// None where it is left to the next flush.
    outcome: Option<Outcome>,
}

/// What a transaction did.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// The row as it will be committed.
    Written(StreamRow),
    /// The stream is gone, and the database has nothing of it.
    Gone,
}

impl Flush {
    pub(super) fn new(shared: Arc<Shared>, durability: Durability) -> Self {
        Self {
            shared,
            durability,
            mark: None,
            work: None,
        }
    }

    /// Takes what there is, a transaction's worth; the rest stays in the list.
    fn collect(&mut self) -> Vec<Work> {
        // First, see `Shared::append`.
        self.mark = Some(self.shared.journal.mark());
        let unwritten = self.shared.unwritten(self.durability);
        let (mut events, mut bytes) = (BATCH, BATCH_BYTES);
        let mut work = Vec::new();
        for (durable, since) in unwritten.take() {
            // Whoever appends from here on lists the stream again.
            durable.listed.swap(false, Ordering::AcqRel);
            let entries = durable.unwritten(events, bytes);
            events -= entries.len();
            bytes = entries
                .iter()
                .fold(bytes, |left, entry| left.saturating_sub(entry.weight()));
            let last = entries.last().map_or(durable.row().last, |entry| entry.seq);
            if durable.stream.ring(|ring| ring.last) > last {
                self.leave(&durable);
            }
            work.push(Work {
                durable,
                since,
                entries,
                outcome: None,
            });
        }
        work
    }

    /// Leaves what a stream has, or the rest of it, to the next flush.
    fn leave(&mut self, durable: &Arc<Durable>) {
        self.mark = None;
        self.shared.unwritten(self.durability).add(durable);
    }

    /// Writes all of it, or as much as is written when somebody begins to wait for the disk and there is room for the rest.
    fn write(&mut self, work: &mut Vec<Work>, connection: &Connection) -> rusqlite::Result<()> {
        let now = self.shared.clock.now().unix_millis();
        let (shared, waits) = (Arc::clone(&self.shared), self.durability == Durability::Os);
        let mut events = 0_usize;
        let mut goes_on = || {
            events += 1;
            let looks = waits && events.is_multiple_of(LOOK);
            !(looks && shared.database.hurries() && !shared.pending.presses())
        };
        let mut stopped = false;
        for one in work.iter_mut() {
            let whole = one.entries.len();
            // A stream that is gone leaves its name to one that may follow here.
            if stopped && !one.is_gone() {
                one.entries.clear();
                one.outcome = None;
            } else {
                one.outcome = Some(one.write(connection, now, &mut goes_on)?);
                stopped |= one.entries.len() < whole;
            }
            // A truncation has no entries, and is left all the same.
            if one.outcome.is_none() || one.entries.len() < whole {
                self.leave(&one.durable);
            }
        }
        work.retain(|one| one.outcome.is_some());
        Ok(())
    }
}

impl Work {
    fn is_gone(&self) -> bool {
        self.durable.removed.load(Ordering::Acquire)
    }

    /// Writes the events for as long as it `goes_on`; what is left of them is no longer here then.
    fn write(
        &mut self,
        connection: &Connection,
        now: i64,
        mut goes_on: impl FnMut() -> bool,
    ) -> rusqlite::Result<Outcome> {
        let (durable, stream) = (&self.durable, &self.durable.stream);
        let mut row = durable.row();
        if self.is_gone() {
            if row.id != 0 {
                schema::remove_stream(connection, row.id)?;
                schema::raise_epoch(connection, row.epoch + 1)?;
            }
            return Ok(Outcome::Gone);
        }
        if row.id == 0 {
            row.id = schema::add_stream(connection, stream.name().as_str(), row.epoch)?;
        }
        let retention = &stream.name().family().retention;
        let stored_from = row.first;
        let last = self.entries.last().map_or(row.last, |entry| entry.seq);
        // What would be dropped at once is not written in the first place.
        let wanted = (last + 1).saturating_sub(retention.count as u64);
        let floor = durable.floor.load(Ordering::Acquire).min(last + 1);
        row.first = row.first.max(wanted).max(floor);
        let mut add = connection.prepare_cached(schema::ADD_EVENT)?;
        let mut done = 0;
        for entry in &self.entries {
            done += 1;
            row.last = entry.seq;
            if entry.seq < row.first {
                continue;
            }
            let (at, text) = (entry.at.unix_millis(), entry.params());
            add.execute(params![row.id, entry.seq, at, &*entry.kind, text])?;
            row.bytes += schema::weight(&entry.kind, text);
            if !goes_on() {
                break;
            }
        }
        self.entries.truncate(done);
        let age = i64::try_from(retention.age.as_millis()).unwrap_or(i64::MAX);
        let allowed = now.saturating_sub(age);
        schema::enforce(connection, &mut row, stored_from, retention, allowed)?;
        schema::update_stream(connection, &row)?;
        Ok(Outcome::Written(row))
    }
}

impl Job for Flush {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut work = match self.work.take() {
            Some(work) => work,
            None => self.collect(),
        };
        let written = self.write(&mut work, connection);
        self.work = Some(work);
        written
    }

    fn patience(&self) -> Duration {
        match self.durability {
            Durability::Os | Durability::Memory if !self.shared.pending.presses() => PATIENCE,
            _ => Duration::ZERO,
        }
    }

    /// Its statements are right, so whatever fails is the storage, and nothing that has a number may be dropped.
    fn keeps(&self, _: &rusqlite::Error) -> bool {
        true
    }

    fn delayed(&mut self, error: &DbError) {
        let error = LogError::from(error.clone());
        for work in self.work.iter().flatten() {
            work.durable.fail(&error);
        }
        for durable in self.shared.unwritten(self.durability).look() {
            durable.fail(&error);
        }
    }

    fn done(self: Box<Self>, outcome: Result<(), DbError>) {
        let work = self.work.unwrap_or_default();
        if let Err(error) = outcome {
            let error = LogError::from(error);
            let rest = self.shared.unwritten(self.durability).take();
            let rest = rest.iter().map(|(durable, _)| durable);
            let streams = work.iter().map(|work| &work.durable).chain(rest);
            streams.for_each(|durable| durable.fail(&error));
            return;
        }
        let unwritten = self.shared.unwritten(self.durability);
        for work in work {
            self.shared.pending.written(&work.entries);
            if self.durability == Durability::Fsync {
                let events = work.entries.len() as u64;
                unwritten.waits.record_many(work.since.elapsed(), events);
            }
            match work.outcome {
                Some(Outcome::Written(row)) => work.durable.committed(row),
                Some(Outcome::Gone) => {
                    work.durable
                        .gone(work.entries.last().map(|entry| entry.seq));
                    work.durable.fail(&LogError::Closed);
                }
                None => {}
            }
        }
        if let Some(mark) = self.mark {
            self.shared.journal.stored(mark);
        }
        if unwritten.over() {
            self.shared.flush(self.durability);
        }
    }
}
