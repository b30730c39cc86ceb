//! The debt of one request: exactly one reply.

use std::mem;
use std::sync::Arc;

use bytestring::ByteString;
use car_protocol::jsonrpc::{Id, encode_error, encode_result};
use car_protocol::{RpcError, kind};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::value::to_raw_value;
use tokio::sync::oneshot;

use crate::channel::{Overloaded, Slot, WsChannel};
use crate::outcomes::{Reply, secret};
use crate::session::Replies;
use crate::traffic::{MethodIndex, Traffic};

/// Answers one request. Dropping it unanswered answers with an internal error, or with `session_ended` where that is why,
/// so that a handler that panics, is aborted or forgets leaves nobody waiting.
#[derive(Debug)]
pub struct Responder {
    id: Id,
    method: MethodIndex,
    target: Target,
    /// Where the answer is kept, if the session can be resumed.
    kept: Option<Arc<Replies>>,
}

#[derive(Debug)]
enum Target {
    /// A request: the reply goes out in the slot it holds.
    Caller(Slot),
    /// A notification: it is counted, and nobody is answered.
    Nobody(Option<Slot>),
    /// A member of a batch.
    Batch(Arc<Batch>, Option<Slot>),
    /// Whoever wants to know the answer before it is sent, and the connection that the request came on.
    Captor(oneshot::Sender<Reply>, Option<Arc<WsChannel>>),
    Answered,
}

/// The answer that a [`Responder`] was given instead of sending it.
#[derive(Debug)]
pub struct Captured(oneshot::Receiver<Reply>);

impl Captured {
    /// The answer, as soon as there is one: a handler may leave it to a call that it begins.
    pub async fn answer(self) -> Reply {
        self.0.await.unwrap_or_else(|_| Err(RpcError::internal()))
    }
}

impl Responder {
    /// For a request.
    #[must_use]
    pub fn request(id: Id, slot: Slot) -> Self {
        let kept = slot.channel().replies();
        Self::new(id, Target::Caller(slot), kept)
    }

    fn new(id: Id, target: Target, kept: Option<Arc<Replies>>) -> Self {
        if let Some(replies) = &kept {
            replies.begun(&id);
        }
        Self {
            id,
            method: MethodIndex::UNKNOWN,
            target,
            kept,
        }
    }

    /// For a notification.
    #[must_use]
    pub fn notification(slot: Option<Slot>) -> Self {
        Self::new(Id::NULL, Target::Nobody(slot), None)
    }

    /// For a request in a batch; without a slot where the request is to be refused.
    #[must_use]
    pub fn batched(id: Id, batch: &Arc<Batch>, slot: Option<Slot>) -> Self {
        batch.expect_one();
        let kept = match &slot {
            Some(_) => batch.channel().replies(),
            None => batch.channel().keeps_refusals(),
        };
        Self::new(id, Target::Batch(Arc::clone(batch), slot), kept)
    }

    /// Another one for the same request, whose answer this one sends: it is put where [`Captured::answer`] finds it.
    #[must_use]
    pub fn captured(&self) -> (Self, Captured) {
        let (tell, told) = oneshot::channel();
        let channel = self.channel().map(Arc::clone);
        let responder = Self {
            id: self.id.clone(),
            method: MethodIndex::UNKNOWN,
            target: Target::Captor(tell, channel),
            kept: None,
        };
        (responder, Captured(told))
    }

    /// The same for a request that names this method.
    #[must_use]
    pub fn of(mut self, method: MethodIndex) -> Self {
        self.method = method;
        self
    }

    /// Says that the answer holds a secret: it is sent once, and kept nowhere.
    pub fn keep_nothing(&mut self) {
        if let Some(replies) = self.kept.take() {
            replies.answered(&self.id, None, None);
        }
    }

    /// Whether the answer goes out together with others.
    #[must_use]
    pub fn is_batched(&self) -> bool {
        matches!(self.target, Target::Batch(..))
    }

    /// The connection that the request came on; none for a notification.
    #[must_use]
    pub fn channel(&self) -> Option<&Arc<WsChannel>> {
        match &self.target {
            Target::Caller(slot) => Some(slot.channel()),
            Target::Batch(batch, _) => Some(&batch.channel),
            Target::Captor(_, channel) => channel.as_ref(),
            Target::Nobody(_) | Target::Answered => None,
        }
    }

    /// The id of the request; `null` for a notification.
    #[must_use]
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// Counts the bytes of a request that stays under way.
    ///
    /// # Errors
    /// [`Overloaded`] with the limit in bytes.
    pub fn hold(&mut self, bytes: usize) -> Result<(), Overloaded> {
        match &mut self.target {
            Target::Caller(slot) | Target::Nobody(Some(slot)) | Target::Batch(_, Some(slot)) => {
                slot.hold(bytes)
            }
            Target::Nobody(None)
            | Target::Batch(_, None)
            | Target::Captor(..)
            | Target::Answered => Ok(()),
        }
    }

    /// Notes that the answer comes later than the next request is read.
    pub fn stays(&mut self) {
        if let Target::Caller(slot) = &mut self.target {
            slot.count();
        }
    }

