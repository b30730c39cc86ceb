//! `car-server chat` where lines come from a pipe: what it shows, what it takes, and what Ctrl-C does.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus, Stdio};

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// The command, with its ends.
struct Lines {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    errors: BufReader<ChildStderr>,
}

impl Lines {
    fn start(sandbox: &Sandbox, words: &[&str]) -> Self {
        let mut command = sandbox.command(&[&["chat", "echo", "--session", "c"], words].concat());
        let command = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            errors: BufReader::new(child.stderr.take().unwrap()),
            child,
        }
    }

    fn types(&mut self, line: &str) {
        let mut input = self.input.as_ref().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Waits until so much more is shown, and nothing else.
    fn shows(&mut self, text: &str) {
        let mut shown = vec![0; text.len()];
        self.output.read_exact(&mut shown).unwrap();
        assert_eq!(String::from_utf8_lossy(&shown), text);
    }

    /// The next line, as JSON.
    fn json(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn interrupt(&self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
    }

    /// Waits until it complains, with these words.
    fn complains(&mut self, words: &str) {
        let mut line = String::new();
        self.errors.read_line(&mut line).unwrap();
        assert!(line.contains(words), "{line}");
    }

    /// Waits until it ends by itself; answers how, and what else it said: shown and complained.
    fn ends(mut self) -> (ExitStatus, String, String) {
        let (mut shown, mut complained) = (String::new(), String::new());
        self.output.read_to_string(&mut shown).unwrap();
        self.errors.read_to_string(&mut complained).unwrap();
        (self.child.wait().unwrap(), shown, complained)
    }

    /// Types no more.
    fn closes(mut self) -> (ExitStatus, String, String) {
        self.input = None;
        self.ends()
    }
}

/// An agent that the test speaks for.
struct Echo(TestClient);

impl Echo {
    async fn register(sandbox: &Sandbox, daemon: &Program) -> Self {
        let token = sandbox.runtime_dir().join("ai.parslee.car/auth-token");
        let mut agent = daemon.authenticated("echo", &token).await;
        agent.off_the_record();
        let params = json!({ "id": "echo", "name": "Echo" });
        agent.call("host.register_agent", params).await;
        Self(agent)
    }

    /// Takes the next prompt; answers what it says.
    async fn takes(&mut self) -> String {
        let prompt = self.0.expect("agent.chat").await;
        self.0.answer(&prompt, json!({ "accepted": true })).await;
        prompt["params"]["prompt"].as_str().unwrap().to_owned()
    }

    async fn says(&mut self, kind: &str, more: Value) {
        let mut said = json!({ "session_id": "c", "kind": kind });
        let members = said.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        self.0.notify("agent.chat.event", said).await;
    }
}

#[tokio::test]
async fn a_turn_is_shown_as_it_comes_with_its_tools_and_questions_are_answered_in_their_place() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut echo = Echo::register(&sandbox, &daemon).await;
    let mut lines = Lines::start(&sandbox, &[]);
    lines.types("pay it");
    assert_eq!(echo.takes().await, "pay it");
    echo.says("token", json!({ "delta": "Let me " })).await;
    lines.shows("Let me ");
    echo.says("token", json!({ "delta": "see." })).await;
    lines.shows("see.");
    echo.says("tool_call", json!({ "detail": { "tool": "look" } }))
        .await;
    lines.shows("\n[tool_call {\"tool\":\"look\"}]\n");
    for (typed, resolution) in [("y", "approve"), ("n", "deny"), ("den", "deny")] {
        let asked = json!({ "action": "pay", "agent_id": "echo", "system_level": true });
        echo.0.call("host.request_approval", asked).await;
        lines.shows("\n[asks: \"pay\"]\n");
        lines.types(typed);
        lines.shows(&format!("[decided: \"{resolution}\"]\n"));
    }
    // What is no answer decides nothing, and somebody else still can.
    let asked = json!({ "action": "pay", "agent_id": "echo", "system_level": true });
    let asked = echo.0.call("host.request_approval", asked).await;
    lines.shows("\n[asks: \"pay\"]\n");
    lines.types("perhaps");
    lines.complains("stays open for others");
    let decision = json!({ "approval_id": asked["id"], "resolution": "approve" });
    let mut screen = daemon.client("screen").await;
    screen.off_the_record();
    let token = fs::read_to_string(sandbox.root().join("host-token")).unwrap();
    let params = json!({ "host_token": token });
    screen.call("session.auth", params).await;
    screen.call("host.resolve_approval", decision).await;
    screen.leave().await;
    lines.shows("[decided: \"approve\"]\n");
    echo.says("token", json!({ "delta": "Paid." })).await;
    echo.says("done", json!({})).await;
    lines.shows("Paid.\n");
    lines.types("/history");
    lines.shows("> pay it\nLet me see.Paid.\n[done]\n");
    lines.types("and now fail");
    echo.takes().await;
    echo.says("error", json!({ "error": "I cannot" })).await;
    lines.shows("\n[error: I cannot]\n");
    let (status, rest, complaint) = lines.closes();
    assert_eq!((status.code(), rest.as_str()), (Some(1), ""), "{complaint}");
    echo.0.leave().await;
}

