//! What events of a chat look like.

use car_protocol::rpc::agents_chat::{Attachment, Outcome, SayParams};
use serde::Serialize;
use serde_json::{Map, Value};

use super::session::ChatSession;

/// The kinds that the daemon says itself.
pub(super) const OWN_KINDS: [&str; 3] = ["prompt", APPROVAL_PENDING, APPROVAL_RESOLVED];
pub(super) const APPROVAL_PENDING: &str = "approval_pending";
pub(super) const APPROVAL_RESOLVED: &str = "approval_resolved";

/// Members that an agent cannot set.
const OWN_MEMBERS: [&str; 7] = [
    "agent_id", "outcome", "prompt", "from_seq", "stream", "epoch", "seq",
];

/// An event without its place.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    session_id: &'a str,
    agent_id: &'a str,
    turn_id: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[Attachment]>::is_empty")]
    attachments: &'a [Attachment],
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(flatten)]
    rest: Option<&'a Map<String, Value>>,
}

impl<'a> Body<'a> {
    pub(super) fn new(turn: &'a ChatSession, kind: &'a str) -> Self {
        Self {
            session_id: &turn.chat,
            agent_id: &turn.agent,
            turn_id: &turn.turn,
            kind,
            prompt: None,
            delta: None,
            detail: None,
            attachments: &[],
            finish_reason: None,
            error: None,
            outcome: None,
            rest: None,
        }
    }

    pub(super) fn kind(&self) -> &'a str {
        self.kind
    }

    /// The beginning of a turn.
    pub(super) fn prompt(
        turn: &'a ChatSession,
        prompt: &'a str,
        attachments: &'a [Attachment],
    ) -> Self {
        Self {
            prompt: Some(prompt),
            attachments,
            ..Self::new(turn, "prompt")
        }
    }

    /// What the agent says; how the turn ends by it, if it does.
    pub(super) fn said(
        turn: &'a ChatSession,
        said: &'a mut SayParams,
        attachments: &'a [Attachment],
        outcome: Option<Outcome>,
    ) -> Self {
        if !said.rest.is_empty() {
            said.rest
                .retain(|name, _| !OWN_MEMBERS.contains(&name.as_str()));
        }
        Self {
            delta: said.delta.as_deref(),
            detail: said.detail.as_ref(),
            attachments,
            finish_reason: said.finish_reason.as_deref(),
            error: said.error.as_ref(),
            outcome,
            rest: Some(&said.rest).filter(|rest| !rest.is_empty()),
            ..Self::new(turn, &said.kind)
        }
    }

    /// An approval that the turn waits for, or no longer does.
    pub(super) fn approval(turn: &'a ChatSession, kind: &'a str, row: &'a Value) -> Self {
        Self {
            detail: Some(row),
            ..Self::new(turn, kind)
        }
    }

    /// The end of a turn that the agent did not say itself.
    pub(super) fn end(turn: &'a ChatSession, outcome: Outcome, error: Option<&'a Value>) -> Self {
        let (kind, finish_reason) = match outcome {
            Outcome::Done => ("done", None),
            // For whoever cancelled it nothing went wrong.
            Outcome::Cancelled => ("done", Some(outcome.as_str())),
            _ => ("error", None),
        };
        Self {
            finish_reason,
            error,
            outcome: Some(outcome),
            ..Self::new(turn, kind)
        }
    }
}
