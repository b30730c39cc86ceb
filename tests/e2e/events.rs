use car_tests::proposal::{call, proposal, statuses, write};
use car_tests::{TestDaemon, Wanted};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn what_happened_is_read_back_in_order() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.call("events.query", Value::Null).await;
    let actions = [write("a", "k", json!(1)), call("b", "missing")];
    let result = alice.call("proposal.submit", proposal(actions)).await;
    assert_eq!(
        statuses(&result),
        json!([["a", "succeeded"], ["b", "rejected"]])
    );
    alice.call("events.query", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn pages_join_without_a_gap() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("proposal.submit", proposal([write("a", "k", json!(1))]))
        .await;
    let all = alice.call("events.query", Value::Null).await;
    let mut joined = Vec::new();
    let mut params = json!({ "limit": 2 });
    loop {
        let page = alice.call("events.query", params.clone()).await;
        joined.extend(page["events"].as_array().unwrap().clone());
        params["since"] = page["next"].clone();
        if page["more"] == json!(false) {
            break;
        }
    }
    assert_eq!(json!(joined), all["events"]);
    assert_eq!(
        json!(joined.len()),
        alice.call("events.count", Value::Null).await
    );
    let only = json!({ "kinds": ["state_changed", "action_succeeded"] });
    alice.call("events.query", only).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_was_dropped_is_reported_as_missed() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("proposal.submit", proposal([write("a", "k", json!(1))]))
        .await;
    alice.call("events.stats", Value::Null).await;
    alice
        .call("events.truncate", json!({ "maxEvents": 1 }))
        .await;
    let start = json!({ "since": { "epoch": 1, "seq": 0 } });
    alice.call("events.query", start.clone()).await;
    // Without a number to keep nothing goes.
    alice.call("events.truncate", Value::Null).await;
    alice.call("events.clear", Value::Null).await;
    alice.call("events.query", start).await;
    alice.call("events.count", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_leads_nowhere_is_refused_with_one_that_does() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.call("proposal.submit", proposal([])).await;
    for (epoch, seq) in [(0, 1), (2, 0), (1, 2)] {
        let since = json!({ "since": { "epoch": epoch, "seq": seq } });
        alice.refusal("events.query", since).await;
    }
    for limit in [0, 1_001] {
        alice
            .refusal("events.query", json!({ "limit": limit }))
            .await;
    }
    alice
        .refusal("events.query", json!({ "since": { "epoch": 1 } }))
        .await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_public_stream_is_read_by_everybody_and_another_sessions_by_hosts_only() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    alice
        .call(
            "host.notify",
            json!({ "kind": "note", "message": "hello", "payload": { "n": 1 } }),
        )
        .await;
    alice
        .call("proposal.submit", proposal([write("a", "k", json!(1))]))
        .await;
    let mut bob = daemon.authenticated("bob").await;
    let public = bob.call("events.query", json!({ "stream": "host" })).await;
    assert_eq!(public["events"][0]["payload"], json!({ "n": 1 }));
    let own = alice.call("events.query", json!({ "limit": 1 })).await;
    let hers = json!({ "stream": own["stream"], "limit": 1 });
    bob.refusal("events.query", hers.clone()).await;
    assert_eq!(alice.call("events.query", hers.clone()).await, own);
    let mut host = daemon.host("host").await;
    assert_eq!(host.call("events.query", hers).await, own);
    bob.refusal("events.query", json!({ "stream": "nonsense/1" }))
        .await;
    // Who may not read a stream does not see that it is there.
    bob.call("events.streams", Value::Null).await;
    host.call("events.streams", Value::Null).await;
    host.call("events.streams", json!({ "family": "session", "limit": 1 }))
        .await;
    let after = json!({ "after": "host", "limit": 1 });
    assert_eq!(
        host.call("events.streams", after).await["streams"][0]["family"],
        "session"
    );
    bob.call("events.retention", Value::Null).await;
    bob.refusal("events.streams", json!({ "limit": 0 })).await;
    for client in [alice, bob, host] {
        client.finish().await;
    }
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_family_of_an_embedding_program_is_one_like_the_others() {
    use car_state::log::{Draft, Durability, Family, Reader, StreamName};

    static NOTED: Family = Family {
        name: "noted",
        notification: None,
        durability: Durability::Memory,
        reader: Reader::Everybody,
        ..car_state::log::SESSION
    };
    let daemon = TestDaemon::with(Wanted {
        state: |config| {
            let families = car_state::log::Families::default().with(&[&NOTED]);
            let log = car_state::log::MemoryLog::with_epoch(1).with_families(families);
            config.with_log(std::sync::Arc::new(log))
        },
        ..Wanted::default()
    });
    let at = daemon.server.state().clock().now();
    let draft = Draft::new("seen", at, &json!({ "what": "a bird" })).unwrap();
    let log = daemon.server.state().log();
    log.append(&StreamName::single(&NOTED), draft).unwrap();
    let mut alice = daemon.client("alice");
    let page = alice
        .call("events.query", json!({ "stream": "noted" }))
        .await;
    assert_eq!(page["events"][0]["what"], "a bird");
    assert_eq!(page["events"][0]["kind"], "seen");
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_gets_every_event_once_from_the_place_it_names() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("host.notify", json!({ "message": "before" }))
        .await;
    let mut harry = daemon.client("harry");
    let told = harry.call("events.streams", Value::Null).await;
    let mut place = told["streams"][0]["oldest"].clone();
    place["seq"] = json!(0);
    let since = json!({ "streams": ["host", "session"], "since": { "host": place } });
    harry.call("events.subscribe", since).await;
    harry.next().await;
    alice
        .call("host.notify", json!({ "message": "after" }))
        .await;
    harry.next().await;
    harry
        .call("proposal.submit", proposal([write("a", "k", json!(1))]))
        .await;
    let events = harry.call("events.count", Value::Null).await;
    for _ in 0..events.as_u64().unwrap() {
        harry.next().await;
    }
    harry
        .call(
            "events.unsubscribe",
            json!({ "streams": ["host", "session"] }),
        )
        .await;
    alice
        .call("host.notify", json!({ "message": "unheard" }))
        .await;
    alice.finish().await;
    harry.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_leads_nowhere_and_a_stream_of_others_are_refused() {
    let daemon = TestDaemon::with(Wanted {
        auth: true,
        ..Wanted::default()
    });
    let mut alice = daemon.authenticated("alice").await;
    let mut harry = daemon.authenticated("harry").await;
    let told = alice.call("events.query", Value::Null).await;
    for refused in [
        json!({ "streams": [told["stream"]] }),
        json!({ "streams": ["host", "nonsense"] }),
        json!({ "streams": ["host"], "since": { "host": { "epoch": 0, "seq": 0 } } }),
        json!({ "streams": ["host"], "since": { "host": { "epoch": 1, "seq": 9 } } }),
        json!({ "streams": ["host"], "since": { "other": { "epoch": 1, "seq": 0 } } }),
        json!({ "streams": ["host"], "since": "yesterday" }),
        json!({ "streams": ["host"], "delivery": "carelessly" }),
        json!({ "streams": [] }),
        json!({ "streams": ["host/made-up"] }),
    ] {
        harry.refusal("events.subscribe", refused).await;
    }
    alice
        .call("host.notify", json!({ "message": "unheard" }))
        .await;
    alice.finish().await;
    harry.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}
