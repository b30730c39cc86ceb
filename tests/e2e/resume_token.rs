use car_protocol::jsonrpc::Id;
use car_state::frame::close;
use car_state::session::resume::ResumeLimits;
use car_tests::{TestDaemon, settle};
use serde_json::json;

use crate::resume::{cut, resumable, resume, resumes};

#[tokio::test(start_paused = true)]
async fn the_old_token_is_good_until_the_new_one_is_used() {
    let daemon = TestDaemon::start();
    let (alice, first) = resumable(&daemon, "alice").await;
    cut(alice).await;
    // The answer to this one is lost, and the token in it.
    let mut alice = daemon.client("alice unheard");
    alice
        .request("session.resume", json!({ "token": first }))
        .await;
    settle().await;
    cut(alice).await;
    let (alice, resumed) = resume(&daemon, "alice again", json!({ "token": first })).await;
    let second = resumed["resume_token"].clone();
    cut(alice).await;
    let (alice, resumed) = resume(&daemon, "alice once more", json!({ "token": second })).await;
    cut(alice).await;
    let mut mallory = daemon.client("mallory");
    let refused = mallory
        .refusal("session.resume", json!({ "token": first }))
        .await;
    assert_eq!(refused["data"]["kind"], "auth_failed");
    mallory.finish().await;
    let third = resumed["resume_token"].clone();
    let (alice, _) = resume(&daemon, "alice at last", json!({ "token": third })).await;
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_comes_after_a_later_one_changes_nothing() {
    let daemon = TestDaemon::start();
    let (alice, token) = resumable(&daemon, "alice").await;
    cut(alice).await;
    let attempt = |client: &str, number: u64| {
        let attempt = json!({ "client": client, "number": number });
        json!({ "token": token, "attempt": attempt })
    };
    // The first one was sent, and its connection was lost before it was read.
    let (mut alice, resumed) = resume(&daemon, "second", attempt("alice", 2)).await;
    let mut late = daemon.client("first");
    let params = attempt("alice", 1);
    let refused = late.refusal("session.resume", params).await;
    assert_eq!(refused["data"]["kind"], "fenced");
    late.finish().await;
    alice.call("tools.list", json!({})).await;
    cut(alice).await;
    let params =
        json!({ "token": resumed["resume_token"], "attempt": { "client": "alice", "number": 3 } });
    let (alice, resumed) = resume(&daemon, "third", params).await;
    cut(alice).await;
    // Another program has numbers of its own.
    let params =
        json!({ "token": resumed["resume_token"], "attempt": { "client": "bob", "number": 1 } });
    let (bob, resumed) = resume(&daemon, "bob", params).await;
    cut(bob).await;
    let attempt = json!({ "client": "x".repeat(65), "number": 1 });
    let params = json!({ "token": resumed["resume_token"], "attempt": attempt });
    let mut long = daemon.client("long");
    let refused = long.refusal("session.resume", params).await;
    assert_eq!(refused["data"]["field"], "attempt");
    let params = json!({ "token": resumed["resume_token"] });
    long.call("session.resume", params).await;
    long.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_lets_nobody_in() {
    let daemon = TestDaemon::guarded();
    let mut mallory = daemon.client("mallory");
    for token in ["", "nobody.00", "000000000001.00"] {
        let refused = mallory
            .refusal("session.resume", json!({ "token": token }))
            .await;
        assert_eq!(refused["code"], -32001);
    }
    mallory
        .request("session.resume", json!({ "token": "x" }))
        .await;
    mallory
        .request("session.resume", json!({ "token": "x" }))
        .await;
    mallory.answer_to(4).await;
    mallory.answer_to(5).await;
    assert_eq!(mallory.closed().await, Some(close::POLICY));
    daemon.assert_empty().await;
    assert_eq!(resumes(&daemon), [("refused", 5)]);
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_token_authenticates_and_gives_the_role_that_it_was_given_for() {
    let daemon = TestDaemon::guarded();
    let mut harry = daemon.client("harry");
    let params = json!({ "host_token": daemon.host_token(), "resume": true, "grace_ms": 5_000 });
    let begun = harry.call("session.auth", params).await;
    assert_eq!(begun["grace_ms"], 5_000);
    cut(harry).await;
    let token = begun["resume_token"].clone();
    // Whoever has authenticated as somebody else is not let in with it.
    let mut alice = daemon.authenticated("alice").await;
    let refused = alice
        .refusal("session.resume", json!({ "token": token }))
        .await;
    assert_eq!(refused["data"]["kind"], "forbidden");
    alice.finish().await;
    let (harry, resumed) = resume(&daemon, "harry again", json!({ "token": token })).await;
    assert_eq!(resumed["role"], "host");
    harry.finish().await;
    // As the same one it is.
    let mut harry = daemon.client("harry");
    let params = json!({ "host_token": daemon.host_token(), "resume": true });
    let begun = harry.call("session.auth", params).await;
    cut(harry).await;
    let mut harry = daemon.host("harry again").await;
    let params = json!({ "token": begun["resume_token"] });
    harry.call("session.resume", params).await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_speaks_for_somebody_else_has_new_tokens() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.client("alice");
    let params = json!({ "token": daemon.token(), "resume": true });
    let begun = alice.call("session.auth", params).await;
    let params = json!({ "host_token": daemon.host_token() });
    alice.call("session.auth", params).await;
    cut(alice).await;
    let mut alice = daemon.client("alice again");
    let params = json!({ "token": begun["resume_token"] });
    alice.refusal("session.resume", params).await;
    alice.leave().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_resume_is_a_request_of_its_own_that_makes_sense() {
    let daemon = TestDaemon::start();
    let (alice, token) = resumable(&daemon, "alice").await;
    cut(alice).await;
    let mut alice = daemon.client("alice again");
    let params = json!({ "token": token });
    // Nobody would learn the new token.
    alice.notify("session.resume", params.clone()).await;
    let message =
        json!({ "jsonrpc": "2.0", "id": 7, "method": "session.resume", "params": params });
    alice.send(json!([message])).await;
    let answers = alice.next().await;
    assert_eq!(answers[0]["error"]["data"]["kind"], "invalid_request");
    for waiting in [json!([{}]), json!([true]), json!(vec![0; 4_097])] {
        let params = json!({ "token": token, "waiting": waiting });
        let refused = alice.refusal("session.resume", params).await;
        assert_eq!(refused["data"]["field"], "waiting");
    }
    // None of that has used the token.
    alice.call("session.resume", params).await;
    alice.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_asked_for_on_the_connection_of_before_changes_nothing_about_who_is_fenced()
{
    let daemon = TestDaemon::start();
    let (mut first, token) = resumable(&daemon, "first").await;
    let session = daemon.only_session();
    let old = session.link().channel().unwrap();
    let (mut second, resumed) = resume(&daemon, "second", json!({ "token": token })).await;
    first.expect("session.closing").await;
    first.closed().await;
    // As a call does that was on its way when the session was taken over.
    let limits = ResumeLimits::default();
    let since = (&Id::integer(9), false);
    session.grant_resume(&old, &limits, None, since).unwrap();
    drop((session, old));
    let params = json!({ "token": resumed["resume_token"] });
    let (third, _) = resume(&daemon, "third", params).await;
    let closing = second.expect("session.closing").await;
    assert_eq!(closing["params"]["reason"], "fenced");
    second.closed().await;
    third.finish().await;
    daemon.assert_empty().await;
}