    /// Answers with a result.
    pub fn ok<R: Serialize + ?Sized>(mut self, result: &R) {
        if let Target::Nobody(_) = self.target {
            self.note_answer();
            self.target = Target::Answered;
            return;
        }
        if let Target::Captor(..) = self.target {
            return self.capture(result);
        }
        match encode_result(&self.id, result) {
            Ok(text) => {
                self.note_answer();
                self.answer(text);
            }
            Err(error) => {
                tracing::error!(%error, id = %self.id, "a result cannot be serialised");
                self.answer_error(&RpcError::internal());
            }
        }
    }

    /// Answers with an error.
    pub fn error(mut self, error: &RpcError) {
        self.answer_error(error);
    }

    /// Answers with what another responder was given.
    pub fn reply(mut self, reply: &Reply) {
        match reply {
            Ok(result) => {
                if self.kept.is_some() && secret::is_in(result) {
                    self.keep_nothing();
                }
                self.ok(&**result);
            }
            Err(error) => self.error(error),
        }
    }

    fn capture<R: Serialize + ?Sized>(&mut self, result: &R) {
        let captor = mem::replace(&mut self.target, Target::Answered);
        if let Target::Captor(captor, _) = captor {
            let result = to_raw_value(result).map_err(|error| {
                tracing::error!(%error, id = %self.id, "a result cannot be serialised");
                RpcError::internal()
            });
            let _ = captor.send(result);
        }
    }

    fn note_answer(&self) {
        if let Some(traffic) = self.traffic() {
            traffic.answered(self.method);
        }
    }

    fn traffic(&self) -> Option<&Traffic> {
        match &self.target {
            Target::Caller(slot) | Target::Nobody(Some(slot)) => Some(slot.channel().traffic()),
            Target::Batch(batch, _) => Some(batch.channel().traffic()),
            Target::Nobody(None) | Target::Captor(..) | Target::Answered => None,
        }
    }

    fn answer_error(&mut self, error: &RpcError) {
        if let Some(traffic) = self.traffic() {
            traffic.refused(self.method, error);
        }
        if let Target::Captor(..) = self.target {
            if let Target::Captor(captor, _) = mem::replace(&mut self.target, Target::Answered) {
                let _ = captor.send(Err(error.clone()));
            }
            return;
        }
        let text = encode_error(&self.id, error);
        self.answer(text);
    }

    fn answer(&mut self, text: String) {
        let text = ByteString::from(text);
        let kept = self.kept.take();
        if let Some(replies) = &kept {
            let on = match &self.target {
                Target::Caller(slot) => Some(slot.channel()),
                _ => None,
            };
            replies.answered(&self.id, Some(text.clone()), on);
        }
        match (mem::replace(&mut self.target, Target::Answered), kept) {
            (Target::Caller(slot), Some(replies)) => slot.reply_kept(&replies, text),
            (Target::Caller(slot), None) => slot.reply(text),
            (Target::Batch(batch, slot), _) => batch.answer(&text, slot),
            (Target::Nobody(_) | Target::Captor(..) | Target::Answered, _) => {}
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let abandoned = match &self.target {
            Target::Caller(slot) => slot.channel().is_abandoned(),
            Target::Batch(batch, _) => batch.channel().is_abandoned(),
            // Nobody is answered, but it is counted.
            Target::Nobody(Some(slot)) => slot.channel().is_abandoned(),
            Target::Captor(..) => false,
            Target::Nobody(None) | Target::Answered => return,
        };
        self.answer_error(&if abandoned {
            let message = "the session ended before the answer";
            RpcError::domain(kind::SESSION_ENDED, message).retryable()
        } else {
            RpcError::internal()
        });
    }
}

/// The answers of one batch, which go out as one array when the last of them is there.
#[derive(Debug)]
pub struct Batch {
    joined: Mutex<Joined>,
    channel: Arc<WsChannel>,
}

#[derive(Debug)]
struct Joined {
    text: String,
    slots: Vec<Slot>,
    /// Members whose answer is missing, and the one who is still adding members.
    missing: usize,
}

impl Batch {
    /// A batch that came on `channel`. It stays open until [`seal`](Self::seal).
    #[must_use]
    pub fn open(channel: &Arc<WsChannel>) -> Arc<Self> {
        let joined = Joined {
            text: String::new(),
            slots: Vec::new(),
            missing: 1,
        };
        Arc::new(Self {
            joined: Mutex::new(joined),
            channel: Arc::clone(channel),
        })
    }

    fn channel(&self) -> &WsChannel {
        &self.channel
    }

    /// Bytes of the answers that are there. They wait for the others, so they are in no queue that bounds them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.joined.lock().text.len()
    }

    /// No more members come.
    pub fn seal(&self) {
        self.settle(None, None);
    }

    fn expect_one(&self) {
        self.joined.lock().missing += 1;
    }

    fn answer(&self, text: &str, slot: Option<Slot>) {
        self.settle(Some(text), slot);
    }

    fn settle(&self, text: Option<&str>, slot: Option<Slot>) {
        let (text, slots) = {
            let mut joined = self.joined.lock();
            if let Some(text) = text {
                let separator = if joined.text.is_empty() { '[' } else { ',' };
                joined.text.push(separator);
                joined.text.push_str(text);
            }
            joined.slots.extend(slot);
            joined.missing -= 1;
            if joined.missing > 0 || joined.text.is_empty() {
                return;
            }
            joined.text.push(']');
            (mem::take(&mut joined.text), mem::take(&mut joined.slots))
        };
        if slots.is_empty() {
            // No member holds a slot.
            self.channel.refuse(text)
        } else {
            Slot::reply_all(slots, text)
        }
    }
}
