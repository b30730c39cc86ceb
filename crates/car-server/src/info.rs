//! What the daemon says of itself.

use std::sync::Arc;

use car_protocol::rpc::server::ServerStatus;
use car_state::server::ServerState;

use crate::VERSION;
use crate::life::Life;

/// What `server.*` answers from.
#[derive(Debug)]
pub(crate) struct ServerInfo {
    state: Arc<ServerState>,
    life: Arc<Life>,
}

impl ServerInfo {
    pub(crate) fn new(state: &Arc<ServerState>, life: &Arc<Life>) -> Self {
        Self {
            state: Arc::clone(state),
            life: Arc::clone(life),
        }
    }

    /// The daemon as it is now.
    pub(crate) fn status(&self) -> ServerStatus {
        let sessions = self.state.sessions().all();
        let requests = sessions
            .iter()
            .filter_map(|session| Some(session.link().channel()?.requests()));
        let started_at = self.state.started_at();
        let uptime = self.state.clock().now().unix_millis() - started_at.unix_millis();
        let (host_agents, approvals_pending) = self.state.host().counts();
        ServerStatus {
            version: VERSION.to_owned(),
            pid: std::process::id(),
            started_at,
            uptime_ms: u64::try_from(uptime).unwrap_or_default(),
            connections: self.life.connections() as u64,
            sessions: sessions.len() as u64,
            requests_in_flight: requests.sum::<usize>() as u64,
            callbacks_open: sessions
                .iter()
                .map(|session| session.callbacks().len())
                .sum::<usize>() as u64,
            approvals_pending: approvals_pending as u64,
            host_agents: host_agents as u64,
            streams: self.state.log().streams() as u64,
            shutting_down: self.life.is_stopping(),
        }
    }

    /// Begins to stop the daemon.
    pub(crate) fn stop(&self) {
        self.life.stop();
    }
}
