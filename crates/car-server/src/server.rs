//! The daemon as an embedding program sees it.

use std::sync::Arc;

use car_protocol::rpc::diagnostics::SettingInEffect;
use car_state::server::ServerState;
use car_transport::memory::{self, Options};
use car_transport::{Duplex, Limits};
use tokio_util::sync::CancellationToken;

use crate::auth::Auth;
use crate::connection;
use crate::core::Core;
use crate::desktop::Desktop;
use crate::handlers;
use crate::http::Refusals;
use crate::info::ServerInfo;
use crate::life::Life;
use crate::operations::{self, Notices, Operations};
use crate::router::{Router, RouterError};

/// A daemon: sessions, methods and connections, over any transport. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Server {
    core: Arc<Core>,
}

/// How a [`Server`] is to be made.
#[derive(Debug)]
pub struct ServerBuilder {
    state: Arc<ServerState>,
    auth: Auth,
    limits: Limits,
    stop: CancellationToken,
    settings: Vec<SettingInEffect>,
    notices: Arc<Notices>,
    desktop: Arc<Desktop>,
}

impl ServerBuilder {
    /// Who may come in. Without this, everybody may.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// What the daemon takes on.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A token that stops the daemon when it is cancelled.
    #[must_use]
    pub fn stop_token(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// The configuration, for whoever looks for a fault. It must hold no secret.
    #[must_use]
    pub fn settings(mut self, settings: Vec<SettingInEffect>) -> Self {
        self.settings = settings;
        self
    }

    /// Where the log keeps what it complains about, for whoever looks for a fault.
    #[must_use]
    pub fn notices(mut self, notices: Arc<Notices>) -> Self {
        self.notices = notices;
        self
    }

    /// The desktop that notifications are shown on. Without this there is none.
    #[must_use]
    pub fn desktop(mut self, desktop: Arc<Desktop>) -> Self {
        self.desktop = desktop;
        self
    }

    /// The daemon. Nothing runs until it is given a connection.
    ///
    /// # Errors
    /// [`RouterError`] when a method of the protocol has no handler: a fault of this crate.
    pub fn build(self) -> Result<Server, RouterError> {
        self.state
            .budget()
            .set_limit(self.limits.memory_budget_bytes);
        let life = Arc::new(Life::new(self.stop));
        let operations = Arc::new(Operations {
            state: Arc::clone(&self.state),
            life: Arc::clone(&life),
            info: Arc::new(ServerInfo::new(&self.state, &life)),
            refusals: Arc::default(),
            settings: self.settings,
            notices: self.notices,
            desktop: self.desktop,
        });
        let router = Router::new(
            handlers::routes(&self.state, &self.auth, &self.limits, &operations),
            self.state.gate(),
        )?;
        let core = Core {
            state: self.state,
            auth: self.auth,
            limits: self.limits,
            router,
            life,
            operations,
        };
        Ok(Server {
            core: Arc::new(core),
        })
    }
}

impl Server {
    /// A daemon over this state.
    #[must_use]
    pub fn builder(state: Arc<ServerState>) -> ServerBuilder {
        let (auth, limits, stop) = (
            Auth::disabled(),
            Limits::default(),
            CancellationToken::new(),
        );
        ServerBuilder {
            state,
            auth,
            limits,
            stop,
            settings: Vec::new(),
            notices: Arc::default(),
            desktop: Arc::default(),
        }
    }

    /// What all sessions share.
    #[must_use]
    pub fn state(&self) -> &Arc<ServerState> {
        &self.core.state
    }

    /// What the daemon takes on.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.core.limits
    }

    /// The route `GET /metrics`, for [`HttpSurfaceBuilder::routes`](crate::http::HttpSurfaceBuilder::routes). Where
    /// authentication is on it wants the client or the host token as `Authorization: Bearer`, unless it is `open` to
    /// whoever reaches the port.
    pub fn metrics(&self, open: bool) -> axum::Router {
        let operations = Arc::clone(&self.core.operations);
        operations::router(operations, self.core.auth.clone(), open)
    }

    /// What the HTTP surface turned away, for
    /// [`HttpSurfaceBuilder::refusals`](crate::http::HttpSurfaceBuilder::refusals) to add to.
    #[must_use]
    pub fn refusals(&self) -> &Arc<Refusals> {
        &self.core.operations.refusals
    }

    /// Serves a connection until it is over. Dropping the future ends the connection and its session.
    pub async fn serve_connection(&self, duplex: Duplex) {
        connection::serve(Arc::clone(&self.core), duplex).await;
    }

    /// Serves a connection in a task of the daemon.
    pub fn spawn_connection(&self, duplex: Duplex) {
        self.core
            .life
            .tasks()
            .spawn(connection::serve(Arc::clone(&self.core), duplex));
    }

    /// Connects from inside the process: the answer is the client's end.
    #[must_use]
    pub fn connect(&self) -> Duplex {
        let (ours, theirs) = memory::pair(Options::default());
        self.spawn_connection(ours);
        theirs
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.core.life.connections()
    }

    /// Begins to stop: calls under way may end within the time to drain, new ones are refused.
    pub fn stop(&self) {
        self.core.life.stop();
    }

    /// Cancelled when the daemon begins to stop.
    #[must_use]
    pub fn stopping(&self) -> &CancellationToken {
        self.core.life.stop_token()
    }

    /// Ready when the daemon was stopped and all connections of [`spawn_connection`](Self::spawn_connection) are over.
    pub async fn stopped(&self) {
        self.stopping().cancelled().await;
        self.core.life.tasks().close();
        self.core.life.tasks().wait().await;
    }
}
