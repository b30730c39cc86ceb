//! The shared handle on one connection, and the writer behind it.

mod feed;
mod identity;
mod pressure;
mod slot;
mod subscription;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytestring::ByteString;
use car_protocol::jsonrpc::encode_notification;
use car_protocol::method::ServerNotification;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use self::feed::{is_only_fed, only_fed, to_feed, wakes_to_feed};
pub use self::slot::Slot;
pub(crate) use self::subscription::{Change, Progress};
pub use self::subscription::{SubscribeError, Subscription, Wanted, WhenOver};
use crate::budget::{MemoryBudget, Share};
use crate::frame::{CloseReason, Frame};
use crate::log::{EventLog, Listener};
use crate::outbox::{Admission, Depth, Next, Outbox, OutboxLimits, Queued, SendError, Written};
use crate::quota;
use crate::session::Replies;
use crate::traffic::Traffic;

/// One connection: a bounded outbox in front of a [`WsSink`](crate::sink::WsSink).
///
/// Everybody may send; nobody waits for the socket. The [`Writer`](crate::writer::Writer) that belongs to it writes.
#[derive(Debug)]
pub struct WsChannel {
    inner: Mutex<Inner>,
    log: Arc<dyn EventLog>,
    traffic: Arc<Traffic>,
    budget: Arc<MemoryBudget>,
    /// What the fast lane is counted for in the budget, and what was read from storage.
    counted: [AtomicUsize; 2],
    /// Whether what was read from storage is to be given back to the log.
    asked_back: AtomicBool,
    /// Whether the connection is closed because memory is short.
    is_shed: AtomicBool,
    /// Wakes a writer that waits for its socket, when one of the two is set.
    pressed: AtomicWaker,
    /// Since when the socket takes nothing of what the writer has for it.
    stalled: Mutex<Option<Instant>>,
    /// Wakes the writer.
    writer: AtomicWaker,
    /// Whether the writer was woken to feed the connection and has not looked since: it need not be once more.
    told: AtomicBool,
    /// Whether the reader has its turn, after which the writer has its own without being woken.
    reading: AtomicBool,
    /// Whether another request can be taken on, as of the last look under the lock. Only what is taken on here takes
    /// room away, so to the reader it is true.
    room: AtomicBool,
    /// Whether a request is being answered that is counted only when its reply is.
    answering: AtomicBool,
    /// Wakes the reader that waits for admission.
    reader: AtomicWaker,
    closed: CancellationToken,
    /// Whether the session has ended before its connection.
    abandoned: AtomicBool,
    /// Whether the session goes on on another connection.
    fenced: AtomicBool,
    /// Told once when its reader has parted from the session.
    parted: Notify,
    /// Whether there is something in `replies`.
    resumable: AtomicBool,
    /// Where the replies of the session are kept, if it can be resumed.
    replies: Mutex<Option<Arc<Replies>>>,
    next_subscription: AtomicU64,
    /// Its place among those of its identity.
    share: Mutex<Option<quota::Share>>,
}

#[derive(Debug)]
struct Inner {
    outbox: Outbox,
    share: Share,
    /// Subscriptions that came or went since the writer last looked.
    changes: Vec<Change>,
    /// Whether the writer is not to look at them yet.
    held: bool,
    subscriptions: usize,
}

/// Requests are refused: so many are under way that another cannot be taken on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Overloaded {
    /// How many may be.
    pub limit: usize,
}

impl WsChannel {
    /// A channel without a writer yet; [`Writer::new`](crate::writer::Writer::new) makes both.
    pub(crate) fn new(
        limits: OutboxLimits,
        log: Arc<dyn EventLog>,
        traffic: Arc<Traffic>,
        budget: Arc<MemoryBudget>,
    ) -> Self {
        Self {
            inner: Mutex::new(Inner {
                outbox: Outbox::new(limits),
                share: Share::default(),
                changes: Vec::new(),
                held: false,
                subscriptions: 0,
            }),
            log,
            traffic,
            budget,
            counted: Default::default(),
            asked_back: AtomicBool::new(false),
            is_shed: AtomicBool::new(false),
            pressed: AtomicWaker::new(),
            stalled: Mutex::default(),
            writer: AtomicWaker::new(),
            told: AtomicBool::new(false),
            reading: AtomicBool::new(false),
            room: AtomicBool::new(true),
            answering: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            closed: CancellationToken::new(),
            abandoned: AtomicBool::new(false),
            fenced: AtomicBool::new(false),
            parted: Notify::new(),
            resumable: AtomicBool::new(false),
            replies: Mutex::default(),
            next_subscription: AtomicU64::new(1),
            share: Mutex::default(),
        }
    }

