//! TCP.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::task::{Context, Poll};

use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};

use crate::accept::{Listener, MoveIn};
use crate::peer::Peer;

/// The port of the daemon unless it is told otherwise.
pub const DEFAULT_PORT: u16 = 9100;

/// A bound TCP port.
#[derive(Debug)]
pub struct TcpEndpoint {
    listener: TcpListener,
    address: SocketAddr,
}

/// Why a port cannot be listened on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TcpError {
    /// Somebody listens there already.
    #[error("{address} is in use by another process")]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// The system refuses.
    #[error("cannot listen on {address}: {source}")]
    Io {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl TcpEndpoint {
    /// Listens on `address`; port 0 lets the system choose one.
    ///
    /// # Errors
    /// [`TcpError`].
    pub async fn bind(address: SocketAddr) -> Result<Self, TcpError> {
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => TcpError::InUse { address },
            _ => TcpError::Io { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// Listens on the loopback address 127.0.0.1, where only this machine reaches it.
    ///
    /// # Errors
    /// [`TcpError`].
    pub async fn bind_loopback(port: u16) -> Result<Self, TcpError> {
        Self::bind((Ipv4Addr::LOCALHOST, port).into()).await
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Listener for TcpEndpoint {
    type Io = TcpStream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Io, Peer)>> {
        self.listener.poll_accept(cx).map_ok(|(stream, address)| {
            // A frame is flushed when it is to go out; waiting for more would only delay it. A socket that refuses
            // this works all the same.
            drop(stream.set_nodelay(true));
            (stream, Peer::tcp(address))
        })
    }

    fn move_out(stream: TcpStream) -> io::Result<MoveIn<TcpStream>> {
        let stream = stream.into_std()?;
        Ok(Box::new(|| TcpStream::from_std(stream)))
    }

    fn name(&self) -> String {
        format!("tcp {}", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_taken_is_refused_by_name() {
        let first = TcpEndpoint::bind_loopback(0).await.unwrap();
        assert!(first.address().ip().is_loopback());
        let second = TcpEndpoint::bind(first.address()).await;
        assert!(
            matches!(second, Err(TcpError::InUse { address }) if address == first.address()),
            "{second:?}"
        );
    }
}
