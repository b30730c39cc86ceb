use car_state::store::StoreLimits;
use car_tests::{TestDaemon, Wanted};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn a_key_is_written_read_and_removed() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let key = || json!({ "key": "k" });
    assert_eq!(alice.call("state.get", key()).await, Value::Null);
    let set = json!({ "key": "k", "value": { "n": 1 } });
    assert_eq!(alice.call("state.set", set).await, json!("ok"));
    assert_eq!(alice.call("state.get", key()).await, json!({ "n": 1 }));
    assert_eq!(alice.call("state.exists", key()).await, json!(true));
    assert_eq!(alice.call("state.keys", Value::Null).await, json!(["k"]));
    let all = json!({ "k": { "n": 1 } });
    assert_eq!(alice.call("state.snapshot", Value::Null).await, all);
    assert_eq!(alice.call("state.delete", key()).await, json!(true));
    assert_eq!(alice.call("state.delete", key()).await, json!(false));
    assert_eq!(alice.call("state.exists", key()).await, json!(false));
    assert_eq!(alice.call("state.keys", Value::Null).await, json!([]));
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn clearing_answers_how_much_it_removed() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    for key in ["a", "b"] {
        // A key may hold `null`: it is there all the same.
        alice.call("state.set", json!({ "key": key })).await;
    }
    alice.call("state.exists", json!({ "key": "a" })).await;
    alice.call("state.keys", json!({})).await;
    alice.call("state.clear", Value::Null).await;
    alice.call("state.clear", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn no_key_of_one_tenant_is_spelled_by_another() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let set = |key: &str, tenant: Value, value: &str| json!({ "key": key, "tenant_id": tenant, "value": value });
    alice
        .call("state.set", set("b:c", json!("a"), "of a"))
        .await;
    alice
        .call("state.set", set("c", json!("a:b"), "of a:b"))
        .await;
    alice
        .call("state.set", set("c", Value::Null, "common"))
        .await;
    for key in ["tenant:a:b:c", "a:b:c", "b:c"] {
        assert_eq!(
            alice.call("state.get", json!({ "key": key })).await,
            Value::Null
        );
    }
    alice
        .call("state.snapshot", json!({ "tenant_id": "a" }))
        .await;
    alice
        .call("state.snapshot", json!({ "tenant_id": "a:b" }))
        .await;
    alice.call("state.clear", json!({ "tenant_id": "a" })).await;
    alice.call("state.snapshot", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_exceeds_a_limit_is_refused_with_the_limit() {
    let daemon = TestDaemon::with(Wanted {
        state: |config| {
            config.with_store_limits(StoreLimits {
                key_bytes: 8,
                value_bytes: 64,
                keys: 3,
                // How big a value is in memory hangs on how the JSON library was built.
                total_bytes: 54 + 3 * size_of::<Value>(),
                tenants: 1,
            })
        },
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    let set = |key: &str, value: Value| json!({ "key": key, "value": value });
    alice.refusal("state.set", set("", json!(1))).await;
    alice
        .refusal("state.set", set("too long a key", json!(1)))
        .await;
    alice
        .refusal("state.set", set("k", json!("x".repeat(64))))
        .await;
    alice
        .refusal("state.get", json!({ "key": "k", "tenant_id": "" }))
        .await;
    alice
        .call("state.set", json!({ "key": "k", "tenant_id": "a" }))
        .await;
    alice
        .refusal("state.set", json!({ "key": "k", "tenant_id": "b" }))
        .await;
    alice.call("state.set", set("a", json!(1))).await;
    alice
        .refusal("state.set", set("b", json!("x".repeat(60))))
        .await;
    alice.call("state.set", set("b", json!(1))).await;
    alice.refusal("state.set", set("c", json!(1))).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn pipelined_calls_see_what_was_written_before_them() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let mut asked = Vec::new();
    for n in 0..100 {
        alice
            .request("state.set", json!({ "key": "k", "value": n }))
            .await;
        asked.push(alice.request("state.get", json!({ "key": "k" })).await);
    }
    for (n, id) in asked.into_iter().enumerate() {
        assert_eq!(alice.next().await["result"], "ok");
        let answer = alice.next().await;
        assert_eq!((&answer["id"], &answer["result"]), (&json!(id), &json!(n)));
    }
    alice.finish().await;
}
