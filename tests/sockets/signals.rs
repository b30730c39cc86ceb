//! How a daemon ends.

use std::os::unix::process::ExitStatusExt as _;

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox};
use car_transport::connect::{Options, Target, connect};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::complaint;

/// A daemon with a tool call under way: the client, the id of its proposal, and the call.
async fn in_the_middle(sandbox: &Sandbox) -> (Program, TestClient, i64, Value) {
    let daemon = sandbox.start(&["--no-auth", "--drain-time", "1h"]);
    let mut client = daemon.client("worker").await;
    client
        .call("tools.register", json!([{ "name": "slow" }]))
        .await;
    let action = json!({ "id": "a1", "type": "tool_call", "tool": "slow", "parameters": {} });
    let proposal = json!({ "proposal": { "id": "p1", "source": "test", "actions": [action] } });
    let id = client.request("proposal.submit", proposal).await;
    let call = client.expect("tools.execute").await;
    (daemon, client, id, call)
}

#[tokio::test]
async fn a_signal_lets_a_tool_call_end() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let sandbox = Sandbox::new();
        let (mut daemon, mut client, id, call) = in_the_middle(&sandbox).await;
        daemon.signal(signal);
        daemon.logs("stopping");
        client.answer(&call, json!("done")).await;
        let answer = client.answer_to(id).await;
        assert_eq!(answer["result"]["results"][0]["output"], "done", "{answer}");
        client.expect("session.closing").await;
        assert_eq!(client.closed().await, Some(1001));
        let (status, _) = daemon.wait();
        assert!(status.success(), "{status}");
    }
}

#[tokio::test]
async fn the_second_signal_ends_at_once() {
    for (second, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let sandbox = Sandbox::new();
        let (mut daemon, client, _, _) = in_the_middle(&sandbox).await;
        daemon.signal(Signal::TERM);
        daemon.logs("stopping");
        daemon.signal(second);
        let (status, _) = daemon.wait();
        assert_eq!(status.code(), Some(code), "{status}");
        assert_eq!(status.signal(), None);
        client.cut();
    }
}

#[tokio::test]
async fn the_drain_ends_when_its_time_is_over() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth", "--drain-time", "10ms"]);
    let mut client = daemon.client("worker").await;
    client
        .call("tools.register", json!([{ "name": "slow" }]))
        .await;
    let action = json!({ "id": "a1", "type": "tool_call", "tool": "slow", "parameters": {} });
    client
        .request(
            "proposal.submit",
            json!({ "proposal": { "id": "p1", "source": "test", "actions": [action] } }),
        )
        .await;
    client.expect("tools.execute").await;
    daemon.signal(Signal::TERM);
    client.expect("session.closing").await;
    client.cut();
    let (status, _) = daemon.wait();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_daemon_that_drains_takes_nobody_in_and_says_so() {
    let sandbox = Sandbox::new();
    let (mut daemon, mut client, id, call) = in_the_middle(&sandbox).await;
    let output = sandbox.run(&["stop", "--timeout", "1ms"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        complaint(&output).contains("has not within 1ms"),
        "{}",
        complaint(&output)
    );
    daemon.logs("asked to shut down");
    let refused = connect(
        &Target::loopback(daemon.address().port()),
        &Options::default(),
    )
    .await;
    assert!(refused.is_err(), "{refused:?}");
    let refusal = client.refusal("state.keys", Value::Null).await;
    assert_eq!(refusal["data"]["kind"], "shutting_down", "{refusal}");

    client.answer(&call, json!("done")).await;
    client.answer_to(id).await;
    client.expect("session.closing").await;
    client.closed().await;
    assert!(daemon.wait().0.success());
}
