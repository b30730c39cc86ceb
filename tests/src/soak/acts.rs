//! What clients do with a connection, for as long as it lasts.

use std::time::Duration;

use car_client::{CallbackError, Client};
use car_protocol::rpc::events::Cursor;
use rand::Rng as _;
use rand::rngs::SmallRng;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::lives::World;
use crate::proposal::{call, proposal, with, write};

/// One of them, by dice.
pub(super) async fn act(world: &World, client: &Client, dice: &mut SmallRng) {
    let line = Line { world, client };
    // What never ends by itself ends with the connection.
    let _ended = match dice.random_range(0..12) {
        0..3 => line.keep_state(dice).await,
        3..6 => line.offer_tools(dice).await,
        6..8 => line.tell(dice).await,
        8..10 => line.listen(dice).await,
        10 => line.ask(dice).await,
        _ => line.blunder(dice).await,
    };
}

/// The connection is of no use any more.
struct Over;

struct Line<'a> {
    world: &'a World,
    client: &'a Client,
}

async fn think(dice: &mut SmallRng) {
    sleep(Duration::from_millis(dice.random_range(20..200))).await;
}

impl Line<'_> {
    /// An answer, or none where the daemon refuses.
    async fn call(&self, method: &str, params: Value) -> Result<Option<Value>, Over> {
        let outcome = self.client.call_raw(method, Some(params)).await;
        if self.world.tally.call(method, &outcome) {
            Ok(outcome.ok())
        } else {
            Err(Over)
        }
    }

    async fn keep_state(&self, dice: &mut SmallRng) -> Result<(), Over> {
        loop {
            let key = format!("key-{}", dice.random_range(0..8));
            let value = json!("v".repeat(dice.random_range(0..2_000)));
            let params = json!({ "key": key, "value": value });
            if self.call("state.set", params).await?.is_some() {
                let found = self.call("state.get", json!({ "key": key })).await?;
                if found.is_some_and(|found| found != value) {
                    self.world
                        .tally
                        .broke(format!("state.get {key} is not what was set"));
                }
            }
            self.call("state.keys", Value::Null).await?;
            think(dice).await;
        }
    }

    async fn offer_tools(&self, dice: &mut SmallRng) -> Result<(), Over> {
        let quick = self
            .client
            .tool("quick", async |call| Ok(json!({ "did": call.action_id })));
        let flaky = self.client.tool("flaky", async |call| {
            if call.attempt > 1 {
                Ok(json!("at last"))
            } else {
                Err(CallbackError::from("not yet"))
            }
        });
        let slow = self.client.tool("slow", async |_| {
            sleep(Duration::from_millis(150)).await;
            Ok(Value::Null)
        });
        for registered in [quick.await, flaky.await, slow.await] {
            if !self.world.tally.call("tools.register", &registered) {
                return Err(Over);
            }
        }
        loop {
            let mut actions = vec![write("note", "k", json!(dice.random::<u32>()))];
            for n in 0..dice.random_range(1..4) {
                let tool = ["quick", "flaky", "slow"][dice.random_range(0..3)];
                let again = json!({ "failure_behavior": "retry", "max_retries": 2 });
                actions.push(with(call(&format!("call-{n}"), tool), again));
            }
            self.call("proposal.submit", proposal(actions)).await?;
            think(dice).await;
        }
    }

    async fn tell(&self, dice: &mut SmallRng) -> Result<(), Over> {
        self.call("host.register_agent", json!({ "name": "agent" }))
            .await?;
        loop {
            let message = "m".repeat(dice.random_range(0..500));
            self.call("host.notify", json!({ "message": message }))
                .await?;
            think(dice).await;
        }
    }

    /// Follows the host stream from its beginning, and holds every number against the one before.
    async fn listen(&self, dice: &mut SmallRng) -> Result<(), Over> {
        let Some(mut heard) = self.client.notifications() else {
            return Err(Over);
        };
        let since = ["start", "now"][dice.random_range(0..2)];
        let params = json!({ "streams": ["host", "session"], "since": since });
        let Some(told) = self.call("events.subscribe", params).await? else {
            return Ok(());
        };
        let from = &told["streams"][0]["from"];
        let mut place: Cursor = serde_json::from_value(from.clone()).map_err(|_| Over)?;
        while let Some(notification) = heard.next().await {
            if heard.missed() > 0 {
                // This process was too slow, and cannot tell any more.
                self.world.tally.error("(too slow here)");
                return Ok(());
            }
            let params = notification
                .params
                .as_deref()
                .map_or("null", |params| params.get());
            let params: Value = serde_json::from_str(params).map_err(|_| Over)?;
            if params["stream"] != "host" {
                continue;
            }
            let (next, last) = match notification.method.as_str() {
                "events.lagged" => (&params["from_seq"], &params["to_seq"]),
                _ => (&params["seq"], &params["seq"]),
            };
            if next.as_u64() != Some(place.seq + 1) || params["epoch"] != json!(place.epoch) {
                let after = place.seq;
                self.world
                    .tally
                    .broke(format!("after event {after} came {next}"));
                return Ok(());
            }
            place.seq = last.as_u64().ok_or(Over)?;
            // A reader that is slow now and then.
            if dice.random_bool(0.01) {
                think(dice).await;
            }
        }
        Ok(())
    }

    /// What a person has to allow.
    async fn ask(&self, dice: &mut SmallRng) -> Result<(), Over> {
        loop {
            let params = json!({ "key": "k", "value": dice.random::<u32>() });
            self.call("state.set", params).await?;
            self.call("state.clear", Value::Null).await?;
            let params = json!({ "action": "go on", "system_level": true });
            self.call("host.request_approval", params).await?;
            think(dice).await;
        }
    }

    /// What has to be refused.
    async fn blunder(&self, dice: &mut SmallRng) -> Result<(), Over> {
        loop {
            let (method, params) = match dice.random_range(0..5) {
                0 => ("no.such_method", Value::Null),
                1 => ("state.get", json!({ "key": 7 })),
                2 => ("diagnostics.snapshot", Value::Null),
                3 => (
                    "events.query",
                    json!({ "stream": "session/of-somebody-else" }),
                ),
                _ => ("proposal.submit", proposal([call("a", "no-such-tool")])),
            };
            self.call(method, params).await?;
            think(dice).await;
        }
    }
}
