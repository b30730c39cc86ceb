//! The adapter between a WebSocket of `tokio-tungstenite` and the two halves of a connection.
//!
//! The halves share the socket behind a lock that is held for one poll. The daemon polls both in one task, so the lock
//! is never contended; two tasks may poll them as well, since the socket keeps a waker for each direction.
//!
//! The library answers pings and closes by itself, when it is read from next. They are surfaced all the same, as signs
//! of life and of the end; a pong that is sent in answer is therefore dropped here.
//!
//! What a server sends as text has no mask and goes past the library: the frames of a burst, which many connections are
//! sent alike, are made once for all, those of other texts are put behind each other, and below the library the meter has the
//! stream take them before whatever the library writes next. That is done where the library has nothing that would have to
//! come before.
//!
//! The library keeps its buffers at the size that the longest message made them. Here a connection gives them back when
//! it comes to rest after a long one, so that an idle connection stays small whatever it has carried.

mod burst;
mod config;
mod meter;
mod sink;
mod source;
mod tracker;
mod wire;

use bytes::Bytes;
use car_state::sink::BoxSink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;

pub use self::config::{Config, Role};
pub(crate) use self::meter::Meter;
pub use self::sink::Sink;
pub use self::source::Source;
use self::wire::Wire;
use crate::source::BoxSource;

/// A byte stream that can carry a WebSocket.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for IO {}

/// Both halves over a stream whose handshake is done. `early` is what the peer sent right behind its handshake.
pub async fn over<IO: Stream>(io: IO, early: Bytes, config: &Config) -> (BoxSink, BoxSource) {
    let meter = Meter::new(io, early, config);
    let sizes = Some(config.sizes());
    let socket = WebSocketStream::from_raw_socket(meter, config.role.into(), sizes).await;
    halves(socket, config)
}

pub(crate) fn halves<IO: Stream>(
    socket: WebSocketStream<Meter<IO>>,
    config: &Config,
) -> (BoxSink, BoxSource) {
    let wire = Wire::new(socket, config);
    (
        Box::pin(Sink::new(wire.clone())),
        Box::pin(Source::new(wire)),
    )
}
