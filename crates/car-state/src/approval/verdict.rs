use std::time::Duration;

use car_protocol::rpc::approvals::{Approval, ApprovalStanding, ConsentScope, Decider};
use serde_json::Value;

use super::ledger::Terms;

/// How a gated call's question ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// A person agrees.
    Approved(Box<Consent>),
    /// A person does not.
    Denied {
        /// The approval.
        approval: String,
        /// `deny`, or another option.
        resolution: String,
        /// Who decided.
        by: Decider,
        /// What they said.
        comment: Option<String>,
    },
    /// Nobody decided in time.
    TimedOut {
        /// The approval.
        approval: String,
        /// How long they had.
        after: Duration,
    },
    /// Nobody was reached who could decide.
    NobodyReached {
        /// The approval.
        approval: String,
        /// How long it was tried.
        after: Duration,
    },
    /// It was taken back.
    Withdrawn {
        /// The approval.
        approval: String,
        /// Why.
        reason: String,
    },
    /// The question or its answer could not be recorded.
    NotRecorded,
}

/// What a person agreed to.
#[derive(Clone, Debug, PartialEq)]
pub struct Consent {
    /// The approval.
    pub approval: String,
    /// The digest of what was agreed to.
    pub digest: String,
    /// How far it reaches.
    pub scope: ConsentScope,
    /// The arguments that run instead of those that were asked about.
    pub edits: Option<Value>,
}

impl Consent {
    pub(super) fn of(approval: &Approval) -> Self {
        let decision = approval.decision.as_ref();
        let act = approval.act.as_ref();
        Self {
            approval: approval.id.clone(),
            digest: act.map(|act| act.digest.clone()).unwrap_or_default(),
            scope: decision.map(|decision| decision.scope).unwrap_or_default(),
            edits: decision.and_then(|decision| decision.edits.clone()),
        }
    }
}

impl Verdict {
    /// What a question that ended so means for its call.
    pub(super) fn refused(shown: &Approval, terms: &Terms) -> Self {
        let approval = shown.id.clone();
        let reason = shown.reason.clone().unwrap_or_default();
        match (&shown.decision, shown.standing) {
            (Some(decision), _) => Self::Denied {
                approval,
                resolution: decision.resolution.clone(),
                by: decision.by.clone(),
                comment: decision.comment.clone(),
            },
            (None, ApprovalStanding::Expired) if reason == super::NOBODY_REACHED => {
                let after = terms.reach;
                Self::NobodyReached { approval, after }
            }
            (None, ApprovalStanding::Expired) => Self::TimedOut {
                approval,
                after: terms.timeout.unwrap_or_default(),
            },
            (None, _) => Self::Withdrawn { approval, reason },
        }
    }

    /// What became of it, for whoever made the call.
    #[must_use]
    pub fn told_to_caller(&self) -> String {
        match self {
            Self::Approved(_) => "a person agreed".to_owned(),
            Self::Denied {
                resolution,
                comment,
                ..
            } => match comment {
                Some(comment) => format!("a person refused the call: {resolution} ({comment})"),
                None => format!("a person refused the call: {resolution}"),
            },
            Self::TimedOut { after, .. } => format!("nobody decided within {} s", after.as_secs()),
            Self::NobodyReached { after, .. } => {
                format!(
                    "nobody who could decide was reached within {} s",
                    after.as_secs()
                )
            }
            Self::Withdrawn { reason, .. } => format!("the question was taken back: {reason}"),
            Self::NotRecorded => "storage takes nothing, so nobody can be asked".to_owned(),
        }
    }
}
