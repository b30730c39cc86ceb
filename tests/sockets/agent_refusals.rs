//! What may not be an agent, and what nobody is told of one.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox};
use serde_json::{Value, json};

use crate::agents::shell;
use crate::{complaint, said};

async fn host(sandbox: &Sandbox, daemon: &Program) -> TestClient {
    let mut client = daemon.client("host").await;
    client.off_the_record();
    let token = fs::read_to_string(sandbox.root().join("host-token")).unwrap();
    client
        .call("session.auth", json!({ "host_token": token }))
        .await;
    client
}

/// A program that others may or may not change.
fn program(folder: &Path, name: &str, mode: u32) -> String {
    let path = folder.join(name);
    fs::write(&path, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_manifest_has_a_program_started_that_others_could_put_there() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut client = host(&sandbox, &daemon).await;
    let home = sandbox.home().canonicalize().unwrap();
    let good = program(&home, "good", 0o755);
    let open = program(&home, "open", 0o757);
    let shared = program(&home, "shared", 0o775);
    let link = home.join("link");
    symlink(&good, &link).unwrap();
    let folder = home.join("folder");
    fs::create_dir(&folder).unwrap();
    let below = program(&folder, "below", 0o755);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let through = home.join("through");
    symlink(&home, &through).unwrap();
    let climbing = home.join("folder/../good");
    for command in [
        open.as_str(),
        &shared,
        link.to_str().unwrap(),
        &below,
        through.join("good").to_str().unwrap(),
        climbing.to_str().unwrap(),
        "good",
        "",
    ] {
        let params = json!({ "id": "a", "name": "a", "command": command });
        let refused = client.refusal("agents.upsert", params).await;
        assert_eq!(refused["code"], -32602, "{command}: {refused}");
        let manifest = json!({
            "agent": { "id": "a", "name": "a" },
            "transport": { "kind": "external_process", "command": command },
        });
        let refused = client.refusal("agents.install", manifest).await;
        assert_eq!(refused["code"], -32602, "{command}: {refused}");
    }
    // Where it runs, and what it may use, does not climb either.
    for more in [
        json!({ "cwd": "/tmp/../etc" }),
        json!({ "cwd": "relative" }),
        json!({ "sandbox": { "read": ["/usr/../etc"] } }),
        json!({ "sandbox": { "write": ["relative"] } }),
    ] {
        let mut params = json!({ "id": "a", "name": "a", "command": good });
        let members = params.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        let refused = client.refusal("agents.upsert", params).await;
        assert_eq!(refused["code"], -32602, "{more}: {refused}");
    }
    assert_eq!(client.call("agents.list", Value::Null).await, json!([]));
    let nothing = !sandbox.root().join("agents/a").exists();
    assert!(nothing, "nothing is left of what was refused");

    // What was good when it was added is looked at again before it is started.
    let params = json!({ "id": "a", "name": "a", "command": good });
    client.call("agents.upsert", params).await;
    fs::set_permissions(&good, fs::Permissions::from_mode(0o757)).unwrap();
    let refused = client.refusal("agents.start", json!({ "id": "a" })).await;
    assert!(
        refused["message"].as_str().unwrap().contains(&good),
        "{refused}"
    );
    let health = client.call("agents.health", Value::Null).await;
    assert_eq!(health[0]["ok"], false, "{health}");
    client.finish().await;
}

#[tokio::test]
async fn no_id_of_an_agent_or_a_chat_is_a_path() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut client = host(&sandbox, &daemon).await;
    for id in ["../../x", "a/b", ".."] {
        let chat = json!({ "agent_id": "echo", "prompt": "hello", "session_id": id });
        let ask = json!({ "agent_id": id, "prompt": "hello" });
        let one = json!({ "session_id": id });
        for (method, params) in [
            ("agents.chat", chat),
            ("agents.chat", ask),
            ("agents.chat.history", one),
            ("session.auth", json!({ "agent_id": id, "token": "x" })),
        ] {
            client.refusal(method, params).await;
        }
        let elsewhere = format!("../{id}");
        let entry = json!({ "name": "a", "dashboard_url": "http://127.0.0.1/" });
        for (method, params) in [
            ("registry.list", json!({ "registry_path": elsewhere })),
            (
                "registry.register",
                json!({ "registry_path": elsewhere, "entry": entry }),
            ),
        ] {
            client.refusal(method, params).await;
        }
        let cancelled = json!({ "session_id": id });
        let nothing = client.call("agents.chat.cancel", cancelled).await;
        assert_eq!(nothing["cancelled"], false);
        for stream in ["agent/../log", "chat/../x", "agent/../../log"] {
            let refused = client
                .refusal("events.subscribe", json!({ "streams": [stream] }))
                .await;
            assert!(refused["code"].is_i64());
        }
        let output = sandbox.run(&["agents", "logs", id]);
        assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
        let output = sandbox.run(&["agents", "add", id, "--", &shell()]);
        assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
    }
    let above: Vec<_> = fs::read_dir(sandbox.home())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert!(
        above.iter().all(|name| name != "x" && name != "log"),
        "{above:?}"
    );
    client.finish().await;
}

