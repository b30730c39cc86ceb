//! The echo agent of `examples/`, in the language of others: started by hand, and by the daemon.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use car_tests::program::{Program, Sandbox};
use serde_json::Value;

use crate::{python, workspace};

/// A process that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a command of the program says, where it works.
fn said(sandbox: &Sandbox, words: &[&str]) -> String {
    let output = sandbox.run(words);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {complaint}");
    String::from_utf8(output.stdout).expect("it is text")
}

/// Starts the agent by hand, which then registers itself as `echo`, and talks to it.
fn talk(sandbox: &Sandbox, daemon: &Program, program: &Path, script: &Path) {
    let mut command = sandbox.foreign(program);
    command
        .env("CAR_DAEMON_URL", format!("ws://{}", daemon.address()))
        .arg(script)
        .stdout(Stdio::piped());
    let mut agent = command.spawn().expect("the agent starts");
    let mut out = BufReader::new(agent.stdout.take().expect("its output is piped"));
    let _running = Running(agent);
    let mut line = String::new();
    out.read_line(&mut line).expect("it is text");
    assert_eq!(line, "ready\n");
    let answer = said(sandbox, &["chat", "echo", "-m", "hello there, you"]);
    assert_eq!(answer, "hello there, you\n");
    let events = said(sandbox, &["chat", "echo", "--json", "-m", "one two three"]);
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    let kinds: Vec<_> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["token", "token", "token", "done"]);
    assert_eq!(events[3]["outcome"], "done");
}

/// Has the daemon start the agent, which then speaks with its own token, and talks to it.
fn supervise(sandbox: &Sandbox, program: &Path, script: &Path) {
    // The program of an environment is a link, which a shell may follow.
    let shell = Path::new("/bin/sh")
        .canonicalize()
        .expect("there is a shell");
    let shell = shell.to_str().expect("its path is text");
    let line = format!("exec '{}' '{}'", program.display(), script.display());
    said(
        sandbox,
        &["agents", "add", "other", "--", shell, "-c", &line],
    );
    said(sandbox, &["agents", "start", "other"]);
    let health = loop {
        let health = said(sandbox, &["call", "agents.health"]);
        let health: Value = serde_json::from_str(&health).expect("an answer is JSON");
        assert_eq!(health[0]["alive"], true, "{health}");
        if health[0]["attached"] == true {
            break health;
        }
    };
    assert_eq!(health[0]["answers"], true, "{health}");
    let answer = said(sandbox, &["chat", "other", "-m", "hello there, you"]);
    assert_eq!(answer, "hello there, you\n");
    said(sandbox, &["agents", "stop", "other"]);
}

#[test]
fn the_echo_agent_in_python_is_talked_to() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let program = python("venv-0.58");
    let script = workspace().join("examples/echo_agent.py");
    talk(&sandbox, &daemon, &program, &script);
    supervise(&sandbox, &program, &script);
}
