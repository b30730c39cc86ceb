//! The host plane: what a person's screens see and decide.

mod agents;
mod bounds;
mod notes;
#[cfg(feature = "sqlite")]
pub(crate) mod schema;
mod stream;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use car_protocol::rpc::events::Cursor;
use car_protocol::rpc::host::{
    ApprovalStatus, HostAgent, HostAgentStatus, HostApproval, HostEvent, NotifyParams,
    RegisterAgentParams, RequestApprovalParams, SetStatusParams,
};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Value, json};
use thiserror::Error;

pub use agents::{AgentError, AgentTable, MAX_AGENTS};
pub use bounds::{MAX_ATTACHMENT, MAX_TEXT};
#[cfg(feature = "sqlite")]
pub(crate) use notes::SqliteAgentNotes;
pub(crate) use notes::{AgentNotes, NoAgentNotes};
pub use stream::HostStream;

use crate::approval::{
    ApprovalError, Approvals, ClientQuestion, Decided, Decision, Raising, default_options,
};
use crate::clock::IdSource;
use crate::identity::{Identity, SessionId};
use crate::log::{LogError, Settled, SnapshotSource, StreamName};
use crate::session::{ClientSession, SessionRegistry};

/// How many events `host.events` answers with at most.
pub const MAX_EVENTS: usize = 500;

/// Agents and the stream `host`, for all sessions; what waits for people is told here, too.
#[derive(Debug)]
pub struct HostPlane {
    agents: Mutex<AgentTable>,
    /// The sessions that hear host events: wishes about what they own are passed on to them.
    listening: Mutex<HashSet<SessionId>>,
    approvals: Arc<Approvals>,
    stream: Arc<HostStream>,
    sessions: Arc<SessionRegistry>,
    notes: Arc<dyn AgentNotes>,
    ids: Arc<dyn IdSource>,
}

/// What a [`HostPlane`] is made of.
#[derive(Debug)]
pub(crate) struct HostParts {
    pub(crate) approvals: Arc<Approvals>,
    pub(crate) stream: Arc<HostStream>,
    pub(crate) sessions: Arc<SessionRegistry>,
    pub(crate) notes: Arc<dyn AgentNotes>,
    pub(crate) ids: Arc<dyn IdSource>,
}

/// What the host plane refuses.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HostError {
    /// About an agent.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// About an approval.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The event cannot be logged.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The kind of an event is the daemon's own.
    #[error("events of the kind {0} are the daemon's own")]
    ReservedKind(String),
    /// A parameter is out of bounds.
    #[error("{field} is {what}")]
    Bounds {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        what: String,
        /// The bound.
        limit: usize,
    },
}

/// All there is, and where the stream goes on from it.
#[derive(Debug)]
pub struct HostView {
    /// By name.
    pub agents: Vec<HostAgent>,
    /// Newest first.
    pub approvals: Vec<HostApproval>,
    /// Newest first.
    pub events: Vec<HostEvent>,
    /// The last event that is included.
    pub cursor: Cursor,
}

/// A client's question that is raised.
pub enum Raised {
    /// It is recorded and shown.
    Now(Box<HostApproval>),
    /// Ready when it is.
    Later(BoxFuture<'static, Result<HostApproval, HostError>>),
}

impl fmt::Debug for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(row) => f.debug_tuple("Now").field(row).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

impl HostPlane {
    /// A host plane without agents. Those that an earlier process told of are said to be gone.
    ///
    /// # Errors
    /// It cannot be read which they are.
    pub(crate) fn open(parts: HostParts) -> Result<Self, LogError> {
        for agent in parts.notes.take_all()? {
            parts.stream.publish_or_log(
                "agent.unregistered",
                Some(&agent.id),
                "the daemon was started anew",
                &agent,
            );
        }
        Ok(Self {
            agents: Mutex::default(),
            listening: Mutex::default(),
            approvals: parts.approvals,
            stream: parts.stream,
            sessions: parts.sessions,
            notes: parts.notes,
            ids: parts.ids,
        })
    }

    /// The stream that everything here is published on.
    #[must_use]
    pub fn stream(&self) -> &StreamName {
        self.stream.name()
    }

    /// What waits for people.
    #[must_use]
    pub fn approvals(&self) -> &Arc<Approvals> {
        &self.approvals
    }

