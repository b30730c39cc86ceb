//! HTTP on every accepted socket, TCP or Unix, until it becomes a WebSocket.
//!
//! A connection speaks HTTP/1.1 through hyper. `/` and `/ws` become a WebSocket, `/healthz` and `/readyz` answer
//! whoever watches the process, further routes may be added, and everything else is 404. When a connection was
//! upgraded nothing of HTTP stays: hyper's state and buffers are gone before the handler begins. What is said on the
//! WebSocket is not known here.

mod refusals;
mod routes;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use car_transport::accept::{Accepted, Acceptor, Listener};
use car_transport::handshake::Rules;
use car_transport::roaming::{Moves, Roaming};
use car_transport::websocket::{Config, Stream, over};
use car_transport::{Duplex, Limits, Peer, PeerAddress};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::select;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;
use tracing::{debug, error};

pub use self::refusals::Refusals;
pub(crate) use self::refusals::Refused;
use self::routes::Upgrade;
use crate::threads::{Threads, Visit};

/// The least that hyper can be told to buffer for the head of a request, in bytes.
const LEAST_HEADER_BYTES: usize = 8 << 10;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Serves HTTP and hands over what becomes a WebSocket. Cheap to clone.
#[derive(Clone)]
pub struct HttpSurface {
    inner: Arc<Inner>,
}

struct Inner {
    router: Router,
    header_timeout: std::time::Duration,
    header_bytes: usize,
    config: Config,
    threads: Option<Threads>,
    handler: Box<dyn Fn(Duplex) -> BoxFuture<()> + Send + Sync>,
}

/// How an [`HttpSurface`] is to be made.
pub struct HttpSurfaceBuilder {
    limits: Limits,
    rules: Rules,
    stopping: CancellationToken,
    routes: Router,
    threads: Option<Threads>,
    refusals: Arc<Refusals>,
    handler: Box<dyn Fn(Duplex) -> BoxFuture<()> + Send + Sync>,
}

impl HttpSurfaceBuilder {
    /// Which hosts are served and which origins may connect. Without this: loopback, and no origin.
    #[must_use]
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Cancelled when the daemon begins to stop: from then on `/readyz` is 503 and nothing is upgraded.
    #[must_use]
    pub fn stopping(mut self, stopping: CancellationToken) -> Self {
        self.stopping = stopping;
        self
    }

    /// The threads that serve the connections of [`HttpSurface::serve`]. Without this they are tasks of the runtime that
    /// calls it.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Further routes. Host and origin are checked before them, and they find a [`Peer`] among the extensions of a
    /// request.
    ///
    /// # Panics
    /// Where a path is served already.
    #[must_use]
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Where what is turned away is counted.
    #[must_use]
    pub fn refusals(mut self, refusals: Arc<Refusals>) -> Self {
        self.refusals = refusals;
        self
    }

    /// The surface.
    #[must_use]
    pub fn build(self) -> HttpSurface {
        let config = Config::server(&self.limits);
        HttpSurface {
            inner: Arc::new(Inner {
                router: routes::router(self.rules, self.stopping, self.refusals, self.routes),
                header_timeout: self.limits.header_timeout,
                header_bytes: self.limits.header_bytes.max(LEAST_HEADER_BYTES),
                config,
                threads: self.threads,
                handler: self.handler,
            }),
        }
    }
}

