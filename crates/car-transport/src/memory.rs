//! A connection inside the process.
//!
//! Two [`Duplex`] ends joined by a bounded queue in each direction, with the traits and the end of a socket: a sink
//! that was closed ends the other source after a close frame, a sink that was dropped cuts it off, a source that was
//! dropped refuses the other sink. It has no clock and no descriptor, so a test may pause the time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use car_state::frame::{CloseReason, Frame, close};
use car_state::sink::{SinkError, WsSink};
use tokio::sync::mpsc;
use tokio_util::sync::PollSender;

use crate::duplex::Duplex;
use crate::peer::Peer;
use crate::source::{SourceError, WsSource};

/// How a pair behaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Options {
    /// Frames that wait in one direction before the sink is not ready; at least 1.
    pub frames: usize,
    /// The longest message that either end takes, in bytes. Beyond it the source errs as a socket's.
    pub max_message: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            frames: 16,
            max_message: crate::Limits::default().message_bytes,
        }
    }
}

/// Two ends: what one writes the other reads.
#[must_use]
pub fn pair(options: Options) -> (Duplex, Duplex) {
    let (there, from_here) = mpsc::channel(options.frames.max(1));
    let (here, from_there) = mpsc::channel(options.frames.max(1));
    (
        end(there, from_there, options),
        end(here, from_here, options),
    )
}

fn end(sender: mpsc::Sender<Frame>, receiver: mpsc::Receiver<Frame>, options: Options) -> Duplex {
    Duplex {
        sink: Box::pin(MemorySink {
            sender: PollSender::new(sender),
            closing: false,
        }),
        source: Box::pin(MemorySource {
            receiver,
            max_message: options.max_message,
            told: false,
        }),
        peer: Peer::memory(),
    }
}

struct MemorySink {
    sender: PollSender<Frame>,
    closing: bool,
}

impl WsSink for MemorySink {
    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if self.closing {
            return Poll::Ready(Err(SinkError::Closed));
        }
        self.sender.poll_reserve(cx).map_err(|_| SinkError::Closed)
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<(), SinkError> {
        if self.closing {
            return Err(SinkError::Closed);
        }
        self.closing = matches!(frame, Frame::Close(_));
        self.sender.send_item(frame).map_err(|_| SinkError::Closed)
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if !self.closing {
            ready!(self.as_mut().poll_ready(cx))?;
            let reason = CloseReason::new(close::NORMAL, "");
            self.as_mut().start_send(Frame::Close(Some(reason)))?;
        }
        self.sender.close();
        Poll::Ready(Ok(()))
    }
}

struct MemorySource {
    receiver: mpsc::Receiver<Frame>,
    max_message: usize,
    /// The end was told; what comes is thrown away.
    told: bool,
}

impl WsSource for MemorySource {
    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame, SourceError>>> {
        loop {
            let Some(frame) = ready!(self.receiver.poll_recv(cx)) else {
                let told = std::mem::replace(&mut self.told, true);
                return Poll::Ready((!told).then_some(Err(SourceError::Cut)));
            };
            if self.told {
                continue;
            }
            let limit = self.max_message;
            return Poll::Ready(Some(match frame {
                Frame::Text(_) | Frame::Binary(_) if frame.len() > limit => {
                    self.told = true;
                    Err(SourceError::TooBig { limit })
                }
                frame => {
                    self.told = matches!(frame, Frame::Close(_));
                    Ok(frame)
                }
            }));
        }
    }

    fn set_max_message(mut self: Pin<&mut Self>, bytes: usize) {
        self.max_message = bytes;
    }
}
