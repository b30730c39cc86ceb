//! The task of one connection: it reads, writes, and runs what the daemon asks.

use std::collections::HashMap;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use car_protocol::RpcError;
use car_protocol::jsonrpc::{
    self, Message, decode_message, decode_params, encode_error, encode_result,
};
use car_protocol::method::{Callback, ServerNotification};
use car_protocol::rpc::agents_chat::{
    CancelPrompt, CancelPromptParams, ChatEvent, Event as ChatEvents, Prompt, PromptParams,
};
use car_protocol::rpc::tools::{Cancel, CancelParams, Execute};
use car_transport::source::{BoxSource, drain, next};
use car_transport::{BoxSink, CloseReason, Duplex, Frame, SinkError, close};
use futures_util::FutureExt;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::callbacks::Handlers;
use crate::chat::{ChatRouter, ChatTurn};
use crate::client::Notification;
use crate::pending::Pending;
use crate::subscription::SubscriptionRouter;

/// How many requests of the daemon run at the same time.
const MAX_CALLBACKS: usize = 256;
/// How long one batch of frames may take to be written.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// How long the peer may take to close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

pub(crate) struct Link {
    pub(crate) pending: Arc<Pending>,
    pub(crate) handlers: Handlers,
    pub(crate) outgoing: mpsc::WeakSender<Frame>,
    pub(crate) notify: mpsc::Sender<Notification>,
    pub(crate) missed: Arc<AtomicU64>,
    pub(crate) chats: Arc<ChatRouter>,
    pub(crate) subscriptions: Arc<SubscriptionRouter>,
    pub(crate) over: CancellationToken,
}

/// Serves a connection until it is over.
pub(crate) async fn run(link: Link, duplex: Duplex, mut to_write: mpsc::Receiver<Frame>) {
    let Duplex {
        mut sink,
        mut source,
        ..
    } = duplex;
    let pending = Arc::clone(&link.pending);
    let over = link.over.clone();
    let chats = Arc::clone(&link.chats);
    let subscriptions = Arc::clone(&link.subscriptions);
    // Pongs and the close frame have a queue of their own, so that reading never waits for the other one.
    let (control, to_control) = mpsc::channel(16);
    let mut reader = Reader {
        link,
        control,
        running: JoinSet::new(),
        requests: HashMap::new(),
    };
    tokio::select! {
        reason = reader.read(&mut source) => {
            // The peer is told why, unless it is gone.
            let _ = timeout(CLOSE_DEADLINE, end(&mut sink, reason)).await;
        }
        _ = write(&mut sink, &mut to_write, to_control) => {}
        () = over.cancelled() => {
            let _ = timeout(CLOSE_DEADLINE, end(&mut sink, Some(CloseReason::new(close::NORMAL, "")))).await;
        }
    }
    pending.end();
    chats.end();
    subscriptions.end();
    drop(reader);
    drain(&mut source, CLOSE_DEADLINE).await;
}

async fn end(sink: &mut BoxSink, reason: Option<CloseReason>) -> Result<(), SinkError> {
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await?;
    sink.as_mut().start_send(Frame::Close(reason))?;
    poll_fn(|cx| sink.as_mut().poll_close(cx)).await
}

async fn write(
    sink: &mut BoxSink,
    frames: &mut mpsc::Receiver<Frame>,
    mut control: mpsc::Receiver<Frame>,
) -> Result<(), SinkError> {
    loop {
        let mut frame = tokio::select! {
            biased;
            frame = control.recv() => frame,
            frame = frames.recv() => frame,
        };
        let turn = async {
            while let Some(next) = frame {
                let closing = matches!(next, Frame::Close(_));
                poll_fn(|cx| sink.as_mut().poll_ready(cx)).await?;
                sink.as_mut().start_send(next)?;
                if closing {
                    poll_fn(|cx| sink.as_mut().poll_close(cx)).await?;
                    return Ok(true);
                }
                frame = control
                    .recv()
                    .now_or_never()
                    .flatten()
                    .or_else(|| frames.try_recv().ok());
            }
            poll_fn(|cx| sink.as_mut().poll_flush(cx)).await?;
            Ok(false)
        };
        if timeout(WRITE_DEADLINE, turn)
            .await
            .unwrap_or(Err(SinkError::Closed))?
        {
            return Ok(());
        }
    }
}

struct Reader {
    link: Link,
    control: mpsc::Sender<Frame>,
    running: JoinSet<()>,
    /// What runs, by the id that a cancelling notification names.
    requests: HashMap<String, AbortHandle>,
}

