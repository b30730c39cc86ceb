//! `providers.*`: hosts that serve provided methods.

use std::sync::Arc;

use car_protocol::rpc::Empty;
use car_protocol::rpc::providers::{
    List, Provided, ProviderList, Register, RegisterParams, Unregister, UnregisterParams, Withdrawn,
};
use car_state::providers::Providers;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

pub(super) fn routes(providers: Arc<Providers>) -> Vec<Route> {
    Routes::with(providers)
        .on::<Register, _>(register)
        .on::<Unregister, _>(unregister)
        .on::<List, _>(list)
        .into_routes()
}

fn register(
    providers: &Arc<Providers>,
    cx: &Cx,
    params: RegisterParams,
) -> Result<Provided, Failure> {
    let offered = providers.offer(cx.session(), &params.methods)?;
    let owned = |names: Vec<&str>| names.into_iter().map(ToOwned::to_owned).collect();
    Ok(Provided {
        methods: owned(offered.methods),
        replaced: owned(offered.replaced),
    })
}

fn unregister(
    providers: &Arc<Providers>,
    cx: &Cx,
    params: UnregisterParams,
) -> Result<Withdrawn, Failure> {
    let removed = providers.withdraw(cx.session_id(), params.methods.as_deref());
    Ok(Withdrawn {
        removed: removed as u64,
    })
}

fn list(providers: &Arc<Providers>, _: &Cx, _: Empty) -> Result<ProviderList, Failure> {
    Ok(ProviderList {
        methods: providers.list(),
    })
}
