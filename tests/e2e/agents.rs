use std::sync::Arc;
use std::time::Duration;

use car_state::agents::{AgentId, AgentsConfig, Ended, Launch, LaunchError, Launcher, Process};
use car_tests::{TestClient, TestDaemon, Wanted};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, pending, ready};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Makes processes that live until they are asked to end, or for as many seconds as their first argument says, and then
/// end with the code that the second says.
#[derive(Debug)]
struct Actors;

#[derive(Debug)]
struct Actor {
    asked: Arc<Notify>,
    life: Option<(Instant, i32)>,
}

impl Launcher for Actors {
    fn launch(&self, launch: Launch) -> BoxFuture<'static, Result<Box<dyn Process>, LaunchError>> {
        let numbers: Vec<u32> = launch
            .spec
            .args
            .iter()
            .flat_map(|arg| arg.parse())
            .collect();
        let life = match numbers[..] {
            [seconds, code] => {
                let life = Duration::from_secs(seconds.into());
                Some((Instant::now() + life, code.cast_signed()))
            }
            _ => None,
        };
        let asked = Arc::default();
        ready(Ok(Box::new(Actor { asked, life }) as Box<dyn Process>)).boxed()
    }
}

impl Process for Actor {
    fn pid(&self) -> Option<u32> {
        Some(4711)
    }

    fn terminate(&mut self) {
        self.asked.notify_one();
    }

    fn kill(&mut self) {
        self.asked.notify_one();
    }

    fn ended(&mut self) -> BoxFuture<'_, Ended> {
        async {
            let lived = async {
                match self.life {
                    Some((end, code)) => {
                        sleep_until(end).await;
                        code
                    }
                    None => pending().await,
                }
            };
            tokio::select! {
                code = lived => Ended { code },
                () = self.asked.notified() => Ended { code: -1 },
            }
        }
        .boxed()
    }
}

fn daemon() -> TestDaemon {
    TestDaemon::with(Wanted {
        auth: true,
        state: |config| {
            config.with_agents(AgentsConfig {
                launcher: Arc::new(Actors),
                ask_first: true,
                ..AgentsConfig::default()
            })
        },
        ..Wanted::default()
    })
}

/// An executable without links on the way, wherever this runs.
fn env() -> Value {
    json!("/usr/bin/env")
}

