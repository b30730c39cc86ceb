//! What a connection still has to write, and what it may still take on.
//!
//! Pure bookkeeping without a lock, a waker or a socket; [`WsChannel`](crate::channel::WsChannel) is the shell around
//! it. The fast lane is here: replies, callbacks, cancels, pings. The bulk lane is not a queue at all: subscriptions
//! read it from the log.

use std::collections::VecDeque;

use bytestring::ByteString;
use thiserror::Error;

use crate::frame::{CloseReason, Frame};

/// The bounds of one connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OutboxLimits {
    /// Requests that are under way or whose reply is not written yet.
    pub requests: usize,
    /// Bytes of the requests that are under way.
    pub request_bytes: usize,
    /// Frames that are no replies (callbacks, notifications, pings) and not written yet.
    pub frames: usize,
    /// Bytes not written yet, beyond which no further request is read and no further frame is taken.
    pub bytes: usize,
    /// Bytes of events that are written between two looks at the fast lane.
    pub turn_bytes: usize,
    /// Subscriptions: names and patterns.
    pub subscriptions: usize,
    /// Streams that are fed because a pattern covers them.
    pub covered: usize,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self {
            requests: 256,
            request_bytes: 16 << 20,
            frames: 1_024,
            bytes: 16 << 20,
            turn_bytes: 128 << 10,
            subscriptions: 64,
            covered: 1_024,
        }
    }
}

/// How much a connection has under way and to write.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Depth {
    /// Requests that are under way or whose reply is not written.
    pub requests: usize,
    /// Bytes of the requests that are under way.
    pub request_bytes: usize,
    /// Replies and other frames of the fast lane that are not written. The one frame that answers a batch counts for
    /// as many as it answers.
    pub frames: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// A frame and the requests that it settles.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) frame: Frame,
    /// How many requests are settled when it is written; 0 for a frame that is no reply.
    pub(crate) settles: usize,
}

/// Whether another request may be taken on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Admission {
    /// It holds a slot now.
    Admitted,
    /// Not now: replies wait to be written, and reading more helps nobody.
    Wait,
    /// Not now, and reading must go on: those under way may wait for what is read next.
    Overloaded,
}

/// Why a frame was not taken.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SendError {
    /// The connection is closed or closing.
    #[error("the connection is closed")]
    Closed,
    /// Too much waits to be written.
    #[error("too much waits to be written")]
    Full,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    limits: OutboxLimits,
    fast: VecDeque<Queued>,
    /// Bytes in the fast lane and in the writer's hands.
    bytes: usize,
    /// Requests admitted and not settled.
    requests: usize,
    /// Of these, how many have a reply that is not written.
    replied: usize,
    request_bytes: usize,
    /// Frames that are no replies, in the fast lane and in the writer's hands.
    frames: usize,
    phase: Phase,
    /// Whether the session goes on on another connection: nothing is taken on here any more.
    fenced: bool,
}

#[derive(Debug, Eq, PartialEq)]
enum Phase {
    Open,
    /// What is queued is written, then this.
    Closing(Option<CloseReason>),
    Closed,
}

/// What the writer has to do next.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// Write what was taken.
    Write,
    /// Write what was taken, then close.
    Close(Option<CloseReason>),
    /// Nothing.
    Idle,
    /// The connection is closed.
    Ended,
}

impl Outbox {
    pub(crate) fn new(limits: OutboxLimits) -> Self {
        Self {
            limits,
            fast: VecDeque::new(),
            bytes: 0,
            requests: 0,
            replied: 0,
            request_bytes: 0,
            frames: 0,
            phase: Phase::Open,
            fenced: false,
        }
    }

    /// Whether another request would be taken on.
    pub(crate) fn has_room(&self) -> bool {
        self.requests < self.limits.requests && self.bytes <= self.limits.bytes && !self.fenced
    }

    /// Takes nothing on from now on.
    pub(crate) fn fence(&mut self) {
        self.fenced = true;
    }

    /// Takes on a request, if it may be.
    pub(crate) fn admit(&mut self) -> Admission {
        let full = self.requests >= self.limits.requests;
        if self.has_room() {
            self.requests += 1;
            Admission::Admitted
        } else if !self.fenced && (self.replied > 0 || !full) {
            Admission::Wait
        } else {
            Admission::Overloaded
        }
    }

    /// Takes on a request for which there was room when it was read.
    pub(crate) fn take_on(&mut self) {
        self.requests += 1;
    }