impl HttpSurface {
    /// A surface that hands each WebSocket to `handler`. What `handler` returns is run in the connection's task, and
    /// the connection is over when it is ready.
    pub fn builder<F, Fut>(limits: &Limits, handler: F) -> HttpSurfaceBuilder
    where
        F: Fn(Duplex) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        HttpSurfaceBuilder {
            limits: limits.clone(),
            rules: Rules::default(),
            stopping: CancellationToken::new(),
            routes: Router::new(),
            threads: None,
            refusals: Arc::default(),
            handler: Box::new(move |duplex| Box::pin(handler(duplex))),
        }
    }

    /// Accepts until `shutdown` is cancelled, stops listening then, and is ready when the last connection is over.
    /// Dropping the future ends all of its connections at once, so a deadline around it is a deadline for them.
    ///
    /// # Errors
    /// The listener is broken. Connections that are open are served to their end first.
    pub async fn serve<L: Listener>(
        &self,
        mut acceptor: Acceptor<L>,
        shutdown: CancellationToken,
    ) -> io::Result<()> {
        let mut connections = JoinSet::new();
        let ended = loop {
            select! {
                biased;
                () = shutdown.cancelled() => break Ok(()),
                Some(ended) = connections.join_next() => after(ended, &mut connections),
                accepted = acceptor.accept() => match accepted {
                    Ok(accepted) => self.start::<L>(accepted, shutdown.clone(), &mut connections),
                    Err(error) => {
                        error!(listener = acceptor.listener().name(), %error, "the listener is broken");
                        break Err(error);
                    }
                },
            }
        };
        drop(acceptor);
        while let Some(ended) = connections.join_next().await {
            after(ended, &mut connections);
        }
        ended
    }

    /// Serves one connection in a task, on one of the threads where there are any.
    fn start<L: Listener>(
        &self,
        accepted: Accepted<L::Io>,
        shutdown: CancellationToken,
        connections: &mut JoinSet<Option<Visit>>,
    ) {
        let surface = self.clone();
        let Accepted { io, peer, permit } = accepted;
        let Some(place) = self.inner.threads.as_ref().and_then(Threads::place) else {
            connections.spawn(async move {
                surface.serve_connection(io, peer, shutdown).await;
                drop(permit);
                None
            });
            return;
        };
        let moves = Moves::default();
        let io = Roaming::new(io, L::move_out, moves.clone());
        let serving = async move {
            surface.serve_connection(io, peer, shutdown).await;
            drop(permit);
        };
        go_on(Visit::new(serving, place, moves), connections);
    }

    /// Serves one connection to its end. When `shutdown` is cancelled, a connection that speaks HTTP ends after the
    /// request it is at; one that was upgraded is the handler's.
    pub async fn serve_connection<IO: Stream>(
        &self,
        io: IO,
        peer: Peer,
        shutdown: CancellationToken,
    ) {
        // Boxed, so that a connection does not keep the room of this once it is upgraded.
        let upgraded = Box::pin(self.speak_http(io, peer.clone(), shutdown)).await;
        if let Some((io, early)) = upgraded {
            let (sink, source) = over(io, early, &self.inner.config).await;
            (self.inner.handler)(Duplex { sink, source, peer }).await;
        }
    }

    /// The socket and what was read beyond the handshake, when the connection was upgraded.
    async fn speak_http<IO: Stream>(
        &self,
        io: IO,
        peer: Peer,
        shutdown: CancellationToken,
    ) -> Option<(IO, Bytes)> {
        let upgrade = Upgrade::default();
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            request.extensions_mut().insert(upgrade.clone());
            let mut router = self.inner.router.clone();
            async move {
                Ok::<_, Infallible>(
                    router
                        .call(request)
                        .await
                        .unwrap_or_else(|never| match never {}),
                )
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.inner.header_timeout)
            .max_buf_size(self.inner.header_bytes)
            .serve_connection(TokioIo::new(io), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let served = select! {
            served = connection.as_mut() => served,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            debug!(%peer, %error, "a connection ended while it spoke HTTP");
            return None;
        }
        let io = upgrade.take()?.await.ok()?;
        let parts = io.downcast::<TokioIo<IO>>().ok()?;
        Some((parts.io.into_inner(), parts.read_buf))
    }
}

/// Whether host and origin say enough about who connects: on a Unix socket only the origin says anything.
fn host_matters(peer: &Peer) -> bool {
    matches!(peer.address, PeerAddress::Tcp(_))
}

/// A task of a connection has ended: the connection is over, or goes on elsewhere.
fn after(ended: Result<Option<Visit>, JoinError>, connections: &mut JoinSet<Option<Visit>>) {
    match ended {
        Ok(Some(visit)) => go_on(visit, connections),
        Err(error) if error.is_panic() => error!(%error, "a connection panicked"),
        Ok(None) | Err(_) => {}
    }
}

/// Runs a connection where its place is.
fn go_on(visit: Visit, connections: &mut JoinSet<Option<Visit>>) {
    if let Some(runtime) = visit.runtime().cloned() {
        connections.spawn_on(visit, &runtime);
    }
}

impl fmt::Debug for HttpSurface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSurface").finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpSurfaceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSurfaceBuilder")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
