use std::time::Duration;

use car_state::approval::ApprovalGate;
use car_tests::{TestClient, TestDaemon, Wanted, settle};
use serde_json::{Value, json};

fn gated() -> TestDaemon {
    TestDaemon::with(Wanted {
        auth: true,
        gate: ApprovalGate::from_table(),
        ..Wanted::default()
    })
}

async fn offer(host: &mut TestClient, methods: &[&str]) -> Value {
    host.call("providers.register", json!({ "methods": methods }))
        .await
}

#[tokio::test(start_paused = true)]
async fn a_host_serves_what_a_person_has_agreed_to() {
    let daemon = gated();
    let mut alice = daemon.authenticated("alice").await;
    let mut harry = daemon.host("harry").await;
    harry.call("host.subscribe", Value::Null).await;
    offer(&mut harry, &["mail.send", "vision.ocr"]).await;
    let mail = json!({ "to": ["ada@example.org"], "subject": "Trip" });
    let sending = alice.request("mail.send", mail).await;
    let asked = harry.expect("host.event").await;
    let id = &asked["params"]["payload"]["id"];
    harry
        .call(
            "host.resolve_approval",
            json!({ "approval_id": id, "resolution": "approve" }),
        )
        .await;
    let served = harry.expect("provider.call").await;
    assert_eq!(served["params"]["method"], "mail.send");
    assert_eq!(served["params"]["params"]["subject"], "Trip");
    harry.call("providers.list", json!({})).await;
    harry.answer(&served, json!({ "sent": true })).await;
    assert_eq!(alice.answer_to(sending).await["result"]["sent"], true);
    harry.expect("host.event").await;
    harry
        .call("providers.unregister", json!({ "methods": ["mail.send"] }))
        .await;
    alice.refusal("mail.send", json!({})).await;
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

fn open() -> TestDaemon {
    TestDaemon::start()
}

#[tokio::test(start_paused = true)]
async fn the_newest_offer_counts_and_ends_with_its_session() {
    let daemon = open();
    let (mut alice, mut old, mut new) = (
        daemon.client("alice"),
        daemon.client("old"),
        daemon.client("new"),
    );
    offer(&mut old, &["mail.send"]).await;
    let under_way = alice.request("mail.send", json!({ "n": 1 })).await;
    let first = old.expect("provider.call").await;
    let offered = offer(&mut new, &["mail.send"]).await;
    assert_eq!(offered["replaced"], json!(["mail.send"]));
    // What is under way goes on where it is.
    let second = alice.request("mail.send", json!({ "n": 2 })).await;
    let served = new.expect("provider.call").await;
    new.answer(&served, json!(2)).await;
    old.answer(&first, json!(1)).await;
    assert_eq!(alice.answer_to(under_way).await["result"], 1);
    assert_eq!(alice.answer_to(second).await["result"], 2);
    // The former provider has nothing left to take back.
    let removed = old.call("providers.unregister", json!({})).await;
    assert_eq!(removed["removed"], 0);
    new.finish().await;
    settle().await;
    let refused = alice.refusal("mail.send", json!({})).await;
    assert_eq!(refused["data"]["kind"], "unavailable");
    alice.finish().await;
    old.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_does_not_answer_is_not_known() {
    let daemon = open();
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    offer(&mut harry, &["mail.send"]).await;
    let late = alice.request("mail.send", json!({})).await;
    let served = harry.expect("provider.call").await;
    assert_eq!(served["params"]["timeout_ms"], 60_000);
    let answer = alice.answer_to(late).await;
    assert_eq!(answer["error"]["data"]["kind"], "outcome_unknown");
    let cancelled = harry.expect("provider.cancel").await;
    assert_eq!(
        cancelled["params"]["request_id"],
        served["params"]["request_id"]
    );
    assert_eq!(cancelled["params"]["reason"], "timeout");
    let cut = alice.request("mail.send", json!({})).await;
    harry.expect("provider.call").await;
    harry.cut();
    let answer = alice.answer_to(cut).await;
    assert_eq!(answer["error"]["data"]["kind"], "outcome_unknown");
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_is_heard() {
    let daemon = open();
    let (mut alice, mut harry) = (daemon.client("alice"), daemon.client("harry"));
    offer(&mut harry, &["vision.ocr"]).await;
    let reading = alice.request("vision.ocr", json!({ "image": "x" })).await;
    let served = harry.expect("provider.call").await;
    harry.fail(&served, "that is no image").await;
    let error = alice.answer_to(reading).await["error"].clone();
    assert_eq!(error["data"]["kind"], "provider_failed");
    assert_eq!(error["message"], "that is no image");
    // A caller that leaves takes its request back.
    alice.request("vision.ocr", json!({})).await;
    harry.expect("provider.call").await;
    alice.cut();
    let cancelled = harry.expect("provider.cancel").await;
    assert_eq!(cancelled["params"]["reason"], "cancelled");
    harry.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn only_hosts_provide_and_only_what_can_be_provided() {
    let daemon = gated();
    let mut alice = daemon.authenticated("alice").await;
    let mut harry = daemon.host("harry").await;
    let wanted = json!({ "methods": ["mail.send"] });
    let refused = alice.refusal("providers.register", wanted).await;
    assert_eq!(refused["data"]["role"], "host");
    for (methods, field) in [
        (json!([]), "methods"),
        (json!(["mail.send", "state.get"]), "methods[1]"),
        (json!(["mail.sent"]), "methods[0]"),
    ] {
        let refused = harry
            .refusal("providers.register", json!({ "methods": methods }))
            .await;
        assert_eq!(refused["data"]["field"], field);
    }
    let list = alice.call("providers.list", json!({})).await;
    let methods = list["methods"].as_array().unwrap();
    assert!(methods.len() == 5 && methods.iter().all(|line| line.get("session_id").is_none()));
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_provider_may_call_itself() {
    let daemon = open();
    let mut harry = daemon.client("harry");
    offer(&mut harry, &["mail.send"]).await;
    let calling = harry.request("mail.send", json!({})).await;
    let served = harry.expect("provider.call").await;
    harry.nothing_for(Duration::from_secs(1)).await;
    harry.answer(&served, Value::Null).await;
    assert_eq!(harry.answer_to(calling).await["result"], Value::Null);
    harry.finish().await;
    daemon.assert_empty().await;
}
