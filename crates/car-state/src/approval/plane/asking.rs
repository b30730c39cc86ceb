//! Calls and clients that ask.

use std::fmt;
use std::sync::Arc;

use car_protocol::Timestamp;
use car_protocol::rpc::approvals::{Act as ShownAct, Approval, ApprovalStanding};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::{Approvals, asker};
use crate::approval::act::Act;
use crate::approval::authority::{ApprovalError, Outcome};
use crate::approval::default_options;
use crate::approval::desk::Found;
use crate::approval::ledger::{ActKey, LedgerRow, Terms};
use crate::approval::machine::Input;
use crate::approval::verdict::Verdict;
use crate::identity::Identity;
use crate::log::LogError;

/// Looks at arguments that a person would put in the place of those that are asked about: why the call could not run with
/// them.
#[derive(Clone)]
pub struct EditCheck(Arc<Takes>);

type Takes = dyn Fn(&Value) -> Result<(), String> + Send + Sync;

impl EditCheck {
    /// One that asks `takes`, which must not block.
    pub fn new(takes: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(takes))
    }

    /// Whether the call could run with these.
    ///
    /// # Errors
    /// Why not, for whoever decides.
    pub fn takes(&self, edits: &Value) -> Result<(), String> {
        (self.0)(edits)
    }
}

impl fmt::Debug for EditCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EditCheck")
    }
}

/// A call that waits, and what its arguments may be.
#[derive(Clone, Debug)]
pub(super) struct Waits {
    pub(super) act: Act,
    pub(super) edits: Option<EditCheck>,
}

/// What a person is asked about a call.
#[derive(Clone, Debug)]
pub struct Question {
    /// `ws.method:` or `tool:`, and the name.
    pub action: String,
    /// The call.
    pub act: Act,
    /// What else a person needs to know.
    pub details: Value,
    /// What it is asked under.
    pub terms: Terms,
    /// Why it is asked, in the words of the rule.
    pub because: Option<String>,
    /// The key that the call came with.
    pub key: Option<ActKey>,
    /// What other arguments it could run with. Where nobody says, that is found out when it runs.
    pub edits: Option<EditCheck>,
}

/// A client's question that is raised.
pub(crate) enum Raising {
    /// It is recorded and shown.
    Now(Box<Approval>),
    /// Ready when it is.
    Later(BoxFuture<'static, Outcome>),
}

/// What a client asks.
#[derive(Clone, Debug)]
pub struct ClientQuestion {
    /// What is to be done.
    pub action: String,
    /// The agent that it is about.
    pub agent_id: Option<String>,
    /// What a person needs to know.
    pub details: Value,
    /// The answers to choose from.
    pub options: Vec<String>,
    /// Whether anybody may decide it.
    pub anybodys: bool,
}

impl Approvals {
    /// Asks a person about a call and waits; where a person agreed before to calls like it, that counts. Whoever stops
    /// waiting withdraws the question. The same call of a session that was resumed after a restart goes on with the
    /// question that it had asked, or gets the answer that was given.
    ///
    /// # Errors
    /// [`ApprovalError::TooMany`], [`ApprovalError::Quota`], [`ApprovalError::Storage`].
    pub async fn ask(
        self: &Arc<Self>,
        by: &Identity,
        question: Question,
    ) -> Result<Verdict, ApprovalError> {
        if let Some(consent) = self.granted(&question.act).await? {
            return Ok(Verdict::Approved(Box::new(consent)));
        }
        self.ledger.admits()?;
        self.stream.admits()?;
        let waits = Waits {
            act: question.act.clone(),
            edits: question.edits.clone(),
        };
        let (id, verdict) = self.put(by, question, waits)?;
        let waiting = Waiting {
            approvals: self,
            id: &id,
        };
        let answered = tokio::select! {
            biased;
            answered = verdict => answered,
            // It ends when the answer is there.
            () = self.attend(&id) => return Ok(Verdict::NotRecorded),
        };
        drop(waiting);
        Ok(answered.unwrap_or(Verdict::Withdrawn {
            approval: id,
            reason: "withdrawn".to_owned(),
        }))
    }

