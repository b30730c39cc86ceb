use std::fmt::Write as _;

use car_tests::TestDaemon;
use car_tests::proposal::{call, proposal};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn an_id_comes_back_exactly_as_it_was_sent() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    let mut page = String::new();
    for id in [
        "1",
        "0",
        "-1",
        "9007199254740993",
        "18446744073709551615",
        "123456789012345678901234567890",
        "1.5",
        "1e3",
        "null",
        r#""""#,
        r#""text""#,
        r#""é\u00e9\n\"""#,
    ] {
        alice
            .send_text(&format!(
                r#"{{"jsonrpc":"2.0","method":"state.keys","id":{id}}}"#
            ))
            .await;
        let answer = alice.next_text().await;
        writeln!(page, "{id} comes back in {answer}").unwrap();
    }
    alice.finish().await;
    insta::assert_snapshot!(page);
}

/// Each frame with what it is answered, letter by letter.
async fn conversation(frames: &[&str]) -> String {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    let mut page = String::new();
    for frame in frames {
        alice.send_text(frame).await;
        let answer = alice.next_text().await;
        writeln!(page, "--> {frame}\n<-- {answer}").unwrap();
    }
    alice.finish().await;
    daemon.assert_empty().await;
    page
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_cannot_be_read_is_answered_with_the_id_null() {
    let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
    let page = conversation(&[
        "",
        "nonsense",
        "{",
        r#"{"jsonrpc":"2.0","id":1,"method":"state.keys"} and more"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"state.get","params":{"key":"\ud800"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"state.keys"}"#,
        r#"[{"jsonrpc":"2.0","id":1,"method":"state.keys"},"#,
        &deep,
    ])
    .await;
    insta::assert_snapshot!(page);
}

#[tokio::test(start_paused = true)]
async fn json_that_is_no_message_is_an_invalid_request() {
    let page = conversation(&[
        "1",
        "null",
        r#""text""#,
        "{}",
        r#"{"id":1}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"id":1,"method":"state.keys"}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"state.keys"}"#,
        r#"{"jsonrpc":2.0,"id":1,"method":"state.keys"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"state.keys"}"#,
        r#"{"jsonrpc":"2.0","id":true,"method":"state.keys"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"state.keys","params":7}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"state.keys","params":"x"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"state.keys","result":1}"#,
    ])
    .await;
    insta::assert_snapshot!(page);
}

#[tokio::test(start_paused = true)]
async fn unknown_methods_and_wrong_params_are_told_apart() {
    let long = format!(
        r#"{{"jsonrpc":"2.0","id":6,"method":"{}"}}"#,
        "é".repeat(1_000)
    );
    let page = conversation(
        &[
            r#"{"jsonrpc":"2.0","id":1,"method":"state.frobnicate","params":{"key":7}}"#,
            r#"{"jsonrpc":"2.0","id":2,"method":"State.Get","params":{"key":"k"}}"#,
            r#"{"jsonrpc":"2.0","id":3,"method":"","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":4,"method":"host.event"}"#,
            r#"{"jsonrpc":"2.0","id":5,"method":"tools.execute"}"#,
            &long,
            r#"{"jsonrpc":"2.0","id":7,"method":"state.get"}"#,
            r#"{"jsonrpc":"2.0","id":8,"method":"state.get","params":null}"#,
            r#"{"jsonrpc":"2.0","id":9,"method":"state.get","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":10,"method":"state.get","params":["k"]}"#,
            r#"{"jsonrpc":"2.0","id":11,"method":"state.get","params":{"key":7}}"#,
            r#"{"jsonrpc":"2.0","id":12,"method":"state.get","params":{"key":"a","key":"b"}}"#,
            r#"{"jsonrpc":"2.0","id":13,"method":"state.get","params":{"key":"k","tenant_id":[]}}"#,
            r#"{"jsonrpc":"2.0","id":14,"method":"proposal.submit","params":{"proposal":{"actions":[{"type":"tool_call"},{"type":"state_write","preconditions":[{}]}]}}}"#,
        ],
    )
    .await;
    insta::assert_snapshot!(page);
}

#[tokio::test(start_paused = true)]
async fn null_params_and_empty_arrays_are_none() {
    let page = conversation(
        &[
            r#"{"jsonrpc":"2.0","id":1,"method":"state.keys"}"#,
            r#"{"jsonrpc":"2.0","id":2,"method":"state.keys","params":null}"#,
            r#"{"jsonrpc":"2.0","id":3,"method":"state.keys","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":4,"method":"state.keys","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":5,"method":"state.keys","params":{"unheard_of":1},"unheard_of":2}"#,
        ],
    )
    .await;
    insta::assert_snapshot!(page);
}

#[tokio::test(start_paused = true)]
async fn a_notification_is_carried_out_and_never_answered() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .notify("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    // Not even with an error.
    alice.notify("state.set", json!({ "key": 7 })).await;
    alice.notify("no.such.method", Value::Null).await;
    alice.notify("proposal.submit", proposal([])).await;
    alice.notify("proposal.submit", json!({})).await;
    // Nor are answers, whatever is wrong with them.
    alice
        .send_text(r#"{"jsonrpc":"2.0","id":"cb-1","result":1}"#)
        .await;
    alice.send_text(r#"{"id":"cb-1","error":7}"#).await;
    assert_eq!(alice.call("state.keys", Value::Null).await, json!(["k"]));
    assert_eq!(alice.call("events.count", Value::Null).await, json!(1));
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_answered_with_one_array() {
    let page = conversation(
        &[
            r#"[{"jsonrpc":"2.0","id":1,"method":"state.set","params":{"key":"k","value":1}},{"jsonrpc":"2.0","id":2,"method":"state.get","params":{"key":"k"}}]"#,
            // Notifications leave no gap, what is wrong is answered in its place, and the rest is served.
            r#"[{"jsonrpc":"2.0","method":"state.set","params":{"key":"n","value":2}},{"jsonrpc":"2.0","id":"a","method":"state.get","params":{"key":"n"}},7,{"jsonrpc":"2.0","id":"b","method":"no.such.method"},{"id":"c","method":"state.keys"},{"jsonrpc":"2.0","id":"d","method":"state.get"},{"jsonrpc":"2.0","id":"cb-9","result":null}]"#,
            r#"[{"jsonrpc":"2.0","id":1,"method":"state.keys"}]"#,
            "[1]",
            "[]",
            "[[]]",
        ],
    )
    .await;
    insta::assert_snapshot!(page);
}

#[tokio::test(start_paused = true)]
async fn a_batch_without_requests_is_not_answered() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .send_text(r#"[{"jsonrpc":"2.0","method":"state.set","params":{"key":"k"}},{"jsonrpc":"2.0","method":"no.such.method"}]"#)
        .await;
    alice
        .send_text(r#"[{"jsonrpc":"2.0","id":"cb-1","result":1}]"#)
        .await;
    assert_eq!(alice.call("state.keys", Value::Null).await, json!(["k"]));
    alice.finish().await;
    assert_eq!(daemon.server.state().sessions().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_holds_sixty_four_messages_and_no_more() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.off_the_record();
    let batch = |length: usize| {
        let calls =
            (0..length).map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "state.keys" }));
        Value::from_iter(calls).to_string()
    };
    let answers = alice.exchange(&batch(64)).await;
    let ids: Vec<_> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| &answer["id"])
        .collect();
    assert_eq!(json!(ids), Value::from_iter(0..64));
    let refused = alice.exchange(&batch(65)).await;
    assert_eq!(refused["id"], Value::Null);
    assert_eq!(refused["error"]["code"], -32600);
    assert_eq!(refused["error"]["data"]["limit"], 64);
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_waits_for_its_slowest_member_and_nobody_waits_for_it() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice
        .call("tools.register", json!([{ "name": "work" }]))
        .await;
    let slow = json!({ "jsonrpc": "2.0", "id": "slow", "method": "proposal.submit", "params": proposal([call("a", "work")]) });
    let quick = json!({ "jsonrpc": "2.0", "id": "quick", "method": "state.keys" });
    alice.send(json!([slow, quick])).await;
    let asked = alice.expect("tools.execute").await;
    alice.call("state.keys", Value::Null).await;
    // The answer that it waits for may itself come in a batch.
    alice
        .send(json!([{ "jsonrpc": "2.0", "id": asked["id"], "result": "done" }]))
        .await;
    let answers = alice.next().await;
    assert_eq!(
        (&answers[0]["id"], &answers[1]["id"]),
        (&json!("quick"), &json!("slow"))
    );
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

/// An id may be used again while it is in use: whoever does that gets both answers.
#[tokio::test(start_paused = true)]
async fn two_calls_with_one_id_are_both_answered() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let keys = r#"{"jsonrpc":"2.0","id":1,"method":"state.keys"}"#;
    alice.send_text(keys).await;
    alice.send_text(keys).await;
    assert_eq!(alice.next().await, alice.next().await);
    alice.finish().await;
}
