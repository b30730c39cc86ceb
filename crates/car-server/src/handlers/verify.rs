//! `verify`.

use std::sync::Arc;

use car_protocol::rpc::verify::{Verification, Verify, VerifyParams};
use car_state::session::ClientSession;
use car_state::store::{StateStore, Tenant};
use car_state::tool_table::ToolTable;
use car_state::verify::{VerifyLimits, verify as check};

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

pub(super) fn routes() -> Vec<Route> {
    Routes::per_session(Bench::of)
        .on::<Verify, _>(verify)
        .into_routes()
}

/// What a proposal is checked against.
struct Bench {
    tools: Arc<ToolTable>,
    state: Arc<StateStore>,
}

impl Bench {
    fn of(session: &Arc<ClientSession>) -> Self {
        Self {
            tools: Arc::clone(session.tools()),
            state: Arc::clone(session.state()),
        }
    }
}

/// Not plain: ten thousand actions take their time, and what follows need not wait for it.
async fn verify(bench: Bench, _: Cx, params: VerifyParams) -> Result<Verification, Failure> {
    let initial = params
        .initial_state
        .unwrap_or_else(|| bench.state.snapshot(&Tenant::common()));
    Ok(check(
        &params.proposal,
        &bench.tools,
        &initial,
        VerifyLimits::default(),
    ))
}
