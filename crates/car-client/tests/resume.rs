//! A client that comes back, against a daemon whose every word the test chooses, under a paused clock.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test owns its tasks and may panic, and so may what it calls"
)]

mod house;
mod scripted;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use car_client::{
    CallError, Client, ConnectionState, ConnectionStates, Reconnect, Resumption, StreamItem,
    Subscription,
};
use car_protocol::rpc::{events, proposal, state};
use house::{connect, granted, with};
use scripted::Daemon;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

fn calling(
    client: &Client,
    method: &'static str,
    params: Value,
) -> JoinHandle<Result<Value, CallError>> {
    let client = client.clone();
    tokio::spawn(async move { client.call_raw(method, Some(params)).await })
}

async fn found(states: &mut ConnectionStates) -> Resumption {
    loop {
        if let ConnectionState::Resumed(found) = states.next().await.unwrap() {
            return found;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_gets_the_reply_that_was_missed() {
    let (client, mut daemon, mut house) = connect().await;
    let mut states = client.states();
    assert_eq!(states.current(), ConnectionState::Connected);
    let missed = calling(&client, "state.set", json!({ "key": "k", "value": 1 }));
    let asked = daemon.hear().await;
    let runs = calling(&client, "state.set", json!({ "key": "l", "value": 1 }));
    let running = daemon.hear().await;
    drop(daemon);
    let reply = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": "done" });
    let more = json!({ "replies": [reply], "running": [running["id"]] });
    let (params, mut daemon) = house.resumed(more).await;
    assert_eq!(params["token"], "first");
    assert_eq!(params["waiting"], json!([asked["id"], running["id"]]));
    assert_eq!(missed.await.unwrap().unwrap(), "done");
    daemon
        .say(json!({ "jsonrpc": "2.0", "id": running["id"], "result": "later" }))
        .await;
    assert_eq!(runs.await.unwrap().unwrap(), "later");
    let found = found(&mut states).await;
    assert!(!found.begun_anew && !found.restarted);
    assert_eq!(found.restored, ["tools"]);
    // The next time with the next token.
    drop(daemon);
    let (params, _daemon) = house.resumed(json!({})).await;
    assert_eq!(params["token"], "second");
}

#[tokio::test(start_paused = true)]
async fn what_did_not_arrive_is_sent_again_in_order_and_before_what_is_new() {
    let (client, mut daemon, mut house) = connect().await;
    let mut ids = Vec::new();
    let mut calls = Vec::new();
    for n in 0..3 {
        let params = json!({ "key": "k", "value": n });
        calls.push(calling(&client, "state.set", params));
        ids.push(daemon.hear().await["id"].clone());
    }
    drop(daemon);
    let mut daemon = house.next().await;
    let asked = daemon.hear().await;
    // Made while there is no session.
    calls.push(calling(
        &client,
        "state.set",
        json!({ "key": "k", "value": 3 }),
    ));
    tokio::task::yield_now().await;
    assert_eq!(asked["params"]["waiting"], json!(ids));
    let result = json!({
        "session_id": "s", "role": "client", "resume_token": "second", "grace_ms": 60_000, "restarted": false,
        "restored": [], "streams": [], "replies": [], "running": [], "callbacks": [], "not_seen": ids
    });
    daemon
        .say(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }))
        .await;
    for n in 0..4 {
        let heard = daemon.answer(json!(n)).await;
        assert_eq!(heard["params"]["value"], n, "{heard}");
    }
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), n);
    }
}

