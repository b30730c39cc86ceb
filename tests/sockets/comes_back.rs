//! Clients of the library whose connections are cut, and whose daemon is killed.
#![expect(clippy::disallowed_methods, reason = "a test owns its tasks")]

use std::io::{BufReader, Read as _, Write as _};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use car_client::{
    CallError, ChatTurn, Client, ClientBuilder, ConnectionState, ConnectionStates, Reconnect,
    Resumption,
};
use car_protocol::rpc::agents_chat::{ChatParams, Outcome};
use car_protocol::rpc::events::{Since, SinceWord, SubscribeParams};
use car_tests::cutter::Cutter;
use car_tests::program::{Program, Sandbox};
use car_tests::proposal::{call, proposal, statuses};
use car_transport::connect::Target;
use serde_json::{Value, json};
use tokio::sync::mpsc;

fn builder() -> ClientBuilder {
    Client::builder().resume(Reconnect {
        first: Duration::from_millis(2),
        longest: Duration::from_millis(100),
        ..Reconnect::default()
    })
}

async fn found(states: &mut ConnectionStates) -> Resumption {
    loop {
        if let ConnectionState::Resumed(found) = states.next().await.unwrap() {
            return found;
        }
    }
}

async fn raw(client: &Client, method: &str, params: Value) -> Value {
    client.call_raw(method, Some(params)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_goes_on_without_gap_or_repetition_while_both_ends_are_cut() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth"]);
    let cutter = Arc::new(Cutter::before(daemon.address().port()).await);
    let agent = builder().agent(|turn: ChatTurn| async move {
        for n in 0..1_000 {
            turn.token(format!("{n} ")).await?;
        }
        Ok(())
    });
    let agent = agent.connect(&cutter.target()).await.unwrap();
    let echo = json!({ "id": "echo", "name": "Echo" });
    raw(&agent, "host.register_agent", echo).await;
    let host = builder().connect(&cutter.target()).await.unwrap();
    let wanted: String = (0..1_000).map(|n| format!("{n} ")).collect();
    let mut cuts = 0;
    for _ in 0..5 {
        let params = ChatParams {
            agent_id: "echo".to_owned(),
            prompt: "count".to_owned(),
            session_id: Some("c".to_owned()),
            ..ChatParams::default()
        };
        let mut chat = host.chat(params).await.unwrap();
        let (mut text, mut heard) = (String::new(), 0);
        let outcome = loop {
            let event = chat.next().await.expect("a chat ends with its outcome");
            text.push_str(event.delta.as_deref().unwrap_or_default());
            if event.outcome.is_some() {
                break event.outcome;
            }
            heard += 1;
            if heard % 250 == 1 {
                cutter.cut();
                cuts += 1;
            }
        };
        assert_eq!(outcome, Some(Outcome::Done));
        assert_eq!(text, wanted);
    }
    assert!(cuts >= 10, "{cuts}");
    host.close().await;
    agent.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_whose_answer_is_cut_runs_once_and_its_proposal_succeeds() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth"]);
    let cutter = Arc::new(Cutter::before(daemon.address().port()).await);
    let client = builder().connect(&cutter.target()).await.unwrap();
    let runs = Arc::<AtomicUsize>::default();
    let (counted, cuts) = (Arc::clone(&runs), Arc::clone(&cutter));
    let pay = move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        cuts.cut();
        async { Ok(json!("paid")) }
    };
    client.tool("pay", pay).await.unwrap();
    let mut states = client.states();
    for n in 1..=20 {
        let mut params = proposal([call("a", "pay")]);
        params["proposal"]["id"] = json!(format!("p{n}"));
        let result = raw(&client, "proposal.submit", params).await;
        assert_eq!(statuses(&result), json!([["a", "succeeded"]]));
        assert_eq!(runs.load(Ordering::SeqCst), n);
    }
    assert!(!found(&mut states).await.begun_anew);
    client.close().await;
    assert_eq!(client.states().current(), ConnectionState::Closed);
}

fn token(sandbox: &Sandbox) -> String {
    let file = sandbox.runtime_dir().join("ai.parslee.car/auth-token");
    std::fs::read_to_string(file).unwrap().trim().to_owned()
}

