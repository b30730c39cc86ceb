use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use car_state::frame::{Burst, ByteString};
use futures_util::{FutureExt as _, Sink as _};
use parking_lot::{Mutex, MutexGuard};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::burst::{encode, put};
use super::{Config, Meter, Role, Stream};

/// Messages and batches up to this length leave buffers behind that are small enough to stay, in bytes.
const LIGHT: usize = 8 << 10;

/// The socket that both halves use.
pub(super) struct Wire<IO>(Arc<Mutex<Shared<IO>>>);

pub(super) struct Shared<IO> {
    pub(super) socket: WebSocketStream<Meter<IO>>,
    config: Config,
    /// Messages and control frames that the library has delivered.
    delivered: u64,
    /// Bytes of frames that were started since the last flush.
    started: usize,
    /// Whether the library has nothing left to write, its own answers included.
    flushed: bool,
    /// Whether something has passed that made the library's buffers long.
    heavy: bool,
    /// Whether the connection is about to end; from then on the library knows more than a new socket would.
    ending: bool,
}

impl<IO> Clone for Wire<IO> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<IO> Wire<IO> {
    pub(super) fn new(socket: WebSocketStream<Meter<IO>>, config: &Config) -> Self {
        Self(Arc::new(Mutex::new(Shared {
            socket,
            config: *config,
            delivered: 0,
            started: 0,
            flushed: true,
            heavy: false,
            ending: false,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shared<IO>> {
        self.0.lock()
    }
}

impl<IO: Stream> Shared<IO> {
    /// The library delivered this.
    pub(super) fn note_delivered(&mut self, message: &Message) {
        self.delivered += 1;
        self.heavy |= message.len() > LIGHT;
        // It will answer a ping, and maybe cannot at once.
        self.flushed &= !message.is_ping();
        self.ending |= message.is_close();
    }

    /// A close frame was started, or the library failed.
    pub(super) fn note_ending(&mut self) {
        self.ending = true;
    }

    /// The library was given so many bytes to write.
    pub(super) fn note_started(&mut self, bytes: usize) {
        self.started += bytes;
        self.heavy |= self.started > LIGHT;
        self.flushed = false;
    }

    /// The library has written all it had.
    pub(super) fn note_flushed(&mut self) {
        self.started = 0;
        self.flushed = true;
    }

    /// Whether frames may go past the library now: it has nothing that would have to be written before them, and this is
    /// the end whose frames have no mask. Waits until the stream has taken those before, where they are many.
    pub(super) fn poll_goes_past(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        if self.config.role != Role::Server || self.ending || !self.flushed {
            return Poll::Ready(Ok(false));
        }
        let meter = self.socket.get_mut();
        let has_room = meter.ahead() < self.config.write_threshold && meter.packed().is_some();
        if !has_room {
            // Through the library, which knows whom to wake.
            ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        }
        Poll::Ready(Ok(true))
    }

    /// Sends a burst, past the library. The next flush hands it over.
    pub(super) fn start_burst(&mut self, burst: &Burst) {
        let bytes = burst.encoded(encode).clone();
        self.socket.get_mut().go_ahead(bytes);
    }

    /// Sends a text, past the library, with those that were sent in this way before it.
    pub(super) fn start_text(&mut self, text: &ByteString) {
        if let Some(packed) = self.socket.get_mut().packed() {
            put(packed, text);
        }
    }

    /// Gives long buffers back if the connection is at rest: nothing is half read, undelivered or unwritten. Says
    /// whether it did.
    ///
    /// The library has no way to shrink them, but without anything in them a socket is as good as a new one. A task that
    /// waits on the old one is still woken: what the stream will wake is the old one's, and lives as long as the wait.
    pub(super) fn lighten(&mut self) -> bool {
        if !self.heavy
            || self.ending
            || !self.flushed
            || self.socket.get_ref().ahead() > 0
            || !self.socket.get_ref().gave_exactly(self.delivered)
        {
            return false;
        }
        let sizes = Some(self.config.sizes());
        let role = self.config.role.into();
        let fresh = WebSocketStream::from_raw_socket(Meter::hollow(), role, sizes).now_or_never();
        let Some(mut fresh) = fresh else {
            return false;
        };
        std::mem::swap(self.socket.get_mut(), fresh.get_mut());
        self.socket = fresh;
        self.heavy = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use bytes::Bytes;
    use futures_util::{Sink as _, SinkExt as _, StreamExt as _};
    use tokio::io::duplex;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;
    use crate::Limits;

    type Peer = WebSocketStream<tokio::io::DuplexStream>;

    async fn connected() -> (Wire<tokio::io::DuplexStream>, Peer) {
        let (near, far) = duplex(1 << 20);
        let config = Config::server(&Limits::default()).with_max_message(1 << 20);
        let meter = Meter::new(near, Bytes::new(), &config);
        let socket =
            WebSocketStream::from_raw_socket(meter, Role::Server, Some(config.sizes())).await;
        let peer = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
        (Wire::new(socket, &config), peer)
    }

    async fn receive(wire: &Wire<tokio::io::DuplexStream>) -> Message {
        let mut wire = wire.lock();
        let message = wire.socket.next().now_or_never().unwrap().unwrap().unwrap();
        wire.note_delivered(&message);
        message
    }

    #[tokio::test]
    async fn after_a_short_message_nothing_is_given_back() {
        let (wire, mut peer) = connected().await;
        peer.send(Message::text("short")).await.unwrap();
        receive(&wire).await;
        assert!(!wire.lock().lighten());
    }

    #[tokio::test]
    async fn after_a_long_message_buffers_are_given_back_once() {
        let (wire, mut peer) = connected().await;
        peer.send(Message::binary(vec![1; 100_000])).await.unwrap();
        receive(&wire).await;
        assert!(wire.lock().lighten());
        assert!(!wire.lock().lighten());
        peer.send(Message::text("goes on")).await.unwrap();
        assert_eq!(receive(&wire).await, Message::text("goes on"));
    }

    #[tokio::test]
    async fn while_something_was_read_and_not_delivered_nothing_is_given_back() {
        let (wire, mut peer) = connected().await;
        peer.send(Message::binary(vec![1; 9_000])).await.unwrap();
        peer.send(Message::text("was read with it")).await.unwrap();
        receive(&wire).await;
        assert!(!wire.lock().lighten());
        receive(&wire).await;
        assert!(wire.lock().lighten());
    }

    #[tokio::test]
    async fn once_the_peer_closes_nothing_is_given_back() {
        let (wire, mut peer) = connected().await;
        peer.send(Message::binary(vec![1; 100_000])).await.unwrap();
        peer.close(None).await.unwrap();
        receive(&wire).await;
        assert!(receive(&wire).await.is_close());
        wire.lock().note_flushed();
        assert!(!wire.lock().lighten(), "a new socket would close once more");
    }

    #[tokio::test]
    async fn while_something_is_not_written_nothing_is_given_back() {
        let (wire, _peer) = connected().await;
        wire.lock().note_started(9_000);
        Pin::new(&mut wire.lock().socket)
            .start_send(Message::binary(vec![1; 9_000]))
            .unwrap();
        assert!(!wire.lock().lighten());
        let flush = std::future::poll_fn(|cx| Pin::new(&mut wire.lock().socket).poll_flush(cx));
        flush.now_or_never().unwrap().unwrap();
        wire.lock().note_flushed();
        assert!(wire.lock().lighten());
    }
}
