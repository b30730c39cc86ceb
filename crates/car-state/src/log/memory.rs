use std::cmp::Reverse;
use std::sync::{Arc, Weak};

use car_protocol::rpc::events::Cursor;

use super::stream::Stream;
use super::streams::Streams;
use super::{
    Draft, EventLog, Families, Listener, LogError, NameListener, Page, Settled, StreamName,
    StreamStats, Tail, Watch,
};
use crate::budget::MemoryBudget;
use crate::clock::Clock;

/// A log that lives as long as the process. Every process start is a new epoch.
#[derive(Debug)]
pub struct MemoryLog {
    epoch: u64,
    families: Families,
    streams: Streams<Arc<Stream>>,
    budget: Arc<MemoryBudget>,
}

impl MemoryLog {
    /// An empty log. Its epoch is the time at which it was made, in milliseconds.
    #[must_use]
    pub fn new(clock: &dyn Clock) -> Self {
        Self::with_epoch(u64::try_from(clock.now().unix_millis()).unwrap_or_default())
    }

    /// An empty log of a given epoch.
    #[must_use]
    pub fn with_epoch(epoch: u64) -> Self {
        Self {
            epoch,
            families: Families::default(),
            streams: Streams::default(),
            budget: Arc::default(),
        }
    }

    /// The same with other families.
    #[must_use]
    pub fn with_families(mut self, families: Families) -> Self {
        self.families = families;
        self
    }

    fn get_or_make(&self, name: &StreamName) -> Result<Arc<Stream>, LogError> {
        self.streams.get_or_make(name, || {
            Arc::new(Stream::new(name.clone(), self.epoch, (1, 0), &self.budget))
        })
    }

    fn place(&self, name: &StreamName, of: impl FnOnce(&Stream) -> u64) -> Cursor {
        Cursor {
            epoch: self.epoch,
            seq: self.streams.get(name).map_or(0, |stream| of(&stream)),
        }
    }
}

impl EventLog for MemoryLog {
    fn families(&self) -> &Families {
        &self.families
    }

    fn append(&self, stream: &StreamName, draft: Draft) -> Result<Cursor, LogError> {
        let stream = self.get_or_make(stream)?;
        let at = draft.at;
        let (cursor, listeners) = stream.append(draft, |ring, entry| {
            let seq = entry.seq;
            ring.push(entry);
            ring.enforce(&stream.name().family().retention, at);
            stream.publish(ring, seq);
            Arc::clone(&ring.listeners)
        });
        for listener in listeners.iter() {
            listener.notify();
        }
        Ok(cursor)
    }

    fn settled(&self, _: &StreamName, _: Cursor) -> Settled {
        Settled::now(Ok(()))
    }

    fn read(
        &self,
        stream: &StreamName,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, LogError> {
        match self.streams.get(stream) {
            Some(stream) => stream.page(after, limit),
            None => Page::of_nothing(self.place(stream, |_| 0), after),
        }
    }

    fn head(&self, stream: &StreamName) -> Cursor {
        self.place(stream, Stream::head)
    }

    fn oldest(&self, stream: &StreamName) -> Cursor {
        self.place(stream, |stream| stream.ring(|ring| ring.oldest()))
    }

    fn stats(&self, stream: &StreamName) -> StreamStats {
        self.streams
            .get(stream)
            .map(|stream| stream.ring(|ring| ring.stats()))
            .unwrap_or_default()
    }

    fn truncate(&self, stream: &StreamName, keep: u64) -> StreamStats {
        let Some(stream) = self.streams.get(stream) else {
            return StreamStats::default();
        };
        stream.ring(|ring| {
            let before = ring.stats();
            ring.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
            before.without(ring.stats())
        })
    }

    fn remove(&self, stream: &StreamName) {
        if let Some(stream) = self.streams.remove(stream) {
            stream.end();
        }
    }

    fn watch(&self, stream: &StreamName, listener: Arc<dyn Listener>) -> Result<Watch, LogError> {
        let stream = self.get_or_make(stream)?;
        let tail: Arc<dyn Tail> = Arc::<Stream>::clone(&stream);
        Ok(stream.watch(tail, listener))
    }

    fn streams(&self) -> usize {
        self.streams.len()
    }

    fn names(&self) -> Vec<StreamName> {
        self.streams.names()
    }

    fn watch_names(&self, listener: Weak<dyn NameListener>) {
        self.streams.listen(listener);
    }

    fn budget(&self) -> Option<&Arc<MemoryBudget>> {
        Some(&self.budget)
    }

    fn largest_in_memory(&self) -> usize {
        let streams = self.streams.all();
        let sizes = streams
            .iter()
            .map(|stream| stream.ring(|ring| ring.bytes()));
        sizes.max().unwrap_or_default()
    }

    fn evict(&self, bytes: usize) -> StreamStats {
        let mut streams: Vec<_> = self.streams.all();
        streams.sort_by_cached_key(|stream| Reverse(stream.ring(|ring| ring.bytes())));
        let mut freed = StreamStats::default();
        // Half of one stream at most before the next one pays, too.
        for stream in streams {
            let left = bytes.saturating_sub(usize::try_from(freed.bytes).unwrap_or(usize::MAX));
            if left == 0 {
                break;
            }
            let gone = stream.ring(|ring| ring.evict(left.min(ring.bytes() / 2)));
            freed.events += gone.events;
            freed.bytes += gone.bytes;
        }
        freed
    }
}

#[cfg(test)]
mod tests {
    use car_protocol::Timestamp;
    use serde_json::json;

