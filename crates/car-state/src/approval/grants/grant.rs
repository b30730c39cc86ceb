use car_protocol::Timestamp;
use serde_json::Value;

use super::narrowing::Narrowing;
use crate::approval::{Act, Operation, PolicyRevision};
use crate::identity::{Principal, SessionId};
use crate::text_id::text_ids;

text_ids! {
    /// The id of a grant: `grant-` and 12 hex digits.
    GrantId;
}

/// How long a grant lasts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Life {
    /// As long as the session of this id.
    Session(SessionId),
    /// Until it is revoked.
    Always,
    /// Until this moment of the wall clock.
    Until(Timestamp),
    /// Until it was used so often; [`Grant::remaining`] counts down.
    Times,
}

/// A consent that covers more than one call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Whose calls it covers.
    pub owner: Principal,
    /// The method, or the tool with the version that it had.
    pub operation: Operation,
    /// What it covers of them.
    pub narrowing: Narrowing,
    /// How long it lasts.
    pub life: Life,
    /// How often it can still be used; not counted where there is no number.
    pub remaining: Option<u32>,
    /// How often it was used.
    pub uses: u64,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
    /// The credential of the person who gave it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// The approval that it was given with.
    pub approval_id: String,
    /// The rules that were in force then.
    pub revision: Option<PolicyRevision>,
}

impl Grant {
    /// Whether it is over by itself.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.remaining == Some(0) || matches!(self.life, Life::Until(until) if until <= now)
    }

    /// Whether it covers this act, whose arguments were read once. An act of somebody else never.
    #[must_use]
    pub fn covers(&self, act: &Act, arguments: &Value, now: Timestamp) -> bool {
        let requester = act.requester();
        let session = match &self.life {
            Life::Session(session) => *session == requester.session,
            _ => true,
        };
        session
            && self.owner == requester.principal
            && self.operation == *act.operation()
            && !self.is_over(now)
            && self
                .narrowing
                .covers(act.digest(), act.agent(), Some(arguments))
    }

    /// The session that it ends with. So does every grant to somebody without a credential: nobody else is that somebody.
    #[must_use]
    pub fn ends_with(&self) -> Option<&SessionId> {
        match (&self.life, &self.owner) {
            (Life::Session(session), _) | (_, Principal::Anonymous(session)) => Some(session),
            _ => None,
        }
    }

    /// When it ends by itself.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self.life {
            Life::Until(until) => Some(until),
            _ => None,
        }
    }
}
