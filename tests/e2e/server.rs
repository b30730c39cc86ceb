use car_protocol::rpc;
use car_tests::TestDaemon;
use car_tests::proposal::{call, proposal};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn a_handshake_agrees_on_the_clients_version() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    for version in [1, 2, 3] {
        let params = json!({ "protocol_version": version, "client_name": "alice" });
        alice.call("server.handshake", params).await;
    }
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_handshake_is_refused_with_what_would_be_accepted() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    for version in [0, 4] {
        let params = json!({ "protocol_version": version });
        alice.refusal("server.handshake", params).await;
    }
    alice.refusal("server.handshake", json!({})).await;
    let demand = json!({ "protocol_version": 3, "required_capabilities": ["state", "telepathy"] });
    alice.refusal("server.handshake", demand).await;
    // What a stranger says is not repeated at any length.
    let many = vec!["é".repeat(1_000); 50];
    let demand = json!({ "protocol_version": 3, "required_capabilities": many });
    let refused = alice.refusal("server.handshake", demand).await;
    assert!(refused.to_string().len() < 6_000);
    let demand = json!({ "protocol_version": 3, "required_capabilities": ["state"] });
    alice.call("server.handshake", demand).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn the_description_has_every_method() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let document = alice.call("rpc.discover", Value::Null).await;
    assert!(document["openrpc"].as_str().unwrap().starts_with("1.4."));
    let methods = document["methods"].as_array().unwrap();
    for spec in rpc::methods() {
        assert!(
            methods.iter().any(|method| method["name"] == spec.name),
            "{} is not described",
            spec.name
        );
    }
    alice.finish().await;
}

#[tokio::test(start_paused = true)]
async fn the_status_counts_what_is_under_way() {
    let daemon = TestDaemon::start();
    let (mut alice, mut bob) = (daemon.client("alice"), daemon.client("bob"));
    bob.call("server.status", Value::Null).await;
    alice
        .call("tools.register", json!([{ "name": "slow" }]))
        .await;
    let agent = json!({ "id": "agent-1", "name": "Alice" });
    alice.call("host.register_agent", agent).await;
    let question = json!({ "action": "deploy" });
    alice.call("host.request_approval", question).await;
    let running = alice
        .request("proposal.submit", proposal([call("a", "slow")]))
        .await;
    let asked = alice.expect("tools.execute").await;
    bob.call("server.status", Value::Null).await;
    alice.answer(&asked, json!("done")).await;
    alice.answer_to(running).await;
    alice.finish().await;
    bob.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}