    use std::sync::atomic::{AtomicU64, Ordering};

    use super::super::{Family, HOST, SESSION};
    use super::*;

    fn draft(at: i64, n: u64) -> Draft {
        Draft::new("test", Timestamp::from_unix_millis(at), &json!({ "n": n })).unwrap()
    }

    fn host() -> StreamName {
        StreamName::single(&HOST)
    }

    #[test]
    fn an_event_is_a_ready_notification_with_its_place() {
        let log = MemoryLog::with_epoch(7);
        assert_eq!(
            log.append(&host(), draft(0, 1)).unwrap(),
            Cursor { epoch: 7, seq: 1 }
        );
        let page = log.read(&host(), None, 10).unwrap();
        let frame = r#"{"jsonrpc":"2.0","method":"host.event","params":{"n":1,"stream":"host","epoch":7,"seq":1}}"#;
        assert_eq!(page.entries[0].frame, frame);
        assert_eq!(
            page.entries[0].params(),
            r#"{"n":1,"stream":"host","epoch":7,"seq":1}"#
        );
    }

    #[test]
    fn an_empty_body_and_a_family_without_notification_are_objects_too() {
        static QUIET: Family = Family {
            name: "quiet",
            notification: None,
            ..SESSION
        };
        let log = MemoryLog::with_epoch(7);
        let name = StreamName::owned(&QUIET, "a");
        log.append(
            &name,
            Draft::new("x", Timestamp::from_unix_millis(0), &json!({})).unwrap(),
        )
        .unwrap();
        let page = log.read(&name, None, 1).unwrap();
        assert_eq!(
            page.entries[0].params(),
            r#"{"stream":"quiet/a","epoch":7,"seq":1}"#
        );
        assert_eq!(page.entries[0].frame, page.entries[0].params());
    }

    #[test]
    fn reading_goes_on_where_it_stopped() {
        let log = MemoryLog::with_epoch(1);
        for n in 0..10 {
            log.append(&host(), draft(0, n)).unwrap();
        }
        let first = log.read(&host(), None, 4).unwrap();
        assert!(first.more);
        let second = log.read(&host(), Some(first.next), 100).unwrap();
        let seqs: Vec<u64> = first
            .entries
            .iter()
            .chain(&second.entries)
            .map(|entry| entry.seq)
            .collect();
        assert_eq!(seqs, (1..=10).collect::<Vec<_>>());
        assert!(!second.more);
    }

    #[test]
    fn what_retention_took_is_counted() {
        let log = MemoryLog::with_epoch(1);
        for n in 0..600 {
            log.append(&host(), draft(0, n)).unwrap();
        }
        let page = log
            .read(&host(), Some(Cursor { epoch: 1, seq: 20 }), 1)
            .unwrap();
        assert_eq!((page.missed, page.entries[0].seq), (80, 101));
    }

    #[test]
    fn age_and_bytes_are_bounded() {
        let log = MemoryLog::with_epoch(1);
        log.append(&host(), draft(0, 1)).unwrap();
        log.append(&host(), draft(8 * 24 * 3_600_000, 2)).unwrap();
        assert_eq!(log.stats(&host()).events, 1);
        let big = json!({ "text": "x".repeat(1 << 20) });
        for _ in 0..8 {
            let at = Timestamp::from_unix_millis(8 * 24 * 3_600_000);
            log.append(&host(), Draft::new("big", at, &big).unwrap())
                .unwrap();
        }
        assert!(log.stats(&host()).bytes <= 4 << 20);
    }

    #[test]
    fn a_cursor_of_another_epoch_or_ahead_is_refused() {
        let log = MemoryLog::with_epoch(2);
        log.append(&host(), draft(0, 1)).unwrap();
        for cursor in [Cursor { epoch: 1, seq: 1 }, Cursor { epoch: 2, seq: 2 }] {
            let oldest = Cursor { epoch: 2, seq: 0 };
            assert_eq!(
                log.read(&host(), Some(cursor), 1).unwrap_err(),
                LogError::Resync { oldest }
            );
        }
    }

    #[test]
    fn truncating_keeps_the_newest() {
        let log = MemoryLog::with_epoch(1);
        for n in 0..5 {
            log.append(&host(), draft(0, n)).unwrap();
        }
        assert_eq!(log.truncate(&host(), 2).events, 3);
        assert_eq!(log.read(&host(), None, 9).unwrap().entries[0].seq, 4);
        assert_eq!(log.truncate(&host(), 0).events, 2);
        assert_eq!(log.head(&host()).seq, 5);
    }

    #[test]
    fn a_dropped_watch_is_told_nothing_more() {
        #[derive(Debug, Default)]
        struct Count(AtomicU64);
        impl Listener for Count {
            fn notify(&self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let log = MemoryLog::with_epoch(1);
        let count = Arc::new(Count::default());
        let watch = log.watch(&host(), Arc::<Count>::clone(&count)).unwrap();
        log.append(&host(), draft(0, 1)).unwrap();
        assert_eq!((count.0.load(Ordering::Relaxed), watch.head()), (1, 1));
        drop(watch);
        log.append(&host(), draft(0, 2)).unwrap();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn an_owner_may_be_any_text() {
        let log = MemoryLog::with_epoch(7);
        let name = StreamName::owned(&SESSION, r#"a"b"#);
        log.append(&name, draft(0, 1)).unwrap();
        let page = log.read(&name, None, 1).unwrap();
        let event: serde_json::Value = serde_json::from_str(page.entries[0].params()).unwrap();
        assert_eq!(event["stream"], r#"session/a"b"#);
    }
}
