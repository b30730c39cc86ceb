//! What one client does to others, and what a full stream does to what cannot wait.

use std::future::poll_fn;
use std::num::NonZeroU32;
use std::time::Duration;

use car_state::approval::ApprovalGate;
use car_state::frame::Frame;
use car_state::quota::{Class, IdentityLimits};
use car_state::server::ServerStateConfig;
use car_tests::proposal::{call, proposal, with};
use car_tests::{TestClient, TestDaemon, Wanted, settle};
use car_transport::Duplex;
use car_transport::source::next;
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::task::coop::unconstrained;

/// Frames of one connection that are read before others have their turn.
const TURN: usize = 96;
/// How many events may be written before what cannot wait: what the transport holds and one turn of the stream.
const AHEAD: usize = 8;

async fn send(duplex: &mut Duplex, frame: Frame) {
    let sink = &mut duplex.sink;
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
    sink.as_mut().start_send(frame).unwrap();
    poll_fn(|cx| sink.as_mut().poll_flush(cx)).await.unwrap();
}

fn request(id: usize, method: &str, params: Value) -> Frame {
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    Frame::Text(message.to_string().into())
}

#[tokio::test(start_paused = true)]
async fn a_flood_on_one_connection_delays_another_by_a_few_turns_only() {
    const FLOOD: usize = 20_000;
    let daemon = TestDaemon::start();
    let mut polite = daemon.client("polite");
    polite.call("state.keys", Value::Null).await;
    let mut flood = daemon.client_behind("flood", 2 * FLOOD).into_duplex();
    unconstrained(async {
        for id in 0..FLOOD {
            send(&mut flood, request(id, "state.keys", Value::Null)).await;
        }
    })
    .await;
    // In a task of its own, which has its turns like the connections; a test's own future has fewer.
    let mut clients = JoinSet::new();
    clients.spawn(async move {
        for turns in 1..=20 {
            polite.call("state.keys", Value::Null).await;
            let mut served = 0;
            while let Some(Some(Ok(_))) = unconstrained(next(&mut flood.source)).now_or_never() {
                served += 1;
            }
            assert!(
                served > 0 && served <= 4 * TURN,
                "{served} were served before call {turns}"
            );
        }
        polite.finish().await;
    });
    clients.join_next().await.unwrap().unwrap();
    daemon.assert_empty().await;
}

fn gated() -> TestDaemon {
    TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table(),
        ..Wanted::default()
    })
}

/// Publishes so much that a subscriber which does not read has all but the first of it before it.
async fn saturate(alice: &mut TestClient) {
    alice.off_the_record();
    let heavy = json!({ "payload": "x".repeat(50_000) });
    for _ in 0..60 {
        alice.call("host.notify", heavy.clone()).await;
    }
}

