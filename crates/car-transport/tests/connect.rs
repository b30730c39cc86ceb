//! Dialling real sockets.
#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, and so may what it calls"
)]

use std::time::Duration;

use car_transport::connect::{ConnectError, Options, Target, connect};
use car_transport::{Frame, source};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

async fn listener() -> (TcpListener, Target) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target::loopback(listener.local_addr().unwrap().port());
    (listener, target)
}

/// Connects to a server that answers every request with `answer`.
async fn answered(answer: &str) -> ConnectError {
    let (listener, target) = listener().await;
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let _ = stream.read(&mut request).await;
    };
    let options = Options::default();
    let (connected, ()) = tokio::join!(connect(&target, &options), serve);
    connected.unwrap_err()
}

#[tokio::test]
async fn another_implementation_accepts_our_handshake_over_tcp() {
    let (listener, target) = listener().await;
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut peer = tokio_tungstenite::accept_async(stream).await.unwrap();
        peer.send(Message::Text("welcome".into())).await.unwrap();
        while let Some(Ok(_)) = peer.next().await {}
    };
    let dial = async {
        let mut duplex = connect(&target, &Options::default()).await.unwrap();
        let frame = source::next(&mut duplex.source).await.unwrap().unwrap();
        assert_eq!(frame, Frame::Text("welcome".into()));
    };
    tokio::join!(serve, dial);
}

#[cfg(unix)]
#[tokio::test]
async fn another_implementation_accepts_our_handshake_over_a_unix_socket() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("car.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut peer = tokio_tungstenite::accept_async(stream).await.unwrap();
        peer.send(Message::Text("welcome".into())).await.unwrap();
        while let Some(Ok(_)) = peer.next().await {}
    };
    let dial = async {
        let mut duplex = connect(&Target::unix(&path), &Options::default())
            .await
            .unwrap();
        let frame = source::next(&mut duplex.source).await.unwrap().unwrap();
        assert_eq!(frame, Frame::Text("welcome".into()));
    };
    tokio::join!(serve, dial);
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason() {
    let error = answered("HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\nnot here").await;
    assert_eq!(
        error.to_string(),
        "the connection was refused with 403 Forbidden: not here"
    );
}

#[tokio::test]
async fn what_is_no_websocket_server_is_told_apart() {
    let answers = [
        "",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
    ];
    for answer in answers {
        let error = answered(answer).await;
        assert!(
            matches!(error, ConnectError::NotWebSocket(_)),
            "{answer}: {error:?}"
        );
    }
}

#[tokio::test]
async fn nobody_there_is_told_with_the_address() {
    let (listener, target) = listener().await;
    drop(listener);
    let error = connect(&target, &Options::default()).await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::Unreachable { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains(&target.to_string()), "{error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_costs_the_deadline_and_no_more() {
    let (listener, target) = listener().await;
    let options = Options::default().with_deadline(Duration::from_millis(50));
    let error = connect(&target, &options).await.unwrap_err();
    assert!(matches!(error, ConnectError::Deadline { .. }), "{error:?}");
    drop(listener);
}
