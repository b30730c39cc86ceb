//! What the daemon says, and where it goes. It outlives single connections.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use car_protocol::jsonrpc::{
    self, Id, Message, decode_message, decode_params, encode_error, encode_result,
};
use car_protocol::method::{Callback, ServerNotification};
use car_protocol::rpc::agents_chat::{
    CancelPrompt, CancelPromptParams, ChatEvent, Event as ChatEvents, Prompt, PromptParams,
};
use car_protocol::rpc::events::Cursor;
use car_protocol::rpc::tools::{Cancel, CancelParams, Execute};
use car_protocol::{RpcError, kind};
use car_transport::ByteString;
use futures_util::FutureExt;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use crate::answers::{Answers, Begun};
use crate::callbacks::Handlers;
use crate::chat::{ChatRouter, ChatTurn};
use crate::client::Notification;
use crate::outgoing::{Outgoing, Voice};
use crate::past::Past;
use crate::pending::Pending;
use crate::subscription::SubscriptionRouter;

/// How many requests of the daemon run at the same time.
const MAX_CALLBACKS: usize = 256;

pub(crate) struct Reader {
    pub(crate) pending: Arc<Pending>,
    pub(crate) handlers: Handlers,
    pub(crate) outgoing: mpsc::WeakSender<Outgoing>,
    pub(crate) voice: Voice,
    pub(crate) notify: mpsc::Sender<Notification>,
    pub(crate) missed: Arc<AtomicU64>,
    pub(crate) chats: Arc<ChatRouter>,
    pub(crate) subscriptions: Arc<SubscriptionRouter>,
    /// What runs. It ends with the client.
    pub(crate) running: JoinSet<()>,
    /// What runs, by the id that a cancelling notification names.
    pub(crate) requests: HashMap<String, AbortHandle>,
    /// Where the connection is made again when it is lost.
    pub(crate) past: Option<Box<Past>>,
}

impl Reader {
    /// Something that ran has ended.
    pub(crate) fn reap(&mut self) {
        self.requests.retain(|_, task| !task.is_finished());
    }

    pub(crate) fn text(&mut self, text: &str) {
        match decode_message(text) {
            Ok(Message::Response(response)) => self.response(response),
            Ok(Message::Request(request)) => self.request(request),
            Ok(Message::Notification(note)) => self.notification(&note),
            Ok(Message::Invalid(invalid)) => {
                tracing::warn!(error = %invalid.error, "the daemon breaks the protocol")
            }
            Err(error) => tracing::warn!(%error, "the daemon breaks the protocol"),
        }
    }

    fn response(&mut self, response: jsonrpc::Response<'_>) {
        let result = response.outcome.as_ref().ok().copied();
        let asked = self.pending.answer(response);
        if let (Some(past), Some(asked), Some(result)) = (&mut self.past, asked, result) {
            past.learn(&asked, result);
        }
    }

    /// Whether a request has to run. Of one that came before the answer is given again.
    fn is_new(&mut self, id: &Id) -> bool {
        let Some((past, name)) = self.past.as_ref().zip(id.as_str()) else {
            return true;
        };
        let text = match past.answers.begin(&name) {
            Begun::New => return true,
            Begun::Running => return false,
            Begun::Answered(text) => text,
            Begun::NotKept => not_kept(id),
        };
        self.send_answer(text);
        false
    }

    /// Sends an answer beside everything else.
    pub(crate) fn send_answer(&mut self, text: ByteString) {
        let reply = self.reply();
        self.running.spawn(async move { reply.send(text).await });
    }

    fn reply(&self) -> Reply {
        let answers = self.past.as_ref().map(|past| Arc::clone(&past.answers));
        Reply {
            life: answers.as_ref().map_or(0, |answers| answers.life()),
            outgoing: self.outgoing.clone(),
            answers,
        }
    }

    fn request(&mut self, request: jsonrpc::Request<'_>) {
        if !self.is_new(&request.id) {
            return;
        }
        if request.method == Prompt::NAME && self.handlers.chat.is_some() {
            return self.prompt(request);
        }
        let answer = if self.running.len() < MAX_CALLBACKS {
            self.handlers.serve(&request.method, request.params)
        } else {
            Err(RpcError::overloaded(
                "too many callbacks run in this client",
                MAX_CALLBACKS as u64,
            ))
        };
        let id = request.id;
        let reply = self.reply();
        let name = (request.method == Execute::NAME)
            .then(|| id.as_str().map(|id| id.into_owned()))
            .flatten();
        let task = self.running.spawn(async move {
            let text = match answer {
                // A handler that panics owes its answer all the same.
                Ok(answer) => match AssertUnwindSafe(answer).catch_unwind().await {
                    Ok(Ok(result)) => encode_result(&id, &result)
                        .unwrap_or_else(|_| encode_error(&id, &RpcError::internal())),
                    Ok(Err(error)) => encode_error(&id, &error),
                    Err(_) => encode_error(&id, &RpcError::internal()),
                },
                Err(error) => encode_error(&id, &error),
            };
            reply.to(&id, text).await;
        });
        if let Some(name) = name {
            self.requests.insert(name, task);
        }
    }

