//! How proposals end before their last action, and what is undone then.

use std::time::Duration;

use car_tests::proposal::{begin_work, call, proposal, statuses, with, write};
use car_tests::{TestClient, TestDaemon, settle};
use serde_json::{Value, json};
use tokio::time::Instant;

async fn with_tools(daemon: &TestDaemon, tools: &[&str]) -> TestClient {
    let mut alice = daemon.client("alice");
    let tools: Value = tools.iter().map(|name| json!({ "name": name })).collect();
    alice.call("tools.register", tools).await;
    alice
}

fn undone_by(action: Value, tool: &str, parameters: Value) -> Value {
    let compensation = json!({ "tool": tool, "parameters": parameters });
    with(action, json!({ "compensation": compensation }))
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_proposal_has_a_status_and_a_reason_for_every_action() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, &["build"]).await;
    let actions = [
        write("a", "k", json!(1)),
        call("b", "build"),
        call("c", "build"),
    ];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let asked = alice.expect("tools.execute").await;
    let cancel = json!({ "proposal_id": "p", "reason": "the user changed their mind" });
    alice.call("proposal.cancel", cancel.clone()).await;
    alice.expect("tools.cancel").await;
    // The tool says what became of its work, in time.
    alice.fail(&asked, "stopped half way").await;
    let answer = alice.answer_to(running).await;
    assert_eq!(
        statuses(&answer["result"]),
        json!([["a", "succeeded"], ["b", "failed"], ["c", "skipped"]])
    );
    assert_eq!(alice.call("state.keys", Value::Null).await, json!([]));
    alice.call("proposal.cancel", cancel).await;
    alice
        .refusal("proposal.cancel", json!({ "proposal_id": "q" }))
        .await;
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_does_not_listen_is_waited_for_two_seconds() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, &["build"]).await;
    let running = alice
        .request("proposal.submit", proposal([call("a", "build")]))
        .await;
    alice.expect("tools.execute").await;
    let began = Instant::now();
    alice
        .call("proposal.cancel", json!({ "proposal_id": "p" }))
        .await;
    alice.expect("tools.cancel").await;
    alice.answer_to(running).await;
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_succeeded_is_undone_the_last_first() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, &["book", "unbook", "pay"]).await;
    let book = |id: &str| {
        let number = format!("${id}.output.number");
        undone_by(call(id, "book"), "unbook", json!({ "number": number }))
    };
    let actions = [book("flight"), book("hotel"), call("pay", "pay")];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    for number in [7, 8] {
        let asked = alice.expect("tools.execute").await;
        alice.answer(&asked, json!({ "number": number })).await;
    }
    let pay = alice.expect("tools.execute").await;
    alice.fail(&pay, "the card was declined").await;
    let hotel = alice.expect("tools.execute").await;
    assert_eq!(hotel["params"]["parameters"], json!({ "number": 8 }));
    // One that fails does not keep the others from being undone.
    alice.fail(&hotel, "too late to cancel").await;
    let flight = alice.expect("tools.execute").await;
    alice.answer(&flight, json!("refunded")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["outcome"], "aborted");
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_compensation_passes_the_same_checks_as_any_call() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, &["make", "rm"]).await;
    let no_rm = json!({ "name": "no rm", "rule": "deny_tool", "target": "rm" });
    alice.call("policy.register", no_rm).await;
    let kept = json!({ "compensable": false });
    let actions = [
        with(
            undone_by(write("kept", "k", json!(1)), "rm", json!({})),
            kept,
        ),
        undone_by(call("denied", "make"), "rm", json!({})),
        undone_by(write("unknown", "k", json!(2)), "nothing", json!({})),
        json!({ "id": "end", "type": "assertion", "parameters": { "key": "k", "expected": 3 } }),
    ];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let asked = alice.expect("tools.execute").await;
    alice.answer(&asked, json!("made")).await;
    alice.answer_to(running).await;
    let lost = undone_by(call("a", "make"), "rm", json!({ "of": "$b.output" }));
    alice.refusal("proposal.submit", proposal([lost])).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn only_its_session_and_hosts_cancel_a_proposal() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    let mut mallory = daemon.authenticated("mallory").await;
    let mut harry = daemon.host("harry").await;
    let (running, asked) = begin_work(&mut alice).await;
    let session = asked["params"]["session_id"].clone();
    for params in [
        json!({ "proposal_id": "p" }),
        json!({ "proposal_id": "p", "session_id": session }),
    ] {
        mallory.refusal("proposal.cancel", params.clone()).await;
        mallory.refusal("proposal.calls", params).await;
    }
    let cancel = json!({ "proposal_id": "p", "reason": "not on my machine" });
    harry.call("proposal.cancel", cancel).await;
    alice.expect("tools.cancel").await;
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["outcome"], "cancelled");
    for client in [alice, mallory, harry] {
        client.finish().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_cancel_that_is_sent_right_behind_its_proposal_finds_it() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, &["work"]).await;
    let running = alice
        .request("proposal.submit", proposal([call("a", "work")]))
        .await;
    let cancel = alice
        .request("proposal.cancel", json!({ "proposal_id": "p" }))
        .await;
    assert_eq!(alice.answer_to(cancel).await["result"]["cancelled"], true);
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["outcome"], "cancelled");
    // Whether the tool was asked before depends on how the frames came; if it was, it was told.
    settle().await;
    alice.cut();
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_the_daemon_undoes_what_its_proposals_did() {
    let daemon = TestDaemon::start();
    let mut alice = with_tools(&daemon, &["make", "unmake", "wait"]).await;
    let actions = [
        undone_by(call("a", "make"), "unmake", json!({})),
        call("b", "wait"),
    ];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let make = alice.expect("tools.execute").await;
    alice.answer(&make, json!("made")).await;
    alice.expect("tools.execute").await;
    daemon.remark("the daemon is told to stop");
    daemon.server.stop();
    alice.expect("tools.cancel").await;
    let unmake = alice.expect("tools.execute").await;
    assert_eq!(unmake["params"]["compensation"], true);
    alice.answer(&unmake, json!("unmade")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(answer["result"]["compensations"][0]["status"], "succeeded");
    alice.expect("session.closing").await;
    alice.closed().await;
    daemon.server.stopped().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}
