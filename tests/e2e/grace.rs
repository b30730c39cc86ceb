use std::time::Duration;

use car_state::approval::ApprovalGate;
use car_state::frame::close;
use car_tests::proposal::{call, proposal, statuses, with};
use car_tests::{TestClient, TestDaemon, Wanted, settle};
use car_transport::memory::{self, Options};
use car_transport::{CloseReason, Frame};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::resume::{cut, limited, resumable, resume, resumes};

/// Begins a proposal of two calls that is aborted after thirty seconds, since one of them is not answered. The other has
/// these members; the answer is the proposal's request and that call.
async fn begin_aborted(alice: &mut TestClient, members: Value) -> (i64, Value) {
    let tools = json!([{ "name": "late" }, { "name": "work" }]);
    alice.call("tools.register", tools).await;
    let late = json!({ "timeout_ms": 30_000, "max_retries": 0 });
    let actions = [
        with(call("a", "late"), late),
        with(call("b", "work"), members),
    ];
    let mut submit = proposal(actions);
    submit["proposal"]["execution"] = json!("parallel");
    let running = alice.request("proposal.submit", submit).await;
    alice.expect("tools.execute").await;
    (running, alice.expect("tools.execute").await)
}

#[tokio::test(start_paused = true)]
async fn without_asking_for_it_a_session_ends_with_its_connection() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let begun = alice.call("session.init", json!({ "resume": false })).await;
    assert_eq!(begun.get("resume_token"), None);
    cut(alice).await;
    assert!(daemon.server.state().sessions().is_empty());
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn after_the_grace_everything_ends() {
    let daemon = TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table().with_reach(Duration::from_secs(600)),
        ..Wanted::default()
    });
    let (mut alice, token) = resumable(&daemon, "alice").await;
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    alice
        .request("proposal.submit", proposal([call("a", "work")]))
        .await;
    alice.expect("tools.execute").await;
    alice.request("state.clear", json!({})).await;
    alice
        .call(
            "host.register_agent",
            json!({ "id": "scout", "name": "Scout" }),
        )
        .await;
    settle().await;
    assert_eq!(daemon.server.state().host().counts(), (1, 1));
    let session = daemon.only_session();
    cut(alice).await;
    tokio::time::sleep(Duration::from_secs(119)).await;
    assert_eq!(daemon.server.state().host().counts(), (1, 1));
    assert_eq!((session.tasks(), session.callbacks().len()), (2, 1));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((session.tasks(), session.callbacks().len()), (0, 0));
    drop(session);
    daemon.assert_empty().await;
    assert_eq!(daemon.server.state().resumes().waiting(), (0, 0));
    let mut alice = daemon.client("alice again");
    let refused = alice
        .refusal("session.resume", json!({ "token": token }))
        .await;
    assert_eq!(refused["data"]["kind"], "auth_failed");
    alice.finish().await;
    let wanted = [("detached", 1), ("expired", 1), ("refused", 1)];
    assert_eq!(resumes(&daemon), wanted);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_ends_the_session_at_once_and_a_page_that_is_left_does_not() {
    let daemon = TestDaemon::start();
    let (alice, _) = resumable(&daemon, "alice").await;
    alice.finish().await;
    settle().await;
    assert!(daemon.server.state().sessions().is_empty());
    let (mut alice, _) = resumable(&daemon, "alice").await;
    alice.call("session.close", json!({})).await;
    assert_eq!(alice.closed().await, Some(close::NORMAL));
    settle().await;
    assert!(daemon.server.state().sessions().is_empty());
    let (mut alice, _) = resumable(&daemon, "alice").await;
    let left = CloseReason::new(close::GOING_AWAY, "");
    alice.send_frame(Frame::Close(Some(left))).await;
    assert_eq!(alice.closed().await, Some(close::GOING_AWAY));
    settle().await;
    assert_eq!(daemon.server.state().sessions().len(), 1);
    tokio::time::sleep(Duration::from_secs(121)).await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn the_grace_is_what_was_asked_for_up_to_what_is_allowed() {
    let daemon = limited(|limits| limits.session.grace = Duration::from_secs(60));
    let mut alice = daemon.client("alice");
    for (asked, given) in [
        (json!(1_000), 1_000),
        (json!(999_999), 60_000),
        (Value::Null, 60_000),
    ] {
        let params = json!({ "resume": true, "grace_ms": asked });
        let begun = alice.call("session.init", params).await;
        assert_eq!(begun["grace_ms"], given);
    }
    let params = json!({ "resume": true, "grace_ms": 1_000 });
    let begun = alice.call("session.init", params).await;
    cut(alice).await;
    let params = json!({ "token": begun["resume_token"], "grace_ms": 2_000 });
    let (alice, resumed) = resume(&daemon, "alice again", params).await;
    assert_eq!(resumed["grace_ms"], 2_000);
    cut(alice).await;
    tokio::time::sleep(Duration::from_millis(1_900)).await;
    assert_eq!(daemon.server.state().sessions().len(), 1);
    tokio::time::sleep(Duration::from_millis(200)).await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn the_session_that_waited_longest_makes_room() {
    let daemon = limited(|limits| limits.session.detached = 2);
    let mut tokens = Vec::new();
    for name in ["one", "two", "three"] {
        let (client, token) = resumable(&daemon, name).await;
        cut(client).await;
        tokens.push(token);
    }
    settle().await;
    assert_eq!(daemon.server.state().sessions().len(), 2);
    assert_eq!(daemon.server.state().resumes().waiting(), (2, 0));
    let mut one = daemon.client("one again");
    one.refusal("session.resume", json!({ "token": tokens[0] }))
        .await;
    one.finish().await;
    let (three, _) = resume(&daemon, "three again", json!({ "token": tokens[2] })).await;
    three.finish().await;
    tokio::time::sleep(Duration::from_secs(121)).await;
    daemon.assert_empty().await;
    let wanted = [
        ("detached", 3),
        ("resumed", 1),
        ("expired", 1),
        ("evicted", 1),
        ("refused", 1),
    ];
    assert_eq!(resumes(&daemon), wanted);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_sessions_that_wait() {
    let daemon = TestDaemon::start();
    let (alice, _) = resumable(&daemon, "alice").await;
    cut(alice).await;
    assert_eq!(daemon.server.state().sessions().len(), 1);
    daemon.server.stop();
    daemon.server.stopped().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_person_may_decide_while_the_client_is_away() {
    let daemon = TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table().with_timeout(Duration::from_secs(600)),
        ..Wanted::default()
    });
    let (mut alice, token) = resumable(&daemon, "alice").await;
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    let clear = alice.request("state.clear", json!({})).await;
    cut(alice).await;
    let mut harry = daemon.client("harry");
    let approvals = harry.call("host.approvals", json!({})).await;
    let params = json!({ "approval_id": approvals[0]["id"], "resolution": "approve" });
    harry.call("host.resolve_approval", params).await;
    harry.finish().await;
    settle().await;
    let params = json!({ "token": token, "waiting": [clear] });
    let (mut alice, resumed) = resume(&daemon, "alice again", params).await;
    assert_eq!(resumed["replies"][0]["id"], json!(clear));
    assert_eq!(alice.call("state.keys", json!({})).await, json!([]));
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_taken_back_on_the_new_connection() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let action = json!({
        "id": "a", "type": "tool_call", "tool": "work", "timeout_ms": 30_000, "max_retries": 0,
    });
    let running = alice.request("proposal.submit", proposal([action])).await;
    let work = alice.expect("tools.execute").await;
    cut(alice).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let (mut alice, _) = resume(&daemon, "alice again", json!({ "token": token })).await;
    let cancel = alice.expect("tools.cancel").await;
    assert_eq!(cancel["params"]["request_id"], work["id"]);
    alice.answer_to(running).await;
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_its_client_never_got_is_not_waited_for_when_the_proposal_ends() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    let retried = json!({ "timeout_ms": 20_000, "failure_behavior": "retry" });
    let (running, _) = begin_aborted(&mut alice, retried).await;
    cut(alice).await;
    // The second attempt has begun when nobody is there.
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert_eq!(daemon.only_session().callbacks().len(), 2);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(daemon.only_session().callbacks().is_empty());
    let params = json!({ "token": token, "waiting": [running] });
    let (alice, resumed) = resume(&daemon, "alice again", params).await;
    let result = &resumed["replies"][0]["result"];
    assert_eq!(result["outcome"], "aborted", "{result}");
    assert_eq!(resumed["callbacks"], json!([]));
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_back_is_told_which_of_its_calls_are_recalled() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    let (running, work) = begin_aborted(&mut alice, json!({})).await;
    cut(alice).await;
    // The proposal is aborted, and the tool may say for two more seconds what became of its work.
    tokio::time::sleep(Duration::from_secs(31)).await;
    let (mut alice, resumed) = resume(&daemon, "alice again", json!({ "token": token })).await;
    let open = &resumed["callbacks"][0];
    assert_eq!(
        (&open["request_id"], &open["delivered"]),
        (&work["id"], &json!(false))
    );
    let cancel = alice.expect("tools.cancel").await;
    assert_eq!(cancel["params"]["request_id"], work["id"]);
    alice.answer(&work, json!("done")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(statuses(&answer["result"])[1], json!(["b", "succeeded"]));
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn who_takes_over_and_closes_at_once_leaves_nothing_behind() {
    let daemon = TestDaemon::start();
    let (mut alice, token) = resumable(&daemon, "alice").await;
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let submit = proposal([call("a", "work")]);
    alice.request("proposal.submit", submit).await;
    alice.expect("tools.execute").await;
    let session = daemon.only_session();
    let mut elsewhere = daemon.client("alice elsewhere");
    // Before the first connection notices anything.
    elsewhere
        .request("session.resume", json!({ "token": token }))
        .await;
    elsewhere.request("session.close", json!({})).await;
    settle().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(session.tasks(), 0);
    drop(session);
    daemon.assert_empty().await;
    for client in [&mut alice, &mut elsewhere] {
        client.off_the_record();
    }
    alice.leave().await;
    elsewhere.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_connection_was_dropped_by_its_program_is_resumed_by_nobody() {
    let daemon = TestDaemon::start();
    let (ours, theirs) = memory::pair(Options::default());
    let server = daemon.server.clone();
    let mut serving = JoinSet::new();
    serving.spawn(async move { server.serve_connection(ours).await });
    let mut alice = daemon.on("alice", theirs);
    let begun = alice.call("session.init", json!({ "resume": true })).await;
    let session = daemon.only_session();
    serving.shutdown().await;
    let params = json!({ "token": begun["resume_token"] });
    let mut again = daemon.client("alice again");
    let refused = again.refusal("session.resume", params).await;
    assert_eq!(refused["data"]["kind"], "auth_failed");
    again.finish().await;
    alice.cut();
    drop(session);
    daemon.assert_empty().await;
}
