//! Sessions that are resumed over real sockets, and after the end of the daemon.

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox};
use car_tests::proposal::{call, proposal, statuses, write};
use car_transport::source::next;
use car_transport::{Duplex, Frame};
use serde_json::{Value, json};

async fn begin(daemon: &Program, sandbox: &Sandbox) -> (TestClient, Value) {
    let token_file = sandbox.runtime_dir().join("ai.parslee.car/auth-token");
    let mut alice = daemon.authenticated("alice", &token_file).await;
    let begun = alice.call("session.init", json!({ "resume": true })).await;
    (alice, begun)
}

async fn resume(daemon: &Program, params: Value) -> (TestClient, Value) {
    let mut alice = daemon.client("alice again").await;
    // The token is all that is asked for.
    let resumed = alice.call("session.resume", params).await;
    (alice, resumed)
}

#[tokio::test]
async fn a_session_survives_a_kill_and_says_what_of_it_does_not() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let (mut alice, begun) = begin(&daemon, &sandbox).await;
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let policy = json!({ "name": "no rm", "rule": "deny_tool", "target": "rm" });
    alice.call("policy.register", policy).await;
    let streams = json!({ "streams": ["host", "session"] });
    alice.call("events.subscribe", streams).await;
    alice
        .call("proposal.submit", proposal([write("a", "k", json!(1))]))
        .await;
    // Its answer is kept, and waits for that, and so for all that was noted before.
    let one = json!({ "message": "one", "idempotency_key": "one" });
    alice.call("host.notify", one).await;
    let one = alice.expect("host.event").await["params"].clone();
    alice.call("host.notify", json!({ "message": "two" })).await;
    alice.cut();
    daemon.kill();

    let daemon = sandbox.start(&[]);
    let mut token = begun["resume_token"].clone();
    let mut seen = json!({ "host": { "epoch": one["epoch"], "seq": one["seq"] } });
    for kill in 0..3 {
        let params = json!({ "token": token, "seen": seen, "waiting": [3] });
        let (mut alice, resumed) = resume(&daemon, params).await;
        assert_eq!(resumed["session_id"], begun["session_id"]);
        assert_eq!(resumed["restarted"], json!(kill == 0));
        let two = alice.expect("host.event").await["params"].clone();
        assert_eq!(two["message"], "two");
        if kill == 0 {
            let lost = json!([
                "policy_scopes",
                "state",
                "memory",
                "agents",
                "requests",
                "callbacks"
            ]);
            assert_eq!(resumed["lost"], lost);
            assert_eq!(resumed["unknown"], json!([3]));
            let own = &resumed["streams"][1];
            assert_eq!(
                own["stream"],
                json!(format!("session/{}", begun["session_id"].as_str().unwrap()))
            );
            assert!(own["resync_required"].is_object(), "{own}");
        }
        let tools = alice.call("tools.list", json!({})).await;
        assert_eq!(tools["tools"][0]["name"], "work");
        let policies = alice.call("policy.list", json!({})).await;
        assert_eq!(policies["policies"][0]["name"], "no rm");
        seen = json!({ "host": { "epoch": one["epoch"], "seq": one["seq"] } });
        token = resumed["resume_token"].clone();
        alice.cut();
    }
    daemon.kill();
    // A token that was told is good after the next kill, too, and its goodbye is remembered.
    let daemon = sandbox.start(&[]);
    let (alice, resumed) = resume(&daemon, json!({ "token": token })).await;
    assert_eq!(resumed["restarted"], true);
    alice.leave().await;
    let token = &resumed["resume_token"];
    let mut alice = daemon.client("alice at last").await;
    let refused = alice
        .refusal("session.resume", json!({ "token": token }))
        .await;
    assert_eq!(refused["data"]["kind"], "auth_failed");
    alice.leave().await;
    let kept = std::fs::read(sandbox.root().join("car.db")).unwrap();
    let wal = std::fs::read(sandbox.root().join("car.db-wal")).unwrap_or_default();
    let secret = token.as_str().unwrap().as_bytes();
    for file in [kept, wal] {
        assert!(!file.windows(secret.len()).any(|part| part == secret));
    }
}

