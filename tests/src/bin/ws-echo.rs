//! Echoes WebSocket messages over the daemon's own connection stack, for conformance suites.
//!
//! `ws-echo [SOCKET]` listens on a free port of 127.0.0.1 and, where one is named, on a Unix socket. It prints where,
//! one address on a line, and ends when its standard input does, and so with whoever started it.
#![expect(clippy::print_stdout, reason = "a program talks to who started it")]

use std::future::poll_fn;
use std::path::PathBuf;

use car_server::http::HttpSurface;
use car_transport::accept::{Acceptor, Permits};
use car_transport::tcp::TcpEndpoint;
use car_transport::{BoxSink, CloseReason, Duplex, Frame, Limits, SinkError, source};
use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;

/// Suites send longer messages than the daemon takes.
const MESSAGE_BYTES: usize = 64 << 20;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let limits = Limits::default().with(|limits| {
        limits.message_bytes = MESSAGE_BYTES;
        limits.pre_auth_message_bytes = MESSAGE_BYTES;
    });
    let deadline = limits.close_deadline;
    let surface = HttpSurface::builder(&limits, move |duplex| async move {
        // What the peer did to its connection is in the suite's report.
        let _ = echo(duplex, deadline).await;
    })
    .build();

    let permits = Permits::new(limits.connections);
    let shutdown = CancellationToken::new();
    let tcp = TcpEndpoint::bind_loopback(0).await?;
    println!("ws://{}", tcp.address());
    let on_tcp = surface.serve(Acceptor::new(tcp, permits.clone()), shutdown.clone());
    let on_unix = serve_unix(&surface, permits, shutdown.clone());
    let (mut stdin, mut said) = (tokio::io::stdin(), Vec::new());
    tokio::select! {
        ended = on_tcp => ended?,
        ended = on_unix => ended?,
        _ = stdin.read_to_end(&mut said) => {}
    }
    Ok(())
}

#[cfg(unix)]
async fn serve_unix(
    surface: &HttpSurface,
    permits: Permits,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let Some(path) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return std::future::pending().await;
    };
    let endpoint = car_transport::uds::UdsEndpoint::bind(path).await?;
    println!("unix:{}", endpoint.path().display());
    surface
        .serve(Acceptor::new(endpoint, permits), shutdown)
        .await?;
    Ok(())
}

#[cfg(not(unix))]
async fn serve_unix(_: &HttpSurface, _: Permits, _: CancellationToken) -> anyhow::Result<()> {
    std::future::pending().await
}

async fn echo(mut duplex: Duplex, deadline: std::time::Duration) -> Result<(), SinkError> {
    let mut reason = None;
    while let Some(next) = source::next(&mut duplex.source).await {
        match next {
            Ok(frame @ (Frame::Text(_) | Frame::Binary(_))) => {
                send(&mut duplex.sink, frame).await?
            }
            Ok(Frame::Ping(payload)) => send(&mut duplex.sink, Frame::Pong(payload)).await?,
            Ok(Frame::Pong(_)) => {}
            Ok(Frame::Close(theirs)) => {
                reason = theirs.map(|theirs| CloseReason::new(theirs.code, ""));
                break;
            }
            Err(error) => {
                reason = error.close_reason();
                break;
            }
        }
    }
    send(&mut duplex.sink, Frame::Close(reason)).await?;
    poll_fn(|cx| duplex.sink.as_mut().poll_close(cx)).await?;
    source::drain(&mut duplex.source, deadline).await;
    Ok(())
}

async fn send(sink: &mut BoxSink, frame: Frame) -> Result<(), SinkError> {
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await?;
    sink.as_mut().start_send(frame)?;
    poll_fn(|cx| sink.as_mut().poll_flush(cx)).await
}
