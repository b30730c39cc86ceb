use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::config::{Config, Role};
use super::tracker::Tracker;

/// The byte stream below the library, which it watches for two things that the library does not tell.
///
/// One is the longest message: the library knows one for the life of a connection, but before authentication it is a
/// shorter one. The other is whether the library holds anything that it has read and not delivered.
pub(crate) struct Meter<IO> {
    /// None in a meter that only stands in for another.
    io: Option<IO>,
    /// None at the client's end, where neither is asked for, and when the rest is thrown away.
    tracker: Option<Tracker>,
    max_message: usize,
    /// Was read from the stream and is not given to the library yet.
    held: Bytes,
    /// What the library did not write and the stream takes before what it writes next.
    ahead: Ahead,
    /// Bytes that the stream has taken.
    taken: u64,
}

/// Frames that go past the library.
enum Ahead {
    /// Of this connection alone.
    Packed(BytesMut),
    /// The same bytes for many.
    Shared(Bytes),
}

impl Ahead {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Packed(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Self::Packed(bytes) => bytes.advance(count),
            Self::Shared(bytes) => bytes.advance(count),
        }
    }
}

/// The error of a read when the next message is too long.
#[derive(Debug)]
pub(crate) struct Exceeded;

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message is too long")
    }
}

impl std::error::Error for Exceeded {}

impl<IO> Meter<IO> {
    /// A meter that gives `early` before what the stream gives.
    pub(crate) fn new(io: IO, early: Bytes, config: &Config) -> Self {
        Self {
            io: Some(io),
            tracker: (config.role == Role::Server).then(Tracker::default),
            max_message: config.max_message,
            // A copy, since a slice keeps the buffer of whoever read it.
            held: Bytes::copy_from_slice(&early),
            ahead: Ahead::Packed(BytesMut::new()),
            taken: 0,
        }
    }

    /// A meter over nothing, to be swapped with another.
    pub(super) fn hollow() -> Self {
        Self {
            io: None,
            tracker: None,
            max_message: 0,
            held: Bytes::new(),
            ahead: Ahead::Packed(BytesMut::new()),
            taken: 0,
        }
    }

    /// Bytes that the stream has taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    pub(super) fn max_message(&self) -> usize {
        self.max_message
    }

    pub(super) fn set_max_message(&mut self, bytes: usize) {
        self.max_message = bytes;
    }

    /// Whether all that was given to the library makes up so many messages and control frames, and nothing more.
    pub(super) fn gave_exactly(&self, messages: u64) -> bool {
        let tracker = self.tracker.as_ref();
        tracker
            .is_some_and(|tracker| tracker.is_between_messages() && tracker.messages() == messages)
    }

    /// From here on bytes are only thrown away.
    pub(super) fn stop(&mut self) {
        self.tracker = None;
        self.held = Bytes::new();
    }

    /// How many bytes it has to write that are not the library's.
    pub(super) fn ahead(&self) -> usize {
        self.ahead.bytes().len()
    }

    /// Where frames are put that the stream is to take before what the library writes next, of which there may be nothing
    /// yet; none while it has bytes that are not this connection's own.
    pub(super) fn packed(&mut self) -> Option<&mut BytesMut> {
        match &mut self.ahead {
            Ahead::Packed(packed) => Some(packed),
            Ahead::Shared(_) => None,
        }
    }

    /// The same with bytes that others send as well, which must not wait behind any others of that kind.
    pub(super) fn go_ahead(&mut self, shared: Bytes) {
        match &mut self.ahead {
            Ahead::Packed(packed) if !packed.is_empty() => packed.extend_from_slice(&shared),
            ahead => {
                debug_assert!(ahead.bytes().is_empty(), "it holds no more than one piece");
                *ahead = Ahead::Shared(shared);
            }
        }
    }

    fn io(&mut self) -> io::Result<&mut IO> {
        self.io
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Meter<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        if this.held.is_empty() {
            match Pin::new(this.io()?).poll_read(cx, buf) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
        } else {
            let count = this.held.len().min(buf.remaining());
            buf.put_slice(&this.held[..count]);
            this.held.advance(count);
            if this.held.is_empty() {
                this.held = Bytes::new();
            }
        }
        let Some(tracker) = &mut this.tracker else {
            return Poll::Ready(Ok(()));
        };
        let new = &buf.filled()[before..];
        if let Err(fits) = tracker.advance(new, this.max_message) {
            // What comes before is given first: answering it may raise the limit.
            let rest = &new[fits..];
            this.held = [rest, &this.held].concat().into();
            if fits == 0 {
                buf.set_filled(before);
                return Poll::Ready(Err(io::Error::other(Exceeded)));
            }
            buf.set_filled(before + fits);
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> Meter<IO> {
    /// Writes what goes ahead.
    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ahead() == 0 {
            return Poll::Ready(Ok(()));
        }
        let io = self.io.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        loop {
            let left = self.ahead.bytes();
            if left.is_empty() {
                break;
            }
            match ready!(Pin::new(&mut *io).poll_write(cx, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => {
                    self.taken += count as u64;
                    self.ahead.advance(count);
                }
            }
        }
        self.ahead = Ahead::Packed(BytesMut::new());
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Meter<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_ahead(cx))?;
        let written = Pin::new(self.io()?).poll_write(cx, buf);
        if let Poll::Ready(Ok(count)) = written {
            self.taken += count as u64;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_ahead(cx))?;
        Pin::new(self.io()?).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_ahead(cx))?;
        Pin::new(self.io()?).poll_shutdown(cx)
    }
}
