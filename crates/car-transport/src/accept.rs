//! Accepting connections within limits.
//!
//! An [`Acceptor`] takes a permit first and a connection then. Where all permits are out, nothing is accepted: the
//! next clients wait in the listener's backlog, connected as far as they can tell, until a connection ends. Where
//! the process is out of descriptors, accepting pauses for a moment that doubles up to a second, and says so once.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::peer::Peer;
use crate::websocket::Stream;

/// The first pause when the process is out of descriptors; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Takes a connection up in the runtime that calls it.
pub type MoveIn<IO> = Box<dyn FnOnce() -> io::Result<IO> + Send>;

/// Where connections come in.
pub trait Listener: Send + Sync + 'static {
    /// The byte stream of a connection.
    type Io: Stream;

    /// The next connection.
    ///
    /// # Errors
    /// As the system's `accept`.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Io, Peer)>>;

    /// Lets a connection go from this runtime, so that another can take it up.
    ///
    /// # Errors
    /// The system does not let it go. The connection is closed then.
    fn move_out(io: Self::Io) -> io::Result<MoveIn<Self::Io>> {
        Ok(Box::new(|| Ok(io)))
    }

    /// What to call it in the log.
    fn name(&self) -> String;
}

/// How many connections there may be, counted over all listeners that share it.
#[derive(Clone, Debug)]
pub struct Permits {
    free: Arc<Semaphore>,
    limit: usize,
}

/// One connection's place; dropping it makes room.
#[derive(Debug)]
pub struct Permit {
    /// There is one, as the semaphore is never closed.
    _place: Option<OwnedSemaphorePermit>,
}

impl Permits {
    /// So many.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(limit)),
            limit,
        }
    }

    /// How many connections there are.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.limit - self.free.available_permits()
    }

    /// How many there may be.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    async fn take(&self, name: &str) -> Permit {
        let place = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) => {
                tracing::warn!(
                    listener = name,
                    limit = self.limit,
                    "there are as many connections as allowed; further clients wait"
                );
                Arc::clone(&self.free).acquire_owned().await.ok()
            }
        };
        Permit { _place: place }
    }
}

/// A connection that came in.
#[derive(Debug)]
pub struct Accepted<IO> {
    /// The byte stream.
    pub io: IO,
    /// Who is at the other end.
    pub peer: Peer,
    /// To be kept as long as the connection lives.
    pub permit: Permit,
}

/// Accepts from one listener. It owns the listener: dropping it stops listening.
#[derive(Debug)]
pub struct Acceptor<L> {
    listener: L,
    permits: Permits,
    /// The pause that the last failure cost; zero when all is well.
    pause: Duration,
    /// Taken, and waiting for a connection.
    permit: Option<Permit>,
}

impl<L: Listener> Acceptor<L> {
    /// An acceptor that shares `permits` with others.
    pub const fn new(listener: L, permits: Permits) -> Self {
        Self {
            listener,
            permits,
            pause: Duration::ZERO,
            permit: None,
        }
    }

    /// The listener.
    pub const fn listener(&self) -> &L {
        &self.listener
    }

    /// The next connection. Dropping the future loses none.
    ///
    /// # Errors
    /// The listener itself is broken and will accept nothing any more. What concerns a single connection, or passes,
    /// is dealt with here.
    pub async fn accept(&mut self) -> io::Result<Accepted<L::Io>> {
        loop {
            if self.permit.is_none() {
                self.permit = Some(self.permits.take(&self.listener.name()).await);
            }
            match poll_fn(|cx| self.listener.poll_accept(cx)).await {
                Ok((io, peer)) => {
                    if !self.pause.is_zero() {
                        self.pause = Duration::ZERO;
                        tracing::info!(
                            listener = self.listener.name(),
                            "accepting connections again"
                        );
                    }
                    if let Some(permit) = self.permit.take() {
                        return Ok(Accepted { io, peer, permit });
                    }
                }
                Err(error) if concerns_one_connection(&error) => {
                    tracing::debug!(
                        listener = self.listener.name(),
                        %error,
                        "a connection ended before it was accepted"
                    );
                }
                Err(error) if is_no_listener(&error) => return Err(error),
                Err(error) => self.back_off(&error).await,
            }
        }
    }

    async fn back_off(&mut self, error: &io::Error) {
        if self.pause.is_zero() {
            self.pause = FIRST_PAUSE;
            let listener = self.listener.name();
            if is_exhaustion(error) {
                tracing::warn!(
                    listener,
                    %error,
                    connections = self.permits.in_use(),
                    "out of descriptors or memory: clients wait until there are some; raise `ulimit -n` or lower the \
                     limit of connections"
                );
            } else {
                tracing::warn!(listener, %error, "cannot accept connections; trying again");
            }
        } else {
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
        tokio::time::sleep(self.pause).await;
    }
}

/// Linux passes on here what happened to a connection while it was in the backlog. The next one may be well.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::Interrupted
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::TimedOut
    )
}

#[cfg(unix)]
fn is_exhaustion(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| exhausted.contains(&errno))
}

#[cfg(not(unix))]
fn is_exhaustion(error: &io::Error) -> bool {
    // WSAEMFILE and WSAENOBUFS.
    matches!(error.raw_os_error(), Some(10_024 | 10_055))
}

/// The descriptor does not listen (any more); trying again would fail for ever.
#[cfg(unix)]
fn is_no_listener(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let broken = [Errno::BADF, Errno::INVAL, Errno::NOTSOCK];
    Errno::from_io_error(error).is_some_and(|errno| broken.contains(&errno))
}

#[cfg(not(unix))]
fn is_no_listener(error: &io::Error) -> bool {
    // WSAEINVAL and WSAENOTSOCK.
    matches!(error.raw_os_error(), Some(10_022 | 10_038))
}
