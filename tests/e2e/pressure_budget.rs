//! Delivery classes, the memory budget, and readers that do not read.

use std::time::Duration;

use car_state::frame::close;
use car_tests::proposal::{proposal, write};
use car_tests::{TestClient, TestDaemon, Wanted, settle};
use car_transport::Limits;
use serde_json::{Value, json};
use tokio::time::Instant;

const KIB: usize = 1 << 10;

fn with_budget(bytes: usize) -> TestDaemon {
    TestDaemon::with(Wanted {
        limits: Limits::default().with(|limits| limits.memory_budget_bytes = bytes),
        ..Wanted::default()
    })
}

/// A client that asks for long answers and does not read them, until so many bytes wait for it.
async fn hoard(daemon: &TestDaemon, client: &mut TestClient, bytes: usize) {
    let value = json!({ "key": "k", "value": "x".repeat(64 * KIB) });
    client.call("state.set", value).await;
    for _ in 0..bytes / (64 * KIB) {
        client.request("state.get", json!({ "key": "k" })).await;
        settle().await;
    }
    assert!(daemon.server.state().budget().outboxes() >= bytes / 2);
}

#[tokio::test(start_paused = true)]
async fn one_stalled_reader_among_a_hundred_delays_nobody_and_memory_stays_inside_the_budget() {
    const EVENTS: u64 = 300;
    const BUDGET: usize = 2 << 20;
    let daemon = with_budget(BUDGET);
    let budget = daemon.server.state().budget();
    let began = Instant::now();
    let mut readers = Vec::new();
    for n in 0..99 {
        let mut reader = daemon.client(&format!("reader {n}"));
        reader.off_the_record();
        reader.call("host.subscribe", Value::Null).await;
        readers.push(reader);
    }
    let mut stalled = daemon.client_behind("stalled", 1);
    stalled.off_the_record();
    stalled.call("host.subscribe", Value::Null).await;
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    let heavy = json!({ "payload": "x".repeat(16 * KIB) });
    let mut most = 0;
    for seq in 1..=EVENTS {
        alice.call("host.notify", heavy.clone()).await;
        for reader in &mut readers {
            assert_eq!(reader.expect("host.event").await["params"]["seq"], seq);
        }
        most = most.max(budget.held());
    }
    assert_eq!(began.elapsed().as_millis(), 0, "nobody waited for anybody");
    assert!(most <= BUDGET, "{most} bytes were held");
    assert!(budget.paid().evicted.get() > 0);
    // It is told of all that is gone, and reads what is left.
    let (mut next, mut skipped) = (1, 0);
    while next <= EVENTS {
        let told = stalled.next().await;
        let params = &told["params"];
        if told["method"] == "events.lagged" {
            assert_eq!(params["from_seq"], next);
            skipped += params["skipped"].as_u64().unwrap();
            next = params["to_seq"].as_u64().unwrap() + 1;
        } else {
            assert_eq!(params["seq"], next);
            next += 1;
        }
    }
    assert!(skipped > 0);
    for client in readers.into_iter().chain([alice, stalled]) {
        client.finish().await;
    }
    daemon.assert_empty().await;
    settle().await;
    assert_eq!(budget.outboxes(), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_holds_most_is_closed_when_memory_is_short_and_hears_why() {
    let daemon = with_budget(2 << 20);
    let budget = daemon.server.state().budget();
    let mut little = daemon.client_behind("little", 1);
    let mut much = daemon.client_behind("much", 1);
    let mut alice = daemon.client("alice");
    for client in [&mut little, &mut much, &mut alice] {
        client.off_the_record();
    }
    hoard(&daemon, &mut little, 512 * KIB).await;
    hoard(&daemon, &mut much, 1_024 * KIB).await;
    assert_eq!(budget.paid().closed.get(), 0);
    // Somebody else needs the room, who holds next to nothing.
    let heavy = json!({ "payload": "x".repeat(60 * KIB) });
    let mut events = 0;
    while budget.paid().closed.get() == 0 {
        alice.call("host.notify", heavy.clone()).await;
        settle().await;
        events += 1;
        assert!(events < 40, "{} are held", budget.held());
    }
    assert!(budget.held() <= budget.limit());
    // Frames that were on their way, then the reason.
    for _ in 0..64 {
        if daemon.server.connections() == 2 {
            break;
        }
        settle().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    much.cut();
    assert_eq!(daemon.server.connections(), 2, "the others stay");
    for _ in 0..8 {
        little.next().await;
    }
    little.call("state.keys", Value::Null).await;
    alice.finish().await;
    little.finish().await;
    daemon.assert_empty().await;
    settle().await;
    assert_eq!(budget.outboxes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_closed_with_the_reason_and_one_that_is_slow_is_not() {
    let daemon = TestDaemon::start();
    let mut stuck = daemon.client_behind("stuck", 2);
    let mut slow = daemon.client_behind("slow", 1);
    slow.off_the_record();
    stuck
        .call(
            "events.subscribe",
            json!({ "streams": ["host"], "snapshot": false }),
        )
        .await;
    slow.call("host.subscribe", Value::Null).await;
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    for _ in 0..40 {
        alice.call("host.notify", Value::Null).await;
    }
    // A frame every nine seconds is progress, however long it takes.
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_secs(9)).await;
        slow.expect("host.event").await;
        alice.call("state.keys", Value::Null).await;
    }
    assert_eq!(daemon.server.connections(), 2);
    // What the pipe held is still there; the reason came too late for it.
    stuck.expect("host.event").await;
    stuck.expect("host.event").await;
    assert_eq!(stuck.closed().await, None);
    for _ in 20..40 {
        slow.expect("host.event").await;
    }
    alice.finish().await;
    slow.finish().await;
    insta::assert_snapshot!(daemon.transcript());
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_begins_to_read_as_it_is_given_up_hears_why() {
    let daemon = TestDaemon::start();
    let mut stuck = daemon.client_behind("stuck", 1);
    stuck
        .call(
            "events.subscribe",
            json!({ "streams": ["host"], "snapshot": false }),
        )
        .await;
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    for _ in 0..10 {
        alice.call("host.notify", Value::Null).await;
    }
    stuck.silent_for(Duration::from_millis(10_500)).await;
    stuck.expect("host.event").await;
    assert_eq!(stuck.closed().await, Some(close::POLICY));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_screen_that_falls_behind_gets_the_latest_of_each_agent() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    for id in ["ada", "bob"] {
        let agent = json!({ "id": id, "name": id });
        alice.call("host.register_agent", agent).await;
    }
    let mut screen = daemon.client_behind("screen", 1);
    let asked = json!({ "streams": ["host"], "delivery": "coalesce" });
    screen.call("events.subscribe", asked).await;
    let status = |id: &str, task: u64| json!({ "agent_id": id, "status": "running", "current_task": task.to_string() });
    for task in 1..=5 {
        alice.call("host.set_status", status("ada", task)).await;
        alice.call("host.set_status", status("bob", task)).await;
    }
    let approval = json!({ "action": "deploy", "agent_id": "ada" });
    alice.call("host.request_approval", approval).await;
    let (mut seen, mut left_out) = (Vec::new(), 0);
    // Two were registered before, then come ten, the question, and that it waits.
    while seen.len() as u64 + left_out < 12 {
        let told = screen.next().await;
        let params = told["params"].clone();
        if told["method"] == "events.lagged" {
            left_out += params["coalesced"].as_u64().unwrap();
            assert_eq!(params["skipped"], 0);
        } else {
            seen.push(params);
        }
    }
    assert!(left_out >= 6, "{left_out} were left out");
    let seqs: Vec<_> = seen
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert!(seqs.is_sorted());
    let last = |id: &str| {
        seen.iter().rfind(|event| {
            event["agent_id"] == json!(id) && event["kind"] == "agent.status_changed"
        })
    };
    assert_eq!(last("bob").unwrap()["payload"]["current_task"], "5");
    assert_eq!(
        last("ada").unwrap()["payload"]["status"],
        "waiting_for_approval"
    );
    alice.leave().await;
    screen.leave().await;
    insta::assert_snapshot!(daemon.transcript());
}

/// Where a family has no rule, the kind is the key; a reader that keeps up gets everything.
#[tokio::test(start_paused = true)]
async fn who_keeps_up_gets_every_event_whatever_its_class() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let mut screen = daemon.client("screen");
    alice.off_the_record();
    screen.off_the_record();
    let asked = json!({ "streams": ["*"], "delivery": "coalesce" });
    let subscribed = screen.call("events.subscribe", asked).await;
    assert_eq!(subscribed["delivery"], "coalesce");
    assert_eq!(
        subscribed["caps"],
        json!({ "frames": 512, "bytes": 262_144 })
    );
    for seq in 1..=20 {
        alice.call("host.notify", Value::Null).await;
        assert_eq!(screen.expect("host.event").await["params"]["seq"], seq);
    }
    // Its own stream is covered, too.
    screen
        .call("proposal.submit", proposal([write("a", "k", json!(1))]))
        .await;
    let last = screen
        .call("events.count", Value::Null)
        .await
        .as_u64()
        .unwrap();
    let mut at = 0;
    while at < last {
        let told = screen.next().await;
        let name = if told["method"] == "events.lagged" {
            "to_seq"
        } else {
            "seq"
        };
        at = at.max(told["params"][name].as_u64().unwrap());
    }
    alice.finish().await;
    screen.leave().await;
}