    /// Drives `reading` for a task that polls the [`Writer`](crate::writer::Writer) right after it, every time: then
    /// what the reader queues needs no wake, which would poll the whole task once more for nothing. In a turn in which
    /// the connection is [`only_fed`] it is passed over; it stays registered with whatever wakes it.
    pub fn before_writer<F: Future + Unpin>(
        &self,
        mut reading: F,
    ) -> impl Future<Output = F::Output> {
        poll_fn(move |cx| {
            // Who fences it wakes its writer, and whoever feeds it may do that in the same moment.
            if is_only_fed() && !self.is_fenced() {
                return Poll::Pending;
            }
            self.reading.store(true, Ordering::Release);
            let polled = Pin::new(&mut reading).poll(cx);
            self.reading.store(false, Ordering::Release);
            polled
        })
    }

    /// To be called after something was queued under the lock. Who sees the reader at its turn queued before that turn
    /// ended, and the writer takes what is queued after it: the lock orders the two.
    fn wake_writer(&self) {
        if !self.reading.load(Ordering::Acquire) {
            self.writer.wake();
        }
    }

    /// Takes on one request: waits while replies are unwritten, so that a peer which does not read is not read from.
    ///
    /// # Errors
    /// [`Overloaded`] when waiting would not help, because those under way may need what the peer sends next.
    pub async fn admit(self: &Arc<Self>) -> Result<Slot, Overloaded> {
        poll_fn(|cx| self.poll_admit(cx)).await
    }

    /// Takes on one request, which is answered before anything else is read, if that needs no wait. It is counted when
    /// its reply is.
    #[must_use]
    pub fn try_admit(self: &Arc<Self>) -> Option<Slot> {
        let room = self.room.load(Ordering::Acquire);
        room.then(|| {
            self.answering.store(true, Ordering::Relaxed);
            Slot::new(self, false)
        })
    }

    /// Works on the outbox, and notes whether there is room afterwards.
    fn with_outbox<R>(&self, work: impl FnOnce(&mut Outbox) -> R) -> R {
        let mut inner = self.inner.lock();
        let done = work(&mut inner.outbox);
        self.room.store(inner.outbox.has_room(), Ordering::Release);
        let bytes = inner.outbox.bytes();
        let change = inner.share.settle(bytes);
        if change != 0 {
            self.count(0, change, inner.share.counted());
        }
        drop(inner);
        if change > 0 {
            self.budget.keep();
        }
        done
    }

    fn poll_admit(self: &Arc<Self>, cx: &mut Context<'_>) -> Poll<Result<Slot, Overloaded>> {
        let mut registered = false;
        loop {
            let (admission, limit) =
                self.with_outbox(|outbox| (outbox.admit(), outbox.limits().requests));
            match admission {
                Admission::Admitted => {
                    return Poll::Ready(Ok(Slot::new(self, true)));
                }
                Admission::Overloaded => return Poll::Ready(Err(Overloaded { limit })),
                Admission::Wait if registered => return Poll::Pending,
                Admission::Wait => {
                    self.reader.register(cx.waker());
                    registered = true;
                }
            }
        }
    }

    /// Queues a frame in the fast lane.
    ///
    /// # Errors
    /// [`SendError`]; the frame is dropped.
    pub fn send(&self, frame: Frame) -> Result<(), SendError> {
        let pushed = self.with_outbox(|outbox| outbox.push(frame));
        if pushed == Err(SendError::Full) {
            self.traffic.frame_refused();
        }
        pushed?;
        self.wake_writer();
        Ok(())
    }

    /// Queues a notification in the fast lane.
    ///
    /// # Errors
    /// [`SendError`]; the notification is dropped.
    pub fn notify<N: ServerNotification>(&self, params: &N::Params) -> Result<(), SendError> {
        let Ok(text) = encode_notification(N::NAME, params) else {
            tracing::error!(
                notification = N::NAME,
                "a notification cannot be serialised"
            );
            return Ok(());
        };
        self.send(Frame::Text(text.into()))
    }

    /// Queues the reply to a request that was not counted: the refusal of one that was not admitted, for one.
    pub fn refuse(&self, text: impl Into<ByteString>) {
        self.with_outbox(|outbox| outbox.admit_replied(text.into()));
        self.wake_writer();
    }

