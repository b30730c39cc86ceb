//! The daemon is killed while people decide: no question is lost, and none is decided twice.

use std::collections::{BTreeMap, BTreeSet};

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox};
use serde_json::{Value, json};

use crate::kills::{kills, read, send};
use crate::said;

/// How often it is killed.
const KILLS: usize = 30;
/// Questions of one life.
const CALLS: usize = 12;

/// What people were told of questions, over all lives.
#[derive(Default)]
struct Known {
    /// Those that were shown.
    shown: BTreeMap<String, ()>,
    /// How those ended that are known to have.
    ended: BTreeMap<String, String>,
}

impl Known {
    fn hear(&mut self, message: &Value) {
        let event = &message["params"];
        match event["kind"].as_str() {
            Some("approval.requested") => {
                self.shown.insert(text(&event["payload"]["id"]), ());
            }
            Some("approval.resolved") => {
                let (id, how) = (&event["payload"]["id"], &event["payload"]["resolution"]);
                self.ended(text(id), text(how));
            }
            _ => {}
        }
        let result = &message["result"];
        if result["standing"].is_string() {
            self.ended(text(&result["id"]), text(&result["decision"]["resolution"]));
        }
    }

    fn ended(&mut self, id: String, how: String) {
        if let Some(before) = self.ended.insert(id.clone(), how.clone()) {
            assert_eq!(before, how, "{id} was decided twice");
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("none").to_owned()
}

/// A client asks, a host decides as it hears of it, and the daemon is killed when that one has heard so much. Answers the
/// token of the client that asked.
async fn one_life(daemon: Program, known: &mut Known, heard: usize) -> Value {
    let mut asker = daemon.client("asker").await;
    asker.off_the_record();
    let begun = asker.call("session.init", json!({ "resume": true })).await;
    let mut host = daemon.client("host").await;
    host.off_the_record();
    host.call("host.subscribe", Value::Null).await;
    let (mut asker, mut host) = (asker.into_duplex(), host.into_duplex());
    for call in 0..CALLS {
        let params = json!({ "tenant_id": format!("t{call}") });
        let message =
            json!({ "jsonrpc": "2.0", "id": call + 10, "method": "state.clear", "params": params });
        send(&mut asker, &message).await;
    }
    for number in 0..heard {
        let Some(message) = read(&mut host).await else {
            break;
        };
        known.hear(&message);
        if message["params"]["kind"] == json!("approval.requested") {
            // Twice each, and the second says something else.
            let ways = ["approve", "deny"];
            for turn in 0..2 {
                let params = json!({
                    "approval_id": message["params"]["payload"]["id"],
                    "decision": ways[(number + turn) % 2],
                });
                let decide = json!({
                    "jsonrpc": "2.0", "id": 1_000 + number * 2 + turn, "method": "approvals.decide", "params": params,
                });
                send(&mut host, &decide).await;
            }
        }
    }
    daemon.kill();
    while let Some(message) = read(&mut host).await {
        known.hear(&message);
    }
    while read(&mut asker).await.is_some() {}
    begun["resume_token"].clone()
}

/// All that anybody was told is so, and what waits can be decided, once.
async fn all_is_as_it_was_told(daemon: &Program, known: &mut Known, token: Value) {
    let mut host: TestClient = daemon.client("host").await;
    host.off_the_record();
    for id in known.shown.keys() {
        let row = host
            .call("approvals.get", json!({ "approval_id": id }))
            .await;
        if let Some(how) = known.ended.get(id) {
            assert_eq!(&text(&row["decision"]["resolution"]), how, "{row}");
        }
    }
    let mut asker = daemon.client("asker").await;
    asker.off_the_record();
    let resumed = asker
        .call("session.resume", json!({ "token": token }))
        .await;
    assert_eq!(resumed["restarted"], true);
    let waiting = host.call("approvals.list", Value::Null).await;
    let ids = |rows: &Value, member: &str| -> BTreeSet<String> {
        let rows = rows.as_array().into_iter().flatten();
        rows.map(|row| text(&row[member])).collect()
    };
    // Whoever comes back is told what is open.
    assert_eq!(
        ids(&resumed["approvals"], "approval_id"),
        ids(&waiting["approvals"], "id")
    );
    for row in waiting["approvals"].as_array().unwrap() {
        let id = text(&row["id"]);
        assert!(!known.ended.contains_key(&id), "{id} is over");
        let params = json!({ "approval_id": id, "decision": "approve" });
        let decided = host.call("approvals.decide", params.clone()).await;
        known.ended(id, text(&decided["decision"]["resolution"]));
        let late = host.refusal("approvals.decide", params).await;
        assert_eq!(late["data"]["kind"], "already_decided");
        // The client that came back asks again, and goes on without another question.
        let tenant = row["act"]["preview"]["tenant_id"].clone();
        asker
            .call("state.clear", json!({ "tenant_id": tenant }))
            .await;
    }
    assert_eq!(
        host.call("server.status", Value::Null).await["approvals_pending"],
        0
    );
    host.leave().await;
    asker.leave().await;
}

/// Each decision that anybody was told is in the chain, and none is there twice.
fn decided_as_the_audit_log_says(sandbox: &Sandbox, known: &Known) {
    let exported = sandbox.run(&["audit", "export"]);
    let mut decided = BTreeMap::new();
    for line in said(&exported).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let body = &line["body"];
        if body["kind"] == json!("decided") {
            let before = decided.insert(text(&body["subject"]), text(&body["facts"]["resolution"]));
            assert_eq!(before, None, "{} was decided twice", body["subject"]);
        }
    }
    for (id, how) in &known.ended {
        if ["approve", "deny"].contains(&how.as_str()) {
            assert_eq!(decided.get(id), Some(how), "{id}");
        }
    }
}

#[tokio::test]
async fn thirty_kills_while_people_decide_lose_no_question_and_decide_none_twice() {
    let sandbox = Sandbox::new();
    let words = ["--no-auth"];
    let mut known = Known::default();
    let mut daemon = sandbox.start(&words);
    for kill in 0..kills(KILLS) {
        // Any number of events and answers from the first to the last.
        let heard = 1 + kill * 7 % (CALLS * 4);
        let token = one_life(daemon, &mut known, heard).await;
        daemon = sandbox.start(&words);
        all_is_as_it_was_told(&daemon, &mut known, token).await;
        let verified = sandbox.run(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", said(&verified));
    }
    decided_as_the_audit_log_says(&sandbox, &known);
    // The log tells of nothing else.
    let mut host = daemon.client("host").await;
    host.off_the_record();
    let events = host.call("host.events", json!({ "limit": 500 })).await;
    for event in events.as_array().unwrap() {
        known.hear(&json!({ "params": event }));
    }
    assert!(known.ended.len() >= known.shown.len() / 2);
    host.leave().await;
}

#[tokio::test]
async fn after_a_kill_the_plane_shows_what_the_log_tells() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth"]);
    let mut alice = daemon.client("alice").await;
    let agent = json!({ "id": "scout", "name": "Scout" });
    alice.call("host.register_agent", agent).await;
    let question = json!({ "action": "deploy", "system_level": true });
    let anybodys = alice.call("host.request_approval", question).await;
    let own = alice
        .call("host.request_approval", json!({ "action": "mine" }))
        .await;
    daemon.kill();
    alice.cut();
    let daemon = sandbox.start(&["--no-auth"]);
    let mut host = daemon.client("host").await;
    let plane = host.call("host.subscribe", Value::Null).await;
    assert_eq!(plane["agents"], json!([]));
    let told = |kind: &str, id: &Value| {
        let events = plane["events"].as_array().unwrap();
        let about = |event: &&Value| event["kind"] == json!(kind) && event["payload"]["id"] == *id;
        events.iter().filter(about).count()
    };
    assert_eq!(told("agent.unregistered", &json!("scout")), 1);
    // What is anybody's waits on; what was a lost session's does not.
    assert_eq!(told("approval.resolved", &anybodys["id"]), 0);
    assert_eq!(told("approval.resolved", &own["id"]), 1);
    let row = host
        .call("approvals.get", json!({ "approval_id": own["id"] }))
        .await;
    assert_eq!(
        (&row["standing"], &row["reason"]),
        (&json!("agent_gone"), &json!("restart"))
    );
    let yes = json!({ "approval_id": anybodys["id"], "decision": "approve" });
    host.call("approvals.decide", yes).await;
    host.leave().await;
}
