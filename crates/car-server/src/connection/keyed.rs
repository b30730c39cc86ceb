//! Calls that have an idempotency key: their act runs at most once, and each of them gets its answer.

use std::sync::Arc;

use car_protocol::idempotency::IdempotencyKey;
use car_protocol::{RpcError, kind};
use car_state::outcomes::{Attempt, Fingerprint, OutcomeError, Reply, Scope, Submitted};
use car_state::responder::Responder;
use tracing::Instrument as _;

use super::Reader;
use super::admission::{Call, Ready};
use crate::failure::Failure;
use crate::router::{Prepared, Route};

/// The kinds of answers which say that nothing was done, so that the same call may be made again.
const NOTHING_DONE: &[&str] = &[
    kind::APPROVAL_TIMEOUT,
    kind::OVERLOADED,
    kind::RATE_LIMITED,
    kind::UNAVAILABLE,
];

impl Reader {
    /// Begins the call beside the read loop, or has it wait for the one that began before. Its record has to be safe
    /// before it runs, so it does not run in the read loop, whatever its handler is.
    pub(super) fn start_keyed(
        &self,
        route: &Arc<Route>,
        call: &Call<'_>,
        key: IdempotencyKey,
        mut responder: Responder,
    ) {
        // What is refused here was never an act.
        let Ready {
            prepared,
            span,
            share,
        } = match self.prepare(route, call, &mut responder) {
            Ok(ready) => ready,
            Err(error) => return responder.error(&error),
        };
        let method = route.spec.name;
        let scope = Scope::of(&self.session().identity().get().principal);
        let print = Fingerprint::of(method, call.params);
        let outcomes = self.core.state.outcomes();
        let asked_with = key.clone();
        match outcomes.submit(scope, key, method, print) {
            Err(error) => refuse(responder, error),
            Ok(Submitted::Joined(joined)) => self.session().begin(async move {
                let _share = share;
                answer(responder, joined.answer().await);
            }),
            Ok(Submitted::Past(past)) => self.session().begin(async move {
                let _share = share;
                answer(responder, past.answer().await);
            }),
            Ok(Submitted::Fresh(attempt)) => {
                let asking = match self.judge(route, call.params) {
                    Ok(Some(asking)) => asking,
                    Ok(None) => {
                        let act = async move {
                            let _share = share;
                            carry_out(attempt, prepared, responder).await;
                        };
                        return self.begin(route, act.instrument(span));
                    }
                    Err(error) => return settle(attempt, responder, error),
                };
                let id = responder.id().clone();
                let asked = self.ask(route, call, id, &asking, Some(&asked_with));
                let verdict = match asked {
                    Ok(verdict) => verdict,
                    Err(error) => return settle(attempt, responder, error),
                };
                let parked = async move {
                    let _share = share;
                    match verdict.await {
                        Ok(_) => carry_out(attempt, prepared, responder).await,
                        // A person's no is an answer; what nobody decided may be asked again.
                        Err(error) if error.kind() == kind::APPROVAL_DENIED => {
                            conclude(attempt, responder, Err(error)).await;
                        }
                        Err(error) => settle(attempt, responder, error),
                    }
                };
                self.begin(route, parked.instrument(span));
            }
        }
    }
}

/// Runs the act once it is recorded.
async fn carry_out(mut attempt: Attempt, prepared: Prepared, responder: Responder) {
    if let Err(error) = attempt.begin().await {
        return refuse(responder, error);
    }
    let (inner, captured) = responder.captured();
    prepared(inner).await;
    conclude(attempt, responder, captured.answer().await).await;
}

/// Answers when the end of the act is recorded.
async fn conclude(attempt: Attempt, responder: Responder, reply: Reply) {
    let reply = Arc::new(reply);
    let nothing_done = |error: &RpcError| NOTHING_DONE.contains(&error.kind());
    if reply.as_ref().as_ref().is_err_and(nothing_done) {
        attempt.release(&reply);
    } else {
        attempt.end(Arc::clone(&reply)).await;
    }
    responder.reply(&reply);
}

/// Answers for an act that never began.
fn settle(attempt: Attempt, responder: Responder, error: RpcError) {
    let reply = Arc::new(Err(error));
    attempt.release(&reply);
    responder.reply(&reply);
}

fn answer(responder: Responder, told: Result<Arc<Reply>, OutcomeError>) {
    match told {
        Ok(reply) => responder.reply(&reply),
        Err(error) => refuse(responder, error),
    }
}

fn refuse(responder: Responder, error: OutcomeError) {
    let error = Failure::from(error).into_error(responder.id());
    responder.error(&error);
}