    /// Counts the bytes of a request that stays under way; `false` when they are too many together with others.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        let fits =
            self.request_bytes == 0 || self.request_bytes + bytes <= self.limits.request_bytes;
        if fits {
            self.request_bytes += bytes;
        }
        fits
    }

    /// Gives back the bytes of a request.
    pub(crate) fn unhold(&mut self, bytes: usize) {
        self.request_bytes = self.request_bytes.saturating_sub(bytes);
    }

    /// Queues the reply that settles so many requests. There is always room for it: the requests hold it.
    pub(crate) fn reply(&mut self, text: ByteString, settles: usize) {
        if self.phase == Phase::Open {
            self.bytes += text.len();
            self.replied += settles;
            self.fast.push_back(Queued {
                frame: Frame::Text(text),
                settles,
            });
        } else {
            self.settle(settles);
        }
    }

    /// Takes on a request whose reply is here already, though there may be no room for it: its refusal, for one.
    pub(crate) fn admit_replied(&mut self, text: ByteString) {
        if self.phase == Phase::Open {
            self.requests += 1;
            self.reply(text, 1);
        }
    }

    /// Settles requests that get no reply.
    pub(crate) fn settle(&mut self, requests: usize) {
        self.requests = self.requests.saturating_sub(requests);
    }

    /// Queues a frame that is no reply.
    pub(crate) fn push(&mut self, frame: Frame) -> Result<(), SendError> {
        if self.phase != Phase::Open {
            return Err(SendError::Closed);
        }
        if self.frames >= self.limits.frames || self.bytes > self.limits.bytes {
            return Err(SendError::Full);
        }
        self.frames += 1;
        self.bytes += frame.len();
        self.fast.push_back(Queued { frame, settles: 0 });
        Ok(())
    }

    /// Moves the fast lane into `batch`, which is empty, and says what to do.
    pub(crate) fn take(&mut self, batch: &mut VecDeque<Queued>) -> Next {
        std::mem::swap(&mut self.fast, batch);
        match &mut self.phase {
            Phase::Closing(reason) => Next::Close(reason.take()),
            Phase::Closed => Next::Ended,
            Phase::Open if batch.is_empty() => Next::Idle,
            Phase::Open => Next::Write,
        }
    }

    /// Notes that what was taken has been written.
    pub(crate) fn written(&mut self, done: Written) {
        self.bytes = self.bytes.saturating_sub(done.bytes);
        self.frames = self.frames.saturating_sub(done.frames);
        self.replied = self.replied.saturating_sub(done.settled);
        self.settle(done.settled);
    }

    /// Begins to close: what is queued goes out first, nothing more is taken.
    pub(crate) fn close(&mut self, reason: Option<CloseReason>) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing(reason);
        }
    }

    /// Drops what is queued and closes: the requests behind it are settled as if they had been answered. What the
    /// writer has in its hands it drops itself. Answers what was dropped.
    pub(crate) fn shed(&mut self, reason: CloseReason) -> VecDeque<Queued> {
        if self.phase == Phase::Closed {
            return VecDeque::new();
        }
        let dropped = std::mem::take(&mut self.fast);
        let mut done = Written::default();
        dropped.iter().for_each(|queued| done.add(queued));
        self.written(done);
        self.phase = Phase::Closing(Some(reason));
        dropped
    }

    /// The connection is gone, and with it all that was to be written: nobody waits for room any more.
    pub(crate) fn end(&mut self) {
        self.phase = Phase::Closed;
        self.fast = VecDeque::new();
        self.settle(self.replied);
        self.replied = 0;
        self.bytes = 0;
        self.frames = 0;
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests
    }

    /// Bytes in the fast lane and in the writer's hands.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn depth(&self) -> Depth {
        Depth {
            requests: self.requests,
            request_bytes: self.request_bytes,
            frames: self.frames + self.replied,
            bytes: self.bytes,
        }
    }

    pub(crate) fn limits(&self) -> &OutboxLimits {
        &self.limits
    }
}

/// What a turn of the writer wrote of the fast lane.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) bytes: usize,
    pub(crate) frames: usize,
    pub(crate) settled: usize,
}

impl Written {
    pub(crate) fn add(&mut self, queued: &Queued) {
        self.bytes += queued.frame.len();
        self.settled += queued.settles;
        self.frames += usize::from(queued.settles == 0);
    }
}

#[cfg(test)]
mod tests;
