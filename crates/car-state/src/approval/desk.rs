use std::collections::VecDeque;

use car_protocol::Timestamp;
use car_protocol::rpc::host::{ApprovalStatus, HostApproval, ResolveRequested};
use indexmap::IndexMap;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::identity::{Identity, Principal, Role, SessionId};

/// How many approvals may be pending at once, over all sessions.
pub const MAX_PENDING: usize = 1_000;
/// How many decided ones are kept to be looked at.
const MAX_DECIDED: usize = 200;

/// The resolution that lets a gated call run.
pub(crate) const APPROVE: &str = "approve";
/// The usual refusal.
pub(crate) const DENY: &str = "deny";

/// All approvals: a state machine without a clock, a lock or anybody to tell.
#[derive(Debug, Default)]
pub struct ApprovalDesk {
    pending: IndexMap<String, Row>,
    decided: VecDeque<HostApproval>,
}

#[derive(Debug)]
struct Row {
    approval: HostApproval,
    owner: Owner,
    waiter: Option<oneshot::Sender<Decision>>,
}

#[derive(Debug)]
enum Owner {
    /// The daemon asks on behalf of a call.
    Gate {
        session: SessionId,
        principal: Principal,
    },
    /// A client raised it for anybody to decide.
    Anybody,
    /// A client raised it for itself.
    Session(SessionId),
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The row's id.
    pub id: String,
    /// What is to be done.
    pub action: String,
    /// The agent that it is about.
    pub agent_id: Option<String>,
    /// What a person needs to know.
    pub details: Value,
    /// The answers to choose from.
    pub options: Vec<String>,
    /// When it was asked.
    pub at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

/// What became of a gated call's question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// A person agrees.
    Approved,
    /// A person does not; the resolution says how.
    Denied(String),
}

/// The waiting end of a gated call's question.
#[derive(Debug)]
pub struct Ticket {
    /// The row's id.
    pub id: String,
    /// Gets the decision.
    pub decision: oneshot::Receiver<Decision>,
}

/// What a resolution did.
#[derive(Debug)]
pub enum Resolved {
    /// The row is decided.
    Decided(HostApproval),
    /// The row stays pending; its owner is to be told of the wish.
    PassedOn(HostApproval, ResolveRequested),
}

/// Why a question or a decision is refused.
#[derive(Debug, Error, Eq, PartialEq)]
#[non_exhaustive]
pub enum ApprovalError {
    /// No approval has this id.
    #[error("no approval has the id {0}")]
    Unknown(String),
    /// It is decided already.
    #[error("approval {id} is already resolved as {resolution}")]
    AlreadyDecided {
        /// The approval.
        id: String,
        /// What it became.
        resolution: String,
    },
    /// The resolution is not among the row's options.
    #[error("{resolution:?} is not one of the options {}", options.join(", "))]
    NotAnOption {
        /// What was given.
        resolution: String,
        /// What there is to choose from.
        options: Vec<String>,
    },
    /// Who asked may not decide.
    #[error("a call cannot be approved by the identity that made it")]
    SelfApproval,
    /// Deciding a gated call takes the host role.
    #[error("deciding a gated call needs the host role")]
    HostRequired,
    /// The row belongs to a client that does not listen.
    #[error("approval {id} is owned by {owner}, which is not connected to host events")]
    OwnerAway {
        /// The approval.
        id: String,
        /// Its owner.
        owner: String,
    },
    /// Too many are pending.
    #[error("{limit} approvals are pending already")]
    TooMany {
        /// How many may be.
        limit: usize,
    },
}

impl ApprovalDesk {
    /// Adds the question of a gated call by `requester`.
    ///
    /// # Errors
    /// [`ApprovalError::TooMany`].
    pub fn ask_for_call(
        &mut self,
        asked: Asked,
        requester: &Identity,
    ) -> Result<(HostApproval, Ticket), ApprovalError> {
        let (sender, decision) = oneshot::channel();
        let ticket = Ticket {
            id: asked.id.clone(),
            decision,
        };
        let owner = Owner::Gate {
            session: requester.session.clone(),
            principal: requester.principal.clone(),
        };
        let approval = self.add(asked, owner, None, Some(sender))?;
        Ok((approval, ticket))
    }

    /// Adds a question that a client raised: for itself, or for anybody to decide.
    ///
    /// # Errors
    /// [`ApprovalError::TooMany`].
    pub fn ask_for_client(
        &mut self,
        asked: Asked,
        owner: Option<&SessionId>,
    ) -> Result<HostApproval, ApprovalError> {
        let kept = owner.map_or(Owner::Anybody, |session| Owner::Session(session.clone()));
        self.add(asked, kept, owner, None)
    }

