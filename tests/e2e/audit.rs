//! What hashes depend on is random, so that no transcript is kept of these conversations.

use car_state::approval::ApprovalGate;
use car_tests::{TestDaemon, Wanted};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn what_was_asked_and_decided_is_in_the_chain_and_what_was_written_can_be_redacted() {
    let daemon = TestDaemon::with(Wanted {
        auth: true,
        gate: ApprovalGate::from_table(),
        ..Wanted::default()
    });
    let mut alice = daemon.authenticated("alice").await;
    let mut harry = daemon.host("harry").await;
    harry.call("host.subscribe", Value::Null).await;
    let empty = harry.call("audit.verify", Value::Null).await;
    assert_eq!(
        (&empty["whole"], &empty["records"]),
        (&json!(true), &json!(0))
    );
    let parked = alice.request("state.clear", Value::Null).await;
    let asked = harry.expect("host.event").await;
    let id = &asked["params"]["payload"]["id"];
    let deny = json!({ "approval_id": id, "decision": "deny", "comment": "no" });
    harry.call("approvals.decide", deny).await;
    harry.expect("host.event").await;
    alice.answer_to(parked).await;
    // Asked, delivered, decided.
    let verified = harry.call("audit.verify", Value::Null).await;
    assert_eq!(
        (&verified["whole"], &verified["records"]),
        (&json!(true), &json!(3))
    );
    let head = verified["head"].clone();
    let redacted = harry.call("audit.redact", json!({ "seq": 3 })).await;
    assert_eq!(redacted, json!({ "first": 3, "last": 3, "texts": 1 }));
    let before = json!({ "before": "2100-01-01T00:00:00Z" });
    let redacted = harry.call("audit.redact", before).await;
    assert_eq!(redacted, json!({ "first": 1, "last": 4, "texts": 1 }));
    let verified = harry.call("audit.verify", json!({ "head": head })).await;
    assert_eq!(
        (&verified["whole"], &verified["redacted"]),
        (&json!(true), &json!(2))
    );
    let other = json!({ "head": format!("9:{}", "0".repeat(64)) });
    let broken = harry.call("audit.verify", other).await;
    assert_eq!(broken["broken"]["what"], "head");
    for params in [
        json!({}),
        json!({ "seq": 1, "before": "2100-01-01T00:00:00Z" }),
        json!({ "before": "soon" }),
    ] {
        harry.refusal("audit.redact", params).await;
    }
    harry.refusal("audit.verify", json!({ "head": "x" })).await;
    // It is not for everybody to look at.
    alice.refusal("audit.verify", Value::Null).await;
    alice.refusal("audit.redact", json!({ "seq": 1 })).await;
    alice.finish().await;
    harry.finish().await;
    daemon.assert_empty().await;
}
