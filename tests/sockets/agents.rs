//! Agents as processes: what is started is looked after, and nothing of it is left behind.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox};
use serde_json::{Value, json};

use crate::kills::wanted;
use crate::{complaint, mode, said};

/// Bytes that an agent writes which writes much.
const MUCH: usize = 50_000_000;

/// A shell without links on the way.
pub(crate) fn shell() -> String {
    let path = Path::new("/bin/sh").canonicalize().unwrap();
    path.to_str().unwrap().to_owned()
}

/// The result of a command that worked.
fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", complaint(output));
    serde_json::from_str(said(output)).unwrap()
}

/// A pipe by name that an agent and all that it starts hold open: its end is theirs.
struct Leash(PathBuf);

impl Leash {
    fn new(sandbox: &Sandbox, name: &str) -> Self {
        let path = sandbox.home().join(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        Self(path)
    }

    /// Words that take hold of it, for a shell.
    fn hold(&self) -> String {
        format!("exec 9>{}; echo holding >&9", self.0.display())
    }

    /// Waits until somebody holds it, and answers what tells when nobody does any more.
    fn taken(&self) -> fs::File {
        let mut pipe = fs::File::open(&self.0).unwrap();
        let mut word = [0; 8];
        pipe.read_exact(&mut word).unwrap();
        pipe
    }
}

/// Waits until nobody holds the leash.
fn all_gone(mut pipe: fs::File) {
    let mut rest = Vec::new();
    pipe.read_to_end(&mut rest).unwrap();
}

async fn host(sandbox: &Sandbox, daemon: &Program) -> TestClient {
    let mut client = daemon.client("host").await;
    let token = fs::read_to_string(sandbox.root().join("host-token")).unwrap();
    client
        .call("session.auth", json!({ "host_token": token }))
        .await;
    client
}

fn agent(id: &str, script: &str) -> Value {
    json!({ "id": id, "name": id, "command": shell(), "args": ["-c", script] })
}

/// What a script starts that hides from its parent, its group and its session.
const HIDING: &str =
    "(setsid sh -c 'sleep 1000 & sleep 1000' >/dev/null 2>&1 &); sleep 1000 & wait";

#[tokio::test]
async fn a_stop_ends_all_that_an_agent_started_however_it_hides() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut client = host(&sandbox, &daemon).await;
    for signal in ["term", "kill"] {
        let leash = Leash::new(&sandbox, signal);
        let script = format!("{}; {HIDING}", leash.hold());
        client.call("agents.upsert", agent("a", &script)).await;
        let started = client.call("agents.start", json!({ "id": "a" })).await;
        assert_eq!(started["status"], "running");
        let pipe = leash.taken();
        let again = client.call("agents.start", json!({ "id": "a" })).await;
        assert_eq!(again["pid"], started["pid"], "it is not started twice");
        let stopped = client
            .call("agents.stop", json!({ "id": "a", "signal": signal }))
            .await;
        assert_eq!(
            (
                &stopped["status"],
                &stopped["pid"],
                &stopped["last_exit_code"]
            ),
            (&json!("stopped"), &Value::Null, &json!(-1))
        );
        all_gone(pipe);
    }
    client.finish().await;
}

#[tokio::test]
async fn an_agent_whose_descendants_hold_its_pipes_ends_all_the_same() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut client = host(&sandbox, &daemon).await;
    let leash = Leash::new(&sandbox, "leash");
    let script = format!("{}; (setsid sleep 1000 &); exit 0", leash.hold());
    client.call("agents.upsert", agent("a", &script)).await;
    client.call("agents.start", json!({ "id": "a" })).await;
    all_gone(leash.taken());
    let stopped = client.call("agents.stop", json!({ "id": "a" })).await;
    assert_eq!(stopped["last_exit_code"], 0);
    client.finish().await;
}

