//! The requests that the daemon has open with a client.

use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::pin::pin;
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
use crate::engine::IdleClock;
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
    open: HashMap<u64, Waiter>,
    /// Those that were given up unanswered, newest last: the number, and what it was of.
    given_up: VecDeque<(u64, u64)>,
    ended: bool,
}

/// Who waits for an answer.
#[derive(Debug)]
struct Waiter {
    answer: oneshot::Sender<Answer>,
    /// The fence of the tool call that it is, or 0.
    fence: u64,
}

/// What a client answered.
pub type Answer = Result<Box<RawValue>, ErrorObject>;

/// What became of an answer.
#[derive(Debug)]
pub enum Answered {
    /// Whoever waited has it.
    Taken,
    /// Nobody waits for it any more. It is of the tool call with this fence.
    Late(u64, Answer),
    /// Nobody asked, or it is answered already.
    Unknown,
}

/// A tool call, as far as its callback is concerned.
#[derive(Debug)]
pub struct Lease<R> {
    /// Its number, which a late answer is told by; 0 where nobody wants to know.
    pub fence: u64,
    /// Until when its answer counts.
    pub deadline: Instant,
    /// Ready when it is to be told that its result is of no use any more.
    pub recalled: R,
    /// There where it may not be silent for long.
    pub idle: Option<Arc<IdleClock>>,
}

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
        let lease = Lease {
            fence: 0,
            deadline,
            recalled: std::future::pending(),
            idle: None,
        };
        self.call_tool::<C>(channel, lease, params).await
    }

    /// The same on behalf of a tool call. When it is recalled the client is told, and its answer is waited for still.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call_tool<C: Callback>(
        self: &Arc<Self>,
        channel: &Arc<WsChannel>,
        lease: Lease<impl Future<Output = ()> + Send>,
        params: impl FnOnce(&str) -> C::Params + Send,
    ) -> Result<C::Result, CallError> {
        let (mut open, answer) = self.register(channel, C::SPEC.cancel, &lease)?;
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
        let mut answer = pin!(timeout_at(lease.deadline, answer));
        let answered = tokio::select! {
            biased;
            answered = &mut answer => answered,
            () = lease.recalled => {
                open.take_back();
                answer.await
            }
        };
        match answered {
            Ok(Ok(answer)) => {
                open.cancel = None;
                let result = answer.map_err(CallError::Refused)?;
                serde_json::from_str(result.get())
                    .map_err(|error| CallError::BadAnswer(error.to_string()))
            }
            Ok(Err(_)) => Err(CallError::Disconnected),
            Err(_) => {
                open.reason = "timeout";
                Err(CallError::TimedOut(asked.elapsed()))
            }
        }
    }

    /// Hands the client's answer to who waits for it.
    pub fn answer(&self, id: &Id, outcome: Result<&RawValue, ErrorObject>) -> Answered {
        let Some(number) = number(id.as_str().as_deref()) else {
            return Answered::Unknown;
        };
        let waiter = {
            let mut inner = self.inner.lock();
            match inner.open.remove(&number) {
                Some(waiter) => Ok(waiter),
                None => Err(inner.take_given_up(number)),
            }
        };
        let answer = outcome.map(ToOwned::to_owned);
        match waiter {
            Ok(Waiter {
                answer: waiter,
                fence,
            }) => match waiter.send(answer) {
                Ok(()) => Answered::Taken,
                Err(answer) => Answered::Late(fence, answer),
            },
            Err(Some(fence)) => Answered::Late(fence, answer),
            Err(None) => Answered::Unknown,
        }
    }

    /// The fence of the tool call that is open under this id.
    #[must_use]
    pub fn fence(&self, request_id: &str) -> Option<u64> {
        let inner = self.inner.lock();
        let waiter = inner.open.get(&number(Some(request_id))?)?;
        (waiter.fence > 0).then_some(waiter.fence)
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
        lease: &Lease<impl Future<Output = ()>>,
    ) -> Result<(Open, oneshot::Receiver<Answer>), CallError> {
        let (answer, receiver) = oneshot::channel();
        let mut inner = self.inner.lock();
        if inner.ended {
            return Err(CallError::Disconnected);
        }
        if inner.open.len() >= MAX_OPEN {
            return Err(CallError::Overloaded);
        }
        inner.last += 1;
        let number = inner.last;
        let fence = lease.fence;
        inner.open.insert(number, Waiter { answer, fence });
        let open = Open {
            table: Arc::clone(self),
            channel: Arc::clone(channel),
            number,
            cancel,
            reason: "cancelled",
            idle: lease.idle.clone(),
        };
        Ok((open, receiver))
    }
}

impl Inner {
    fn take_given_up(&mut self, number: u64) -> Option<u64> {
        let place = self
            .given_up
            .iter()
            .rposition(|(given_up, _)| *given_up == number)?;
        self.given_up.remove(place).map(|(_, fence)| fence)
    }
}

/// The number in the id of a request of ours.
fn number(id: Option<&str>) -> Option<u64> {
    id?.strip_prefix("cb-")?.parse().ok()
}

/// An entry of the table; it leaves with this.
struct Open {
    table: Arc<Callbacks>,
    channel: Arc<WsChannel>,
    number: u64,
    /// The notification that takes the request back, while it is unanswered.
    cancel: Option<&'static str>,
    reason: &'static str,
    idle: Option<Arc<IdleClock>>,
}

impl Open {
    fn request_id(&self) -> String {
        format!("cb-{}", self.number)
    }

    /// Tells the client that nobody wants the answer, once.
    fn take_back(&mut self) {
        let Some(cancel) = self.cancel.take() else {
            return;
        };
        let idle = self.idle.as_ref().is_some_and(|idle| idle.is_over());
        let params = CancelParams {
            request_id: self.request_id(),
            reason: if idle { "idle" } else { self.reason }.to_owned(),
        };
        if let Ok(text) = encode_notification(cancel, &params) {
            // A client that is gone, or takes nothing, needs not be told.
            let _ = self.channel.send(Frame::Text(text.into()));
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        {
            let mut inner = self.table.inner.lock();
            if let Some(waiter) = inner.open.remove(&self.number)
                && waiter.fence > 0
            {
                if inner.given_up.len() >= MAX_OPEN {
                    inner.given_up.pop_front();
                }
                inner.given_up.push_back((self.number, waiter.fence));
            }
        }
        self.take_back();
    }
}
