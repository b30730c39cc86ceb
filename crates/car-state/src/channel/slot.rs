use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytestring::ByteString;

use super::{Overloaded, WsChannel};
use crate::outbox::Outbox;
use crate::session::{Replies, Way};

/// A request's place among those under way. Replying gives it back when the reply is written, dropping it at once.
#[derive(Debug)]
pub struct Slot {
    channel: Arc<WsChannel>,
    /// Bytes of the request that are counted.
    held: usize,
    /// Whether it is counted among those under way already.
    counted: bool,
    /// Whether nothing has settled it yet.
    open: bool,
}

impl Slot {
    pub(super) fn new(channel: &Arc<WsChannel>, counted: bool) -> Self {
        Self {
            channel: Arc::clone(channel),
            held: 0,
            counted,
            open: true,
        }
    }

    /// Counts the bytes of a request that stays under way.
    ///
    /// # Errors
    /// [`Overloaded`] with the limit in bytes.
    pub fn hold(&mut self, bytes: usize) -> Result<(), Overloaded> {
        let mut inner = self.channel.inner.lock();
        if inner.outbox.hold(bytes) {
            self.held += bytes;
            Ok(())
        } else {
            Err(Overloaded {
                limit: inner.outbox.limits().request_bytes,
            })
        }
    }

    /// Counts the request from now on, if it is not counted yet.
    pub(crate) fn count(&mut self) {
        if !self.counted {
            self.channel.answering.store(false, Ordering::Relaxed);
            self.counted = true;
            self.channel.with_outbox(Outbox::take_on);
        }
    }

    /// The connection that the request came on.
    #[must_use]
    pub fn channel(&self) -> &Arc<WsChannel> {
        &self.channel
    }

    /// Queues the reply.
    pub fn reply(mut self, text: impl Into<ByteString>) {
        self.hand_over();
        if self.counted {
            self.channel.reply(text.into(), 1);
        } else {
            self.channel.refuse(text);
        }
    }

    /// Queues the one frame that answers several requests of a connection: a batch.
    pub fn reply_all(slots: Vec<Self>, text: String) {
        let Some(channel) = slots.first().map(|slot| Arc::clone(&slot.channel)) else {
            return;
        };
        let settles = slots.iter().filter(|slot| slot.counted).count();
        if let Some(replies) = channel.replies() {
            match replies.way(&channel) {
                Way::Here => {}
                Way::There(other) => return other.refuse(text),
                Way::Nowhere => return,
            }
        }
        slots.into_iter().for_each(|mut slot| slot.hand_over());
        channel.reply(text.into(), settles);
    }

    /// Queues a reply that was kept in `replies`, on whatever connection its session has.
    pub(crate) fn reply_kept(self, replies: &Replies, text: ByteString) {
        match replies.way(&self.channel) {
            Way::Here => self.reply(text),
            Way::There(channel) => channel.refuse(text),
            Way::Nowhere => {}
        }
    }

    /// From here on the written reply settles the request.
    fn hand_over(&mut self) {
        self.open = false;
        self.give_back_bytes();
    }

    fn give_back_bytes(&mut self) {
        if self.held > 0 {
            self.channel
                .inner
                .lock()
                .outbox
                .unhold(std::mem::take(&mut self.held));
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.give_back_bytes();
        if !self.counted {
            self.channel.answering.store(false, Ordering::Relaxed);
        } else if self.open {
            self.channel.with_outbox(|outbox| outbox.settle(1));
            self.channel.reader.wake();
        }
    }
}
