use std::future::poll_fn;

use car_state::frame::Frame;
use car_tests::proposal::{call, proposal, with};
use car_tests::{TestDaemon, Wanted, settle};
use car_transport::source::next;
use car_transport::{Duplex, Limits};
use serde_json::{Value, json};
use tokio::task::coop::unconstrained;
use tokio::time::Instant;

/// The numbers that a subscriber was told of: each event, and the whole range of a notice.
fn told(message: &Value) -> (u64, u64) {
    let params = &message["params"];
    let number = |name: &str| params[name].as_u64().unwrap();
    match message["method"].as_str() {
        Some("host.event") => (number("seq"), number("seq")),
        Some("events.lagged") => {
            let (from, to) = (number("from_seq"), number("to_seq"));
            assert_eq!(number("skipped"), to - from + 1);
            (from, to)
        }
        other => panic!("not an event: {other:?}"),
    }
}

/// Head-to-head: H1.
#[tokio::test(start_paused = true)]
async fn a_subscriber_that_stops_reading_delays_nobody_and_is_told_what_it_missed() {
    const EVENTS: u64 = 2_000;
    let daemon = TestDaemon::start();
    let began = Instant::now();
    let (mut alice, mut hanna) = (daemon.client("alice"), daemon.client("hanna"));
    let mut stalled = daemon.client_behind("stalled", 4);
    for client in [&mut alice, &mut hanna, &mut stalled] {
        client.off_the_record();
    }
    hanna.call("host.subscribe", Value::Null).await;
    stalled.call("host.subscribe", Value::Null).await;
    for seq in 1..=EVENTS {
        let told = alice
            .call("host.notify", json!({ "message": "tick" }))
            .await;
        assert_eq!(told["seq"], seq);
        // Who reads gets every event at once.
        assert_eq!(hanna.expect("host.event").await["params"]["seq"], seq);
    }
    assert_eq!(began.elapsed().as_millis(), 0, "nobody waited for anybody");
    // Now it reads again: what is left, a notice of exactly what is gone, and the rest.
    let (mut last, mut notices) = (0, 0);
    while last < EVENTS {
        let message = stalled.next().await;
        let (from, to) = told(&message);
        assert_eq!(from, last + 1, "no gap and no duplicate");
        last = to;
        notices += usize::from(message["method"] == "events.lagged");
    }
    assert_eq!(notices, 1);
    // From here on nothing is missing.
    for seq in EVENTS + 1..EVENTS + 100 {
        alice.call("host.notify", json!({})).await;
        assert_eq!(told(&stalled.next().await), (seq, seq));
        hanna.expect("host.event").await;
    }
    for client in [alice, hanna, stalled] {
        client.finish().await;
    }
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn the_notice_of_what_was_missed_stands_before_what_follows() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    let mut harry = daemon.client_behind("harry", 1);
    harry.call("host.subscribe", Value::Null).await;
    for _ in 0..700 {
        alice.call("host.notify", Value::Null).await;
    }
    let mut seq = 0;
    while seq < 700 {
        let message = harry.next().await;
        seq = told(&message).1;
        if message["method"] == "events.lagged" {
            daemon.remark("and so on, to number 700");
            harry.off_the_record();
        }
    }
    alice.finish().await;
    harry.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

/// Events are many and can wait; what somebody waits for overtakes them.
#[tokio::test(start_paused = true)]
async fn an_answer_overtakes_the_events_that_wait() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let mut harry = daemon.client_behind("harry", 1);
    alice.off_the_record();
    harry.off_the_record();
    harry.call("host.subscribe", Value::Null).await;
    let heavy = json!({ "payload": "x".repeat(50_000) });
    for _ in 0..60 {
        alice.call("host.notify", heavy.clone()).await;
    }
    let asked = harry.request("state.keys", Value::Null).await;
    let mut before = 0;
    while harry.next().await["id"] != json!(asked) {
        before += 1;
    }
    assert!(before <= 8, "{before} events came before the answer");
    for _ in before..60 {
        harry.expect("host.event").await;
    }
    alice.finish().await;
    harry.finish().await;
}

async fn send(duplex: &mut Duplex, text: String) {
    let sink = &mut duplex.sink;
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
    sink.as_mut().start_send(Frame::Text(text.into())).unwrap();
}

