//! What every message passes, each step cheap: is it an answer, authenticated, known, allowed, admitted, readable,
//! available, approved.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use car_protocol::idempotency::IdempotencyKey;
use car_protocol::jsonrpc::{Id, Incoming, Message, Response, encode_error};
use car_protocol::method::{Access, Method};
use car_protocol::rpc::session::{Auth, Close, Resume};
use car_protocol::{RpcError, code, kind};
use car_state::approval::rules::{Asking, Speaking};
use car_state::channel::Overloaded;
use car_state::frame::{CloseReason, close};
use car_state::identity::Role;
use car_state::quota::{Resource, Share};
use car_state::responder::{Batch, Responder};
use car_state::traffic::MethodIndex;
use serde_json::value::RawValue;
use tracing::{Instrument as _, Span};

use super::gate::{Parked, agreed, question};
use super::judge::{editable, taken};
use super::{Flow, Reader};
use crate::failure::{Failure, over_quota};
use crate::router::{Inline, Prepared, Route};

/// A request or a notification.
pub(super) struct Call<'a> {
    /// `None` for a notification, and where there is a responder already.
    pub(super) id: Option<Id>,
    pub(super) method: &'a str,
    pub(super) params: Option<&'a RawValue>,
    /// `_meta` beside the params.
    pub(super) meta: Option<&'a RawValue>,
    /// Bytes of the frame that it came in.
    pub(super) bytes: usize,
}

/// What a frame was found to hold.
pub(super) type Decoded<'a> = Result<Incoming<'a>, RpcError>;

impl Reader {
    pub(super) fn run_plain(
        &self,
        method: &str,
        inline: &Inline,
        params: Option<&RawValue>,
        responder: Responder,
    ) {
        let cx = &self.cx;
        if catch_unwind(AssertUnwindSafe(|| inline(cx, params, responder))).is_err() {
            tracing::error!(method, "a handler panicked");
        }
    }

    pub(super) fn answered(&self, response: Response<'_>) {
        // Nobody is asked anything before it has authenticated, so nothing can match.
        if !self.session().answered(&response.id, response.outcome) {
            tracing::debug!(id = %response.id, "an answer that nobody waits for");
        }
    }

    /// Takes one message. `bytes` is its share of the frame.
    pub(super) async fn message(
        &mut self,
        message: Message<'_>,
        bytes: usize,
        batch: Option<&Arc<Batch>>,
    ) -> Flow {
        if self.channel.is_fenced() {
            // Answers to callbacks are the other connection's.
            if let Message::Request(request) = message {
                self.refuse_fenced(request.id, batch);
            }
            return Flow::Continue;
        }
        match message {
            Message::Response(response) => {
                self.answered(response);
                Flow::Continue
            }
            Message::Invalid(invalid) => {
                let method = MethodIndex::UNKNOWN;
                self.refuse(invalid.id, method, &invalid.error, batch).await;
                Flow::Continue
            }
            Message::Request(request) => {
                let (method, params) = (&*request.method, request.params);
                self.call(
                    Call {
                        id: Some(request.id),
                        method,
                        params,
                        meta: request.meta,
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
                        meta: note.meta,
                        bytes,
                    },
                    batch,
                )
                .await
            }
        }
    }

    /// Refuses a request that came after another connection took the session over.
    fn refuse_fenced(&self, id: Id, batch: Option<&Arc<Batch>>) {
        let error = RpcError::domain(kind::FENCED, self.why_fenced());
        match batch {
            Some(batch) => Responder::batched(id, batch, None).error(&error),
            None => {
                let traffic = self.core.state.traffic();
                traffic.refused(MethodIndex::UNKNOWN, &error);
                self.channel.refuse(encode_error(&id, &error));
            }
        }
    }

