//! What is in files depends on the machine, so that no transcript is kept of these conversations.

use std::fs;

use car_memgine::Spaces;
use car_state::clock::SystemClock;
use car_state::server::ServerStateConfig;
use car_tests::{TestClient, TestDaemon, Wanted};
use serde_json::{Value, json};
use tempfile::TempDir;

fn daemon(root: &TempDir) -> TestDaemon {
    let root = root.path().to_owned();
    TestDaemon::with_state(Wanted::default(), move |_| {
        let memories = Spaces::new(
            car_memgine::Limits::default(),
            std::sync::Arc::new(SystemClock),
        );
        ServerStateConfig::new(root).with_memgines(std::sync::Arc::new(memories))
    })
}

async fn fill(client: &mut TestClient) {
    for (subject, body) in [("port", "80"), ("host", "heron")] {
        let fact = json!({ "subject": subject, "body": body, "confidence": 0.75 });
        client.call("memory.add_fact", fact).await;
    }
    let newer = json!({ "id": "m-1", "fact": { "subject": "port", "body": "443" } });
    client.call("memory.supersede", newer).await;
}

#[tokio::test]
async fn facts_are_persisted_in_the_published_form_and_loaded_in_place_of_all() {
    let root = tempfile::tempdir().unwrap();
    let daemon = daemon(&root);
    let mut alice = daemon.client("alice");
    fill(&mut alice).await;
    let path = json!({ "path": "team/notes.json" });
    assert_eq!(alice.call("memory.persist", path.clone()).await, json!(2));
    let text = fs::read_to_string(root.path().join("memory/team/notes.json")).unwrap();
    let written: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        written[0],
        json!({ "subject": "host", "body": "heron", "kind": "pattern", "confidence": 0.75, "content_type": "text" })
    );
    let other = json!({ "subject": "later", "body": "goes with the load" });
    alice.call("memory.add_fact", other).await;
    assert_eq!(alice.call("memory.load", path).await, json!(2));
    let page = alice.call("memory.list", json!({})).await;
    assert_eq!(
        (&page["facts"][0]["id"], &page["facts"][1]["body"]),
        (&json!("m-5"), &json!("443"))
    );
    // As a client wrote it itself, with what must be there only.
    let file = root.path().join("memory/own.json");
    fs::write(
        &file,
        r#"[{"subject":"a","body":"b","of a later version":1}]"#,
    )
    .unwrap();
    let own = file.to_str().unwrap();
    assert_eq!(
        alice.call("memory.load", json!({ "path": own })).await,
        json!(1)
    );
    for broken in [
        "[{\"subject\":\"a\"}]",
        "no json",
        r#"[{"subject":"","body":"b"}]"#,
    ] {
        fs::write(&file, broken).unwrap();
        alice.refusal("memory.load", json!({ "path": own })).await;
    }
    assert_eq!(alice.call("memory.fact_count", Value::Null).await, json!(1));
    alice.finish().await;
}

#[tokio::test]
async fn an_export_has_everything_and_goes_into_an_empty_memory_only() {
    let root = tempfile::tempdir().unwrap();
    let daemon = daemon(&root);
    let mut alice = daemon.client("alice");
    fill(&mut alice).await;
    let path = json!({ "path": "all.jsonl" });
    let stored = alice.call("memory.export", path.clone()).await;
    let bytes = fs::metadata(root.path().join("memory/all.jsonl"))
        .unwrap()
        .len();
    assert_eq!(stored, json!({ "facts": 3, "bytes": bytes }));
    alice.refusal("memory.import", path.clone()).await;
    let mut bob = daemon.client("bob");
    bob.call("session.init", json!({ "memory_namespace": "copy" }))
        .await;
    let imported = bob.call("memory.import", path).await;
    assert_eq!(imported, json!({ "facts": 3, "outdated": 1 }));
    let everything = json!({ "outdated": true });
    let page = bob.call("memory.list", everything.clone()).await;
    assert_eq!(page, alice.call("memory.list", everything).await);
    alice.finish().await;
    bob.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn no_file_outside_of_the_folder_is_read_or_written() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let root = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let daemon = daemon(&root);
    let mut alice = daemon.client("alice");
    fill(&mut alice).await;
    alice
        .call("memory.persist", json!({ "path": "a.json" }))
        .await;
    let folder = root.path().join("memory");
    let secret = outside.path().join("secret.json");
    fs::write(&secret, "[]").unwrap();
    symlink(outside.path(), folder.join("out")).unwrap();
    symlink(&secret, folder.join("link.json")).unwrap();
    for path in [
        "",
        ".",
        "..",
        "../a.json",
        "x/../../a.json",
        "/etc/passwd",
        secret.to_str().unwrap(),
        "out/secret.json",
        "out/new/deep.json",
        "link.json",
        "a\0b",
    ] {
        for method in [
            "memory.persist",
            "memory.load",
            "memory.export",
            "memory.import",
        ] {
            let refused = alice.refusal(method, json!({ "path": path })).await;
            assert_eq!(
                refused["data"]["field"], "path",
                "{method} {path:?}: {refused}"
            );
        }
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(&secret).unwrap(), "[]");
    let mode = fs::metadata(folder.join("a.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let gone = alice
        .refusal("memory.load", json!({ "path": "none.json" }))
        .await;
    assert_eq!(gone["data"]["kind"], "not_found");
    alice.finish().await;
}
