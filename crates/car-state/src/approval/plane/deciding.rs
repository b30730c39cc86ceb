//! Decisions, and what else people say about questions.

use std::sync::Arc;

use car_protocol::rpc::approvals::{Approval, ConsentScope, DecisionMade, Narrowing};
use car_protocol::rpc::host::ResolveRequested;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::oneshot;

use super::Approvals;
use crate::approval::authority::{ApprovalError, Authority, Outcome, authority, decider, late};
use crate::approval::desk::{Row, ToDo};
use crate::approval::machine::Input;
use crate::approval::{APPROVE, DENY};
use crate::identity::{Identity, SessionId};
use crate::log::LogError;

/// What a person decides.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// One of the options.
    pub resolution: String,
    /// The digest that they saw.
    pub digest: Option<String>,
    /// How far a consent reaches.
    pub scope: ConsentScope,
    /// What it is narrowed to.
    pub narrowing: Option<Narrowing>,
    /// What they say with it.
    pub comment: Option<String>,
    /// The arguments to run with instead.
    pub edits: Option<Value>,
}

/// What a decision did.
pub enum Decided {
    /// This.
    Now(Outcome),
    /// This, when it is recorded.
    Later(BoxFuture<'static, Outcome>),
    /// The row stays pending; its owner is to be told of the wish.
    PassedOn(Box<Approval>, ResolveRequested),
}

impl std::fmt::Debug for Decided {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Now(outcome) => f.debug_tuple("Now").field(outcome).finish(),
            Self::Later(_) => f.write_str("Later"),
            Self::PassedOn(approval, _) => f.debug_tuple("PassedOn").field(&approval.id).finish(),
        }
    }
}

impl Approvals {
    /// Decides a question, once. `listens` tells whether its owner hears of wishes about it.
    pub fn decide(
        self: &Arc<Self>,
        by: &Identity,
        id: &str,
        decision: Decision,
        listens: bool,
    ) -> Decided {
        // Before anything is changed: what cannot be recorded is not decided.
        if let Err(error) = self.ledger.admits() {
            return Decided::Now(Err(error.into()));
        }
        self.expire_now(id);
        if let Err(error) = self.can_be(by, id, &decision, listens) {
            return Decided::Now(Err(error));
        }
        let now = self.now();
        let (tell, mut told) = oneshot::channel();
        let todo = {
            let mut desk = self.desk.lock();
            let Some(row) = desk.get(id) else {
                drop(desk);
                return self.past(id);
            };
            if !row.is_pending() {
                return Decided::Now(Err(late(&row.shown)));
            }
            match self.fits(row, by, &decision, listens) {
                Err(error) => return Decided::Now(Err(error)),
                Ok(Authority::Suggests) => {
                    let wish = ResolveRequested {
                        approval_id: id.to_owned(),
                        resolution: decision.resolution,
                        requesting_client_id: by.session.to_string(),
                        owner_client_id: row.shown.owner.clone().unwrap_or_default(),
                    };
                    return Decided::PassedOn(Box::new(row.shown.clone()), wish);
                }
                Ok(Authority::Decides) if !row.is_open() => {
                    // Somebody was faster; who is told when that is certain.
                    desk.wait_for_end(id, tell);
                    Vec::new()
                }
                Ok(Authority::Decides) => {
                    let approve = decision.resolution != DENY;
                    let made = DecisionMade {
                        resolution: decision.resolution,
                        by: decider(by),
                        at: now.wall,
                        scope: decision.scope,
                        narrowing: decision.narrowing,
                        comment: decision.comment,
                        edits: decision.edits,
                    };
                    let by = format!("session:{}", by.session);
                    let mut todo = desk.reached(id, [by], now);
                    todo.extend(desk.decide(id, approve, made, tell, now));
                    todo
                }
            }
        };
        self.perform(todo);
        match told.try_recv() {
            Ok(outcome) => Decided::Now(outcome),
            Err(_) => Decided::Later(
                async move {
                    let closed = ApprovalError::Storage(LogError::Closed);
                    told.await.unwrap_or(Err(closed))
                }
                .boxed(),
            ),
        }
    }

    /// Whether a consent can reach beyond its act, or its call run with other arguments, as far as it is to and where the
    /// decision fits otherwise. Without the lock of the desk: grants have their own, and a schema takes its time.
    fn can_be(
        &self,
        by: &Identity,
        id: &str,
        decision: &Decision,
        listens: bool,
    ) -> Result<(), ApprovalError> {
        let wider = decision.scope != ConsentScope::Once;
        if !wider && decision.edits.is_none() {
            return Ok(());
        }
        let fitting = {
            let desk = self.desk.lock();
            let open = desk.get(id).filter(|row| row.is_open());
            open.filter(|row| self.fits(row, by, decision, listens).is_ok())
                .map(|row| row.shown.clone())
        };
        // What does not fit is refused where it is decided.
        let Some(shown) = fitting else { return Ok(()) };
        self.may_run(&shown, decision)?;
        match wider {
            true => self.may_reach(&shown, decision),
            false => Ok(()),
        }
    }

