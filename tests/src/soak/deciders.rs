//! The people who allow and deny.

use std::sync::Arc;
use std::time::Duration;

use car_client::{Client, Target};
use car_protocol::rpc::host::{ApprovalStatus, HostApproval};
use rand::Rng as _;
use serde_json::json;
use tokio::time::sleep;

use super::lives::World;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// For an answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// Decides what waits until the run is over, over a connection that never fails.
pub(super) async fn decide(world: Arc<World>, number: u64) {
    let builder = Client::builder()
        .host_token(&*world.host_token)
        .deadline(DEADLINE);
    let client = match builder
        .connect(&Target::loopback(world.address.port()))
        .await
    {
        Ok(client) => client,
        Err(error) => return world.tally.broke(format!("a host cannot connect: {error}")),
    };
    let deciding = looks(&world, &client, number);
    tokio::select! {
        biased;
        () = world.decided.cancelled() => client.close().await,
        () = deciding => world.tally.broke("a sound connection was lost".to_owned()),
    }
}

async fn looks(world: &World, client: &Client, number: u64) {
    let mut dice = world.dice(u64::MAX - number);
    loop {
        let outcome = client.call_raw("host.approvals", None).await;
        if !world.tally.call("host.approvals", &outcome) {
            return;
        }
        let rows: Vec<HostApproval> = outcome
            .ok()
            .and_then(|rows| serde_json::from_value(rows).ok())
            .unwrap_or_default();
        for row in rows
            .iter()
            .filter(|row| row.status == ApprovalStatus::Pending)
        {
            let resolution = if dice.random_bool(0.8) {
                "approve"
            } else {
                "deny"
            };
            let params = json!({ "approval_id": row.id, "resolution": resolution });
            let outcome = client.call_raw("host.resolve_approval", Some(params)).await;
            // Who asked may have gone, and the other one may have been faster.
            if !world.tally.call("host.resolve_approval", &outcome) {
                return;
            }
        }
        sleep(PAUSE).await;
    }
}
