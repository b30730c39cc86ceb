use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes beyond the payload that a message may cost: headers of its fragments, control frames in between, and what
/// was read of the message that follows.
const OVERHEAD: usize = 64 << 10;

/// A byte stream that stops reading a message which has become too long, whatever the header of its frame promised.
///
/// The library knows one longest message for the life of a connection; before authentication it is a smaller one.
pub(crate) struct Meter<IO> {
    io: IO,
    max_message: usize,
    since_message: usize,
}

/// The error of a read beyond the limit.
#[derive(Debug)]
pub(crate) struct Exceeded;

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message is too long")
    }
}

impl std::error::Error for Exceeded {}

impl<IO> Meter<IO> {
    pub(crate) fn new(io: IO, max_message: usize) -> Self {
        Self { io, max_message, since_message: 0 }
    }

    pub(crate) fn max_message(&self) -> usize {
        self.max_message
    }

    pub(crate) fn set_max_message(&mut self, bytes: usize) {
        self.max_message = bytes;
    }

    /// A message has ended.
    pub(crate) fn reset(&mut self) {
        self.since_message = 0;
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Meter<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.since_message > self.max_message.saturating_add(OVERHEAD) {
            return Poll::Ready(Err(io::Error::other(Exceeded)));
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        self.since_message += buf.filled().len() - before;
        polled
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Meter<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
