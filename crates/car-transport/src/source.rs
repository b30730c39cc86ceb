//! The read half of a connection, whatever the transport.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use car_state::frame::{CloseReason, Frame, close};
use thiserror::Error;

/// Reads frames from one connection.
///
/// Pings and pongs are surfaced as signs of life. The reader answers each [`Frame::Ping`] with a [`Frame::Pong`] through
/// the outbox of the connection, whatever the transport; where a WebSocket has answered by itself already, its sink
/// takes that pong and sends none. Either way a ping is answered while requests run.
///
/// The end has one shape for every transport. A [`Frame::Close`] or an error comes once; what the peer still sends
/// after it is read and thrown away; `None` says that the peer sends nothing more.
pub trait WsSource: Send {
    /// The next frame. Dropping the future that polls loses nothing.
    ///
    /// # Errors
    /// [`SourceError`], once; its [`close_reason`](SourceError::close_reason) says what to tell the peer.
    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame, SourceError>>>;

    /// From the next frame on, a message may have so many bytes. Small before authentication, larger after.
    fn set_max_message(self: Pin<&mut Self>, bytes: usize);
}

/// A boxed [`WsSource`], as the reader of a connection holds it.
pub type BoxSource = Pin<Box<dyn WsSource>>;

/// Why no further frame comes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A message is longer than allowed.
    #[error("a message is longer than {limit} bytes")]
    TooBig {
        /// How many bytes it may have.
        limit: usize,
    },
    /// The bytes break RFC 6455.
    #[error("the peer breaks the WebSocket protocol: {0}")]
    Protocol(String),
    /// A text is not UTF-8.
    #[error("a text message is not UTF-8")]
    InvalidUtf8,
    /// The transport ended without a close frame.
    #[error("the connection was cut off")]
    Cut,
    /// The transport failed.
    #[error("the transport failed: {0}")]
    Io(#[from] io::Error),
}

impl SourceError {
    /// What to tell the peer before closing; nothing where it cannot hear.
    #[must_use]
    pub fn close_reason(&self) -> Option<CloseReason> {
        match self {
            Self::TooBig { .. } => Some(CloseReason::new(close::TOO_BIG, &self.to_string())),
            Self::Protocol(what) => Some(CloseReason::new(close::PROTOCOL, what)),
            Self::InvalidUtf8 => Some(CloseReason::new(
                close::INVALID_DATA,
                "a text message is not UTF-8",
            )),
            Self::Cut | Self::Io(_) => None,
        }
    }
}

/// The next frame, as a future; dropping it loses nothing.
pub async fn next(source: &mut BoxSource) -> Option<Result<Frame, SourceError>> {
    poll_fn(|cx| source.as_mut().poll_next(cx)).await
}

/// Reads a source to its end and throws away what comes, for at most `deadline`; says whether the end was reached.
///
/// To be called after the last frame was written and the sink was closed, so that the peer reads our close frame
/// before the system hears that nobody reads what the peer sends.
pub async fn drain(source: &mut BoxSource, deadline: Duration) -> bool {
    let end = async { while next(source).await.is_some() {} };
    tokio::time::timeout(deadline, end).await.is_ok()
}
