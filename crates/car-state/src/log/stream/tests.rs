use std::collections::VecDeque;
use std::sync::Arc;

use car_protocol::Timestamp;
use car_protocol::rpc::events::Cursor;
use serde_json::json;

use super::super::ring::BURST_BYTES;
use super::*;
use crate::frame::Burst;
use crate::log::{EventLog as _, HOST, MemoryLog, StreamName, Upcoming, Watch};

#[derive(Debug)]
struct Nobody;

impl Listener for Nobody {
    fn notify(&self) {}
}

/// A stream with so many listeners.
struct Rig {
    log: MemoryLog,
    watches: Vec<Watch>,
}

impl Rig {
    fn new(listeners: usize) -> Self {
        let log = MemoryLog::with_epoch(1);
        let name = StreamName::single(&HOST);
        let watch = |_| log.watch(&name, Arc::new(Nobody)).unwrap();
        let watches = (0..listeners).map(watch).collect();
        Self { log, watches }
    }

    fn append(&self, text: &str) {
        let at = Timestamp::from_unix_millis(0);
        let draft = Draft::new("note", at, &json!({ "text": text })).unwrap();
        self.log.append(&StreamName::single(&HOST), draft).unwrap();
    }

    fn append_so_many(&self, count: usize) {
        (0..count).for_each(|n| self.append(&n.to_string()));
    }

    fn upcoming(&self, seq: u64, limit: usize) -> (Upcoming, usize) {
        let mut frames = VecDeque::new();
        let tail = self.watches[0].tail();
        let after = Cursor { epoch: 1, seq };
        let upcoming = tail.upcoming(after, limit, &mut frames).unwrap();
        (upcoming, frames.len())
    }

    /// The burst after a place, and how many messages it has.
    fn burst(&self, seq: u64, limit: usize) -> (Arc<Burst>, usize) {
        match self.upcoming(seq, limit) {
            (Upcoming::Burst(burst), 0) => (Arc::clone(&burst), burst.texts().len()),
            other => panic!("{other:?}"),
        }
    }

    /// How many frames come where there is no burst, and how many are missed.
    fn frames(&self, seq: u64) -> (usize, u64) {
        match self.upcoming(seq, 64) {
            (Upcoming::Frames { missed }, frames) => (frames, missed),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn all_who_go_on_at_the_same_place_are_given_the_same_burst() {
    let rig = Rig::new(3);
    rig.append_so_many(5);
    let (first, count) = rig.burst(2, 64);
    assert_eq!(count, 3);
    assert!(first.texts()[0].contains(r#""seq":3"#));
    let (second, _) = rig.burst(2, 64);
    assert!(Arc::ptr_eq(&first, &second));
    // Who comes after another event is given that as well.
    rig.append("one more");
    let (third, count) = rig.burst(2, 64);
    assert!(!Arc::ptr_eq(&first, &third));
    assert_eq!(count, 4);
    let (elsewhere, count) = rig.burst(5, 64);
    assert!(!Arc::ptr_eq(&third, &elsewhere));
    assert_eq!(count, 1);
    let (limited, count) = rig.burst(0, 2);
    assert_eq!((count, limited.texts().len()), (2, 2));
}

#[test]
fn when_all_have_read_a_burst_nobody_keeps_it() {
    let rig = Rig::new(3);
    rig.append_so_many(2);
    let (first, _) = rig.burst(0, 64);
    assert_eq!(Arc::strong_count(&first), 2);
    let (second, _) = rig.burst(0, 64);
    let (third, _) = rig.burst(0, 64);
    assert!(Arc::ptr_eq(&first, &second) && Arc::ptr_eq(&first, &third));
    assert_eq!(Arc::strong_count(&first), 3);
}

#[test]
fn a_burst_counts_as_memory_of_its_stream_and_goes_when_that_is_short() {
    let rig = Rig::new(3);
    let text = "x".repeat(4 << 10);
    (0..4).for_each(|_| rig.append(&text));
    let before = rig.log.largest_in_memory();
    let (burst, _) = rig.burst(0, 64);
    assert_eq!(rig.log.largest_in_memory(), before + burst.bytes());
    rig.log.evict(1);
    assert_eq!(Arc::strong_count(&burst), 1);
    assert!(rig.log.largest_in_memory() < before);
}

#[test]
fn who_listens_alone_and_who_has_missed_something_is_given_frames() {
    let alone = Rig::new(1);
    alone.append_so_many(3);
    assert_eq!(alone.frames(1), (2, 0));

    let late = Rig::new(2);
    late.append_so_many(6);
    late.log.truncate(&StreamName::single(&HOST), 2);
    assert_eq!(late.frames(1), (2, 3));
}

#[test]
fn a_burst_is_bounded_and_what_is_longer_comes_as_it_is() {
    let rig = Rig::new(2);
    let half = "x".repeat(BURST_BYTES / 2);
    rig.append("short");
    rig.append(&half);
    rig.append(&half);
    rig.append(&"x".repeat(BURST_BYTES));
    let (burst, count) = rig.burst(0, 64);
    assert_eq!(count, 2);
    assert!(burst.bytes() <= BURST_BYTES);
    // It is what everybody is given there, though there is more.
    assert!(Arc::ptr_eq(&burst, &rig.burst(0, 64).0));
    assert_eq!(rig.burst(2, 64).1, 1);
    assert_eq!(rig.frames(3), (1, 0));
}
