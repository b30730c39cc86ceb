use std::collections::HashMap;

use car_protocol::Timestamp;
use car_protocol::rpc::host::{HostAgent, HostAgentStatus, RegisterAgentParams};
use thiserror::Error;

use crate::identity::SessionId;

/// How many host agents there may be.
pub const MAX_AGENTS: usize = 1_000;

/// The host agents: a table without a lock or anybody to tell. An agent belongs to the session that registered it and
/// ends with it.
#[derive(Debug, Default)]
pub struct AgentTable {
    rows: HashMap<String, HostAgent>,
}

/// Why an agent is not registered or changed.
#[derive(Debug, Error, Eq, PartialEq)]
#[non_exhaustive]
pub enum AgentError {
    /// No agent has this id.
    #[error("no host agent has the id {0}")]
    Unknown(String),
    /// It belongs to another session.
    #[error("host agent {0} is owned by another session")]
    NotOwner(String),
    /// There are too many.
    #[error("there are {limit} host agents already")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
}

impl AgentTable {
    /// Adds an agent, or replaces the caller's own of the same id.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn register(
        &mut self,
        id: String,
        params: RegisterAgentParams,
        owner: &SessionId,
        at: Timestamp,
    ) -> Result<HostAgent, AgentError> {
        match self.rows.get(&id) {
            Some(row) if row.session_id.as_deref() != Some(owner.as_str()) => {
                return Err(AgentError::NotOwner(id));
            }
            None if self.rows.len() >= MAX_AGENTS => {
                return Err(AgentError::TooMany { limit: MAX_AGENTS });
            }
            _ => {}
        }
        let agent = HostAgent {
            id,
            name: params.name,
            kind: params.kind.unwrap_or_default(),
            capabilities: params.capabilities.unwrap_or_default(),
            project: params.project,
            session_id: Some(owner.to_string()),
            status: HostAgentStatus::Idle,
            current_task: None,
            pid: params.pid,
            display: params.display.unwrap_or_default(),
            updated_at: at,
            metadata: params.metadata.unwrap_or_default(),
        };
        self.rows.insert(agent.id.clone(), agent.clone());
        Ok(agent)
    }

    /// Changes an agent of `owner`.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn update(
        &mut self,
        id: &str,
        owner: &SessionId,
        at: Timestamp,
        change: impl FnOnce(&mut HostAgent),
    ) -> Result<HostAgent, AgentError> {
        let row = self
            .rows
            .get_mut(id)
            .ok_or_else(|| AgentError::Unknown(id.to_owned()))?;
        if row.session_id.as_deref() != Some(owner.as_str()) {
            return Err(AgentError::NotOwner(id.to_owned()));
        }
        change(row);
        row.updated_at = at;
        Ok(row.clone())
    }

    /// Removes an agent of `owner`.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn unregister(&mut self, id: &str, owner: &SessionId) -> Result<HostAgent, AgentError> {
        let row = self
            .rows
            .get(id)
            .ok_or_else(|| AgentError::Unknown(id.to_owned()))?;
        if row.session_id.as_deref() != Some(owner.as_str()) {
            return Err(AgentError::NotOwner(id.to_owned()));
        }
        self.rows
            .remove(id)
            .ok_or_else(|| AgentError::Unknown(id.to_owned()))
    }

    /// Removes all agents of `owner`, by id.
    pub fn release(&mut self, owner: &SessionId) -> Vec<HostAgent> {
        let mut released = Vec::new();
        self.rows.retain(|_, row| {
            let stays = row.session_id.as_deref() != Some(owner.as_str());
            if !stays {
                released.push(row.clone());
            }
            stays
        });
        released.sort_by(|a, b| a.id.cmp(&b.id));
        released
    }

    /// Whether the agent is there and is `owner`'s.
    #[must_use]
    pub fn is_owned(&self, id: &str, owner: &SessionId) -> bool {
        let row = self.rows.get(id);
        row.is_some_and(|row| row.session_id.as_deref() == Some(owner.as_str()))
    }

    /// Whose the agent is.
    #[must_use]
    pub fn owner_of(&self, id: &str) -> Option<SessionId> {
        let owner = self.rows.get(id)?.session_id.as_deref()?;
        Some(SessionId::new(owner))
    }

    /// All agents, by name, then id.
    #[must_use]
    pub fn list(&self) -> Vec<HostAgent> {
        let mut rows: Vec<HostAgent> = self.rows.values().cloned().collect();
        rows.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        rows
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
