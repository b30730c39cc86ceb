//! Opens sessions, each with its own state, tools, policies and engine.

use std::sync::Arc;

use super::ServerState;
use crate::callbacks::Callbacks;
use crate::engine::{Engine, EngineParts};
use crate::host::HostPlane;
use crate::identity::{Identity, IdentityCell, Principal, Role, SessionId};
use crate::log::{SESSION, StreamName};
use crate::memgine::SessionMemory;
use crate::policy::{Agents, PolicyBook};
use crate::results::SessionResults;
use crate::session::{ClientSession, Link, Parts, SessionJournal};
use crate::store::StateStore;
use crate::tool_table::ToolTable;
use crate::tools::{GatedExecutor, SessionDesk, WsToolExecutor};

/// The agents that a session registered.
#[derive(Debug)]
struct AgentsOf {
    host: Arc<HostPlane>,
    session: SessionId,
}

impl Agents for AgentsOf {
    fn speaks_for(&self, agent: &str) -> bool {
        self.host.owns_agent(&self.session, agent)
    }
}

impl ServerState {
    /// Opens a session for a client that is not known yet.
    #[must_use]
    pub fn open_session(&self, auth_enabled: bool) -> Arc<ClientSession> {
        let id = SessionId::new(&self.ids.hex12());
        self.open(IdentityCell::new(Identity {
            session: id.clone(),
            principal: Principal::Anonymous(id),
            role: Role::Client,
            auth_enabled,
        }))
    }

    /// Opens a session for a client that was known before.
    pub(crate) fn open_session_as(&self, identity: Identity) -> Arc<ClientSession> {
        let (principal, role) = (identity.principal.clone(), identity.role);
        let identity = IdentityCell::new(identity);
        identity.authenticate(principal, role);
        self.open(identity)
    }

    fn open(&self, identity: IdentityCell) -> Arc<ClientSession> {
        let (id, identity) = (identity.get().session, Arc::new(identity));
        let (link, callbacks) = (Arc::<Link>::default(), Arc::<Callbacks>::default());
        let stream = StreamName::owned(&SESSION, id.as_str());
        let state = Arc::new(StateStore::new(self.store));
        let tools = Arc::new(ToolTable::new());
        if !self.tools.is_empty() && tools.register(self.tools.clone()).is_err() {
            tracing::error!("the embedder's tools are refused though they were taken at the start");
        }
        let policies = PolicyBook::new(Arc::clone(&self.ids))
            .below(Arc::clone(&self.policies))
            .speaking_for(Arc::new(AgentsOf {
                host: Arc::clone(&self.host),
                session: id.clone(),
            }));
        let policies = Arc::new(policies);
        let executor = self.executor.clone().unwrap_or_else(|| {
            Arc::new(WsToolExecutor::new(
                id.clone(),
                Arc::clone(&link),
                Arc::clone(&callbacks),
            ))
        });
        let desk = SessionDesk::new(
            Arc::clone(&self.gate),
            Arc::clone(self.host.approvals()),
            Arc::clone(&identity),
            Arc::clone(&tools),
        );
        let (rules, host) = (Arc::clone(&self.rules), Arc::clone(&self.host));
        let desk = Arc::new(desk.under(rules, host, Arc::clone(&self.clock)));
        let gated = GatedExecutor::new(Arc::clone(&desk), executor);
        let journal = SessionJournal::new(
            Arc::clone(&self.log),
            id.clone(),
            stream.clone(),
            Arc::clone(&self.clock),
        );
        let engine = Engine::new(EngineParts {
            store: Arc::clone(&state),
            tools: Arc::clone(&tools),
            policies: Arc::clone(&policies),
            approver: desk,
            results: Arc::new(SessionResults::new(
                Arc::clone(&self.results),
                Arc::clone(&identity),
            )),
            executor: Arc::new(gated),
            journal: Arc::new(journal),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            limits: self.engine,
        });
        let memory = SessionMemory::new(Arc::clone(&self.memories), Arc::clone(&identity));
        ClientSession::new(Parts {
            id,
            identity,
            link,
            callbacks,
            state,
            tools,
            policies,
            engine: Arc::new(engine),
            memory: Arc::new(memory),
            log: Arc::clone(&self.log),
            stream,
            host: Arc::clone(&self.host),
            grants: Arc::clone(&self.grants),
            voice_desk: Arc::clone(&self.voice),
            seats: Arc::clone(&self.seats),
            chats: Arc::clone(&self.chats),
            registry: Arc::clone(&self.sessions),
            ledger: Arc::clone(&self.resumes),
        })
    }
}
