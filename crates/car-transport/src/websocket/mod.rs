//! The adapter between a WebSocket of `tokio-tungstenite` and the two halves of a connection.
//!
//! The halves share the socket behind a lock that is held for one poll. The daemon polls both in one task, so the lock
//! is never contended; two tasks may poll them as well, since the socket keeps a waker for each direction.
//!
//! The library answers pings and closes by itself, when it is read from next. They are surfaced all the same, as signs of
//! life and of the end; a pong that is sent in answer is therefore dropped here.

mod config;
mod meter;
mod sink;
mod source;

use std::sync::Arc;

use bytes::Bytes;
use car_state::sink::BoxSink;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{self, WebSocketConfig};

pub use self::config::{Config, Role};
pub(crate) use self::meter::Meter;
pub use self::sink::Sink;
pub use self::source::Source;
use crate::source::BoxSource;

/// A byte stream that can carry a WebSocket.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for IO {}

/// The socket that both halves use.
type Socket<IO> = Arc<Mutex<WebSocketStream<Meter<IO>>>>;

/// Both halves over a stream whose handshake is done. `early` is what the peer sent right behind its handshake.
pub async fn over<IO: Stream>(io: IO, early: Bytes, config: &Config) -> (BoxSink, BoxSource) {
    let role = match config.role {
        Role::Server => protocol::Role::Server,
        Role::Client => protocol::Role::Client,
    };
    let meter = Meter::new(io, config.max_message);
    let sizes = Some(config.sizes());
    let socket = WebSocketStream::from_partially_read(meter, early.into(), role, sizes).await;
    halves(socket, config)
}

pub(crate) fn halves<IO: Stream>(socket: WebSocketStream<Meter<IO>>, config: &Config) -> (BoxSink, BoxSource) {
    let socket = Arc::new(Mutex::new(socket));
    (Box::pin(Sink::new(Arc::clone(&socket))), Box::pin(Source::new(socket, config)))
}

impl Config {
    pub(crate) fn sizes(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(self.read_buffer)
            .write_buffer_size(self.write_threshold)
            // What waits to be written is bounded by the outbox; one frame beyond the threshold is.
            .max_write_buffer_size(usize::MAX)
            .max_message_size(Some(self.longest_message))
            .max_frame_size(Some(self.longest_message))
    }
}
