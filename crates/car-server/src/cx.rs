//! What a handler knows of its call.

use std::sync::Arc;

use car_protocol::trace::TraceParent;
use car_state::identity::{Identity, SessionId};
use car_state::session::ClientSession;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;
use tracing::Span;

/// The context of a call: who asks, and until when an answer is of use.
///
/// It does not lead to any store: a handler has what its routes were given.
#[derive(Clone, Debug)]
pub struct Cx {
    session: Arc<ClientSession>,
    trace: Option<TraceParent>,
}

impl Cx {
    pub(crate) fn new(session: Arc<ClientSession>) -> Self {
        Self {
            session,
            trace: None,
        }
    }

    /// The context of the call with these params, where they name a trace.
    pub(crate) fn traced(&self, params: Option<&RawValue>) -> Option<Self> {
        match TraceParent::of_params(params?)? {
            Ok(trace) => Some(Self {
                session: Arc::clone(&self.session),
                trace: Some(trace),
            }),
            Err(error) => {
                tracing::debug!(session = %self.session.id(), %error, "a trace is ignored");
                None
            }
        }
    }

    /// Where what is logged while `method` is served belongs.
    pub(crate) fn span(&self, method: &'static str) -> Span {
        match self.trace {
            Some(trace) => {
                let (session, trace_id) = (self.session.id(), trace.trace_id());
                tracing::info_span!("call", method, %session, %trace_id)
            }
            None => Span::none(),
        }
    }

    pub(crate) fn session(&self) -> &Arc<ClientSession> {
        &self.session
    }

    /// The session that asks.
    #[must_use]
    pub fn session_id(&self) -> &SessionId {
        self.session.id()
    }

    /// Who the session speaks for.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.session.identity().get()
    }

    /// The trace that the call is a step of, where it named one. A plain handler is done too soon to be a step and
    /// is told none.
    #[must_use]
    pub fn trace(&self) -> Option<TraceParent> {
        self.trace
    }

    /// Cancelled when the session ends.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        self.session.cancellation()
    }
}
