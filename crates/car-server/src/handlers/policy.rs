//! `policy.*`.

use std::sync::Arc;

use car_protocol::rpc::policy::{
    List, ListParams, PolicyList, Register, RegisterParams, Registered, Scope, Unregister,
    UnregisterParams,
};
use car_protocol::rpc::tools::Unregistered;
use car_state::policy::PolicyBook;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

type Book = Arc<PolicyBook>;

pub(super) fn routes() -> Vec<Route> {
    Routes::per_session(|session| Arc::clone(session.policies()))
        .on::<Register, _>(register)
        .on::<List, _>(list)
        .on::<Unregister, _>(unregister)
        .into_routes()
}

fn register(book: &Book, cx: &Cx, params: RegisterParams) -> Result<Registered, Failure> {
    let registered = params.policy.name.clone();
    book.register(params.session_id.as_deref(), params.policy)?;
    cx.session().changed();
    Ok(Registered {
        registered,
        scope: Scope::of(params.session_id),
    })
}

fn list(book: &Book, _: &Cx, params: ListParams) -> Result<PolicyList, Failure> {
    Ok(PolicyList {
        policies: book.list(params.session_id.as_deref())?,
    })
}

fn unregister(book: &Book, cx: &Cx, params: UnregisterParams) -> Result<Unregistered, Failure> {
    let removed = book.unregister(params.session_id.as_deref(), &params.name)?;
    cx.session().changed();
    Ok(Unregistered {
        removed: u64::from(removed),
    })
}
