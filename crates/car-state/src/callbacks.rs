//! The requests that the daemon has open with a client.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use car_protocol::jsonrpc::{ErrorObject, Id, encode_notification, encode_request};
use car_protocol::method::Callback;
use car_protocol::rpc::session::OpenCallback;
use car_protocol::rpc::tools::CancelParams;
use parking_lot::Mutex;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::channel::WsChannel;
use crate::frame::Frame;
use crate::outbox::SendError;
use crate::session::Link;

/// How many callbacks a session may have open.
pub const MAX_OPEN: usize = 1_024;

/// The open callbacks of one session. An entry is there before the request is sent and leaves with the answer, the
/// deadline and the caller's own end alike.
///
/// Those of a session that can be resumed outlive its connection: what could not be sent waits for the next one, and
/// what may run twice is sent again there.
#[derive(Debug, Default)]
pub struct Callbacks {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    /// By number, so that they are told in their order.
    open: BTreeMap<u64, Entry>,
    /// Whether they outlive their connection.
    lasting: bool,
    ended: bool,
}

/// A request that is open.
#[derive(Debug)]
struct Entry {
    answer: oneshot::Sender<Answer>,
    method: &'static str,
    deadline: Instant,
    /// How often it was sent.
    delivery: u32,
    /// Whether it may be sent again.
    repeats: bool,
    /// The request, where it may have to be sent later.
    text: Option<ByteString>,
}

/// Whether asking twice is the same as asking once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Repeats {
    /// It is.
    Yes,
    /// It may not be.
    No,
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
    /// Asks the client at the other end of `link` and waits for the answer, until `deadline` at most. `params` are built
    /// with the id that the request gets. When the caller stops waiting, for whatever reason, the client is told.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call<C: Callback>(
        self: &Arc<Self>,
        link: &Arc<Link>,
        deadline: Instant,
        repeats: Repeats,
        params: impl FnOnce(&str) -> C::Params + Send,
    ) -> Result<C::Result, CallError> {
        let (open, answer, lasting) = self.register::<C>(link, deadline, repeats)?;
        let id = open.request_id();
        let text = encode_request(&Id::string(&id), C::NAME, &params(&id));
        let text = text.map_err(|error| CallError::BadAnswer(error.to_string()))?;
        self.send(&open, lasting, text.into())?;
        let asked = Instant::now();
        let answered = timeout_at(deadline, answer).await;
        match answered {
            Ok(Ok(Ok(result))) => serde_json::from_str(result.get())
                .map_err(|error| CallError::BadAnswer(error.to_string())),
            Ok(Ok(Err(error))) => Err(CallError::Refused(error)),
            Ok(Err(_)) => Err(CallError::Disconnected),
            Err(_) => {
                open.take_back("timeout");
                Err(CallError::TimedOut(asked.elapsed()))
            }
        }
    }

    /// Sends a request for the first time, or leaves it for the next connection.
    fn send(&self, open: &Open, lasting: bool, text: ByteString) -> Result<(), CallError> {
        let channel = if lasting {
            match self.claim(open, &text) {
                Some(channel) => channel,
                None => return Ok(()),
            }
        } else {
            open.link.channel().ok_or(CallError::Disconnected)?
        };
        let sent = channel.send(Frame::Text(text));
        sent.or_else(|error| {
            self.unclaim(open.number);
            match error {
                SendError::Closed if lasting => Ok(()),
                SendError::Closed => Err(CallError::Disconnected),
                SendError::Full => Err(CallError::Overloaded),
            }
        })
    }

    /// The connection that a request which outlives connections is to be sent on now; none where it waits for one, or
    /// was sent by who resumed the session meanwhile.
    fn claim(&self, open: &Open, text: &ByteString) -> Option<Arc<WsChannel>> {
        // The text is there before the link is looked at: who puts a connection into it afterwards finds the request.
        if let Some(entry) = self.inner.lock().open.get_mut(&open.number) {
            entry.text = Some(text.clone());
        }
        let channel = open.link.channel()?;
        let mut inner = self.inner.lock();
        let entry = inner.open.get_mut(&open.number)?;
        let unsent = entry.delivery == 0;
        unsent.then(|| {
            entry.delivery = 1;
            channel
        })
    }

    /// Notes that a request was not sent after all.
    fn unclaim(&self, number: u64) {
        if let Some(entry) = self.inner.lock().open.get_mut(&number) {
            entry.delivery = 0;
        }
    }

    /// From now on they outlive their connection.
    pub(crate) fn last(&self) {
        self.inner.lock().lasting = true;
    }

    /// Sends on a new connection what was never sent, and what may be sent again. The answer tells of all that are open.
    pub(crate) fn deliver(&self) -> (Vec<OpenCallback>, Vec<ByteString>) {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        let mut frames = Vec::new();
        let told = inner.open.iter_mut().map(|(number, entry)| {
            let text = entry.text.as_ref();
            let text = text.filter(|_| entry.repeats || entry.delivery == 0);
            let left = entry.deadline.saturating_duration_since(now);
            let timeout_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            let frame = text.and_then(|text| again(text, entry.delivery + 1, timeout_ms));
            let delivered = frame.is_some();
            if let Some(frame) = frame {
                entry.delivery += 1;
                frames.push(frame);
            }
            OpenCallback {
                request_id: request_id(*number),
                method: entry.method.to_owned(),
                delivery: entry.delivery,
                delivered,
                timeout_ms,
            }
        });
        let told = told.collect();
        (told, frames)
    }

    /// Hands the client's answer to who waits for it; `false` when nobody does.
    pub fn answer(&self, id: &Id, outcome: Result<&RawValue, ErrorObject>) -> bool {
        let number = id
            .as_str()
            .and_then(|text| text.strip_prefix("cb-")?.parse::<u64>().ok());
        let waiter = number.and_then(|number| self.inner.lock().open.remove(&number));
        waiter.is_some_and(|entry| entry.answer.send(outcome.map(ToOwned::to_owned)).is_ok())
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

    fn register<C: Callback>(
        self: &Arc<Self>,
        link: &Arc<Link>,
        deadline: Instant,
        repeats: Repeats,
    ) -> Result<(Open, oneshot::Receiver<Answer>, bool), CallError> {
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
        let entry = Entry {
            answer: sender,
            method: C::NAME,
            deadline,
            // One that does not outlive its connection is sent now or never.
            delivery: u32::from(!inner.lasting),
            repeats: repeats == Repeats::Yes,
            text: None,
        };
        inner.open.insert(number, entry);
        let open = Open {
            table: Arc::clone(self),
            link: Arc::clone(link),
            number,
            cancel: C::SPEC.cancel,
        };
        Ok((open, receiver, inner.lasting))
    }
}

