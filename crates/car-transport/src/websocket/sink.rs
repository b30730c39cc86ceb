use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use car_state::frame::{CloseReason, Frame};
use car_state::sink::{FrameQueue, SinkError, WsSink};
use futures_util::Sink as _;
use tokio::io::AsyncWrite as _;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::wire::Shared;
use super::{Stream, Wire};

/// The longest payload of a control frame (RFC 6455, section 5.5).
const MAX_CONTROL: usize = 125;

/// The write half. Closing without a [`Frame::Close`] sends one with code 1000.
pub struct Sink<IO> {
    wire: Wire<IO>,
    /// A close frame was started; nothing may follow it.
    closing: bool,
}

impl<IO: Stream> Sink<IO> {
    pub(super) fn new(wire: Wire<IO>) -> Self {
        Self {
            wire,
            closing: false,
        }
    }
}

impl<IO: Stream> WsSink for Sink<IO> {
    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        Pin::new(&mut self.wire.lock().socket)
            .poll_ready(cx)
            .map_err(sink_error)
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<(), SinkError> {
        let this = &mut *self;
        start(&mut this.wire.lock(), &mut this.closing, frame)
    }

    fn poll_send_all(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        frames: &mut dyn FrameQueue,
    ) -> Poll<Result<(), SinkError>> {
        let this = &mut *self;
        let mut wire = this.wire.lock();
        while !frames.is_empty() {
            let past = !this.closing && ready!(wire.poll_goes_past(cx)).map_err(sink_error)?;
            if past && let Some(burst) = frames.pop_burst() {
                wire.start_burst(&burst);
                continue;
            }
            if !past {
                ready!(Pin::new(&mut wire.socket).poll_ready(cx)).map_err(sink_error)?;
            }
            match frames.pop() {
                Some(Frame::Text(text)) if past => wire.start_text(&text),
                Some(frame) => start(&mut wire, &mut this.closing, frame)?,
                None => {}
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let mut wire = self.wire.lock();
        match ready!(Pin::new(&mut wire.socket).poll_flush(cx)) {
            Ok(()) => {
                wire.note_flushed();
                wire.lighten();
                Poll::Ready(Ok(()))
            }
            Err(Error::ConnectionClosed) if self.closing => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(sink_error(error))),
        }
    }

    fn taken(&self) -> u64 {
        self.wire.lock().socket.get_ref().taken()
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if !self.closing {
            ready!(self.as_mut().poll_ready(cx))?;
            self.as_mut()
                .start_send(Frame::Close(Some(CloseReason::new(1000, ""))))?;
        }
        ready!(self.as_mut().poll_flush(cx))?;
        // The write half only: what the peer still sends is read until it ends.
        Pin::new(self.wire.lock().socket.get_mut())
            .poll_shutdown(cx)
            .map_err(SinkError::Io)
    }
}

fn start<IO: Stream>(
    wire: &mut Shared<IO>,
    closing: &mut bool,
    frame: Frame,
) -> Result<(), SinkError> {
    if *closing {
        return Err(SinkError::Closed);
    }
    let message = match frame {
        // The library has answered the ping that this answers.
        Frame::Pong(_) => return Ok(()),
        Frame::Ping(payload) if payload.len() > MAX_CONTROL => {
            return Err(SinkError::Protocol(format!(
                "a ping has at most {MAX_CONTROL} bytes"
            )));
        }
        Frame::Ping(payload) => Message::Ping(payload),
        Frame::Text(text) => Message::Text(utf8(text.into_bytes())?),
        Frame::Binary(bytes) => Message::Binary(bytes),
        Frame::Close(reason) => {
            *closing = true;
            Message::Close(reason.map(close_frame).transpose()?)
        }
    };
    wire.note_started(message.len());
    if *closing {
        wire.note_ending();
    }
    match Pin::new(&mut wire.socket).start_send(message) {
        // The peer closed first, and was answered.
        Err(Error::ConnectionClosed | Error::Protocol(_)) if *closing => Ok(()),
        started => started.map_err(sink_error),
    }
}

fn utf8(bytes: bytes::Bytes) -> Result<Utf8Bytes, SinkError> {
    Utf8Bytes::try_from(bytes).map_err(|error| SinkError::Protocol(error.to_string()))
}

fn close_frame(reason: CloseReason) -> Result<CloseFrame, SinkError> {
    Ok(CloseFrame {
        code: reason.code.into(),
        reason: utf8(reason.text.into_bytes())?,
    })
}

fn sink_error(error: Error) -> SinkError {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => SinkError::Closed,
        Error::Io(error) if error.kind() == io::ErrorKind::NotConnected => SinkError::Closed,
        Error::Io(error) => SinkError::Io(error),
        other => SinkError::Protocol(other.to_string()),
    }
}

impl<IO> fmt::Debug for Sink<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field("closing", &self.closing)
            .finish_non_exhaustive()
    }
}