fn socket(daemon: &Program) -> Target {
    Target::unix(daemon.socket())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_outlives_its_daemon_with_its_tools_and_streams() {
    let sandbox = Sandbox::new();
    let mut daemon = sandbox.start(&[]);
    let client = builder().token(token(&sandbox));
    let client = client.connect(&socket(&daemon)).await.unwrap();
    let mut states = client.states();
    let (called, mut calls) = mpsc::channel(1);
    let waits = move |_| {
        let called = called.clone();
        async move {
            called.send(()).await.map_err(|error| error.to_string())?;
            std::future::pending().await
        }
    };
    client.tool("wait", waits).await.unwrap();
    client
        .tool("add", |_| async { Ok(json!(2)) })
        .await
        .unwrap();
    let params = SubscribeParams {
        streams: vec!["host".to_owned()],
        since: Some(Since::All(SinceWord::Start)),
        ..SubscribeParams::default()
    };
    let mut told = client.subscribe(params).await.unwrap();
    for kill in 0..3 {
        let message = json!({ "message": format!("kill {kill}") });
        raw(&client, "host.notify", message).await;
        // One that names itself, and one that does not.
        let mut keyed = proposal([call("a", "wait")]);
        keyed["idempotency_key"] = json!(format!("key {kill}"));
        let mut bare = proposal([call("a", "wait")]);
        bare["proposal"]["id"] = json!("q");
        let submit = |params: Value| {
            let client = client.clone();
            tokio::spawn(async move { client.call_raw("proposal.submit", Some(params)).await })
        };
        let (keyed, bare) = (submit(keyed), submit(bare));
        calls.recv().await.unwrap();
        calls.recv().await.unwrap();
        daemon.kill();
        daemon = sandbox.start(&[]);
        for cut in [keyed, bare] {
            let cut = cut.await.unwrap();
            assert!(matches!(cut, Err(CallError::OutcomeUnknown)), "{cut:?}");
        }
        let found = found(&mut states).await;
        assert!(found.restarted && !found.begun_anew, "{found:?}");
        assert!(found.restored.contains(&"tools".to_owned()), "{found:?}");
        let mut params = proposal([call("a", "add")]);
        params["proposal"]["id"] = json!(format!("after {kill}"));
        let result = raw(&client, "proposal.submit", params).await;
        assert_eq!(statuses(&result), json!([["a", "succeeded"]]));
    }
    raw(&client, "host.notify", json!({ "message": "last" })).await;
    let mut seqs = Vec::new();
    loop {
        let event = told.next().await.unwrap().event().expect("nothing is gone");
        seqs.push(event.cursor.unwrap().seq);
        let params = event.notification.params.unwrap();
        if params.get().contains(r#""message":"last""#) {
            break;
        }
    }
    let all: Vec<u64> = (1..).take(seqs.len()).collect();
    assert_eq!(seqs, all, "each once, in order");
    client.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_on_the_command_line_goes_on_with_the_next_daemon() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let agent = builder().token(token(&sandbox));
    let agent = agent.agent(|turn: ChatTurn| async move {
        turn.token(turn.prompt.prompt.clone()).await?;
        if turn.prompt.prompt == "wait" {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let agent = agent.connect(&socket(&daemon)).await.unwrap();
    let mut states = agent.states();
    let echo = json!({ "id": "echo", "name": "Echo" });
    raw(&agent, "host.register_agent", echo).await;
    let mut command = sandbox.command(&["chat", "echo", "--session", "c"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut shows = |text: &str| {
        let mut shown = vec![0; text.len()];
        output.read_exact(&mut shown).unwrap();
        assert_eq!(String::from_utf8_lossy(&shown), text);
    };
    input.write_all(b"hello\nwait\n").unwrap();
    shows("hello\nwait");
    daemon.kill();
    let _daemon = sandbox.start(&[]);
    // The agent is registered again, and so can be asked again.
    let found = found(&mut states).await;
    assert!(found.restored.contains(&"agents".to_owned()), "{found:?}");
    shows("\n[agent_gone: the daemon was started again]\n");
    input.write_all(b"again\n").unwrap();
    shows("again\n");
    drop(input);
    assert!(child.wait().unwrap().success());
    agent.close().await;
}