#[tokio::test]
async fn what_an_agent_prints_of_its_tokens_is_in_no_log_and_no_answer() {
    let sandbox = Sandbox::new();
    let log = sandbox.home().join("log");
    let command = sandbox.command(&["--port", "0"]);
    let daemon = Program::start_logging(command, File::create(&log).unwrap());
    let mut client = host(&sandbox, &daemon).await;
    // In pieces as well.
    let script = "env; env >&2; printf '%s' \"$CAR_AGENT_TOKEN\" | head -c 20; \
         printf '%s' \"$CAR_AGENT_TOKEN\" | tail -c +21; echo; echo \"$CAR_AUTH_TOKEN\"";
    let params = json!({
        "id": "a", "name": "a", "command": shell(), "args": ["-c", script],
        "restart": "never", "daemon_token": true, "env": { "OTHER": "word" },
    });
    client.call("agents.upsert", params).await;
    let stream = json!({ "streams": ["agent/a/log"], "since": "start" });
    client.call("events.subscribe", stream).await;
    let mut told = client
        .call("agents.start", json!({ "id": "a" }))
        .await
        .to_string();
    while !told.contains("ended with code") {
        told += &client.next().await.to_string();
    }
    for (method, params) in [
        ("agents.list", json!({})),
        ("agents.health", json!({})),
        ("agents.tail_log", json!({ "id": "a", "n": 1_000 })),
        ("diagnostics.snapshot", json!({})),
        (
            "events.query",
            json!({ "stream": "agent/a/log", "limit": 100 }),
        ),
        ("host.subscribe", json!({})),
        ("host.agents", json!({})),
    ] {
        told += &client.call(method, params).await.to_string();
    }
    for words in [
        &["agents", "list"][..],
        &["agents", "list", "--json"],
        &["agents", "logs", "a"],
        &["status"],
        &["doctor"],
        &["config"],
    ] {
        let output = sandbox.run(words);
        told += said(&output);
        told += complaint(&output);
    }
    for entry in fs::read_dir(sandbox.root().join("logs")).unwrap().flatten() {
        told += &fs::read_to_string(entry.path()).unwrap();
    }
    assert!(told.contains("OTHER=word") && told.contains("CAR_AGENT_TOKEN=***"));
    assert!(told.contains("CAR_AUTH_TOKEN=***"));
    let secret = |path: &Path| fs::read_to_string(path).unwrap();
    let tokens = [
        secret(&sandbox.root().join("agents/a/token")),
        secret(&sandbox.root().join("host-token")),
        secret(Path::new(daemon.said("token file").unwrap())),
    ];
    told += daemon.banner();
    client.cut();
    daemon.signal(rustix::process::Signal::TERM);
    told += &daemon.wait().1;
    told += &fs::read_to_string(log).unwrap();
    for token in tokens {
        let token = token.trim();
        assert!(token.len() >= 40);
        let found = told.find(token).map(|at| &told[at.saturating_sub(200)..at]);
        assert_eq!(found, None, "a token was told");
    }
}
