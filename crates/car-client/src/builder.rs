use std::fmt;
use std::future::Future;
use std::time::Duration;

use car_protocol::method::Callback;
use car_protocol::rpc::server::{Handshake, HandshakeParams, MAX_PROTOCOL_VERSION};
use car_protocol::rpc::session::{Auth, AuthParams};
use car_transport::Duplex;
use car_transport::connect::{self, Options, Target};

use crate::callbacks::{CallbackError, Handlers};
use crate::chat::{ChatTurn, run_chat};
use crate::client::Client;
use crate::discover;
use crate::error::ConnectError;

/// How a client is to be made.
pub struct ClientBuilder {
    auth: AuthParams,
    deadline: Duration,
    handshake: bool,
    handlers: Handlers,
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        let deadline = Duration::from_secs(30);
        Self {
            auth: AuthParams::default(),
            deadline,
            handshake: false,
            handlers: Handlers::default(),
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
        let duplex = connect::connect(target, &options).await?;
        self.over(duplex).await
    }

    /// Uses a connection that is there already, for example one in memory.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn over(self, duplex: Duplex) -> Result<Client, ConnectError> {
        let mut client = Client::start(duplex, self.handlers, self.deadline);
        if self.auth.token.is_some() || self.auth.host_token.is_some() {
            let authenticated = client.call::<Auth>(self.auth).await;
            let authenticated = authenticated.map_err(ConnectError::Refused)?;
            client.speaks_for(authenticated.agent_id);
        }
        if self.handshake {
            let params = HandshakeParams {
                protocol_version: MAX_PROTOCOL_VERSION,
                client_name: Some(env!("CARGO_PKG_NAME").to_owned()),
                client_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                required_capabilities: None,
            };
            client
                .call::<Handshake>(params)
                .await
                .map_err(ConnectError::Handshake)?;
        }
        Ok(client)
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
