//! Who a session speaks for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

pub use car_protocol::rpc::session::Role;
use parking_lot::{Mutex, RwLock};

pub use crate::agents::AgentId;
use crate::quota::{Account, Share};
use crate::text_id::text_ids;

text_ids! {
    /// The id of a session, chosen by the daemon: 12 hex digits.
    SessionId;
}

/// The credential that a session presented. Two sessions with the same credential are the same principal; without
/// authentication every session is a principal of its own.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Principal {
    /// No credential.
    Anonymous(SessionId),
    /// The client token.
    Client,
    /// The host token.
    Host,
    /// The token of this agent.
    Agent(AgentId),
}

impl Principal {
    /// The one that is written so.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        match text.split_once('/') {
            None if text == "client" => Some(Self::Client),
            None if text == "host" => Some(Self::Host),
            Some(("anonymous", session)) => Some(Self::Anonymous(SessionId::new(session))),
            Some(("agent", agent)) => agent.parse().ok().map(Self::Agent),
            _ => None,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous(session) => write!(f, "anonymous/{session}"),
            Self::Client => f.write_str("client"),
            Self::Host => f.write_str("host"),
            Self::Agent(agent) => write!(f, "agent/{agent}"),
        }
    }
}

/// What a session is known as.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The session.
    pub session: SessionId,
    /// The credential.
    pub principal: Principal,
    /// What the credential allows.
    pub role: Role,
    /// Whether credentials are asked for at all.
    pub auth_enabled: bool,
}

impl Identity {
    /// The agent that the session speaks for by its credential.
    #[must_use]
    pub fn agent(&self) -> Option<&AgentId> {
        match &self.principal {
            Principal::Agent(agent) => Some(agent),
            _ => None,
        }
    }
}

/// The identity of a live session, which authentication changes.
#[derive(Debug)]
pub struct IdentityCell {
    identity: RwLock<Identity>,
    /// Beside the lock, because every request looks at it.
    authenticated: AtomicBool,
    failures: AtomicU32,
    /// The session's place among those of its identity.
    share: Mutex<Option<Share>>,
}

impl IdentityCell {
    /// An identity; authenticated from the start where no credential is asked for.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self {
            authenticated: AtomicBool::new(!identity.auth_enabled),
            identity: RwLock::new(identity),
            failures: AtomicU32::new(0),
            share: Mutex::default(),
        }
    }

    /// The identity now.
    #[must_use]
    pub fn get(&self) -> Identity {
        self.identity.read().clone()
    }

    /// What the credential allows.
    #[must_use]
    pub fn role(&self) -> Role {
        self.identity.read().role
    }

    /// Whether a credential was presented, or none is asked for.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.authenticated.load(Ordering::Acquire)
    }

    /// Notes the credential that was presented.
    pub fn authenticate(&self, principal: Principal, role: Role) {
        let mut identity = self.identity.write();
        identity.principal = principal;
        identity.role = role;
        self.authenticated.store(true, Ordering::Release);
    }

    /// Keeps the session's place among those of its identity.
    pub(crate) fn hold(&self, share: Share) {
        let before = self.share.lock().replace(share);
        drop(before);
    }

    /// Whether the session is counted for this identity.
    pub(crate) fn share_of(&self, account: &Arc<Account>) -> bool {
        let share = self.share.lock();
        share
            .as_ref()
            .is_some_and(|share| Arc::ptr_eq(share.account(), account))
    }

    /// Notes a credential that was wrong.
    pub fn refuse(&self) {
        self.failures.fetch_add(1, Ordering::AcqRel);
    }

    /// How many credentials were wrong.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_principal_is_read_as_it_is_written() {
        let agent = "scout".parse().unwrap();
        for principal in [
            Principal::Anonymous(SessionId::new("0a1b2c3d4e5f")),
            Principal::Client,
            Principal::Host,
            Principal::Agent(agent),
        ] {
            assert_eq!(Principal::named(&principal.to_string()), Some(principal));
        }
        for text in [
            "", "anybody", "agent", "agent/", "agent/..", "host/x", "client/",
        ] {
            assert_eq!(Principal::named(text), None, "{text}");
        }
    }
}
