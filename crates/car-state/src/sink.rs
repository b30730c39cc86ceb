//! The write half of a connection, whatever the transport.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use thiserror::Error;

use crate::frame::{Burst, Frame};

/// Writes frames to one connection.
///
/// Object-safe and poll-based, so that one writer task drives any transport. The order of calls is that of a
/// sink: `poll_ready` until ready, then one `start_send`; `poll_flush` hands over what was started; after
/// `poll_close` nothing may be sent. Only the writer task of a [`WsChannel`](crate::channel::WsChannel) calls it.
pub trait WsSink: Send {
    /// Ready when another frame may be started.
    ///
    /// # Errors
    /// The connection is gone.
    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>>;

    /// Takes one frame; it may stay in a buffer until the next flush.
    ///
    /// # Errors
    /// The connection is gone, or the frame can never be sent.
    fn start_send(self: Pin<&mut Self>, frame: Frame) -> Result<(), SinkError>;

    /// Starts all frames of a queue. While this is pending, those that are not started are still in it.
    ///
    /// # Errors
    /// As [`start_send`](Self::start_send).
    fn poll_send_all(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        frames: &mut dyn FrameQueue,
    ) -> Poll<Result<(), SinkError>> {
        while !frames.is_empty() {
            ready!(self.as_mut().poll_ready(cx))?;
            if let Some(frame) = frames.pop() {
                self.as_mut().start_send(frame)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Ready when everything that was started has been handed to the transport.
    ///
    /// # Errors
    /// The connection is gone.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>>;

    /// A number that grows with what the transport has taken, where it knows: it tells a peer that is slow from one that
    /// takes nothing.
    fn taken(&self) -> u64 {
        0
    }

    /// Flushes and closes the write half.
    ///
    /// # Errors
    /// The connection is gone.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>>;
}

/// Frames that wait to be written.
pub trait FrameQueue {
    /// Whether none is left.
    fn is_empty(&self) -> bool;

    /// The next, which counts as written.
    fn pop(&mut self) -> Option<Frame>;

    /// The next ones, which count as written, where they are a burst. Who cannot send one as it is does not ask, and pops
    /// its messages one by one.
    fn pop_burst(&mut self) -> Option<Arc<Burst>> {
        None
    }
}

/// A boxed [`WsSink`], as channels hold it.
pub type BoxSink = Pin<Box<dyn WsSink>>;

/// Why a frame could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The connection is closed.
    #[error("the connection is closed")]
    Closed,
    /// The transport failed.
    #[error("the transport failed: {0}")]
    Io(#[from] io::Error),
    /// The frame breaks a rule of the protocol below.
    #[error("the frame cannot be sent: {0}")]
    Protocol(String),
}
