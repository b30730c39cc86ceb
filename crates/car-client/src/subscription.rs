//! Streams of the log as streams of this program: each subscription has a queue of its own.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use car_protocol::RpcError;
use car_protocol::jsonrpc;
use car_protocol::rpc::events::{
    Cursor, Subscribe, SubscribeParams, Subscribed, Unsubscribe, UnsubscribeParams,
};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::client::{Client, Notification};
use crate::error::CallError;
use crate::past::Placed;

/// Events of one subscription that wait to be read. Beyond it the oldest go, and are counted.
const MOST: usize = 4_096;

/// The subscriptions of a connection that somebody reads.
#[derive(Debug, Default)]
pub(crate) struct SubscriptionRouter {
    /// Whether there ever was one: who has none does not pay for it.
    used: AtomicBool,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    read: Vec<Weak<Queue>>,
    ended: bool,
}

#[derive(Debug)]
struct Queue {
    /// Names of streams, and patterns, which end with `*`: as they were given, and as the daemon calls them.
    names: Mutex<Vec<String>>,
    inner: Mutex<Waiting>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<StreamItem>,
    missed: u64,
    ended: bool,
}

impl Queue {
    fn covers(&self, stream: &str) -> bool {
        let names = self.names.lock();
        names.iter().any(|name| match name.strip_suffix('*') {
            Some(start) => stream.starts_with(start),
            None => name == stream,
        })
    }

    fn push(&self, item: StreamItem) {
        {
            let mut inner = self.inner.lock();
            inner.events.push_back(item);
            if inner.events.len() > MOST {
                inner.events.pop_front();
                inner.missed += 1;
            }
        }
        self.news.notify_one();
    }

    fn end(&self) {
        self.inner.lock().ended = true;
        self.news.notify_one();
    }
}

impl SubscriptionRouter {
    /// Gives an event to those who subscribed to its stream; answers whether there are any.
    pub(crate) fn take(&self, note: &jsonrpc::Notification<'_>) -> bool {
        if !self.used.load(Ordering::Acquire) {
            return false;
        }
        let Some(params) = note.params else {
            return false;
        };
        let Ok(placed) = serde_json::from_str::<Placed<'_>>(params.get()) else {
            return false;
        };
        let readers = self.readers(&placed.stream);
        for queue in &readers {
            queue.push(StreamItem::Event(StreamEvent {
                stream: placed.stream.clone().into_owned(),
                cursor: placed.cursor(),
                notification: Notification {
                    method: note.method.clone().into_owned(),
                    params: Some(params.to_owned()),
                },
            }));
        }
        !readers.is_empty()
    }

    fn readers(&self, stream: &str) -> Vec<Arc<Queue>> {
        let mut readers: Vec<_> = {
            let table = self.table.lock();
            table.read.iter().filter_map(Weak::upgrade).collect()
        };
        readers.retain(|queue| queue.covers(stream));
        readers
    }

    /// What came next in a stream is no longer kept.
    pub(crate) fn resync(&self, stream: &str, oldest: Cursor) {
        for queue in self.readers(stream) {
            let stream = stream.to_owned();
            queue.push(StreamItem::ResyncRequired { stream, oldest });
        }
    }

    /// The daemon does not go on with these.
    pub(crate) fn refuse(&self, streams: &[String], error: &RpcError) {
        for stream in streams {
            for queue in self.readers(stream) {
                queue.push(StreamItem::Refused {
                    stream: stream.clone(),
                    error: error.clone(),
                });
            }
        }
    }

    /// The connection is over.
    pub(crate) fn end(&self) {
        let readers = {
            let mut table = self.table.lock();
            table.ended = true;
            std::mem::take(&mut table.read)
        };
        for queue in readers.into_iter().filter_map(|queue| queue.upgrade()) {
            queue.end();
        }
    }

    fn read(&self, names: Vec<String>) -> Arc<Queue> {
        let queue = Arc::new(Queue {
            names: Mutex::new(names),
            inner: Mutex::default(),
            news: Notify::new(),
        });
        let ended = {
            let mut table = self.table.lock();
            table.read.retain(|queue| queue.strong_count() > 0);
            table.read.push(Arc::downgrade(&queue));
            table.ended
        };
        self.used.store(true, Ordering::Release);
        if ended {
            queue.end();
        }
        queue
    }
}

/// Something that happened in a stream.
#[derive(Clone, Debug)]
pub struct StreamEvent {
    /// The stream.
    pub stream: String,
    /// Its place there; none where the daemon tells of the stream as a whole, with `events.lagged` or `events.ended`.
    pub cursor: Option<Cursor>,
    /// What was told.
    pub notification: Notification,
}

/// What a subscription has to tell.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StreamItem {
    /// Something happened.
    Event(StreamEvent),
    /// The connection was made again, and what came next in a stream is no longer kept. It goes on after `oldest`.
    ResyncRequired {
        /// The stream.
        stream: String,
        /// The place before the oldest event that is kept.
        oldest: Cursor,
    },
    /// The connection was made again, and the daemon does not go on with a stream, or with what a pattern covers.
    Refused {
        /// The stream or the pattern.
        stream: String,
        /// Why.
        error: RpcError,
    },
}

impl StreamItem {
    /// The event, where it is one.
    #[must_use]
    pub fn event(self) -> Option<StreamEvent> {
        match self {
            Self::Event(event) => Some(event),
            _ => None,
        }
    }
}

/// The events of some streams, in order.
pub struct Subscription {
    client: Client,
    asked: Vec<String>,
    subscribed: Subscribed,
    queue: Arc<Queue>,
}

impl Client {
    /// Follows streams, by their names or by patterns. What happens in them comes to this subscription, and no longer as
    /// [`notifications`](Client::notifications).
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn subscribe(&self, params: SubscribeParams) -> Result<Subscription, CallError> {
        // Before the daemon is asked: its first events may come with the answer.
        let queue = self.subscriptions().read(params.streams.clone());
        let asked = params.streams.clone();
        let subscribed = self.call::<Subscribe>(params).await?;
        let called = subscribed
            .streams
            .iter()
            .map(|stream| stream.stream.clone());
        queue.names.lock().extend(called);
        Ok(Subscription {
            client: self.clone(),
            asked,
            subscribed,
            queue,
        })
    }
}

impl Subscription {
    /// The streams, and where each begins.
    #[must_use]
    pub fn subscribed(&self) -> &Subscribed {
        &self.subscribed
    }

    /// The next event, or, where connections are made again, that a stream has a gap or is refused. `None` when the
    /// connection is over and all was read.
    pub async fn next(&mut self) -> Option<StreamItem> {
        loop {
            let (item, ended) = {
                let mut inner = self.queue.inner.lock();
                (inner.events.pop_front(), inner.ended)
            };
            match item {
                Some(item) => return Some(item),
                None if ended => return None,
                None => self.queue.news.notified().await,
            }
        }
    }

    /// How many events were dropped because nobody read them. The log still has them: the place of the last one that was
    /// read says where to go on.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.queue.inner.lock().missed
    }

    /// Ends it, at the daemon too, for all subscriptions of this connection to the same names. One that is only dropped
    /// goes on there, and what comes is a notification like others.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn end(self) -> Result<(), CallError> {
        let params = UnsubscribeParams {
            streams: self.asked,
        };
        self.client.call::<Unsubscribe>(params).await.map(drop)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("subscribed", &self.subscribed)
            .finish_non_exhaustive()
    }
}
