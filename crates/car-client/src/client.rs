use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use car_protocol::Timestamp;
use car_protocol::jsonrpc::{Id, encode_notification, encode_request};
use car_protocol::method::{Method, ServerNotification};
use car_protocol::rpc::tools::{Register, ToolDefinition, Unregister, UnregisterParams};
use car_transport::{ByteString, CloseReason, Duplex, Frame, close};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::builder::ClientBuilder;
use crate::callbacks::{CallbackError, Handlers, ToolCall};
use crate::chat::ChatRouter;
use crate::discover;
use crate::error::{CallError, ConnectError};
use crate::keeper::{Keeper, WayBack};
use crate::outgoing::{OUTGOING, Outgoing, Voice};
use crate::pending::{Kept, Pending};
use crate::reader::Reader;
use crate::reconnect::{ConnectionState, ConnectionStates};
use crate::subscription::SubscriptionRouter;

/// Notifications that wait to be read; further ones are dropped and counted.
const NOTIFICATIONS: usize = 1_024;

/// A connection to a daemon. Clones share it.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    deadline: Duration,
    /// The agent that it speaks for by its token.
    agent: Option<Arc<str>>,
}

struct Shared {
    pending: Arc<Pending>,
    handlers: Handlers,
    outgoing: mpsc::Sender<Outgoing>,
    notifications: Mutex<Option<Notifications>>,
    chats: Arc<ChatRouter>,
    subscriptions: Arc<SubscriptionRouter>,
    state: watch::Receiver<ConnectionState>,
    /// Whether a lost connection is made again.
    comes_back: bool,
    /// Cancelled to end the connection, to have none made again, and when it has ended.
    over: CancellationToken,
    goodbye: CancellationToken,
    ended: CancellationToken,
}

