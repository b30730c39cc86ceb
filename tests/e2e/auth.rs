use std::future::poll_fn;
use std::time::Duration;

use car_state::frame::{Frame, close};
use car_tests::proposal::proposal;
use car_tests::{TestDaemon, settle};
use car_transport::Duplex;
use car_transport::source::next;
use serde_json::{Value, json};
use tokio::task::coop::unconstrained;

#[tokio::test(start_paused = true)]
async fn a_token_opens_the_door_and_says_for_whom() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.authenticated("alice").await;
    alice.call("state.keys", Value::Null).await;
    alice.refusal("server.shutdown", Value::Null).await;
    let mut harry = daemon.host("harry").await;
    harry.call("state.keys", Value::Null).await;
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

/// Published clients read the token file again and try once more when they see these words.
#[tokio::test(start_paused = true)]
async fn a_wrong_token_says_so_and_the_right_one_may_follow() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.client("alice");
    let refused = alice
        .refusal("session.auth", json!({ "token": "stale" }))
        .await;
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("token mismatch")
    );
    alice
        .call("session.auth", json!({ "token": daemon.token() }))
        .await;
    alice.call("state.keys", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn every_way_to_be_wrong_is_answered_alike() {
    let daemon = TestDaemon::guarded();
    for wrong in [
        json!({ "token": "" }),
        json!({ "token": daemon.host_token() }),
        json!({ "host_token": daemon.token() }),
        // A wrong host token is not made good by a right client token.
        json!({ "token": daemon.token(), "host_token": "wrong" }),
        json!({ "token": daemon.token(), "agent_id": "nobody" }),
        Value::Null,
    ] {
        let mut alice = daemon.client("alice");
        alice.refusal("session.auth", wrong).await;
        alice.refusal("session.auth", json!({ "token": 7 })).await;
        alice.finish().await;
    }
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn the_fifth_wrong_token_closes_the_connection() {
    let daemon = TestDaemon::guarded();
    let mut mallory = daemon.client("mallory");
    for _ in 0..5 {
        mallory
            .refusal("session.auth", json!({ "token": "guess" }))
            .await;
    }
    assert_eq!(mallory.closed().await, Some(close::POLICY));
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn guesses_do_not_come_faster_when_they_are_pipelined() {
    let daemon = TestDaemon::guarded();
    let mut mallory = daemon.client("mallory");
    let guess = r#"{"jsonrpc":"2.0","id":1,"method":"session.auth","params":{"token":"guess"}}"#;
    mallory
        .send_text(&format!(
            "[{guess},{guess},{guess},{guess},{guess},{guess}]"
        ))
        .await;
    let answers = mallory.next().await;
    assert_eq!(answers.as_array().unwrap().len(), 5);
    assert_eq!(mallory.closed().await, Some(close::POLICY));
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn nothing_but_open_methods_is_there_before_authentication() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.client("alice");
    alice
        .call("server.handshake", json!({ "protocol_version": 3 }))
        .await;
    alice.send_text("nonsense").await;
    alice.next().await;
    alice.refusal("state.get", json!({ "key": "k" })).await;
    assert_eq!(alice.closed().await, Some(close::POLICY));
    // What exists is nobody's business either.
    let mut bob = daemon.client("bob");
    bob.refusal("no.such.method", Value::Null).await;
    assert_eq!(bob.closed().await, Some(close::POLICY));
    // A notification is closed for as well, without an answer.
    let mut carol = daemon.client("carol");
    carol.notify("state.set", json!({ "key": "k" })).await;
    assert_eq!(carol.closed().await, Some(close::POLICY));
    // What follows in a batch is not looked at.
    let mut dave = daemon.client("dave");
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"state.keys"}"#;
    dave.send_text(&format!("[{call},{call}]")).await;
    assert_eq!(dave.next().await.as_array().unwrap().len(), 1);
    assert_eq!(dave.closed().await, Some(close::POLICY));
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_is_pipelined_behind_the_token_is_served() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.client("alice");
    let auth = alice
        .request("session.auth", json!({ "token": daemon.token() }))
        .await;
    let set = alice
        .request("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    let submit = alice.request("proposal.submit", proposal([])).await;
    for id in [auth, set, submit] {
        assert!(alice.answer_to(id).await.get("result").is_some());
    }
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_authenticate_within_ten_seconds_is_sent_away() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.client("alice");
    alice.expect("session.closing").await;
    assert_eq!(alice.closed().await, Some(close::POLICY));
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn talking_does_not_put_the_deadline_off() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    let hello = json!({ "protocol_version": 3 });
    for _ in 0..3 {
        alice.call("server.handshake", hello.clone()).await;
        alice.nothing_for(Duration::from_secs(3)).await;
    }
    alice.call("server.handshake", hello).await;
    alice.expect("session.closing").await;
    assert_eq!(alice.closed().await, Some(close::POLICY));
}

/// A reader that finds the next frame ready each time must look at the clock all the same, now and then.
#[tokio::test(start_paused = true)]
async fn a_flood_does_not_put_the_deadline_off() {
    let daemon = TestDaemon::guarded();
    let Duplex {
        mut sink,
        mut source,
        ..
    } = daemon.client_behind("mallory", 256).into_duplex();
    let flood = async {
        for n in 0..200_000 {
            if n == 1_000 {
                tokio::time::advance(Duration::from_secs(11)).await;
            }
            poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
            // Means nothing and is not answered, so that only the reader is kept busy.
            sink.as_mut()
                .start_send(Frame::Pong(Default::default()))
                .unwrap();
        }
    };
    let reading = async {
        assert!(
            matches!(next(&mut source).await, Some(Ok(Frame::Text(text))) if text.contains("auth_timeout"))
        );
        assert!(
            matches!(next(&mut source).await, Some(Ok(Frame::Close(Some(reason)))) if reason.code == close::POLICY)
        );
    };
    let conversation = async {
        tokio::select! {
            biased;
            () = flood => panic!("the flood was read to its end"),
            () = reading => {}
        }
    };
    unconstrained(conversation).await;
    drop((sink, source));
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn frames_are_small_until_authentication_and_large_after_it() {
    let daemon = TestDaemon::guarded();
    let long = |bytes: usize, token: &str| {
        let padding = " ".repeat(bytes);
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"session.auth","params":{{"token":"{token}"}}{padding}}}"#
        )
    };
    let mut mallory = daemon.client("mallory");
    mallory.send_text(&long(64 << 10, "guess")).await;
    assert_eq!(mallory.closed().await, Some(close::TOO_BIG));
    let mut alice = daemon.authenticated("alice").await;
    let again = long(64 << 10, &daemon.token());
    assert_eq!(alice.exchange(&again).await["result"]["ok"], true);
    alice.send_text(&long(8 << 20, &daemon.token())).await;
    assert_eq!(alice.closed().await, Some(close::TOO_BIG));
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_never_authenticated_leaves_nothing() {
    let daemon = TestDaemon::guarded();
    for _ in 0..100 {
        let alice = daemon.client("alice");
        settle().await;
        assert_eq!(daemon.server.connections(), 1);
        alice.cut();
        daemon.assert_empty().await;
    }
}

/// Tokens are not for transcripts, logs and errors.
#[tokio::test(start_paused = true)]
async fn no_answer_repeats_a_token() {
    let daemon = TestDaemon::guarded();
    let mut alice = daemon.client("alice");
    let refused = alice
        .ask("session.auth", json!({ "token": "a-secret-guess" }))
        .await;
    assert!(!refused.to_string().contains("a-secret-guess"));
    let odd = json!({ "token": ["a-secret-guess"] });
    let refused = alice.ask("session.auth", odd).await;
    assert!(!refused.to_string().contains("a-secret-guess"));
    alice.finish().await;
}