    /// All there is. What is published later has a number beyond the view's cursor.
    ///
    /// # Errors
    /// [`HostError::Log`].
    pub fn view(&self, events: usize) -> Result<HostView, HostError> {
        // The place is taken first: a row may then be newer than it, an event never older and missing.
        let cursor = self.stream.head();
        let (agents, approvals) = (self.agents(), self.approvals.list());
        Ok(HostView {
            agents,
            approvals,
            events: self.stream.events_until(cursor, events)?,
            cursor,
        })
    }

    /// The newest events, newest first.
    ///
    /// # Errors
    /// [`HostError::Log`], also when memory does not hold all of them: then [`fetch_events`](Self::fetch_events) does.
    pub fn events(&self, limit: usize) -> Result<Vec<HostEvent>, HostError> {
        Ok(self.stream.events(limit)?)
    }

    /// The newest events from wherever they are, newest first.
    ///
    /// # Errors
    /// [`HostError::Log`].
    pub async fn fetch_events(&self, limit: usize) -> Result<Vec<HostEvent>, HostError> {
        Ok(self.stream.fetch_events(limit).await?)
    }

    /// Ready when all that was published until now is visible and survives the process.
    pub fn settled(&self) -> Settled {
        self.stream.settled()
    }

    /// The agents, by name.
    #[must_use]
    pub fn agents(&self) -> Vec<HostAgent> {
        self.agents.lock().list()
    }

    /// How many agents there are, and how many approvals wait.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let agents = self.agents.lock().len();
        (agents, self.approvals.pending())
    }

    /// Whether this session registered the agent.
    #[must_use]
    pub fn owns_agent(&self, session: &SessionId, agent: &str) -> bool {
        self.agents.lock().is_owned(agent, session)
    }

    /// The session that registered the agent.
    #[must_use]
    pub fn owner_of(&self, agent: &str) -> Option<SessionId> {
        self.agents.lock().owner_of(agent)
    }

    /// Notes that a session may have begun to hear host events, or may decide more than before.
    pub fn heed(&self, session: &ClientSession) {
        if session.hears(self.stream.name()) {
            self.listening.lock().insert(session.id().clone());
            self.approvals.look();
        }
    }

    /// Ends all that a session has here.
    pub fn leave(&self, session: &SessionId) {
        self.listening.lock().remove(session);
        let released = self.agents.lock().release(session);
        self.approvals.session_ended(session);
        for agent in &released {
            self.notes.gone(&agent.id);
            self.stream.publish_or_log(
                "agent.unregistered",
                Some(&agent.id),
                "the agent's session has ended",
                agent,
            );
        }
    }

