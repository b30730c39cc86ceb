use std::fmt;
use std::sync::{Arc, Weak};

use bytestring::ByteString;
use car_protocol::jsonrpc::Id;
use parking_lot::Mutex;

use super::LinkId;
use super::book::{Missed, ReplyBook};
use crate::channel::WsChannel;

/// The replies of a session that can be resumed: each is kept until it is known to have arrived, as far as the bounds
/// allow, and goes to whatever connection the session is on when it is there.
pub struct Replies {
    inner: Mutex<Inner>,
}

struct Inner {
    book: ReplyBook<LinkId>,
    /// The session's connection.
    route: Weak<WsChannel>,
    ended: bool,
}

/// Where a reply goes.
#[derive(Debug)]
pub(crate) enum Way {
    /// To the connection that the request came on.
    Here,
    /// To the one that the session is on now.
    There(Arc<WsChannel>),
    /// To nobody, until the session is resumed.
    Nowhere,
}

impl Replies {
    pub(super) fn new(book: ReplyBook<LinkId>, channel: Option<&Arc<WsChannel>>) -> Self {
        Self {
            inner: Mutex::new(Inner {
                book,
                route: channel.map(Arc::downgrade).unwrap_or_default(),
                ended: false,
            }),
        }
    }

    /// A request is under way.
    pub(crate) fn begun(&self, id: &Id) {
        self.inner.lock().book.begun(id);
    }

    /// A request has its reply, which is kept. One that holds a secret is not: `text` is none then. `on` is the connection
    /// that it came on, where it has its reply alone.
    pub(crate) fn answered(&self, id: &Id, text: Option<ByteString>, on: Option<&Arc<WsChannel>>) {
        let on = on.map(LinkId::of);
        self.inner.lock().book.answered(id, text, on);
    }

    /// Where the reply to a request of `channel` goes. It is kept already, so whoever resumes the session in between
    /// finds it there.
    pub(crate) fn way(&self, channel: &WsChannel) -> Way {
        let route = self.inner.lock().route.clone();
        if std::ptr::eq(route.as_ptr(), channel) {
            return Way::Here;
        }
        route.upgrade().map_or(Way::Nowhere, Way::There)
    }

    /// Whether the session has ended.
    pub(crate) fn ended(&self) -> bool {
        self.inner.lock().ended
    }

    /// What stands in the next ping: a pong that carries it says that all replies up to there have arrived.
    ///
    /// It is what was there at the ping before, so that a reply which is noted and not queued yet is none of them.
    #[must_use]
    pub fn mark(&self) -> [u8; 8] {
        self.inner.lock().book.mark().to_be_bytes()
    }

    /// A pong came with these bytes.
    pub fn delivered(&self, mark: &[u8]) {
        if let Ok(mark) = <[u8; 8]>::try_from(mark) {
            self.inner.lock().book.delivered(u64::from_be_bytes(mark));
        }
    }

    /// The connection is gone, or about to be another one. What is answered from now on waits for
    /// [`attach`](Self::attach). Answers the number of the newest reply.
    pub(super) fn detach(&self) -> u64 {
        let mut inner = self.inner.lock();
        inner.route = Weak::new();
        inner.book.last()
    }

    /// What a client missed that waits for these requests, and that comes back on this connection. `since` is the newest
    /// reply from before it did.
    pub(super) fn missed(
        &self,
        waiting: Option<&[Id]>,
        back_on: &Arc<WsChannel>,
        since: u64,
    ) -> Missed {
        let back_on = LinkId::of(back_on);
        self.inner.lock().book.missed(waiting, back_on, since)
    }

    /// The session is on this connection. What was answered and not told goes there.
    pub(super) fn attach(&self, channel: &Arc<WsChannel>, missed: Missed) {
        let since = {
            let mut inner = self.inner.lock();
            inner.route = Arc::downgrade(channel);
            inner.book.since(missed.through)
        };
        for text in missed.pipelined.into_iter().chain(since) {
            channel.refuse(text);
        }
    }

    /// The session has ended: nothing is kept any more.
    pub(super) fn end(&self) {
        let mut inner = self.inner.lock();
        inner.ended = true;
        inner.route = Weak::new();
        inner.book.clear();
    }

    /// Bytes of the replies that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.inner.lock().book.bytes()
    }
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies")
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}
