//! The one who writes to a connection.

mod cold;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytestring::ByteString;
use car_protocol::jsonrpc::encode_notification;
use car_protocol::method::ServerNotification;
use car_protocol::rpc::events::{Lagged, LaggedParams};
use thiserror::Error;
use tokio::time::timeout;

pub(crate) use self::cold::Cold;
use crate::channel::{Change, Feed, WsChannel};
use crate::frame::{CloseReason, Frame};
use crate::log::{EventLog, Frames, LogError};
use crate::outbox::{Next, OutboxLimits, Queued, Written};
use crate::sink::{BoxSink, FrameQueue, SinkError};
use crate::traffic::Traffic;

/// Events that are read from the log at once.
const PAGE: usize = 64;
/// Events that are read from storage at once.
const COLD_PAGE: usize = 512;
/// A queue that grew beyond this is given back when it is empty, so that an idle connection stays small.
const KEPT_CAPACITY: usize = 32;

/// The writer of a [`WsChannel`]: nobody else touches the [`WsSink`](crate::sink::WsSink).
///
/// A turn takes all of the fast lane and a bounded share of the streams that the connection subscribes to, writes it and
/// flushes once. A flush that takes longer than the write deadline ends the connection.
pub struct Writer {
    channel: Arc<WsChannel>,
    sink: BoxSink,
    deadline: Duration,
    feeds: Vec<Feed>,
    batch: VecDeque<Queued>,
    changes: Vec<Change>,
    /// What was read of one feed.
    frames: VecDeque<ByteString>,
}

/// Why a writer ended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriterError {
    /// The transport failed, or the peer closed it.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The peer does not read.
    #[error("the peer took nothing for {0:?}")]
    Stuck(Duration),
}

impl Writer {
    /// A channel and its writer. `deadline` bounds the time of one flush; `log` is where subscriptions read.
    ///
    /// The future of [`run`](Self::run) must be driven for as long as the channel is used, best in the task that reads the
    /// connection: then what one read caused is written with one flush, and nothing has to be woken for it.
    #[must_use]
    pub fn new(
        sink: BoxSink,
        limits: OutboxLimits,
        deadline: Duration,
        log: Arc<dyn EventLog>,
    ) -> (Arc<WsChannel>, Self) {
        Self::counted(sink, limits, deadline, log, Arc::default())
    }

    /// The same, and what is answered, refused and dropped on the way adds to `traffic`.
    #[must_use]
    pub fn counted(
        sink: BoxSink,
        limits: OutboxLimits,
        deadline: Duration,
        log: Arc<dyn EventLog>,
        traffic: Arc<Traffic>,
    ) -> (Arc<WsChannel>, Self) {
        let channel = Arc::new(WsChannel::new(limits, log, traffic));
        let writer = Self {
            channel: Arc::clone(&channel),
            sink,
            deadline,
            feeds: Vec::new(),
            batch: VecDeque::new(),
            changes: Vec::new(),
            frames: VecDeque::new(),
        };
        (channel, writer)
    }

    /// Writes until the channel is closed or the connection fails.
    ///
    /// # Errors
    /// [`WriterError`]; the channel has ended in any case.
    pub async fn run(mut self) -> Result<(), WriterError> {
        let limits = self.channel.limits();
        let channel = Arc::clone(&self.channel);
        loop {
            let next = poll_fn(|cx| self.poll_work(cx)).await;
            match next {
                Next::Ended => return Ok(()),
                Next::Close(reason) => {
                    self.write_turn(&channel, limits, false).await?;
                    return self.close(reason).await;
                }
                Next::Write | Next::Idle => self.write_turn(&channel, limits, true).await?,
            }
        }
    }

