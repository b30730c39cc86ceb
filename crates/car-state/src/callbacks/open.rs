//! A request that is open, as whoever waits for its answer holds it.

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use car_protocol::jsonrpc::encode_notification;
use car_protocol::method::Callback;
use car_protocol::rpc::tools::CancelParams;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Answer, CallError, Callbacks, MAX_OPEN, request_id};
use crate::engine::IdleClock;
use crate::frame::Frame;
use crate::session::Link;

/// An entry of the table; it leaves with this.
pub(super) struct Open {
    pub(super) table: Arc<Callbacks>,
    pub(super) link: Arc<Link>,
    pub(super) number: u64,
    /// Whether it may be in the table.
    pub(super) is_open: bool,
    /// The notification that takes the request back, until it was sent.
    pub(super) cancel: Option<&'static str>,
    /// When it is given up because its time is over, and not for another reason.
    pub(super) deadline: Instant,
    pub(super) idle: Option<Arc<IdleClock>>,
}

/// A request whose answer is waited for. When this goes, for whatever reason, the client is told that nobody waits.
///
/// It has no timer: whoever made the request has one, and stops waiting when the time is over.
pub struct Asked {
    pub(super) open: Open,
    pub(super) answer: oneshot::Receiver<Answer>,
}

impl Asked {
    /// The result of the callback. When `recalled` is ready the client is told, and its answer is waited for still if it
    /// has been asked by then.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn result<C: Callback>(
        self,
        recalled: impl Future<Output = ()> + Send,
    ) -> Result<C::Result, CallError> {
        let Self {
            mut open,
            mut answer,
        } = self;
        let answered = tokio::select! {
            biased;
            answered = &mut answer => answered,
            () = recalled => {
                if !open.recall() {
                    return Err(CallError::Recalled);
                }
                answer.await
            }
        };
        let answer = answered.map_err(|_| CallError::Disconnected)?;
        open.settle();
        let result = answer.map_err(CallError::Refused)?;
        serde_json::from_str(result.get()).map_err(|error| CallError::BadAnswer(error.to_string()))
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked")
            .field("request_id", &self.open.request_id())
            .finish_non_exhaustive()
    }
}

impl Open {
    pub(super) fn request_id(&self) -> String {
        request_id(self.number)
    }

    /// Tells the client that nobody wants the answer; `false` where it was never asked. The request stays in the table,
    /// since an answer that comes all the same says what became of the work; it is not sent again.
    fn recall(&mut self) -> bool {
        self.follow();
        let text = self.taken_back();
        let sent = {
            let mut inner = self.table.inner.lock();
            let entry = inner.open.get_mut(&self.number);
            entry.is_none_or(|entry| {
                entry.recalled = true;
                entry.text.clone_from(&text);
                entry.delivery > 0
            })
        };
        if sent {
            self.tell(text);
        }
        sent
    }

    /// Notes that it has left the table with its answer.
    fn settle(&mut self) {
        self.follow();
        self.is_open = false;
    }

    /// Takes the request from the table, and back from the client if it has it and has not answered.
    fn give_up(&mut self) {
        self.follow();
        let sent = {
            let mut inner = self.table.inner.lock();
            let entry = inner.open.remove(&self.number);
            let sent = entry.filter(|entry| entry.delivery > 0);
            if let Some(fence) = sent
                .as_ref()
                .map(|entry| entry.fence)
                .filter(|fence| *fence > 0)
            {
                if inner.given_up.len() >= MAX_OPEN {
                    inner.given_up.pop_front();
                }
                inner.given_up.push_back((self.number, fence));
            }
            sent.is_some()
        };
        if sent {
            let text = self.taken_back();
            self.tell(text);
        }
    }

    /// The notification that takes the request back; once.
    fn taken_back(&mut self) -> Option<ByteString> {
        let cancel = self.cancel.take()?;
        let reason = if self.idle.as_ref().is_some_and(|idle| idle.is_over()) {
            "idle"
        } else if Instant::now() >= self.deadline {
            "timeout"
        } else {
            "cancelled"
        };
        let params = CancelParams {
            request_id: self.request_id(),
            reason: reason.to_owned(),
        };
        Some(encode_notification(cancel, &params).ok()?.into())
    }

    fn tell(&self, text: Option<ByteString>) {
        if let (Some(channel), Some(text)) = (self.link.channel(), text) {
            // A client that is gone, or takes nothing, needs not be told.
            let _ = channel.send(Frame::Text(text));
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.is_open {
            self.give_up();
        }
    }
}
