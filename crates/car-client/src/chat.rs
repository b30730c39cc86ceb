//! Chats, from both sides: a prompt and the stream of what an agent says to it, and the agent that says it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Weak};

use car_protocol::method::Method;
use car_protocol::rpc::agents_chat::{
    Cancel, CancelParams, Cancelled, Chat, ChatAccepted, ChatEvent, ChatParams, Outcome,
    PromptParams, Say, SayParams,
};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Notify;

use crate::callbacks::CallbackError;
use crate::client::Client;
use crate::error::CallError;
use crate::outgoing::Voice;

/// Events of one chat that wait to be read. Beyond it tokens are put together; nothing of their text is lost.
const WAITING: usize = 256;
/// The same for events that cannot be put together: beyond it the oldest go, and are counted.
const MOST: usize = 4_096;
/// Events that wait for the answer that says which chat they belong to.
const ORPHANS: usize = 1_024;

/// The chats of a connection that somebody reads.
#[derive(Debug, Default)]
pub(crate) struct ChatRouter(Mutex<Routes>);

#[derive(Debug, Default)]
struct Routes {
    read: HashMap<String, Weak<Queue>>,
    /// How many chats are about to begin.
    expected: usize,
    orphans: VecDeque<ChatEvent>,
    ended: bool,
}

#[derive(Debug, Default)]
struct Queue {
    inner: Mutex<Waiting>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<ChatEvent>,
    missed: u64,
    ended: bool,
}

impl Queue {
    fn push(&self, event: ChatEvent) {
        {
            let mut inner = self.inner.lock();
            let crowded = inner.events.len() >= WAITING;
            let last = inner.events.back_mut().filter(|last| {
                crowded
                    && last.kind == "token"
                    && event.kind == "token"
                    && last.turn_id == event.turn_id
            });
            match last.map(|last| (&mut last.seq, &mut last.from_seq, &mut last.delta)) {
                Some((seq, from, Some(text))) => {
                    text.push_str(event.delta.as_deref().unwrap_or_default());
                    from.get_or_insert(*seq);
                    *seq = event.seq;
                }
                _ => inner.events.push_back(event),
            }
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

impl ChatRouter {
    /// Gives an event to who reads its chat; back where nobody does.
    pub(crate) fn take(&self, event: ChatEvent) -> Option<ChatEvent> {
        let mut routes = self.0.lock();
        let reader = routes.read.get(&event.session_id).and_then(Weak::upgrade);
        match reader {
            Some(queue) => {
                drop(routes);
                queue.push(event);
                None
            }
            None if routes.expected > 0 => {
                if routes.orphans.len() >= ORPHANS {
                    routes.orphans.pop_front();
                }
                routes.orphans.push_back(event);
                None
            }
            None => Some(event),
        }
    }

    /// The connection is over.
    pub(crate) fn end(&self) {
        let readers = {
            let mut routes = self.0.lock();
            routes.ended = true;
            std::mem::take(&mut routes.read)
        };
        for queue in readers.into_values().filter_map(|queue| queue.upgrade()) {
            queue.end();
        }
    }

    /// The chats that somebody reads.
    pub(crate) fn read_now(&self) -> Vec<String> {
        let routes = self.0.lock();
        let read = routes.read.iter();
        let read = read.filter(|(_, queue)| queue.strong_count() > 0);
        read.map(|(chat, _)| chat.clone()).collect()
    }

    /// A chat cannot be followed any more.
    pub(crate) fn end_of(&self, chat: &str) {
        let queue = self.0.lock().read.remove(chat);
        if let Some(queue) = queue.and_then(|queue| queue.upgrade()) {
            queue.end();
        }
    }

    fn expect(self: &Arc<Self>) -> Expecting {
        self.0.lock().expected += 1;
        Expecting(Arc::clone(self))
    }

    fn read(&self, chat: &str) -> Arc<Queue> {
        let mut routes = self.0.lock();
        routes.read.retain(|_, queue| queue.strong_count() > 0);
        let read = routes.read.get(chat).and_then(Weak::upgrade);
        let queue = read.unwrap_or_default();
        routes.read.insert(chat.to_owned(), Arc::downgrade(&queue));
        let mut kept = VecDeque::new();
        for event in std::mem::take(&mut routes.orphans) {
            if event.session_id == chat {
                queue.push(event);
            } else {
                kept.push_back(event);
            }
        }
        routes.orphans = kept;
        if routes.ended {
            queue.end();
        }
        queue
    }
}

/// A chat that is about to begin.
struct Expecting(Arc<ChatRouter>);

impl Drop for Expecting {
    fn drop(&mut self) {
        let mut routes = self.0.0.lock();
        routes.expected -= 1;
        if routes.expected == 0 {
            routes.orphans.clear();
        }
    }
}

/// What an agent says to one prompt, in order, up to the end.
pub struct ChatStream {
    client: Client,
    accepted: ChatAccepted,
    queue: Arc<Queue>,
    over: bool,
}

impl Client {
    /// Sends a prompt to an agent. Answers when the agent has taken it, with the stream of what it says. Two streams of
    /// one chat share its events: each event goes to one of them.
    ///
    /// # Errors
    /// [`CallError`]: also when the agent refuses the prompt, or does not take it in time.
    pub async fn chat(&self, params: ChatParams) -> Result<ChatStream, CallError> {
        let router = self.chats();
        let expecting = router.expect();
        let accepted = self.call::<Chat>(params).await?;
        let queue = router.read(&accepted.session_id);
        drop(expecting);
        Ok(ChatStream {
            client: self.clone(),
            accepted,
            queue,
            over: false,
        })
    }
}

impl ChatStream {
    /// The chat and the turn, as the daemon named them.
    #[must_use]
    pub fn accepted(&self) -> &ChatAccepted {
        &self.accepted
    }

    /// The next event of the turn; `None` after the last one, and when the connection is over.
    pub async fn next(&mut self) -> Option<ChatEvent> {
        if self.over {
            return None;
        }
        loop {
            let (event, ended) = {
                let mut inner = self.queue.inner.lock();
                (inner.events.pop_front(), inner.ended)
            };
            match event {
                Some(event) if event.turn_id == self.accepted.turn_id => {
                    self.over = event.outcome.is_some();
                    return Some(event);
                }
                // Of a turn that nobody reads any more.
                Some(_) => {}
                None if ended => return None,
                None => self.queue.news.notified().await,
            }
        }
    }

    /// Reads to the end: the text, and how the turn ended. None where the connection ended before.
    pub async fn finish(mut self) -> (String, Option<Outcome>) {
        let mut text = String::new();
        let mut outcome = None;
        while let Some(event) = self.next().await {
            if event.kind == "token" {
                text.push_str(event.delta.as_deref().unwrap_or_default());
            }
            outcome = event.outcome;
        }
        (text, outcome)
    }

    /// How many events were dropped because nobody read them.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.queue.inner.lock().missed
    }

    /// Has the daemon end the turn. The stream goes on to its last event.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn cancel(&self) -> Result<Cancelled, CallError> {
        let params = CancelParams {
            session_id: self.accepted.session_id.clone(),
            turn_id: Some(self.accepted.turn_id.clone()),
        };
        self.client.call::<Cancel>(params).await
    }
}

impl fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatStream")
            .field("accepted", &self.accepted)
            .finish_non_exhaustive()
    }
}

