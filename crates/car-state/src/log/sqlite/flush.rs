//! What brings appended events into the database, and then publishes them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, params};
use tokio::time::Instant;

use super::Shared;
use super::durable::Durable;
use super::grouping::{Grouping, LINGER};
use super::schema::{self, StreamRow};
use crate::db::{DbError, Job};
use crate::log::{Durability, Durations, Entry, LogError};

/// Events of one transaction.
const BATCH: usize = 8_192;
/// Bytes of the events of one transaction.
const BATCH_BYTES: usize = 16 << 20;

/// How long it is until the next look at how many events are there.
const LOOK: Duration = Duration::from_micros(50);

/// The streams of one durability that have something to write.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    list: Mutex<List>,
    /// How long events waited until they were committed.
    pub(super) waits: Durations,
    grouping: Mutex<Grouping>,
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
    /// How many events it waited for.
    goal: Option<usize>,
    /// None before the first try.
    work: Option<Vec<Work>>,
}

/// What is written of one stream.
struct Work {
    durable: Arc<Durable>,
    /// Since when the first of the entries waits.
    since: Instant,
    /// As it will be committed; none when the stream is gone.
    row: Option<StreamRow>,
    entries: Vec<Entry>,
}

impl Flush {
    pub(super) fn new(shared: Arc<Shared>, durability: Durability) -> Self {
        Self {
            shared,
            durability,
            goal: None,
            work: None,
        }
    }

    /// Waits until a group is worth it. Where the disk is waited for, that makes large groups by itself, and whoever waits
    /// for it does not wait for a group, too.
    fn linger(&mut self) {
        let grouping = &self.shared.unwritten(self.durability).grouping;
        self.goal = grouping.lock().goal(Instant::now());
        let Some(goal) = self.goal.filter(|_| self.durability == Durability::Os) else {
            return;
        };
        let deadline = Instant::now() + LINGER;
        let waiting = || self.shared.pending.events.load(Ordering::Relaxed);
        let hurries = || self.shared.database.hurries();
        while waiting() < goal.min(BATCH) && !hurries() && Instant::now() < deadline {
            std::thread::sleep(LOOK);
        }
        if hurries() {
            // It says nothing about how many there would have been.
            self.goal = None;
        }
    }

    /// Takes what there is, a transaction's worth; the rest stays in the list.
    fn collect(&self) -> Vec<Work> {
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
            let last = entries
                .last()
                .map_or_else(|| durable.stream.head(), |entry| entry.seq);
            if durable.stream.ring(|ring| ring.last) > last {
                unwritten.add(&durable);
            }
            work.push(Work {
                durable,
                since,
                row: None,
                entries,
            });
        }
        work
    }
}

impl Work {
    fn write(&mut self, connection: &Connection, now: i64) -> rusqlite::Result<()> {
        let (durable, stream) = (&self.durable, &self.durable.stream);
        let mut row = durable.row();
        self.row = None;
        if durable.removed.load(Ordering::Acquire) {
            if row.id != 0 {
                schema::remove_stream(connection, row.id)?;
                schema::raise_epoch(connection, row.epoch + 1)?;
            }
            return Ok(());
        }
        if row.id == 0 {
            row.id = schema::add_stream(connection, stream.name().as_str(), row.epoch)?;
        }
        let retention = &stream.name().family().retention;
        let stored_from = row.first;
        row.last = self.entries.last().map_or(row.last, |entry| entry.seq);
        // What would be dropped at once is not written in the first place.
        let wanted = (row.last + 1).saturating_sub(retention.count as u64);
        let floor = durable.floor.load(Ordering::Acquire).min(row.last + 1);
        row.first = row.first.max(wanted).max(floor);
        let mut add = connection.prepare_cached(schema::ADD_EVENT)?;
        for entry in self.entries.iter().filter(|entry| entry.seq >= row.first) {
            let (at, text) = (entry.at.unix_millis(), entry.params());
            add.execute(params![row.id, entry.seq, at, &*entry.kind, text])?;
            row.bytes += schema::weight(&entry.kind, text);
        }
        let age = i64::try_from(retention.age.as_millis()).unwrap_or(i64::MAX);
        let allowed = now.saturating_sub(age);
        schema::enforce(connection, &mut row, stored_from, retention, allowed)?;
        schema::update_stream(connection, &row)?;
        self.row = Some(row);
        Ok(())
    }
}

impl Job for Flush {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut work = match self.work.take() {
            Some(work) => work,
            None => {
                self.linger();
                self.collect()
            }
        };
        let now = self.shared.clock.now().unix_millis();
        let written = work
            .iter_mut()
            .try_for_each(|work| work.write(connection, now));
        self.work = Some(work);
        written
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
        let events = work.iter().map(|work| work.entries.len()).sum();
        let mut grouping = unwritten.grouping.lock();
        grouping.committed(self.goal, events, Instant::now());
        drop(grouping);
        for work in work {
            self.shared.pending.written(&work.entries);
            unwritten
                .waits
                .record_many(work.since.elapsed(), work.entries.len() as u64);
            match work.row {
                Some(row) => work.durable.committed(row),
                None => work.durable.fail(&LogError::Closed),
            }
        }
        if self.shared.unwritten(self.durability).over() {
            self.shared.flush(self.durability);
        }
    }
}
