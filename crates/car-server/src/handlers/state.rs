//! `state.*`.

use std::sync::Arc;

use car_protocol::rpc::state::{
    Clear, Cleared, Delete, Exists, Get, GetParams, Keys, ScopeParams, Set, SetParams, Snapshot,
};
use car_state::responder::Responder;
use car_state::store::{StateStore, Tenant};
use serde_json::{Map, Value};

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes, answer};

type Store = Arc<StateStore>;

pub(super) fn routes() -> Vec<Route> {
    Routes::per_session(|session| Arc::clone(session.state()))
        .on::<Get, _>(get)
        .on::<Set, _>(set)
        .on::<Exists, _>(exists)
        .on::<Keys, _>(keys)
        .on::<Snapshot, _>(snapshot)
        .on::<Delete, _>(delete)
        .on::<Clear, _>(clear)
        .into_routes()
}

/// Answers with the value where it is: it may be large.
fn get(store: &Store, _: &Cx, params: GetParams, responder: Responder) {
    match tenant(params.tenant_id) {
        Ok(tenant) => match store.get(&tenant, &params.key) {
            Some(value) => responder.ok(&*value),
            None => responder.ok(&Value::Null),
        },
        Err(failure) => answer::<Value>(responder, Err(failure)),
    }
}

fn set(store: &Store, _: &Cx, params: SetParams) -> Result<String, Failure> {
    store.set(&tenant(params.tenant_id)?, &params.key, params.value)?;
    Ok("ok".to_owned())
}

fn exists(store: &Store, _: &Cx, params: GetParams) -> Result<bool, Failure> {
    Ok(store.exists(&tenant(params.tenant_id)?, &params.key))
}

fn keys(store: &Store, _: &Cx, params: ScopeParams) -> Result<Vec<String>, Failure> {
    Ok(store.keys(&tenant(params.tenant_id)?))
}

fn snapshot(store: &Store, _: &Cx, params: ScopeParams) -> Result<Map<String, Value>, Failure> {
    Ok(store.snapshot(&tenant(params.tenant_id)?))
}

fn delete(store: &Store, _: &Cx, params: GetParams) -> Result<bool, Failure> {
    Ok(store.delete(&tenant(params.tenant_id)?, &params.key))
}

fn clear(store: &Store, _: &Cx, params: ScopeParams) -> Result<Cleared, Failure> {
    Ok(Cleared {
        removed: store.clear(&tenant(params.tenant_id)?),
    })
}

fn tenant(id: Option<String>) -> Result<Tenant, Failure> {
    Ok(id.map_or(Ok(Tenant::common()), |id| Tenant::named(&id))?)
}
