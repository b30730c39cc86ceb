//! `car-server events tail` against a daemon that is killed under it.

use std::thread;

use car_tests::program::{Program, Sandbox};
use serde_json::{Value, json};

use crate::{complaint, said};

const EACH: usize = 20;

async fn publish(daemon: &Program) {
    let mut client = daemon.client("publisher").await;
    for _ in 0..EACH {
        client.call("host.notify", json!({ "message": "m" })).await;
    }
    client.finish().await;
}

/// Ready when somebody besides this client is connected.
async fn followed(daemon: &Program) {
    let mut client = daemon.client("onlooker").await;
    client.off_the_record();
    while client.call("server.status", Value::Null).await["connections"] == json!(1) {}
    client.finish().await;
}

#[test]
fn a_tail_goes_on_where_it_was_when_the_daemon_was_killed() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth"]);
    let count = (2 * EACH).to_string();
    let words = [
        "events", "tail", "--since", "start", "--json", "--count", &count,
    ];
    let output = thread::scope(|scope| {
        let tail = scope.spawn(|| sandbox.run(&words));
        runtime.block_on(followed(&daemon));
        runtime.block_on(publish(&daemon));
        daemon.kill();
        let daemon = sandbox.start(&["--no-auth"]);
        runtime.block_on(publish(&daemon));
        tail.join().unwrap()
    });
    assert!(output.status.success(), "{}", complaint(&output));
    let events: Vec<Value> = said(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let places: Vec<_> = events.iter().map(|event| event["seq"].as_u64()).collect();
    let wanted: Vec<_> = (1..=2 * EACH as u64).map(Some).collect();
    assert_eq!(places, wanted, "every event once, in order");
    assert_eq!(events[0]["epoch"], events[2 * EACH - 1]["epoch"]);
}
