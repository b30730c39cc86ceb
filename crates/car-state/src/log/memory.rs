use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytestring::ByteString;
use car_protocol::rpc::events::Cursor;
use parking_lot::{Mutex, RwLock};

use super::{
    Draft, Entry, EventLog, Family, Listener, LogError, Page, StreamName, StreamStats, Tail, Watch,
};
use crate::clock::Clock;

/// How many streams are kept at once.
const MAX_STREAMS: usize = 100_000;

/// A log that lives as long as the process. Every process start is a new epoch.
#[derive(Debug)]
pub struct MemoryLog {
    epoch: u64,
    streams: RwLock<HashMap<StreamName, Arc<Stream>>>,
}

#[derive(Debug)]
struct Stream {
    family: &'static Family,
    name: StreamName,
    epoch: u64,
    ring: Mutex<Ring>,
    head: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Ring {
    last: u64,
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Replaced when somebody comes or goes, so that telling them needs no lock.
    listeners: Arc<Vec<Arc<dyn Listener>>>,
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
            streams: RwLock::default(),
        }
    }

    fn get(&self, name: &StreamName) -> Option<Arc<Stream>> {
        self.streams.read().get(name).cloned()
    }

    fn get_or_make(&self, name: &StreamName) -> Result<Arc<Stream>, LogError> {
        if let Some(stream) = self.get(name) {
            return Ok(stream);
        }
        let family = name
            .family()
            .ok_or_else(|| LogError::UnknownFamily(name.to_string()))?;
        let mut streams = self.streams.write();
        if streams.len() >= MAX_STREAMS && !streams.contains_key(name) {
            return Err(LogError::TooManyStreams { limit: MAX_STREAMS });
        }
        Ok(Arc::clone(streams.entry(name.clone()).or_insert_with(
            || {
                Arc::new(Stream {
                    family,
                    name: name.clone(),
                    epoch: self.epoch,
                    ring: Mutex::default(),
                    head: Arc::default(),
                })
            },
        )))
    }

    fn nothing(&self) -> Cursor {
        Cursor {
            epoch: self.epoch,
            seq: 0,
        }
    }
}

impl EventLog for MemoryLog {
    fn append(&self, stream: &StreamName, draft: Draft) -> Result<Cursor, LogError> {
        let stream = self.get_or_make(stream)?;
        let (cursor, listeners) = stream.append(draft);
        for listener in listeners.iter() {
            listener.notify();
        }
        Ok(cursor)
    }

    fn read(
        &self,
        stream: &StreamName,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, LogError> {
        match (self.get(stream), after) {
            (Some(stream), after) => stream.read(after, limit),
            (None, Some(after)) if after != self.nothing() => Err(LogError::Resync {
                oldest: self.nothing(),
            }),
            (None, _) => Ok(Page {
                entries: Vec::new(),
                next: self.nothing(),
                missed: 0,
                more: false,
            }),
        }
    }

    fn head(&self, stream: &StreamName) -> Cursor {
        let seq = self
            .get(stream)
            .map_or(0, |stream| stream.head.load(Ordering::Acquire));
        Cursor {
            epoch: self.epoch,
            seq,
        }
    }

    fn stats(&self, stream: &StreamName) -> StreamStats {
        self.get(stream)
            .map(|stream| stream.ring.lock().stats())
            .unwrap_or_default()
    }

    fn truncate(&self, stream: &StreamName, keep: u64) -> StreamStats {
        let Some(stream) = self.get(stream) else {
            return StreamStats::default();
        };
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        let mut ring = stream.ring.lock();
        let before = ring.stats();
        while ring.entries.len() > keep {
            ring.drop_oldest();
        }
        let after = ring.stats();
        StreamStats {
            events: before.events - after.events,
            bytes: before.bytes - after.bytes,
        }
    }

    fn remove(&self, stream: &StreamName) {
        self.streams.write().remove(stream);
    }

    fn watch(&self, stream: &StreamName, listener: Arc<dyn Listener>) -> Result<Watch, LogError> {
        let stream = self.get_or_make(stream)?;
        {
            let mut ring = stream.ring.lock();
            let mut listeners = Vec::with_capacity(ring.listeners.len() + 1);
            listeners.extend(ring.listeners.iter().cloned());
            listeners.push(Arc::clone(&listener));
            ring.listeners = Arc::new(listeners);
        }
        let (head, tail) = (Arc::clone(&stream.head), Arc::<Stream>::clone(&stream));
        Ok(Watch::new(head, tail, move || {
            let mut ring = stream.ring.lock();
            let mut left = true;
            // One hold is released, though the same listener may have two.
            let rest = ring.listeners.iter().filter(|other| {
                let this = left && Arc::ptr_eq(other, &listener);
                left &= !this;
                !this
            });
            ring.listeners = Arc::new(rest.cloned().collect());
        }))
    }

    fn streams(&self) -> usize {
        self.streams.read().len()
    }
}

impl Stream {
    fn append(&self, draft: Draft) -> (Cursor, Arc<Vec<Arc<dyn Listener>>>) {
        // Everything but the number is written before the lock is taken.
        let (mut text, params_start) = match self.family.notification {
            Some(method) => {
                let mut text =
                    String::with_capacity(draft.members.len() + self.name.as_str().len() + 144);
                let _ = write!(text, r#"{{"jsonrpc":"2.0","method":"{method}","params":"#);
                let start = text.len();
                text.push_str(&draft.members);
                (text, start)
            }
            None => {
                let mut text = draft.members;
                text.reserve(self.name.as_str().len() + 72);
                (text, 0)
            }
        };
        let comma = if text.ends_with('{') { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}"stream":"{}","epoch":{},"seq":"#,
            self.name, self.epoch
        );
        let kind: Arc<str> = draft.kind.into();

        let mut ring = self.ring.lock();
        ring.last += 1;
        let seq = ring.last;
        let _ = write!(text, "{seq}}}");
        let params = (offset(params_start), offset(text.len()));
        if self.family.notification.is_some() {
            text.push('}');
        }
        let entry = Entry {
            seq,
            at: draft.at,
            kind,
            frame: ByteString::from(text),
            params,
        };
        ring.bytes += entry.weight();
        ring.entries.push_back(entry);
        ring.enforce(self.family, draft.at);
        self.head.store(seq, Ordering::Release);
        (
            Cursor {
                epoch: self.epoch,
                seq,
            },
            Arc::clone(&ring.listeners),
        )
    }

