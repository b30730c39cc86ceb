//! What all connections of one daemon share.

use std::fmt;
use std::sync::Arc;

use car_state::server::ServerState;
use car_state::session::ClientSession;
use car_transport::Limits;
use tokio::time::timeout;

use crate::auth::Auth;
use crate::life::Life;
use crate::operations::Operations;
use crate::router::Router;

/// What all connections share.
pub(crate) struct Core {
    pub(crate) state: Arc<ServerState>,
    pub(crate) auth: Auth,
    pub(crate) limits: Limits,
    pub(crate) router: Router,
    pub(crate) life: Arc<Life>,
    pub(crate) operations: Arc<Operations>,
}

impl Core {
    /// Whether a connected host provides the method.
    pub(crate) fn has_provider(&self, method: &str) -> bool {
        self.state.providers().has(method)
    }

    /// Ready when the daemon stops and the session's calls have ended. Those that do not within the time to drain are
    /// ended, so that each of them is answered; proposals among them have time to undo what they did, with tools whose
    /// answers must be read meanwhile.
    pub(crate) async fn drained(&self, session: Arc<ClientSession>) {
        self.life.stopping().await;
        // In a box, since every connection holds room for what comes before it.
        Box::pin(async {
            let _ = timeout(self.limits.drain, session.idle()).await;
            session.cancel_calls();
            let patience = self.limits.close_deadline + session.engine().wind_down();
            let _ = timeout(patience, session.idle()).await;
        })
        .await;
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}