    fn put(
        self: &Arc<Self>,
        by: &Identity,
        question: Question,
        asked: Waits,
    ) -> Result<(String, oneshot::Receiver<Verdict>), ApprovalError> {
        let (now, digest) = (self.now(), question.act.digest().to_string());
        let (found, id) = {
            let mut desk = self.desk.lock();
            let key = question.key.as_ref();
            match desk.again(&digest, by.session.as_str(), key, now) {
                Found::Again(id, verdict, todo) => ((verdict, todo), id),
                Found::Nothing => {
                    let id = self.ids.prefixed("approval");
                    let act = &question.act;
                    let operation = act.operation();
                    let of = |kind: &str| {
                        (operation.kind().as_str() == kind).then(|| operation.name().to_owned())
                    };
                    let shown = ShownAct {
                        method: of("method"),
                        tool: of("tool"),
                        digest,
                        preview: act.preview(),
                        tool_version: operation
                            .version()
                            .map(|version| version.as_str().to_owned()),
                        policy_revision: act
                            .revision()
                            .map(|revision| revision.as_str().to_owned()),
                        project: act.project().map(str::to_owned),
                        because: question.because,
                    };
                    let approval = Approval {
                        number: desk.number(),
                        act: Some(shown),
                        agent_id: act.agent().map(str::to_owned),
                        ..blank(id.clone(), question.action, by, now.wall)
                    };
                    let row = LedgerRow {
                        approval: Approval {
                            details: question.details,
                            ..approval
                        },
                        terms: question.terms,
                        key: question.key,
                        announced: false,
                    };
                    let (verdict, record) =
                        desk.draft(row, self.quotas.account(&by.principal), now)?;
                    ((verdict, vec![record]), id)
                }
            }
        };
        let (verdict, todo) = found;
        self.acts.lock().insert(id.clone(), asked);
        self.perform(todo);
        Ok((id, verdict))
    }

    /// Raises a question of a client, which waits for nothing. Ready when it is recorded and shown.
    ///
    /// # Errors
    /// [`ApprovalError::TooMany`], [`ApprovalError::Quota`], [`ApprovalError::Storage`].
    pub(crate) fn raise(
        self: &Arc<Self>,
        by: &Identity,
        question: ClientQuestion,
    ) -> Result<Raising, ApprovalError> {
        self.ledger.admits()?;
        self.stream.admits()?;
        let now = self.now();
        let (tell, mut told) = oneshot::channel();
        let record = {
            let mut desk = self.desk.lock();
            let id = self.ids.prefixed("approval");
            let approval = Approval {
                number: desk.number(),
                owner: (!question.anybodys).then(|| by.session.to_string()),
                agent_id: question.agent_id,
                details: question.details,
                options: question.options,
                ..blank(id, question.action, by, now.wall)
            };
            let row = LedgerRow {
                approval,
                terms: Terms::default(),
                key: None,
                announced: false,
            };
            let id = row.approval.id.clone();
            let (_, record) = desk.draft(row, self.quotas.account(&by.principal), now)?;
            desk.wait_for_end(&id, tell);
            record
        };
        self.perform(vec![record]);
        Ok(match told.try_recv() {
            Ok(outcome) => Raising::Now(outcome?),
            Err(_) => Raising::Later(
                async move {
                    let closed = ApprovalError::Storage(LogError::Closed);
                    told.await.unwrap_or(Err(closed))
                }
                .boxed(),
            ),
        })
    }

    /// Looks after the time of a question for as long as it waits.
    async fn attend(self: &Arc<Self>, id: &str) {
        loop {
            let changed = self.desk.lock().changes(id);
            let Some(changed) = changed else {
                return std::future::pending().await;
            };
            let mut woken = std::pin::pin!(changed.notified());
            woken.as_mut().enable();
            match self.do_what_is_due(id).await {
                Some(wait) => {
                    tokio::select! {
                        () = sleep(wait) => {}
                        () = woken => {}
                    }
                }
                None => woken.await,
            }
        }
    }
}

fn blank(id: String, action: String, by: &Identity, at: Timestamp) -> Approval {
    Approval {
        id,
        number: 0,
        action,
        act: None,
        asker: asker(by),
        owner: None,
        agent_id: None,
        details: Value::Null,
        options: default_options(),
        standing: ApprovalStanding::Pending,
        reason: None,
        created_at: at,
        reach_by: None,
        expires_at: None,
        delivered_to: Vec::new(),
        seen_by: Vec::new(),
        decision: None,
        ended_at: None,
        used: false,
    }
}

/// A call that waits; dropping it takes the question back, unless that has ended.
struct Waiting<'a> {
    approvals: &'a Arc<Approvals>,
    id: &'a str,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.approvals.acts.lock().remove(self.id);
        let todo = {
            let (mut desk, now) = (self.approvals.desk.lock(), self.approvals.now());
            desk.end(self.id, Input::CallGone, "caller_gone", now)
        };
        self.approvals.perform(todo);
    }
}