fn request_id(number: u64) -> String {
    format!("cb-{number}")
}

/// A request as it is sent for the so many-th time.
fn again(text: &str, delivery: u32, timeout_ms: u64) -> Option<ByteString> {
    let mut request: Map<String, Value> = serde_json::from_str(text).ok()?;
    let params = request.get_mut("params")?.as_object_mut()?;
    if delivery > 1 {
        params.insert("delivery".to_owned(), delivery.into());
    }
    if let Some(left) = params.get_mut("timeout_ms") {
        *left = timeout_ms.into();
    }
    Some(serde_json::to_string(&request).ok()?.into())
}

/// An entry of the table; it leaves with this.
struct Open {
    table: Arc<Callbacks>,
    link: Arc<Link>,
    number: u64,
    /// The notification that takes the request back, while it is unanswered.
    cancel: Option<&'static str>,
}

impl Open {
    fn request_id(&self) -> String {
        request_id(self.number)
    }

    /// Takes the request from the table, and back from the client if it has it and has not answered.
    fn take_back(&self, reason: &str) {
        let entry = self.table.inner.lock().open.remove(&self.number);
        let (Some(cancel), Some(_)) = (self.cancel, entry.filter(|entry| entry.delivery > 0))
        else {
            return;
        };
        let params = CancelParams {
            request_id: self.request_id(),
            reason: reason.to_owned(),
        };
        let channel = self.link.channel();
        if let (Some(channel), Ok(text)) = (channel, encode_notification(cancel, &params)) {
            // A client that is gone, or takes nothing, needs not be told.
            let _ = channel.send(Frame::Text(text.into()));
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.take_back("cancelled");
    }
}
