//! `verify` and `simulate`.

use std::sync::Arc;

use car_protocol::rpc::verify::{Simulate, Simulated, Verification, Verify, VerifyParams};
use car_state::session::ClientSession;
use car_state::store::{StateStore, Tenant};
use car_state::tool_table::ToolTable;
use car_state::verify::{VerifyLimits, simulate as walk, verify as check};
use serde_json::{Map, Value};

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

pub(super) fn routes() -> Vec<Route> {
    Routes::per_session(Bench::of)
        .on::<Verify, _>(verify)
        .on::<Simulate, _>(simulate)
        .into_routes()
}

/// What a proposal is checked against.
struct Bench {
    tools: Arc<ToolTable>,
    state: Arc<StateStore>,
    limits: VerifyLimits,
}

impl Bench {
    fn of(session: &Arc<ClientSession>) -> Self {
        Self {
            tools: Arc::clone(session.tools()),
            state: Arc::clone(session.state()),
            limits: VerifyLimits {
                engine: session.engine().parts().limits,
                store: *session.state().limits(),
                ..VerifyLimits::default()
            },
        }
    }

    /// The state to begin with.
    fn initial(&self, params: &mut VerifyParams) -> Result<Map<String, Value>, Failure> {
        let scope = params.scope.take().unwrap_or_default();
        let tenant = Tenant::of(scope.tenant_id.as_deref())
            .map_err(|error| Failure::from(error).about("scope.tenantId"))?;
        let given = params.initial_state.take();
        Ok(given.unwrap_or_else(|| self.state.snapshot(&tenant)))
    }
}

/// Not plain: ten thousand actions take their time, and what follows need not wait for it.
async fn verify(bench: Bench, _: Cx, mut params: VerifyParams) -> Result<Verification, Failure> {
    let initial = bench.initial(&mut params)?;
    Ok(check(
        &params.proposal,
        &bench.tools,
        &initial,
        bench.limits,
    ))
}

/// Not plain, for the same reason.
async fn simulate(bench: Bench, _: Cx, mut params: VerifyParams) -> Result<Simulated, Failure> {
    let initial = bench.initial(&mut params)?;
    Ok(walk(&params.proposal, &bench.tools, &initial, bench.limits))
}