    /// Ready when there is something to write or to close.
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        let mut registered = false;
        loop {
            let next = self.channel.take(&mut self.batch, &mut self.changes);
            self.apply_changes();
            let mut more = false;
            for feed in &mut self.feeds {
                more |= feed.poll_more(cx);
            }
            if next != Next::Idle || more {
                return Poll::Ready(next);
            }
            if registered {
                self.give_back_memory();
                return Poll::Pending;
            }
            // What comes between the look and the registration would be missed: look again.
            self.channel.register_writer(cx);
            registered = true;
        }
    }

    fn apply_changes(&mut self) {
        for change in self.changes.drain(..) {
            match change {
                Change::Begin(feed) => self.feeds.push(feed),
                Change::End(id) => self.feeds.retain(|feed| feed.id != id),
            }
        }
    }

    fn give_back_memory(&mut self) {
        if self.batch.capacity() > KEPT_CAPACITY {
            self.batch = VecDeque::new();
        }
        if self.frames.capacity() > KEPT_CAPACITY {
            self.frames = VecDeque::new();
        }
    }

    async fn write_turn(
        &mut self,
        channel: &WsChannel,
        limits: OutboxLimits,
        with_feeds: bool,
    ) -> Result<(), WriterError> {
        let deadline = self.deadline;
        let mut writing = pin!(self.write(limits, with_feeds));
        // Nearly always the socket takes it at once, and no timer is needed.
        if let Poll::Ready(written) = poll_fn(|cx| Poll::Ready(writing.as_mut().poll(cx))).await {
            return Ok(written?);
        }
        channel.set_stalled(true);
        let written = timeout(deadline, writing).await;
        channel.set_stalled(false);
        match written {
            Ok(written) => Ok(written?),
            Err(_) => Err(WriterError::Stuck(deadline)),
        }
    }

    async fn write(&mut self, limits: OutboxLimits, with_feeds: bool) -> Result<(), SinkError> {
        let mut written = Written::default();
        let mut replies = FastLane {
            batch: &mut self.batch,
            written: &mut written,
        };
        let sink = &mut self.sink;
        poll_fn(|cx| sink.as_mut().poll_send_all(cx, &mut replies)).await?;
        if with_feeds {
            self.write_feeds(limits.turn_bytes).await?;
        }
        poll_fn(|cx| self.sink.as_mut().poll_flush(cx)).await?;
        if written.frames > 0 || written.settled > 0 {
            self.channel.written(written);
        }
        Ok(())
    }

    /// Gives each feed its turn, the one that waited longest first, until the share of this turn is used up.
    async fn write_feeds(&mut self, mut bytes: usize) -> Result<(), SinkError> {
        for _ in 0..self.feeds.len() {
            let Some(mut feed) = (!self.feeds.is_empty()).then(|| self.feeds.remove(0)) else {
                break;
            };
            if feed.has_more() {
                let cold = feed.cold.is_some();
                feed.read(&mut self.frames, self.channel.traffic());
                let mut events = BulkLane {
                    frames: &mut self.frames,
                    bytes: &mut bytes,
                    seq: &mut feed.cursor.seq,
                };
                let sink = &mut self.sink;
                poll_fn(|cx| sink.as_mut().poll_send_all(cx, &mut events)).await?;
                // What this turn's share left over is read again, unless that would go to the disk.
                if cold {
                    feed.keep(&mut self.frames);
                } else {
                    self.frames.clear();
                }
                feed.written.store(feed.cursor.seq, Ordering::Relaxed);
            }
            self.feeds.push(feed);
            if bytes == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn close(mut self, reason: Option<CloseReason>) -> Result<(), WriterError> {
        let deadline = self.deadline;
        let sink = &mut self.sink;
        let closing = async {
            poll_fn(|cx| sink.as_mut().poll_ready(cx)).await?;
            sink.as_mut().start_send(Frame::Close(reason))?;
            poll_fn(|cx| sink.as_mut().poll_close(cx)).await
        };
        match timeout(deadline, closing).await {
            Ok(closed) => Ok(closed?),
            Err(_) => Err(WriterError::Stuck(deadline)),
        }
    }
}

/// What was taken of the fast lane.
struct FastLane<'a> {
    batch: &'a mut VecDeque<Queued>,
    written: &'a mut Written,
}

impl FrameQueue for FastLane<'_> {
    fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    fn pop(&mut self) -> Option<Frame> {
        let queued = self.batch.pop_front()?;
        self.written.add(&queued);
        Some(queued.frame)
    }
}

/// What was read of one feed, as far as the share of this turn goes.
struct BulkLane<'a> {
    frames: &'a mut VecDeque<ByteString>,
    bytes: &'a mut usize,
    seq: &'a mut u64,
}

impl FrameQueue for BulkLane<'_> {
    fn is_empty(&self) -> bool {
        *self.bytes == 0 || self.frames.is_empty()
    }

    fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        *self.bytes = self.bytes.saturating_sub(frame.len());
        *self.seq += 1;
        Some(Frame::Text(frame))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.channel.end();
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("feeds", &self.feeds.len())
            .finish_non_exhaustive()
    }
}

impl Feed {
    fn has_more(&self) -> bool {
        match &self.cold {
            None => self.watch.head() > self.cursor.seq,
            Some(cold) => matches!(cold, Cold::Fetched(_)),
        }
    }

    /// Whether there is more; wakes who asks when storage has answered.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> bool {
        match &mut self.cold {
            None => self.has_more(),
            Some(cold) => cold.poll(cx),
        }
    }

    /// Keeps frames that came from storage and were not written for the next turn.
    fn keep(&mut self, frames: &mut VecDeque<ByteString>) {
        if !frames.is_empty() {
            let frames = std::mem::take(frames);
            self.cold = Some(Cold::Fetched(Ok(Frames { frames, missed: 0 })));
        }
    }

    /// The next frames, with a notice first where events are gone. `frames` is empty before, and stays so when they have
    /// to come from storage.
    fn read(&mut self, frames: &mut VecDeque<ByteString>, traffic: &Traffic) {
        let read = match self.cold.take() {
            Some(Cold::Fetched(fetched)) => fetched.map(|fetched| {
                *frames = fetched.frames;
                fetched.missed
            }),
            _ => self.watch.tail().read(self.cursor, PAGE, frames),
        };
        match read {
            Ok(0) => {}
            Err(LogError::Cold { .. }) => {
                let fetching = self.watch.tail().fetch(self.cursor, COLD_PAGE);
                self.cold = Some(Cold::Fetching(fetching));
            }
            Ok(missed) => {
                traffic.events_skipped(missed);
                // The notice has no number of its own; it stands for those that it names.
                if let Some(notice) = self.lag_notice(missed) {
                    frames.push_front(notice);
                    self.cursor.seq += missed - 1;
                } else {
                    self.cursor.seq += missed;
                }
            }
            Err(error) => {
                // Only a place of another epoch leads here, and a feed lives in one.
                tracing::warn!(stream = %self.stream, %error, "a subscription cannot be read");
                self.cursor.seq = self.watch.head();
            }
        }
    }

    fn lag_notice(&self, missed: u64) -> Option<ByteString> {
        let params = LaggedParams {
            stream: self.stream.to_string(),
            epoch: self.cursor.epoch,
            from_seq: self.cursor.seq + 1,
            to_seq: self.cursor.seq + missed,
            skipped: missed,
        };
        encode_notification(Lagged::NAME, &params)
            .ok()
            .map(ByteString::from)
    }
}

#[cfg(test)]
mod tests;
