use std::fmt;

use car_state::sink::BoxSink;

use crate::peer::Peer;
use crate::source::BoxSource;

/// One connection: its two halves, which may live in different tasks, and who is at the other end.
///
/// Dropping both halves closes the transport at once. To close with a reason, write [`Frame::Close`], call
/// `poll_close`, and read the source to its end with [`drain`]; otherwise bytes that nobody read make the system
/// reset the connection, and the peer may never see the reason.
///
/// [`Frame::Close`]: crate::Frame::Close
/// [`drain`]: crate::source::drain
pub struct Duplex {
    /// Writes; one task owns it.
    pub sink: BoxSink,
    /// Reads; one task owns it.
    pub source: BoxSource,
    /// The other end.
    pub peer: Peer,
}

impl fmt::Debug for Duplex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Duplex")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}