async fn listen(client: &mut TestClient) {
    let params = json!({ "streams": ["agent/echo/log"], "since": "start" });
    client.call("events.subscribe", params).await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_added_started_and_stopped() {
    let daemon = daemon();
    let mut ada = daemon.host("ada").await;
    let params =
        json!({ "id": "echo", "name": "Echo", "command": env(), "env": { "KEY": "hush" } });
    ada.call("agents.upsert", params).await;
    ada.call("agents.start", json!({ "id": "echo" })).await;
    ada.call("agents.health", Value::Null).await;
    ada.call("agents.stop", json!({ "id": "echo" })).await;
    listen(&mut ada).await;
    for _ in 0..3 {
        ada.expect("agent.log").await;
    }
    ada.call("agents.remove", json!({ "id": "echo" })).await;
    ada.expect("events.ended").await;
    ada.call("agents.list", Value::Null).await;
    ada.finish().await;
    assert!(!daemon.transcript().contains("hush\"}},\"restart"));
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_lives_a_minute_may_fail_again() {
    let daemon = daemon();
    let mut ada = daemon.host("ada").await;
    ada.off_the_record();
    let mut params = json!({ "id": "echo", "name": "Echo", "command": env(), "max_restarts": 1 });
    params["args"] = json!(["61", "1"]);
    ada.call("agents.upsert", params.clone()).await;
    ada.call("agents.start", json!({ "id": "echo" })).await;
    listen(&mut ada).await;
    for _ in 0..5 {
        ended(&mut ada).await;
    }
    params["args"] = json!(["59", "1"]);
    ada.call("agents.upsert", params).await;
    ada.call("agents.restart", json!({ "id": "echo" })).await;
    for _ in 0..2 {
        ended(&mut ada).await;
    }
    let echo = ada.call("agents.list", Value::Null).await[0].take();
    assert_eq!(echo["status"], "errored");
    assert_eq!(echo["error"], "it ended 2 times in a row");
    ada.cut();
}

/// Waits until the agent has ended once more.
async fn ended(client: &mut TestClient) {
    loop {
        let log = client.expect("agent.log").await;
        if log["params"]["lines"][0]
            .as_str()
            .unwrap()
            .starts_with("ended")
        {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_started_is_refused_with_the_reason() {
    let daemon = daemon();
    let mut ada = daemon.host("ada").await;
    let agent = |command: &str| json!({ "id": "echo", "name": "Echo", "command": command });
    for command in [
        "env",
        "/usr/bin/../bin/env",
        "/no/such/program",
        "/etc/passwd",
    ] {
        ada.refusal("agents.upsert", agent(command)).await;
    }
    let needs = json!({
        "agent": { "id": "echo", "name": "Echo" },
        "transport": { "kind": "external_process", "command": env() },
        "capabilities": { "required": { "inference": ["embedding"] } },
    });
    ada.refusal("agents.install", needs).await;
    ada.refusal("agents.start", json!({ "id": "echo" })).await;
    ada.refusal("agents.stop", json!({ "id": "../echo" })).await;
    ada.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_person_is_asked_before_something_new_is_started() {
    let daemon = daemon();
    let mut ada = daemon.host("ada").await;
    let mut bob = daemon.authenticated("bob").await;
    ada.call("host.subscribe", Value::Null).await;
    let mut echo = json!({ "id": "echo", "name": "Echo", "command": env() });
    bob.call("agents.upsert", echo.clone()).await;
    for resolution in ["deny", "approve"] {
        let start = bob.request("agents.start", json!({ "id": "echo" })).await;
        let asked = ada.expect("host.event").await;
        let about = &asked["params"]["payload"];
        assert_eq!(about["details"]["agent_id"], "echo");
        let decided = json!({ "approval_id": about["id"], "resolution": resolution });
        ada.call("host.resolve_approval", decided).await;
        let answer = bob.answer_to(start).await;
        let agreed = resolution == "approve";
        assert_eq!(answer["result"]["status"] == "running", agreed, "{answer}");
        ada.expect("host.event").await;
    }
    // What was agreed to once may be started again, and anything else may not.
    bob.call("agents.restart", json!({ "id": "echo" })).await;
    echo["args"] = json!(["other"]);
    bob.call("agents.upsert", echo).await;
    let restart = bob.request("agents.restart", json!({ "id": "echo" })).await;
    ada.expect("host.event").await;
    let refused = bob.answer_to(restart).await;
    assert_eq!(refused["error"]["data"]["kind"], "approval_timeout");
    ada.expect("host.event").await;
    bob.call("agents.stop", json!({ "id": "echo" })).await;
    bob.finish().await;
    ada.finish().await;
}

/// A client that speaks for the agent `echo`, under this name.
async fn attached(daemon: &TestDaemon, name: &str) -> TestClient {
    let id: AgentId = "echo".parse().unwrap();
    let token = daemon.server.state().seats().tokens().issue(&id).unwrap();
    daemon.hide(token.expose(), "<agent token>");
    let mut agent = daemon.client(name);
    let params = json!({ "agent_id": "echo", "token": token.expose() });
    agent.call("session.auth", params).await;
    agent
}

#[tokio::test(start_paused = true)]
async fn what_a_manifest_denies_is_refused_to_its_agent() {
    let daemon = daemon();
    let mut ada = daemon.host("ada").await;
    let manifest = json!({
        "agent": { "id": "echo", "name": "Echo" },
        "transport": { "kind": "external_process", "command": env() },
        "capabilities": { "denied": { "state": ["*"], "host": ["notify"], "agents.chat": ["cancel"] } },
    });
    ada.call("agents.install", manifest).await;
    let mut echo = attached(&daemon, "echo").await;
    let key = json!({ "key": "k" });
    for (method, params) in [
        ("state.get", key.clone()),
        ("state.set", json!({ "key": "k", "value": 1 })),
        ("host.notify", json!({ "kind": "x", "message": "x" })),
        ("agents.chat.cancel", json!({ "session_id": "c" })),
    ] {
        let refused = echo.refusal(method, params).await;
        assert_eq!(refused["data"]["kind"], "forbidden", "{method}");
        assert_eq!(refused["data"]["agent_id"], "echo", "{method}");
    }
    // Everything else is as it was, and others are not meant.
    echo.call("agents.chat.list", Value::Null).await;
    echo.call("host.agents", Value::Null).await;
    ada.call("state.get", key).await;
    echo.finish().await;
    ada.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_attached_is_asked_whether_it_answers() {
    let daemon = daemon();
    let mut ada = daemon.host("ada").await;
    let params = json!({ "id": "echo", "name": "Echo", "command": env() });
    ada.call("agents.upsert", params).await;
    ada.call("agents.start", json!({ "id": "echo" })).await;
    let mut echo = attached(&daemon, "echo").await;
    let health = ada.request("agents.health", Value::Null).await;
    let ping = echo.expect("agent.ping").await;
    echo.answer(&ping, json!(null)).await;
    let answer = ada.answer_to(health).await["result"][0].take();
    let seen = ["ok", "alive", "attached", "answers"].map(|name| answer[name] == true);
    assert_eq!(seen, [true; 4], "{answer}");
    // Whoever says that it knows no such question has answered.
    let health = ada.request("agents.health", Value::Null).await;
    let ping = echo.expect("agent.ping").await;
    echo.fail(&ping, "what is that?").await;
    let answer = ada.answer_to(health).await["result"][0].take();
    assert_eq!(
        (&answer["ok"], &answer["answers"]),
        (&json!(true), &json!(true))
    );
    // Whoever is silent has not.
    let health = ada.request("agents.health", Value::Null).await;
    echo.expect("agent.ping").await;
    let answer = ada.answer_to(health).await["result"][0].take();
    assert_eq!(
        (&answer["ok"], &answer["answers"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(answer["reason"], "it does not answer agent.ping");
    echo.finish().await;
    let answer = ada.call("agents.health", Value::Null).await[0].take();
    assert_eq!(
        (&answer["attached"], &answer["answers"]),
        (&json!(false), &Value::Null)
    );
    ada.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}
