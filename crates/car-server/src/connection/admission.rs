//! What every message passes, each step cheap: is it an answer, authenticated, known, allowed, admitted, readable,
//! available, approved.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use car_protocol::jsonrpc::{Id, Message};
use car_protocol::method::{Access, Method};
use car_protocol::rpc::session::Auth;
use car_protocol::{RpcError, code, kind};
use car_state::approval::preview;
use car_state::channel::Overloaded;
use car_state::frame::{CloseReason, close};
use car_state::host::Verdict;
use car_state::identity::Role;
use car_state::responder::{Batch, Responder};
use futures_util::future::BoxFuture;
use serde_json::json;
use serde_json::value::RawValue;

use super::{Flow, Reader};
use crate::failure::{Failure, approval_refused};
use crate::router::{Prepared, Route};

/// The longest call, in bytes, that begins in the read loop: what it can do before it waits is little.
const SHORT_CALL: usize = 4 << 10;

/// A request or a notification.
struct Call<'a> {
    /// `None` for a notification.
    id: Option<Id>,
    method: &'a str,
    params: Option<&'a RawValue>,
    /// Bytes of the frame that it came in.
    bytes: usize,
}

impl Reader {
    /// Takes one message. `bytes` is its share of the frame.
    pub(super) async fn message(
        &mut self,
        message: Message<'_>,
        bytes: usize,
        batch: Option<&Arc<Batch>>,
    ) -> Flow {
        match message {
            Message::Response(response) => {
                // Nobody is asked anything before it has authenticated, so nothing can match.
                if !self
                    .session()
                    .callbacks()
                    .answer(&response.id, response.outcome)
                {
                    tracing::debug!(id = %response.id, "an answer that nobody waits for");
                }
                Flow::Continue
            }
            Message::Invalid(invalid) => {
                self.refuse(invalid.id, &invalid.error, batch).await;
                Flow::Continue
            }
            Message::Request(request) => {
                let (method, params) = (&*request.method, request.params);
                self.call(
                    Call {
                        id: Some(request.id),
                        method,
                        params,
                        bytes,
                    },
                    batch,
                )
                .await
            }
            Message::Notification(note) => {
                let (method, params) = (&*note.method, note.params);
                self.call(
                    Call {
                        id: None,
                        method,
                        params,
                        bytes,
                    },
                    batch,
                )
                .await
            }
        }
    }

    async fn call(&mut self, call: Call<'_>, batch: Option<&Arc<Batch>>) -> Flow {
        let core = Arc::clone(&self.core);
        let route = core.router.get(call.method);
        if !self.authenticated && route.is_none_or(|route| route.spec.access != Access::Open) {
            if let Some(id) = call.id {
                self.refuse(id, &self.core.auth.required(), batch).await;
            }
            return Flow::Close(CloseReason::new(close::POLICY, "authenticate first"));
        }
        let route = match self.permit(route, call.method) {
            Ok(route) => route,
            Err(error) => {
                if let Some(id) = call.id {
                    self.refuse(id, &error, batch).await;
                }
                return Flow::Continue;
            }
        };
        if let (Some(id), Some(batch)) = (&call.id, batch)
            && batch.bytes() > self.limits.outbox.bytes
        {
            let limit = self.limits.outbox.bytes as u64;
            let message = "the answers of this batch are too long together";
            self.refuse(
                id.clone(),
                &RpcError::overloaded(message, limit),
                Some(batch),
            )
            .await;
            return Flow::Continue;
        }
        let admitted = match &call.id {
            Some(id) => self.admit(id.clone(), batch).await,
            None => self
                .channel
                .admit()
                .await
                .map(|slot| Responder::notification(Some(slot))),
        };
        match admitted {
            Ok(responder) => self.run(route, &call, responder).await,
            Err(Overloaded { limit }) => {
                let error = RpcError::overloaded(
                    "too many requests are under way on this connection",
                    limit as u64,
                );
                if let Some(id) = call.id {
                    self.refuse(id, &error, batch).await;
                }
                Flow::Continue
            }
        }
    }

