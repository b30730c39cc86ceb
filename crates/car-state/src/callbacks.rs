//! The requests that the daemon has open with a client.

mod handover;
mod open;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use car_protocol::jsonrpc::{ErrorObject, Id, encode_request};
use car_protocol::kind;
use car_protocol::method::Callback;
use car_protocol::rpc::session::OpenCallback;
use parking_lot::Mutex;
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use self::handover::again;
pub use self::open::Asked;
use self::open::Open;
use crate::channel::WsChannel;
use crate::engine::IdleClock;
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
    /// Those that were given up unanswered, newest last: the number, and what it was of.
    given_up: VecDeque<(u64, u64)>,
    /// Those that another session was asked instead.
    moved: HashMap<u64, handover::Moved>,
    /// Whether they outlive their connection.
    lasting: bool,
    ended: bool,
}

/// A request that is open.
#[derive(Debug)]
struct Entry {
    answer: oneshot::Sender<Answer>,
    /// The fence of the tool call that it is, or 0.
    fence: u64,
    method: &'static str,
    deadline: Instant,
    /// How often it was sent.
    delivery: u32,
    /// Whether it may be sent again.
    repeats: bool,
    /// The request, where it may have to be sent later; what takes it back, once it is recalled.
    text: Option<ByteString>,
    /// Whether its answer is of no use any more.
    recalled: bool,
    /// Whether a client that came back was asked about it, and may say that it never arrived.
    doubtful: bool,
}

/// Whether asking twice is the same as asking once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Repeats {
    /// It is.
    Yes,
    /// It may not be.
    No,
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
    /// The request never arrived, and is to be sent again like this.
    NotSeen(ByteString),
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
    /// Whether it may be sent again.
    pub repeats: Repeats,
}

