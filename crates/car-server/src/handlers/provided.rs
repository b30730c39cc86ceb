//! Methods whose work a connected host does.

use car_protocol::rpc::provided::{Ocr, RunApplescript, RunShortcut, SendMail, SendMessage};
use car_protocol::{RpcError, kind};
use serde_json::{Map, Value};

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

pub(super) fn routes() -> Vec<Route> {
    Routes::with(())
        .on::<RunApplescript, _>(unavailable)
        .on::<RunShortcut, _>(unavailable)
        .on::<SendMessage, _>(unavailable)
        .on::<SendMail, _>(unavailable)
        .on::<Ocr, _>(unavailable)
        .into_routes()
}

/// No host has registered as a provider. Admission says so before a person is asked; this is for the host that left in
/// between.
async fn unavailable((): (), _: Cx, _: Map<String, Value>) -> Result<Value, Failure> {
    Err(
        RpcError::domain(kind::UNAVAILABLE, "the host that provides this has left")
            .retryable()
            .into(),
    )
}