impl Client {
    /// A client to be made.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// Connects to the daemon that the environment names, with the token that it has: `CAR_DAEMON_URL`, else the usual
    /// Unix socket, else port 9100; `CAR_AUTH_TOKEN`, else the usual token file.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn discover() -> Result<Self, ConnectError> {
        Self::connect(&discover::target()?).await
    }

    /// Connects to a daemon, with the token that the environment has.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(target: &car_transport::connect::Target) -> Result<Self, ConnectError> {
        Self::builder().discovered_token().connect(target).await
    }

    pub(crate) fn start(
        duplex: Duplex,
        handlers: Handlers,
        deadline: Duration,
        way_back: Option<WayBack>,
    ) -> Self {
        let (outgoing, to_write) = mpsc::channel(OUTGOING);
        let (notify, notified) = mpsc::channel(NOTIFICATIONS);
        let (states, state) = watch::channel(ConnectionState::Connected);
        let missed = Arc::<AtomicU64>::default();
        let comes_back = way_back.is_some();
        let shared = Arc::new(Shared {
            pending: Arc::default(),
            handlers: handlers.clone(),
            outgoing: outgoing.clone(),
            notifications: Mutex::new(Some(Notifications {
                receiver: notified,
                missed: Arc::clone(&missed),
            })),
            chats: Arc::default(),
            subscriptions: Arc::default(),
            state,
            comes_back,
            over: CancellationToken::new(),
            goodbye: CancellationToken::new(),
            ended: CancellationToken::new(),
        });
        let confirmed = comes_back.then(|| Arc::clone(&shared.pending));
        let reader = Reader {
            pending: Arc::clone(&shared.pending),
            handlers,
            // Weak, so that the last clone of the client ends the connection.
            outgoing: outgoing.downgrade(),
            voice: Voice::new(outgoing.downgrade(), confirmed),
            notify,
            missed,
            chats: Arc::clone(&shared.chats),
            subscriptions: Arc::clone(&shared.subscriptions),
            running: JoinSet::new(),
            requests: HashMap::new(),
            past: comes_back.then(Box::default),
        };
        let keeper = Keeper {
            reader,
            way_back,
            states,
            over: shared.over.clone(),
            goodbye: shared.goodbye.clone(),
        };
        let ended = shared.ended.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "the connection's one task; it ends with the last clone"
        )]
        tokio::spawn(async move {
            keeper.run(duplex, to_write).await;
            ended.cancel();
        });
        Self {
            shared,
            deadline,
            agent: None,
        }
    }

    pub(crate) fn chats(&self) -> &Arc<ChatRouter> {
        &self.shared.chats
    }

    pub(crate) fn subscriptions(&self) -> &SubscriptionRouter {
        &self.shared.subscriptions
    }

    /// The same connection with another deadline for calls, for example for a proposal that takes its time.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            deadline,
            agent: self.agent.clone(),
        }
    }

    pub(crate) fn speaks_for(&mut self, agent: Option<String>) {
        self.agent = agent.map(Into::into);
    }

    /// The agent that the connection speaks for by its token.
    #[must_use]
    pub fn agent_id(&self) -> Option<&str> {
        self.agent.as_deref()
    }

    /// Calls a method of the table.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call<M: Method>(&self, params: M::Params) -> Result<M::Result, CallError> {
        let result = self.send(M::NAME, &params).await?;
        serde_json::from_str(result.get()).map_err(|error| CallError::Result(error.to_string()))
    }

    /// Calls any method by its name.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call_raw(&self, method: &str, params: Option<Value>) -> Result<Value, CallError> {
        let result = self.send(method, &params).await?;
        serde_json::from_str(result.get()).map_err(|error| CallError::Result(error.to_string()))
    }

    async fn send<P: Serialize + ?Sized>(
        &self,
        method: &str,
        params: &P,
    ) -> Result<Box<RawValue>, CallError> {
        let (place, answer) = self.shared.pending.open()?;
        let text = encode_request(&Id::integer(place.id), method, params);
        let text = ByteString::from(text.map_err(|error| CallError::Params(error.to_string()))?);
        if self.shared.comes_back {
            place.keep(Kept::new(text.clone(), now()));
        }
        let exchange = async {
            self.shared
                .outgoing
                .send(Outgoing::call(place.id, text))
                .await
                .map_err(|_| CallError::Closed)?;
            answer.await.map_err(|_| CallError::Closed)?
        };
        timeout(self.deadline, exchange)
            .await
            .unwrap_or(Err(CallError::TimedOut(self.deadline)))
    }

    /// Sends a notification: nothing answers it, and one that was under way when the connection was lost is lost, too.
    ///
    /// # Errors
    /// [`CallError::Closed`], [`CallError::TimedOut`] when nothing can be written, [`CallError::Params`].
    pub async fn notify<P: Serialize + ?Sized>(
        &self,
        method: &str,
        params: &P,
    ) -> Result<(), CallError> {
        let text = encode_notification(method, params)
            .map_err(|error| CallError::Params(error.to_string()))?;
        let frame = Outgoing::plain(Frame::Text(text.into()));
        let sending = self.shared.outgoing.send(frame);
        let sent = timeout(self.deadline, sending)
            .await
            .map_err(|_| CallError::TimedOut(self.deadline))?;
        sent.map_err(|_| CallError::Closed)
    }

    /// Offers a tool that takes anything. See [`tool_with`](Self::tool_with).
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn tool<F, Fut>(&self, name: &str, run: F) -> Result<(), CallError>
    where
        F: Fn(ToolCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, CallbackError>> + Send + 'static,
    {
        self.tool_with(
            ToolDefinition {
                name: name.to_owned(),
                ..ToolDefinition::default()
            },
            run,
        )
        .await
    }

    /// Registers a tool and runs it whenever the daemon asks. Calls run at the same time; the future of one is dropped
    /// when the daemon takes the call back.
    ///
    /// # Errors
    /// [`CallError`]; then the tool is not offered.
    pub async fn tool_with<F, Fut>(
        &self,
        definition: ToolDefinition,
        run: F,
    ) -> Result<(), CallError>
    where
        F: Fn(ToolCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, CallbackError>> + Send + 'static,
    {
        let name = definition.name.clone();
        self.shared.handlers.add_tool(&name, run);
        let registered = self.call::<Register>(vec![definition]).await;
        if registered.is_err() {
            self.shared.handlers.remove_tool(&name);
        }
        registered.map(drop)
    }

    /// Takes a tool back. Calls under way go on.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn remove_tool(&self, name: &str) -> Result<(), CallError> {
        self.call::<Unregister>(UnregisterParams {
            name: name.to_owned(),
        })
        .await?;
        self.shared.handlers.remove_tool(name);
        Ok(())
    }

    /// What the daemon tells, in order, unless a [`Subscription`](crate::Subscription) or a
    /// [`ChatStream`](crate::ChatStream) has it. There is one reader: `None` from the second call on.
    #[must_use]
    pub fn notifications(&self) -> Option<Notifications> {
        self.shared.notifications.lock().take()
    }

    /// Closes the connection and waits until it is over.
    pub async fn close(&self) {
        self.shared.goodbye.cancel();
        let reason = CloseReason::new(close::NORMAL, "");
        let closing = async {
            let frame = Outgoing::plain(Frame::Close(Some(reason)));
            // A queue that is full for so long belongs to a dead connection.
            let _ = self.shared.outgoing.send(frame).await;
            self.shared.ended.cancelled().await;
        };
        let _ = timeout(self.deadline, closing).await;
        self.shared.over.cancel();
    }

    /// How the connection stands, and how that changes.
    #[must_use]
    pub fn states(&self) -> ConnectionStates {
        ConnectionStates(self.shared.state.clone())
    }

    /// Ready when the connection is over, and is not made again.
    pub async fn closed(&self) {
        self.shared.ended.cancelled().await;
    }
}

/// When a call is made. Compared with times of the daemon, where that says what became of a call.
fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "nobody hands a clock to a client"
    )]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let millis = now.map(|since| since.as_millis()).unwrap_or_default();
    Timestamp::from_unix_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.over.cancel();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// One notification of the daemon.
#[derive(Clone, Debug)]
pub struct Notification {
    /// Its name.
    pub method: String,
    /// Its params, unread.
    pub params: Option<Box<RawValue>>,
}

impl Notification {
    /// The params of `N`, where this is one.
    #[must_use]
    pub fn read<N: ServerNotification>(&self) -> Option<N::Params> {
        let params = self.params.as_ref().filter(|_| self.method == N::NAME)?;
        serde_json::from_str(params.get()).ok()
    }
}

/// What the daemon tells. At most 1,024 wait to be read; what comes on top of them is dropped and counted.
#[derive(Debug)]
pub struct Notifications {
    receiver: mpsc::Receiver<Notification>,
    missed: Arc<AtomicU64>,
}

impl Notifications {
    /// The next one; `None` when the connection is over.
    pub async fn next(&mut self) -> Option<Notification> {
        self.receiver.recv().await
    }

    /// How many were dropped since this was last asked.
    pub fn missed(&mut self) -> u64 {
        self.missed.swap(0, Ordering::AcqRel)
    }
}