    async fn call(&mut self, call: Call<'_>, batch: Option<&Arc<Batch>>) -> Flow {
        let core = Arc::clone(&self.core);
        let route = core.router.get(call.method);
        let method = route.map_or(MethodIndex::UNKNOWN, |route| route.index);
        if !self.authenticated && route.is_none_or(|route| route.spec.access != Access::Open) {
            if let Some(id) = call.id {
                let error = self.core.auth.required();
                self.refuse(id, method, &error, batch).await;
            }
            return Flow::Close(CloseReason::new(close::POLICY, "authenticate first"));
        }
        let route = match self.permit(route, call.method) {
            Ok(route) => route,
            Err(error) => {
                if let Some(id) = call.id {
                    self.refuse(id, method, &error, batch).await;
                }
                return Flow::Continue;
            }
        };
        // Whoever is about to say who they are is not held up by those who do not.
        if route.spec.access != Access::Open
            && let Err(full) = self.account.request()
        {
            if let Some(id) = call.id {
                self.refuse(id, method, &over_quota(&full), batch).await;
            }
            return Flow::Continue;
        }
        if let (Some(id), Some(batch)) = (&call.id, batch)
            && batch.bytes() > self.core.limits.outbox.bytes
        {
            let limit = self.core.limits.outbox.bytes as u64;
            let message = "the answers of this batch are too long together";
            self.refuse(
                id.clone(),
                method,
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
            Ok(responder) => self.run(route, &call, responder.of(method)).await,
            Err(Overloaded { .. }) if self.channel.is_fenced() => {
                if let Some(id) = call.id {
                    self.refuse_fenced(id, batch);
                }
                Flow::Continue
            }
            Err(Overloaded { limit }) => {
                let error = RpcError::overloaded(
                    "too many requests are under way on this connection",
                    limit as u64,
                );
                if let Some(id) = call.id {
                    self.refuse(id, method, &error, batch).await;
                }
                Flow::Continue
            }
        }
    }

    /// Whether the method is there and the caller may call it.
    pub(super) fn permit<'a>(
        &self,
        route: Option<&'a Arc<Route>>,
        method: &str,
    ) -> Result<&'a Arc<Route>, RpcError> {
        let route = route.ok_or_else(|| RpcError::method_not_found(method))?;
        let allowed = match route.spec.access {
            Access::Open | Access::Client => true,
            Access::Host => self.may_act_as_host(),
            Access::Agent => self.is_agent,
        };
        if self.is_agent {
            self.hold_to_manifest(route.spec.name)?;
        }
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

    /// An agent may not call what its manifest takes from it.
    fn hold_to_manifest(&self, method: &str) -> Result<(), RpcError> {
        let identity = self.session().identity().get();
        let agents = self.core.state.agents();
        match identity.agent() {
            Some(agent) if agents.denies(agent.as_str(), method) => {
                let message = format!("the manifest of {agent} denies {method}");
                Err(RpcError::domain(kind::FORBIDDEN, message).with("agent_id", agent.as_str()))
            }
            _ => Ok(()),
        }
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
        if may_have_key(route, call.params, call.meta) {
            match IdempotencyKey::of_request(call.params, call.meta) {
                Ok(Some(key)) => {
                    self.start_keyed(route, call, key, responder);
                    return Flow::Continue;
                }
                Ok(None) => {}
                Err(error) => {
                    responder.error(&error);
                    return Flow::Continue;
                }
            }
        }
        match &route.inline {
            Some(inline) if !self.is_judged(route) => {
                self.run_plain(call.method, inline, call.params, responder);
                self.after_plain(route).await
            }
            // What rules let pass is served in its order.
            Some(inline) if !route.gated && self.passes(route, call) => {
                self.run_plain(call.method, inline, call.params, responder);
                Flow::Continue
            }
            _ => {
                self.start(route, call, responder);
                Flow::Continue
            }
        }
    }

    /// Whether a plain call can be read and rules have nothing against it.
    fn passes(&self, route: &Route, call: &Call<'_>) -> bool {
        let readable = (route.prepare)(&self.cx, call.params).is_ok();
        readable && matches!(self.judge(route, call.params), Ok(None))
    }

    /// What authentication changed.
    async fn after_plain(&mut self, route: &Route) -> Flow {
        if route.spec.name == Close::NAME {
            self.goodbye = true;
            return Flow::Close(CloseReason::new(close::NORMAL, "goodbye"));
        }
        if ![Auth::NAME, Resume::NAME].contains(&route.spec.name) {
            return Flow::Continue;
        }
        self.recognise();
        match self.session().identity().failures() {
            0 => Flow::Continue,
            failures if failures >= self.core.limits.auth_failures => Flow::Close(
                CloseReason::new(close::POLICY, "too many failed authentications"),
            ),
            failures if failures > self.auth_failures => {
                self.auth_failures = failures;
                // The answer is on its way; the next guess waits.
                tokio::time::sleep(self.core.limits.auth_failure_delay).await;
                Flow::Continue
            }
            _ => Flow::Continue,
        }
    }

