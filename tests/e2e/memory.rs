use car_tests::TestDaemon;
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn facts_are_kept_found_corrected_and_forgotten() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let fact = |subject: &str, body: &str| json!({ "subject": subject, "body": body });
    let port = fact("billing", "Listens on port 80");
    assert_eq!(alice.call("memory.add_fact", port).await, json!(1));
    let holiday = fact("office", "Closed between Christmas and New Year");
    alice.call("memory.add", holiday).await;
    let newer = json!({ "id": "m-1", "fact": fact("billing", "Listens on port 8443") });
    alice.call("memory.supersede", newer).await;
    let asked = json!({ "query": "which port does billing use", "k": 1 });
    let hits = alice.call("memory.query", asked).await;
    assert_eq!(hits[0]["body"], "Listens on port 8443");
    alice.call("memory.history", json!({ "id": "m-3" })).await;
    let correction = json!({ "id": "m-2", "confidence": 0.9, "trust": "untrusted" });
    alice.call("memory.update", correction).await;
    let derived = json!({
        "subject": "deploys",
        "body": "Ask billing before port 8443 changes",
        "kind": "constraint",
        "derived_from": ["m-3"],
    });
    alice.call("memory.add", derived).await;
    let asked = json!({ "query": "may I change the billing port in the holidays" });
    alice.call("memory.build_context", asked).await;
    alice.call("memory.forget", json!({ "id": "m-3" })).await;
    assert_eq!(alice.call("memory.fact_count", Value::Null).await, json!(1));
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_was_said_is_kept_once_and_a_meeting_is_erased_with_what_came_of_it() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let said = |revision: u32, text: &str| {
        json!({
            "speaker": "meeting/7/mic",
            "text": text,
            "segment": {
                "conversation": "meeting/7",
                "source": "mic",
                "segment": "s1",
                "revision": revision,
            },
        })
    };
    for (revision, text) in [
        (0, "the bridge opens in march"),
        (0, "the bridge opens in march"),
        (1, "The bridge opens in May."),
    ] {
        alice
            .call("memory.ingest_conversation", said(revision, text))
            .await;
    }
    let turn = json!({ "speaker": "ada", "text": "thank you" });
    alice.call("memory.ingest_conversation", turn).await;
    assert_eq!(alice.call("memory.fact_count", Value::Null).await, json!(0));
    let question = json!({ "query": "when does the bridge open" });
    alice.call("memory.build_context_fast", question).await;
    let meeting = json!({ "source": "meeting/7" });
    alice.call("memory.forget", meeting).await;
    alice.call("memory.list", json!({})).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_session_uses_the_memory_that_it_names_and_others_share_one() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let mut bob = daemon.client("bob");
    let mut carol = daemon.client("carol");
    let harbour = json!({ "memory_namespace": "harbour" });
    bob.call("session.init", harbour.clone()).await;
    carol.call("session.init", harbour).await;
    let fact = json!({ "subject": "pier", "body": "Closed in winter" });
    bob.call("memory.add_fact", fact).await;
    assert_eq!(carol.call("memory.fact_count", Value::Null).await, json!(1));
    assert_eq!(alice.call("memory.fact_count", Value::Null).await, json!(0));
    let found = alice.call("memory.query", json!({ "query": "pier" })).await;
    assert_eq!(found, json!([]));
    let wrong = json!({ "memory_namespace": "" });
    alice.refusal("session.init", wrong).await;
    for client in [alice, bob, carol] {
        client.finish().await;
    }
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_each_line_and_hit_is_told() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let fact = json!({ "subject": "heron", "body": "The host heron has a failing disk" });
    alice.call("memory.add_fact", fact).await;
    let query = json!({ "query": "heron disk", "explain": true });
    let hits = alice.call("memory.query", query).await;
    let score = &hits[0]["score"];
    let part = |name: &str| score[name].as_f64().unwrap();
    assert!(part("lexical") > 0.9 && part("dense") > 0.5, "{score}");
    assert!((hits[0]["confidence"].as_f64().unwrap() - part("total")).abs() < 1e-6);
    let asked = json!({ "query": "heron disk", "model_context_window": 8_192 });
    let context = alice.call("memory.explain_context", asked).await;
    assert_eq!(context["lines"][0]["id"], "m-1");
    assert_eq!(context["lines"][0]["score"], *score);
    assert!(context["text"].as_str().unwrap().contains("[m-1]"));
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_memory_refuses_names_the_field() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let long = "x".repeat(17_000);
    for (method, params) in [
        ("memory.add_fact", json!({ "subject": "", "body": "b" })),
        (
            "memory.add",
            json!({ "subject": "s", "body": "b", "confidence": 2.0 }),
        ),
        (
            "memory.add",
            json!({ "subject": "s", "body": "b", "derived_from": ["m-9"] }),
        ),
        ("memory.add", json!({ "subject": "s" })),
        (
            "memory.add",
            json!({ "subject": "s", "body": "b", "valid_until": "soon" }),
        ),
        ("memory.query", json!({ "query": "q", "k": 1_001 })),
        ("memory.get", json!({ "id": "m-9" })),
        ("memory.update", json!({ "id": "m-9", "body": "b" })),
        (
            "memory.supersede",
            json!({ "id": "m-9", "fact": { "subject": "s", "body": " " } }),
        ),
        ("memory.history", json!({ "id": "m-9" })),
        ("memory.forget", json!({})),
        ("memory.forget", json!({ "id": "m-9" })),
        ("memory.list", json!({ "after": "m-9" })),
        (
            "memory.ingest_conversation",
            json!({ "speaker": "ada", "text": "" }),
        ),
    ] {
        alice.refusal(method, params).await;
    }
    let refused = alice
        .refusal("memory.add_fact", json!({ "subject": "s", "body": long }))
        .await;
    assert_eq!(refused["data"]["field"], "body");
    alice.finish().await;
}
