//! The one who writes to a connection.

mod coalesce;
mod cold;
mod feed;
mod merge;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, timeout, timeout_at};

use self::cold::{Cold, ColdRead};
pub(crate) use self::feed::Feed;
use self::feed::{BulkLane, Hand};
use crate::budget::{Member, MemoryBudget, Share};
use crate::channel::{Change, WsChannel};
use crate::frame::{CloseReason, Frame, close};
use crate::log::EventLog;
use crate::outbox::{Next, OutboxLimits, Queued, Written};
use crate::sink::{BoxSink, FrameQueue, SinkError};
use crate::traffic::Traffic;

/// Events of one subscription that are on their way to the socket at most.
pub const CAP_FRAMES: usize = feed::COLD_PAGE;
/// A queue that grew beyond this is given back when it is empty, so that an idle connection stays small.
const KEPT_CAPACITY: usize = 32;
/// How long a peer that is given up may take to hear why.
const FAREWELL: Duration = Duration::from_secs(1);

/// The writer of a [`WsChannel`]: nobody else touches the [`WsSink`](crate::sink::WsSink).
///
/// A turn takes all of the fast lane and a bounded share of the streams that the connection subscribes to, writes it and
/// flushes once. A socket that takes nothing at all for as long as the write deadline ends the connection.
pub struct Writer {
    channel: Arc<WsChannel>,
    sink: BoxSink,
    deadline: Duration,
    /// The one whose turn comes next is the first.
    feeds: VecDeque<Box<Feed>>,
    batch: VecDeque<Queued>,
    changes: Vec<Change>,
    /// What was read of the first feed.
    hand: Hand,
    /// What is read from storage.
    cold: Option<ColdRead>,
    /// What the last two are counted for.
    bulk: Share,
    /// Its place among those that pay for memory.
    _member: Member,
}

/// A turn of the writer, and how far it has come.
struct Turn {
    stage: Stage,
    /// Feeds that have not had theirs.
    feeds: usize,
    /// What is left of the share of the streams.
    bytes: usize,
    written: Written,
}

#[derive(Clone, Copy)]
enum Stage {
    /// The fast lane is written.
    Fast,
    /// Streams are written.
    Feeds,
    /// The socket takes no further frame: nothing is held meanwhile.
    Room,
    /// What was started is handed over.
    Flush,
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
    /// The connection had to make room for others.
    #[error("memory is short, and most of it waited for this peer")]
    Shed,
}