impl Reader {
    async fn read(&mut self, source: &mut BoxSource) -> Option<CloseReason> {
        loop {
            tokio::select! {
                biased;
                frame = next(source) => match frame {
                    None => return None,
                    Some(Err(error)) => return error.close_reason(),
                    Some(Ok(Frame::Close(_))) => return Some(CloseReason::new(close::NORMAL, "")),
                    Some(Ok(Frame::Ping(payload))) => {
                        // More pings than can be answered are answered by the last.
                        let _ = self.control.try_send(Frame::Pong(payload));
                    }
                    Some(Ok(Frame::Text(text))) => self.text(&text),
                    Some(Ok(Frame::Binary(_) | Frame::Pong(_))) => {}
                },
                Some(_) = self.running.join_next() => self.requests.retain(|_, task| !task.is_finished()),
            }
        }
    }

    fn text(&mut self, text: &str) {
        match decode_message(text) {
            Ok(Message::Response(response)) => self.link.pending.answer(response),
            Ok(Message::Request(request)) => self.request(request),
            Ok(Message::Notification(note)) => self.notification(&note),
            Ok(Message::Invalid(invalid)) => {
                tracing::warn!(error = %invalid.error, "the daemon breaks the protocol")
            }
            Err(error) => tracing::warn!(%error, "the daemon breaks the protocol"),
        }
    }

    fn request(&mut self, request: jsonrpc::Request<'_>) {
        if request.method == Prompt::NAME && self.link.handlers.chat.is_some() {
            return self.prompt(request);
        }
        let answer = if self.running.len() < MAX_CALLBACKS {
            self.link.handlers.serve(&request.method, request.params)
        } else {
            Err(RpcError::overloaded(
                "too many callbacks run in this client",
                MAX_CALLBACKS as u64,
            ))
        };
        let id = request.id;
        let outgoing = self.link.outgoing.clone();
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
            send(&outgoing, text).await;
        });
        if let Some(name) = name {
            self.requests.insert(name, task);
        }
    }

    /// Takes a prompt and answers it beside everything else.
    fn prompt(&mut self, request: jsonrpc::Request<'_>) {
        let outgoing = self.link.outgoing.clone();
        let refusal = match decode_params::<PromptParams>(request.params) {
            Err(error) => error,
            Ok(_) if self.running.len() >= MAX_CALLBACKS => RpcError::overloaded(
                "too many callbacks run in this client",
                MAX_CALLBACKS as u64,
            ),
            Ok(prompt) => {
                let Some(run) = self.link.handlers.chat.clone() else {
                    return;
                };
                let name = turn_name(&prompt.session_id, &prompt.turn_id);
                let taken = encode_result(&request.id, &json!({ "accepted": true }));
                let taken =
                    taken.unwrap_or_else(|_| encode_error(&request.id, &RpcError::internal()));
                let task = self.running.spawn(async move {
                    send(&outgoing, taken).await;
                    ChatTurn::new(prompt, outgoing).run(run).await;
                });
                self.requests.insert(name, task);
                return;
            }
        };
        let text = encode_error(&request.id, &refusal);
        self.running
            .spawn(async move { send(&outgoing, text).await });
    }

    fn notification(&mut self, note: &jsonrpc::Notification<'_>) {
        if note.method == Cancel::NAME
            && let Ok(params) = decode_params::<CancelParams>(note.params)
            && let Some(task) = self.requests.remove(&params.request_id)
        {
            task.abort();
        }
        if note.method == CancelPrompt::NAME
            && let Ok(params) = decode_params::<CancelPromptParams>(note.params)
            && let Some(task) = self
                .requests
                .remove(&turn_name(&params.session_id, &params.turn_id))
        {
            task.abort();
        }
        let told = self.link.subscriptions.take(note);
        if note.method == ChatEvents::NAME
            && let Ok(event) = decode_params::<ChatEvent>(note.params)
            && self.link.chats.take(event).is_none()
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
        if self.link.notify.try_send(notification).is_err() {
            self.link.missed.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// What a turn is known by among the requests that run.
fn turn_name(chat: &str, turn: &str) -> String {
    format!("chat {chat} {turn}")
}

async fn send(outgoing: &mpsc::WeakSender<Frame>, text: String) {
    let Some(outgoing) = outgoing.upgrade() else {
        return;
    };
    // A connection that is over needs no answer.
    let _ = outgoing.send(Frame::Text(text.into())).await;
}
