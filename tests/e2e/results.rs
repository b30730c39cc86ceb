use std::time::Duration;

use car_state::engine::EngineLimits;
use car_state::results::{MemoryBlobs, ResultLimits};
use car_tests::proposal::{call, proposal, with};
use car_tests::{TestClient, TestDaemon, Wanted};
use serde_json::{Value, json};

/// A daemon whose answers carry 64 bytes of each result, and that stores 400 bytes of a session.
fn daemon(auth: bool) -> TestDaemon {
    TestDaemon::with(Wanted {
        auth,
        state: |config| {
            let limits = ResultLimits {
                session_bytes: 400,
                ..ResultLimits::default()
            };
            config
                .with_engine_limits(EngineLimits {
                    result_bytes: 64,
                    ..EngineLimits::default()
                })
                .with_results(limits, std::sync::Arc::new(MemoryBlobs::default()))
        },
        ..Wanted::default()
    })
}

/// Has a tool give this, and answers what became of the action.
async fn give(client: &mut TestClient, given: Value) -> Value {
    let running = client
        .request("proposal.submit", proposal([call("a", "read")]))
        .await;
    let asked = client.expect("tools.execute").await;
    client.answer(&asked, given).await;
    client.answer_to(running).await["result"]["results"][0].clone()
}

async fn with_tool(mut client: TestClient) -> TestClient {
    client
        .call("tools.register", json!([{ "name": "read" }]))
        .await;
    client
}

/// Seven bytes that are five characters, again and again.
fn text(times: usize) -> String {
    "a€b c".repeat(times)
}

#[tokio::test(start_paused = true)]
async fn a_big_result_is_a_handle_and_is_read_in_parts() {
    let daemon = daemon(false);
    let mut alice = with_tool(daemon.client("alice")).await;
    let small = give(&mut alice, json!(text(5))).await;
    assert_eq!(small.get("stored"), None);
    let big = give(&mut alice, json!(text(20))).await;
    assert_eq!(big["stored"], true);
    let handle = &big["output"];
    let mut offset = json!(0);
    let mut whole = String::new();
    while !offset.is_null() {
        let params = json!({ "handle": handle, "offset": offset, "length": 50 });
        let chunk = alice.call("results.read", params).await;
        whole.push_str(chunk["data"].as_str().unwrap());
        offset = chunk["next_offset"].clone();
    }
    assert_eq!(whole, text(20));
    // In the middle of a character there is no text; nor where base64 is asked for.
    let read = |members: Value| with(json!({ "handle": handle }), members);
    let cut = alice
        .call("results.read", read(json!({ "offset": 2, "length": 7 })))
        .await;
    assert_eq!(cut["encoding"], "base64");
    let asked = json!({ "length": 7, "encoding": "base64" });
    alice.call("results.read", read(asked)).await;
    let end = alice
        .call("results.read", read(json!({ "offset": 140 })))
        .await;
    assert_eq!((&end["length"], end.get("next_offset")), (&json!(0), None));
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_later_action_gets_the_value_and_not_the_handle() {
    let daemon = daemon(false);
    let mut alice = with_tool(daemon.client("alice")).await;
    let take = json!({ "parameters": { "first": "$a.output.rows.0" }, "dependencies": ["a"] });
    let actions = [call("a", "read"), with(call("b", "read"), take)];
    let running = alice.request("proposal.submit", proposal(actions)).await;
    let asked = alice.expect("tools.execute").await;
    alice
        .answer(&asked, json!({ "rows": [{ "id": 7 }, text(20)] }))
        .await;
    let asked = alice.expect("tools.execute").await;
    assert_eq!(
        asked["params"]["parameters"],
        json!({ "first": { "id": 7 } })
    );
    alice.answer(&asked, json!("ok")).await;
    let answer = alice.answer_to(running).await;
    assert_eq!(
        answer["result"]["results"][0]["output"]["media_type"],
        "application/json"
    );
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_is_good_for_nothing_is_refused_with_the_reason() {
    let daemon = daemon(false);
    let mut alice = with_tool(daemon.client("alice")).await;
    let handle = give(&mut alice, json!(text(20))).await["output"].clone();
    for params in [
        json!({ "handle": handle, "offset": 141 }),
        json!({ "handle": handle, "length": 0 }),
        json!({ "handle": handle, "length": 1_048_577 }),
        json!({ "handle": handle, "offset": -1 }),
        json!({ "handle": { "sha256": "abc" } }),
        json!({ "handle": { "sha256": "0".repeat(64) } }),
        json!({ "handle": handle["sha256"] }),
        json!({ "handle": handle, "encoding": "rot13" }),
        Value::Null,
    ] {
        alice.refusal("results.read", params).await;
    }
    let read = || json!({ "handle": handle, "length": 10 });
    alice.call("results.read", read()).await;
    alice.nothing_for(Duration::from_secs(3_600)).await;
    let expired = alice.refusal("results.read", read()).await;
    assert_eq!(expired["data"]["kind"], "not_found");
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_stores_too_much_loses_its_oldest_results() {
    let daemon = daemon(false);
    let mut alice = with_tool(daemon.client("alice")).await;
    let mut handles = Vec::new();
    for letter in ["a", "b", "c"] {
        handles.push(give(&mut alice, json!(letter.repeat(150))).await["output"].clone());
    }
    alice
        .refusal("results.read", json!({ "handle": handles[0] }))
        .await;
    let kept = alice
        .call("results.read", json!({ "handle": handles[1] }))
        .await;
    assert_eq!(kept["data"], "b".repeat(150));
    let refused = give(&mut alice, json!("x".repeat(500))).await;
    assert_eq!(
        (&refused["status"], &refused["error_kind"]),
        (&json!("failed"), &json!("result_not_kept"))
    );
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_handle_is_good_for_its_session_its_credential_and_hosts() {
    let open = daemon(false);
    let mut alice = with_tool(open.client("alice")).await;
    let mut bob = open.client("bob");
    let handle = json!({ "handle": give(&mut alice, json!(text(20))).await["output"] });
    let foreign = bob.refusal("results.read", handle).await;
    let unknown = bob
        .refusal(
            "results.read",
            json!({ "handle": { "sha256": "0".repeat(64) } }),
        )
        .await;
    // Nobody learns whether somebody else has it.
    assert_eq!(foreign, unknown);
    alice.finish().await;
    bob.finish().await;

    let guarded = daemon(true);
    let mut alice = with_tool(guarded.authenticated("alice").await).await;
    let handle = json!({ "handle": give(&mut alice, json!(text(20))).await["output"] });
    // The session is over, and who has its credential still reads what it got.
    alice.finish().await;
    let mut again = guarded.authenticated("again").await;
    assert_eq!(
        again.call("results.read", handle.clone()).await["data"],
        text(20)
    );
    let mut harry = guarded.host("harry").await;
    assert_eq!(harry.call("results.read", handle).await["data"], text(20));
    let mut harry = with_tool(harry).await;
    let handle = json!({ "handle": give(&mut harry, json!(text(21))).await["output"] });
    again.refusal("results.read", handle).await;
    again.finish().await;
    harry.finish().await;
}
