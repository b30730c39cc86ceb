//! Memories when the daemon was killed.

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox};
use serde_json::{Value, json};

async fn alice(daemon: &Program, sandbox: &Sandbox) -> TestClient {
    let token = sandbox.runtime_dir().join("ai.parslee.car/auth-token");
    daemon.authenticated("alice", &token).await
}

#[tokio::test]
async fn what_was_answered_is_remembered_and_what_was_forgotten_is_not_after_every_kill() {
    let sandbox = Sandbox::new();
    let mut kept: Vec<String> = Vec::new();
    for round in 0..4 {
        let daemon = sandbox.start(&[]);
        let mut client = alice(&daemon, &sandbox).await;
        let page = client.call("memory.list", json!({ "limit": 1_000 })).await;
        let there: Vec<&str> = page["facts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fact| fact["body"].as_str().unwrap())
            .collect();
        assert_eq!(there, kept, "round {round}");
        let skills = client.call("skills.list", json!({})).await;
        let skills = skills.as_array().unwrap();
        assert_eq!(skills.len(), round);
        if let Some(first) = skills.first() {
            assert_eq!(first["stats"]["fail_count"], json!(round));
        }
        for number in 0..20 {
            let body = format!("round {round} number {number}");
            let fact = json!({ "subject": "kills", "body": body });
            let id = client.call("memory.add", fact).await["id"].clone();
            if number % 5 == 4 {
                client.call("memory.forget", json!({ "id": id })).await;
            } else {
                kept.push(body);
            }
        }
        let skill = json!({ "name": format!("skill {round}"), "code": "c" });
        client.call("skill.ingest", skill).await;
        let failed = json!({ "skill_name": "skill 0", "outcome": "fail" });
        client.call("skill.report", failed).await;
        let said = json!({
            "speaker": "meeting/7/mic",
            "text": format!("said in round {round}"),
            "segment": { "conversation": "meeting/7", "source": "mic", "segment": "s1", "revision": round },
        });
        client
            .call("memory.ingest_conversation", said.clone())
            .await;
        let again = client.call("memory.ingest_conversation", said).await;
        assert_eq!(again, json!({ "outcome": "known" }));
        let said = kept.iter().position(|body| body.starts_with("said"));
        let body = format!("said in round {round}");
        match said {
            Some(place) => kept[place] = body,
            None => kept.push(body),
        }
        // What comes last has no answer, and may be there or not: it is forgotten where it is.
        let unanswered = json!({ "subject": "kills", "body": "unanswered" });
        client.request("memory.add", unanswered).await;
        daemon.kill();
        client.cut();
        let daemon = sandbox.start(&[]);
        let mut client = alice(&daemon, &sandbox).await;
        let filter = json!({ "limit": 1_000, "kind": "pattern" });
        let page = client.call("memory.list", filter).await;
        let last = page["facts"].as_array().unwrap().last().unwrap().clone();
        if last["body"] == "unanswered" {
            client
                .call("memory.forget", json!({ "id": last["id"] }))
                .await;
        }
        let asked = json!({ "query": format!("round {round} number 3"), "k": 3 });
        let found = client.call("memory.query", asked).await;
        assert_ne!(found, Value::Array(Vec::new()));
        daemon.kill();
        client.cut();
    }
}