/// A prompt that this client, as an agent, answers.
pub struct ChatTurn {
    /// The prompt, and where it comes from.
    pub prompt: PromptParams,
    voice: Voice,
}

/// The function of an agent.
pub(crate) type RunChat =
    Arc<dyn Fn(ChatTurn) -> BoxFuture<'static, Result<(), CallbackError>> + Send + Sync>;

pub(crate) fn run_chat<F, Fut>(run: F) -> RunChat
where
    F: Fn(ChatTurn) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), CallbackError>> + Send + 'static,
{
    Arc::new(move |turn| run(turn).boxed())
}

impl ChatTurn {
    pub(crate) fn new(prompt: PromptParams, voice: Voice) -> Self {
        Self { prompt, voice }
    }

    /// Says a piece of the answer. Waits while the daemon does not read.
    ///
    /// # Errors
    /// The connection is over.
    pub async fn token(&self, text: impl Into<String> + Send) -> Result<(), CallbackError> {
        let mut said = self.event("token");
        said.delta = Some(text.into());
        self.say(said).await
    }

    /// Tells of a tool that is called, or of anything else that happens on the way.
    ///
    /// # Errors
    /// The connection is over.
    pub async fn tell(&self, kind: &str, detail: Value) -> Result<(), CallbackError> {
        let mut said = self.event(kind);
        said.detail = Some(detail);
        self.say(said).await
    }

    /// An event of this turn, to be filled.
    #[must_use]
    pub fn event(&self, kind: &str) -> SayParams {
        SayParams {
            session_id: self.prompt.session_id.clone(),
            turn_id: Some(self.prompt.turn_id.clone()),
            kind: kind.to_owned(),
            ..SayParams::default()
        }
    }

    /// Says an event. Where connections are made again it is said once more if it did not arrive.
    ///
    /// # Errors
    /// The connection is over, or the event is no JSON.
    pub async fn say(&self, said: SayParams) -> Result<(), CallbackError> {
        let said = self.voice.say(Say::NAME, &said).await;
        said.map_err(|error| CallbackError(error.to_string()))
    }

    /// Runs an agent's function and says how it ended.
    pub(crate) async fn run(self, run: RunChat) {
        let mut end = self.event("done");
        let last = Self {
            prompt: self.prompt.clone(),
            voice: self.voice.clone(),
        };
        let answered = std::panic::AssertUnwindSafe(run(self)).catch_unwind().await;
        let failed = match answered {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.0),
            Err(_) => Some("the agent panicked".to_owned()),
        };
        if let Some(message) = failed {
            end.kind = "error".to_owned();
            end.error = Some(message.into());
        } else {
            end.finish_reason = Some("stop".to_owned());
        }
        // A connection that is over has ended the turn already.
        let _ = last.say(end).await;
    }
}

impl fmt::Debug for ChatTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatTurn")
            .field("prompt", &self.prompt)
            .finish_non_exhaustive()
    }
}
