//! Dialling a daemon.

mod target;
mod upgrade;

use std::io;
use std::time::Duration;

use http::StatusCode;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::duplex::Duplex;
use crate::limits::Limits;
use crate::peer::Peer;
use crate::websocket::Config;

pub use self::target::{InvalidTarget, Target};
pub use self::upgrade::upgrade;

/// How to dial.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// From the first packet to the end of the handshake.
    pub deadline: Duration,
    /// Sizes of the connection.
    pub config: Config,
}

impl Default for Options {
    /// 5 seconds, and the sizes of [`Limits::default`].
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            config: Config::client(&Limits::default()),
        }
    }
}

impl Options {
    /// The same with another deadline.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

/// Why there is no connection.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nobody listens there, or the system refuses.
    #[error("cannot connect to {target}: {source}")]
    Unreachable {
        /// The address.
        target: Target,
        /// Why.
        source: io::Error,
    },
    /// It took too long.
    #[error("{target} did not answer within {} ms", after.as_millis())]
    Deadline {
        /// The address.
        target: Target,
        /// How long was waited.
        after: Duration,
    },
    /// The answer was another than 101.
    #[error("the connection was refused with {status}{}", reason(said))]
    Refused {
        /// The answer.
        status: StatusCode,
        /// The beginning of its body.
        said: String,
    },
    /// What answers is no WebSocket server.
    #[error("what answers there is not a WebSocket server: {0}")]
    NotWebSocket(String),
    /// The connection failed during the handshake.
    #[error("the connection failed during the handshake: {0}")]
    Io(#[from] io::Error),
}

fn reason(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

/// Dials and upgrades.
///
/// # Errors
/// [`ConnectError`].
pub async fn connect(target: &Target, options: &Options) -> Result<Duplex, ConnectError> {
    let dialled = timeout(options.deadline, dial(target, options)).await;
    dialled.unwrap_or_else(|_| {
        Err(ConnectError::Deadline {
            target: target.clone(),
            after: options.deadline,
        })
    })
}

async fn dial(target: &Target, options: &Options) -> Result<Duplex, ConnectError> {
    let unreachable = |source| ConnectError::Unreachable {
        target: target.clone(),
        source,
    };
    match target {
        Target::Tcp { host, port, path } => {
            let io = TcpStream::connect((host.as_str(), *port))
                .await
                .map_err(unreachable)?;
            io.set_nodelay(true)?;
            let peer = Peer::tcp(io.peer_addr()?);
            let host = if host.contains(':') {
                format!("[{host}]:{port}")
            } else {
                format!("{host}:{port}")
            };
            let (sink, source) = upgrade(io, &host, path, &options.config).await?;
            Ok(Duplex { sink, source, peer })
        }
        #[cfg(unix)]
        Target::Unix { path } => {
            let io = tokio::net::UnixStream::connect(path)
                .await
                .map_err(unreachable)?;
            let credentials = io.peer_cred()?;
            let peer = Peer::unix(credentials.uid(), credentials.gid(), credentials.pid());
            let (sink, source) = upgrade(io, "localhost", "/", &options.config).await?;
            Ok(Duplex { sink, source, peer })
        }
    }
}
