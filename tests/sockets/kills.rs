//! The daemon is killed while it tells of something: what anybody has seen is there afterwards, or its place is refused.

use std::collections::BTreeMap;
use std::future::poll_fn;

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox};
use car_transport::source::next;
use car_transport::{Duplex, Frame};
use serde_json::{Value, json};

use crate::families::{Family, Source, families};

/// How often each family is killed.
const KILLS: usize = 20;

/// How often the environment wants that.
pub(crate) fn kills(usual: usize) -> usize {
    wanted("CAR_KILLS", usual)
}

/// A number that the environment wants instead of the usual one; `cargo xtask soak` sets it.
#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
pub(crate) fn wanted(name: &str, usual: usize) -> usize {
    let wanted = std::env::var(name).ok();
    wanted.map_or(usual, |wanted| wanted.parse().unwrap())
}

pub(crate) async fn send(duplex: &mut Duplex, message: &Value) {
    let sink = &mut duplex.sink;
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
    let text = message.to_string();
    sink.as_mut().start_send(Frame::Text(text.into())).unwrap();
    poll_fn(|cx| sink.as_mut().poll_flush(cx)).await.unwrap();
}

/// The next message; none where the connection is over.
pub(crate) async fn read(duplex: &mut Duplex) -> Option<Value> {
    loop {
        match next(&mut duplex.source).await? {
            Ok(Frame::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
            Ok(Frame::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// Events by their numbers, as somebody was shown them: what tells one from another.
pub(crate) type Seen = BTreeMap<u64, Value>;

pub(crate) fn see(seen: &mut Seen, event: &Value) {
    let Some(seq) = event["seq"].as_u64() else {
        return;
    };
    // Events of a session have no id; their time and what they are about will do.
    let told = match &event["id"] {
        Value::Null => json!([event["timestamp"], event["kind"], event["action_id"]]),
        id => id.clone(),
    };
    let before = seen.insert(seq, told);
    assert_eq!(before, None, "an event came twice");
}

/// What the daemon has of a stream after a place.
pub(crate) async fn logged(client: &mut TestClient, stream: &str, after: &Value) -> (Seen, Value) {
    let (mut seen, mut since) = (Seen::new(), after.clone());
    loop {
        let params = json!({ "stream": stream, "since": since, "limit": 100 });
        let page = client.call("events.query", params).await;
        assert_eq!(page["missed"], 0);
        for event in page["events"].as_array().unwrap() {
            see(&mut seen, event);
        }
        since = page["next"].clone();
        if page["more"] == json!(false) {
            return (seen, since);
        }
    }
}

/// A client that may read every stream.
async fn host(daemon: &Program) -> TestClient {
    let mut host = daemon.client("host").await;
    host.off_the_record();
    host.call("session.auth", json!({ "host_token": "" })).await;
    host
}

/// What was known when the daemon was killed.
struct Killed {
    stream: String,
    /// Where the listener began.
    from: Value,
    /// What the listener saw.
    shown: Seen,
    /// What the answers to whoever told said of events.
    acknowledged: Seen,
}

/// One client has a stream tell of things, another one listens, and the daemon is killed when that one has seen so many
/// events.
async fn kill_in_mid_stream(daemon: Program, family: &Family, events: usize) -> Killed {
    let source = Source::of(&daemon, &family.name).await;
    let stream = source.stream.clone();
    let mut listener = host(&daemon).await;
    let params = json!({ "streams": [stream] });
    let told = listener.call("events.subscribe", params).await;
    let mut listener = listener.into_duplex();
    let requests: Vec<_> = (0..250).map(|n| source.request(n)).collect();
    let mut source = source.client.into_duplex();
    for (id, (method, params)) in requests.into_iter().enumerate() {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        send(&mut source, &message).await;
    }
    let mut killed = Killed {
        stream,
        from: told["streams"][0]["from"].clone(),
        shown: Seen::new(),
        acknowledged: Seen::new(),
    };
    while killed.shown.len() < events {
        let message = read(&mut listener).await.unwrap();
        see(&mut killed.shown, &message["params"]);
    }
    daemon.kill();
    // What was on its way is shown, too.
    while let Some(message) = read(&mut listener).await {
        see(&mut killed.shown, &message["params"]);
    }
    while let Some(message) = read(&mut source).await {
        see(&mut killed.acknowledged, &message["result"]);
    }
    killed
}

/// The next daemon has everything that anybody was shown, and goes on after it.
async fn all_is_there(daemon: &Program, killed: &Killed, family: &Family) {
    let mut host = host(daemon).await;
    let (kept, head) = logged(&mut host, &killed.stream, &killed.from).await;
    for (seq, event) in killed.shown.iter().chain(&killed.acknowledged) {
        assert_eq!(kept.get(seq), Some(event), "event {seq}");
    }
    let first = killed.from["seq"].as_u64().unwrap() + 1;
    let last = head["seq"].as_u64().unwrap();
    let numbers: Vec<u64> = kept.keys().copied().collect();
    assert_eq!(numbers, (first..=last).collect::<Vec<_>>());
    assert_eq!(head["epoch"], killed.from["epoch"]);
    // Whoever comes back with the last place that it saw gets the rest and what is new, without a gap.
    let mut place = killed.from.clone();
    place["seq"] = json!(killed.shown.keys().last());
    let params = json!({ "streams": [killed.stream], "since": { &killed.stream: place } });
    host.call("events.subscribe", params).await;
    Source::of(daemon, &family.name).await.client.leave().await;
    for seq in place["seq"].as_u64().unwrap() + 1..=last + 1 {
        assert_eq!(host.next().await["params"]["seq"], json!(seq));
    }
    host.leave().await;
}

/// The next daemon says that the place is gone, whoever asks and however.
async fn the_place_is_refused(daemon: &Program, killed: &Killed) {
    let mut host = host(daemon).await;
    let mut place = killed.from.clone();
    place["seq"] = json!(killed.shown.keys().last());
    for (method, params) in [
        (
            "events.query",
            json!({ "stream": killed.stream, "since": place }),
        ),
        (
            "events.subscribe",
            json!({ "streams": [killed.stream], "since": { &killed.stream: place } }),
        ),
    ] {
        let error = host.refusal(method, params).await;
        assert_eq!(
            error["data"]["kind"], "resync_required",
            "{method}: {error}"
        );
        let oldest = &error["data"]["oldest"];
        assert!(oldest["epoch"].as_u64() > place["epoch"].as_u64());
    }
    host.leave().await;
}

#[tokio::test]
async fn twenty_kills_in_mid_stream_of_every_family_lose_nothing_that_anybody_has_seen_or_say_so() {
    let sandbox = Sandbox::new();
    let words = ["--no-auth"];
    let mut daemon = sandbox.start(&words);
    for family in families(&daemon).await {
        for kill in 0..kills(KILLS) {
            let killed = kill_in_mid_stream(daemon, &family, 1 + kill % KILLS * 11).await;
            daemon = sandbox.start(&words);
            if family.durable {
                all_is_there(&daemon, &killed, &family).await;
            } else {
                the_place_is_refused(&daemon, &killed).await;
            }
        }
    }
}

#[tokio::test]
async fn the_own_stream_of_a_session_is_another_one_after_a_kill() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth"]);
    let mut source = Source::of(&daemon, "session").await;
    let page = source.client.call("events.query", Value::Null).await;
    source.client.leave().await;
    daemon.kill();
    let daemon = sandbox.start(&["--no-auth"]);
    let mut alice = daemon.client("alice").await;
    let error = alice
        .refusal("events.query", json!({ "since": page["next"] }))
        .await;
    assert_eq!(error["data"]["kind"], "resync_required");
    alice.finish().await;
}
