//! What a client has, whatever connection it is on.
//!
//! A session owns its tasks, open callbacks, subscriptions, tools, policies, state and its stream of the log, and holds
//! a replaceable link to a connection. What must end with it is owned by it.

mod calls;
mod journal;
mod link;
mod registry;
pub mod resume;
mod subscriptions;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use car_protocol::jsonrpc::{ErrorObject, Id};
use car_protocol::method::Callback;
use car_protocol::rpc::events::Cursor;
use parking_lot::Mutex;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use calls::{CallDriver, Calls};
pub use journal::SessionJournal;
pub use link::Link;
pub use registry::SessionRegistry;
pub use resume::Replies;
pub(crate) use resume::Way;
use resume::{ResumeLedger, Resumption};
pub use subscriptions::{Asked, FedStream, Subscriptions};

use crate::approval::grants::GrantBook;
use crate::callbacks::{Answered, CallError, Callbacks, Repeats};
use crate::channel::{SubscribeError, WsChannel};
use crate::chat::Chats;
use crate::engine::Engine;
use crate::frame::Frame;
use crate::host::HostPlane;
use crate::identity::{IdentityCell, SessionId};
use crate::log::{EventLog, StreamName};
use crate::memgine::SessionMemory;
use crate::policy::PolicyBook;
use crate::providers::OffersOf;
use crate::seats::Seats;
use crate::store::StateStore;
use crate::tool_table::ToolTable;
use crate::voice::{VoiceDesk, VoiceStreams};

/// How long the end of a session waits for its tasks, which are cancelled by then.
const TASKS_END: Duration = Duration::from_secs(5);

/// One client's session.
#[derive(Debug)]
pub struct ClientSession {
    id: SessionId,
    identity: Arc<IdentityCell>,
    link: Arc<Link>,
    callbacks: Arc<Callbacks>,
    state: Arc<StateStore>,
    tools: Arc<ToolTable>,
    policies: Arc<PolicyBook>,
    engine: Arc<Engine>,
    memory: Arc<SessionMemory>,
    log: Arc<dyn EventLog>,
    stream: StreamName,
    host: Arc<HostPlane>,
    grants: Arc<GrantBook>,
    seats: Arc<Seats>,
    chats: Arc<Chats>,
    voice_desk: Arc<VoiceDesk>,
    /// There where the client has sent audio.
    voice: OnceLock<Arc<VoiceStreams>>,
    tasks: TaskTracker,
    calls: Arc<Calls>,
    cancel: CancellationToken,
    subscriptions: Arc<Subscriptions>,
    registry: Arc<SessionRegistry>,
    ledger: Arc<ResumeLedger>,
    /// There where the client asked for it.
    resumption: OnceLock<Box<Resumption>>,
    /// What it offers to serve for others.
    offers: Mutex<Option<OffersOf>>,
    /// The session that took the place of this one on its connection.
    successor: Mutex<Option<Arc<ClientSession>>>,
}

/// What a session is made of.
pub(crate) struct Parts {
    pub(crate) id: SessionId,
    pub(crate) identity: Arc<IdentityCell>,
    pub(crate) link: Arc<Link>,
    pub(crate) callbacks: Arc<Callbacks>,
    pub(crate) state: Arc<StateStore>,
    pub(crate) tools: Arc<ToolTable>,
    pub(crate) policies: Arc<PolicyBook>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) memory: Arc<SessionMemory>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) stream: StreamName,
    pub(crate) host: Arc<HostPlane>,
    pub(crate) grants: Arc<GrantBook>,
    pub(crate) seats: Arc<Seats>,
    pub(crate) chats: Arc<Chats>,
    pub(crate) voice_desk: Arc<VoiceDesk>,
    pub(crate) registry: Arc<SessionRegistry>,
    pub(crate) ledger: Arc<ResumeLedger>,
}