    fn read(&self, after: Option<Cursor>, limit: usize) -> Result<Page, LogError> {
        let ring = self.ring.lock();
        let Place {
            after,
            missed,
            skip,
        } = ring.place(self.epoch, after)?;
        let kept = ring.entries.range(skip..);
        let entries: Vec<Entry> = kept.take(limit).cloned().collect();
        let seq = entries.last().map_or(after + missed, |entry| entry.seq);
        Ok(Page {
            entries,
            next: Cursor {
                epoch: self.epoch,
                seq,
            },
            missed,
            more: seq < ring.last,
        })
    }
}

impl Tail for Stream {
    fn read(
        &self,
        after: Cursor,
        limit: usize,
        frames: &mut VecDeque<ByteString>,
    ) -> Result<u64, LogError> {
        let ring = self.ring.lock();
        let Place { missed, skip, .. } = ring.place(self.epoch, Some(after))?;
        let kept = ring.entries.range(skip..);
        frames.extend(kept.take(limit).map(|entry| entry.frame.clone()));
        Ok(missed)
    }
}

/// Where a reader goes on.
struct Place {
    /// The number after which it asked.
    after: u64,
    /// How many after that are no longer kept.
    missed: u64,
    /// How many of those that are kept it has.
    skip: usize,
}

impl Ring {
    fn place(&self, epoch: u64, after: Option<Cursor>) -> Result<Place, LogError> {
        let oldest = self
            .entries
            .front()
            .map_or(self.last, |entry| entry.seq - 1);
        let after = match after {
            None => oldest,
            Some(cursor) if cursor.epoch == epoch && cursor.seq <= self.last => cursor.seq,
            Some(_) => {
                let oldest = Cursor { epoch, seq: oldest };
                return Err(LogError::Resync { oldest });
            }
        };
        // The numbers in the ring have no gap.
        let skip = usize::try_from(after.saturating_sub(oldest)).unwrap_or(usize::MAX);
        Ok(Place {
            after,
            missed: oldest.saturating_sub(after),
            skip: skip.min(self.entries.len()),
        })
    }

    fn stats(&self) -> StreamStats {
        StreamStats {
            events: self.entries.len() as u64,
            bytes: self.bytes as u64,
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.weight();
        }
    }

    fn enforce(&mut self, family: &Family, now: car_protocol::Timestamp) {
        let retention = &family.retention;
        let oldest_allowed =
            now.unix_millis() - i64::try_from(retention.age.as_millis()).unwrap_or(i64::MAX);
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
}

fn offset(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use car_protocol::Timestamp;
    use serde_json::json;

    use super::super::{HOST, SESSION};
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
        let log = MemoryLog::with_epoch(7);
        let name = StreamName::owned(&SESSION, "a");
        log.append(
            &name,
            Draft::new("x", Timestamp::from_unix_millis(0), &json!({})).unwrap(),
        )
        .unwrap();
        let page = log.read(&name, None, 1).unwrap();
        assert_eq!(
            page.entries[0].params(),
            r#"{"stream":"session/a","epoch":7,"seq":1}"#
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
    fn a_stream_without_a_family_is_refused() {
        let log = MemoryLog::with_epoch(1);
        let name = StreamName("nonsense".into());
        assert_eq!(
            log.append(&name, draft(0, 1)).unwrap_err(),
            LogError::UnknownFamily("nonsense".into())
        );
    }
}
