//! Streams that are fed to a connection.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use car_protocol::rpc::events::{Cursor, Delivery};
use thiserror::Error;

use super::WsChannel;
use crate::log::{LogError, StreamName};
use crate::quota::{self, QuotaExceeded};
use crate::writer::Feed;

/// A subscription came or went.
#[derive(Debug)]
pub(crate) enum Change {
    Begin(Box<Feed>),
    End(u64),
}

/// Told when a stream has ended and its subscriber has all of it. It must be quick: it runs in the writer.
pub trait WhenOver: Debug + Send + Sync {
    /// It is over: the place is free.
    fn over(&self);
}

/// What is to be fed to a connection.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The stream.
    pub stream: StreamName,
    /// The place after which it begins.
    pub cursor: Cursor,
    /// How its events come.
    pub delivery: Delivery,
    /// Who is told when it is over.
    pub when_over: Option<Weak<dyn WhenOver>>,
}

/// How far a writer has come with a stream, for whoever looks from outside.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) written: AtomicU64,
    /// Whether the stream has ended and all of it was written.
    pub(crate) over: AtomicBool,
    when_over: Option<Weak<dyn WhenOver>>,
}

impl Progress {
    /// Tells who wants to know that it is over.
    pub(crate) fn tell_over(&self) {
        let listener = self.when_over.as_ref().and_then(Weak::upgrade);
        if let Some(listener) = listener {
            listener.over();
        }
    }
}

impl WsChannel {
    /// Feeds a stream to this connection, beginning after `cursor`, until the guard is dropped.
    ///
    /// # Errors
    /// [`SubscribeError`].
    pub fn subscribe(
        self: &Arc<Self>,
        stream: StreamName,
        cursor: Cursor,
    ) -> Result<Subscription, SubscribeError> {
        let wanted = Wanted {
            stream,
            cursor,
            delivery: Delivery::Lossless,
            when_over: None,
        };
        let mut begun = self.subscribe_all(vec![wanted], 0)?;
        begun.pop().ok_or(SubscribeError::Log(LogError::Closed))
    }

    /// Feeds several streams, all or none. `ending` of those that are fed now are about to end: the new ones take their
    /// places. The answer is in the order of `wanted`.
    ///
    /// # Errors
    /// [`SubscribeError`]; nothing has changed then.
    pub fn subscribe_all(
        self: &Arc<Self>,
        wanted: Vec<Wanted>,
        ending: usize,
    ) -> Result<Vec<Subscription>, SubscribeError> {
        let mut feeds = Vec::with_capacity(wanted.len());
        let shares = (0..wanted.len()).map(|_| self.share_of_subscriptions());
        let shares: Vec<_> = shares.collect::<Result<_, _>>()?;
        let mut subscriptions = Vec::with_capacity(wanted.len());
        for Wanted {
            stream,
            cursor,
            delivery,
            when_over,
        } in wanted
        {
            let watch = self.log.watch(&stream, Arc::<Self>::clone(self))?;
            let id = self.next_subscription.fetch_add(1, Ordering::Relaxed);
            let progress = Arc::new(Progress {
                written: AtomicU64::new(cursor.seq),
                over: AtomicBool::new(false),
                when_over,
            });
            feeds.push(Change::Begin(Box::new(Feed::new(
                id,
                stream,
                cursor,
                watch,
                delivery,
                Arc::clone(&progress),
            ))));
            subscriptions.push((id, progress));
        }
        {
            let mut inner = self.inner.lock();
            let limits = inner.outbox.limits();
            let limit = limits.subscriptions.saturating_add(limits.covered);
            if (inner.subscriptions + feeds.len()).saturating_sub(ending) > limit {
                return Err(SubscribeError::TooMany { limit });
            }
            inner.subscriptions += feeds.len();
            inner.changes.append(&mut feeds);
        }
        self.wake_writer();
        let guard = |((id, progress), share)| Subscription {
            channel: Arc::clone(self),
            id,
            progress,
            _share: share,
        };
        Ok(subscriptions.into_iter().zip(shares).map(guard).collect())
    }
}

/// As long as this is there what is subscribed to is not fed.
#[derive(Debug)]
pub(crate) struct Held<'a>(&'a WsChannel);

impl WsChannel {
    /// Holds what is subscribed to from now on back, so that its events come behind what is queued meanwhile.
    pub(crate) fn hold_feeds(&self) -> Held<'_> {
        self.inner.lock().held = true;
        Held(self)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.inner.lock().held = false;
        self.0.wake_writer();
    }
}

/// A stream that is fed to a connection; dropping it ends that.
#[derive(Debug)]
pub struct Subscription {
    channel: Arc<WsChannel>,
    id: u64,
    progress: Arc<Progress>,
    /// Its place among those of the identity.
    _share: Option<quota::Share>,
}

impl Subscription {
    /// The number of the newest event that the connection's socket has taken, at most a page too small.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.progress.written.load(Ordering::Relaxed)
    }

    /// Whether the stream has ended, and the connection's socket has taken all of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.progress.over.load(Ordering::Acquire)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        {
            let mut inner = self.channel.inner.lock();
            inner.subscriptions = inner.subscriptions.saturating_sub(1);
            if inner.outbox.is_open() {
                inner.changes.push(Change::End(self.id));
            }
        }
        self.channel.wake_writer();
    }
}

/// Why a stream is not fed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The identity is fed as many streams as it may be.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The log refuses.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The connection has as many subscriptions as it may.
    #[error("a connection has at most {limit} subscriptions")]
    TooMany {
        /// How many it may have.
        limit: usize,
    },
}
