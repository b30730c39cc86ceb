use std::sync::Arc;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::approvals::{ConsentScope, Narrowing as NarrowingWire};
use parking_lot::Mutex;
use serde_json::json;
use thiserror::Error;

use super::grant::{Grant, GrantId, Life};
use super::narrowing::{Narrowing, NarrowingError};
use super::store::{GrantStore, Kept};
use super::subject::Subject;
use super::table::{Grants, TooManyGrants};
use crate::approval::{Act, ActDigest, NotCanonical};
use crate::audit::{AuditKind, AuditSink, Record, Who};
use crate::clock::{Clock, IdSource};
use crate::identity::{Identity, Role, SessionId};
use crate::log::LogError;

/// How long a grant for a while may last: ten years.
pub const MAX_LIFE: Duration = Duration::from_secs(10 * 366 * 24 * 3_600);
/// How often a grant may be used that counts its uses.
pub const MAX_TIMES: u32 = 1_000_000;

/// Why there is no grant.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum GrantError {
    /// No live grant has this id.
    #[error("no grant has the id {0}")]
    Unknown(String),
    /// There are enough.
    #[error(transparent)]
    TooMany(#[from] TooManyGrants),
    /// The narrowing is none, or leaves out the call itself.
    #[error(transparent)]
    Narrowing(#[from] NarrowingError),
    /// The arguments have no canonical text.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// A duration or a number that no grant has.
    #[error("a consent lasts 1 ms to ten years, or 1 to {MAX_TIMES} times")]
    Scope,
    /// It cannot be stored.
    #[error(transparent)]
    Storage(#[from] LogError),
}

/// What a grant is to cover.
#[derive(Clone, Debug)]
pub struct Terms {
    subject: Subject,
    life: Life,
    remaining: Option<u32>,
    narrowing: Narrowing,
}

/// All grants of a daemon. What lets a call run is durable before the call runs, and recorded.
#[derive(Debug)]
pub struct GrantBook {
    table: Mutex<Grants>,
    store: Arc<dyn GrantStore>,
    audit: Arc<dyn AuditSink>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl GrantBook {
    /// With what `store` kept. Blocks.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(
        store: Arc<dyn GrantStore>,
        audit: Arc<dyn AuditSink>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, LogError> {
        let mut table = Grants::default();
        for grant in store.load(clock.now())? {
            if let Err(error) = table.add(grant) {
                tracing::error!(%error, "a grant that was kept is left out");
            }
        }
        Ok(Self {
            table: Mutex::new(table),
            store,
            audit,
            clock,
            ids,
        })
    }

    /// What a consent covers, before anything is decided; none where it covers the one act only.
    ///
    /// # Errors
    /// [`GrantError`]: then nothing should be decided.
    pub fn terms(
        &self,
        subject: Subject,
        scope: &ConsentScope,
        narrowing: Option<&NarrowingWire>,
    ) -> Result<Option<Terms>, GrantError> {
        let narrowing = narrow(&subject, narrowing)?;
        let requester = &subject.requester;
        let (life, remaining) = match *scope {
            ConsentScope::Session => (Life::Session(requester.session.clone()), None),
            ConsentScope::Always => (Life::Always, None),
            ConsentScope::For { ms } => {
                let longest = u64::try_from(MAX_LIFE.as_millis()).unwrap_or(u64::MAX);
                if ms == 0 || ms > longest {
                    return Err(GrantError::Scope);
                }
                let until = self.clock.now().unix_millis();
                let until = until.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
                (Life::Until(Timestamp::from_unix_millis(until)), None)
            }
            ConsentScope::Times { n } if n == 0 || n > MAX_TIMES => return Err(GrantError::Scope),
            // The act itself is the first of them.
            ConsentScope::Times { n: 1 } => return Ok(None),
            ConsentScope::Times { n } => (Life::Times, Some(n - 1)),
            _ => return Ok(None),
        };
        self.table.lock().admits(&requester.principal)?;
        self.store.admits()?;
        Ok(Some(Terms {
            subject,
            life,
            remaining,
            narrowing,
        }))
    }

    /// Makes a grant of a consent that is decided. It counts at once; the promise tells when it is durable, and may be
    /// dropped.
    ///
    /// # Errors
    /// [`GrantError`]: then the consent is one to its act only.
    pub fn give(
        &self,
        terms: Terms,
        by: impl Into<Who>,
        approval_id: &str,
    ) -> Result<(Grant, Kept), GrantError> {
        let now = self.clock.now();
        self.sweep(now);
        self.store.admits()?;
        let (subject, by) = (terms.subject, by.into());
        self.table.lock().admits(&subject.requester.principal)?;
        let grant = Grant {
            id: GrantId::new(&self.ids.prefixed("grant")),
            owner: subject.requester.principal,
            operation: subject.operation,
            narrowing: terms.narrowing,
            life: terms.life,
            remaining: terms.remaining,
            uses: 0,
            last_used_at: None,
            created_by: by.principal.clone(),
            created_at: now,
            approval_id: approval_id.to_owned(),
            revision: subject.revision,
        };
        let record = created(&grant, subject.digest, by);
        // Before anybody can use it: storage does what it is told in this order.
        let kept = if grant.ends_with().is_none() {
            self.store.add(&grant, record)
        } else {
            self.audit.append(record)
        };
        let added = self.table.lock().add(grant.clone());
        if let Err(full) = added {
            // Others were quicker.
            drop(self.ended(vec![grant], "no_room", None));
            return Err(full.into());
        }
        Ok((grant, kept))
    }

    /// The grant that would let this act run. Nothing is used.
    #[must_use]
    pub fn covering(&self, act: &Act) -> Option<Grant> {
        self.table.lock().find(act, self.clock.now()).cloned()
    }

    /// Lets this act run where a grant covers it. When this is told, the use is durable; a use that cannot be recorded is
    /// gone, and nothing may run.
    ///
    /// # Errors
    /// It cannot be recorded.
    pub async fn take(&self, act: &Act) -> Result<Option<Grant>, LogError> {
        let now = self.clock.now();
        let used = {
            let mut table = self.table.lock();
            if table.is_empty() || table.find(act, now).is_none() {
                return Ok(None);
            }
            drop(table);
            // Not for nothing, where storage takes nothing.
            self.store.admits()?;
            table = self.table.lock();
            table.take(act, now)
        };
        let Some(grant) = used else { return Ok(None) };
        let mut record = Record::new(now, AuditKind::GrantUsed, grant.id.as_str())
            .about(act.digest())
            .with("principal", act.requester().principal.to_string())
            .with("session", act.requester().session.as_str())
            .with("uses", grant.uses);
        if let Some(remaining) = grant.remaining {
            record = record.with("remaining", remaining);
        }
        let kept = if grant.ends_with().is_none() {
            self.store.note_use(&grant, record)
        } else {
            self.audit.append(record)
        };
        kept.await?;
        Ok(Some(grant))
    }

    /// The live grants that `reader` may see, in the order in which they were given: a host sees all, everybody else
    /// their own.
    #[must_use]
    pub fn list(&self, reader: &Identity) -> Vec<Grant> {
        let now = self.clock.now();
        self.sweep(now);
        let all = !reader.auth_enabled || reader.role == Role::Host;
        let table = self.table.lock();
        table
            .iter(now)
            .filter(|grant| all || grant.owner == reader.principal)
            .cloned()
            .collect()
    }

    /// Ends a grant. No call begins under it from now on; what has begun goes on. When this is told, it is durable.
    ///
    /// # Errors
    /// [`GrantError::Unknown`], [`GrantError::Storage`]; with the latter it is ended for as long as the daemon lives.
    pub async fn revoke(&self, id: &GrantId, by: &Identity) -> Result<Grant, GrantError> {
        let now = self.clock.now();
        let removed = {
            let mut table = self.table.lock();
            if table.get(id).is_some_and(|grant| !grant.is_over(now)) {
                table.remove(id)
            } else {
                None
            }
        };
        let grant = removed.ok_or_else(|| GrantError::Unknown(id.to_string()))?;
        self.ended(vec![grant.clone()], "revoked", Some(by)).await?;
        Ok(grant)
    }

    /// Ends what ends with this session.
    pub fn end_session(&self, session: &SessionId) {
        let ended = {
            let mut table = self.table.lock();
            if table.is_empty() {
                return;
            }
            table.end_session(session)
        };
        drop(self.ended(ended, "session_ended", None));
    }

    fn sweep(&self, now: Timestamp) {
        let over = self.table.lock().sweep(now);
        drop(self.ended(over, "over", None));
    }

    /// Records the end of grants. It is under way when this returns.
    fn ended(&self, grants: Vec<Grant>, because: &'static str, by: Option<&Identity>) -> Kept {
        let now = self.clock.now();
        let kind = if by.is_some() {
            AuditKind::GrantRevoked
        } else {
            AuditKind::GrantEnded
        };
        let mut stored = Vec::new();
        let mut told = Vec::new();
        for grant in grants {
            let mut record = Record::new(now, kind, grant.id.as_str())
                .with("because", because)
                .with("uses", grant.uses);
            if let Some(by) = by {
                record = record.by(by);
            }
            if grant.ends_with().is_none() {
                stored.push((grant.id, record));
            } else {
                told.push(self.audit.append(record));
            }
        }
        if !stored.is_empty() {
            told.push(self.store.remove(stored));
        }
        Box::pin(async move {
            for told in told {
                told.await?;
            }
            Ok(())
        })
    }
}

fn narrow(subject: &Subject, wire: Option<&NarrowingWire>) -> Result<Narrowing, GrantError> {
    let mut narrowing = Narrowing::default();
    let Some(wire) = wire else {
        return Ok(narrowing);
    };
    for (pointer, pattern) in wire.arguments.iter().flatten() {
        narrowing = narrowing.with_argument(pointer, pattern)?;
    }
    if wire.same_arguments == Some(true) {
        narrowing.digest = Some(subject.digest);
    }
    narrowing.agent.clone_from(&wire.agent_id);
    let (agent, arguments) = (subject.agent.as_deref(), subject.arguments.as_ref());
    if narrowing.covers(subject.digest, agent, arguments) {
        Ok(narrowing)
    } else {
        // Whoever narrows a consent so much that the call is outside has made a mistake.
        Err(NarrowingError::NotCovered.into())
    }
}

fn created(grant: &Grant, digest: ActDigest, by: Who) -> Record {
    let scope = match &grant.life {
        Life::Session(_) => "session",
        Life::Always => "always",
        Life::Until(_) => "for",
        Life::Times => "times",
    };
    let mut record = Record::new(grant.created_at, AuditKind::GrantCreated, grant.id.as_str())
        .by(by)
        .about(digest)
        .with("approval", grant.approval_id.as_str())
        .with("owner", grant.owner.to_string())
        .with(grant.operation.kind().as_str(), grant.operation.name())
        .with("scope", scope);
    if let Some(until) = grant.expires_at() {
        record = record.with("until", until.to_string());
    }
    if let Some(remaining) = grant.remaining {
        record = record.with("remaining", remaining);
    }
    if let Some(digest) = grant.narrowing.digest {
        record = record.with("same_arguments", digest.to_string());
    }
    if let Some(revision) = &grant.revision {
        record = record.with("revision", revision.as_str());
    }
    let patterns: serde_json::Map<_, _> = grant
        .narrowing
        .arguments
        .iter()
        .map(|(pointer, pattern)| (pointer.clone(), pattern.as_str().into()))
        .collect();
    if patterns.is_empty() && grant.narrowing.agent.is_none() {
        return record;
    }
    // Patterns are parts of arguments.
    record.with_text(&json!({"arguments": patterns, "agent": grant.narrowing.agent}))
}
