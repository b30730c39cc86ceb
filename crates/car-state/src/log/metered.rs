use std::sync::{Arc, Weak};
use std::time::Duration;

use car_protocol::rpc::events::Cursor;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::{
    Draft, Durability, EventLog, Families, Listener, LogError, NameListener, Page, Settled,
    StreamName, StreamStats, Watch,
};
use crate::budget::MemoryBudget;
use crate::traffic::Tally;

/// Upper bounds of the classes that durations are sorted into, in nanoseconds; beyond the last is one more class.
const BOUNDS: [u64; 19] = [
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
];

/// How long something took, in classes: however often it happens, this stays as big as it is.
#[derive(Debug, Default)]
pub struct Durations {
    classes: [Tally; BOUNDS.len() + 1],
    nanos: Tally,
}

impl Durations {
    /// Adds one.
    pub fn record(&self, took: Duration) {
        self.record_many(took, 1);
    }

    /// Adds so many that took alike.
    pub fn record_many(&self, took: Duration, count: u64) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let class = BOUNDS.partition_point(|bound| *bound < nanos);
        if let Some(tally) = self.classes.get(class) {
            tally.add(count);
        }
        self.nanos.add(nanos.saturating_mul(count));
    }

    /// All together, in seconds.
    #[must_use]
    pub fn sum(&self) -> f64 {
        Duration::from_nanos(self.nanos.get()).as_secs_f64()
    }

    /// The upper bound of each class in seconds, infinite for the last, and how many fell into it.
    pub fn classes(&self) -> impl Iterator<Item = (f64, u64)> {
        let seconds = |nanos: u64| Duration::from_nanos(nanos).as_secs_f64();
        let bounds = BOUNDS.into_iter().map(seconds).chain([f64::INFINITY]);
        bounds.zip(self.classes.iter().map(Tally::get))
    }
}

/// What was appended to a log, and how long that took.
#[derive(Debug)]
pub struct Appends {
    families: Box<[(&'static str, Tally)]>,
    refused: Tally,
    durations: Durations,
}

impl Appends {
    /// Events by family.
    pub fn families(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let families = self.families.iter();
        families.map(|(name, tally)| (*name, tally.get()))
    }

    /// Events that the log refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.get()
    }

    /// How long appending took, refusals not counted, nor events of families that live in memory only.
    #[must_use]
    pub fn durations(&self) -> &Durations {
        &self.durations
    }
}

/// A log that counts what goes through it. Everything else is the inner log's, and so every method hands over.
#[derive(Debug)]
pub struct MeteredLog {
    inner: Arc<dyn EventLog>,
    appends: Arc<Appends>,
}

impl MeteredLog {
    /// Counts what `inner` gets.
    #[must_use]
    pub fn new(inner: Arc<dyn EventLog>) -> Self {
        let families = inner.families().iter();
        let appends = Appends {
            families: families
                .map(|family| (family.name, Tally::default()))
                .collect(),
            refused: Tally::default(),
            durations: Durations::default(),
        };
        Self {
            inner,
            appends: Arc::new(appends),
        }
    }

    /// The counters.
    #[must_use]
    pub fn appends(&self) -> &Arc<Appends> {
        &self.appends
    }
}

impl EventLog for MeteredLog {
    fn append(&self, stream: &StreamName, draft: Draft) -> Result<Cursor, LogError> {
        let family = stream.family();
        // What waits for nobody takes less than a look at the clock does.
        let began = (family.durability != Durability::Memory).then(Instant::now);
        let appended = self.inner.append(stream, draft);
        if appended.is_err() {
            self.appends.refused.one();
            return appended;
        }
        if let Some(began) = began {
            self.appends.durations.record(began.elapsed());
        }
        let mut families = self.appends.families.iter();
        if let Some((_, tally)) = families.find(|(name, _)| *name == family.name) {
            tally.one();
        }
        appended
    }

    fn read(
        &self,
        stream: &StreamName,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, LogError> {
        self.inner.read(stream, after, limit)
    }

    fn head(&self, stream: &StreamName) -> Cursor {
        self.inner.head(stream)
    }

    fn stats(&self, stream: &StreamName) -> StreamStats {
        self.inner.stats(stream)
    }

    fn truncate(&self, stream: &StreamName, keep: u64) -> StreamStats {
        self.inner.truncate(stream, keep)
    }

    fn remove(&self, stream: &StreamName) {
        self.inner.remove(stream);
    }

    fn watch(&self, stream: &StreamName, listener: Arc<dyn Listener>) -> Result<Watch, LogError> {
        self.inner.watch(stream, listener)
    }

    fn streams(&self) -> usize {
        self.inner.streams()
    }

    fn families(&self) -> &Families {
        self.inner.families()
    }

    fn admits(&self, stream: &StreamName) -> Result<(), LogError> {
        self.inner.admits(stream)
    }

    fn settled(&self, stream: &StreamName, at: Cursor) -> Settled {
        self.inner.settled(stream, at)
    }

    fn fetch(
        &self,
        stream: &StreamName,
        after: Option<Cursor>,
        limit: usize,
    ) -> BoxFuture<'static, Result<Page, LogError>> {
        self.inner.fetch(stream, after, limit)
    }

    fn oldest(&self, stream: &StreamName) -> Cursor {
        self.inner.oldest(stream)
    }

    fn names(&self) -> Vec<StreamName> {
        self.inner.names()
    }

    fn watch_names(&self, listener: Weak<dyn NameListener>) {
        self.inner.watch_names(listener);
    }

    fn durable_after(&self) -> Vec<(Durability, &Durations)> {
        self.inner.durable_after()
    }

    fn budget(&self) -> Option<&Arc<MemoryBudget>> {
        self.inner.budget()
    }

    fn largest_in_memory(&self) -> usize {
        self.inner.largest_in_memory()
    }

    fn let_go(&self, bytes: usize) -> StreamStats {
        self.inner.let_go(bytes)
    }

    fn evict(&self, bytes: usize) -> StreamStats {
        self.inner.evict(bytes)
    }
}

#[cfg(test)]
mod tests {
    use car_protocol::Timestamp;
    use serde_json::json;

    use super::super::{HOST, MemoryLog};
    use super::*;

    #[test]
    fn a_duration_falls_into_the_first_class_that_it_fits() {
        let durations = Durations::default();
        for nanos in [0, 1_000, 1_001, 2_000_000_000] {
            durations.record(Duration::from_nanos(nanos));
        }
        let filled: Vec<_> = durations.classes().filter(|(_, n)| *n > 0).collect();
        assert_eq!(filled, [(1e-6, 2), (2.5e-6, 1), (f64::INFINITY, 1)]);
        assert!((durations.sum() - 2.000_002_001).abs() < 1e-9);
    }

    #[test]
    fn what_is_appended_is_counted_by_its_family() {
        let log = MeteredLog::new(Arc::new(MemoryLog::with_epoch(1)));
        let draft = || Draft::new("x", Timestamp::UNIX_EPOCH, &json!({})).unwrap();
        log.append(&StreamName::single(&HOST), draft()).unwrap();
        let families: Vec<_> = log.appends().families().collect();
        let expected = [
            ("host", 1),
            ("session", 0),
            ("run", 0),
            ("agent", 0),
            ("chat", 0),
            ("voice", 0),
        ];
        assert_eq!(families, expected);
        assert_eq!(log.appends().refused(), 0);
        let recorded: u64 = log.appends().durations().classes().map(|(_, n)| n).sum();
        assert_eq!(recorded, 1);
    }
}
