//! Byte streams that go from one runtime to another.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::accept::MoveIn;

/// Tells a [`Roaming`] stream that its task has moved.
#[derive(Clone, Debug, Default)]
pub struct Moves(Arc<AtomicU32>);

impl Moves {
    /// From the next look on, the stream belongs to the runtime that looks.
    pub fn moved(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }
}

/// A byte stream that follows its task: a runtime watches only the sockets that were registered with it, so a stream
/// whose task has moved is registered anew by whoever looks at it next.
pub struct Roaming<IO> {
    /// None when the system did not let it move: it is closed then.
    io: Option<IO>,
    move_out: fn(IO) -> io::Result<MoveIn<IO>>,
    moves: Moves,
    /// The moves that it has followed.
    followed: u32,
}

impl<IO> Roaming<IO> {
    /// A stream that is registered where it was made, and leaves there with `move_out`.
    #[must_use]
    pub fn new(io: IO, move_out: fn(IO) -> io::Result<MoveIn<IO>>, moves: Moves) -> Self {
        Self {
            io: Some(io),
            move_out,
            followed: moves.count(),
            moves,
        }
    }

    /// The stream, registered here.
    fn here(&mut self) -> io::Result<Pin<&mut IO>>
    where
        IO: Unpin,
    {
        let moves = self.moves.count();
        if moves != self.followed {
            self.followed = moves;
            if let Some(io) = self.io.take() {
                self.io = Some((self.move_out)(io)?()?);
            }
        }
        match &mut self.io {
            Some(io) => Ok(Pin::new(io)),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Roaming<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.here()?.poll_read(cx, buf)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Roaming<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.here()?.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.here()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.here()?.poll_shutdown(cx)
    }
}

impl<IO: fmt::Debug> fmt::Debug for Roaming<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roaming")
            .field("io", &self.io)
            .field("followed", &self.followed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::runtime::{Builder, Runtime};

    use super::*;
    use crate::accept::Listener as _;
    use crate::tcp::TcpEndpoint;

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    /// The far end, and the near end registered with `first`.
    async fn pair(moves: &Moves) -> (TcpStream, Roaming<TcpStream>) {
        let endpoint = TcpEndpoint::bind_loopback(0).await.unwrap();
        let far = TcpStream::connect(endpoint.address()).await.unwrap();
        let (near, _) = std::future::poll_fn(|cx| endpoint.poll_accept(cx))
            .await
            .unwrap();
        (
            far,
            Roaming::new(near, TcpEndpoint::move_out, moves.clone()),
        )
    }

    #[test]
    fn a_stream_is_served_by_the_runtime_that_its_task_has_moved_to() {
        let moves = Moves::default();
        let first = runtime();
        let (mut far, mut near) = first.block_on(pair(&moves));
        let byte = first.block_on(async {
            far.write_all(b"1").await.unwrap();
            near.read_u8().await.unwrap()
        });
        assert_eq!(byte, b'1');
        moves.moved();
        // Nobody runs the first runtime while the second one waits: it alone can wake the read.
        let served = thread::spawn(move || {
            runtime().block_on(async {
                let byte = near.read_u8().await.unwrap();
                near.write_u8(byte + 1).await.unwrap();
                near
            })
        });
        far.try_write(b"2").unwrap();
        let near = served.join().unwrap();
        assert_eq!(first.block_on(far.read_u8()).unwrap(), b'3');
        drop(near);
    }

    #[test]
    fn what_was_not_read_before_the_move_is_read_after_it() {
        let moves = Moves::default();
        let first = runtime();
        let (far, mut near) = first.block_on(async {
            let (mut far, near) = pair(&moves).await;
            far.write_all(b"waiting").await.unwrap();
            (far, near)
        });
        moves.moved();
        let read = runtime().block_on(async {
            let mut text = [0; 7];
            near.read_exact(&mut text).await.unwrap();
            text
        });
        assert_eq!(&read, b"waiting");
        drop(far);
    }
}
