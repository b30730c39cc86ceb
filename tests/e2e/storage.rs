//! What a client hears of storage that fails.

use car_state::log::LogError;
use car_tests::log::{Asked, FaultyLog};
use car_tests::{TestDaemon, Wanted};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stored_is_refused_and_everything_else_goes_on() {
    let daemon = TestDaemon::with(Wanted {
        state: |config| {
            config.with_log(FaultyLog::new(|asked, stream| {
                let full = asked == Asked::Admits && stream.as_str() == "host";
                if full {
                    Err(LogError::StorageFull)
                } else {
                    Ok(())
                }
            }))
        },
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    for (method, params) in [
        ("host.notify", json!({ "message": "hello" })),
        ("host.register_agent", json!({ "name": "agent" })),
        ("host.request_approval", json!({ "action": "go" })),
    ] {
        alice.refusal(method, params).await;
    }
    // Nothing of it has happened.
    assert_eq!(daemon.server.state().host().counts(), (0, 0));
    alice
        .call("state.set", json!({ "key": "k", "value": 1 }))
        .await;
    alice.call("events.count", Value::Null).await;
    alice.finish().await;
    insta::assert_snapshot!(daemon.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_reply_does_not_say_that_something_is_stored_that_is_not() {
    let daemon = TestDaemon::with(Wanted {
        state: |config| {
            config.with_log(FaultyLog::new(|asked, _| match asked {
                Asked::Settled => Err(LogError::StorageFull),
                _ => Ok(()),
            }))
        },
        ..Wanted::default()
    });
    let mut alice = daemon.client("alice");
    let error = alice
        .refusal("host.notify", json!({ "message": "hello" }))
        .await;
    assert_eq!(error["data"]["kind"], "storage_full");
    alice.finish().await;
}
