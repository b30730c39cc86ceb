//! `session.resume` and `session.close`, and the tokens that `session.auth` and `session.init` give.

use std::sync::Arc;

use car_protocol::jsonrpc::Id;
use car_protocol::rpc::session::{
    Authenticated, Close, Initialized, Resume, ResumeParams, ResumeToken, Resumed,
};
use car_protocol::rpc::{Empty, Ok as Done};
use car_protocol::{RpcError, kind};
use car_state::responder::Responder;
use car_state::server::ServerState;
use car_state::session::ClientSession;
use car_state::session::resume::{ResumeError, ResumeLimits, ResumeRequest};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::to_raw_value;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes, answer};

/// Requests that a client may say it waits for.
const MOST_WAITING: usize = 4_096;
/// Bytes that tell a client apart from others.
const MOST_NAME: usize = 64;

pub(super) fn routes(state: Arc<ServerState>, limits: ResumeLimits) -> Vec<Route> {
    let door = move |session: &Arc<ClientSession>| Door {
        state: Arc::clone(&state),
        session: Arc::clone(session),
        limits,
    };
    Routes::per_session(door)
        .on::<Resume, _>(resume)
        .on::<Close, _>(close)
        .into_routes()
}

/// Where a client comes back to its session.
struct Door {
    state: Arc<ServerState>,
    /// The session that was opened for the connection.
    session: Arc<ClientSession>,
    limits: ResumeLimits,
}

fn resume(door: &Door, _: &Cx, params: ResumeParams, mut responder: Responder) {
    let Some(channel) = responder.channel().cloned() else {
        // Nobody would learn the new token.
        return;
    };
    if responder.is_batched() {
        let error = RpcError::invalid_request("a session is resumed by a request of its own");
        return responder.error(&error);
    }
    let request = match request(params) {
        Ok(request) => request,
        Err(error) => return responder.error(&error),
    };
    let resumed = door
        .state
        .resume(&door.session, &channel, request, &door.limits);
    let mut arrival = match resumed {
        Ok(arrival) => arrival,
        Err(error) => {
            if error == ResumeError::Unknown {
                door.session.identity().refuse();
            }
            return answer::<Empty>(responder, Err(Failure::from(error)));
        }
    };
    responder.keep_nothing();
    match arrival.take_waiting() {
        None => arrival.settle(|result| tell(responder, result)),
        Some(waiting) => {
            responder.stays();
            let session = Arc::clone(arrival.session());
            session.begin(async move {
                waiting.await;
                arrival.settle(|result| tell(responder, result));
            });
        }
    }
}

fn tell(responder: Responder, result: Option<&Resumed>) {
    match result {
        Some(result) => responder.ok(result),
        None => {
            let message = "another connection has resumed the session meanwhile";
            responder.error(&RpcError::domain(kind::FENCED, message));
        }
    }
}

fn request(params: ResumeParams) -> Result<ResumeRequest, RpcError> {
    let wrong = |message: String| RpcError::invalid_params(Some("waiting"), message);
    let id = |value: &Value| {
        let raw = to_raw_value(value).ok();
        raw.and_then(|raw| Id::from_raw(&raw))
            .ok_or_else(|| wrong(format!("{value} is no id")))
    };
    let waiting = match params.waiting {
        Some(waiting) if waiting.len() > MOST_WAITING => {
            let message = format!("waiting holds {MOST_WAITING} ids at most");
            return Err(wrong(message).with_limit(MOST_WAITING as u64));
        }
        Some(waiting) => Some(waiting.iter().map(id).collect::<Result<_, _>>()?),
        None => None,
    };
    if let Some(attempt) = &params.attempt
        && attempt.client.len() > MOST_NAME
    {
        let message = format!("a client is told apart by {MOST_NAME} bytes at most");
        return Err(RpcError::invalid_params(Some("attempt"), message).with_limit(MOST_NAME as u64));
    }
    Ok(ResumeRequest {
        token: params.token,
        seen: params.seen.unwrap_or_default(),
        waiting,
        grace_ms: params.grace_ms,
        attempt: params.attempt,
    })
}

/// The connection closes when this is answered, and its session ends with it.
fn close(_: &Door, _: &Cx, _: Empty) -> Result<Done, Failure> {
    Ok(Done::YES)
}

/// A result that a token can be put into.
pub(super) trait WithToken: Serialize + Send + 'static {
    fn put(&mut self, token: ResumeToken, grace_ms: u64);
}

impl WithToken for Authenticated {
    fn put(&mut self, token: ResumeToken, grace_ms: u64) {
        (self.resume_token, self.grace_ms) = (Some(token), Some(grace_ms));
    }
}

impl WithToken for Initialized {
    fn put(&mut self, token: ResumeToken, grace_ms: u64) {
        (self.resume_token, self.grace_ms) = (Some(token), Some(grace_ms));
    }
}

/// Whether the session is to outlive its connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) resume: Option<bool>,
    pub(super) grace_ms: Option<u64>,
    /// Whether nothing can have come before.
    pub(super) first: bool,
}

/// Answers with a result, and with a token if that is wished for.
pub(super) fn answer_with_token<R: WithToken>(
    limits: &ResumeLimits,
    session: &Arc<ClientSession>,
    mut responder: Responder,
    wish: Wish,
    mut result: R,
) {
    let wished = wish.resume == Some(true);
    let channel = responder.channel().filter(|_| wished).cloned();
    let Some(channel) = channel else {
        return responder.ok(&result);
    };
    let since = (responder.id(), wish.first);
    let granted = match session.grant_resume(&channel, limits, wish.grace_ms, since) {
        Ok(granted) => granted,
        Err(error) => return answer::<R>(responder, Err(Failure::internal(error))),
    };
    responder.keep_nothing();
    let grace_ms = u64::try_from(granted.grace.as_millis()).unwrap_or(u64::MAX);
    result.put(granted.token, grace_ms);
    match granted.durable {
        None => responder.ok(&result),
        Some(durable) => {
            responder.stays();
            session.begin(async move {
                durable.await;
                responder.ok(&result);
            });
        }
    }
}
