//! What was turned away before it was a connection.

use car_state::traffic::Tally;
use car_transport::handshake::Rejection;

/// Why a request was turned away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refused {
    /// The host is not one of ours.
    Host,
    /// The page may not connect.
    Origin,
    /// It is no handshake of a WebSocket.
    Handshake,
    /// The daemon stops.
    Stopping,
    /// The token is missing or wrong.
    Credential,
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Host => Self::Host,
            Rejection::Origin => Self::Origin,
            _ => Self::Handshake,
        }
    }
}

/// How many requests were turned away, by reason. Shared by all surfaces of a daemon.
#[derive(Debug, Default)]
pub struct Refusals([Tally; REASONS.len()]);

/// In the order of [`Refused`].
const REASONS: [&str; 5] = ["host", "origin", "handshake", "stopping", "credential"];

impl Refusals {
    pub(crate) fn one(&self, why: impl Into<Refused>) {
        if let Some(tally) = self.0.get(why.into() as usize) {
            tally.one();
        }
    }

    /// Every reason and how often it was one.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        REASONS.into_iter().zip(self.0.iter().map(Tally::get))
    }
}
