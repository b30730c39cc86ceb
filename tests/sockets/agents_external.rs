//! Agents of the Agent Client Protocol as processes: the real program, its keeper, who speaks for the agent, and the agent.

use std::fs;
use std::path::{Path, PathBuf};

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox, own};
use serde_json::{Value, json};

use crate::{complaint, said};

/// The agent, where it may be started: nobody else may write the folders above it.
fn agent(sandbox: &Sandbox) -> PathBuf {
    let path = sandbox.home().canonicalize().unwrap().join("acp-agent");
    fs::copy(own("acp-agent"), &path).unwrap();
    path
}

fn manifest(command: &Path, work: &Path) -> Value {
    json!({
        "agent": { "id": "scribe", "name": "Scribe" },
        "transport": {
            "kind": "acp",
            "command": command,
            "restart": "never",
            "acp": { "write": [work] },
        },
    })
}

async fn host(sandbox: &Sandbox, daemon: &Program) -> TestClient {
    let mut client = daemon.client("host").await;
    let token = fs::read_to_string(sandbox.root().join("host-token")).unwrap();
    client
        .call("session.auth", json!({ "host_token": token }))
        .await;
    client
}

/// The next event of the chat with one of these kinds.
async fn event(host: &mut TestClient, kinds: &[&str]) -> Value {
    loop {
        let message = host.next().await;
        let event = &message["params"];
        if message["method"] == "agents.chat.event"
            && kinds.iter().any(|kind| event["kind"] == *kind)
        {
            return event.clone();
        }
    }
}

#[tokio::test]
async fn an_external_agent_is_installed_started_asked_and_ended() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut client = host(&sandbox, &daemon).await;
    let work = sandbox.home().canonicalize().unwrap().join("work");
    fs::create_dir(&work).unwrap();
    let manifest = manifest(&agent(&sandbox), &work);
    client.call("agents.install", manifest).await;
    let found = client.call("agents.list_external", json!({})).await;
    let ids: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(ids, ["claude-code", "codex", "gemini", "scribe"]);
    // It is started because it is needed.
    let file = work.join("page");
    let task = format!(
        "say token=hunter2 there\nwrite {} words\nwhere",
        file.display()
    );
    let invoke = json!({ "id": "scribe", "task": task, "cwd": work });
    let done = client.call("agents.invoke_external", invoke).await;
    assert_eq!(
        (&done["outcome"], &done["is_error"]),
        (&json!("done"), &json!(false)),
        "{done}"
    );
    let expected = format!("token=hunter2 therewritten{}", work.display());
    assert_eq!(done["output"], expected);
    let chat = json!({ "session_id": done["session_id"] });
    let kept = client.call("agents.chat.history", chat).await;
    let text = kept["turns"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("token=[secret, 7 bytes] there"), "{text}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "words");
    let health = client
        .call("agents.health_external", json!({ "id": "scribe" }))
        .await;
    assert_eq!(
        (&health["ok"], &health["attached"]),
        (&json!(true), &json!(true))
    );
    let tail = client
        .call("agents.tail_log", json!({ "id": "scribe" }))
        .await;
    assert_eq!(
        tail["lines"][0], "ready",
        "what it says elsewhere is in its log"
    );

    // A person is asked in the chat.
    let ask = json!({ "agent_id": "scribe", "prompt": "ask make\nsay  it", "session_id": "c" });
    client.call("agents.chat", ask).await;
    let pending = event(&mut client, &["approval_pending"]).await;
    let decision = json!({ "approval_id": pending["detail"]["id"], "decision": "approve" });
    client.request("approvals.decide", decision).await;
    let mut text = String::new();
    loop {
        let event = event(&mut client, &["token", "done", "error"]).await;
        text += event["delta"].as_str().unwrap_or_default();
        if event["outcome"] != Value::Null {
            assert_eq!((&*text, &event["outcome"]), ("once it", &json!("done")));
            break;
        }
    }

    // It ends in mid-turn, with its own code.
    let crash = json!({ "agent_id": "scribe", "prompt": "say so\ncrash", "session_id": "c" });
    client.request("agents.chat", crash).await;
    let end = event(&mut client, &["done", "error"]).await;
    assert_eq!(end["kind"], "error", "{end}");
    let gone = loop {
        let output = sandbox.run(&["agents", "list", "--json"]);
        assert!(output.status.success(), "{}", complaint(&output));
        let agents: Value = serde_json::from_str(said(&output)).unwrap();
        if agents[0]["status"] != "running" {
            break agents[0].clone();
        }
    };
    assert_eq!(gone["last_exit_code"], 3, "{gone}");
    client.cut();
}

/// The sandbox holds for the agent and for who speaks for it: files that the one may not read are not read by the other.
#[tokio::test]
async fn an_external_agent_is_confined_with_who_speaks_for_it() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut client = host(&sandbox, &daemon).await;
    let home = sandbox.home().canonicalize().unwrap();
    let [work, out] = ["work", "out"].map(|name| home.join(name));
    for folder in [&work, &out] {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("page"), "words").unwrap();
    }
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = other.local_addr().unwrap().port();
    let command = agent(&sandbox);
    let confined = |id: &str, read: &[&PathBuf]| {
        json!({
            "id": id,
            "name": id,
            "command": command,
            "restart": "never",
            "acp": { "read": read, "write": [work] },
            "sandbox": { "write": [work], "network": "daemon" },
        })
    };
    // It wants its files read by who speaks for it, which cannot.
    client
        .call("agents.upsert", confined("greedy", &[&out]))
        .await;
    let invoke = json!({ "id": "greedy", "task": "say hello" });
    let refused = client.refusal("agents.invoke_external", invoke).await;
    assert_eq!(refused["data"]["kind"], "unavailable", "{refused}");
    client.call("agents.upsert", confined("scribe", &[])).await;
    let (work, out) = (work.display(), out.display());
    let daemon_port = daemon.address().port();
    let steps = [
        (format!("peek {work}/page"), "words"),
        (format!("read {work}/page"), "words"),
        (format!("peek {out}/page"), "Permission denied"),
        (format!("read {out}/page"), "below no folder"),
        (format!("write {work}/new it"), "written"),
        (format!("dial {daemon_port}"), "reached"),
        (format!("dial {other}"), "Permission denied"),
    ];
    for (task, wanted) in steps {
        let invoke = json!({ "id": "scribe", "task": task });
        let done = client.call("agents.invoke_external", invoke).await;
        let said = done["output"].as_str().unwrap();
        assert!(said.contains(wanted), "{task}: {done}");
    }
    client.cut();
}
