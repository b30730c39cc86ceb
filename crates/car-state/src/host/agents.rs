use std::collections::HashMap;

use car_protocol::Timestamp;
use car_protocol::rpc::host::{HostAgent, HostAgentStatus, RegisterAgentParams};
use thiserror::Error;

use crate::identity::{Identity, Principal, SessionId};

/// How many host agents there may be.
pub const MAX_AGENTS: usize = 1_000;

/// The host agents: a table without a lock or anybody to tell. An agent belongs to the session that registered it and
/// ends with it. While that session has no connection, another one of the same credential may take its agents over.
#[derive(Debug, Default)]
pub struct AgentTable {
    rows: HashMap<String, HostAgent>,
    /// Whose credential registered each.
    principals: HashMap<String, Principal>,
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
    /// Adds an agent, or replaces the caller's own of the same id. `away` is the
    /// session that has the agent, where it has no connection.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn register(
        &mut self,
        id: String,
        params: RegisterAgentParams,
        by: &Identity,
        away: Option<&SessionId>,
        at: Timestamp,
    ) -> Result<HostAgent, AgentError> {
        let owner = &by.session;
        match self.rows.get(&id) {
            Some(row) if row.session_id.as_deref() != Some(owner.as_str()) => {
                let before = row.session_id.as_deref();
                let is_away = away.is_some_and(|away| before == Some(away.as_str()));
                let anonymous = matches!(by.principal, Principal::Anonymous(_));
                let same = !anonymous && self.principals.get(&id) == Some(&by.principal);
                if !(same && is_away) {
                    return Err(AgentError::NotOwner(id));
                }
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
        self.principals
            .insert(agent.id.clone(), by.principal.clone());
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
        self.principals.remove(id);
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
        for agent in &released {
            self.principals.remove(&agent.id);
        }
        released.sort_by(|a, b| a.id.cmp(&b.id));
        released
    }

    /// The session that has the agent.
    #[must_use]
    pub fn owner(&self, id: &str) -> Option<SessionId> {
        let row = self.rows.get(id)?;
        row.session_id.as_deref().map(SessionId::new)
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