#[tokio::test]
async fn agents_end_with_the_daemon_also_when_it_is_killed() {
    let sandbox = Sandbox::new();
    let leash = Leash::new(&sandbox, "leash");
    let script = format!("{}; {HIDING}", leash.hold());
    let daemon = sandbox.start(&[]);
    let mut client = host(&sandbox, &daemon).await;
    let mut params = agent("a", &script);
    params["auto_start"] = true.into();
    client.call("agents.upsert", params).await;
    client.call("agents.start", json!({ "id": "a" })).await;
    let pipe = leash.taken();
    daemon.kill();
    all_gone(pipe);
    client.cut();
    // It starts with the next one, which ends in the usual way.
    let daemon = sandbox.start(&[]);
    let pipe = leash.taken();
    daemon.signal(rustix::process::Signal::TERM);
    all_gone(pipe);
    assert!(daemon.wait().0.success());
}

#[tokio::test]
async fn an_agent_that_ends_too_often_is_given_up_with_the_reason() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut client = host(&sandbox, &daemon).await;
    let mut params = agent("a", "echo once more; exit 3");
    params["max_restarts"] = 1.into();
    params["backoff_secs"] = 1.into();
    client.call("agents.upsert", params).await;
    let stream = json!({ "streams": ["agent/a/log"], "since": "start" });
    client.call("events.subscribe", stream).await;
    client.request("agents.start", json!({ "id": "a" })).await;
    let mut ends = 0;
    while ends < 2 {
        let said = client.next().await.to_string();
        ends += usize::from(said.contains("ended with code 3"));
    }
    let agents = loop {
        let agents = json_of(&sandbox.run(&["agents", "list", "--json"]));
        if agents[0]["status"] == "errored" {
            break agents;
        }
    };
    assert_eq!(agents[0]["error"], "it ended 2 times in a row");
    let output = sandbox.run(&["agents", "logs", "a"]);
    assert_eq!(said(&output), "once more\nonce more\n");
    let health = json_of(&sandbox.run(&["call", "agents.health"]));
    assert_eq!(health[0]["ok"], false);
    let output = sandbox.run(&["agents", "stop", "a", "--json"]);
    assert_eq!(json_of(&output)["status"], "stopped");
    client.cut();
}

#[tokio::test]
async fn much_output_fills_nothing_and_holds_nobody_up() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut client = host(&sandbox, &daemon).await;
    let leash = Leash::new(&sandbox, "leash");
    let script = format!(
        "{}; yes 0123456789012345678901234567890123456789 | head -c {}; echo the end",
        leash.hold(),
        wanted("CAR_AGENT_OUTPUT", MUCH)
    );
    let mut params = agent("a", &script);
    params["restart"] = "never".into();
    client.call("agents.upsert", params).await;
    client.call("agents.start", json!({ "id": "a" })).await;
    all_gone(leash.taken());
    client.call("agents.stop", json!({ "id": "a" })).await;
    let tail = client
        .call("agents.tail_log", json!({ "id": "a", "n": 1 }))
        .await;
    assert!(
        tail["lines"][0].as_str().unwrap().ends_with("the end"),
        "{tail}"
    );
    let logs = fs::read_dir(sandbox.root().join("logs")).unwrap();
    let bytes: u64 = logs
        .flatten()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert!(bytes < 20 << 20, "{bytes} bytes are kept");
    client.finish().await;
}

