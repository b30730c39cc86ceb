//! One stream: its numbers, its text, and those who listen.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytestring::ByteString;
use car_protocol::Timestamp;
use car_protocol::rpc::events::Cursor;
use parking_lot::{Mutex, MutexGuard};

use super::members::push_number;
use super::ring::{Place, Ring};
use super::{Draft, Entry, Listener, LogError, Page, StreamName, Tail, Upcoming, Watch};
use crate::budget::MemoryBudget;

/// A stream in memory, or the part of one that memory holds.
#[derive(Debug)]
pub(super) struct Stream {
    name: StreamName,
    epoch: u64,
    /// What stands before the params of its notification; nothing where it has none.
    opening: Box<str>,
    /// The last members of an event, up to its number.
    place: Box<str>,
    ring: Mutex<Ring>,
    /// Held by whoever appends what is stored elsewhere first: nobody who reads waits for that.
    #[cfg(feature = "sqlite")]
    storing: Mutex<()>,
    /// The newest number that is published.
    head: Arc<AtomicU64>,
    /// Whether nothing will be appended any more.
    ended: AtomicBool,
    budget: Arc<MemoryBudget>,
}

/// An event that has yet to be numbered.
struct Numberless {
    text: String,
    /// Where its params begin.
    start: usize,
    kind: ByteString,
    at: Timestamp,
}

impl Numberless {
    fn numbered(self, seq: u64) -> Entry {
        let Self {
            mut text,
            start,
            kind,
            at,
        } = self;
        push_number(&mut text, seq);
        text.push('}');
        let params = (offset(start), offset(text.len()));
        if start > 0 {
            text.push('}');
        }
        // A text of its own length is shared without a counter beside it.
        text.shrink_to_fit();
        Entry {
            seq,
            at,
            kind,
            frame: ByteString::from(text),
            params,
        }
    }
}