impl ClientSession {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let subscriptions = Subscriptions::new(
            Arc::clone(&parts.log),
            Arc::clone(&parts.link),
            Arc::clone(&parts.identity),
        );
        let session = Arc::new(Self {
            id: parts.id,
            identity: parts.identity,
            link: parts.link,
            callbacks: parts.callbacks,
            state: parts.state,
            tools: parts.tools,
            policies: parts.policies,
            engine: parts.engine,
            memory: parts.memory,
            log: parts.log,
            stream: parts.stream,
            host: parts.host,
            grants: parts.grants,
            seats: parts.seats,
            chats: parts.chats,
            voice_desk: parts.voice_desk,
            voice: OnceLock::new(),
            tasks: TaskTracker::new(),
            calls: Arc::default(),
            cancel: CancellationToken::new(),
            subscriptions,
            registry: parts.registry,
            ledger: parts.ledger,
            resumption: OnceLock::new(),
            offers: Mutex::default(),
            successor: Mutex::default(),
        });
        session.registry.add(&session);
        session
    }

    /// The session's id.
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// Who the session speaks for.
    #[must_use]
    pub fn identity(&self) -> &IdentityCell {
        &self.identity
    }

    /// The link to the session's connection.
    #[must_use]
    pub fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// The callbacks that are open with the client.
    #[must_use]
    pub fn callbacks(&self) -> &Arc<Callbacks> {
        &self.callbacks
    }

    /// The session's state.
    #[must_use]
    pub fn state(&self) -> &Arc<StateStore> {
        &self.state
    }

    /// The session's tools.
    #[must_use]
    pub fn tools(&self) -> &Arc<ToolTable> {
        &self.tools
    }

    /// The session's policies.
    #[must_use]
    pub fn policies(&self) -> &Arc<PolicyBook> {
        &self.policies
    }

    /// What runs the session's proposals.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Which memory it uses.
    #[must_use]
    pub fn memory(&self) -> &Arc<SessionMemory> {
        &self.memory
    }

    /// The session's streams of audio.
    #[must_use]
    pub fn voice(&self) -> &Arc<VoiceStreams> {
        self.voice
            .get_or_init(|| Arc::new(VoiceStreams::new(&self.voice_desk, &self.id)))
    }

    /// The same where there were any.
    #[must_use]
    pub fn voice_if_any(&self) -> Option<&Arc<VoiceStreams>> {
        self.voice.get()
    }

    /// Takes an answer of the client. One that comes too late for its tool call is recorded there; `false` where
    /// nobody asked.
    pub fn answered(&self, id: &Id, outcome: Result<&RawValue, ErrorObject>) -> bool {
        match self.callbacks.answer(id, outcome) {
            Answered::Taken => true,
            Answered::Unknown => false,
            Answered::NotSeen(frame) => {
                // Where the connection is lost again, whoever resumes is asked about it once more.
                if let Some(channel) = self.link.channel() {
                    let _ = channel.send(Frame::Text(frame));
                }
                true
            }
            Answered::Late(fence, answer) => {
                let answer = match answer {
                    Ok(result) => {
                        serde_json::from_str(result.get()).map_err(|error| error.to_string())
                    }
                    Err(error) => Err(error.message.unwrap_or_else(|| "unknown error".to_owned())),
                };
                self.engine.late_answer(fence, answer)
            }
        }
    }

    /// The log, and the session's own stream in it.
    #[must_use]
    pub fn events(&self) -> (&Arc<dyn EventLog>, &StreamName) {
        (&self.log, &self.stream)
    }

    /// Cancelled when the session ends.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Asks the client something and waits for the answer, for `limit` at most.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call<C: Callback>(
        &self,
        limit: Duration,
        params: impl FnOnce(&str) -> C::Params + Send,
    ) -> Result<C::Result, CallError> {
        let deadline = Instant::now() + limit;
        self.callbacks
            .call::<C>(&self.link, deadline, Repeats::No, params)
            .await
    }

    /// Takes on a call, which is dropped when the session ends. To be called from within the future that is given to
    /// [`CallDriver::beside`], after which the call has its turn without being woken.
    pub fn begin(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.calls.begin(self, call);
    }

    /// The same from anywhere: the session's connection has its turn soon.
    pub fn begin_from_afar(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.calls.begin(self, call);
        self.calls.wake();
    }

    /// The same for a call that sees for itself that the session has ended, and then has `last` to end in its own way.
    pub fn begin_lasting(&self, call: impl Future<Output = ()> + Send + 'static, last: Duration) {
        self.calls.begin_lasting(self, call, last);
    }

    /// What runs the calls of this session.
    #[must_use]
    pub fn call_driver(&self) -> CallDriver {
        CallDriver::new(Arc::clone(&self.calls))
    }

    /// Ready when no task runs.
    pub async fn idle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// How many tasks run.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Feeds a stream to the session's connection, beginning after `cursor`. A subscription that is there already is
    /// replaced.
    ///
    /// # Errors
    /// [`SubscribeError`]; `Ok(false)` where there is no connection.
    pub fn subscribe(&self, stream: StreamName, cursor: Cursor) -> Result<bool, SubscribeError> {
        self.subscriptions.subscribe(stream, cursor)
    }

    /// Whether a stream is fed to a connection of the session now.
    #[must_use]
    pub fn hears(&self, stream: &StreamName) -> bool {
        self.link.channel().is_some() && self.subscriptions.feeds(stream)
    }

    /// Has it noted what the session hears and may decide by now: to be called when either has changed.
    pub fn heed(&self) {
        self.host.heed(self);
    }

    /// The streams that are fed to the session's connection.
    #[must_use]
    pub fn subscriptions(&self) -> &Arc<Subscriptions> {
        &self.subscriptions
    }

    /// Whether a live session has this stream.
    #[must_use]
    pub fn is_of_live_session(&self, stream: &StreamName) -> bool {
        let owner = stream.owner().map(SessionId::new);
        let session = owner.and_then(|owner| self.registry.get(&owner));
        session.is_some_and(|session| session.stream == *stream)
    }

    /// Has another session take the place of this one on its connection, with the calls that it has.
    fn succeed(&self, successor: &Arc<Self>) {
        self.calls.succeed(&successor.calls);
        *self.successor.lock() = Some(Arc::clone(successor));
    }

    /// The session that took the place of this one on its connection; once.
    #[must_use]
    pub fn take_successor(&self) -> Option<Arc<Self>> {
        self.successor.lock().take()
    }

    /// Puts the session on a connection.
    pub fn attach(&self, channel: &Arc<WsChannel>) {
        self.link.attach(channel);
    }

    /// Cancels all that is under way. A call that can answers with what it has, the others with `session_ended`.
    pub fn cancel_calls(&self) {
        if let Some(channel) = self.link.channel() {
            channel.abandon();
        }
        self.cancel.cancel();
    }

    /// Keeps what ends the session's offers to serve methods.
    pub(crate) fn hold_offers(&self, offers: impl FnOnce() -> OffersOf) {
        self.offers.lock().get_or_insert_with(offers);
    }

    /// Ends the session without waiting: its tasks are dropped when they would run next, and with the last of them goes
    /// what they hold.
    pub fn abandon(&self) {
        self.cancel_calls();
        self.callbacks.end();
        self.end_resumption();
        self.subscriptions.end();
        self.link.detach();
        let offers = self.offers.lock().take();
        drop(offers);
        self.end_voice();
    }

    fn end_voice(&self) {
        if let Some(voice) = self.voice.get() {
            voice.close();
        }
    }

    /// Ends the session and all it owns, and waits until its tasks are gone.
    pub async fn end(&self) {
        self.abandon();
        self.tasks.close();
        let patience = TASKS_END + self.engine.wind_down();
        if timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::error!(session = %self.id, tasks = self.tasks.len(), "tasks outlive their session");
        }
        if let Some(voice) = self.voice.get() {
            // A recogniser may take longer to tell the rest. It is told then.
            let _ = timeout(TASKS_END, voice.over()).await;
        }
        self.leave();
    }

    /// Ends what others know of the session.
    fn leave(&self) {
        self.seats.leave(&self.id);
        self.host.leave(&self.id);
        self.grants.end_session(&self.id);
        self.engine.parts().journal.end();
        self.log.remove(&self.stream);
        self.registry.remove(&self.id);
        // Last, so that no chat finds the session again.
        self.chats.leave(&self.id);
    }
}

impl Drop for ClientSession {
    fn drop(&mut self) {
        // A session that was abandoned leaves nothing behind either.
        self.cancel.cancel();
        self.end_resumption();
        self.end_voice();
        self.leave();
    }
}