    /// Takes a prompt and answers it beside everything else.
    fn prompt(&mut self, request: jsonrpc::Request<'_>) {
        let reply = self.reply();
        let refusal = match decode_params::<PromptParams>(request.params) {
            Err(error) => error,
            Ok(_) if self.running.len() >= MAX_CALLBACKS => RpcError::overloaded(
                "too many callbacks run in this client",
                MAX_CALLBACKS as u64,
            ),
            Ok(prompt) => {
                let Some(run) = self.handlers.chat.clone() else {
                    return;
                };
                let name = turn_name(&prompt.session_id, &prompt.turn_id);
                let taken = encode_result(&request.id, &json!({ "accepted": true }));
                let taken =
                    taken.unwrap_or_else(|_| encode_error(&request.id, &RpcError::internal()));
                let (id, voice) = (request.id, self.voice.clone());
                let task = self.running.spawn(async move {
                    reply.to(&id, taken).await;
                    ChatTurn::new(prompt, voice).run(run).await;
                });
                self.requests.insert(name, task);
                return;
            }
        };
        let (id, text) = (request.id.clone(), encode_error(&request.id, &refusal));
        self.running.spawn(async move { reply.to(&id, text).await });
    }

    /// Ends a tool call that nobody waits for.
    pub(crate) fn abort(&mut self, request_id: &str) {
        if let Some(task) = self.requests.remove(request_id) {
            task.abort();
        }
        if let Some(past) = &self.past {
            past.answers.forget(request_id);
        }
    }

    fn notification(&mut self, note: &jsonrpc::Notification<'_>) {
        if let Some(past) = &mut self.past {
            past.heard(note);
        }
        if note.method == Cancel::NAME
            && let Ok(params) = decode_params::<CancelParams>(note.params)
        {
            self.abort(&params.request_id);
        }
        if note.method == CancelPrompt::NAME
            && let Ok(params) = decode_params::<CancelPromptParams>(note.params)
            && let Some(task) = self
                .requests
                .remove(&turn_name(&params.session_id, &params.turn_id))
        {
            task.abort();
        }
        let told = self.subscriptions.take(note);
        if note.method == ChatEvents::NAME
            && let Ok(event) = decode_params::<ChatEvent>(note.params)
            && self.chats.take(event).is_none()
        {
            return;
        }
        if told {
            return;
        }
        let notification = Notification {
            method: note.method.clone().into_owned(),
            params: note.params.map(ToOwned::to_owned),
        };
        if self.notify.try_send(notification).is_err() {
            self.missed.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// A stream is fed from here on. What was read of it meanwhile counts.
    pub(crate) fn begins(&mut self, stream: &str, from: Option<Cursor>) {
        if let (Some(past), Some(from)) = (&mut self.past, from) {
            let seen = past.seen.get(stream);
            if seen.is_none_or(|seen| seen.epoch != from.epoch || seen.seq < from.seq) {
                past.see(stream, from);
            }
        }
    }

    /// Another daemon, or another session, is at the other end: what ran for the one of before ends.
    pub(crate) fn begin_anew(&mut self) {
        self.running.abort_all();
        self.requests.clear();
        if let Some(past) = &self.past {
            past.answers.begin_anew();
        }
    }
}

/// What a turn is known by among the requests that run.
fn turn_name(chat: &str, turn: &str) -> String {
    format!("chat {chat} {turn}")
}

/// The answer to a request that ran, where what it answered is not kept.
pub(crate) fn not_kept(id: &Id) -> ByteString {
    let message = "it was done, and its result is not kept";
    encode_error(id, &RpcError::domain("result_not_kept", message)).into()
}

/// The answer to a request that never came here.
pub(crate) fn never_heard(id: &Id) -> ByteString {
    let message = "it did not arrive, and nothing was done";
    encode_error(id, &RpcError::domain(kind::NOT_SEEN, message)).into()
}

/// How a request of the daemon is answered.
struct Reply {
    outgoing: mpsc::WeakSender<Outgoing>,
    answers: Option<Arc<Answers>>,
    /// The daemon that asked.
    life: u32,
}

impl Reply {
    async fn to(&self, id: &Id, text: String) {
        let text = ByteString::from(text);
        if let Some((answers, name)) = self.answers.as_ref().zip(id.as_str())
            && !answers.answered(self.life, &name, &text)
        {
            return;
        }
        self.send(text).await;
    }

    async fn send(&self, text: ByteString) {
        let Some(outgoing) = self.outgoing.upgrade() else {
            return;
        };
        // A connection that is over needs no answer.
        let _ = outgoing.send(Outgoing::answer(self.life, text)).await;
    }
}
