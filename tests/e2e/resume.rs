use std::time::Duration;

use car_state::frame::close;
use car_tests::proposal::{begin_work, call, proposal, statuses, with};
use car_tests::{TestClient, TestDaemon, Wanted, settle};
use car_transport::Limits;
use serde_json::{Value, json};

/// A client whose session outlives its connection, and the token for it.
pub(crate) async fn resumable(daemon: &TestDaemon, name: &str) -> (TestClient, Value) {
    let mut client = daemon.client(name);
    let begun = client.call("session.init", json!({ "resume": true })).await;
    (client, begun["resume_token"].clone())
}

pub(crate) async fn cut(client: TestClient) {
    client.cut();
    settle().await;
}

/// Comes back on a new connection.
pub(crate) async fn resume(daemon: &TestDaemon, name: &str, params: Value) -> (TestClient, Value) {
    let mut client = daemon.client(name);
    let resumed = client.call("session.resume", params).await;
    (client, resumed)
}

pub(crate) fn limited(change: impl FnOnce(&mut Limits)) -> TestDaemon {
    TestDaemon::with(Wanted {
        limits: Limits::default().with(change),
        ..Wanted::default()
    })
}

pub(crate) fn resumes(daemon: &TestDaemon) -> Vec<(&'static str, u64)> {
    let counts = daemon.server.state().resumes().counts.all();
    counts.filter(|(_, count)| *count > 0).collect()
}

