//! The HTTP surface on real sockets.
#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, and so may what it calls"
)]

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use car_server::http::{HttpSurface, HttpSurfaceBuilder};
use car_transport::accept::{Acceptor, Permits};
use car_transport::connect::{ConnectError, Options, Target, connect};
use car_transport::handshake::Rules;
use car_transport::tcp::TcpEndpoint;
use car_transport::{BoxSink, Duplex, Frame, Limits, source};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

async fn send(sink: &mut BoxSink, frame: Frame) {
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
    sink.as_mut().start_send(frame).unwrap();
    poll_fn(|cx| sink.as_mut().poll_flush(cx)).await.unwrap();
}

async fn read(source: &mut car_transport::BoxSource) -> Frame {
    source::next(source).await.unwrap().unwrap()
}

/// Answers every text with who said it.
async fn name_the_peer(mut duplex: Duplex) {
    while let Some(Ok(Frame::Text(text))) = source::next(&mut duplex.source).await {
        let said = format!("{} said {text}", duplex.peer);
        send(&mut duplex.sink, Frame::Text(said.into())).await;
    }
}

struct Running {
    address: SocketAddr,
    stopping: CancellationToken,
    shutdown: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

impl Running {
    async fn start(
        permits: usize,
        change: impl FnOnce(HttpSurfaceBuilder) -> HttpSurfaceBuilder,
    ) -> Self {
        let limits =
            Limits::default().with(|limits| limits.header_timeout = Duration::from_millis(200));
        let endpoint = TcpEndpoint::bind_loopback(0).await.unwrap();
        let (stopping, shutdown) = (CancellationToken::new(), CancellationToken::new());
        let builder = HttpSurface::builder(&limits, name_the_peer).stopping(stopping.clone());
        let surface = change(builder).build();
        let address = endpoint.address();
        let acceptor = Acceptor::new(endpoint, Permits::new(permits));
        let token = shutdown.clone();
        #[expect(clippy::disallowed_methods, reason = "the test owns the surface")]
        let served = tokio::spawn(async move { surface.serve(acceptor, token).await });
        Self {
            address,
            stopping,
            shutdown,
            served,
        }
    }

    async fn plain() -> Self {
        Self::start(16, |builder| builder).await
    }

    fn target(&self) -> Target {
        Target::loopback(self.address.port())
    }

    async fn websocket(&self) -> Duplex {
        connect(&self.target(), &Options::default()).await.unwrap()
    }

