//! What the real program tells whoever watches it: metrics, a snapshot, and traces in its log.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use car_tests::program::Sandbox;
use car_tests::proposal::{call, proposal, with};
use serde_json::{Value, json};

use crate::{complaint, said};

/// The answer to `GET /metrics`.
fn metrics(mut stream: impl Read + Write, token: &str) -> String {
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_are_served_on_the_port_and_on_the_socket() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let token = std::fs::read_to_string(daemon.said("token file").unwrap()).unwrap();
    let answers = [
        metrics(TcpStream::connect(daemon.address()).unwrap(), &token),
        metrics(UnixStream::connect(daemon.socket()).unwrap(), &token),
    ];
    for answer in answers {
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("\ncar_connections 0\n"), "{answer}");
        assert!(answer.ends_with("# EOF\n"), "{answer}");
    }
    let stranger = metrics(TcpStream::connect(daemon.address()).unwrap(), "x");
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
}

#[test]
fn open_metrics_ask_nobody() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--metrics-open"]);
    let answer = metrics(TcpStream::connect(daemon.address()).unwrap(), "");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_snapshot_has_the_configuration_with_its_origins() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-socket", "--gate-timeout", "90s"]);
    let output = sandbox.run(&["call", "--host", "diagnostics.snapshot"]);
    let snapshot: Value = serde_json::from_str(said(&output))
        .unwrap_or_else(|error| panic!("{error}: {}", complaint(&output)));
    let settings = snapshot["settings"].as_array().unwrap();
    let setting = |name: &str| settings.iter().find(|setting| setting["name"] == name);
    assert_eq!(
        setting("gate_timeout"),
        Some(&json!({ "name": "gate_timeout", "value": "90s", "origin": "--gate-timeout" }))
    );
    assert_eq!(setting("drain_time").unwrap()["origin"], "default");
    assert_eq!(
        snapshot["storage"]["path"],
        sandbox.root().to_str().unwrap()
    );
    assert!(snapshot["storage"]["free_bytes"].as_u64() > Some(0));
    assert_eq!(snapshot["connections"][0]["transport"], "tcp");
    assert_eq!(snapshot["notices"], json!([]));
}

#[tokio::test]
async fn the_log_names_the_trace_of_a_call_and_of_its_proposal() {
    let sandbox = Sandbox::new();
    let mut daemon = sandbox.start(&["--no-auth", "--log", "debug", "--log-format", "json"]);
    let mut alice = daemon.client("alice").await;
    alice
        .call("tools.register", json!([{ "name": "build" }]))
        .await;
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let meta = json!({ "_meta": { "traceparent": format!("00-{trace}-{parent}-00") } });
    let params = with(proposal([call("a", "build")]), meta);
    let running = alice.request("proposal.submit", params).await;
    let asked = alice.expect("tools.execute").await;
    let passed = asked["params"]["_meta"]["traceparent"].as_str().unwrap();
    assert!(passed.starts_with(&format!("00-{trace}-")) && passed.ends_with("-00"));
    assert!(
        !passed.contains(parent),
        "the step is the daemon's own: {passed}"
    );
    alice.answer(&asked, Value::Null).await;
    alice.answer_to(running).await;
    let line = daemon.logs("a proposal has ended");
    let logged: Value = serde_json::from_str(&line).unwrap();
    let spans = logged["spans"].as_array().unwrap();
    assert_eq!(spans.len(), 2, "{logged}");
    for (span, name) in spans.iter().zip(["call", "proposal"]) {
        assert_eq!(span["name"], name, "{logged}");
        assert_eq!(span["trace_id"], trace, "{logged}");
    }
    assert_eq!(spans[0]["method"], "proposal.submit");
    alice.finish().await;
}
