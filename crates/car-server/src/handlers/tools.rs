//! `tools.*`.

use std::sync::Arc;

use car_protocol::rpc::Empty;
use car_protocol::rpc::tools::{
    List, Progress, ProgressParams, Progressed, Register, ToolDefinition, ToolList, Unregister,
    UnregisterParams, Unregistered,
};
use car_state::session::ClientSession;
use car_state::tool_table::ToolTable;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

type Table = Arc<ToolTable>;

pub(super) fn routes() -> Vec<Route> {
    Routes::per_session(|session| Arc::clone(session.tools()))
        .on::<Register, _>(register)
        .on::<List, _>(list)
        .on::<Unregister, _>(unregister)
        .into_routes()
}

/// What a tool's host tells of its calls.
pub(super) fn progress_routes() -> Vec<Route> {
    Routes::per_session(Arc::clone)
        .on::<Progress, _>(progress)
        .into_routes()
}

/// Only the session that was asked knows the call by its id.
fn progress(
    session: &Arc<ClientSession>,
    _: &Cx,
    params: ProgressParams,
) -> Result<Progressed, Failure> {
    let fence = session.callbacks().fence(&params.request_id);
    Ok(Progressed {
        taken: fence.is_some_and(|fence| session.engine().progress(fence, &params)),
    })
}

fn register(table: &Table, cx: &Cx, tools: Vec<ToolDefinition>) -> Result<u64, Failure> {
    let registered = table.register(tools)?;
    cx.session().changed();
    Ok(registered)
}

fn list(table: &Table, _: &Cx, _: Empty) -> Result<ToolList, Failure> {
    Ok(ToolList {
        tools: table.list(),
    })
}

fn unregister(table: &Table, cx: &Cx, params: UnregisterParams) -> Result<Unregistered, Failure> {
    let removed = table.unregister(&params.name);
    cx.session().changed();
    Ok(Unregistered {
        removed: u64::from(removed),
    })
}
