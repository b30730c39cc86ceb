//! Methods whose work a connected host does.

use std::sync::Arc;

use car_protocol::method::Method;
use car_protocol::rpc::provided::{Ocr, RunApplescript, RunShortcut, SendMail, SendMessage};
use car_state::providers::Providers;
use serde_json::{Map, Value};

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

pub(super) fn routes(providers: Arc<Providers>) -> Vec<Route> {
    Routes::with(providers)
        .on::<RunApplescript, _>(forward::<RunApplescript>)
        .on::<RunShortcut, _>(forward::<RunShortcut>)
        .on::<SendMessage, _>(forward::<SendMessage>)
        .on::<SendMail, _>(forward::<SendMail>)
        .on::<Ocr, _>(forward::<Ocr>)
        .into_routes()
}

/// Passes the call on. That there is a provider was found out before a person was asked; it may have left since.
async fn forward<M: Method>(
    providers: Arc<Providers>,
    cx: Cx,
    params: Map<String, Value>,
) -> Result<Value, Failure> {
    let caller = cx.identity();
    Ok(providers
        .call(M::NAME, Value::Object(params), &caller)
        .await?)
}
