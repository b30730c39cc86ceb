use car_tests::{TestDaemon, settle};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn a_snapshot_and_the_events_after_it_have_no_gap() {
    let daemon = TestDaemon::start();
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    alice
        .call(
            "host.register_agent",
            json!({ "id": "agent-1", "name": "Alice" }),
        )
        .await;
    let snapshot = harry.call("host.subscribe", Value::Null).await;
    assert_eq!(
        (&snapshot["epoch"], &snapshot["seq"]),
        (&json!(1), &json!(1))
    );
    let busy = json!({ "agent_id": "agent-1", "status": "running", "current_task": "reading", "message": "on it" });
    alice.call("host.set_status", busy).await;
    alice
        .call("host.notify", json!({ "message": "hello" }))
        .await;
    assert_eq!(harry.expect("host.event").await["params"]["seq"], 2);
    assert_eq!(harry.expect("host.event").await["params"]["seq"], 3);
    // Subscribing again begins at the new snapshot; nothing comes twice.
    let again = harry.call("host.subscribe", Value::Null).await;
    assert_eq!(again["seq"], 3);
    alice.finish().await;
    // The agent's session has ended, and the agent with it.
    assert_eq!(
        harry.expect("host.event").await["params"]["kind"],
        "agent.unregistered"
    );
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn agents_are_registered_shown_and_removed() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let zoe = json!({
        "id": "z", "name": "Zoe", "kind": "coder", "capabilities": ["edit"], "project": "car", "pid": 7,
        "display": { "label": "Z", "icon": "star", "accent": "red" }, "metadata": { "mood": "good" },
    });
    alice.call("host.register_agent", zoe).await;
    alice
        .call("host.register_agent", json!({ "name": "Adam" }))
        .await;
    alice.call("host.agents", Value::Null).await;
    // Registering again is allowed to the owner, and begins anew.
    alice
        .call(
            "host.register_agent",
            json!({ "id": "z", "name": "Zoe II" }),
        )
        .await;
    alice
        .call("host.unregister_agent", json!({ "agent_id": "z" }))
        .await;
    alice
        .refusal("host.unregister_agent", json!({ "agent_id": "z" }))
        .await;
    alice.call("host.agents", Value::Null).await;
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_its_owners_and_its_id_is_free_after_it() {
    let daemon = TestDaemon::start();
    let (mut alice, mut bob) = (daemon.client("alice"), daemon.client("bob"));
    let agent = || json!({ "id": "agent-1", "name": "Smith" });
    alice.call("host.register_agent", agent()).await;
    bob.refusal("host.register_agent", agent()).await;
    let idle = json!({ "agent_id": "agent-1", "status": "idle" });
    bob.refusal("host.set_status", idle).await;
    bob.refusal("host.unregister_agent", json!({ "agent_id": "agent-1" }))
        .await;
    // However it ends.
    alice.cut();
    settle().await;
    bob.call("host.register_agent", agent()).await;
    bob.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_a_client_tells_is_numbered_and_read_back() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.call("host.notify", Value::Null).await;
    let told = json!({ "kind": "build.done", "agent_id": "agent-1", "message": "green", "payload": { "took": 3 } });
    alice.call("host.notify", told).await;
    for kind in [
        "agent.registered",
        "approval.resolved",
        "a2ui.surface_updated",
        "",
    ] {
        alice.refusal("host.notify", json!({ "kind": kind })).await;
    }
    alice.call("host.events", json!({ "limit": 1 })).await;
    alice.call("host.events", Value::Null).await;
    alice.refusal("host.events", json!({ "limit": 0 })).await;
    alice.refusal("host.events", json!({ "limit": 501 })).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_question_is_decided_by_the_client_that_raised_it() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let mut harry = daemon.client("harry");
    let question =
        json!({ "action": "deploy", "details": { "to": "prod" }, "options": ["now", "later"] });
    let row = alice.call("host.request_approval", question).await;
    let resolve = |resolution: &str| json!({ "approval_id": row["id"], "resolution": resolution });
    // Nobody would tell the owner.
    harry.refusal("host.resolve_approval", resolve("now")).await;
    alice.call("host.subscribe", Value::Null).await;
    // Now the wish is passed on, and the row stays pending.
    harry.call("host.resolve_approval", resolve("now")).await;
    let wish = alice.expect("host.event").await;
    assert_eq!(wish["params"]["kind"], "approval.resolve_requested");
    alice
        .refusal("host.resolve_approval", resolve("never"))
        .await;
    alice.call("host.resolve_approval", resolve("now")).await;
    alice.expect("host.event").await;
    alice
        .refusal("host.resolve_approval", resolve("later"))
        .await;
    alice
        .refusal(
            "host.resolve_approval",
            json!({ "approval_id": "approval-x", "resolution": "now" }),
        )
        .await;
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_question_of_nobody_is_anybodys_to_decide() {
    let daemon = TestDaemon::start();
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    let question = json!({ "action": "deploy", "system_level": true });
    let row = alice.call("host.request_approval", question).await;
    let resolve = json!({ "approval_id": row["id"], "resolution": "approve" });
    harry.call("host.resolve_approval", resolve).await;
    harry.call("host.approvals", Value::Null).await;
    alice.finish().await;
    harry.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn questions_end_with_their_agent_and_with_their_session() {
    let daemon = TestDaemon::start();
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    harry.call("host.subscribe", Value::Null).await;
    alice
        .call(
            "host.register_agent",
            json!({ "id": "agent-1", "name": "Smith" }),
        )
        .await;
    alice
        .call(
            "host.request_approval",
            json!({ "action": "of the agent", "agent_id": "agent-1" }),
        )
        .await;
    alice
        .call(
            "host.request_approval",
            json!({ "action": "of the session" }),
        )
        .await;
    alice
        .call("host.unregister_agent", json!({ "agent_id": "agent-1" }))
        .await;
    alice.finish().await;
    let mut kinds = Vec::new();
    for _ in 0..7 {
        kinds.push(harry.expect("host.event").await["params"]["kind"].clone());
    }
    assert_eq!(
        json!(kinds),
        json!([
            "agent.registered",
            "approval.requested",
            "agent.status_changed",
            "approval.requested",
            "approval.resolved",
            "agent.unregistered",
            "approval.resolved",
        ])
    );
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_parameter_is_named() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    for (method, params) in [
        ("host.register_agent", json!({})),
        ("host.register_agent", json!({ "name": "" })),
        (
            "host.register_agent",
            json!({ "name": "n", "id": "x".repeat(129) }),
        ),
        (
            "host.register_agent",
            json!({ "name": "n", "metadata": "x".repeat(256 << 10) }),
        ),
        (
            "host.register_agent",
            json!({ "name": "n", "capabilities": ["x".repeat(64 << 10)] }),
        ),
        (
            "host.set_status",
            json!({ "agent_id": "a", "status": "dancing" }),
        ),
        (
            "host.set_status",
            json!({ "agent_id": "a", "status": "idle", "current_task": "x".repeat((64 << 10) + 1) }),
        ),
        (
            "host.notify",
            json!({ "message": "x".repeat((64 << 10) + 1) }),
        ),
        (
            "host.set_status",
            json!({ "agent_id": "é".repeat(1_000), "status": "idle" }),
        ),
        ("host.request_approval", json!({ "action": "" })),
        (
            "host.request_approval",
            json!({ "action": "a", "options": [""] }),
        ),
        (
            "host.request_approval",
            json!({ "action": "a", "options": vec!["o"; 17] }),
        ),
        ("host.resolve_approval", json!({ "approval_id": "a" })),
    ] {
        alice.refusal(method, params).await;
    }
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}