#[tokio::test(start_paused = true)]
async fn of_calls_that_nobody_knows_of_those_with_a_key_are_asked_about() {
    let (client, mut daemon, mut house) = connect().await;
    let keyed = json!({ "key": "k", "value": 1, "idempotency_key": "mine" });
    let keyed = calling(&client, "state.set", keyed);
    daemon.hear().await;
    let bare = calling(&client, "state.set", json!({ "key": "k", "value": 2 }));
    daemon.hear().await;
    let read = calling(&client, "state.get", json!({ "key": "k" }));
    daemon.hear().await;
    let lost = calling(&client, "state.delete", json!({ "key": "k" }));
    let lost_id = daemon.hear().await["id"].clone();
    drop(daemon);
    let more = json!({ "restarted": true, "unknown": [], "replies_lost": [lost_id] });
    let (_, mut daemon) = house.resumed(more).await;
    let report = json!({ "key": "mine", "status": "done", "result": "once", "known_since": "2020-01-01T00:00:00Z" });
    let asked = daemon.answer(report).await;
    assert_eq!(asked["method"], "request.outcome");
    assert_eq!(asked["params"]["key"], "mine");
    assert_eq!(keyed.await.unwrap().unwrap(), "once");
    let bare = bare.await.unwrap();
    assert!(matches!(bare, Err(CallError::OutcomeUnknown)), "{bare:?}");
    let lost = lost.await.unwrap();
    assert!(matches!(lost, Err(CallError::ReplyLost)), "{lost:?}");
    let again = daemon.answer(json!(7)).await;
    assert_eq!(again["method"], "state.get");
    assert_eq!(read.await.unwrap().unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_is_asked_again_runs_once_and_answers_again() {
    let (client, mut daemon, mut house) = connect().await;
    let runs = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&runs);
    let offering = {
        let client = client.clone();
        tokio::spawn(async move {
            let run = move |_| {
                let run = counted.fetch_add(1, Ordering::SeqCst);
                async move { Ok(json!({ "run": run })) }
            };
            client.tool("pay", run).await
        })
    };
    daemon.answer(json!(1)).await;
    offering.await.unwrap().unwrap();
    daemon.execute("pay").await;
    let answer = daemon.hear().await;
    assert_eq!(answer["result"]["run"], 0);
    // The answer was lost with the connection. It is asked for again, then only named, then sent again as well.
    for delivered in [true, false, true] {
        drop(daemon);
        let open = json!({ "request_id": "cb-1", "method": "tools.execute", "delivery": 2, "delivered": delivered, "timeout_ms": 1000 });
        let (_, again) = house.resumed(json!({ "callbacks": [open] })).await;
        daemon = again;
        if delivered {
            daemon.execute("pay").await;
        }
        assert_eq!(daemon.hear().await, answer);
    }
    // One that never came here is not waited for.
    drop(daemon);
    let open = json!({ "request_id": "cb-2", "method": "tools.execute", "delivery": 1, "delivered": false, "timeout_ms": 1000 });
    let (_, mut daemon) = house.resumed(json!({ "callbacks": [open] })).await;
    let refused = daemon.hear().await;
    assert_eq!(refused["id"], "cb-2");
    assert_eq!(refused["error"]["data"]["kind"], "not_seen");
    // Another daemon gives the same ids to other calls.
    drop(daemon);
    let (_, mut daemon) = house.resumed(json!({ "restarted": true })).await;
    daemon.execute("pay").await;
    assert_eq!(daemon.hear().await["result"]["run"], 1);
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

async fn followed(client: &Client, daemon: &mut Daemon, names: &[&str]) -> Subscription {
    let params = events::SubscribeParams {
        streams: names.iter().map(|&name| name.to_owned()).collect(),
        ..events::SubscribeParams::default()
    };
    let at = json!({ "epoch": 1, "seq": 0 });
    let streams: Vec<Value> = names
        .iter()
        .filter(|name| !name.ends_with('*'))
        .map(|name| json!({ "stream": name, "notification": "host.event", "from": at, "head": at }))
        .collect();
    let result =
        json!({ "streams": streams, "delivery": "lossless", "caps": { "frames": 1, "bytes": 1 } });
    let (subscription, _) = tokio::join!(client.subscribe(params), daemon.answer(result));
    subscription.unwrap()
}

fn event(stream: &str, epoch: u64, seq: u64) -> Value {
    json!({ "jsonrpc": "2.0", "method": "host.event", "params": { "stream": stream, "epoch": epoch, "seq": seq } })
}

#[tokio::test(start_paused = true)]
async fn a_subscription_goes_on_after_what_was_seen_and_tells_of_a_gap() {
    let (client, mut daemon, mut house) = connect().await;
    let mut told = followed(&client, &mut daemon, &["host", "chat/*"]).await;
    daemon.say(event("host", 1, 1)).await;
    daemon.say(event("chat/c", 1, 5)).await;
    for _ in 0..2 {
        told.next().await.unwrap().event().unwrap();
    }
    drop(daemon);
    let (params, mut daemon) = house.resumed(json!({})).await;
    assert_eq!(
        params["seen"],
        json!({ "chat/c": { "epoch": 1, "seq": 5 }, "host": { "epoch": 1, "seq": 1 } })
    );
    daemon.say(event("host", 1, 2)).await;
    assert_eq!(
        told.next()
            .await
            .unwrap()
            .event()
            .unwrap()
            .cursor
            .unwrap()
            .seq,
        2
    );
    // Of one the place is gone and it is not fed; of the other it is gone, and it begins anew by itself.
    drop(daemon);
    let mut states = client.states();
    let oldest = json!({ "epoch": 2, "seq": 3 });
    let streams = json!([
        { "stream": "chat/c", "from": oldest, "head": oldest, "resync_required": oldest },
        { "stream": "host", "head": oldest, "resync_required": oldest },
    ]);
    let (_, mut daemon) = house.resumed(json!({ "streams": streams })).await;
    let at =
        json!({ "stream": "host", "notification": "host.event", "from": oldest, "head": oldest });
    let result =
        json!({ "streams": [at], "delivery": "lossless", "caps": { "frames": 1, "bytes": 1 } });
    let asked = daemon.answer(result).await;
    assert_eq!(asked["method"], "events.subscribe");
    assert_eq!(asked["params"]["streams"], json!(["host"]));
    assert_eq!(asked["params"]["since"], json!({ "host": oldest }));
    for name in ["chat/c", "host"] {
        match told.next().await.unwrap() {
            StreamItem::ResyncRequired { stream, oldest } => {
                assert_eq!((stream.as_str(), oldest.seq), (name, 3));
            }
            other => panic!("{other:?}"),
        }
    }
    let found = found(&mut states).await;
    assert_eq!(found.resync.keys().collect::<Vec<_>>(), ["chat/c", "host"]);
    daemon.say(event("host", 2, 4)).await;
    assert!(told.next().await.unwrap().event().is_some());
    drop(daemon);
    let (params, _daemon) = house.resumed(json!({})).await;
    let seen = json!({ "chat/c": { "epoch": 2, "seq": 3 }, "host": { "epoch": 2, "seq": 4 } });
    assert_eq!(params["seen"], seen);
}

#[tokio::test(start_paused = true)]
async fn where_the_session_is_gone_another_one_is_begun_with_all_that_was_brought_along() {
    let (client, mut daemon, mut house) = connect().await;
    let mut states = client.states();
    let offering = {
        let client = client.clone();
        tokio::spawn(async move { client.tool("t", |_| async { Ok(json!(1)) }).await })
    };
    daemon.answer(json!(1)).await;
    offering.await.unwrap().unwrap();
    let policy = json!({ "name": "no rm", "rule": "deny_tool", "target": "rm" });
    let ruling = calling(&client, "policy.register", policy);
    daemon
        .answer(json!({ "registered": "no rm", "scope": "global" }))
        .await;
    ruling.await.unwrap().unwrap();
    let mut told = followed(&client, &mut daemon, &["host"]).await;
    daemon.say(event("host", 1, 1)).await;
    told.next().await.unwrap();
    let waits = calling(&client, "state.set", json!({ "key": "k", "value": 1 }));
    daemon.hear().await;
    drop(daemon);

    let mut daemon = house.next().await;
    let asked = daemon.hear().await;
    let error = json!({ "code": -32001, "message": "no", "data": { "kind": "auth_failed" } });
    daemon
        .say(json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error }))
        .await;
    let asked = daemon.answer(granted("third")).await;
    assert_eq!(asked["method"], "session.auth");
    assert_eq!(asked["params"]["token"], "secret");
    assert_eq!(daemon.answer(json!(1)).await["params"][0]["name"], "t");
    let ruled = daemon
        .answer(json!({ "registered": "no rm", "scope": "global" }))
        .await;
    assert_eq!(ruled["params"]["name"], "no rm");
    // The stream began anew, too.
    let asked = daemon.hear().await;
    assert_eq!(
        asked["params"]["since"]["host"],
        json!({ "epoch": 1, "seq": 1 })
    );
    let data =
        json!({ "kind": "resync_required", "stream": "host", "oldest": { "epoch": 2, "seq": 0 } });
    let error = json!({ "code": -32000, "message": "gone", "data": data });
    daemon
        .say(json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error }))
        .await;
    let asked = daemon.hear().await;
    assert_eq!(
        asked["params"]["since"]["host"],
        json!({ "epoch": 2, "seq": 0 })
    );
    let error = json!({ "code": -32000, "message": "no", "data": { "kind": "forbidden" } });
    daemon
        .say(json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error }))
        .await;
    let found = found(&mut states).await;
    assert!(found.begun_anew);
    assert_eq!(found.restored, ["tools", "policies", "agents"]);
    assert!(found.lost.contains(&"subscriptions".to_owned()));
    let first = told.next().await.unwrap();
    assert!(
        matches!(first, StreamItem::ResyncRequired { .. }),
        "{first:?}"
    );
    let second = told.next().await.unwrap();
    assert!(matches!(second, StreamItem::Refused { .. }), "{second:?}");
    let waits = waits.await.unwrap();
    assert!(matches!(waits, Err(CallError::OutcomeUnknown)), "{waits:?}");
    drop(daemon);
    assert_eq!(house.resumed(json!({})).await.0["token"], "third");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_fenced_does_not_come_back() {
    let (client, mut daemon, mut house) = connect().await;
    let params = json!({ "reason": "fenced", "message": "it goes on elsewhere" });
    daemon
        .say(json!({ "jsonrpc": "2.0", "method": "session.closing", "params": params }))
        .await;
    drop(daemon);
    client.closed().await;
    let reason = "it goes on elsewhere".to_owned();
    assert_eq!(client.states().current(), ConnectionState::Lost { reason });
    assert!(house.0.try_recv().is_err(), "nobody dials");
}

