//! What a connection is counted for, and what it does when memory is short.

use std::sync::atomic::Ordering;
use std::task::Context;

use super::WsChannel;
use crate::budget::{Holding, Share};
use crate::frame::{CloseReason, close};

impl WsChannel {
    pub(super) fn count(&self, what: usize, change: isize, counted: usize) {
        if let Some(cell) = self.counted.get(what) {
            cell.store(counted, Ordering::Relaxed);
        }
        self.budget.count_outboxes(change);
    }

    /// Counts what the writer holds that it has read from storage.
    pub(crate) fn count_bulk(&self, share: &mut Share, bytes: usize) {
        let change = share.settle(bytes);
        if bytes == 0 {
            self.asked_back.store(false, Ordering::Release);
        }
        if change != 0 {
            self.count(1, change, share.counted());
        }
        if change > 0 {
            self.budget.keep();
        }
    }

    /// What it holds that it may be asked for, and the bytes that it was asked for and has not given back yet.
    pub(crate) fn holding(&self) -> (Holding, usize) {
        let [fast, bulk] = &self.counted;
        let (fast, bulk) = (fast.load(Ordering::Relaxed), bulk.load(Ordering::Relaxed));
        if self.is_shed.load(Ordering::Acquire) {
            return (Holding::default(), fast + bulk);
        }
        if self.asked_back.load(Ordering::Acquire) {
            return (Holding { bulk: 0, fast }, bulk);
        }
        (Holding { bulk, fast }, 0)
    }

    /// Bytes that were read from storage and that the socket has not taken, as they are counted.
    #[must_use]
    pub fn bulk_bytes(&self) -> usize {
        let [_, bulk] = &self.counted;
        bulk.load(Ordering::Relaxed)
    }

    /// Has the writer drop what it has read from storage, unless the socket takes it at once.
    pub(crate) fn ask_back(&self) {
        self.asked_back.store(true, Ordering::Release);
        self.pressed.wake();
    }

    /// Drops what waits to be written, and closes.
    pub(crate) fn shed(&self) {
        let text = "memory_budget: too much waited for this connection, and memory is short";
        self.is_shed.store(true, Ordering::Release);
        let reason = CloseReason::new(close::TRY_AGAIN, text);
        let dropped = self.with_outbox(|outbox| outbox.shed(reason));
        drop(dropped);
        self.pressed.wake();
        self.wake_writer();
        self.reader.wake();
    }

    /// Whether the connection is closed because memory is short; wakes who asks when that or the next changes.
    pub(crate) fn poll_shed(&self, cx: &Context<'_>) -> bool {
        self.pressed.register(cx.waker());
        self.is_shed()
    }

    pub(crate) fn is_shed(&self) -> bool {
        self.is_shed.load(Ordering::Acquire)
    }

    /// Whether what was read from storage is to be given back.
    pub(crate) fn is_asked_back(&self) -> bool {
        self.asked_back.load(Ordering::Acquire)
    }
}
