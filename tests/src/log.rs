//! A log in memory that fails when a test wants it to.

use std::sync::{Arc, Weak};

use car_protocol::rpc::events::Cursor;
use car_state::budget::MemoryBudget;
use car_state::log::{
    Draft, EventLog, Families, Listener, LogError, MemoryLog, NameListener, Page, Settled,
    StreamName, StreamStats, Watch,
};

/// What a [`FaultyLog`] is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asked {
    /// Whether it takes an event.
    Admits,
    /// To take one.
    Append,
    /// Whether one is durable.
    Settled,
    /// What a stream holds.
    Stats,
}

/// A log in memory, and the faults that it has: each call that may fail asks this first. It may also panic.
#[derive(Debug)]
pub struct FaultyLog {
    /// What works.
    pub log: MemoryLog,
    /// What does not.
    pub fault: fn(Asked, &StreamName) -> Result<(), LogError>,
}

impl FaultyLog {
    /// An empty one of the epoch 1.
    #[must_use]
    pub fn new(fault: fn(Asked, &StreamName) -> Result<(), LogError>) -> Arc<Self> {
        let log = MemoryLog::with_epoch(1);
        Arc::new(Self { log, fault })
    }
}

impl EventLog for FaultyLog {
    fn families(&self) -> &Families {
        self.log.families()
    }

    fn admits(&self, stream: &StreamName) -> Result<(), LogError> {
        (self.fault)(Asked::Admits, stream)
    }

    fn append(&self, stream: &StreamName, draft: Draft) -> Result<Cursor, LogError> {
        (self.fault)(Asked::Append, stream)?;
        self.log.append(stream, draft)
    }

    fn settled(&self, stream: &StreamName, _: Cursor) -> Settled {
        Settled::now((self.fault)(Asked::Settled, stream))
    }

    fn read(
        &self,
        stream: &StreamName,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, LogError> {
        self.log.read(stream, after, limit)
    }

    fn head(&self, stream: &StreamName) -> Cursor {
        self.log.head(stream)
    }

    fn oldest(&self, stream: &StreamName) -> Cursor {
        self.log.oldest(stream)
    }

    fn stats(&self, stream: &StreamName) -> StreamStats {
        if let Err(error) = (self.fault)(Asked::Stats, stream) {
            panic!("{error}");
        }
        self.log.stats(stream)
    }

    fn truncate(&self, stream: &StreamName, keep: u64) -> StreamStats {
        self.log.truncate(stream, keep)
    }

    fn remove(&self, stream: &StreamName) {
        self.log.remove(stream);
    }

    fn watch(&self, stream: &StreamName, listener: Arc<dyn Listener>) -> Result<Watch, LogError> {
        self.log.watch(stream, listener)
    }

    fn streams(&self) -> usize {
        self.log.streams()
    }

    fn names(&self) -> Vec<StreamName> {
        self.log.names()
    }

    fn watch_names(&self, listener: Weak<dyn NameListener>) {
        self.log.watch_names(listener);
    }

    fn budget(&self) -> Option<&Arc<MemoryBudget>> {
        self.log.budget()
    }

    fn largest_in_memory(&self) -> usize {
        self.log.largest_in_memory()
    }

    fn evict(&self, bytes: usize) -> StreamStats {
        self.log.evict(bytes)
    }
}
