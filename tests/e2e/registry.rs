use car_tests::TestDaemon;
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn a_registry_with_nobody_in_it_answers_and_nothing_leads_out_of_the_root() {
    let daemon = TestDaemon::start();
    let mut alice = daemon.client("alice");
    alice.call("registry.list", Value::Null).await;
    alice
        .call("registry.reap", json!({ "max_age_secs": 0 }))
        .await;
    let nobody = json!({ "name": "echo" });
    alice.call("registry.heartbeat", nobody.clone()).await;
    alice.call("registry.unregister", nobody).await;
    let entry = |name: &str, url: &str| json!({ "entry": { "name": name, "dashboard_url": url } });
    for refused in [
        entry("../echo", "http://127.0.0.1:8080/"),
        entry("echo", "javascript:alert(1)"),
    ] {
        alice.refusal("registry.register", refused).await;
    }
    for folder in ["/etc", "../elsewhere"] {
        let outside = json!({ "registry_path": folder });
        alice.refusal("registry.list", outside).await;
    }
    alice.finish().await;
    daemon.assert_empty().await;
    insta::assert_snapshot!(daemon.transcript());
}