#[tokio::test]
async fn a_token_is_in_its_file_and_nowhere_else() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut client = host(&sandbox, &daemon).await;
    let file = sandbox.root().join("agents/a/token");
    let compare = format!(
        r#"test "$CAR_AGENT_TOKEN" = "$(cat {})" && echo it is the same || echo it is another"#,
        file.display()
    );
    let mut params = agent("a", &format!("env; {compare}; sleep 1000"));
    params["env"] = json!({ "SECRET_WORD": "hush" });
    params["auto_start"] = true.into();
    let answer = client.call("agents.upsert", params).await;
    assert_eq!(mode(&file), 0o600);
    let token = fs::read_to_string(&file).unwrap();
    client
        .call("agents.rotate_token", json!({ "id": "a" }))
        .await;
    let rotated = fs::read_to_string(&file).unwrap();
    assert_ne!(token, rotated);
    let mut said = answer.to_string();
    for method in ["agents.list", "agents.health", "diagnostics.snapshot"] {
        said += &client.call(method, Value::Null).await.to_string();
    }
    assert!(
        !said.contains("hush"),
        "of the environment only the names are told"
    );
    said += &fs::read_to_string(sandbox.root().join("agents.json")).unwrap();
    for secret in [&token, &rotated] {
        assert!(!said.contains(secret.as_str()), "a token was told");
    }
    assert_eq!(mode(&sandbox.root().join("agents.json")), 0o600);
    // What the agent finds in its environment is what is in the file, and the daemon's token is not there. What it
    // prints of it is covered.
    client.call("agents.start", json!({ "id": "a" })).await;
    let lines = loop {
        let tail = client.call("agents.tail_log", json!({ "id": "a" })).await;
        let lines = tail["lines"].to_string();
        if lines.contains("CAR_DAEMON_URL") && lines.contains("it is") {
            break lines;
        }
    };
    assert!(lines.contains("CAR_AGENT_TOKEN=***"), "{lines}");
    assert!(lines.contains("it is the same"), "{lines}");
    assert!(!lines.contains("CAR_AUTH_TOKEN"));
    client.call("agents.remove", json!({ "id": "a" })).await;
    assert!(!file.exists());
    client.finish().await;
}

#[tokio::test]
async fn no_id_leads_out_of_the_root() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut client = host(&sandbox, &daemon).await;
    for id in ["..", "../../x", "a/b", "", "a\u{0}"] {
        for method in [
            "agents.remove",
            "agents.start",
            "agents.stop",
            "agents.restart",
            "agents.tail_log",
            "agents.rotate_token",
            "agents.upsert",
        ] {
            let mut params = agent(id, "true");
            params["id"] = id.into();
            let refused = client.refusal(method, params).await;
            assert_eq!(refused["code"], -32602, "{method} {id:?}: {refused}");
        }
        let manifest = json!({ "agent": { "id": id }, "transport": { "kind": "pure_data" } });
        let refused = client.refusal("agents.install", manifest).await;
        assert_eq!(refused["code"], -32602, "{refused}");
        for method in ["registry.heartbeat", "registry.unregister"] {
            let refused = client.refusal(method, json!({ "name": id })).await;
            assert_eq!(refused["code"], -32602, "{refused}");
        }
        let entry = json!({ "entry": { "name": id, "dashboard_url": "http://x/" } });
        let refused = client.refusal("registry.register", entry).await;
        assert_eq!(refused["code"], -32602, "{refused}");
    }
    client.finish().await;
}

#[test]
fn what_is_confined_reads_and_reaches_only_what_it_may() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let secret = sandbox.home().join("secret");
    fs::write(&secret, "hush").unwrap();
    let (cat, home) = ("/usr/bin/cat", sandbox.home().to_str().unwrap());
    let secret = secret.to_str().unwrap();
    let closed = sandbox.run(&["confine", "--read", "/usr", "--", cat, secret]);
    assert!(!closed.status.success() && said(&closed).is_empty());
    let open = sandbox.run(&["confine", "--read", home, "--", cat, secret]);
    assert_eq!(said(&open), "hush", "{}", complaint(&open));
    let write = format!("echo changed > {secret}");
    let closed = sandbox.run(&["confine", "--read", home, "--", &shell(), "-c", &write]);
    assert!(!closed.status.success());
    let open = sandbox.run(&["confine", "--write", home, "--", &shell(), "-c", &write]);
    assert!(open.status.success(), "{}", complaint(&open));

    let port = daemon.address().port();
    let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
    let words = |allowed: u16| {
        let allowed = allowed.to_string();
        let words = [
            "confine",
            "--connect",
            &allowed,
            "--",
            "/usr/bin/bash",
            "-c",
            &connect,
        ];
        sandbox.run(&words)
    };
    assert!(words(port).status.success());
    let refused = words(1);
    assert!(
        complaint(&refused).contains("Permission denied"),
        "{}",
        complaint(&refused)
    );
    let limited = sandbox.run(&[
        "confine",
        "--open-files",
        "7",
        "--",
        &shell(),
        "-c",
        "ulimit -n",
    ]);
    assert_eq!(said(&limited), "7\n", "{}", complaint(&limited));
}