    /// The session that owns a question, where one does.
    #[must_use]
    pub fn owner(&self, id: &str) -> Option<SessionId> {
        let desk = self.desk.lock();
        desk.get(id)?.shown.owner.as_deref().map(SessionId::new)
    }

    /// Whether a decision fits the question and who makes it.
    fn fits(
        &self,
        row: &Row,
        by: &Identity,
        decision: &Decision,
        listens: bool,
    ) -> Result<Authority, ApprovalError> {
        let shown = &row.shown;
        let authority = authority(shown, by, |_| listens);
        // The owner's absence matters only where the answer could be passed on.
        let authority = match authority {
            Err(error @ (ApprovalError::SelfApproval | ApprovalError::HostRequired)) => {
                return Err(error);
            }
            other => other,
        };
        if !shown.options.contains(&decision.resolution) {
            return Err(ApprovalError::NotAnOption {
                resolution: decision.resolution.clone(),
                options: shown.options.clone(),
            });
        }
        let authority = authority?;
        let digest = shown.act.as_ref().map(|act| act.digest.as_str());
        if let (Some(seen), Some(digest)) = (&decision.digest, digest)
            && !seen.eq_ignore_ascii_case(digest)
        {
            return Err(ApprovalError::DigestMismatch {
                id: shown.id.clone(),
                digest: digest.to_owned(),
            });
        }
        let consents = decision.resolution == APPROVE && shown.act.is_some();
        if decision.edits.is_some() && !(consents && row.terms.editable) {
            let what = "not taken here: the call runs as it was asked, or not at all".to_owned();
            return Err(ApprovalError::Unfit {
                field: "edits",
                what,
            });
        }
        let wider = decision.scope != ConsentScope::Once || decision.narrowing.is_some();
        if wider && !consents {
            let what = "only for the consent to a call".to_owned();
            return Err(ApprovalError::Unfit {
                field: "scope",
                what,
            });
        }
        Ok(authority)
    }

    /// The refusal of a decision about what is not in memory.
    fn past(&self, id: &str) -> Decided {
        let (found, id) = (self.ledger.find(id), id.to_owned());
        let mut found = async move {
            Err(match found.await? {
                Some(approval) => late(&approval),
                None => ApprovalError::Unknown(id),
            })
        }
        .boxed();
        match found.as_mut().now_or_never() {
            Some(outcome) => Decided::Now(outcome),
            None => Decided::Later(found),
        }
    }

    /// Somebody says that a person has these before them; answers those that wait and that they may decide.
    pub fn seen(self: &Arc<Self>, by: &Identity, ids: Vec<String>) -> Vec<String> {
        let mut todo: Vec<ToDo> = Vec::new();
        let seen = {
            let (mut desk, now) = (self.desk.lock(), self.now());
            let mut noted = |id: &String| {
                let row = desk.get(id)?;
                authority(&row.shown, by, |_| true).ok()?;
                todo.extend(desk.seen(id, format!("session:{}", by.session), now)?);
                Some(())
            };
            ids.into_iter().filter(|id| noted(id).is_some()).collect()
        };
        self.perform(todo);
        seen
    }

    /// Takes back what a session asked for.
    pub fn withdraw(self: &Arc<Self>, by: &Identity, id: &str, reason: Option<&str>) -> Decided {
        let (tell, mut told) = oneshot::channel();
        let todo = {
            let (mut desk, now) = (self.desk.lock(), self.now());
            let Some(row) = desk.get(id) else {
                drop(desk);
                return self.past(id);
            };
            if row.shown.asker.session_id != by.session.as_str() {
                return Decided::Now(Err(ApprovalError::NotOwner(id.to_owned())));
            }
            if !row.is_pending() {
                return Decided::Now(Err(late(&row.shown)));
            }
            desk.wait_for_end(id, tell);
            desk.end(id, Input::Withdraw, reason.unwrap_or("withdrawn"), now)
        };
        self.perform(todo);
        // Whoever takes it back gets the row, and not a refusal.
        let taken_back = |outcome: Outcome, row: Option<Box<Approval>>| match (outcome, row) {
            (Err(ApprovalError::Withdrawn { .. }), Some(row)) => Ok(row),
            (outcome, _) => outcome,
        };
        let (approvals, id) = (Arc::clone(self), id.to_owned());
        let row = move || {
            let desk = approvals.desk.lock();
            desk.get(&id).map(|row| Box::new(row.shown.clone()))
        };
        match told.try_recv() {
            Ok(outcome) => Decided::Now(taken_back(outcome, row())),
            Err(_) => Decided::Later(
                async move {
                    let closed = ApprovalError::Storage(LogError::Closed);
                    let outcome = told.await.unwrap_or(Err(closed));
                    taken_back(outcome, row())
                }
                .boxed(),
            ),
        }
    }
}
