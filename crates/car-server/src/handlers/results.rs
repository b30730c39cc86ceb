//! `results.*`.

use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::rpc::results::{Chunk, Read, ReadParams};
use car_state::results::{DEFAULT_LENGTH, Digest, MAX_LENGTH, ResultStore};

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

pub(super) fn routes(results: Arc<ResultStore>) -> Vec<Route> {
    Routes::with(results).on::<Read, _>(read).into_routes()
}

/// Not plain: the bytes may be in a file.
async fn read(results: Arc<ResultStore>, cx: Cx, params: ReadParams) -> Result<Chunk, Failure> {
    let digest: Digest = params.handle.sha256.parse().map_err(|error| {
        RpcError::invalid_params(Some("handle.sha256"), format!("handle.sha256: {error}"))
    })?;
    let length = params.length.unwrap_or(DEFAULT_LENGTH);
    if length == 0 || length > MAX_LENGTH {
        let message = format!("length: one read gives 1 to {MAX_LENGTH} bytes");
        return Err(RpcError::invalid_params(Some("length"), message)
            .with_limit(MAX_LENGTH)
            .into());
    }
    let (reader, offset) = (cx.identity(), params.offset.unwrap_or(0));
    Ok(results
        .read(&reader, &digest, offset, length, params.encoding)
        .await?)
}