    /// The answer to a request whose head is `line` and `headers`; the connection is closed after it.
    async fn ask(&self, line: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request =
            format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

#[tokio::test]
async fn a_websocket_is_served_at_both_paths_with_its_peer() {
    let running = Running::plain().await;
    for path in ["/", "/ws", "/?a=b"] {
        let target: Target = format!("ws://{}{path}", running.address).parse().unwrap();
        let mut duplex = connect(&target, &Options::default()).await.unwrap();
        send(&mut duplex.sink, Frame::Text("hello".into())).await;
        let Frame::Text(said) = read(&mut duplex.source).await else {
            panic!("no text")
        };
        assert!(
            said.starts_with("tcp 127.0.0.1:") && said.ends_with(" said hello"),
            "{said}"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_websocket_is_served_on_a_unix_socket_whatever_the_host() {
    let root = tempfile::tempdir().unwrap();
    let endpoint = car_transport::uds::UdsEndpoint::bind(root.path().join("car.sock"))
        .await
        .unwrap();
    let path = endpoint.path().to_path_buf();
    let surface = HttpSurface::builder(&Limits::default(), name_the_peer).build();
    let shutdown = CancellationToken::new();
    let serve = surface.serve(Acceptor::new(endpoint, Permits::new(4)), shutdown.clone());
    let client = async {
        let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
        let config = Options::default().config;
        let (mut sink, mut source) =
            car_transport::connect::upgrade(stream, "any.example", "/", &config)
                .await
                .unwrap();
        send(&mut sink, Frame::Text("hello".into())).await;
        let Frame::Text(said) = read(&mut source).await else {
            panic!("no text")
        };
        assert!(said.starts_with("unix uid "), "{said}");
        drop((sink, source));
        shutdown.cancel();
    };
    let (served, ()) = tokio::join!(serve, client);
    served.unwrap();
    assert!(!path.exists(), "the socket goes with the listener");
}

#[tokio::test]
async fn health_and_readiness_are_told_to_anybody() {
    let running = Running::plain().await;
    for path in ["/healthz", "/readyz"] {
        let answer = running
            .ask(&format!("GET {path}"), "Origin: http://evil.example\r\n")
            .await;
        assert_eq!(status(&answer), "200", "{answer}");
    }
}

#[tokio::test]
async fn while_it_stops_it_is_alive_but_not_ready_and_upgrades_nothing() {
    let running = Running::plain().await;
    running.stopping.cancel();
    assert_eq!(status(&running.ask("GET /healthz", "").await), "200");
    assert_eq!(status(&running.ask("GET /readyz", "").await), "503");
    let refused = connect(&running.target(), &Options::default())
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the connection was refused with 503 Service Unavailable: the daemon is shutting down"
    );
}

#[tokio::test]
async fn what_is_not_served_is_told_as_http_has_it() {
    let running = Running::plain().await;
    let cases = [
        ("GET /nothing", "", "404"),
        ("POST /healthz", "", "405"),
        ("GET /", "", "426"),
        ("POST /", UPGRADE, "405"),
        (
            "GET /",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 7\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "426",
        ),
        (
            "GET /",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n",
            "400",
        ),
    ];
    for (line, headers, expected) in cases {
        let answer = running.ask(line, headers).await;
        assert_eq!(status(&answer), expected, "{line}: {answer}");
    }
    let answer = running.ask("GET /", "").await;
    assert!(answer.contains("sec-websocket-version: 13"), "{answer}");
}

#[tokio::test]
async fn a_foreign_host_or_origin_is_refused_before_anything_else() {
    let extra = axum::Router::new().route("/extra", axum::routing::get(async || "secret"));
    let running = Running::start(16, |builder| {
        let rules = Rules::default()
            .allow_origin("https://friend.example")
            .unwrap();
        builder.rules(rules).routes(extra)
    })
    .await;
    for path in ["/", "/ws", "/extra", "/nothing"] {
        let headers = format!("{UPGRADE}Origin: http://evil.example\r\n");
        assert_eq!(
            status(&running.ask(&format!("GET {path}"), &headers).await),
            "403",
            "{path}"
        );
        let rebound = format!("GET http://evil.example{path}");
        assert_eq!(
            status(&running.ask(&rebound, UPGRADE).await),
            "403",
            "{path}"
        );
    }
    let friend = "Origin: https://friend.example\r\n";
    assert_eq!(status(&running.ask("GET /extra", friend).await), "200");
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let running = Running::plain().await;
    for beginning in ["", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
    }
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let running = Running::plain().await;
    let answer = running
        .ask(
            "GET /healthz",
            &format!("X-Long: {}\r\n", "x".repeat(15_000)),
        )
        .await;
    assert_eq!(status(&answer), "200", "15 kB are fine");
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let long = format!("GET /healthz HTTP/1.1\r\nX-Long: {}", "x".repeat(16 << 10));
    stream.write_all(long.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The rest of the head was not read, so the connection may be reset behind the answer.
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(status(&String::from_utf8_lossy(&answer)), "431");
}

#[tokio::test]
async fn frames_sent_right_behind_the_handshake_are_not_lost() {
    let running = Running::plain().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let mut request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n").into_bytes();
    request.extend_from_slice(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
    stream.write_all(&request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b" said hi") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "it ended");
    }
}

#[tokio::test]
async fn beyond_its_permits_a_client_waits_until_a_connection_ends() {
    let running = Running::start(1, |builder| builder).await;
    let first = running.websocket().await;
    let hurried = Options::default().with_deadline(Duration::from_millis(50));
    let second = connect(&running.target(), &hurried).await;
    assert!(
        matches!(second, Err(ConnectError::Deadline { .. })),
        "{second:?}"
    );
    drop(first);
    running.websocket().await;
}

#[tokio::test]
async fn after_shutdown_nobody_is_accepted_and_open_connections_end_by_themselves() {
    let running = Running::plain().await;
    let mut duplex = running.websocket().await;
    let idle = TcpStream::connect(running.address).await.unwrap();
    running.shutdown.cancel();
    loop {
        match connect(&running.target(), &Options::default()).await {
            Err(ConnectError::Unreachable { .. }) => break,
            // It was in the backlog when the listener went.
            Err(_) => {}
            Ok(_) => tokio::task::yield_now().await,
        }
    }
    send(&mut duplex.sink, Frame::Text("still there".into())).await;
    read(&mut duplex.source).await;
    assert!(!running.served.is_finished());
    drop(duplex);
    running.served.await.unwrap().unwrap();
    drop(idle);
}

#[tokio::test]
async fn dropping_the_surface_ends_its_connections() {
    let running = Running::plain().await;
    let mut duplex = running.websocket().await;
    running.served.abort();
    assert!(source::next(&mut duplex.source).await.unwrap().is_err());
}

#[tokio::test]
async fn a_handler_that_panics_takes_only_its_own_connection_along() {
    let endpoint = TcpEndpoint::bind_loopback(0).await.unwrap();
    let target = Target::loopback(endpoint.address().port());
    let surface = HttpSurface::builder(&Limits::default(), async |mut duplex: Duplex| {
        let frame = source::next(&mut duplex.source).await;
        assert!(
            matches!(frame, Some(Ok(Frame::Binary(_)))),
            "a fault of the handler"
        );
        send(&mut duplex.sink, Frame::Text("fine".into())).await;
    })
    .build();
    let serve = surface.serve(
        Acceptor::new(endpoint, Permits::new(4)),
        CancellationToken::new(),
    );
    let client = async {
        let mut good = connect(&target, &Options::default()).await.unwrap();
        let mut bad = connect(&target, &Options::default()).await.unwrap();
        send(&mut bad.sink, Frame::Text("panic".into())).await;
        assert!(source::next(&mut bad.source).await.unwrap().is_err());
        send(&mut good.sink, Frame::Binary("go".into())).await;
        assert_eq!(read(&mut good.source).await, Frame::Text("fine".into()));
    };
    tokio::select! {
        ended = serve => panic!("{ended:?}"),
        () = client => {}
    }
}
