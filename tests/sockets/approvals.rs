//! A person's commands against a real daemon: `approvals`, `approvals grants` and `audit`.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use car_state::db::rusqlite::Connection;
use car_tests::TestClient;
use car_tests::program::{Program, Sandbox};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

use crate::{complaint, said};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// A client with the client token, off the record.
async fn agent(sandbox: &Sandbox, daemon: &Program) -> TestClient {
    let token = sandbox.runtime_dir().join("ai.parslee.car/auth-token");
    let mut client = daemon.authenticated("agent", &token).await;
    client.off_the_record();
    client
}

/// Runs a command that works, and reads its JSON.
fn told(sandbox: &Sandbox, words: &[&str]) -> Value {
    let output = sandbox.run(&[words, &["--json"]].concat());
    assert!(output.status.success(), "{words:?}: {}", complaint(&output));
    serde_json::from_str(said(&output)).unwrap()
}

/// The id of what waits, as soon as something does.
fn waiting(sandbox: &Sandbox) -> String {
    loop {
        let list = told(sandbox, &["approvals", "list"]);
        if let Some(id) = list["approvals"][0]["id"].as_str() {
            return id.to_owned();
        }
    }
}

#[test]
fn a_person_decides_by_id_and_only_once() {
    let (sandbox, runtime) = (Sandbox::new(), runtime());
    let daemon = sandbox.start(&[]);
    let mut agent = runtime.block_on(agent(&sandbox, &daemon));
    let output = sandbox.run(&["approvals", "list"]);
    assert_eq!(said(&output), "nothing waits for a person\n");

    let secret = json!({ "tenant_id": null, "password": "hunter2" });
    let parked = runtime.block_on(agent.request("state.clear", secret));
    let id = waiting(&sandbox);
    let output = sandbox.run(&["approvals", "list"]);
    assert!(
        said(&output).contains("ws.method:state.clear"),
        "{}",
        said(&output)
    );
    let digits = id.strip_prefix("approval-").unwrap();
    let output = sandbox.run(&["approvals", "show", digits]);
    let page = said(&output);
    assert!(
        page.contains("digest") && page.contains("[secret, 7 bytes]"),
        "{page}"
    );
    assert!(!page.contains("hunter2"), "{page}");

    // What is agreed to is what was seen.
    let other = "0".repeat(64);
    let output = sandbox.run(&["approvals", "approve", &id, "--digest", &other]);
    assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
    let shown = told(&sandbox, &["approvals", "show", &id]);
    let digest = shown["act"]["digest"].as_str().unwrap();
    let output = sandbox.run(&["approvals", "approve", &id, "--digest", digest]);
    assert!(output.status.success(), "{}", complaint(&output));
    assert!(
        said(&output).contains("approve by host"),
        "{}",
        said(&output)
    );
    runtime.block_on(agent.answer_to(parked));

    for (words, code) in [
        (&["approvals", "approve", &id][..], 4),
        (&["approvals", "deny", &id, "--comment", "no"], 4),
        (&["approvals", "approve", "nobody"], 1),
        (
            &["approvals", "approve", &id, "--always", "--times", "2"],
            2,
        ),
        (&["approvals", "approve", &id, "--same-arguments"], 2),
        (&["approvals", "grants", "revoke", "nobody"], 1),
    ] {
        let output = sandbox.run(words);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{words:?} {}",
            complaint(&output)
        );
    }
    agent.cut();
}

#[test]
fn what_a_person_says_reaches_who_asked() {
    let (sandbox, runtime) = (Sandbox::new(), runtime());
    let daemon = sandbox.start(&[]);
    let mut agent = runtime.block_on(agent(&sandbox, &daemon));
    let parked = runtime.block_on(agent.request("state.clear", Value::Null));
    let id = waiting(&sandbox);
    let words = ["approvals", "deny", &id, "--comment", "ask me tomorrow"];
    let denied = told(&sandbox, &words);
    assert_eq!(denied["standing"], "denied");
    let refused = runtime.block_on(agent.answer_to(parked));
    assert_eq!(
        refused["error"]["data"]["comment"], "ask me tomorrow",
        "{refused}"
    );
    let output = sandbox.run(&["approvals", "history"]);
    assert!(said(&output).contains("denied"), "{}", said(&output));
    let history = told(&sandbox, &["approvals", "history"]);
    assert_eq!(history["approvals"][0]["id"], id);
    agent.cut();
}