    /// Whether the method is there and the caller may call it.
    fn permit<'a>(
        &self,
        route: Option<&'a Arc<Route>>,
        method: &str,
    ) -> Result<&'a Arc<Route>, RpcError> {
        let route = route.ok_or_else(|| RpcError::method_not_found(method))?;
        let allowed = match route.spec.access {
            Access::Open | Access::Client => true,
            Access::Host => self.may_act_as_host(),
            // No session is bound to an agent yet, so nobody is one.
            Access::Agent => false,
        };
        if !allowed {
            let role = route.spec.access.as_str();
            let message = format!("{} needs the {role} role", route.spec.name);
            return Err(RpcError::domain(kind::FORBIDDEN, message).with("role", role));
        }
        if self.core.life.is_stopping() && route.spec.access != Access::Open {
            let error = RpcError::domain(kind::SHUTTING_DOWN, "the daemon is shutting down");
            return Err(error.retryable());
        }
        Ok(route)
    }

    /// A host by its credential; where no credential is asked for, anybody.
    fn may_act_as_host(&self) -> bool {
        !self.core.auth.is_enabled() || self.session().identity().role() == Role::Host
    }

    pub(super) async fn admit(
        &self,
        id: Id,
        batch: Option<&Arc<Batch>>,
    ) -> Result<Responder, Overloaded> {
        let slot = self.channel.admit().await?;
        Ok(match batch {
            Some(batch) => Responder::batched(id, batch, Some(slot)),
            None => Responder::request(id, slot),
        })
    }

    async fn run(&mut self, route: &Arc<Route>, call: &Call<'_>, responder: Responder) -> Flow {
        match &route.inline {
            Some(inline) if !route.gated => {
                let cx = &self.cx;
                if catch_unwind(AssertUnwindSafe(|| inline(cx, call.params, responder))).is_err() {
                    tracing::error!(method = route.spec.name, "a handler panicked");
                }
                self.after_plain(route).await
            }
            _ => {
                self.start(route, call, responder);
                Flow::Continue
            }
        }
    }

    /// What authentication changed.
    async fn after_plain(&mut self, route: &Route) -> Flow {
        if route.spec.name != Auth::NAME {
            return Flow::Continue;
        }
        self.authenticated = self.session().identity().is_authenticated();
        match self.session().identity().failures() {
            0 => Flow::Continue,
            failures if failures >= self.limits.auth_failures => Flow::Close(CloseReason::new(
                close::POLICY,
                "too many failed authentications",
            )),
            failures if failures > self.auth_failures => {
                self.auth_failures = failures;
                // The answer is on its way; the next guess waits.
                tokio::time::sleep(self.limits.auth_failure_delay).await;
                Flow::Continue
            }
            _ => Flow::Continue,
        }
    }

    /// Hands the call to a task of the session.
    fn start(&self, route: &Arc<Route>, call: &Call<'_>, mut responder: Responder) {
        let prepared = match (route.prepare)(&self.cx, call.params) {
            Ok(prepared) => prepared,
            Err(error) => return responder.error(&error),
        };
        if route.spec.provided && !self.core.has_provider(route.spec.name) {
            let message = format!("no connected host provides {}", route.spec.name);
            return responder.error(&RpcError::domain(kind::UNAVAILABLE, message).retryable());
        }
        if let Err(Overloaded { limit }) = responder.hold(call.bytes) {
            let message = "the requests under way on this connection are too big together";
            return responder.error(&RpcError::overloaded(message, limit as u64));
        }
        if !route.gated {
            return self.begin(prepared(responder), call.bytes);
        }
        match Parked::new(&self.parked, self.limits.parked_approvals) {
            Some(parked) => self.park(route, call, responder, prepared, parked),
            None => {
                let limit = self.limits.parked_approvals as u64;
                let message = "too many calls of this connection wait for a person";
                responder.error(&RpcError::overloaded(message, limit));
            }
        }
    }

    /// Runs a short call up to its first wait at once, so that what it sends leaves with the flush of this read and no
    /// other thread has to be woken for it. The rest, and a long call from its beginning, is a task of the session.
    fn begin(&self, mut task: BoxFuture<'static, ()>, bytes: usize) {
        if bytes > SHORT_CALL {
            return self.session().spawn(task);
        }
        // The task registers its own waker when it is polled again.
        let mut cx = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut cx))) {
            Ok(Poll::Ready(())) => {}
            Ok(Poll::Pending) => self.session().spawn(task),
            Err(_) => tracing::error!("a handler panicked"),
        }
    }

    /// Lets the call wait for a person. The connection goes on working.
    fn park(
        &self,
        route: &Arc<Route>,
        call: &Call<'_>,
        responder: Responder,
        prepared: Prepared,
        parked: Parked,
    ) {
        let method = route.spec.name;
        let details = json!({ "method": method, "params_preview": preview(&call.params) });
        let (host, gate) = (
            Arc::clone(self.core.state.host()),
            Arc::clone(self.core.state.gate()),
        );
        let identity = self.session().identity().get();
        self.session().spawn(async move {
            let verdict = host
                .ask(
                    &identity,
                    format!("ws.method:{method}"),
                    details,
                    gate.timeout(),
                )
                .await;
            drop(parked);
            let error = match verdict {
                Ok(Verdict::Approved) => return prepared(responder).await,
                Ok(Verdict::Denied(resolution)) => {
                    let message = format!("a person refused {method}");
                    approval_refused(kind::APPROVAL_DENIED, message).with("resolution", resolution)
                }
                Ok(Verdict::TimedOut) => {
                    let message = format!(
                        "nobody decided on {method} within {} s",
                        gate.timeout().as_secs()
                    );
                    approval_refused(kind::APPROVAL_TIMEOUT, message).retryable()
                }
                Err(error) => {
                    let mut error = Failure::from(error).into_error(responder.id());
                    error.code = code::APPROVAL_REFUSED;
                    error
                }
            };
            responder.error(&error);
        });
    }
}

/// A call that waits for a person, counted.
struct Parked(Arc<AtomicUsize>);

impl Parked {
    fn new(count: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let fits = |parked: usize| (parked < limit).then_some(parked + 1);
        count
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, fits)
            .ok()?;
        Some(Self(Arc::clone(count)))
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