    /// Registers an agent, or takes over one of the same credential whose session has no connection.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn register_agent(
        &self,
        by: &Identity,
        params: RegisterAgentParams,
    ) -> Result<HostAgent, HostError> {
        bounds::registration(&params)?;
        self.stream.admits()?;
        let id = params
            .id
            .clone()
            .unwrap_or_else(|| self.ids.prefixed("agent"));
        let at = self.stream.now();
        let before = self.agents.lock().owner(&id);
        let away = before.filter(|before| {
            let session = self.sessions.get(before);
            session.is_none_or(|session| session.link().channel().is_none())
        });
        let mut agents = self.agents.lock();
        let agent = agents.register(id, params, by, away.as_ref(), at)?;
        drop(agents);
        self.notes.here(&agent);
        self.stream.publish(
            "agent.registered",
            Some(&agent.id),
            &format!("{} is here", agent.name),
            &agent,
        )?;
        Ok(agent)
    }

    /// Removes an agent of `owner`, with the approvals that were raised for it.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn unregister_agent(&self, owner: &SessionId, id: &str) -> Result<(), HostError> {
        self.stream.admits()?;
        let agent = self.agents.lock().unregister(id, owner)?;
        self.approvals.agent_gone(owner, id);
        self.notes.gone(id);
        self.stream.publish(
            "agent.unregistered",
            Some(id),
            &format!("{} is gone", agent.name),
            &agent,
        )?;
        Ok(())
    }

    /// Sets what an agent of `owner` is doing.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn set_status(
        &self,
        owner: &SessionId,
        params: SetStatusParams,
    ) -> Result<HostAgent, HostError> {
        bounds::status(&params)?;
        self.stream.admits()?;
        let at = self.stream.now();
        let agent = self
            .agents
            .lock()
            .update(&params.agent_id, owner, at, |row| {
                row.status = params.status;
                row.current_task = params.current_task;
            })?;
        let message = params.message.unwrap_or_default();
        match params.payload.filter(|payload| !payload.is_null()) {
            Some(payload) => {
                self.stream
                    .publish("agent.status_changed", Some(&agent.id), &message, &payload)?
            }
            None => {
                self.stream
                    .publish("agent.status_changed", Some(&agent.id), &message, &agent)?
            }
        };
        Ok(agent)
    }

    /// Publishes what a client tells.
    ///
    /// # Errors
    /// [`HostError::ReservedKind`] and others.
    pub fn notify(&self, params: NotifyParams) -> Result<HostEvent, HostError> {
        let kind = params
            .kind
            .unwrap_or_else(|| "host.notification".to_owned());
        bounds::kind(&kind)?;
        bounds::told(
            params.agent_id.as_deref(),
            params.message.as_deref(),
            params.payload.as_ref(),
        )?;
        self.stream.admits()?;
        let message = params.message.unwrap_or_default();
        let payload = params.payload.unwrap_or_default();
        Ok(self
            .stream
            .publish_said(kind, params.agent_id, message, payload)?)
    }

    /// Raises a question of a client; it does not wait for the answer. Ready when the question is recorded.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn request_approval(
        self: &Arc<Self>,
        by: &Identity,
        mut params: RequestApprovalParams,
    ) -> Result<Raised, HostError> {
        let options = params
            .options
            .take()
            .filter(|options| !options.is_empty())
            .unwrap_or_else(default_options);
        bounds::question(&params, &options)?;
        let agent_id = params.agent_id.clone();
        let raised = self.approvals.raise(
            by,
            ClientQuestion {
                action: params.action,
                agent_id: params.agent_id,
                details: params.details.unwrap_or_default(),
                options,
                anybodys: params.system_level.unwrap_or(false),
            },
        )?;
        let (plane, session) = (Arc::clone(self), by.session.clone());
        let waits = move || {
            // Best effort, as on the wire: the agent may not be here, or not be the caller's.
            if let Some(agent) = agent_id {
                plane.set_waiting(&agent, &session);
            }
        };
        Ok(match raised {
            Raising::Now(row) => {
                waits();
                Raised::Now(Box::new(row.brief()))
            }
            Raising::Later(recorded) => Raised::Later(
                async move {
                    let row = recorded.await?;
                    waits();
                    Ok(row.brief())
                }
                .boxed(),
            ),
        })
    }

    fn set_waiting(&self, agent: &str, session: &SessionId) {
        let at = self.stream.now();
        let waits = |row: &mut HostAgent| row.status = HostAgentStatus::WaitingForApproval;
        let waiting = self.agents.lock().update(agent, session, at, waits);
        if let Ok(agent) = waiting {
            self.stream.publish_or_log(
                "agent.status_changed",
                Some(&agent.id),
                "waiting for approval",
                &agent,
            );
        }
    }

    /// Decides an approval, or passes the wish on to its owner.
    pub fn decide(self: &Arc<Self>, by: &Identity, id: &str, decision: Decision) -> Decided {
        if let Err(error) = self.stream.admits() {
            return Decided::Now(Err(error.into()));
        }
        let owner = self.approvals.owner(id);
        let listens = owner.is_some_and(|owner| self.listening.lock().contains(&owner));
        let decided = self.approvals.decide(by, id, decision, listens);
        if let Decided::PassedOn(approval, wish) = &decided {
            self.stream.publish_or_log(
                "approval.resolve_requested",
                approval.agent_id.as_deref(),
                "somebody would like to decide",
                wish,
            );
        }
        decided
    }
}

impl SnapshotSource for HostPlane {
    fn snapshot(&self, stream: &StreamName) -> Option<(Cursor, Value)> {
        if stream != self.stream.name() {
            return None;
        }
        // The place is taken first: a row may then be newer than it, an event never older and missing.
        let cursor = self.stream.head();
        let (agents, mut approvals) = (self.agents(), self.approvals.list());
        approvals.retain(|approval| approval.status == ApprovalStatus::Pending);
        Some((cursor, json!({ "agents": agents, "approvals": approvals })))
    }
}
