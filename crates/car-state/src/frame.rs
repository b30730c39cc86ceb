//! What travels on a connection, whatever the transport.

mod burst;

use bytes::Bytes;
pub use bytestring::ByteString;

pub use self::burst::Burst;

/// One message of a connection. Text and data are shared, not copied, when cloned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Frame {
    /// A text message.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
    /// Asks the peer for a [`Frame::Pong`] with the same payload, of at most 125 bytes.
    Ping(Bytes),
    /// Answers a ping.
    Pong(Bytes),
    /// The last frame of a side.
    Close(Option<CloseReason>),
}

impl Frame {
    /// Bytes of payload.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes.len(),
            Self::Close(reason) => reason.as_ref().map_or(0, |reason| 2 + reason.text.len()),
        }
    }

    /// Whether there is no payload.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why a connection closes (RFC 6455, section 7.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CloseReason {
    /// One of [`close`], or the peer's.
    pub code: u16,
    /// At most 123 bytes.
    pub text: ByteString,
}

impl CloseReason {
    /// A reason; a text beyond 123 bytes is cut at a character.
    #[must_use]
    pub fn new(code: u16, text: &str) -> Self {
        let mut end = text.len().min(123);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            code,
            text: ByteString::from(&text[..end]),
        }
    }
}

/// Close codes of RFC 6455, section 7.4.1, that are sent here.
pub mod close {
    /// The purpose is fulfilled.
    pub const NORMAL: u16 = 1000;
    /// The daemon shuts down.
    pub const GOING_AWAY: u16 = 1001;
    /// The frame breaks the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// A kind of data that is not taken.
    pub const UNSUPPORTED: u16 = 1003;
    /// The text is not UTF-8.
    pub const INVALID_DATA: u16 = 1007;
    /// A rule of the daemon: authentication, a stuck socket.
    pub const POLICY: u16 = 1008;
    /// The message is too big.
    pub const TOO_BIG: u16 = 1009;
    /// A fault of the daemon.
    pub const INTERNAL: u16 = 1011;
    /// The daemon has too many connections.
    pub const TRY_AGAIN: u16 = 1013;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_text_is_cut_at_a_character() {
        let reason = CloseReason::new(close::NORMAL, &"é".repeat(100));
        assert_eq!(reason.text.len(), 122);
    }
}
