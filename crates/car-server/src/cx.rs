//! What a handler knows of its call.

use std::sync::Arc;

use car_state::identity::{Identity, SessionId};
use car_state::session::ClientSession;
use tokio_util::sync::CancellationToken;

/// The context of a call: who asks, and until when an answer is of use.
///
/// It does not lead to any store: a handler has what its routes were given.
#[derive(Clone, Debug)]
pub struct Cx(Arc<ClientSession>);

impl Cx {
    pub(crate) fn new(session: Arc<ClientSession>) -> Self {
        Self(session)
    }

    pub(crate) fn session(&self) -> &Arc<ClientSession> {
        &self.0
    }

    /// The session that asks.
    #[must_use]
    pub fn session_id(&self) -> &SessionId {
        self.0.id()
    }

    /// Who the session speaks for.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.0.identity().get()
    }

    /// Cancelled when the session ends.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        self.0.cancellation()
    }
}