impl WriterError {
    /// What the peer is told, if it listens after all.
    fn close_reason(&self) -> Option<CloseReason> {
        match self {
            Self::Stuck(limit) => {
                let text = format!("stuck: nothing was taken for {limit:?}");
                Some(CloseReason::new(close::POLICY, &text))
            }
            Self::Shed => {
                let text =
                    "memory_budget: too much waited for this connection, and memory is short";
                Some(CloseReason::new(close::TRY_AGAIN, text))
            }
            Self::Sink(_) => None,
        }
    }
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
        Self::counted(sink, limits, deadline, log, Arc::default(), &Arc::default())
    }

    /// The same, and what is answered, refused and dropped on the way adds to `traffic`, what waits to `budget`.
    #[must_use]
    pub fn counted(
        sink: BoxSink,
        limits: OutboxLimits,
        deadline: Duration,
        log: Arc<dyn EventLog>,
        traffic: Arc<Traffic>,
        budget: &Arc<MemoryBudget>,
    ) -> (Arc<WsChannel>, Self) {
        let channel = WsChannel::new(limits, log, traffic, Arc::clone(budget));
        let channel = Arc::new(channel);
        let writer = Self {
            channel: Arc::clone(&channel),
            sink,
            deadline,
            feeds: VecDeque::new(),
            batch: VecDeque::new(),
            changes: Vec::new(),
            hand: Hand::default(),
            cold: None,
            bulk: Share::default(),
            _member: budget.join(&channel),
        };
        (channel, writer)
    }

    /// Writes until the channel is closed or the connection fails.
    ///
    /// # Errors
    /// [`WriterError`]; the channel has ended in any case.
    #[expect(
        clippy::manual_async_fn,
        reason = "an async fn would hold the writer twice, and every connection holds one"
    )]
    pub fn run(mut self) -> impl Future<Output = Result<(), WriterError>> + Send {
        async move { self.write_all().await }
    }

    /// What only ends a connection, or waits for a peer, is in boxes of its own: all connections hold room for the rest.
    async fn write_all(&mut self) -> Result<(), WriterError> {
        let limits = self.channel.limits();
        loop {
            let next = poll_fn(|cx| self.poll_work(cx)).await;
            let share = match &next {
                Next::Ended => return Ok(()),
                Next::Close(_) => None,
                Next::Write | Next::Idle => Some(limits.turn_bytes),
            };
            if let Err(error) = self.write_turn(share).await {
                if let Some(reason) = error.close_reason() {
                    // Nothing is taken any more, and what waits is dropped.
                    self.channel.end();
                    self.give_back();
                    self.batch.clear();
                    let _ = Box::pin(self.close(Some(reason), FAREWELL)).await;
                }
                return Err(error);
            }
            if let Next::Close(reason) = next {
                let deadline = self.deadline;
                let is_shed = self.channel.is_shed();
                Box::pin(self.close(reason, deadline)).await?;
                return if is_shed {
                    Err(WriterError::Shed)
                } else {
                    Ok(())
                };
            }
        }
    }

    /// Ready when there is something to write or to close.
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        let mut registered = false;
        loop {
            let next = self.channel.take(&mut self.batch, &mut self.changes);
            self.apply_changes();
            let is_read = self.poll_cold(cx);
            let mut feeds = self.feeds.iter();
            let more = feeds.any(|feed| match &self.cold {
                Some(read) if feed.is_cold => read.feed == feed.id && is_read,
                _ => feed.has_more(),
            });
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

    /// Whether what was asked of storage is there.
    fn poll_cold(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(read) = &mut self.cold else {
            return false;
        };
        let was_there = matches!(read.state, Cold::Fetched(_));
        let is_there = read.poll(cx);
        if is_there && !was_there {
            self.count_bulk();
        }
        is_there
    }

    /// Counts what is here alone because it came from storage.
    fn count_bulk(&mut self) {
        let cold = self.cold.as_ref().map_or(0, ColdRead::bytes);
        let bytes = cold + self.hand.stored_bytes();
        self.channel.count_bulk(&mut self.bulk, bytes);
    }

    /// Gives what was read of streams back to the log, from where it is read again.
    fn give_back(&mut self) {
        self.hand.give_back();
        self.cold = None;
        self.count_bulk();
    }

    fn apply_changes(&mut self) {
        for change in self.changes.drain(..) {
            match change {
                Change::Begin(feed) => self.feeds.push_back(feed),
                Change::End(id) => {
                    self.feeds.retain(|feed| feed.id != id);
                    self.cold.take_if(|read| read.feed == id);
                }
            }
        }
    }

    fn give_back_memory(&mut self) {
        if self.batch.capacity() > KEPT_CAPACITY {
            self.batch = VecDeque::new();
        }
        if self.hand.frames.capacity() > KEPT_CAPACITY {
            self.hand = Hand::default();
        }
    }

    /// Writes the fast lane and, where a share is given, about so many bytes of streams.
    async fn write_turn(&mut self, share: Option<usize>) -> Result<(), WriterError> {
        let mut turn = Turn {
            stage: Stage::Fast,
            feeds: share.map_or(0, |_| self.feeds.len()),
            bytes: share.unwrap_or_default(),
            written: Written::default(),
        };
        // Nearly always the socket takes it at once, and no timer is needed.
        let polled = poll_fn(|cx| Poll::Ready(self.poll_turn(cx, &mut turn))).await;
        if let Poll::Ready(written) = polled {
            return Ok(written?);
        }
        self.channel.set_stalled(true);
        let written = Box::pin(self.wait(&mut turn)).await;
        self.channel.set_stalled(false);
        written
    }

    /// Waits for a socket that does not take what there is, for as long as it takes some of it within each deadline.
    async fn wait(&mut self, turn: &mut Turn) -> Result<(), WriterError> {
        let deadline = self.deadline;
        let mut since = Instant::now();
        let mut seen = self.taken(turn);
        loop {
            let until = since + deadline;
            let turning = poll_fn(|cx| {
                if self.channel.poll_shed(cx) {
                    return Poll::Ready(Err(WriterError::Shed));
                }
                self.poll_cold(cx);
                let polled = self.poll_turn(cx, turn);
                let taken = self.taken(turn);
                if taken != seen {
                    (seen, since) = (taken, Instant::now());
                }
                if polled.is_pending() && self.channel.is_asked_back() {
                    self.give_back();
                }
                polled.map_err(WriterError::from)
            });
            match timeout_at(until, turning).await {
                Ok(written) => return written,
                Err(_) if since.elapsed() >= deadline => return Err(WriterError::Stuck(deadline)),
                Err(_) => {}
            }
        }
    }

    /// Grows with what the socket takes.
    fn taken(&self, turn: &Turn) -> (usize, usize, u64) {
        (turn.bytes, turn.written.bytes, self.sink.taken())
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>, turn: &mut Turn) -> Poll<Result<(), SinkError>> {
        loop {
            turn.stage = match turn.stage {
                Stage::Fast => {
                    let mut replies = FastLane {
                        batch: &mut self.batch,
                        written: &mut turn.written,
                    };
                    ready!(self.sink.as_mut().poll_send_all(cx, &mut replies))?;
                    Stage::Feeds
                }
                Stage::Feeds => ready!(self.poll_feeds(cx, turn))?,
                Stage::Room => {
                    ready!(self.sink.as_mut().poll_ready(cx))?;
                    Stage::Flush
                }
                Stage::Flush => {
                    ready!(self.sink.as_mut().poll_flush(cx))?;
                    if turn.written.frames > 0 || turn.written.settled > 0 {
                        self.channel.written(turn.written);
                    }
                    return Poll::Ready(Ok(()));
                }
            };
        }
    }

    /// Gives each feed its turn, the one that waited longest first, until the share of this turn is used up. What was
    /// read from memory is not held while the socket takes nothing: it is in the log.
    fn poll_feeds(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn,
    ) -> Poll<Result<Stage, SinkError>> {
        while turn.bytes > 0
            && let Some(feed) = self.feeds.front_mut()
        {
            if self.hand.is_empty() {
                if turn.feeds == 0 {
                    break;
                }
                turn.feeds -= 1;
                if feed.has_more() {
                    let log = self.channel.log();
                    feed.fill(&mut self.hand, &mut self.cold, turn.bytes, log);
                }
            }
            let mut events = BulkLane {
                feed,
                hand: &mut self.hand,
                bytes: &mut turn.bytes,
                channel: &self.channel,
            };
            let sent = self.sink.as_mut().poll_send_all(cx, &mut events);
            feed.note();
            if sent.is_pending() {
                if self.hand.is_stored {
                    return Poll::Pending;
                }
                self.hand.give_back();
                self.feeds.rotate_left(1);
                return Poll::Ready(Ok(Stage::Room));
            }
            ready!(sent)?;
            // What this turn's share left over is read again, unless that would go to the disk.
            let was_stored = self.hand.is_stored;
            if let Some(rest) = feed.keep(&mut self.hand) {
                feed.is_cold = true;
                self.cold = Some(rest);
            }
            self.hand.give_back();
            if !feed.is_over() {
                self.feeds.rotate_left(1);
            } else if let Some(over) = self.feeds.pop_front() {
                over.tell_over();
            }
            if was_stored {
                self.count_bulk();
            }
        }
        Poll::Ready(Ok(Stage::Flush))
    }

    async fn close(
        &mut self,
        reason: Option<CloseReason>,
        limit: Duration,
    ) -> Result<(), WriterError> {
        let deadline = limit.min(self.deadline);
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

impl Drop for Writer {
    fn drop(&mut self) {
        self.channel.count_bulk(&mut self.bulk, 0);
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

#[cfg(test)]
mod tests;
