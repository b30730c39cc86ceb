//! `registry.*`. Tasks: the file system may take its time.

use std::sync::Arc;

use car_protocol::rpc::registry::{
    AgentEntry, Heartbeat, List, ListParams, NameParams, Reap, ReapParams, Refreshed, Register,
    RegisterParams, Unregister,
};
use car_state::registry::{DEFAULT_MAX_AGE, DiscoveryRegistry, RegistryError};
use tokio::task::spawn_blocking;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

type Registry = Arc<DiscoveryRegistry>;

pub(super) fn routes(registry: Registry) -> Vec<Route> {
    Routes::with(registry)
        .on::<Register, _>(register)
        .on::<Heartbeat, _>(heartbeat)
        .on::<Unregister, _>(unregister)
        .on::<List, _>(list)
        .on::<Reap, _>(reap)
        .into_routes()
}

async fn on_files<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RegistryError> + Send + 'static,
) -> Result<T, Failure> {
    let done = spawn_blocking(work).await.map_err(Failure::internal)?;
    Ok(done?)
}

async fn register(registry: Registry, _: Cx, params: RegisterParams) -> Result<(), Failure> {
    on_files(move || registry.register(params.entry, params.registry_path.as_deref())).await
}

async fn heartbeat(registry: Registry, _: Cx, params: NameParams) -> Result<Refreshed, Failure> {
    let heard = move || registry.heartbeat(&params.name, params.registry_path.as_deref());
    Ok(Refreshed {
        refreshed: on_files(heard).await?,
    })
}

async fn unregister(registry: Registry, _: Cx, params: NameParams) -> Result<(), Failure> {
    on_files(move || registry.unregister(&params.name, params.registry_path.as_deref())).await
}

async fn list(registry: Registry, _: Cx, params: ListParams) -> Result<Vec<AgentEntry>, Failure> {
    on_files(move || registry.list(params.registry_path.as_deref())).await
}

async fn reap(registry: Registry, _: Cx, params: ReapParams) -> Result<Vec<String>, Failure> {
    let age = params.max_age_secs.unwrap_or(DEFAULT_MAX_AGE);
    on_files(move || registry.reap(age, params.registry_path.as_deref())).await
}
