use car_state::approval::ApprovalGate;
use car_tests::{TestDaemon, Wanted};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn without_a_provider_nobody_is_asked() {
    let daemon = TestDaemon::with(Wanted {
        gate: ApprovalGate::from_table(),
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    for method in [
        "automation.run_applescript",
        "automation.shortcuts.run",
        "messages.send",
        "mail.send",
        "vision.ocr",
    ] {
        alice.refusal(method, json!({ "script": "beep" })).await;
    }
    // Bad params are found out before availability.
    alice.refusal("mail.send", json!([1])).await;
    assert_eq!(
        alice.call("host.approvals", Value::Null).await,
        json!([]),
        "no approval was asked for"
    );
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}
