//! A client against a daemon whose every word the test chooses, under a paused clock.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test owns its tasks and may panic, and so may what it calls"
)]

mod scripted;

use std::future::pending;
use std::time::Duration;

use car_client::{CallError, Client};
use car_protocol::rpc::{events, proposal, state};
use car_transport::memory;
use scripted::Daemon;
use serde_json::{Value, json};

async fn connect() -> (Client, Daemon) {
    let (near, far) = memory::pair(memory::Options::default());
    (Client::builder().over(near).await.unwrap(), Daemon(far))
}

fn key(key: &str) -> state::GetParams {
    state::GetParams {
        key: key.to_owned(),
        tenant_id: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_typed_at_both_ends() {
    let (client, mut daemon) = connect().await;
    let calling = tokio::spawn(async move { client.call::<state::Get>(key("k")).await });
    let request = daemon.answer(json!({"n": 1})).await;
    assert_eq!(
        request,
        json!({ "jsonrpc": "2.0", "id": 1, "method": "state.get", "params": {"key": "k"} })
    );
    assert_eq!(calling.await.unwrap().unwrap(), json!({"n": 1}));
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_daemon_keeps_its_kind() {
    let (client, mut daemon) = connect().await;
    let calling = tokio::spawn(async move { client.call::<state::Get>(key("")).await });
    let request = daemon.hear().await;
    let error = json!({ "code": -32602, "message": "no", "data": {"kind": "invalid_params", "field": "key"} });
    daemon
        .say(json!({ "jsonrpc": "2.0", "id": request["id"], "error": error }))
        .await;
    assert_eq!(
        calling.await.unwrap().unwrap_err().kind(),
        Some("invalid_params")
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_answers_ends_at_its_deadline() {
    let (client, _daemon) = connect().await;
    let patient = client.with_deadline(Duration::from_secs(300));
    let began = tokio::time::Instant::now();
    let params = proposal::SubmitParams::default();
    let ended = patient.call::<proposal::Submit>(params).await;
    assert!(matches!(ended, Err(CallError::TimedOut(_))));
    assert_eq!(began.elapsed(), Duration::from_secs(300));
}

#[tokio::test(start_paused = true)]
async fn calls_fail_when_the_connection_ends() {
    let (client, daemon) = connect().await;
    let calling = tokio::spawn({
        let client = client.clone();
        async move {
            client
                .call::<events::Count>(car_protocol::rpc::Empty {})
                .await
        }
    });
    tokio::task::yield_now().await;
    drop(daemon);
    assert!(matches!(calling.await.unwrap(), Err(CallError::Closed)));
    client.closed().await;
    assert!(matches!(
        client.call::<state::Get>(key("k")).await,
        Err(CallError::Closed)
    ));
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_registered_and_run() {
    let (client, mut daemon) = connect().await;
    let offering = tokio::spawn({
        let client = client.clone();
        async move {
            client
                .tool(
                    "add",
                    |call| async move { Ok(json!({"got": call.parameters})) },
                )
                .await
        }
    });
    let request = daemon.answer(json!(1)).await;
    assert_eq!(request["params"][0]["name"], "add");
    offering.await.unwrap().unwrap();
    daemon.execute("add").await;
    let answer = daemon.hear().await;
    assert_eq!(
        answer,
        json!({ "jsonrpc": "2.0", "id": "cb-1", "result": {"got": {"n": 1}} })
    );
    daemon.execute("other").await;
    assert_eq!(
        daemon.hear().await["error"]["message"],
        "unknown tool: other"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_taken_back_is_dropped() {
    struct Dropped(Option<tokio::sync::oneshot::Sender<()>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.take().map(|sender| sender.send(()));
        }
    }
    let (client, mut daemon) = connect().await;
    let (sender, dropped) = tokio::sync::oneshot::channel();
    let (begins, began) = tokio::sync::oneshot::channel();
    let once = std::sync::Mutex::new(Some((Dropped(Some(sender)), begins)));
    let run = move |_| {
        let (guard, begins) = once.lock().unwrap().take().unwrap();
        async move {
            let _guard = guard;
            begins.send(()).unwrap();
            pending().await
        }
    };
    let offering = tokio::spawn({
        let client = client.clone();
        async move { client.tool("slow", run).await }
    });
    daemon.answer(json!(1)).await;
    offering.await.unwrap().unwrap();
    daemon.execute("slow").await;
    began.await.unwrap();
    let params = json!({ "request_id": "cb-1", "reason": "timeout" });
    daemon
        .say(json!({ "jsonrpc": "2.0", "method": "tools.cancel", "params": params }))
        .await;
    dropped.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_panics_is_answered_and_the_connection_goes_on() {
    let (client, mut daemon) = connect().await;
    let offering = tokio::spawn({
        let client = client.clone();
        async move {
            client
                .tool("broken", |call| {
                    assert!(call.attempt > 1, "before its future");
                    async move { panic!("in its future") }
                })
                .await
        }
    });
    daemon.answer(json!(1)).await;
    offering.await.unwrap().unwrap();
    for attempt in [1, 2] {
        let params = json!({
            "action_id": "a", "tool": "broken", "parameters": {}, "timeout_ms": 1000,
            "attempt": attempt, "request_id": "cb-1", "session_id": "s"
        });
        daemon
            .say(json!({ "jsonrpc": "2.0", "id": attempt, "method": "tools.execute", "params": params }))
            .await;
        let answer = daemon.hear().await;
        assert_eq!(
            (answer["id"].as_i64(), answer["error"]["code"].as_i64()),
            (Some(attempt), Some(-32603))
        );
    }
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_asked_whether_it_listens_says_so() {
    let (_client, mut daemon) = connect().await;
    daemon
        .say(json!({ "jsonrpc": "2.0", "id": 9, "method": "agent.ping" }))
        .await;
    let answer = daemon.hear().await;
    assert_eq!(answer["result"], json!({}), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_callback_is_refused_by_name() {
    let (_client, mut daemon) = connect().await;
    daemon
        .say(json!({ "jsonrpc": "2.0", "id": 9, "method": "agent.sing" }))
        .await;
    let answer = daemon.hear().await;
    assert_eq!(
        (answer["id"].as_i64(), answer["error"]["code"].as_i64()),
        (Some(9), Some(-32601))
    );
}

#[tokio::test(start_paused = true)]
async fn notifications_come_in_order_and_what_is_too_many_is_counted() {
    let (client, mut daemon) = connect().await;
    let mut notifications = client.notifications().unwrap();
    assert!(client.notifications().is_none());
    for n in 0..1_030 {
        daemon
            .say(json!({ "jsonrpc": "2.0", "method": "host.event", "params": {"n": n} }))
            .await;
    }
    daemon
        .say(json!({ "jsonrpc": "2.0", "id": 1, "method": "nothing" }))
        .await;
    daemon.hear().await;
    assert_eq!(notifications.missed(), 6);
    for n in 0..1_024 {
        let params: Value =
            serde_json::from_str(notifications.next().await.unwrap().params.unwrap().get())
                .unwrap();
        assert_eq!(params["n"], n);
    }
}

#[tokio::test(start_paused = true)]
async fn the_connection_ends_with_the_last_clone() {
    let (client, mut daemon) = connect().await;
    drop(client.clone());
    client.notify("nothing", &json!({})).await.unwrap();
    assert_eq!(daemon.hear().await["method"], "nothing");
    drop(client);
    assert_eq!(daemon.hear().await, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_credential_is_told_before_there_is_a_client() {
    let (near, far) = memory::pair(memory::Options::default());
    let mut daemon = Daemon(far);
    let connecting = tokio::spawn(Client::builder().token("wrong").over(near));
    let request = daemon.hear().await;
    assert_eq!(request["method"], "session.auth");
    let error = json!({ "code": -32001, "message": "token mismatch" });
    daemon
        .say(json!({ "jsonrpc": "2.0", "id": request["id"], "error": error }))
        .await;
    assert!(
        connecting
            .await
            .unwrap()
            .unwrap_err()
            .to_string()
            .contains("token mismatch")
    );
}

#[tokio::test(start_paused = true)]
async fn events_come_to_who_subscribed_to_their_stream_and_all_others_to_everybody() {
    let (client, mut daemon) = connect().await;
    let mut rest = client.notifications().unwrap();
    let event = |stream: &str, seq: u64| json!({ "jsonrpc": "2.0", "method": "host.event", "params": { "stream": stream, "epoch": 1, "seq": seq } });
    let params = events::SubscribeParams {
        streams: vec!["host".to_owned(), "chat/*".to_owned()],
        ..events::SubscribeParams::default()
    };
    let talk = async {
        let asked = daemon.hear().await;
        assert_eq!(asked["params"]["streams"], json!(["host", "chat/*"]));
        // The first one comes before the answer.
        daemon.say(event("chat/c", 1)).await;
        let result =
            json!({ "streams": [], "delivery": "lossless", "caps": { "frames": 1, "bytes": 1 } });
        daemon
            .say(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }))
            .await;
    };
    let (subscription, ()) = tokio::join!(client.subscribe(params), talk);
    let mut subscription = subscription.unwrap();
    daemon.say(event("session/x", 7)).await;
    daemon.say(event("host", 2)).await;
    let lagged = json!({ "stream": "host", "missed": 1 });
    daemon
        .say(json!({ "jsonrpc": "2.0", "method": "events.lagged", "params": lagged }))
        .await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let event = subscription.next().await.unwrap().event().unwrap();
        seen.push((event.stream, event.cursor.map(|cursor| cursor.seq)));
    }
    let wanted = [("chat/c", Some(1)), ("host", Some(2)), ("host", None)];
    assert_eq!(seen, wanted.map(|(stream, seq)| (stream.to_owned(), seq)));
    assert_eq!(rest.next().await.unwrap().method, "host.event");
    assert_eq!(subscription.missed(), 0);
    drop(daemon);
    assert!(subscription.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_nobody_reads_keeps_the_newest_and_counts_the_others() {
    let (client, mut daemon) = connect().await;
    let params = || events::SubscribeParams {
        streams: vec!["host".to_owned()],
        ..events::SubscribeParams::default()
    };
    let result =
        json!({ "streams": [], "delivery": "lossless", "caps": { "frames": 1, "bytes": 1 } });
    let (subscription, _) = tokio::join!(client.subscribe(params()), daemon.answer(result));
    let mut subscription = subscription.unwrap();
    for seq in 1..=5_000 {
        let params = json!({ "stream": "host", "epoch": 1, "seq": seq });
        daemon
            .say(json!({ "jsonrpc": "2.0", "method": "host.event", "params": params }))
            .await;
    }
    // What was said before an answer has come with it.
    tokio::join!(
        client.call::<state::Get>(key("k")),
        daemon.answer(json!(null))
    )
    .0
    .unwrap();
    assert_eq!(subscription.missed(), 5_000 - 4_096);
    let first = subscription.next().await.unwrap().event().unwrap();
    assert_eq!(first.cursor.unwrap().seq, 5_000 - 4_096 + 1);
    let (ended, asked) = tokio::join!(subscription.end(), daemon.answer(json!({ "removed": 1 })));
    ended.unwrap();
    assert_eq!(asked["params"]["streams"], json!(["host"]));
}