    fn add(
        &mut self,
        asked: Asked,
        owner: Owner,
        client: Option<&SessionId>,
        waiter: Option<oneshot::Sender<Decision>>,
    ) -> Result<HostApproval, ApprovalError> {
        if self.pending.len() >= MAX_PENDING {
            return Err(ApprovalError::TooMany { limit: MAX_PENDING });
        }
        let approval = HostApproval {
            id: asked.id,
            agent_id: asked.agent_id,
            client_id: client.map(ToString::to_string),
            action: asked.action,
            details: asked.details,
            options: asked.options,
            status: ApprovalStatus::Pending,
            created_at: asked.at,
            resolved_at: None,
            resolution: None,
            expires_at: asked.expires_at,
        };
        self.pending.insert(
            approval.id.clone(),
            Row {
                approval: approval.clone(),
                owner,
                waiter,
            },
        );
        Ok(approval)
    }

    /// Decides a row, or finds whom to pass the wish on to. `listens` holds the sessions that hear host events.
    ///
    /// # Errors
    /// [`ApprovalError`]; the row is as it was.
    pub fn resolve(
        &mut self,
        id: &str,
        resolution: &str,
        by: &Identity,
        listens: &dyn Fn(&SessionId) -> bool,
        at: Timestamp,
    ) -> Result<Resolved, ApprovalError> {
        let Some(row) = self.pending.get(id) else {
            return Err(self.not_pending(id));
        };
        if let Owner::Gate { session, principal } = &row.owner {
            // The session too: one that knows two credentials is still the one who asked.
            if *session == by.session || *principal == by.principal {
                return Err(ApprovalError::SelfApproval);
            }
            if by.auth_enabled && by.role != Role::Host {
                return Err(ApprovalError::HostRequired);
            }
        }
        if !row
            .approval
            .options
            .iter()
            .any(|option| option == resolution)
        {
            let options = row.approval.options.clone();
            return Err(ApprovalError::NotAnOption {
                resolution: resolution.to_owned(),
                options,
            });
        }
        match &row.owner {
            Owner::Session(owner) if *owner != by.session => {
                if !listens(owner) {
                    return Err(ApprovalError::OwnerAway {
                        id: id.to_owned(),
                        owner: owner.to_string(),
                    });
                }
                let wish = ResolveRequested {
                    approval_id: id.to_owned(),
                    resolution: resolution.to_owned(),
                    requesting_client_id: by.session.to_string(),
                    owner_client_id: owner.to_string(),
                };
                Ok(Resolved::PassedOn(row.approval.clone(), wish))
            }
            _ => self
                .decide(id, resolution, at)
                .map(Resolved::Decided)
                .ok_or_else(|| self.not_pending(id)),
        }
    }

    /// Ends a pending row without a person: it expired, or who asked is gone. `None` when it is not pending.
    pub fn end(&mut self, id: &str, resolution: &str, at: Timestamp) -> Option<HostApproval> {
        self.decide(id, resolution, at)
    }

    /// Ends what `session` raised; of one agent, or of all.
    pub fn end_raised_by(
        &mut self,
        session: &SessionId,
        agent_id: Option<&str>,
        resolution: &str,
        at: Timestamp,
    ) -> Vec<HostApproval> {
        let raised = |row: &Row| {
            let mine = matches!(&row.owner, Owner::Session(owner) if owner == session);
            mine && agent_id.is_none_or(|agent| row.approval.agent_id.as_deref() == Some(agent))
        };
        let ids: Vec<String> = self
            .pending
            .values()
            .filter(|row| raised(row))
            .map(|row| row.approval.id.clone())
            .collect();
        ids.iter()
            .filter_map(|id| self.decide(id, resolution, at))
            .collect()
    }

    fn decide(&mut self, id: &str, resolution: &str, at: Timestamp) -> Option<HostApproval> {
        let mut row = self.pending.shift_remove(id)?;
        row.approval.status = ApprovalStatus::Resolved;
        row.approval.resolved_at = Some(at);
        row.approval.resolution = Some(resolution.to_owned());
        if let Some(waiter) = row.waiter {
            let approved = resolution == APPROVE;
            // A call that stopped waiting has ended the row itself.
            let _ = waiter.send(if approved {
                Decision::Approved
            } else {
                Decision::Denied(resolution.to_owned())
            });
        }
        if self.decided.len() >= MAX_DECIDED {
            self.decided.pop_front();
        }
        self.decided.push_back(row.approval.clone());
        Some(row.approval)
    }

    fn not_pending(&self, id: &str) -> ApprovalError {
        match self.decided.iter().rev().find(|approval| approval.id == id) {
            Some(approval) => ApprovalError::AlreadyDecided {
                id: id.to_owned(),
                resolution: approval.resolution.clone().unwrap_or_default(),
            },
            None => ApprovalError::Unknown(id.to_owned()),
        }
    }

    /// All pending and the recently decided, newest first.
    #[must_use]
    pub fn list(&self) -> Vec<HostApproval> {
        let pending = self.pending.values().map(|row| &row.approval);
        let mut all: Vec<HostApproval> = pending.chain(&self.decided).cloned().collect();
        // Stable: of the same millisecond, the later row comes later in the input.
        all.reverse();
        all.sort_by_key(|approval| std::cmp::Reverse(approval.created_at));
        all
    }

    /// How many wait.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
}

/// The options of a question that names none.
pub(crate) fn default_options() -> Vec<String> {
    vec![APPROVE.to_owned(), DENY.to_owned()]
}

#[cfg(test)]
mod tests;
