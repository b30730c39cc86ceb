use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::tools::ToolDefinition;
use car_state::approval::ApprovalGate;
use car_state::engine::{ToolCall, ToolError, ToolExecutor};
use car_state::frame::{CloseReason, Frame, close};
use car_tests::log::{Asked, FaultyLog};
use car_tests::proposal::{begin_work, call, proposal, statuses};
use car_tests::{TestClient, TestDaemon, Transcript, Wanted, settle};
use car_transport::memory::{self, Options};
use car_transport::source::next;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::Instant;

/// What a client has when it goes.
async fn busy(daemon: &TestDaemon, n: usize) -> TestClient {
    let mut client = daemon.client("client");
    client.off_the_record();
    if n.is_multiple_of(25) {
        client.call("host.subscribe", Value::Null).await;
    }
    if n.is_multiple_of(3) {
        client
            .call("host.register_agent", json!({ "name": "agent" }))
            .await;
    }
    if n.is_multiple_of(5) {
        client
            .call("host.request_approval", json!({ "action": "go" }))
            .await;
    }
    if n.is_multiple_of(7) {
        client.request("state.clear", Value::Null).await;
    }
    if n.is_multiple_of(11) {
        client
            .call("tools.register", json!([{ "name": "work" }]))
            .await;
        client
            .request("proposal.submit", proposal([call("a", "work")]))
            .await;
        client.expect("tools.execute").await;
    }
    client.request("state.keys", Value::Null).await;
    client
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_clients_come_and_go_and_leave_nothing() {
    let daemon = TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table(),
        ..Wanted::default()
    });
    let mut present = VecDeque::new();
    for n in 0..10_000 {
        present.push_back((n, busy(&daemon, n).await));
        if present.len() < 8 {
            continue;
        }
        let (n, client) = present.pop_front().unwrap();
        match n % 4 {
            0 | 2 => client.cut(),
            1 => client.leave().await,
            // Not even the answer that is on its way is waited for.
            _ => drop(client.into_duplex()),
        }
    }
    assert!(daemon.server.state().sessions().len() >= 7);
    present.into_iter().for_each(|(_, client)| client.cut());
    daemon.assert_empty().await;
    // Whoever comes next finds a daemon like a new one.
    let mut alice = daemon.client("alice");
    assert_eq!(alice.call("host.agents", Value::Null).await, json!([]));
    let status = alice.call("server.status", Value::Null).await;
    for (member, count) in [
        ("connections", 1),
        ("sessions", 1),
        ("requests_in_flight", 1),
        ("callbacks_open", 0),
        ("approvals_pending", 0),
        ("host_agents", 0),
        ("streams", 1),
    ] {
        assert_eq!(status[member], count, "{member}");
    }
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_is_answered_and_harms_nobody_else() {
    let daemon = TestDaemon::with(Wanted {
        // A log of an embedding program that panics when a session uses it.
        state: |config| {
            config.with_log(FaultyLog::new(|asked, stream| {
                assert!(asked != Asked::Stats, "the counter is broken");
                assert!(stream.as_str() == "host", "no more paper");
                Ok(())
            }))
        },
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    // One that runs in the read loop, one that runs in a task, and both in a batch.
    alice.refusal("events.count", Value::Null).await;
    alice.refusal("proposal.submit", proposal([])).await;
    let calls = ["events.count", "state.keys", "proposal.submit"].map(|method| {
        json!({ "jsonrpc": "2.0", "id": method, "method": method, "params": { "proposal": { "actions": [] } } })
    });
    alice.exchange(&Value::from_iter(calls).to_string()).await;
    // A notification that panics is not answered either.
    alice.notify("events.count", Value::Null).await;
    alice.call("state.keys", Value::Null).await;
    assert_eq!(daemon.requests(), 0);
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

/// Tools of an embedding program.
struct Embedded;

impl ToolExecutor for Embedded {
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Result<Value, ToolError>> {
        assert!(&*call.tool != "early", "before the first await");
        async move {
            assert!(&*call.tool != "late", "after the first await");
            Ok(json!({ "ran": *call.tool }))
        }
        .boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_panics_fails_its_action_and_nothing_else() {
    let daemon = TestDaemon::with(Wanted {
        state: |config| {
            let tools = ["early", "late", "fine"].map(|name| ToolDefinition {
                name: name.to_owned(),
                ..ToolDefinition::default()
            });
            config.with_tool_executor(tools.into(), Arc::new(Embedded))
        },
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    let actions = ["early", "late", "fine"].map(|tool| {
        car_tests::proposal::with(call(tool, tool), json!({ "failure_behavior": "skip" }))
    });
    let result = alice.call("proposal.submit", proposal(actions)).await;
    assert_eq!(
        statuses(&result),
        json!([
            ["early", "skipped"],
            ["late", "skipped"],
            ["fine", "succeeded"]
        ])
    );
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_for_ninety_seconds_is_closed() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let began = Instant::now();
    alice.silent_for(Duration::from_secs(89)).await;
    assert_eq!(daemon.server.connections(), 1);
    alice.silent_for(Duration::from_millis(1_001)).await;
    assert_eq!(alice.closed().await, Some(close::POLICY));
    assert_eq!(began.elapsed().as_secs(), 90);
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_pings_lives_as_long_as_it_likes() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.nothing_for(Duration::from_secs(86_400)).await;
    alice.call("state.keys", Value::Null).await;
    alice.finish().await;
}

/// Published clients run a tool where they read: they cannot answer a ping meanwhile.
#[tokio::test(start_paused = true)]
async fn a_peer_that_runs_a_tool_may_be_silent() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let (running, asked) = begin_work(&mut alice).await;
    alice.silent_for(Duration::from_secs(280)).await;
    alice.answer(&asked, json!("done")).await;
    alice.answer_to(running).await;
    // With nothing to do it is like any other.
    alice.silent_for(Duration::from_secs(200)).await;
    assert_eq!(alice.closed().await, Some(close::POLICY));
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_for_ten_seconds_is_cut_off() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client_behind("alice", 1);
    for _ in 0..4 {
        alice.request("state.keys", Value::Null).await;
    }
    let session = daemon.only_session();
    alice.silent_for(Duration::from_millis(9_990)).await;
    assert!(session.link().channel().is_some());
    alice.silent_for(Duration::from_millis(20)).await;
    let channel = session.link().channel().unwrap();
    assert!(!channel.is_open(), "nothing more is taken for it");
    // For a moment it may still hear why.
    alice.silent_for(Duration::from_secs(1)).await;
    assert!(session.link().channel().is_none());
    alice.cut();
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_as_the_peer_ends_it() {
    let daemon = TestDaemon::start();
    for (frame, code) in [
        (Frame::Close(None), close::NORMAL),
        (Frame::Close(Some(CloseReason::new(4_001, "mine"))), 4_001),
        (Frame::Binary(b"{}".as_slice().into()), close::UNSUPPORTED),
    ] {
        let mut alice = daemon.client("alice");
        alice.call("state.keys", Value::Null).await;
        alice.send_frame(frame).await;
        assert_eq!(alice.closed().await, Some(code));
    }
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_with_its_payload() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .send_frame(Frame::Ping(b"are you there".as_slice().into()))
        .await;
    let mut duplex = alice.into_duplex();
    let pong = next(&mut duplex.source).await.unwrap().unwrap();
    assert_eq!(pong, Frame::Pong(b"are you there".as_slice().into()));
}

/// An embedding program may drop the future that serves a connection.
#[tokio::test(start_paused = true)]
async fn a_connection_that_is_dropped_ends_with_all_it_had() {
    let daemon = TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table(),
        ..Wanted::default()
    });
    let (ours, theirs) = memory::pair(Options::default());
    let mut alice = TestClient::new("alice", theirs, Transcript::default());
    let serving = daemon.server.serve_connection(ours);
    let conversation = async {
        alice.call("host.subscribe", Value::Null).await;
        alice
            .call("host.register_agent", json!({ "name": "agent" }))
            .await;
        alice
            .call("tools.register", json!([{ "name": "work" }]))
            .await;
        alice
            .request("proposal.submit", proposal([call("a", "work")]))
            .await;
        alice.expect("tools.execute").await;
        alice.request("state.clear", Value::Null).await;
        settle().await;
        assert_eq!(daemon.server.state().host().counts(), (1, 1));
    };
    tokio::select! {
        () = serving => panic!("the connection ended by itself"),
        () = conversation => {}
    }
    let began = Instant::now();
    settle().await;
    daemon.assert_empty().await;
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "nothing was waited for"
    );
    alice.cut();
}