/// Why a callback has no result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The client is not connected, or its session has ended.
    #[error("the client is not connected")]
    Disconnected,
    /// The call was recalled before the client was asked.
    #[error("the call was taken back before the client was asked")]
    Recalled,
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
        let lease = Lease {
            fence: 0,
            deadline,
            recalled: std::future::pending(),
            idle: None,
            repeats,
        };
        let asked = Instant::now();
        let request = |id: &str| encode_request(&Id::string(id), C::NAME, &params(id));
        let answer = self.ask::<C>(link, &lease, request)?;
        let answered = timeout_at(deadline, answer.result::<C>(lease.recalled)).await;
        answered.unwrap_or_else(|_| Err(CallError::TimedOut(asked.elapsed())))
    }

    /// Asks the client at once, and gives back what waits for the answer. `encode` makes the request with the id that it
    /// gets.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn ask<C: Callback>(
        self: &Arc<Self>,
        link: &Arc<Link>,
        lease: &Lease<impl Sized>,
        encode: impl FnOnce(&str) -> serde_json::Result<String>,
    ) -> Result<Asked, CallError> {
        let (asked, lasting) = self.register::<C>(link, lease)?;
        let text = encode(&asked.open.request_id());
        let text = text.map_err(|error| CallError::BadAnswer(error.to_string()))?;
        self.send(&asked.open, lasting, text.into())?;
        Ok(asked)
    }

    /// Sends a request for the first time, or leaves it for the next connection.
    fn send(&self, open: &Open, lasting: bool, text: ByteString) -> Result<(), CallError> {
        if !lasting {
            let channel = open.link.channel();
            let sent = channel.map_or(Err(SendError::Closed), |channel| {
                channel.send(Frame::Text(text))
            });
            return sent.map_err(|error| {
                self.unclaim(open.number);
                match error {
                    SendError::Closed => CallError::Disconnected,
                    SendError::Full => CallError::Overloaded,
                }
            });
        }
        let mut closed = None;
        while let Some(channel) = self.claim(open, &text, closed.as_ref()) {
            match channel.send(Frame::Text(text.clone())) {
                Ok(()) => break,
                Err(SendError::Full) => {
                    self.unclaim(open.number);
                    return Err(CallError::Overloaded);
                }
                // Who resumed the session in this moment took it for sent: it is tried there.
                Err(SendError::Closed) => self.unclaim(open.number),
            }
            closed = Some(channel);
        }
        Ok(())
    }

    /// The connection that a request which outlives connections is to be sent on now, if it is not the one that is known
    /// to be `closed`; none where it waits for one, or was sent by who resumed the session meanwhile.
    fn claim(
        &self,
        open: &Open,
        text: &ByteString,
        closed: Option<&Arc<WsChannel>>,
    ) -> Option<Arc<WsChannel>> {
        // The text is there before the link is looked at: who puts a connection into it afterwards finds the request.
        if let Some(entry) = self.inner.lock().open.get_mut(&open.number) {
            entry.text = Some(text.clone());
        }
        let is_new = |channel: &Arc<_>| closed.is_none_or(|closed| !Arc::ptr_eq(channel, closed));
        let channel = open.link.channel().filter(is_new)?;
        let mut inner = self.inner.lock();
        let entry = inner.open.get_mut(&open.number)?;
        let unsent = entry.delivery == 0;
        unsent.then(|| {
            entry.delivery = 1;
            channel
        })
    }

    /// Notes that a request was not sent after all, unless who resumed the session sent it meanwhile.
    fn unclaim(&self, number: u64) {
        let mut inner = self.inner.lock();
        let entry = inner.open.get_mut(&number);
        if let Some(entry) = entry.filter(|entry| entry.delivery == 1) {
            entry.delivery = 0;
        }
    }

    /// From now on they outlive their connection.
    pub(crate) fn last(&self) {
        self.inner.lock().lasting = true;
    }

    /// Sends on a new connection what was never sent, what may be sent again, and what takes back the others that are
    /// recalled: nobody knows whether it arrived before. The answer tells of all that are open.
    pub(crate) fn deliver(&self) -> (Vec<OpenCallback>, Vec<ByteString>) {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        let mut frames = Vec::new();
        let told = inner.open.iter_mut().map(|(number, entry)| {
            let recall = entry.text.clone().filter(|_| entry.recalled);
            frames.extend(recall);
            let text = entry.text.as_ref().filter(|_| !entry.recalled);
            let text = text.filter(|_| entry.repeats || entry.delivery == 0);
            let left = entry.deadline.saturating_duration_since(now);
            let timeout_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            let frame = text.and_then(|text| again(text, entry.delivery + 1, timeout_ms));
            let delivered = frame.is_some();
            entry.doubtful = !delivered && !entry.recalled;
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

    /// Hands the client's answer to who waits for it.
    pub fn answer(&self, id: &Id, outcome: Result<&RawValue, ErrorObject>) -> Answered {
        let Some(number) = number(id.as_str().as_deref()) else {
            return Answered::Unknown;
        };
        let waiter = {
            let mut inner = self.inner.lock();
            let not_seen = outcome.as_ref().is_err_and(says_not_seen);
            if not_seen && let Some(frame) = inner.again(number) {
                return Answered::NotSeen(frame);
            }
            match inner.open.remove(&number) {
                Some(entry) => Ok((entry.answer, entry.fence)),
                None => Err(inner.take_given_up(number)),
            }
        };
        let answer = outcome.map(ToOwned::to_owned);
        match waiter {
            Ok((waiter, fence)) => match waiter.send(answer) {
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
        let entry = inner.open.get(&number(Some(request_id))?)?;
        (entry.fence > 0).then_some(entry.fence)
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
        lease: &Lease<impl Sized>,
    ) -> Result<(Asked, bool), CallError> {
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
            fence: lease.fence,
            method: C::NAME,
            deadline: lease.deadline,
            // One that does not outlive its connection is sent now or never.
            delivery: u32::from(!inner.lasting),
            repeats: lease.repeats == Repeats::Yes,
            text: None,
            recalled: false,
            doubtful: false,
        };
        inner.open.insert(number, entry);
        let open = Open {
            table: Arc::clone(self),
            link: Arc::clone(link),
            number,
            is_open: true,
            cancel: C::SPEC.cancel,
            deadline: lease.deadline,
            idle: lease.idle.clone(),
        };
        let asked = Asked {
            open,
            answer: receiver,
        };
        Ok((asked, inner.lasting))
    }
}

impl Inner {
    /// The request once more, where a client that came back may say that it never arrived: once each time that it comes
    /// back.
    fn again(&mut self, number: u64) -> Option<ByteString> {
        let entry = self.open.get_mut(&number)?;
        if !std::mem::take(&mut entry.doubtful) || entry.recalled {
            return None;
        }
        let left = entry.deadline.saturating_duration_since(Instant::now());
        let timeout_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        let frame = again(entry.text.as_ref()?, entry.delivery + 1, timeout_ms)?;
        entry.delivery += 1;
        Some(frame)
    }

    fn take_given_up(&mut self, number: u64) -> Option<u64> {
        let place = self
            .given_up
            .iter()
            .rposition(|(given_up, _)| *given_up == number)?;
        self.given_up.remove(place).map(|(_, fence)| fence)
    }
}

/// Whether a client says that a request never came there, and that nothing was done.
fn says_not_seen(error: &ErrorObject) -> bool {
    let kind = error.data.as_ref().and_then(|data| data.get("kind"));
    kind.and_then(Value::as_str) == Some(kind::NOT_SEEN)
}

/// The number in the id of a request of ours.
fn number(id: Option<&str>) -> Option<u64> {
    id?.strip_prefix("cb-")?.parse().ok()
}

fn request_id(number: u64) -> String {
    format!("cb-{number}")
}
