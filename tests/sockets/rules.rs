//! Rules of approval in the files of a real daemon, and who cannot get near a decision.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use car_tests::program::Sandbox;
use serde_json::{Value, json};

use crate::{complaint, said};

const CLOSED: &str =
    "@id(\"closed\") forbid (principal, action == Action::\"state.keys\", resource);\n";

/// Writes rules into a file of the default root.
fn write(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    let folder = sandbox.root().join("policies");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    file
}

#[tokio::test]
async fn rules_change_while_the_daemon_runs_and_a_broken_file_changes_nothing() {
    let sandbox = Sandbox::new();
    let mut daemon = sandbox.start(&["--no-auth"]);
    let mut client = daemon.client("worker").await;
    client.call("state.keys", json!({})).await;
    let file = write(&sandbox, "night.cedar", CLOSED);
    daemon.logs("the rules have changed");
    let refused = client.refusal("state.keys", json!({})).await;
    assert_eq!(refused["data"]["rule"], "closed");
    fs::write(&file, "permit (principal,\n  nobody, resource);").unwrap();
    let told = daemon.logs("the rules stay as they were");
    assert!(
        told.contains("night.cedar") && told.contains("\"line\":2"),
        "{told}"
    );
    client.refusal("state.keys", json!({})).await;
    let output = sandbox.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("night.cedar:2: "),
        "{}",
        said(&output)
    );
    fs::remove_file(&file).unwrap();
    daemon.logs("the rules have changed");
    client.call("state.keys", json!({})).await;
    client.finish().await;
}

#[test]
fn a_daemon_does_not_start_with_broken_rules() {
    let sandbox = Sandbox::new();
    let file = write(
        &sandbox,
        "a.cedar",
        "\npermit (principal, action == Action::\"state.sett\", resource);",
    );
    let output = sandbox.run(&["--port", "0"]);
    assert_eq!(output.status.code(), Some(2), "{}", complaint(&output));
    assert!(
        complaint(&output).contains("a.cedar:2: "),
        "{}",
        complaint(&output)
    );
    fs::write(&file, CLOSED).unwrap();
    let output = sandbox.run(&["doctor", "--json"]);
    let report: Value = serde_json::from_str(said(&output)).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let rules = checks
        .iter()
        .find(|check| check["name"] == "rules")
        .unwrap();
    assert_eq!(rules["verdict"], "ok");
    assert!(
        rules["message"]
            .as_str()
            .unwrap()
            .starts_with("1 rules, revision ")
    );
}

/// A frame of a client, as RFC 6455 has it: masked, here with zeros.
fn frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

/// A page of the web can open a socket to this machine. It gets no further than the handshake, whatever it sends along.
#[tokio::test]
async fn a_web_page_cannot_decide_anything() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth"]);
    let (mut worker, mut host) = (daemon.client("worker").await, daemon.client("host").await);
    host.call("host.subscribe", json!({})).await;
    let clearing = worker.request("state.clear", json!({})).await;
    let asked = host.expect("host.event").await;
    let id = asked["params"]["payload"]["id"].as_str().unwrap();
    for (method, params) in [
        (
            "host.resolve_approval",
            json!({ "approval_id": id, "resolution": "approve" }),
        ),
        (
            "approvals.decide",
            json!({ "approval_id": id, "decision": "approve" }),
        ),
    ] {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut socket = TcpStream::connect(daemon.address()).unwrap();
        // A daemon that lets it in says nothing more.
        let patience = Some(Duration::from_secs(10));
        socket.set_read_timeout(patience).unwrap();
        let head = format!(
            "GET / HTTP/1.1\r\nHost: {}\r\nOrigin: https://evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            daemon.address()
        );
        socket.write_all(head.as_bytes()).unwrap();
        // It may have been shown the door already.
        let _ = socket.write_all(&frame(&call.to_string()));
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    }
    let rows = host.call("host.approvals", json!({})).await;
    assert_eq!(rows[0]["status"], "pending");
    host.call(
        "host.resolve_approval",
        json!({ "approval_id": id, "resolution": "deny" }),
    )
    .await;
    worker.answer_to(clearing).await;
    host.expect("host.event").await;
    host.finish().await;
    worker.finish().await;
}

/// What is in a file, as soon as there is a whole line.
async fn line_of(file: &std::path::Path) -> String {
    loop {
        let text = fs::read_to_string(file).unwrap_or_default();
        if text.ends_with('\n') {
            return text;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_command_of_the_user_is_told_where_nobody_is_connected() {
    let sandbox = Sandbox::new();
    let file = sandbox.home().join("told");
    let config = format!(
        "gate_reach = '100ms'\n[approvals]\nroutes = ['command']\ncommand = ['/bin/sh', '-c', 'cat > {0}.part && mv {0}.part {0}']\n",
        file.display()
    );
    fs::create_dir_all(sandbox.root()).unwrap();
    fs::write(sandbox.root().join("car.toml"), config).unwrap();
    let daemon = sandbox.start(&["--no-auth"]);
    let mut worker = daemon.client("worker").await;
    let clearing = worker
        .request("state.clear", json!({ "tenant_id": "t1" }))
        .await;
    let told: Value = serde_json::from_str(&line_of(&file).await).unwrap();
    assert_eq!(told["act"]["method"], "state.clear");
    assert_eq!(told["act"]["preview"], json!({ "tenant_id": "t1" }));
    // Who asked may look without being somebody who was reached. The command has told before it has ended.
    let named = json!({ "approval_id": told["id"] });
    loop {
        let row = worker.call("approvals.get", named.clone()).await;
        if row["delivered_to"] != json!([]) {
            break;
        }
    }
    let mut host = daemon.client("host").await;
    let decision = json!({ "approval_id": told["id"], "decision": "approve" });
    let decided = host.call("approvals.decide", decision).await;
    assert_eq!(decided["delivered_to"][0]["by"], "route:command");
    worker.answer_to(clearing).await;
    host.finish().await;
    worker.finish().await;
}
