//! `GET /metrics`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use tokio::task::spawn_blocking;

use super::{Operations, metrics};
use crate::auth::Auth;
use crate::http::Refused;

/// The route. Where authentication is on it asks for one of the tokens, unless it is `open`.
pub(crate) fn router(operations: Arc<Operations>, auth: Auth, open: bool) -> Router {
    let guarded = auth.is_enabled() && !open;
    let shared = Arc::new(Shared {
        operations,
        auth: guarded.then_some(auth),
    });
    Router::new()
        .route("/metrics", get(metrics))
        .with_state(shared)
}

struct Shared {
    operations: Arc<Operations>,
    /// Where a token is asked for.
    auth: Option<Auth>,
}

async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if let Some(auth) = &shared.auth
        && !bearer(&headers).is_some_and(|token| auth.is_client(token) || auth.is_host(token))
    {
        shared.operations.refusals.one(Refused::Credential);
        let why = "present the client or the host token: `Authorization: Bearer …`\n";
        let ask = [(WWW_AUTHENTICATE, "Bearer")];
        return (StatusCode::UNAUTHORIZED, ask, why).into_response();
    }
    let operations = Arc::clone(&shared.operations);
    match spawn_blocking(move || metrics::page(&operations)).await {
        Ok(Ok(page)) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], page).into_response(),
        failed => {
            tracing::error!(?failed, "the metrics cannot be gathered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The token of RFC 6750, section 2.1.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let said = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = said.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}
