//! Where a client that comes back arrives.

use std::future::ready;

use car_client::{Client, ClientBuilder, Reconnect};
use car_transport::connect::ConnectError;
use car_transport::memory;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::scripted::Daemon;

/// Where connections arrive.
pub(crate) struct House(pub(crate) mpsc::Receiver<Daemon>);

impl House {
    pub(crate) async fn next(&mut self) -> Daemon {
        self.0.recv().await.expect("somebody dials")
    }

    /// The next connection resumes; answers what was asked, and the connection.
    pub(crate) async fn resumed(&mut self, more: Value) -> (Value, Daemon) {
        let mut daemon = self.next().await;
        let asked = daemon.hear().await;
        assert_eq!(asked["method"], "session.resume", "{asked}");
        let mut result = json!({
            "session_id": "s", "role": "client", "resume_token": "second", "grace_ms": 60_000, "restarted": false,
            "restored": ["tools"], "streams": [], "replies": [], "running": [], "callbacks": []
        });
        let members = result.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        daemon
            .say(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }))
            .await;
        (asked["params"].clone(), daemon)
    }
}

pub(crate) fn granted(token: &str) -> Value {
    json!({ "ok": true, "auth_enabled": true, "role": "client", "resume_token": token, "grace_ms": 60_000 })
}

pub(crate) async fn with(builder: ClientBuilder, reconnect: Reconnect) -> (Client, Daemon, House) {
    let (arrive, arrived) = mpsc::channel(64);
    let dial = move || {
        let (near, far) = memory::pair(memory::Options::default());
        let there = arrive.try_send(Daemon(far)).is_ok();
        ready(if there {
            Ok(near)
        } else {
            Err(ConnectError::NotWebSocket("nobody is there".to_owned()))
        })
    };
    let mut house = House(arrived);
    let connecting = builder.resume(reconnect).connect_with(dial);
    let daemon = async {
        let mut daemon = house.next().await;
        let asked = daemon.answer(granted("first")).await;
        assert_eq!(asked["params"]["resume"], true);
        daemon
    };
    let (client, daemon) = tokio::join!(connecting, daemon);
    (client.unwrap(), daemon, house)
}

pub(crate) async fn connect() -> (Client, Daemon, House) {
    let builder = Client::builder().token("secret");
    with(builder, Reconnect::default()).await
}