#[test]
fn a_consent_to_three_times_is_used_three_times_over_a_kill_and_is_revoked() {
    let (sandbox, runtime) = (Sandbox::new(), runtime());
    let daemon = sandbox.start(&[]);
    let mut one = runtime.block_on(agent(&sandbox, &daemon));
    let parked = runtime.block_on(one.request("state.clear", Value::Null));
    told(
        &sandbox,
        &["approvals", "approve", &waiting(&sandbox), "--times", "3"],
    );
    runtime.block_on(one.answer_to(parked));
    runtime.block_on(one.call("state.clear", Value::Null));
    let grants = told(&sandbox, &["approvals", "grants", "list"]);
    assert_eq!(grants["grants"][0]["remaining"], 1);
    assert_eq!(grants["grants"][0]["uses"], 1);
    daemon.kill();
    one.cut();

    let daemon = sandbox.start(&[]);
    let mut one = runtime.block_on(agent(&sandbox, &daemon));
    runtime.block_on(one.call("state.clear", Value::Null));
    let parked = runtime.block_on(one.request("state.clear", Value::Null));
    let id = waiting(&sandbox);
    told(&sandbox, &["approvals", "approve", &id, "--for", "15m"]);
    runtime.block_on(one.answer_to(parked));
    runtime.block_on(one.call("state.clear", Value::Null));
    let output = sandbox.run(&["approvals", "grants", "list"]);
    assert!(said(&output).contains("state.clear"), "{}", said(&output));
    assert!(said(&output).contains("in 14 min"), "{}", said(&output));
    let grants = told(&sandbox, &["approvals", "grants", "list"]);
    let grant = grants["grants"][0]["id"].as_str().unwrap();
    let output = sandbox.run(&["approvals", "grants", "revoke", grant]);
    assert!(
        said(&output).contains("is revoked"),
        "{}",
        complaint(&output)
    );
    let parked = runtime.block_on(one.request("state.clear", Value::Null));
    told(&sandbox, &["approvals", "deny", &waiting(&sandbox)]);
    runtime.block_on(one.answer_to(parked));
    // Each of these is in the chain.
    let kinds = kinds(&sandbox);
    let count = |kind: &str| kinds.iter().filter(|found| *found == kind).count();
    assert_eq!(count("grant_created"), 2, "{kinds:?}");
    assert_eq!(count("grant_used"), 3, "{kinds:?}");
    assert_eq!(count("grant_revoked"), 1, "{kinds:?}");
    assert_eq!(count("decided"), 3, "{kinds:?}");
    assert_eq!(count("asked"), 3, "{kinds:?}");
    assert!(sandbox.run(&["audit", "verify"]).status.success());
    one.cut();
}

/// The kinds of all records, from the export.
fn kinds(sandbox: &Sandbox) -> Vec<String> {
    let output = sandbox.run(&["audit", "export"]);
    assert!(output.status.success(), "{}", complaint(&output));
    let kind = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["body"]["kind"].as_str().unwrap().to_owned()
    };
    said(&output).lines().map(kind).collect()
}

#[test]
fn a_chain_that_was_changed_is_found_with_and_without_a_daemon() {
    let (sandbox, runtime) = (Sandbox::new(), runtime());
    let output = sandbox.run(&["audit", "verify"]);
    assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
    let daemon = sandbox.start(&[]);
    let mut one = runtime.block_on(agent(&sandbox, &daemon));
    let parked = runtime.block_on(one.request("state.clear", Value::Null));
    let words = [
        "approvals",
        "deny",
        &waiting(&sandbox),
        "--comment",
        "never",
    ];
    told(&sandbox, &words);
    runtime.block_on(one.answer_to(parked));
    let whole = told(&sandbox, &["audit", "verify"]);
    assert_eq!(whole["whole"], true);
    let head = whole["head"].as_str().unwrap().to_owned();
    let exported = sandbox.run(&["audit", "export"]);
    assert!(said(&exported).contains("never"));
    assert!(complaint(&exported).contains(&head));

    // Redacted while the daemon runs, and when it does not.
    let redacted = told(
        &sandbox,
        &["audit", "redact", "--before", "2100-01-01T00:00:00Z"],
    );
    assert!(redacted["texts"].as_u64().unwrap() > 0);
    assert!(!said(&sandbox.run(&["audit", "export"])).contains("never"));
    let verified = told(&sandbox, &["audit", "verify", "--head", &head]);
    assert_eq!(verified["whole"], true);
    daemon.kill();
    one.cut();
    assert_eq!(told(&sandbox, &["audit", "redact", "1"])["texts"], 0);
    assert_eq!(
        told(&sandbox, &["audit", "verify", "--head", &head])["whole"],
        true
    );

    let file = Connection::open(sandbox.root().join("car.db")).unwrap();
    let forge = "UPDATE audit SET body = replace(body, '\"deny\"', '\"okay\"') WHERE seq > 0";
    file.execute(forge, []).unwrap();
    drop(file);
    let output = sandbox.run(&["audit", "verify"]);
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert!(
        said(&output).contains("is not what was hashed"),
        "{}",
        said(&output)
    );
    let output = sandbox.run(&["audit", "verify", "--json"]);
    let broken: Value = serde_json::from_str(said(&output)).unwrap();
    assert_eq!(broken["broken"]["what"], "hash");
}

