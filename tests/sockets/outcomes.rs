//! What is known of acts with a key when the daemon was killed.

use std::path::PathBuf;

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox};
use car_tests::proposal::{call, proposal, with};
use serde_json::{Value, json};

async fn outcome(client: &mut TestClient, key: &str) -> Value {
    client.call("request.outcome", json!({ "key": key })).await
}

fn token_file(sandbox: &Sandbox) -> PathBuf {
    sandbox.runtime_dir().join("ai.parslee.car/auth-token")
}

async fn alice(daemon: &Program, sandbox: &Sandbox) -> TestClient {
    daemon.authenticated("alice", &token_file(sandbox)).await
}

#[tokio::test]
async fn after_a_kill_what_ended_is_known_and_what_was_cut_is_unknown() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut client = alice(&daemon, &sandbox).await;
    let set = json!({ "key": "n", "value": 1, "idempotency_key": "set-1" });
    client.call("state.set", set.clone()).await;
    let wrong =
        json!({ "approval_id": "none", "resolution": "approve", "idempotency_key": "no-1" });
    let refused = client.refusal("host.resolve_approval", wrong.clone()).await;
    client
        .call("tools.register", json!([{ "name": "pay" }]))
        .await;
    let pay = with(
        proposal([call("a", "pay")]),
        json!({ "idempotency_key": "pay-1" }),
    );
    client.request("proposal.submit", pay.clone()).await;
    client.expect("tools.execute").await;
    // This one waits for a person: nothing has been done.
    let clear = json!({ "idempotency_key": "clear-1" });
    client.request("state.clear", clear).await;
    while outcome(&mut client, "clear-1").await["status"] != "running" {}
    daemon.kill();
    client.cut();

    // And once more, since nothing of it changes.
    for _ in 0..2 {
        let daemon = sandbox.start(&[]);
        let mut client = alice(&daemon, &sandbox).await;
        let set_outcome = outcome(&mut client, "set-1").await;
        assert_eq!(set_outcome["status"], "done");
        assert_eq!(set_outcome["result"], "ok");
        assert_eq!(client.call("state.set", set.clone()).await, "ok");
        let city = client.call("state.get", json!({ "key": "n" })).await;
        assert_eq!(city, Value::Null, "it did not run again");
        let no = outcome(&mut client, "no-1").await;
        assert_eq!((&no["status"], &no["error"]), (&json!("failed"), &refused));
        assert_eq!(
            client.refusal("host.resolve_approval", wrong.clone()).await,
            refused
        );
        assert_eq!(outcome(&mut client, "pay-1").await["status"], "unknown");
        let again = client.refusal("proposal.submit", pay.clone()).await;
        assert_eq!(again["data"]["kind"], "outcome_unknown");
        let cleared = outcome(&mut client, "clear-1").await;
        assert_eq!(cleared["status"], "not_seen");
        // The key was used after this, so nothing has happened.
        assert!(cleared["known_since"].as_str() <= set_outcome["begun_at"].as_str());
        daemon.kill();
        client.cut();
    }
}

/// Each time the daemon is killed as soon as a call is answered.
#[tokio::test]
async fn what_was_answered_is_known_after_every_kill() {
    let sandbox = Sandbox::new();
    let mut answered: Vec<(String, Value)> = Vec::new();
    for kill in 0..8 {
        let daemon = sandbox.start(&[]);
        let mut client = alice(&daemon, &sandbox).await;
        for (key, result) in &answered {
            let found = outcome(&mut client, key).await;
            assert_eq!(
                (&found["status"], &found["result"]),
                (&json!("done"), result)
            );
        }
        let mut pending = Vec::new();
        for n in 0..20 {
            let key = format!("{kill}-{n}");
            let params = json!({ "message": key, "idempotency_key": key });
            pending.push((key, client.request("host.notify", params).await));
        }
        for (key, id) in pending.drain(..=kill) {
            let answer = client.answer_to(id).await;
            answered.push((key, answer["result"].clone()));
        }
        daemon.kill();
        client.cut();
        // The others are done, unknown or never seen, and none of them happens twice.
        let daemon = sandbox.start(&[]);
        let mut client = alice(&daemon, &sandbox).await;
        for (key, _) in pending {
            let params = json!({ "message": key, "idempotency_key": key });
            client.ask("host.notify", params).await;
        }
        daemon.kill();
        client.cut();
    }
    let daemon = sandbox.start(&[]);
    let mut client = alice(&daemon, &sandbox).await;
    let page = client
        .call("events.query", json!({ "stream": "host", "limit": 1_000 }))
        .await;
    let messages: Vec<_> = page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["message"].as_str().unwrap())
        .collect();
    let mut once = messages.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), messages.len(), "one of them happened twice");
    for (key, _) in &answered {
        assert!(once.contains(&key.as_str()), "{key} never happened");
    }
    client.finish().await;
}
