//! `/metrics` on a real socket, read by a parser that forgives nothing.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic, and so may what it calls"
)]

#[path = "metrics/exposition.rs"]
mod exposition;

use std::net::SocketAddr;
use std::sync::Arc;

use car_client::Client;
use car_server::http::HttpSurface;
use car_server::tokens::Tokens;
use car_server::{Auth, Server};
use car_state::server::ServerState;
use car_transport::accept::{Acceptor, Permits};
use car_transport::connect::Target;
use car_transport::tcp::TcpEndpoint;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use self::exposition::Exposition;

struct Running {
    server: Server,
    tokens: Arc<Tokens>,
    address: SocketAddr,
    _served: JoinHandle<std::io::Result<()>>,
    _root: tempfile::TempDir,
}

impl Running {
    async fn start(auth: bool, open: bool) -> Self {
        let tokens = Arc::new(Tokens::generate(true).unwrap());
        let root = tempfile::tempdir().unwrap();
        let state = ServerState::standalone(root.path()).unwrap();
        let door = if auth {
            Auth::tokens(Arc::clone(&tokens))
        } else {
            Auth::disabled()
        };
        let server = Server::builder(state).auth(door).build().unwrap();
        let surface = HttpSurface::builder(server.limits(), {
            let server = server.clone();
            move |duplex| {
                let server = server.clone();
                async move { server.serve_connection(duplex).await }
            }
        });
        let surface = surface
            .refusals(Arc::clone(server.refusals()))
            .routes(server.metrics(open))
            .build();
        let endpoint = TcpEndpoint::bind_loopback(0).await.unwrap();
        let address = endpoint.address();
        let stopping = server.stopping().clone();
        let acceptor = Acceptor::new(endpoint, Permits::new(16));
        #[expect(clippy::disallowed_methods, reason = "the test owns the surface")]
        let served = tokio::spawn(async move { surface.serve(acceptor, stopping).await });
        Self {
            server,
            tokens,
            address,
            _served: served,
            _root: root,
        }
    }