#[tokio::test(start_paused = true)]
async fn a_session_comes_back_whole() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let tools = json!([{ "name": "search" }]);
    let policies = json!([{ "name": "no rm", "rule": "deny_tool", "target": "rm" }]);
    let params = json!({ "tools": tools, "policies": policies, "resume": true });
    let begun = alice.call("session.init", params).await;
    let scope = alice.call("session.policy.open", json!({})).await;
    let write = json!({ "key": "k", "value": 1 });
    alice.call("state.set", write).await;
    alice
        .call(
            "host.register_agent",
            json!({ "id": "scout", "name": "Scout" }),
        )
        .await;
    cut(alice).await;
    assert_eq!(daemon.server.connections(), 0);
    tokio::time::sleep(Duration::from_secs(100)).await;

    let params = json!({ "token": begun["resume_token"] });
    let (mut alice, resumed) = resume(&daemon, "alice again", params).await;
    assert_eq!(resumed["session_id"], begun["session_id"]);
    assert_eq!(resumed["restarted"], false);
    assert_ne!(resumed["resume_token"], begun["resume_token"]);
    assert_eq!(
        alice.call("state.get", json!({ "key": "k" })).await,
        json!(1)
    );
    alice.call("tools.list", json!({})).await;
    alice.call("policy.list", json!({})).await;
    let closed = alice.call("session.policy.close", scope).await;
    assert_eq!(closed["closed"], true);
    let agents = alice.call("host.agents", json!({})).await;
    assert_eq!(agents[0]["id"], "scout");
    assert_eq!(daemon.server.state().sessions().len(), 1);
    alice.finish().await;
    daemon.assert_empty().await;
    assert_eq!(resumes(&daemon), [("detached", 1), ("resumed", 1)]);
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_a_client_missed_is_told_by_the_request_that_it_waits_for() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    alice
        .call(
            "tools.register",
            json!([{ "name": "slow" }, { "name": "quick" }]),
        )
        .await;
    let running = alice
        .request("proposal.submit", proposal([call("a", "slow")]))
        .await;
    let slow = alice.expect("tools.execute").await;
    let answered = alice
        .request("proposal.submit", proposal([call("b", "quick")]))
        .await;
    let quick = alice.expect("tools.execute").await;
    // The answer is on its way when the connection is lost.
    alice.answer(&quick, json!("done")).await;
    cut(alice).await;

    let params = json!({ "token": token, "waiting": [answered, running, 99] });
    let (mut alice, resumed) = resume(&daemon, "alice again", params).await;
    assert_eq!(resumed["replies"][0]["id"], json!(answered));
    assert_eq!(
        statuses(&resumed["replies"][0]["result"]),
        json!([["b", "succeeded"]])
    );
    assert_eq!(resumed["running"], json!([running]));
    assert_eq!(resumed["not_seen"], json!([99]));
    // A callback that may not run twice is not sent again, and may be answered all the same.
    assert_eq!(resumed["callbacks"][0]["request_id"], slow["id"]);
    assert_eq!(resumed["callbacks"][0]["delivered"], false);
    alice.answer(&slow, json!("at last")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(statuses(&answer["result"]), json!([["a", "succeeded"]]));
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn replies_are_kept_until_a_pong_says_that_they_have_arrived() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    alice.call("state.keys", json!({})).await;
    // Two pings, each of which is answered: the second stands for what was written before the first.
    alice.nothing_for(Duration::from_secs(65)).await;
    alice.call("state.keys", json!({})).await;
    let kept = alice.request("state.keys", json!({})).await;
    alice.answer_to(kept).await;
    cut(alice).await;
    let (alice, resumed) = resume(&daemon, "alice again", json!({ "token": token })).await;
    let ids: Vec<&Value> = resumed["replies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reply| &reply["id"])
        .collect();
    assert_eq!(ids, [&json!(kept - 1), &json!(kept)]);
    cut(alice).await;
    // That arrived, but nothing says so yet: it is told again. What arrived for certain is remembered as answered.
    let params = json!({ "token": resumed["resume_token"], "waiting": [1, 2, kept] });
    let (alice, resumed) = resume(&daemon, "alice once more", params).await;
    assert_eq!(resumed["replies"].as_array().unwrap().len(), 1);
    assert_eq!(resumed["replies_lost"], json!([2]));
    assert_eq!(resumed["unknown"], json!([1]));
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn replies_beyond_the_bounds_are_named_and_not_kept() {
    let daemon = limited(|limits| limits.session.replies = 1);
    let (mut alice, token) = resumable(&daemon, "alice").await;
    let first = alice.request("state.keys", json!({})).await;
    alice.answer_to(first).await;
    let second = alice.request("state.keys", json!({})).await;
    alice.answer_to(second).await;
    cut(alice).await;
    let params = json!({ "token": token, "waiting": [first, second] });
    let (alice, resumed) = resume(&daemon, "alice again", params).await;
    assert_eq!(resumed["replies"][0]["id"], json!(second));
    assert_eq!(resumed["replies_lost"], json!([first]));
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn callbacks_that_may_run_twice_are_sent_again_under_their_id() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    let tools = json!([{ "name": "look", "idempotent": true }, { "name": "pay" }]);
    alice.call("tools.register", tools).await;
    let timed = |action| with(action, json!({ "timeout_ms": 60_000 }));
    let mut params = proposal([timed(call("a", "look")), timed(call("b", "pay"))]);
    params["proposal"]["execution"] = json!("parallel");
    let running = alice.request("proposal.submit", params).await;
    let look = alice.expect("tools.execute").await;
    let pay = alice.expect("tools.execute").await;
    assert_eq!(look["params"].get("delivery"), None);
    cut(alice).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (mut alice, resumed) = resume(&daemon, "alice again", json!({ "token": token })).await;
    let again = alice.expect("tools.execute").await;
    assert_eq!(again["id"], look["id"]);
    assert_eq!(again["params"]["request_id"], look["params"]["request_id"]);
    assert_eq!(again["params"]["delivery"], 2);
    assert_eq!(again["params"]["timeout_ms"], 50_000);
    assert_eq!(resumed["callbacks"][1]["request_id"], pay["id"]);
    assert_eq!(resumed["callbacks"][1]["delivered"], false);
    alice.answer(&pay, json!("paid")).await;
    alice.answer(&again, json!("seen")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(
        statuses(&answer["result"]),
        json!([["a", "succeeded"], ["b", "succeeded"]])
    );
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_never_arrived_is_sent_once_more_when_its_client_says_so() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    let tools = json!([{ "name": "pay" }]);
    alice.call("tools.register", tools).await;
    let retried = with(call("a", "pay"), json!({ "max_retries": 0 }));
    let running = alice.request("proposal.submit", proposal([retried])).await;
    let pay = alice.expect("tools.execute").await;
    let not_seen =
        json!({ "code": -32000, "message": "it did not arrive", "data": { "kind": "not_seen" } });
    let not_seen = json!({ "jsonrpc": "2.0", "id": pay["id"], "error": not_seen });
    cut(alice).await;
    let (mut alice, _) = resume(&daemon, "alice again", json!({ "token": token })).await;
    alice.send(not_seen.clone()).await;
    let again = alice.expect("tools.execute").await;
    assert_eq!(again["id"], pay["id"]);
    assert_eq!(again["params"]["delivery"], 2);
    // Whoever has been asked on this connection has it.
    alice.send(not_seen).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(statuses(&answer["result"]), json!([["a", "failed"]]));
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_a_proposal_asks_meanwhile_waits_for_the_client() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    alice
        .call(
            "tools.register",
            json!([{ "name": "one" }, { "name": "two" }]),
        )
        .await;
    let running = alice
        .request(
            "proposal.submit",
            proposal([
                with(
                    call("a", "one"),
                    json!({ "timeout_ms": 5_000, "max_retries": 0, "failure_behavior": "skip" }),
                ),
                call("b", "two"),
            ]),
        )
        .await;
    alice.expect("tools.execute").await;
    cut(alice).await;
    // The first runs out of time; the second is asked for while nobody is there.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (mut alice, resumed) = resume(&daemon, "alice again", json!({ "token": token })).await;
    assert_eq!(resumed["callbacks"][0]["delivery"], 1);
    let two = alice.expect("tools.execute").await;
    assert_eq!(two["params"]["tool"], "two");
    assert_eq!(two["params"].get("delivery"), None);
    alice.answer(&two, json!(2)).await;
    alice.answer_to(running).await;
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn subscriptions_go_on_from_what_was_seen_without_gap_or_duplicate() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    let mut bob = daemon.client("bob");
    let streams = json!(["host", "session"]);
    alice
        .call("events.subscribe", json!({ "streams": streams }))
        .await;
    let tell = |message: &str| json!({ "message": message });
    bob.call("host.notify", tell("one")).await;
    let one = alice.expect("host.event").await["params"].clone();
    bob.call("host.notify", tell("two")).await;
    // It was sent, but never read.
    cut(alice).await;
    bob.call("host.notify", tell("three")).await;
    let seen = json!({ "host": { "epoch": one["epoch"], "seq": one["seq"] } });
    let params = json!({ "token": token, "seen": seen });
    let (mut alice, _) = resume(&daemon, "alice again", params).await;
    for message in ["two", "three"] {
        let event = alice.expect("host.event").await;
        assert_eq!(event["params"]["message"], json!(message));
    }
    bob.call("host.notify", tell("four")).await;
    let four = alice.expect("host.event").await["params"].clone();
    assert_eq!(four["message"], "four");
    alice.nothing_for(Duration::from_secs(1)).await;
    alice.finish().await;
    bob.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn patterns_and_their_classes_go_on_with_the_session() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    let mut bob = daemon.client("bob");
    let all = json!({ "streams": ["*"], "delivery": "coalesce" });
    alice.call("events.subscribe", all).await;
    let tell = |message: &str| json!({ "message": message });
    bob.call("host.notify", tell("one")).await;
    let one = alice.expect("host.event").await["params"].clone();
    cut(alice).await;
    for message in ["two", "three"] {
        bob.call("host.notify", tell(message)).await;
    }
    let seen = json!({ "host": { "epoch": one["epoch"], "seq": one["seq"] } });
    let params = json!({ "token": token, "seen": seen });
    let (mut alice, _) = resume(&daemon, "alice again", params).await;
    // Of what it missed it gets the latest, as it asked before.
    let lagged = alice.expect("events.lagged").await;
    assert_eq!(lagged["params"]["coalesced"], 1);
    let event = alice.expect("host.event").await;
    assert_eq!(event["params"]["message"], "three");
    let streams = json!({ "streams": ["*"] });
    let removed = alice.call("events.unsubscribe", streams).await;
    assert!(removed["removed"].as_u64() > Some(0), "{removed}");
    alice.finish().await;
    bob.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_gone_is_told_and_the_other_streams_go_on() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    let streams = json!(["host", "session"]);
    alice
        .call("events.subscribe", json!({ "streams": streams }))
        .await;
    cut(alice).await;
    let params = json!({ "token": token, "seen": { "host": { "epoch": 0, "seq": 7 } } });
    let (alice, resumed) = resume(&daemon, "alice again", params).await;
    let host = &resumed["streams"][0];
    assert_eq!(host["stream"], "host");
    assert_eq!(host["resync_required"], json!({ "epoch": 1, "seq": 0 }));
    assert_eq!(host.get("from"), None);
    assert_eq!(
        resumed["streams"][1]["from"],
        json!({ "epoch": 1, "seq": 0 })
    );
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn another_connection_takes_over_and_the_first_is_fenced() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    let (running, work) = begin_work(&mut alice).await;
    let (mut second, resumed) = resume(&daemon, "alice elsewhere", json!({ "token": token })).await;
    assert_eq!(resumed["running"], json!([running]));
    let told = alice.expect("session.closing").await;
    assert_eq!(told["params"]["reason"], "fenced");
    assert_eq!(alice.closed().await, Some(close::POLICY));
    second.answer(&work, json!("done")).await;
    let answer = second.answer_to(running).await;
    assert_eq!(statuses(&answer["result"]), json!([["a", "succeeded"]]));
    assert_eq!(daemon.server.state().sessions().len(), 1);
    second.finish().await;
    daemon.assert_empty().await;
    assert_eq!(resumes(&daemon), [("taken_over", 1)]);
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_a_fenced_connection_still_asks_is_refused() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    let mut second = daemon.client("alice elsewhere");
    // Both are there before the daemon has a turn; the one that takes over is read first.
    second
        .request("session.resume", json!({ "token": token }))
        .await;
    let late = alice
        .request("state.set", json!({ "key": "k", "value": "late" }))
        .await;
    second.answer_to(1).await;
    let refused = alice.answer_to(late).await;
    assert_eq!(refused["error"]["data"]["kind"], "fenced");
    let value = second.call("state.get", json!({ "key": "k" })).await;
    assert_eq!(value, Value::Null);
    alice.expect("session.closing").await;
    assert_eq!(alice.closed().await, Some(close::POLICY));
    second.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_is_pipelined_behind_a_resume_meets_the_session() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    cut(alice).await;
    let mut alice = daemon.client("alice again");
    alice
        .request("session.resume", json!({ "token": token }))
        .await;
    let read = alice.request("state.get", json!({ "key": "k" })).await;
    alice.answer_to(1).await;
    assert_eq!(alice.answer_to(read).await["result"], 1);
    // The same where another connection has the session up to that moment.
    let mut resumed = alice.call("session.init", json!({ "resume": true })).await;
    for waiting in [Value::Null, json!([])] {
        let mut again = daemon.client("alice once more");
        let params = json!({ "token": resumed["resume_token"], "waiting": waiting });
        again.request("session.resume", params).await;
        let read = again.request("state.get", json!({ "key": "k" })).await;
        resumed = again.answer_to(1).await["result"].clone();
        assert_eq!(again.answer_to(read).await["result"], 1);
        alice.expect("session.closing").await;
        alice.closed().await;
        alice = again;
    }
    // Here it has its session already.
    let params = json!({ "token": resumed["resume_token"] });
    let refused = alice.refusal("session.resume", params).await;
    assert_eq!(refused["data"]["kind"], "conflict");
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_something_under_way_keeps_its_own_session() {
    let daemon = TestDaemon::start();
    let (alice, token) = resumable(&daemon, "alice").await;
    cut(alice).await;
    let mut bob = daemon.client("bob");
    bob.call("tools.register", json!([{ "name": "work" }]))
        .await;
    bob.request("proposal.submit", proposal([call("a", "work")]))
        .await;
    bob.expect("tools.execute").await;
    let refused = bob
        .refusal("session.resume", json!({ "token": token }))
        .await;
    assert_eq!(refused["data"]["kind"], "conflict");
    bob.leave().await;
    let (alice, _) = resume(&daemon, "alice again", json!({ "token": token })).await;
    alice.finish().await;
    daemon.assert_empty().await;
}