    /// Begins to close: what is queued is written, then the reason.
    pub fn close(&self, reason: Option<CloseReason>) {
        self.inner.lock().outbox.close(reason);
        self.wake_writer();
    }

    /// Notes that the session has ended: a request that is dropped unanswered from now on was not forgotten.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    /// Whether the session has ended.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
            || self.replies().is_some_and(|replies| replies.ended())
    }

    /// Notes that the session goes on on another connection: its reader is to say so and to close.
    pub(crate) fn fence(&self) {
        self.fenced.store(true, Ordering::Release);
        self.with_outbox(Outbox::fence);
        self.writer.wake();
    }

    /// Whether the session goes on on another connection.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::Acquire)
    }

    /// Notes that what its reader begins for the session has begun.
    pub(crate) fn part(&self) {
        self.parted.notify_one();
    }

    /// Ready when its reader has parted from the session. One may wait for it.
    pub(crate) async fn parted(&self) {
        self.parted.notified().await;
    }

    /// Keeps the replies of requests that come from now on.
    pub(crate) fn keep_replies(&self, replies: &Arc<Replies>) {
        *self.replies.lock() = Some(Arc::clone(replies));
        self.resumable.store(true, Ordering::Release);
    }

    /// Where the replies to requests that are refused now are kept, if they are. A connection that has lost the session
    /// says nothing on its behalf.
    pub(crate) fn keeps_refusals(&self) -> Option<Arc<Replies>> {
        self.replies().filter(|_| !self.is_fenced())
    }

    /// Where the replies of the session are kept, if it can be resumed.
    #[must_use]
    pub fn replies(&self) -> Option<Arc<Replies>> {
        let resumable = self.resumable.load(Ordering::Acquire);
        resumable.then(|| self.replies.lock().clone()).flatten()
    }

    /// Whether frames are still taken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inner.lock().outbox.is_open()
    }

    /// Requests that are under way or whose reply is not written.
    #[must_use]
    pub fn requests(&self) -> usize {
        let answering = self.answering.load(Ordering::Relaxed);
        self.inner.lock().outbox.requests() + usize::from(answering)
    }

    /// How much is under way and to be written.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.inner.lock().outbox.depth()
    }

    /// For how long the socket has taken nothing of what there is for it; none where all is well. Nothing that waits
    /// in the fast lane is older than that, but for a turn of the writer.
    #[must_use]
    pub fn stalled(&self) -> Option<Duration> {
        self.stalled.lock().map(|since| since.elapsed())
    }

    pub(crate) fn set_stalled(&self, stalled: bool) {
        *self.stalled.lock() = stalled.then(Instant::now);
    }

    pub(crate) fn log(&self) -> &dyn EventLog {
        &*self.log
    }

    pub(crate) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Cancelled when the writer has ended: nothing will be written any more.
    #[must_use]
    pub fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    /// The bounds of the connection.
    #[must_use]
    pub fn limits(&self) -> OutboxLimits {
        *self.inner.lock().outbox.limits()
    }

    pub(crate) fn register_writer(&self, cx: &Context<'_>) {
        self.writer.register(cx.waker());
        // Whoever finds it set before this has published what the writer sees when it looks once more, right after this.
        self.told.swap(false, Ordering::AcqRel);
    }

    /// The fast lane, and what came or went.
    pub(crate) fn take(&self, batch: &mut VecDeque<Queued>, changes: &mut Vec<Change>) -> Next {
        let mut inner = self.inner.lock();
        if !inner.changes.is_empty() && !inner.held {
            changes.append(&mut inner.changes);
        }
        inner.outbox.take(batch)
    }

    pub(crate) fn written(&self, done: Written) {
        self.with_outbox(|outbox| outbox.written(done));
        self.reader.wake();
    }

    /// The connection is gone; what still comes is dropped.
    pub(crate) fn end(&self) {
        let changes = {
            let mut inner = self.inner.lock();
            inner.outbox.end();
            let change = inner.share.give_up();
            self.count(0, change, 0);
            std::mem::take(&mut inner.changes)
        };
        // Watches are released outside the lock.
        drop(changes);
        self.leave();
        self.closed.cancel();
        self.reader.wake();
    }

    fn reply(&self, text: ByteString, settles: usize) {
        self.with_outbox(|outbox| outbox.reply(text, settles));
        self.wake_writer();
    }
}

impl Listener for WsChannel {
    fn notify(&self) {
        // No lock orders a stream and the reader's turn.
        if !self.told.swap(true, Ordering::AcqRel) {
            to_feed(|| self.writer.wake());
        }
    }
}
