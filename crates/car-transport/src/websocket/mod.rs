//! WebSocket frames (RFC 6455) over any two halves of a byte stream, after the handshake.
//!
//! The two halves are independent: [`Source`] owns the read half and all that reading needs, [`Sink`] the write half
//! and all that writing needs. Nothing is shared, so there is no lock between the tasks and no waker that wakes
//! both. That is possible because the source answers nothing by itself: pings, closes and violations are surfaced,
//! and whoever reads answers them through the outbox of the connection.
//!
//! Why the frames are read and written here rather than by a `tokio_tungstenite::WebSocketStream`, whose split
//! halves share a lock and wake each other:
//!
//! - A text is checked for UTF-8 once on its way in and never on its way out; through that library's types it would
//!   be checked twice on both ways.
//! - A frame is a slice of the block that it was read into, without a copy, and the block of 4 KiB is used again as
//!   soon as the frames in it are gone. A longer frame gets a buffer of its own, which grows with the bytes that
//!   have come (a header alone reserves nothing) and leaves with the message; that library keeps a buffer of the
//!   size of the longest message for the life of the connection.
//! - A long frame that is written is not copied, and no long write buffer stays.

mod config;
mod header;
mod mask;
mod sink;
mod source;

use bytes::Bytes;
use car_state::sink::BoxSink;
use tokio::io::{AsyncRead, AsyncWrite};

pub use self::config::{Config, Role};
pub use self::sink::Sink;
pub use self::source::Source;
use crate::source::BoxSource;

/// A byte stream that can be taken apart into a half to read and a half to write.
pub trait Split: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The half to read.
    type Read: AsyncRead + Unpin + Send + 'static;
    /// The half to write.
    type Write: AsyncWrite + Unpin + Send + 'static;

    /// Takes it apart.
    fn split(self) -> (Self::Read, Self::Write);
}

impl Split for tokio::net::TcpStream {
    type Read = tokio::net::tcp::OwnedReadHalf;
    type Write = tokio::net::tcp::OwnedWriteHalf;

    fn split(self) -> (Self::Read, Self::Write) {
        self.into_split()
    }
}

#[cfg(unix)]
impl Split for tokio::net::UnixStream {
    type Read = tokio::net::unix::OwnedReadHalf;
    type Write = tokio::net::unix::OwnedWriteHalf;

    fn split(self) -> (Self::Read, Self::Write) {
        self.into_split()
    }
}

impl Split for tokio::io::DuplexStream {
    type Read = tokio::io::ReadHalf<Self>;
    type Write = tokio::io::WriteHalf<Self>;

    fn split(self) -> (Self::Read, Self::Write) {
        tokio::io::split(self)
    }
}

/// Both halves over a stream whose handshake is done. `early` is what the peer sent right behind its handshake.
pub fn over<IO: Split>(io: IO, early: Bytes, config: &Config) -> (BoxSink, BoxSource) {
    let (read, write) = io.split();
    (
        Box::pin(Sink::new(write, config)),
        Box::pin(Source::new(read, early, config)),
    )
}