fn get(id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"state.get","params":{{"key":"k"}},"id":{id}}}"#)
}

/// What a peer says without end does not keep the daemon from answering it.
#[tokio::test(start_paused = true)]
async fn an_answer_is_written_while_the_peer_talks_on() {
    let daemon = TestDaemon::start();
    let Duplex {
        mut sink,
        mut source,
        ..
    } = daemon.client_behind("flood", 256).into_duplex();
    let flood = async {
        for n in 0..200_000 {
            poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
            let frame = match n {
                1_000 => Frame::Text(get(n).into()),
                _ => Frame::Pong(Default::default()),
            };
            sink.as_mut().start_send(frame).unwrap();
        }
    };
    let reading = async {
        let answer = next(&mut source).await;
        assert!(matches!(answer, Some(Ok(Frame::Text(text))) if text.contains("result")));
    };
    let conversation = async {
        tokio::select! {
            biased;
            () = flood => panic!("the flood came first"),
            () = reading => {}
        }
    };
    unconstrained(conversation).await;
    drop((sink, source));
    daemon.assert_empty().await;
}

/// Head-to-head: H13.
#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_pipelined_calls_are_held_back_and_answered_once_each() {
    const CALLS: usize = 100_000;
    let daemon = TestDaemon::start();
    let client = daemon.client_behind("flood", 16);
    let Duplex {
        mut sink,
        mut source,
        ..
    } = client.into_duplex();
    let mut sent = 0;
    let mut flood = Box::pin(async {
        for id in 0..CALLS {
            poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
            sink.as_mut()
                .start_send(Frame::Text(get(id).into()))
                .unwrap();
            sent = id + 1;
        }
    });
    // Nobody reads the answers: soon nothing more is taken.
    tokio::select! {
        biased;
        () = &mut flood => panic!("everything was taken though nothing was read"),
        () = settle() => {}
    }
    assert!(daemon.requests() <= 256);
    let mut answered = 0;
    let reading = async {
        while answered < CALLS {
            let Some(Ok(Frame::Text(text))) = next(&mut source).await else {
                panic!("the connection is over");
            };
            // Plain calls are answered in their order, so once each.
            assert!(text.ends_with(&format!(r#","id":{answered}}}"#)), "{text}");
            answered += 1;
            if answered % 1_000 == 0 {
                assert!(daemon.requests() <= 256);
            }
        }
    };
    let began = Instant::now();
    tokio::join!(flood, reading);
    assert_eq!(began.elapsed().as_millis(), 0);
    assert_eq!(sent, CALLS);
    drop((sink, source));
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_from_a_client_that_does_not_read_is_bounded() {
    let daemon = TestDaemon::start();
    let mut duplex = daemon.client_behind("flood", 16).into_duplex();
    let mut sent = 0;
    let flood = async {
        loop {
            send(&mut duplex, get(sent)).await;
            sent += 1;
        }
    };
    tokio::select! {
        biased;
        () = flood => {}
        () = settle() => {}
    }
    // Those under way, one in the reader's hands, and what the pipe holds in both directions.
    assert!(sent <= 256 + 1 + 2 * 16 + 1, "{sent} were taken");
    drop(duplex);
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn calls_under_way_are_limited_and_what_they_wait_for_still_gets_through() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let (mut running, mut asked) = (Vec::new(), Vec::new());
    for _ in 0..256 {
        running.push(
            alice
                .request("proposal.submit", proposal([call("a", "work")]))
                .await,
        );
        asked.push(alice.expect("tools.execute").await);
    }
    for method in ["state.keys", "proposal.submit", "no.such.method"] {
        let refused = alice.refusal(method, Value::Null).await;
        let kind = &refused["data"]["kind"];
        let expected = if method == "no.such.method" {
            "method_not_found"
        } else {
            "overloaded"
        };
        assert_eq!(kind, expected);
    }
    let refused = alice.refusal("state.keys", Value::Null).await;
    assert_eq!(
        refused["data"],
        json!({ "kind": "overloaded", "retryable": true, "limit": 256 })
    );
    // The answers to callbacks are not calls.
    for asked in &asked {
        alice.answer(asked, json!("done")).await;
    }
    for id in running {
        assert_eq!(alice.answer_to(id).await["result"]["outcome"], "completed");
    }
    alice.call("state.keys", Value::Null).await;
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn the_bytes_of_calls_under_way_are_limited() {
    let daemon = TestDaemon::with(Wanted {
        limits: Limits::default().with(|limits| limits.outbox.request_bytes = 1_000),
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let padded = |bytes: usize| {
        let text = json!({ "parameters": { "text": "x".repeat(bytes) } });
        proposal([with(call("a", "work"), text)])
    };
    let first = alice.request("proposal.submit", padded(300)).await;
    let asked = alice.expect("tools.execute").await;
    alice.refusal("proposal.submit", padded(600)).await;
    // Calls that are over at once hold nothing.
    alice
        .call("state.set", json!({ "key": "k", "value": "x".repeat(600) }))
        .await;
    alice.answer(&asked, json!("done")).await;
    alice.answer_to(first).await;
    // A call alone may be as long as a message.
    let big = alice.request("proposal.submit", padded(1_500)).await;
    let asked = alice.expect("tools.execute").await;
    alice.answer(&asked, json!("done")).await;
    alice.answer_to(big).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn long_answers_that_nobody_reads_hold_reading_back_until_the_client_leaves() {
    let daemon = TestDaemon::with(Wanted {
        limits: Limits::default().with(|limits| limits.outbox.bytes = 1_000),
        ..Wanted::default()
    });
    let mut alice = daemon.client_behind("alice", 1);
    alice.off_the_record();
    alice
        .call(
            "state.set",
            json!({ "key": "k", "value": "x".repeat(5_000) }),
        )
        .await;
    for _ in 0..4 {
        alice.request("state.get", json!({ "key": "k" })).await;
    }
    settle().await;
    assert!(daemon.requests() <= 3);
    alice.cut();
    daemon.assert_empty().await;
}

/// The answers of a batch are joined, so that together they count too.
#[tokio::test(start_paused = true)]
async fn the_answers_of_a_batch_are_bounded_together() {
    let daemon = TestDaemon::with(Wanted {
        limits: Limits::default().with(|limits| limits.outbox.bytes = 10_000),
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    alice
        .call(
            "state.set",
            json!({ "key": "k", "value": "x".repeat(1_000) }),
        )
        .await;
    let calls = (0..64).map(
        |id| json!({ "jsonrpc": "2.0", "id": id, "method": "state.get", "params": { "key": "k" } }),
    );
    let answers = alice.exchange(&Value::from_iter(calls).to_string()).await;
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 64);
    let served = answers
        .iter()
        .take_while(|answer| answer.get("result").is_some())
        .count();
    assert!((9..=10).contains(&served), "{served} were served");
    for refused in &answers[served..] {
        assert_eq!(
            refused["error"]["data"],
            json!({ "kind": "overloaded", "retryable": true, "limit": 10_000 })
        );
    }
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_more_calls_fails_them_and_nothing_else() {
    let daemon = TestDaemon::with(Wanted {
        limits: Limits::default().with(|limits| limits.outbox.frames = 8),
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let skip = json!({ "failure_behavior": "skip" });
    let mut params = proposal((0..10).map(|n| with(call(&n.to_string(), "work"), skip.clone())));
    params["proposal"]["execution"] = json!("parallel");
    let running = alice.request("proposal.submit", params).await;
    for _ in 0..8 {
        let asked = alice.expect("tools.execute").await;
        alice.answer(&asked, json!(1)).await;
    }
    alice.answer_to(running).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_pings_is_answered_as_far_as_there_is_room() {
    let daemon = TestDaemon::start();
    let mut duplex = daemon.client_behind("flood", 16).into_duplex();
    let pings = async {
        for _ in 0..5_000 {
            let sink = &mut duplex.sink;
            poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
            sink.as_mut()
                .start_send(Frame::Ping(b"x".as_slice().into()))
                .unwrap();
        }
    };
    pings.await;
    send(&mut duplex, get(1)).await;
    let mut pongs = 0;
    loop {
        match next(&mut duplex.source).await {
            Some(Ok(Frame::Pong(_))) => pongs += 1,
            Some(Ok(Frame::Text(text))) => break assert!(text.contains("result")),
            other => panic!("{other:?}"),
        }
    }
    assert!((1_000..=2_100).contains(&pongs), "{pongs} pongs");
    drop(duplex);
    daemon.assert_empty().await;
}
