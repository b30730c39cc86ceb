use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DecisionMade;
use crate::Timestamp;
use crate::rpc::host::{ApprovalStatus, HostApproval};
use crate::rpc::session::Role;

/// Where an approval stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ApprovalStanding {
    /// Nobody has decided.
    Pending,
    /// A person agreed, or chose one of the options of a client's question.
    Approved,
    /// A person refused.
    Denied,
    /// Nobody decided in time, or nobody who could was reached; `reason` tells which.
    Expired,
    /// Who asked does not want an answer any more.
    Withdrawn,
    /// The client that raised it, or the agent that it is about, is gone.
    AgentGone,
}

impl ApprovalStanding {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::AgentGone => "agent_gone",
        }
    }
}

/// What exactly is decided about.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovedAct"))]
pub struct Act {
    /// The method of a connection's call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The tool of a proposal's call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// SHA-256 of the act with its canonical arguments (RFC 8785), in hex. A decision covers this and nothing else.
    pub digest: String,
    /// The arguments as far as they are shown: cut at a character, secrets masked.
    #[serde(default)]
    pub preview: Value,
    /// What the tool was when it was asked about: its version, or the digest of its schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_version: Option<String>,
    /// The rules that were in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_revision: Option<String>,
    /// What the agent works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Why a person is asked, in the words of the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// Who asks.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalAsker"))]
pub struct Asker {
    /// The credential: `client`, `host`, `agent/` and the agent, or `anonymous/` and the session.
    pub principal: String,
    /// What it allows.
    pub role: Role,
    /// The session.
    pub session_id: String,
}

/// Whom an approval came to, and when.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ApprovalNoticed"))]
pub struct Noticed {
    /// `session:` and its id, or `route:` and its name.
    pub by: String,
    /// When it did.
    pub at: Timestamp,
}

/// A question to a person, and what became of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Approval {
    /// Its id.
    pub id: String,
    /// Its number: later ones have higher ones.
    pub number: u64,
    /// What is to be done: `ws.method:` or `tool:` and a name for a call, anything for a client's question.
    pub action: String,
    /// The call that waits; absent for a client's question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    /// Who asks.
    pub asker: Asker,
    /// The session that owns a client's question; absent for a call, and where anybody may decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The agent that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// What else a person needs to know.
    #[serde(default)]
    pub details: Value,
    /// The answers to choose from.
    pub options: Vec<String>,
    /// Where it stands.
    pub standing: ApprovalStanding,
    /// Why it ended without a decision: `timeout`, `nobody_reached`, `session_ended`, `caller_gone`, `restart`, or
    /// what the client gave that took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Until when somebody who can decide has to be reached; absent when somebody was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach_by: Option<Timestamp>,
    /// When it expires; absent until somebody who can decide was reached, and where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whom it was shown to who can decide, in their order.
    #[serde(default)]
    pub delivered_to: Vec<Noticed>,
    /// Who has said that a person saw it.
    #[serde(default)]
    pub seen_by: Vec<Noticed>,
    /// The decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionMade>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Whether the decision was given to the call. One that is not waits for the call to come again.
    #[serde(default)]
    pub used: bool,
}

impl Approval {
    /// The row as `host.*` shows it.
    #[must_use]
    pub fn brief(&self) -> HostApproval {
        let pending = self.standing == ApprovalStanding::Pending;
        // Everybody hears of a decision; what runs instead is between those who may read the row.
        let decision = self.decision.clone().map(|decision| DecisionMade {
            edits: None,
            ..decision
        });
        let chosen = decision
            .as_ref()
            .map(|decision| decision.resolution.clone());
        let chosen = chosen.unwrap_or_else(|| self.standing.as_str().to_owned());
        HostApproval {
            id: self.id.clone(),
            agent_id: self.agent_id.clone(),
            client_id: self.owner.clone(),
            action: self.action.clone(),
            details: self.details.clone(),
            options: self.options.clone(),
            status: if pending {
                ApprovalStatus::Pending
            } else {
                ApprovalStatus::Resolved
            },
            created_at: self.created_at,
            resolved_at: self.ended_at,
            resolution: (!pending).then_some(chosen),
            expires_at: self.expires_at.or(self.reach_by),
            digest: self.act.as_ref().map(|act| act.digest.clone()),
            decision,
            reason: self.reason.clone(),
        }
    }
}
