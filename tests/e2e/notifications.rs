use car_tests::TestDaemon;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn without_a_desktop_a_notification_is_unavailable_and_says_why() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    let note = json!({ "title": "Build", "body": "All green." });
    let refused = alice.refusal("notifications.local", note).await;
    assert_eq!(refused["data"]["kind"], "unavailable");
    for (params, field) in [
        (json!({ "title": "", "body": "" }), "title"),
        (json!({ "title": "x".repeat(257), "body": "" }), "title"),
        (json!({ "title": "x", "body": "x".repeat(4_097) }), "body"),
        (
            json!({ "title": "x", "body": "", "sound": "x".repeat(129) }),
            "sound",
        ),
        (json!({ "title": "x" }), "body"),
    ] {
        let refused = alice.refusal("notifications.local", params).await;
        assert_eq!(refused["data"]["kind"], "invalid_params", "{refused}");
        let message = refused.to_string();
        assert!(message.contains(field), "{message}");
    }
    alice.finish().await;
    daemon.assert_empty().await;
}
