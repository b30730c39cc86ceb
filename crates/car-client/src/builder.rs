use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::method::Callback;
use car_protocol::rpc::server::{Handshake, HandshakeParams, MAX_PROTOCOL_VERSION};
use car_protocol::rpc::session::{Auth, AuthParams};
use car_transport::Duplex;
use car_transport::connect::{self, Options, Target};
use futures_util::FutureExt as _;

use crate::callbacks::{CallbackError, Handlers};
use crate::chat::{ChatTurn, run_chat};
use crate::client::Client;
use crate::discover;
use crate::error::ConnectError;
use crate::keeper::WayBack;
use crate::reconnect::Reconnect;

/// How long one attempt to come back may take, where calls may take longer.
const ATTEMPT: Duration = Duration::from_secs(10);

/// How a client is to be made.
pub struct ClientBuilder {
    auth: AuthParams,
    deadline: Duration,
    handshake: bool,
    handlers: Handlers,
    reconnect: Option<Reconnect>,
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        let deadline = Duration::from_secs(30);
        Self {
            auth: AuthParams::default(),
            deadline,
            handshake: false,
            handlers: Handlers::default(),
            reconnect: None,
        }
    }

    /// The client token.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.auth.token = Some(token.into());
        self
    }

    /// The host token: gives the host role.
    #[must_use]
    pub fn host_token(mut self, token: impl Into<String>) -> Self {
        self.auth.host_token = Some(token.into());
        self
    }

    /// The token that the environment has, where it has one: an agent's, for the agents that the daemon starts, else the
    /// client token.
    #[must_use]
    pub fn discovered_token(mut self) -> Self {
        if self.auth.token.is_none()
            && let Some((id, token)) = discover::agent()
        {
            return self.agent_token(id, token);
        }
        self.auth.token = self.auth.token.or_else(discover::token);
        self
    }

    /// Connects to the daemon that the environment names, with the token that it has, as [`Client::discover`] does.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn discover(self) -> Result<Client, ConnectError> {
        let target = discover::target()?;
        self.discovered_token().connect(&target).await
    }

    /// How long a call may take; 30 seconds when left out. [`Client::with_deadline`] changes it for single calls.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Agrees on the protocol's version before anything else, and fails where the daemon speaks another.
    #[must_use]
    pub fn handshake(mut self) -> Self {
        self.handshake = true;
        self
    }

    /// Makes a lost connection again, and goes on with the session: calls that wait get their answers, subscriptions and
    /// chats go on without a gap or a repetition, tools run once. Where the daemon does not have the session any more
    /// another one is begun, with the tools, policies, agents and subscriptions of this one.
    ///
    /// A call waits for the new connection until its deadline. One that changes something and of which nobody knows
    /// whether it was done ends with [`CallError::OutcomeUnknown`](crate::CallError::OutcomeUnknown), unless its params name
    /// an `idempotency_key`: then the daemon is asked. That compares the clocks of both sides. [`Client::states`] tells
    /// how it goes.
    #[must_use]
    pub fn resume(mut self, reconnect: Reconnect) -> Self {
        self.reconnect = Some(reconnect);
        self
    }

    /// The token of an agent, which the connection speaks for from now on. An older connection that does is closed.
    #[must_use]
    pub fn agent_token(mut self, agent_id: impl Into<String>, token: impl Into<String>) -> Self {
        self.auth.agent_id = Some(agent_id.into());
        self.auth.token = Some(token.into());
        self
    }

    /// Answers prompts. A prompt is taken at once; the function says what there is to say, and the turn is done when it
    /// returns, or has failed when that is an error. It is dropped when nobody wants the rest. Needs an agent's token, or
    /// an agent registered with `host.register_agent`.
    #[must_use]
    pub fn agent<F, Fut>(mut self, run: F) -> Self
    where
        F: Fn(ChatTurn) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), CallbackError>> + Send + 'static,
    {
        self.handlers.chat = Some(run_chat(run));
        self
    }

    /// Answers a callback of the daemon. The future is dropped when the daemon takes the request back. Tools are better
    /// offered with [`Client::tool`].
    #[must_use]
    pub fn on<C, F, Fut>(mut self, handler: F) -> Self
    where
        C: Callback,
        F: Fn(C::Params) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Result, CallbackError>> + Send + 'static,
    {
        self.handlers.on::<C, F, Fut>(handler);
        self
    }

    /// Connects to a daemon.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(self, target: &Target) -> Result<Client, ConnectError> {
        let options =
            Options::default().with_deadline(self.deadline.min(Options::default().deadline));
        let target = target.clone();
        let dial = move || {
            let target = target.clone();
            async move { connect::connect(&target, &options).await }
        };
        self.connect_with(dial).await
    }

    /// Connects with connections that `dial` makes, the first one and those that take its place.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect_with<F, Fut>(mut self, dial: F) -> Result<Client, ConnectError>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Duplex, connect::ConnectError>> + Send + 'static,
    {
        let duplex = dial().await?;
        let Some(reconnect) = self.reconnect.take() else {
            return self.over(duplex).await;
        };
        self.auth.resume = Some(true);
        self.auth.grace_ms = reconnect
            .grace
            .map(|grace| u64::try_from(grace.as_millis()).unwrap_or(u64::MAX));
        let way_back = WayBack {
            dial: Arc::new(move || dial().boxed()),
            reconnect,
            auth: self.auth.clone(),
            handshake: self.handshake,
            patience: self.deadline.min(ATTEMPT),
        };
        self.begin(duplex, Some(way_back)).await
    }

    /// Uses a connection that is there already, for example one in memory. It is not made again when it is lost.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn over(self, duplex: Duplex) -> Result<Client, ConnectError> {
        self.begin(duplex, None).await
    }

    async fn begin(
        self,
        duplex: Duplex,
        way_back: Option<WayBack>,
    ) -> Result<Client, ConnectError> {
        let named = self.auth.token.is_some() || self.auth.host_token.is_some();
        let introduces = named || way_back.is_some();
        let mut client = Client::start(duplex, self.handlers, self.deadline, way_back);
        if introduces {
            let authenticated = client.call::<Auth>(self.auth).await;
            let authenticated = authenticated.map_err(ConnectError::Refused)?;
            client.speaks_for(authenticated.agent_id);
        }
        if self.handshake {
            client
                .call::<Handshake>(handshake())
                .await
                .map_err(ConnectError::Handshake)?;
        }
        Ok(client)
    }
}

/// What this client says of itself.
pub(crate) fn handshake() -> HandshakeParams {
    HandshakeParams {
        protocol_version: MAX_PROTOCOL_VERSION,
        client_name: Some(env!("CARGO_PKG_NAME").to_owned()),
        client_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        required_capabilities: None,
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
