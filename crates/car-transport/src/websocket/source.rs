use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use car_state::frame::{ByteString, CloseReason, Frame};
use futures_util::Stream as _;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::meter::Exceeded;
use super::{Stream, Wire};
use crate::source::{SourceError, WsSource};

/// The read half.
pub struct Source<IO> {
    wire: Wire<IO>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Frames come.
    Open,
    /// The end was told; what comes is thrown away.
    Draining,
    /// Nothing comes any more.
    Ended,
}

impl<IO: Stream> Source<IO> {
    pub(super) fn new(wire: Wire<IO>) -> Self {
        Self {
            wire,
            phase: Phase::Open,
        }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, SourceError>>> {
        let mut wire = self.wire.lock();
        let polled = loop {
            match Pin::new(&mut wire.socket).poll_next(cx) {
                Poll::Ready(polled) => break polled,
                // A new socket does not know yet whom to wake.
                Poll::Pending if wire.lighten() => {}
                Poll::Pending => return Poll::Pending,
            }
        };
        let limit = wire.socket.get_ref().max_message();
        Poll::Ready(match polled {
            Some(Ok(Message::Text(text))) if text.len() > limit => {
                Some(Err(SourceError::TooBig { limit }))
            }
            Some(Ok(Message::Binary(bytes))) if bytes.len() > limit => {
                Some(Err(SourceError::TooBig { limit }))
            }
            Some(Ok(message)) => {
                wire.note_delivered(&message);
                frame(message).map(Ok)
            }
            Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) | None => None,
            Some(Err(error)) => {
                wire.note_ending();
                Some(Err(source_error(error, limit)))
            }
        })
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut block = [0; 4 << 10];
        let mut wire = self.wire.lock();
        let meter = wire.socket.get_mut();
        meter.stop();
        loop {
            let mut buf = ReadBuf::new(&mut block);
            match ready!(Pin::new(&mut *meter).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl<IO: Stream> WsSource for Source<IO> {
    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame, SourceError>>> {
        let this = &mut *self;
        if this.phase == Phase::Open {
            let next = ready!(this.poll_frame(cx));
            this.phase = match &next {
                Some(Ok(Frame::Close(_)) | Err(_)) => Phase::Draining,
                Some(Ok(_)) => Phase::Open,
                None => Phase::Ended,
            };
            return Poll::Ready(next);
        }
        if this.phase == Phase::Draining {
            ready!(this.poll_drain(cx));
            this.phase = Phase::Ended;
        }
        Poll::Ready(None)
    }

    fn set_max_message(self: Pin<&mut Self>, bytes: usize) {
        self.wire.lock().socket.get_mut().set_max_message(bytes);
    }
}

fn frame(message: Message) -> Option<Frame> {
    Some(match message {
        // Checked by the library already; once more is cheaper than trusting it without a type that says so.
        Message::Text(text) => Frame::Text(ByteString::try_from(bytes::Bytes::from(text)).ok()?),
        Message::Binary(bytes) => Frame::Binary(bytes),
        Message::Ping(payload) => Frame::Ping(payload),
        Message::Pong(payload) => Frame::Pong(payload),
        Message::Close(reason) => {
            Frame::Close(reason.map(|reason| CloseReason::new(reason.code.into(), &reason.reason)))
        }
        // Only ever given when a single frame is asked for, which nobody does.
        Message::Frame(_) => return None,
    })
}

fn source_error(error: Error, limit: usize) -> SourceError {
    match error {
        Error::Capacity(_) => SourceError::TooBig { limit },
        Error::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<Exceeded>()) => {
            SourceError::TooBig { limit }
        }
        Error::Io(error) => SourceError::Io(error),
        Error::Utf8(_) => SourceError::InvalidUtf8,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => SourceError::Cut,
        other => SourceError::Protocol(other.to_string()),
    }
}

impl<IO> fmt::Debug for Source<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}