#[tokio::test]
async fn a_proposal_goes_on_through_twenty_lost_connections() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let (mut alice, begun) = begin(&daemon, &sandbox).await;
    alice
        .call(
            "tools.register",
            json!([{ "name": "look", "idempotent": true }]),
        )
        .await;
    let running = alice
        .request("proposal.submit", proposal([call("a", "look")]))
        .await;
    let asked = alice.expect("tools.execute").await;
    let mut token = begun["resume_token"].clone();
    for delivery in 2..22 {
        // Every second time the old connection is still there.
        let old = if delivery % 2 == 0 {
            alice.cut();
            None
        } else {
            Some(alice)
        };
        let params = json!({ "token": token, "waiting": [running] });
        let (again, resumed) = resume(&daemon, params).await;
        alice = again;
        assert_eq!(resumed["running"], json!([running]));
        let callback = alice.expect("tools.execute").await;
        assert_eq!(callback["id"], asked["id"]);
        assert_eq!(callback["params"]["delivery"], json!(delivery));
        token = resumed["resume_token"].clone();
        if let Some(mut old) = old {
            old.expect("session.closing").await;
            old.closed().await;
        }
    }
    alice.answer(&asked, json!("seen")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(statuses(&answer["result"]), json!([["a", "succeeded"]]));
    alice.finish().await;
}

/// The next message; none where the connection is over.
async fn read(duplex: &mut Duplex) -> Option<Value> {
    loop {
        match next(&mut duplex.source).await? {
            Ok(Frame::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
            Ok(Frame::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// Resumes a session, asks what it knows right behind that, and says whether it was told.
async fn race(daemon: &Program, token: &Value) -> bool {
    let mut client = daemon.client("racer").await;
    client
        .request("session.resume", json!({ "token": token }))
        .await;
    let asked = client.request("state.get", json!({ "key": "k" })).await;
    let mut duplex = client.into_duplex();
    while let Some(message) = read(&mut duplex).await {
        if message["id"] == json!(asked) {
            assert!(
                message["result"] == "kept" || message["error"]["data"]["kind"] == "fenced",
                "{message}"
            );
            return message["result"] == "kept";
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_come_back_at_once_the_last_one_has_the_session() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let (mut alice, begun) = begin(&daemon, &sandbox).await;
    alice
        .call("state.set", json!({ "key": "k", "value": "kept" }))
        .await;
    alice.cut();
    let mut token = begun["resume_token"].clone();
    for _ in 0..20 {
        let (one, other) = tokio::join!(race(&daemon, &token), race(&daemon, &token));
        assert!(one || other, "somebody has it");
        let (mut alice, resumed) = resume(&daemon, json!({ "token": token })).await;
        let kept = alice.call("state.get", json!({ "key": "k" })).await;
        assert_eq!(kept, "kept");
        token = resumed["resume_token"].clone();
        alice.cut();
    }
}

/// A client that says it is a host, which a daemon without authentication believes.
async fn host(daemon: &Program, name: &str) -> TestClient {
    let mut host = daemon.client(name).await;
    host.call("session.auth", json!({ "host_token": "" })).await;
    host
}

/// Has a client tell something of its own, and answers its stream.
async fn told(daemon: &Program, name: &str) -> (TestClient, Value) {
    let mut client = daemon.client(name).await;
    client
        .call("proposal.submit", proposal([write("a", "k", json!(1))]))
        .await;
    let page = client.call("events.query", json!({ "limit": 1 })).await;
    (client, page["stream"].clone())
}

#[tokio::test]
async fn a_pattern_covers_what_appears_after_a_kill() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth"]);
    let mut harry = host(&daemon, "harry").await;
    let begun = harry.call("session.init", json!({ "resume": true })).await;
    let patterns = json!({ "streams": ["session/*"] });
    harry.call("events.subscribe", patterns).await;
    let (bob, _) = told(&daemon, "bob").await;
    harry.expect("session.event").await;
    // Noted with the subscription, since its answer is kept, and waits for that.
    bob.cut();
    let mut noted = daemon.client("carol").await;
    let last = json!({ "message": "n", "idempotency_key": "n" });
    noted.call("host.notify", last).await;
    noted.cut();
    harry.cut();
    daemon.kill();
    let mut token = begun["resume_token"].clone();
    for _ in 0..3 {
        let daemon = sandbox.start(&["--no-auth"]);
        // Whoever does not get the first answer is told with the second all the same, and then no more.
        let (unheard, first) = resume(&daemon, json!({ "token": token })).await;
        unheard.cut();
        let (heard, second) = resume(&daemon, json!({ "token": token })).await;
        heard.cut();
        let params = json!({ "token": second["resume_token"] });
        let (mut harry, resumed) = resume(&daemon, params).await;
        let restarted = [&first, &second, &resumed].map(|answer| &answer["restarted"]);
        assert_eq!(restarted, [&json!(true), &json!(true), &json!(false)]);
        token = resumed["resume_token"].clone();
        assert_eq!(resumed["session_id"], begun["session_id"]);
        // What appears begins with its first event.
        let (dora, stream) = told(&daemon, "dora").await;
        loop {
            let event = harry.next().await["params"].clone();
            if event["stream"] == stream {
                assert_eq!(event["seq"], 1);
                break;
            }
        }
        dora.cut();
        harry.cut();
        daemon.kill();
    }
}