#[test]
fn without_a_terminal_watch_prints_a_line_for_each() {
    let (sandbox, runtime) = (Sandbox::new(), runtime());
    let daemon = sandbox.start(&[]);
    let mut one = runtime.block_on(agent(&sandbox, &daemon));
    let mut command = sandbox.command(&["approvals", "watch", "--json", "--count", "1"]);
    let mut watch = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let parked = runtime.block_on(one.request("state.clear", Value::Null));
    let asked = next();
    assert_eq!(asked["event"], "asked");
    told(
        &sandbox,
        &[
            "approvals",
            "deny",
            asked["approval"]["id"].as_str().unwrap(),
        ],
    );
    let ended = next();
    assert_eq!(ended["event"], "ended");
    assert_eq!(ended["approval"]["standing"], "denied");
    assert!(watch.wait().unwrap().success());
    runtime.block_on(one.answer_to(parked));
    one.cut();
}

/// A terminal: what a person types into and reads from.
struct Terminal(File);

impl Terminal {
    /// A terminal with this command in it.
    fn with(mut command: Command) -> (Self, std::process::Child) {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let person = openpt(flags).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let open = || {
            let mut options = File::options();
            options
                .read(true)
                .write(true)
                .open(name.to_str().unwrap())
                .unwrap()
        };
        let child = command.stdin(open()).stdout(open()).spawn().unwrap();
        (Self(File::from(person)), child)
    }

    /// Reads until there is this on the screen, and answers all that is.
    fn shows(&mut self, text: &str) -> String {
        let mut shown = Vec::new();
        let mut byte = [0];
        loop {
            self.0.read_exact(&mut byte).unwrap();
            shown.push(byte[0]);
            if shown.ends_with(text.as_bytes()) {
                return String::from_utf8_lossy(&shown).into_owned();
            }
        }
    }

    fn types(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }
}

#[test]
fn at_a_terminal_watch_rings_and_asks_in_place() {
    let (sandbox, runtime) = (Sandbox::new(), runtime());
    let daemon = sandbox.start(&[]);
    let mut one = runtime.block_on(agent(&sandbox, &daemon));
    let command = sandbox.command(&["approvals", "watch"]);
    let (mut terminal, mut watch) = Terminal::with(command);
    terminal.shows("nothing waits for a person");
    let arguments = json!({ "note": "\u{1b}[2J\u{202e}" });
    let parked = runtime.block_on(one.request("state.clear", arguments.clone()));
    let shown = terminal.shows("quit: ");
    assert!(
        shown.contains('\x07') && shown.contains("ws.method:state.clear"),
        "{shown}"
    );
    assert!(
        !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
        "{shown:?}"
    );
    // What is no clear answer is none.
    terminal.types("yes please\n");
    terminal.shows("quit: ");
    terminal.types("n not like that\n");
    terminal.shows("ended ");
    let refused = runtime.block_on(one.answer_to(parked));
    assert_eq!(
        refused["error"]["data"]["comment"], "not like that",
        "{refused}"
    );

    // Who has agreed for the session is not asked again in it.
    let parked = runtime.block_on(one.request("state.clear", arguments));
    terminal.shows("quit: ");
    terminal.types("s\n");
    runtime.block_on(one.answer_to(parked));
    terminal.shows("for the session");
    runtime.block_on(one.call("state.clear", Value::Null));

    // One that somebody else decides is off the screen.
    let mut other = runtime.block_on(agent(&sandbox, &daemon));
    let parked = runtime.block_on(other.request("state.clear", Value::Null));
    terminal.shows("quit: ");
    told(&sandbox, &["approvals", "approve", &waiting(&sandbox)]);
    runtime.block_on(other.answer_to(parked));
    terminal.shows("ended ");
    terminal.types("q\n");
    assert!(watch.wait().unwrap().success());
    one.cut();
    other.cut();
}
