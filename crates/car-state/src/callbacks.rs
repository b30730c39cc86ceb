//! The requests that the daemon has open with a client.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::jsonrpc::{ErrorObject, Id, encode_notification, encode_request};
use car_protocol::method::Callback;
use car_protocol::rpc::tools::CancelParams;
use parking_lot::Mutex;
use serde_json::value::RawValue;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::channel::WsChannel;
use crate::frame::Frame;
use crate::outbox::SendError;

/// How many callbacks a session may have open.
pub const MAX_OPEN: usize = 1_024;

/// The open callbacks of one session. An entry is there before the request is sent and leaves with the answer, the
/// deadline and the caller's own end alike.
#[derive(Debug, Default)]
pub struct Callbacks {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    open: HashMap<u64, oneshot::Sender<Answer>>,
    ended: bool,
}

type Answer = Result<Box<RawValue>, ErrorObject>;

/// Why a callback has no result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The client is not connected, or its session has ended.
    #[error("the client is not connected")]
    Disconnected,
    /// Too many callbacks are open, or too much waits to be written.
    #[error("the client has too much to do")]
    Overloaded,
    /// The client did not answer in time.
    #[error("the client did not answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The client answered with an error.
    #[error("{}", .0.message.as_deref().unwrap_or("unknown error"))]
    Refused(ErrorObject),
    /// The client's result is not what the callback promises.
    #[error("the client's answer cannot be read: {0}")]
    BadAnswer(String),
}

impl Callbacks {
    /// Asks the client on `channel` and waits for the answer, until `deadline` at most. `params` are built with the id
    /// that the request gets. When the caller stops waiting, for whatever reason, the client is told.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call<C: Callback>(
        self: &Arc<Self>,
        channel: &Arc<WsChannel>,
        deadline: Instant,
        params: impl FnOnce(&str) -> C::Params + Send,
    ) -> Result<C::Result, CallError> {
        let (mut open, answer) = self.register(channel, C::SPEC.cancel)?;
        let id = open.request_id();
        let text = encode_request(&Id::string(&id), C::NAME, &params(&id));
        let text = text.map_err(|error| CallError::BadAnswer(error.to_string()))?;
        channel.send(Frame::Text(text.into())).map_err(|error| {
            open.cancel = None;
            match error {
                SendError::Closed => CallError::Disconnected,
                SendError::Full => CallError::Overloaded,
            }
        })?;
        let asked = Instant::now();
        match timeout_at(deadline, answer).await {
            Ok(Ok(Ok(result))) => {
                open.cancel = None;
                serde_json::from_str(result.get())
                    .map_err(|error| CallError::BadAnswer(error.to_string()))
            }
            Ok(Ok(Err(error))) => {
                open.cancel = None;
                Err(CallError::Refused(error))
            }
            Ok(Err(_)) => Err(CallError::Disconnected),
            Err(_) => {
                open.reason = "timeout";
                Err(CallError::TimedOut(asked.elapsed()))
            }
        }
    }

    /// Hands the client's answer to who waits for it; `false` when nobody does.
    pub fn answer(&self, id: &Id, outcome: Result<&RawValue, ErrorObject>) -> bool {
        let number = id
            .as_str()
            .and_then(|text| text.strip_prefix("cb-")?.parse::<u64>().ok());
        let waiter = number.and_then(|number| self.inner.lock().open.remove(&number));
        waiter.is_some_and(|waiter| waiter.send(outcome.map(ToOwned::to_owned)).is_ok())
    }

    /// How many are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.lock().open.len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fails all that are open and refuses new ones.
    pub fn end(&self) {
        let open = {
            let mut inner = self.inner.lock();
            inner.ended = true;
            std::mem::take(&mut inner.open)
        };
        drop(open);
    }

    fn register(
        self: &Arc<Self>,
        channel: &Arc<WsChannel>,
        cancel: Option<&'static str>,
    ) -> Result<(Open, oneshot::Receiver<Answer>), CallError> {
        let (sender, receiver) = oneshot::channel();
        let mut inner = self.inner.lock();
        if inner.ended {
            return Err(CallError::Disconnected);
        }
        if inner.open.len() >= MAX_OPEN {
            return Err(CallError::Overloaded);
        }
        inner.last += 1;
        let number = inner.last;
        inner.open.insert(number, sender);
        let open = Open {
            table: Arc::clone(self),
            channel: Arc::clone(channel),
            number,
            cancel,
            reason: "cancelled",
        };
        Ok((open, receiver))
    }
}

/// An entry of the table; it leaves with this.
struct Open {
    table: Arc<Callbacks>,
    channel: Arc<WsChannel>,
    number: u64,
    /// The notification that takes the request back, while it is unanswered.
    cancel: Option<&'static str>,
    reason: &'static str,
}

impl Open {
    fn request_id(&self) -> String {
        format!("cb-{}", self.number)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.table.inner.lock().open.remove(&self.number);
        let Some(cancel) = self.cancel else { return };
        let params = CancelParams {
            request_id: self.request_id(),
            reason: self.reason.to_owned(),
        };
        if let Ok(text) = encode_notification(cancel, &params) {
            // A client that is gone, or takes nothing, needs not be told.
            let _ = self.channel.send(Frame::Text(text.into()));
        }
    }
}