/// How many events come before a frame that is none.
async fn events_before(duplex: &mut Duplex, wanted: impl Fn(&Frame) -> bool) -> usize {
    let mut before = 0;
    loop {
        let frame = next(&mut duplex.source).await.unwrap().unwrap();
        if wanted(&frame) {
            return before;
        }
        assert!(
            matches!(&frame, Frame::Text(text) if text.contains("host.event")),
            "{frame:?}"
        );
        before += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_and_a_ping_pass_a_stream_that_is_full() {
    let daemon = gated();
    let mut alice = daemon.client("alice");
    let mut harry = daemon.client_behind("harry", 1);
    harry.call("host.subscribe", Value::Null).await;
    let parked = alice.request("state.clear", Value::Null).await;
    let asked = harry.expect("host.event").await;
    saturate(&mut alice).await;
    let mut harry = harry.into_duplex();
    let decision = json!({
        "approval_id": asked["params"]["payload"]["id"],
        "resolution": "approve",
    });
    send(&mut harry, Frame::Ping("now".into())).await;
    send(
        &mut harry,
        request(1_000, "host.resolve_approval", decision),
    )
    .await;
    // The call goes on at once: nothing of it waits for the stream.
    assert!(alice.answer_to(parked).await["result"].is_object());
    let pong = |frame: &Frame| matches!(frame, Frame::Pong(payload) if payload == "now");
    let before = events_before(&mut harry, pong).await;
    let answer = |frame: &Frame| matches!(frame, Frame::Text(text) if text.contains("\"id\":1000"));
    let between = events_before(&mut harry, answer).await;
    assert!(
        before + between <= AHEAD,
        "{before} events came before the pong, {between} more before the answer"
    );
    // All of the stream comes after it.
    let last = |frame: &Frame| matches!(frame, Frame::Text(text) if text.contains("\"seq\":62"));
    assert_eq!(before + between + events_before(&mut harry, last).await, 60);
    drop(harry);
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_cancel_passes_a_stream_that_is_full() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let mut carol = daemon.client_behind("carol", 1);
    carol.call("host.subscribe", Value::Null).await;
    carol
        .call("tools.register", json!([{ "name": "slow" }]))
        .await;
    let slow = with(call("a", "slow"), json!({ "timeout_ms": 1_000 }));
    carol.request("proposal.submit", proposal([slow])).await;
    carol.expect("tools.execute").await;
    saturate(&mut alice).await;
    // The tool is late while the stream is full.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut carol = carol.into_duplex();
    let cancel =
        |frame: &Frame| matches!(frame, Frame::Text(text) if text.contains("tools.cancel"));
    let before = events_before(&mut carol, cancel).await;
    assert!(before <= AHEAD, "{before} events came before the cancel");
    drop(carol);
    alice.finish().await;
    daemon.assert_empty().await;
}

/// A daemon whose clients may take so much, and everybody else what is usual.
fn limited(state: fn(ServerStateConfig) -> ServerStateConfig) -> TestDaemon {
    TestDaemon::with(Wanted {
        auth: true,
        state,
        ..Wanted::default()
    })
}

fn for_clients(config: ServerStateConfig, limits: IdentityLimits) -> ServerStateConfig {
    config.with_identity_limits(|class| match class {
        Class::Client => limits,
        _ => IdentityLimits::default(),
    })
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_asks_too_often_is_told_when_to_ask_again() {
    let daemon = limited(|config| {
        let rate = NonZeroU32::new(2);
        for_clients(
            config,
            IdentityLimits {
                rate,
                ..IdentityLimits::default()
            },
        )
    });
    let mut alice = daemon.authenticated("alice").await;
    let mut bob = daemon.authenticated("bob").await;
    let mut harry = daemon.host("harry").await;
    alice.call("state.keys", Value::Null).await;
    bob.call("state.keys", Value::Null).await;
    // Both are one identity.
    let refused = alice.refusal("state.keys", Value::Null).await;
    assert_eq!(refused["data"]["kind"], "rate_limited");
    bob.refusal("tools.register", json!([{ "name": "ls" }]))
        .await;
    // What wants no answer is dropped.
    alice.notify("state.set", json!({ "key": "k" })).await;
    harry.call("state.keys", Value::Null).await;
    let accounts = daemon.server.state().quotas();
    let counted = |class: Class| {
        let mut accounts = accounts.all();
        let account = accounts.find(|account| account.class() == class).unwrap();
        account.refused().map(|(_, times)| times).sum::<u64>()
    };
    assert_eq!((counted(Class::Client), counted(Class::Host)), (3, 0));
    let wait = refused["data"]["retry_after_ms"].as_u64().unwrap();
    alice.silent_for(Duration::from_millis(wait)).await;
    assert_eq!(alice.call("state.keys", Value::Null).await, json!([]));
    for client in [alice, bob, harry] {
        client.finish().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_identity_has_so_many_calls_under_way_and_the_rest_of_its_calls_go_on() {
    let daemon = limited(|config| {
        for_clients(
            config,
            IdentityLimits {
                calls: 1,
                ..IdentityLimits::default()
            },
        )
    });
    let mut alice = daemon.authenticated("alice").await;
    let mut bob = daemon.authenticated("bob").await;
    alice
        .call("tools.register", json!([{ "name": "ls" }]))
        .await;
    let submit = proposal([call("a", "ls")]);
    let running = alice.request("proposal.submit", submit.clone()).await;
    let asked = alice.expect("tools.execute").await;
    let refused = bob.refusal("proposal.submit", submit.clone()).await;
    assert_eq!(refused["data"]["kind"], "overloaded");
    bob.call("state.keys", Value::Null).await;
    alice.answer(&asked, json!({ "output": "" })).await;
    alice.answer_to(running).await;
    bob.call("proposal.submit", submit).await;
    alice.finish().await;
    bob.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_identity_has_so_many_connections_and_sessions() {
    let daemon = limited(|config| {
        config.with_identity_limits(|class| {
            let usual = IdentityLimits::default();
            match class {
                Class::Client => IdentityLimits {
                    sessions: 1,
                    ..usual
                },
                Class::Host => IdentityLimits {
                    connections: 1,
                    ..usual
                },
                Class::Agent => IdentityLimits::default(),
                Class::Anonymous => IdentityLimits {
                    connections: 2,
                    ..usual
                },
            }
        })
    });
    let alice = daemon.authenticated("alice").await;
    let harry = daemon.host("harry").await;
    // Who is known does not take the places of those who are not.
    let mut bob = daemon.client("bob");
    let token = json!({ "token": daemon.token() });
    let refused = bob.refusal("session.auth", token.clone()).await;
    assert_eq!(refused["data"]["kind"], "overloaded");
    let mut hanna = daemon.client("hanna");
    hanna
        .refusal("session.auth", json!({ "host_token": daemon.host_token() }))
        .await;
    let mut eve = daemon.client("eve");
    eve.expect("session.closing").await;
    assert_eq!(eve.closed().await, Some(1013));
    alice.finish().await;
    settle().await;
    bob.call("session.auth", token).await;
    // The place that Bob has left is free.
    let mut eve = daemon.client("eve");
    eve.call("server.handshake", json!({ "protocol_version": 3 }))
        .await;
    for client in [bob, hanna, harry, eve] {
        client.finish().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_identity_is_fed_so_many_streams() {
    let daemon = limited(|config| {
        for_clients(
            config,
            IdentityLimits {
                subscriptions: 2,
                ..IdentityLimits::default()
            },
        )
    });
    let mut alice = daemon.authenticated("alice").await;
    let mut bob = daemon.authenticated("bob").await;
    let both = json!({ "streams": ["host", "session"] });
    alice.call("events.subscribe", both.clone()).await;
    let refused = bob.refusal("events.subscribe", both.clone()).await;
    assert_eq!(refused["data"]["kind"], "overloaded");
    alice
        .call("events.unsubscribe", json!({ "streams": ["session"] }))
        .await;
    bob.call("events.subscribe", json!({ "streams": ["host"] }))
        .await;
    // What comes back when a connection is cut can be had again.
    alice.cut();
    settle().await;
    bob.call("events.subscribe", json!({ "streams": ["session"] }))
        .await;
    bob.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_identity_has_so_many_questions_pending_and_a_host_asks_all_the_same() {
    let daemon = TestDaemon::with(Wanted {
        auth: true,
        gate: ApprovalGate::from_table(),
        state: |config| {
            for_clients(
                config,
                IdentityLimits {
                    approvals: 2,
                    ..IdentityLimits::default()
                },
            )
        },
        ..Wanted::default()
    });
    let mut alice = daemon.authenticated("alice").await;
    let mut bob = daemon.authenticated("bob").await;
    let mut harry = daemon.host("harry").await;
    let question = json!({ "action": "may I?" });
    let asked = alice.call("host.request_approval", question.clone()).await;
    let parked = alice.request("state.clear", json!({})).await;
    settle().await;
    // Both are one identity, and a call is a question like any other.
    let refused = bob.refusal("host.request_approval", question.clone()).await;
    assert_eq!(refused["data"]["kind"], "overloaded");
    let refused = bob.refusal("state.clear", json!({})).await;
    assert_eq!(refused["data"]["limit"], 2);
    let theirs = harry.request("state.clear", json!({})).await;
    settle().await;
    // What is over leaves room.
    let yes = json!({ "approval_id": asked["id"], "decision": "approve" });
    alice.call("approvals.decide", yes).await;
    bob.call("host.request_approval", question).await;
    for (client, call) in [(&mut alice, parked), (&mut harry, theirs)] {
        let answer = client.answer_to(call).await;
        assert_eq!(answer["error"]["data"]["reason"], "nobody_reached");
    }
    for client in [alice, bob, harry] {
        client.finish().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}