    /// The answer to `GET /metrics`: its head and its body.
    async fn ask(&self, headers: &str) -> (String, String) {
        let host = if headers.contains("Host:") {
            ""
        } else {
            "Host: localhost\r\n"
        };
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET /metrics HTTP/1.1\r\n{host}Connection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), body.to_owned())
    }

    async fn scrape(&self) -> Exposition {
        let token = self.tokens.client().unwrap().expose();
        let (head, body) = self
            .ask(&format!("Authorization: Bearer {token}\r\n"))
            .await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let kind = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert!(head.contains(kind), "{head}");
        Exposition::parse(&body).unwrap_or_else(|why| panic!("{why}\n{body}"))
    }

    async fn client(&self) -> Client {
        let token = self.tokens.client().unwrap().expose();
        let target = Target::loopback(self.address.port());
        Client::builder()
            .token(token)
            .connect(&target)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_token_is_asked_for_where_authentication_is_on() {
    let running = Running::start(true, false).await;
    let (client, host) = (running.tokens.client().unwrap(), running.tokens.host());
    for good in [client, host] {
        let (head, _) = running
            .ask(&format!("Authorization: bearer {}\r\n", good.expose()))
            .await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
    }
    for bad in [
        "",
        "Authorization: Bearer \r\n",
        "Authorization: Basic Zm9v\r\n",
    ] {
        let (head, body) = running.ask(bad).await;
        assert!(head.starts_with("http/1.1 401"), "{head}");
        assert!(head.contains("www-authenticate: bearer"), "{head}");
        assert!(!body.contains("car_"), "{body}");
    }
    let refused = [("reason", "credential")];
    let page = running.scrape().await;
    assert_eq!(page.value("car_http_refused_total", &refused), Some(3.0));
}

#[tokio::test]
async fn an_open_page_and_a_daemon_without_authentication_ask_for_none() {
    for (auth, open) in [(true, true), (false, false)] {
        let running = Running::start(auth, open).await;
        let (head, _) = running.ask("").await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
    }
}

#[tokio::test]
async fn a_foreign_page_is_refused_whatever_it_presents() {
    let running = Running::start(true, true).await;
    let token = running.tokens.host().expose();
    for foreign in ["Origin: https://example.org\r\n", "Host: example.org\r\n"] {
        let headers = format!("{foreign}Authorization: Bearer {token}\r\n");
        let (head, body) = running.ask(&headers).await;
        assert!(head.starts_with("http/1.1 403"), "{head}");
        assert!(!body.contains("car_"), "{body}");
    }
    let page = running.scrape().await;
    for reason in ["host", "origin"] {
        let refused = [("reason", reason)];
        assert_eq!(page.value("car_http_refused_total", &refused), Some(1.0));
    }
}

#[tokio::test]
async fn the_numbers_follow_what_happens() {
    let running = Running::start(true, false).await;
    let before = running.scrape().await;
    assert_eq!(before.value("car_connections", &[]), Some(0.0));
    assert_eq!(before.value("car_requests_total", &[]), None);

    let client = running.client().await;
    for key in ["a", "b", "c"] {
        let params = json!({ "key": key, "value": 1 });
        client.call_raw("state.set", Some(params)).await.unwrap();
    }
    client.call_raw("state.set", None).await.unwrap_err();
    client.call_raw("server.shutdown", None).await.unwrap_err();
    client.call_raw("made.up", None).await.unwrap_err();
    let notice = json!({ "message": "hello" });
    client.call_raw("host.notify", Some(notice)).await.unwrap();

    let page = running.scrape().await;
    let requests = |method, outcome| {
        page.value(
            "car_requests_total",
            &[("method", method), ("outcome", outcome)],
        )
    };
    assert_eq!(requests("state.set", "ok"), Some(3.0));
    assert_eq!(requests("state.set", "refused"), Some(1.0));
    assert_eq!(requests("server.shutdown", "refused"), Some(1.0));
    assert_eq!(requests("unknown", "refused"), Some(1.0));
    assert_eq!(
        requests("made.up", "refused"),
        None,
        "no client names a label"
    );
    for kind in ["invalid_params", "forbidden", "method_not_found"] {
        let errors = page.value("car_request_errors_total", &[("kind", kind)]);
        assert_eq!(errors, Some(1.0), "{kind}");
    }
    assert_eq!(page.value("car_connections", &[]), Some(1.0));
    assert_eq!(page.value("car_sessions", &[]), Some(1.0));
    assert_eq!(page.value("car_connections_opened_total", &[]), Some(1.0));
    assert_eq!(
        page.value("car_events_total", &[("family", "host")]),
        Some(1.0)
    );
    assert_eq!(page.value("car_log_append_seconds_count", &[]), Some(1.0));
    assert_eq!(
        page.value("car_queue_frames", &[("lane", "fast")]),
        Some(0.0)
    );

    client.close().await;
    running.server.stop();
    running.server.stopped().await;
}

#[tokio::test]
async fn keys_and_what_identities_take_are_counted() {
    let running = Running::start(true, false).await;
    let client = running.client().await;
    let mut params = json!({ "key": "n", "value": 1, "idempotency_key": "a" });
    for _ in 0..2 {
        let call = client.call_raw("state.set", Some(params.clone()));
        call.await.unwrap();
    }
    params["value"] = json!(2);
    let call = client.call_raw("state.set", Some(params));
    call.await.unwrap_err();
    let page = running.scrape().await;
    for (name, label, wanted) in [
        ("car_outcome_keys", ("state", "running"), 0.0),
        ("car_outcome_keys", ("state", "ended"), 1.0),
        ("car_outcome_repeats_total", ("how", "kept"), 1.0),
        ("car_outcome_repeats_total", ("how", "joined"), 0.0),
        ("car_outcome_refused_total", ("reason", "conflict"), 1.0),
        ("car_outcome_refused_total", ("reason", "full"), 0.0),
    ] {
        assert_eq!(page.value(name, &[label]), Some(wanted), "{name} {label:?}");
    }
    assert_eq!(page.value("car_outcome_bytes", &[]), Some(4.0));
    for (identity, wanted) in [("client", 1.0), ("host", 0.0), ("anonymous", 0.0)] {
        for resource in ["connections", "sessions"] {
            let labels = [("identity", identity), ("resource", resource)];
            let used = page.value("car_identity_in_use", &labels);
            assert_eq!(used, Some(wanted), "{labels:?}");
        }
    }
    let labels = [("identity", "client"), ("resource", "rate")];
    assert_eq!(page.value("car_identity_refused_total", &labels), Some(0.0));
    client.close().await;
    running.server.stop();
    running.server.stopped().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_is_measured_under_the_names_that_everybody_uses() {
    let running = Running::start(false, false).await;
    let page = running.scrape().await;
    for name in [
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
    ] {
        assert!(page.value(name, &[]) > Some(0.0), "{name}");
    }
    let build = [
        ("version", car_server::VERSION),
        ("os", "linux"),
        ("arch", std::env::consts::ARCH),
    ];
    assert_eq!(page.value("car_build_info", &build), Some(1.0));
}

#[tokio::test]
async fn every_family_is_documented() {
    let running = Running::start(false, false).await;
    let (_, page) = running.ask("").await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
    let documentation = std::fs::read_to_string(path).unwrap();
    let families = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    for family in families {
        let (name, kind) = family.split_once(' ').unwrap();
        let total = if kind == "counter" { "_total" } else { "" };
        let documented = format!("`{name}{total}`");
        assert!(documentation.contains(&documented), "{documented}");
    }
}