#[tokio::test]
async fn an_interrupt_cancels_the_turn_and_where_nothing_runs_it_ends_the_command() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut echo = Echo::register(&sandbox, &daemon).await;
    let mut lines = Lines::start(&sandbox, &[]);
    lines.types("count for ever");
    echo.takes().await;
    echo.says("token", json!({ "delta": "1 " })).await;
    lines.shows("1 ");
    lines.interrupt();
    let cancelled = echo.0.expect("agent.chat.cancel").await;
    assert_eq!(cancelled["params"]["reason"], "cancelled");
    lines.shows("\n[cancelled]\n");
    // The conversation goes on.
    lines.types("enough");
    assert_eq!(echo.takes().await, "enough");
    echo.says("token", json!({ "delta": "Yes." })).await;
    echo.says("done", json!({})).await;
    lines.shows("Yes.\n");
    lines.types("/history");
    lines.shows("> count for ever\n1 \n[cancelled]\n> enough\nYes.\n[done]\n");
    lines.interrupt();
    let (status, rest, complaint) = lines.ends();
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""), "{complaint}");

    // One prompt, and an interrupt of it.
    let mut lines = Lines::start(&sandbox, &["-m", "wait"]);
    echo.takes().await;
    echo.says("token", json!({ "delta": "…" })).await;
    lines.shows("…");
    lines.interrupt();
    echo.0.expect("agent.chat.cancel").await;
    let (status, rest, complaint) = lines.ends();
    assert_eq!(status.code(), Some(1), "{complaint}");
    assert_eq!(rest, "\n[cancelled]\n");
    echo.0.leave().await;
}

#[tokio::test]
async fn as_json_a_conversation_is_a_line_for_each_event() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut echo = Echo::register(&sandbox, &daemon).await;
    let mut lines = Lines::start(&sandbox, &["--json"]);
    lines.types("hello");
    echo.takes().await;
    echo.says("token", json!({ "delta": "one\ntwo" })).await;
    let token = lines.json();
    assert_eq!(
        (&token["kind"], &token["delta"]),
        (&json!("token"), &json!("one\ntwo"))
    );
    let asked = json!({ "action": "pay", "agent_id": "echo", "system_level": true });
    echo.0.call("host.request_approval", asked).await;
    let pending = lines.json();
    assert_eq!(pending["detail"]["action"], "pay");
    lines.types("approve");
    assert_eq!(lines.json()["detail"]["resolution"], "approve");
    echo.says("done", json!({})).await;
    assert_eq!(lines.json()["outcome"], "done");
    lines.types("/history");
    let history = lines.json();
    assert_eq!(history["turns"][0]["text"], "one\ntwo");
    lines.types("/quit");
    let (status, rest, complaint) = lines.ends();
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""), "{complaint}");
    echo.0.leave().await;
}
