//! `proposal.*`.

use std::sync::Arc;

use car_protocol::rpc::proposal::{ProposalResult, Submit, SubmitParams};
use car_state::engine::{Engine, RunRequest};

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

pub(super) fn routes() -> Vec<Route> {
    Routes::per_session(|session| Arc::clone(session.engine()))
        .on::<Submit, _>(submit)
        .into_routes()
}

async fn submit(
    engine: Arc<Engine>,
    cx: Cx,
    params: SubmitParams,
) -> Result<ProposalResult, Failure> {
    let request = RunRequest {
        trace: cx.trace(),
        ..RunRequest::try_from(params)?
    };
    Ok(engine.run(request, cx.cancellation().clone()).await?)
}
