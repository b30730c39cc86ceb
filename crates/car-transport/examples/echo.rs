//! Echoes what WebSocket clients say, on TCP and on a Unix socket.
//!
//! `cargo run -p car-transport --example echo`, then connect any WebSocket client to the printed address.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program talks to who started it"
)]

use std::convert::Infallible;
use std::future::poll_fn;

use car_transport::accept::{Accepted, Acceptor, Listener, Permits};
use car_transport::handshake::{self, Rules};
use car_transport::tcp::TcpEndpoint;
use car_transport::websocket::{Config, Stream, over};
use car_transport::{BoxSink, CloseReason, Duplex, Frame, Limits, SinkError, source};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let limits = Limits::default();
    let permits = Permits::new(limits.connections);
    let tcp = TcpEndpoint::bind_loopback(0).await?;
    println!("ws://{}", tcp.address());
    let on_tcp = accept(
        Acceptor::new(tcp, permits.clone()),
        &limits,
        Rules::default(),
    );

    #[cfg(unix)]
    {
        let socket = std::env::temp_dir().join(format!("car-echo-{}", std::process::id()));
        let uds = car_transport::uds::UdsEndpoint::bind(socket.join("echo.sock")).await?;
        println!("unix:{}", uds.path().display());
        let on_uds = accept(Acceptor::new(uds, permits), &limits, Rules::any_host());
        tokio::select! {
            ended = on_tcp => ended?,
            ended = on_uds => ended?,
            interrupted = tokio::signal::ctrl_c() => interrupted?,
        }
        std::fs::remove_dir(socket)?;
    }
    #[cfg(not(unix))]
    on_tcp.await?;
    Ok(())
}

async fn accept<L: Listener>(
    mut acceptor: Acceptor<L>,
    limits: &Limits,
    rules: Rules,
) -> anyhow::Result<()> {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = acceptor.accept().await?;
        connections.spawn(serve(accepted, limits.clone(), rules.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// Speaks HTTP until the connection is upgraded, and echoes then.
async fn serve<IO: Stream>(accepted: Accepted<IO>, limits: Limits, rules: Rules) {
    let (upgrade, upgraded) = tokio::sync::oneshot::channel();
    let upgrade = std::sync::Mutex::new(Some(upgrade));
    let service = service_fn(|mut request: Request<Incoming>| {
        let on_upgrade = hyper::upgrade::on(&mut request);
        let response = match handshake::accept(&request.into_parts().0, &rules) {
            Ok(accept) => {
                if let Some(upgrade) = upgrade.lock().ok().and_then(|mut upgrade| upgrade.take()) {
                    let _ = upgrade.send(on_upgrade);
                }
                accept.response()
            }
            Err(rejection) => {
                let mut response = Response::new(rejection.to_string());
                *response.status_mut() = rejection.status();
                response.headers_mut().extend(rejection.headers());
                response
            }
        };
        async { Ok::<_, Infallible>(response) }
    });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .serve_connection(TokioIo::new(accepted.io), service)
        .with_upgrades();
    if http.await.is_err() {
        return;
    }
    let Ok(on_upgrade) = upgraded.await else {
        return;
    };
    let Some(parts) = on_upgrade
        .await
        .ok()
        .and_then(|io| io.downcast::<TokioIo<IO>>().ok())
    else {
        return;
    };
    let config = Config::server(&limits).with_max_message(limits.message_bytes);
    let (sink, source) = over(parts.io.into_inner(), parts.read_buf, &config).await;
    let duplex = Duplex {
        sink,
        source,
        peer: accepted.peer,
    };
    let name = duplex.peer.to_string();
    if let Err(error) = echo(duplex, &limits).await {
        eprintln!("{name}: {error}");
    }
}

async fn echo(mut duplex: Duplex, limits: &Limits) -> Result<(), SinkError> {
    let mut reason = None;
    while let Some(next) = source::next(&mut duplex.source).await {
        match next {
            Ok(Frame::Ping(payload)) => send(&mut duplex.sink, Frame::Pong(payload)).await?,
            Ok(Frame::Pong(_)) => {}
            Ok(Frame::Close(theirs)) => {
                reason = theirs.map(|theirs| CloseReason::new(theirs.code, ""));
                break;
            }
            Ok(frame) => send(&mut duplex.sink, frame).await?,
            Err(error) => {
                reason = error.close_reason();
                break;
            }
        }
    }
    send(&mut duplex.sink, Frame::Close(reason)).await?;
    poll_fn(|cx| duplex.sink.as_mut().poll_close(cx)).await?;
    source::drain(&mut duplex.source, limits.close_deadline).await;
    Ok(())
}

async fn send(sink: &mut BoxSink, frame: Frame) -> Result<(), SinkError> {
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await?;
    sink.as_mut().start_send(frame)?;
    poll_fn(|cx| sink.as_mut().poll_flush(cx)).await
}
