//! Which path means what.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use car_transport::Peer;
use car_transport::handshake::{self, Rejection, Rules};
use http::{HeaderValue, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::host_matters;
use super::refusals::{Refusals, Refused};

/// Where a request leaves the socket that it was promised, for the connection to take when hyper is done with it.
#[derive(Clone, Default)]
pub(super) struct Upgrade(Arc<Mutex<Option<OnUpgrade>>>);

impl Upgrade {
    fn promise(&self, upgrade: OnUpgrade) {
        *self.0.lock() = Some(upgrade);
    }

    pub(super) fn take(&self) -> Option<OnUpgrade> {
        self.0.lock().take()
    }
}

/// What the routes know.
#[derive(Debug)]
struct Shared {
    /// For TCP.
    rules: Rules,
    /// For sockets that only this machine's processes can open.
    rules_without_host: Rules,
    stopping: CancellationToken,
    refusals: Arc<Refusals>,
}

impl Shared {
    fn rules(&self, request: &http::request::Parts) -> &Rules {
        match request.extensions.get::<Peer>() {
            Some(peer) if !host_matters(peer) => &self.rules_without_host,
            _ => &self.rules,
        }
    }

    fn refuse(&self, rejection: Rejection) -> Response {
        self.refusals.one(rejection);
        let mut response = (rejection.status(), format!("{rejection}\n")).into_response();
        response.headers_mut().extend(rejection.headers());
        response
    }
}

pub(super) fn router(
    rules: Rules,
    stopping: CancellationToken,
    refusals: Arc<Refusals>,
    further: Router,
) -> Router {
    let shared = Arc::new(Shared {
        rules_without_host: rules.clone().with_any_host(),
        rules,
        stopping,
        refusals,
    });
    let websocket = Router::new()
        .route("/", any(upgrade))
        .route("/ws", any(upgrade))
        .with_state(Arc::clone(&shared));
    // Who watches the process may be anywhere and learns nothing else, so this is not checked.
    let watched = Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(readiness))
        .with_state(Arc::clone(&shared));
    websocket
        .merge(further)
        .fallback(nothing)
        .layer(from_fn_with_state(shared, check))
        .merge(watched)
}

/// Host and origin, before anything is told.
async fn check(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match shared.rules(&parts).check(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(rejection) => shared.refuse(rejection),
    }
}

async fn upgrade(State(shared): State<Arc<Shared>>, mut request: Request) -> Response {
    let on_upgrade = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    match handshake::accept(&parts, shared.rules(&parts)) {
        Err(rejection) => shared.refuse(rejection),
        Ok(_) if shared.stopping.is_cancelled() => {
            shared.refusals.one(Refused::Stopping);
            stopping()
        }
        Ok(accept) => match parts.extensions.get::<Upgrade>() {
            Some(upgrade) => {
                upgrade.promise(on_upgrade);
                accept.response::<Body>()
            }
            None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
    }
}

/// Answering is all there is to prove.
async fn health() -> &'static str {
    "ok\n"
}

async fn readiness(State(shared): State<Arc<Shared>>) -> Response {
    if shared.stopping.is_cancelled() {
        stopping()
    } else {
        "ready\n".into_response()
    }
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here\n").into_response()
}

fn stopping() -> Response {
    let mut response = (
        StatusCode::SERVICE_UNAVAILABLE,
        "the daemon is shutting down\n",
    )
        .into_response();
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