impl Stream {
    /// A stream whose events from `first` to `last` are kept somewhere and published.
    pub(super) fn new(
        name: StreamName,
        epoch: u64,
        (first, last): (u64, u64),
        budget: &Arc<MemoryBudget>,
    ) -> Self {
        let mut opening = String::new();
        name.family().push_opening(&mut opening);
        // An owner may be any text.
        let text = serde_json::Value::from(name.as_str());
        Self {
            opening: opening.into(),
            place: format!(r#""stream":{text},"epoch":{epoch},"seq":"#).into(),
            name,
            epoch,
            ring: Mutex::new(Ring::new(first, last)),
            #[cfg(feature = "sqlite")]
            storing: Mutex::new(()),
            head: Arc::new(AtomicU64::new(last)),
            ended: AtomicBool::new(false),
            budget: Arc::clone(budget),
        }
    }

    pub(super) fn name(&self) -> &StreamName {
        &self.name
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn at(&self, seq: u64) -> Cursor {
        Cursor {
            epoch: self.epoch,
            seq,
        }
    }

    /// The newest number that is published.
    pub(super) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// A look at the ring, or a change of it, in one piece.
    pub(super) fn ring<R>(&self, look: impl FnOnce(&mut Ring) -> R) -> R {
        let mut ring = self.ring.lock();
        let seen = look(&mut ring);
        self.count(&mut ring);
        seen
    }

    /// Counts what the ring holds; whether that is more than before.
    fn count(&self, ring: &mut Ring) -> bool {
        let bytes = ring.bytes();
        let change = ring.share.settle(bytes);
        if change != 0 {
            self.budget.count_rings(change);
        }
        change > 0
    }

    /// Nothing will be appended any more: those who listen are told.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        let listeners = Arc::clone(&self.ring.lock().listeners);
        for listener in listeners.iter() {
            listener.notify();
        }
    }

    /// Makes everything up to a number visible. To be called while the ring is held, so that numbers only grow.
    pub(super) fn publish(&self, _held: &mut Ring, seq: u64) {
        self.head.store(seq, Ordering::Release);
    }

    /// Numbers an event; `keep` puts it into the ring.
    pub(super) fn append<R>(
        &self,
        draft: Draft,
        keep: impl FnOnce(&mut Ring, Entry) -> R,
    ) -> (Cursor, R) {
        let numberless = self.numberless(draft);
        let mut ring = self.ring.lock();
        let entry = numberless.numbered(ring.last + 1);
        let seq = entry.seq;
        let kept = keep(&mut ring, entry);
        self.appended(ring);
        (self.at(seq), kept)
    }

    /// Numbers an event and has it stored, while the ring is free for readers; then `keep` puts it into the ring, or does
    /// not, in which case the number is given again.
    #[cfg(feature = "sqlite")]
    pub(super) fn append_stored<S, R>(
        &self,
        draft: Draft,
        store: impl FnOnce(&Entry) -> S,
        keep: impl FnOnce(&mut Ring, Entry, S) -> R,
    ) -> (Cursor, R) {
        let numberless = self.numberless(draft);
        let storing = self.storing.lock();
        // Nobody else numbers anything meanwhile.
        let seq = self.ring.lock().last + 1;
        let entry = numberless.numbered(seq);
        let stored = store(&entry);
        let mut ring = self.ring.lock();
        let kept = keep(&mut ring, entry, stored);
        self.appended(ring);
        drop(storing);
        (self.at(seq), kept)
    }

    /// A look, or a change, while nothing is stored that is not in the ring.
    #[cfg(feature = "sqlite")]
    pub(super) fn between_appends<R>(&self, look: impl FnOnce() -> R) -> R {
        let _storing = self.storing.lock();
        look()
    }

    /// Everything but the number is written before any lock is taken.
    fn numberless(&self, draft: Draft) -> Numberless {
        let Draft {
            mut text,
            opened,
            kind,
            at,
            ..
        } = draft;
        let start = self.opening.len();
        // There is room for all of it as a rule: to move the text is cheaper than another one.
        text.reserve(start.saturating_sub(opened) + self.place.len() + 24);
        if text.get(..opened) != Some(&*self.opening) {
            text.replace_range(..opened, &self.opening);
        }
        if !text.ends_with('{') {
            text.push(',');
        }
        text.push_str(&self.place);
        Numberless {
            text,
            start,
            kind,
            at,
        }
    }

    /// Something was put into the ring, or not.
    fn appended(&self, mut ring: MutexGuard<'_, Ring>) {
        let grown = self.count(&mut ring);
        drop(ring);
        if grown {
            self.budget.keep();
        }
    }

    /// An entry that was stored.
    #[cfg(feature = "sqlite")]
    pub(super) fn entry(&self, seq: u64, at: Timestamp, kind: &str, params: &str) -> Entry {
        let start = self.opening.len();
        Entry {
            seq,
            at,
            kind: kind.into(),
            frame: self.frame(params),
            params: (offset(start), offset(start + params.len())),
        }
    }

    /// The frame of stored params.
    #[cfg(feature = "sqlite")]
    pub(super) fn frame(&self, params: &str) -> ByteString {
        let mut text = String::with_capacity(self.opening.len() + params.len() + 1);
        text.push_str(&self.opening);
        text.push_str(params);
        if !self.opening.is_empty() {
            text.push('}');
        }
        text.into()
    }

    /// A page of what memory holds.
    pub(super) fn page(&self, after: Option<Cursor>, limit: usize) -> Result<Page, LogError> {
        let ring = self.ring.lock();
        let head = self.head();
        let Place { after, missed } = self.hot_place(&ring, head, after)?;
        let kept = ring.after(after).take_while(|entry| entry.seq <= head);
        let entries: Vec<Entry> = kept.take(limit).cloned().collect();
        let seq = entries.last().map_or(after, |entry| entry.seq);
        Ok(Page {
            entries,
            next: self.at(seq),
            missed,
            more: seq < head,
        })
    }

    /// The place of a reader whom memory can serve.
    fn hot_place(&self, ring: &Ring, head: u64, after: Option<Cursor>) -> Result<Place, LogError> {
        let place = ring.place(self.epoch, head, after)?;
        let hot = ring.hot();
        if place.after < hot.min(head) {
            return Err(LogError::Cold { hot: self.at(hot) });
        }
        Ok(place)
    }

    /// Adds a listener until the watch ends; `tail` is what it reads.
    pub(super) fn watch(
        self: &Arc<Self>,
        tail: Arc<dyn Tail>,
        listener: Arc<dyn Listener>,
    ) -> Watch {
        {
            let mut ring = self.ring.lock();
            let mut listeners = Vec::with_capacity(ring.listeners.len() + 1);
            listeners.extend(ring.listeners.iter().cloned());
            listeners.push(Arc::clone(&listener));
            ring.listeners = Arc::new(listeners);
        }
        let stream = Arc::clone(self);
        Watch::new(Arc::clone(&self.head), tail, move || {
            let mut ring = stream.ring.lock();
            let mut left = true;
            // One hold is released, though the same listener may have two.
            let rest = ring.listeners.iter().filter(|other| {
                let this = left && Arc::ptr_eq(other, &listener);
                left &= !this;
                !this
            });
            ring.listeners = Arc::new(rest.cloned().collect());
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
        let head = self.head();
        let Place { after, missed } = self.hot_place(&ring, head, Some(after))?;
        frames.extend(ring.texts(after, limit, head));
        Ok(missed)
    }

    fn upcoming(
        &self,
        after: Cursor,
        limit: usize,
        frames: &mut VecDeque<ByteString>,
    ) -> Result<Upcoming, LogError> {
        let mut ring = self.ring.lock();
        let head = self.head();
        let Place { after, missed } = self.hot_place(&ring, head, Some(after))?;
        if missed == 0
            && let Some(burst) = ring.burst(after, limit, head)
        {
            self.count(&mut ring);
            return Ok(Upcoming::Burst(burst));
        }
        frames.extend(ring.texts(after, limit, head));
        Ok(Upcoming::Frames { missed })
    }

    fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let change = self.ring.get_mut().share.give_up();
        self.budget.count_rings(change);
    }
}

fn offset(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