    /// Begins the call beside the read loop.
    pub(super) fn start(&self, route: &Arc<Route>, call: &Call<'_>, mut responder: Responder) {
        let Ready {
            prepared,
            span,
            share,
        } = match self.prepare(route, call, &mut responder) {
            Ok(ready) => ready,
            Err(error) => return responder.error(&error),
        };
        let asking = match self.judge(route, call.params) {
            Ok(Some(asking)) => asking,
            Ok(None) => {
                let served = async move {
                    let _share = share;
                    prepared(responder).await;
                };
                return self.begin(route, served.instrument(span));
            }
            Err(error) => return responder.error(&error),
        };
        match self.ask(route, call, responder.id().clone(), &asking, None) {
            Ok(verdict) => {
                let (edited, cx, core) =
                    (Arc::clone(route), self.cx.clone(), Arc::clone(&self.core));
                let parked = async move {
                    let _share = share;
                    let prepared = match verdict.await {
                        Ok(None) => Ok(prepared),
                        // What a person put in its place is refused like anything else.
                        Ok(Some(params)) => taken(&core, &cx, &edited, &params),
                        Err(error) => Err(error),
                    };
                    match prepared {
                        Ok(prepared) => prepared(responder).await,
                        Err(error) => responder.error(&error),
                    }
                };
                self.begin(route, parked.instrument(span));
            }
            Err(error) => responder.error(&error),
        }
    }

    pub(super) fn begin(&self, route: &Route, call: impl Future<Output = ()> + Send + 'static) {
        let session = self.session();
        if route.lasting {
            session.begin_lasting(call, session.engine().wind_down());
        } else {
            session.begin(call);
        }
    }

    /// Reads the params of a call that a task will serve, and takes it on if it may be.
    pub(super) fn prepare(
        &self,
        route: &Arc<Route>,
        call: &Call<'_>,
        responder: &mut Responder,
    ) -> Result<Ready, RpcError> {
        let traced = self.cx.traced(call.params);
        let cx = traced.as_ref().unwrap_or(&self.cx);
        let prepared = (route.prepare)(cx, call.params)?;
        if route.spec.provided && !self.core.has_provider(route.spec.name) {
            let message = format!("no connected host provides {}", route.spec.name);
            return Err(RpcError::domain(kind::UNAVAILABLE, message).retryable());
        }
        responder.hold(call.bytes).map_err(|Overloaded { limit }| {
            let message = "the requests under way on this connection are too big together";
            RpcError::overloaded(message, limit as u64)
        })?;
        let share = self.account.take(Resource::Calls);
        Ok(Ready {
            prepared,
            span: cx.span(route.spec.name),
            share: share.map_err(|full| over_quota(&full))?,
        })
    }

    /// Has the call wait for a person. The connection goes on working. The answer is what it runs with instead of its
    /// params, where a person said so.
    pub(super) fn ask(
        &self,
        route: &Arc<Route>,
        call: &Call<'_>,
        id: Id,
        asking: &Asking,
        key: Option<&IdempotencyKey>,
    ) -> Result<
        impl Future<Output = Result<Option<Box<RawValue>>, RpcError>> + Send + use<>,
        RpcError,
    > {
        let limit = self.core.limits.parked_approvals;
        let parked = Parked::new(&self.parked, limit).ok_or_else(|| {
            let message = "too many calls of this connection wait for a person";
            RpcError::overloaded(message, limit as u64)
        })?;
        let identity = self.session().identity().get();
        let mut question = question(
            route.spec.name,
            call.params,
            &identity,
            self.core.state.gate(),
            asking,
            &Speaking::of(self.core.state.host(), &identity),
            key,
        )?;
        question.edits = Some(editable(&self.core, &self.cx, route));
        let approvals = Arc::clone(self.core.state.approvals());
        let over = self.session().cancellation().clone();
        let method = route.spec.name;
        Ok(async move {
            let asked = approvals.ask(&identity, question);
            // Nothing has begun that would need time to end.
            let Some(verdict) = over.run_until_cancelled(asked).await else {
                let message = "the session ended before anybody decided";
                return Err(RpcError::domain(kind::SESSION_ENDED, message).retryable());
            };
            drop(parked);
            match verdict {
                Ok(verdict) => agreed(method, verdict),
                Err(error) => {
                    let mut error = Failure::from(error).into_error(&id);
                    error.code = code::APPROVAL_REFUSED;
                    Err(error)
                }
            }
        })
    }
}

/// A call that a task will serve.
pub(super) struct Ready {
    pub(super) prepared: Prepared,
    pub(super) span: Span,
    /// Its place among those of its identity, to be kept until it has ended.
    pub(super) share: Share,
}

/// Whether this is a call that may have a key. It costs nothing where the method changes nothing, and one look at the text
/// where it does.
pub(super) fn may_have_key(
    route: &Route,
    params: Option<&RawValue>,
    meta: Option<&RawValue>,
) -> bool {
    // What is about a connection itself is never done for another one.
    let open = route.spec.access == Access::Open;
    route.spec.mutates && !open && IdempotencyKey::may_be_in(params, meta)
}