#[tokio::test(start_paused = true)]
async fn a_client_gives_up_after_its_limit_and_says_so_to_all_that_wait() {
    let reconnect = Reconnect {
        limit: Some(Duration::from_secs(20)),
        ..Reconnect::default()
    };
    let (client, mut daemon, mut house) = with(Client::builder(), reconnect).await;
    let patient = client.with_deadline(Duration::from_secs(300));
    let waits = tokio::spawn(async move {
        let params = proposal::SubmitParams::default();
        patient.call::<proposal::Submit>(params).await
    });
    daemon.hear().await;
    drop(daemon);
    let began = tokio::time::Instant::now();
    let (mut attempts, mut states) = (0, client.states());
    // Whoever answers hangs up.
    let hanging_up = tokio::spawn(async move { while house.0.recv().await.is_some() {} });
    loop {
        match states.next().await {
            Some(ConnectionState::Reconnecting { attempt }) => attempts = attempt,
            Some(ConnectionState::Lost { .. }) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(attempts > 5, "{attempts}");
    let took = began.elapsed().as_secs();
    assert!((20..35).contains(&took), "{took}");
    assert!(matches!(waits.await.unwrap(), Err(CallError::Closed)));
    client.closed().await;
    drop(client);
    hanging_up.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_silent_daemon_is_asked_for_a_sign_and_then_left() {
    let (client, daemon, mut house) = connect().await;
    let began = tokio::time::Instant::now();
    let (_, _daemon_again) = house.resumed(json!({})).await;
    let took = began.elapsed().as_secs();
    assert!((90..130).contains(&took), "{took}");
    drop((client, daemon));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_its_caller_gave_up_is_not_sent_again() {
    let (client, mut daemon, mut house) = connect().await;
    let hasty = client.with_deadline(Duration::from_millis(1));
    let params = state::GetParams {
        key: "k".to_owned(),
        tenant_id: None,
    };
    let (timed_out, _) = tokio::join!(hasty.call::<state::Get>(params), daemon.hear());
    assert!(matches!(timed_out, Err(CallError::TimedOut(_))));
    drop(daemon);
    let (asked, _daemon) = house.resumed(json!({})).await;
    assert_eq!(asked["waiting"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn what_an_agent_says_is_said_again_where_it_did_not_arrive() {
    let (lets, mut let_go) = mpsc::channel::<()>(1);
    let lets_go = Arc::new(lets);
    let begun = Arc::clone(&lets_go);
    let agent = Client::builder().agent(move |turn| {
        let begun = Arc::clone(&begun);
        async move {
            for word in ["one", "two", "three"] {
                turn.token(word).await?;
            }
            begun.send(()).await.map_err(|error| error.to_string())?;
            Ok(())
        }
    });
    let (client, mut daemon, mut house) = with(agent, Reconnect::default()).await;
    let context = json!({ "host_client_id": "h", "voice_input": false });
    let prompt = json!({ "session_id": "c", "turn_id": "t", "prompt": "p", "stream": true, "context": context });
    daemon
        .say(json!({ "jsonrpc": "2.0", "id": "cb-1", "method": "agent.chat", "params": prompt }))
        .await;
    assert_eq!(daemon.hear().await["result"]["accepted"], true);
    let first = daemon.answer(json!({ "taken": true })).await;
    assert_eq!(first["params"]["delta"], "one");
    let second = daemon.hear().await;
    let third = daemon.hear().await;
    let_go.recv().await.unwrap();
    drop(daemon);
    let not_seen: Vec<Value> = [&second, &third].map(|said| said["id"].clone()).into();
    let (asked, mut daemon) = house.resumed(json!({ "not_seen": not_seen })).await;
    let waiting = asked["waiting"].as_array().unwrap();
    assert!(waiting.starts_with(&not_seen), "{asked}");
    for said in [second, third] {
        assert_eq!(daemon.answer(json!({ "taken": true })).await, said);
    }
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_closed_while_it_looks_for_its_daemon_ends() {
    let (client, daemon, mut house) = connect().await;
    drop(daemon);
    // It dials, and nobody says anything.
    let _silent = house.next().await;
    client.close().await;
    assert_eq!(client.states().current(), ConnectionState::Closed);
}
