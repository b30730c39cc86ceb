//! Chats with real processes: the examples of the client, the command line, and a daemon that is killed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use car_tests::TestClient;
use car_tests::program::{Sandbox, example};
use serde_json::{Value, json};

use crate::{complaint, said};

/// How often the daemon is killed in mid-chat.
const KILLS: usize = 10;

/// A process that is ended with the test.
struct Running(Child);

impl Running {
    /// Starts a program and waits until it says that it is ready.
    fn ready(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self(child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_echo_agent_is_talked_to_from_the_command_line_and_by_another_example() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let _echo = Running::ready(sandbox.foreign(&example("echo_agent")));
    let output = sandbox.run(&["chat", "echo", "-m", "hello there"]);
    assert!(output.status.success(), "{}", complaint(&output));
    assert_eq!(said(&output), "hello there\n");

    let output = sandbox.run(&["chat", "echo", "--json", "-m", "again", "--session", "c"]);
    let events: Vec<Value> = said(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<_> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["token", "done"]);
    assert_eq!(events[1]["outcome"], "done");

    // Lines are said one after the other, and what was said is kept.
    let mut typed = sandbox.command(&["chat", "echo", "--session", "c"]);
    let typed = typed
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = typed.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"one two\n/history\n").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        said(&output),
        "one two\n> again\nagain\n[done]\n> one two\none two\n[done]\n",
        "{}",
        complaint(&output)
    );

    let output = sandbox
        .foreign(&example("host"))
        .args(["echo", "so long"])
        .output()
        .unwrap();
    assert_eq!(said(&output), "so long\n[done]\n", "{}", complaint(&output));
    let output = sandbox.run(&["chat", "nobody", "-m", "hello"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        complaint(&output).contains("not_found"),
        "{}",
        complaint(&output)
    );
    drop(daemon);
}

async fn authenticated(
    daemon: &car_tests::program::Program,
    sandbox: &Sandbox,
    name: &str,
) -> TestClient {
    let token = sandbox.runtime_dir().join("ai.parslee.car/auth-token");
    let mut client = daemon.authenticated(name, &token).await;
    client.off_the_record();
    client
}

#[tokio::test]
async fn a_chat_that_a_kill_cuts_ends_once_and_one_that_had_ended_stays_as_it_was() {
    let sandbox = Sandbox::new();
    for kill in 0..KILLS {
        let daemon = sandbox.start(&[]);
        let mut agent = authenticated(&daemon, &sandbox, "agent").await;
        agent
            .call(
                "host.register_agent",
                json!({ "id": "echo", "name": "Echo" }),
            )
            .await;
        let mut host = authenticated(&daemon, &sandbox, "host").await;
        // The turn that the last kill cut has ended, once.
        if kill > 0 {
            let history = host
                .call("agents.chat.history", json!({ "session_id": "c" }))
                .await;
            let outcomes: Vec<_> = history["turns"]
                .as_array()
                .unwrap()
                .iter()
                .map(|turn| &turn["outcome"])
                .collect();
            assert_eq!(outcomes.len(), (2 * kill).min(20));
            assert_eq!(outcomes[0], "agent_gone");
            assert_eq!(outcomes[1], "done");
            let since = json!({ "streams": ["chat/c"], "since": "start" });
            host.call("events.subscribe", since).await;
            let event = host.expect("agents.chat.event").await;
            assert_eq!(event["params"]["turn_id"], history["turns"][0]["turn_id"]);
            assert_eq!(event["params"]["outcome"], "agent_gone");
        }
        for turn in 0..2 {
            let params = json!({ "agent_id": "echo", "prompt": "speak", "session_id": "c" });
            let id = host.request("agents.chat", params).await;
            let prompt = agent.expect("agent.chat").await;
            agent.answer(&prompt, json!(null)).await;
            assert_eq!(host.answer_to(id).await["result"]["accepted"], true);
            for n in 0..=kill {
                let said = json!({ "session_id": "c", "kind": "token", "delta": format!("{n} ") });
                agent.notify("agent.chat.event", said).await;
            }
            if turn == 0 {
                agent
                    .notify(
                        "agent.chat.event",
                        json!({ "session_id": "c", "kind": "done" }),
                    )
                    .await;
                loop {
                    let event = host.expect("agents.chat.event").await;
                    if event["params"]["kind"] == "done" {
                        break;
                    }
                }
            }
        }
        agent.cut();
        host.cut();
        daemon.kill();
    }
}
