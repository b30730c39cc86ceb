use std::fmt;
use std::net::SocketAddr;

/// Who is at the other end. Recorded for the log; nobody is trusted for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Where the connection comes from, which also names the transport.
    pub address: PeerAddress,
}

/// Where a connection comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PeerAddress {
    /// A TCP socket.
    Tcp(SocketAddr),
    /// A Unix socket, with the credentials that the kernel recorded when the connection was made.
    Unix {
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
        /// The process, where the system tells.
        pid: Option<i32>,
    },
    /// This process.
    Memory,
}

impl Peer {
    /// A peer on TCP.
    #[must_use]
    pub const fn tcp(address: SocketAddr) -> Self {
        Self {
            address: PeerAddress::Tcp(address),
        }
    }

    /// A peer on a Unix socket.
    #[must_use]
    pub const fn unix(uid: u32, gid: u32, pid: Option<i32>) -> Self {
        Self {
            address: PeerAddress::Unix { uid, gid, pid },
        }
    }

    /// A peer in this process.
    #[must_use]
    pub const fn memory() -> Self {
        Self {
            address: PeerAddress::Memory,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            PeerAddress::Tcp(address) => write!(f, "tcp {address}"),
            PeerAddress::Unix { uid, pid, .. } => {
                write!(f, "unix uid {uid}")?;
                pid.map_or(Ok(()), |pid| write!(f, " pid {pid}"))
            }
            PeerAddress::Memory => f.write_str("memory"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_reads_well_in_a_log() {
        assert_eq!(
            Peer::tcp(([127, 0, 0, 1], 9100).into()).to_string(),
            "tcp 127.0.0.1:9100"
        );
        assert_eq!(
            Peer::unix(1000, 1000, Some(7)).to_string(),
            "unix uid 1000 pid 7"
        );
        assert_eq!(Peer::unix(1000, 1000, None).to_string(), "unix uid 1000");
        assert_eq!(Peer::memory().to_string(), "memory");
    }
}
