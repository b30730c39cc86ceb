//! `server.*` and `rpc.discover`.

use std::sync::Arc;

use car_protocol::rpc::server::{
    Discover, Handshake, HandshakeParams, HandshakeResult, MAX_PROTOCOL_VERSION,
    MIN_PROTOCOL_VERSION, ServerStatus, Shutdown, Status,
};
use car_protocol::rpc::{Empty, Ok as Done};
use car_protocol::{RpcError, code, kind};
use serde_json::json;
use serde_json::value::RawValue;

use crate::VERSION;
use crate::cx::Cx;
use crate::failure::Failure;
use crate::info::ServerInfo;
use crate::router::{Route, Routes};

/// What a client may demand in its handshake.
pub(crate) const CAPABILITIES: &[&str] = &[
    "batch",
    "events.query",
    "host.events",
    "policy.list",
    "request.outcome",
    "rpc.discover",
    "state",
    "tools.cancel",
    "tools.execute",
    "tools.list",
];

/// How many unknown capabilities are told.
const TOLD_NAMES: usize = 16;
/// How much of each.
const TOLD_CHARS: usize = 64;

type Info = Arc<ServerInfo>;

pub(super) fn routes(info: Info) -> Vec<Route> {
    Routes::with(info)
        .on::<Handshake, _>(handshake)
        .on::<Discover, _>(discover)
        .on::<Status, _>(status)
        .on::<Shutdown, _>(shutdown)
        .into_routes()
}

fn handshake(_: &Info, cx: &Cx, params: HandshakeParams) -> Result<HandshakeResult, Failure> {
    let version = params.protocol_version;
    if !(MIN_PROTOCOL_VERSION..=MAX_PROTOCOL_VERSION).contains(&version) {
        let message = format!("protocol version {version} is not spoken here");
        let error = RpcError::new(
            code::VERSION_UNSUPPORTED,
            kind::VERSION_UNSUPPORTED,
            message,
        );
        return Err(error
            .with("min", MIN_PROTOCOL_VERSION)
            .with("max", MAX_PROTOCOL_VERSION)
            .into());
    }
    let required = params.required_capabilities.unwrap_or_default();
    let unknown: Vec<String> = required
        .iter()
        .filter(|name| !CAPABILITIES.contains(&name.as_str()))
        .take(TOLD_NAMES)
        .map(|name| name.chars().take(TOLD_CHARS).collect())
        .collect();
    if !unknown.is_empty() {
        let message = format!("unknown capabilities are required: {}", json!(unknown));
        let error = RpcError::new(code::HANDSHAKE_REFUSED, kind::CAPABILITY_UNKNOWN, message);
        return Err(error
            .with("unknown", json!(unknown))
            .with("known", json!(CAPABILITIES))
            .into());
    }
    tracing::debug!(
        session = %cx.session_id(),
        client = params.client_name.as_deref(),
        version = params.client_version.as_deref(),
        "handshake"
    );
    Ok(HandshakeResult {
        protocol_version: version,
        server_version: VERSION.to_owned(),
        client_protocol_version: version,
        capabilities: CAPABILITIES.iter().map(|&name| name.to_owned()).collect(),
    })
}

fn discover(_: &Info, _: &Cx, _: Empty) -> Result<Box<RawValue>, Failure> {
    serde_json::from_str(car_protocol::OPENRPC).map_err(Failure::internal)
}

fn status(info: &Info, _: &Cx, _: Empty) -> Result<ServerStatus, Failure> {
    Ok(info.status())
}

fn shutdown(info: &Info, cx: &Cx, _: Empty) -> Result<Done, Failure> {
    tracing::info!(session = %cx.session_id(), "asked to shut down");
    info.stop();
    Ok(Done::YES)
}
