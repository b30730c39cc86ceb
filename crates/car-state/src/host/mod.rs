//! The host plane: what a person's screens see and decide.

mod agents;
mod bounds;
mod publish;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::events::Cursor;
use car_protocol::rpc::host::{
    HostAgent, HostAgentStatus, HostApproval, HostEvent, NotifyParams, RegisterAgentParams,
    RequestApprovalParams, SetStatusParams,
};
use parking_lot::Mutex;
use serde_json::Value;
use thiserror::Error;
use tokio::time::timeout;

pub use agents::{AgentError, AgentTable, MAX_AGENTS};
pub use bounds::{MAX_ATTACHMENT, MAX_TEXT};

use crate::approval::{
    ApprovalDesk, ApprovalError, Asked, Decision, Resolved, Ticket, default_options,
};
use crate::clock::{Clock, IdSource};
use crate::identity::{Identity, SessionId};
use crate::log::{EventLog, HOST, LogError, StreamName};

/// How many events `host.events` answers with at most.
pub const MAX_EVENTS: usize = 500;

/// Agents, approvals and the stream `host`, for all sessions.
#[derive(Debug)]
pub struct HostPlane {
    tables: Mutex<Tables>,
    log: Arc<dyn EventLog>,
    stream: StreamName,
    /// The number of the newest event that was appended here.
    published: AtomicU64,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

#[derive(Debug, Default)]
struct Tables {
    agents: AgentTable,
    desk: ApprovalDesk,
    listening: HashSet<SessionId>,
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

/// How a gated call's question ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// A person agrees.
    Approved,
    /// A person does not.
    Denied(String),
    /// Nobody decided in time.
    TimedOut,
}

impl HostPlane {
    /// An empty host plane that logs to `log`.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self {
            tables: Mutex::default(),
            log,
            stream: StreamName::single(&HOST),
            published: AtomicU64::new(0),
            clock,
            ids,
        }
    }

    /// The stream that everything here is published on.
    #[must_use]
    pub fn stream(&self) -> &StreamName {
        &self.stream
    }

    /// All there is. What is published later has a number beyond the view's cursor.
    ///
    /// # Errors
    /// [`HostError::Log`].
    pub fn view(&self, events: usize) -> Result<HostView, HostError> {
        // The place is taken first: a row may then be newer than it, an event never older and missing.
        let cursor = self.log.head(&self.stream);
        let (agents, approvals) = {
            let tables = self.tables.lock();
            (tables.agents.list(), tables.desk.list())
        };
        Ok(HostView {
            agents,
            approvals,
            events: self.events_until(cursor, events)?,
            cursor,
        })
    }

    /// The agents, by name.
    #[must_use]
    pub fn agents(&self) -> Vec<HostAgent> {
        self.tables.lock().agents.list()
    }

    /// The approvals, newest first.
    #[must_use]
    pub fn approvals(&self) -> Vec<HostApproval> {
        self.tables.lock().desk.list()
    }

    /// How many agents there are, and how many approvals wait.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let tables = self.tables.lock();
        (tables.agents.len(), tables.desk.pending())
    }

    /// Whether this session registered the agent.
    #[must_use]
    pub fn owns_agent(&self, session: &SessionId, agent: &str) -> bool {
        self.tables.lock().agents.is_owned(agent, session)
    }

    /// The session that registered the agent.
    #[must_use]
    pub fn owner_of(&self, agent: &str) -> Option<SessionId> {
        self.tables.lock().agents.owner_of(agent)
    }

    /// Notes that a session hears host events: wishes about its approvals are passed on to it.
    pub fn listen(&self, session: &SessionId) {
        self.tables.lock().listening.insert(session.clone());
    }

    /// Ends all that a session has here.
    pub fn leave(&self, session: &SessionId) {
        let at = self.clock.now();
        let (ended, released) = {
            let mut tables = self.tables.lock();
            tables.listening.remove(session);
            (
                tables.desk.end_raised_by(session, None, "agent_gone", at),
                tables.agents.release(session),
            )
        };
        self.publish_resolved(&ended);
        for agent in &released {
            self.publish_or_log(
                "agent.unregistered",
                Some(&agent.id),
                "the agent's session has ended",
                agent,
            );
        }
    }

    /// Registers an agent of `owner`.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn register_agent(
        &self,
        owner: &SessionId,
        params: RegisterAgentParams,
    ) -> Result<HostAgent, HostError> {
        bounds::registration(&params)?;
        self.admits()?;
        let id = params
            .id
            .clone()
            .unwrap_or_else(|| self.ids.prefixed("agent"));
        let at = self.clock.now();
        let agent = self.tables.lock().agents.register(id, params, owner, at)?;
        self.publish(
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
        self.admits()?;
        let at = self.clock.now();
        let (agent, ended) = {
            let mut tables = self.tables.lock();
            let agent = tables.agents.unregister(id, owner)?;
            (
                agent,
                tables.desk.end_raised_by(owner, Some(id), "agent_gone", at),
            )
        };
        self.publish_resolved(&ended);
        self.publish(
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
        self.admits()?;
        let at = self.clock.now();
        let agent = self
            .tables
            .lock()
            .agents
            .update(&params.agent_id, owner, at, |row| {
                row.status = params.status;
                row.current_task = params.current_task;
            })?;
        let message = params.message.unwrap_or_default();
        match params.payload.filter(|payload| !payload.is_null()) {
            Some(payload) => {
                self.publish("agent.status_changed", Some(&agent.id), &message, &payload)?
            }
            None => self.publish("agent.status_changed", Some(&agent.id), &message, &agent)?,
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
        self.admits()?;
        let message = params.message.unwrap_or_default();
        self.publish(
            &kind,
            params.agent_id.as_deref(),
            &message,
            &params.payload.unwrap_or_default(),
        )
    }

    /// Raises a question of a client; it does not wait.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn request_approval(
        &self,
        owner: &SessionId,
        mut params: RequestApprovalParams,
    ) -> Result<HostApproval, HostError> {
        let options = params
            .options
            .take()
            .filter(|options| !options.is_empty())
            .unwrap_or_else(default_options);
        bounds::question(&params, &options)?;
        self.admits()?;
        let at = self.clock.now();
        let asked = Asked {
            id: self.ids.prefixed("approval"),
            action: params.action,
            agent_id: params.agent_id,
            details: params.details.unwrap_or_default(),
            options,
            at,
            expires_at: None,
        };
        let owned_by = (!params.system_level.unwrap_or(false)).then_some(owner);
        let agent_id = asked.agent_id.clone();
        let (approval, waiting) = {
            let mut tables = self.tables.lock();
            let approval = tables.desk.ask_for_client(asked, owned_by)?;
            let set_waiting =
                |row: &mut HostAgent| row.status = HostAgentStatus::WaitingForApproval;
            // Best effort, as on the wire: the agent may not be here, or not be the caller's.
            let waiting =
                agent_id.and_then(|id| tables.agents.update(&id, owner, at, set_waiting).ok());
            (approval, waiting)
        };
        self.publish_requested(&approval)?;
        if let Some(agent) = waiting {
            self.publish(
                "agent.status_changed",
                Some(&agent.id),
                "waiting for approval",
                &agent,
            )?;
        }
        Ok(approval)
    }

    /// Asks a person about a gated call and waits. Whoever stops waiting withdraws the question.
    ///
    /// # Errors
    /// [`HostError`].
    pub async fn ask(
        self: &Arc<Self>,
        by: &Identity,
        action: String,
        details: Value,
        wait: Duration,
    ) -> Result<Verdict, HostError> {
        self.admits()?;
        let at = self.clock.now();
        let expires = at
            .unix_millis()
            .saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        let asked = Asked {
            id: self.ids.prefixed("approval"),
            action,
            agent_id: by.agent().map(ToString::to_string),
            details,
            options: default_options(),
            at,
            expires_at: Some(Timestamp::from_unix_millis(expires)),
        };
        let (approval, ticket) = self.tables.lock().desk.ask_for_call(asked, by)?;
        let mut question = Question {
            plane: self,
            ticket,
        };
        self.publish_requested(&approval)?;
        let decided = match timeout(wait, &mut question.ticket.decision).await {
            Ok(decided) => decided.ok(),
            Err(_) if question.end("expired") => return Ok(Verdict::TimedOut),
            // Somebody was told just now that the decision is taken, so it counts.
            Err(_) => question.ticket.decision.try_recv().ok(),
        };
        Ok(match decided {
            Some(Decision::Approved) => Verdict::Approved,
            Some(Decision::Denied(resolution)) => Verdict::Denied(resolution),
            None => Verdict::Denied("withdrawn".to_owned()),
        })
    }

    /// Decides an approval, or passes the wish on to its owner.
    ///
    /// # Errors
    /// [`HostError::Approval`].
    pub fn resolve_approval(
        &self,
        by: &Identity,
        id: &str,
        resolution: &str,
    ) -> Result<HostApproval, HostError> {
        self.admits()?;
        let at = self.clock.now();
        let resolved = {
            let mut tables = self.tables.lock();
            let Tables {
                desk, listening, ..
            } = &mut *tables;
            desk.resolve(
                id,
                resolution,
                by,
                &|session| listening.contains(session),
                at,
            )?
        };
        match resolved {
            Resolved::Decided(approval) => {
                self.publish_resolved(std::slice::from_ref(&approval));
                Ok(approval)
            }
            Resolved::PassedOn(approval, wish) => {
                let agent = approval.agent_id.as_deref();
                self.publish(
                    "approval.resolve_requested",
                    agent,
                    "somebody would like to decide",
                    &wish,
                )?;
                Ok(approval)
            }
        }
    }
}

/// A pending question; dropping it while it is pending withdraws it.
struct Question<'a> {
    plane: &'a Arc<HostPlane>,
    ticket: Ticket,
}

impl Question<'_> {
    /// Ends the question; `false` when it had ended already.
    fn end(&self, resolution: &str) -> bool {
        let at = self.plane.clock.now();
        let ended = self
            .plane
            .tables
            .lock()
            .desk
            .end(&self.ticket.id, resolution, at);
        self.plane.publish_resolved(ended.as_slice());
        ended.is_some()
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.end("withdrawn");
    }
}
