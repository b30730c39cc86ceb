//! `diagnostics.*`.

use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::rpc::diagnostics::{DiagnosticsSnapshot, Snapshot, SnapshotParams};
use tokio::task::spawn_blocking;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::operations::Operations;
use crate::router::{Route, Routes};

/// Rows of an answer that asks for no number.
const USUAL_ROWS: u32 = 50;
/// Rows of an answer at most.
const MOST_ROWS: u32 = 1_000;

pub(super) fn routes(operations: Arc<Operations>) -> Vec<Route> {
    Routes::with(operations)
        .on::<Snapshot, _>(snapshot)
        .into_routes()
}

async fn snapshot(
    operations: Arc<Operations>,
    _: Cx,
    params: SnapshotParams,
) -> Result<DiagnosticsSnapshot, Failure> {
    let limit = params.limit.unwrap_or(USUAL_ROWS);
    if !(1..=MOST_ROWS).contains(&limit) {
        let message = format!("limit is 1 to {MOST_ROWS}");
        return Err(RpcError::invalid_params(Some("limit"), message)
            .with_limit(u64::from(MOST_ROWS))
            .into());
    }
    spawn_blocking(move || operations.snapshot(limit as usize))
        .await
        .map_err(Failure::internal)
}
