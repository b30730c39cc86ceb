//! Where questions are recorded.

#[cfg(feature = "sqlite")]
mod sqlite;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::idempotency::IdempotencyKey;
use car_protocol::rpc::approvals::{Approval, ApprovalStanding};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;

#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteLedger;

use super::desk::MAX_PENDING;
use super::trail::trail;
use crate::audit::{AuditSink, MemoryAudit};
use crate::log::LogError;
use crate::outcomes::Scope;

/// How many that are over are kept, and for how long after they were asked.
pub const KEPT: usize = 10_000;
/// See [`KEPT`].
pub const KEPT_FOR: Duration = Duration::from_secs(90 * 24 * 3_600);

/// How many that are over are kept where there is no database.
const KEPT_IN_MEMORY: usize = 1_000;

/// The key that a call came with, and whose it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ActKey {
    /// Whose keys.
    pub scope: Scope,
    /// The key.
    pub key: IdempotencyKey,
}

/// What a question is asked under.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Terms {
    /// How long a person has, from when somebody who can decide was reached; none for as long as it takes.
    pub timeout: Option<Duration>,
    /// How long to wait until somebody who can decide is connected, before the routes are tried.
    pub reach: Duration,
    /// The routes to try then, by name; none for those of the configuration.
    pub routes: Vec<String>,
    /// Whether the call can run with other arguments than those it came with.
    pub editable: bool,
}

/// What is recorded of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// The question, and what became of it.
    pub approval: Approval,
    /// What it was asked under.
    pub terms: Terms,
    /// The key of its call.
    pub key: Option<ActKey>,
    /// Whether its end was told.
    pub announced: bool,
}

/// Is told what became of a row that was to be recorded: that it is, that storage fails, and then perhaps later that it is
/// after all.
pub type Told = Box<dyn FnMut(Result<(), LogError>) + Send>;

/// Which rows that are over are wanted.
#[derive(Clone, Debug, Default)]
pub struct HistoryQuery {
    /// At most so many.
    pub limit: usize,
    /// Only those with a lower number.
    pub before: Option<u64>,
    /// Only those about this agent.
    pub agent_id: Option<String>,
    /// Only those that ended so.
    pub standing: Option<ApprovalStanding>,
}

impl HistoryQuery {
    fn wants(&self, approval: &Approval) -> bool {
        approval.standing != ApprovalStanding::Pending
            && self.before.is_none_or(|before| approval.number < before)
            && self
                .standing
                .is_none_or(|wanted| approval.standing == wanted)
            && (self.agent_id.is_none() || self.agent_id == approval.agent_id)
    }
}

/// Records questions and what became of them. What it is told in one order it does in that order.
pub trait ApprovalLedger: Debug + Send + Sync + 'static {
    /// All that are pending, and the newest `over` of those that are not, by their numbers. Blocks; asked once, at the
    /// start.
    ///
    /// # Errors
    /// They cannot be read.
    fn load(&self, over: usize) -> Result<Vec<LedgerRow>, LogError>;

    /// Whether something can be recorded now.
    ///
    /// # Errors
    /// Why not.
    fn admits(&self) -> Result<(), LogError>;

    /// Records a row, over the one with its id. `told` hears when it is as durable as it can be.
    fn record(&self, row: LedgerRow, told: Told);

    /// Notes what has changed of a row, behind what is to be recorded of it; nobody waits for that.
    fn note(&self, row: LedgerRow);

    /// Notes that the end of a row was told.
    fn announced(&self, id: &str);

    /// Drops a row.
    fn forget(&self, id: &str);

    /// A row, whatever became of it.
    fn find(&self, id: &str) -> BoxFuture<'static, Result<Option<Approval>, LogError>>;

    /// Rows that are over, newest first.
    fn history(&self, query: HistoryQuery) -> BoxFuture<'static, Result<Vec<Approval>, LogError>>;
}

/// Keeps rows in memory.
#[derive(Debug)]
pub struct MemoryLedger {
    rows: Mutex<BTreeMap<u64, LedgerRow>>,
    audit: Arc<dyn AuditSink>,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self::new(Arc::<MemoryAudit>::default())
    }
}

impl MemoryLedger {
    /// What happens is told to `audit`.
    #[must_use]
    pub fn new(audit: Arc<dyn AuditSink>) -> Self {
        Self {
            rows: Mutex::default(),
            audit,
        }
    }

    fn keep(&self, row: LedgerRow) {
        let records = {
            let rows = self.rows.lock();
            let before = rows.get(&row.approval.number);
            trail(before.map(|row| &row.approval), &row.approval)
        };
        for record in records {
            drop(self.audit.append(record));
        }
        let mut rows = self.rows.lock();
        rows.insert(row.approval.number, row);
        if rows.len() > KEPT_IN_MEMORY + MAX_PENDING {
            let over = |row: &LedgerRow| row.approval.standing != ApprovalStanding::Pending;
            let oldest = rows.iter().find(|(_, row)| over(row));
            if let Some(number) = oldest.map(|(number, _)| *number) {
                rows.remove(&number);
            }
        }
    }
}

impl ApprovalLedger for MemoryLedger {
    fn load(&self, _: usize) -> Result<Vec<LedgerRow>, LogError> {
        Ok(self.rows.lock().values().cloned().collect())
    }

    fn admits(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn record(&self, row: LedgerRow, mut told: Told) {
        self.keep(row);
        told(Ok(()));
    }

    fn note(&self, row: LedgerRow) {
        self.keep(row);
    }

    fn announced(&self, id: &str) {
        let mut rows = self.rows.lock();
        if let Some(row) = rows.values_mut().find(|row| row.approval.id == id) {
            row.announced = true;
        }
    }

    fn forget(&self, id: &str) {
        self.rows.lock().retain(|_, row| row.approval.id != id);
    }

    fn find(&self, id: &str) -> BoxFuture<'static, Result<Option<Approval>, LogError>> {
        let rows = self.rows.lock();
        let found = rows.values().find(|row| row.approval.id == id);
        let found = found.map(|row| row.approval.clone());
        ready(Ok(found)).boxed()
    }

    fn history(&self, query: HistoryQuery) -> BoxFuture<'static, Result<Vec<Approval>, LogError>> {
        let rows = self.rows.lock();
        let approvals = rows.values().rev().map(|row| &row.approval);
        let wanted = approvals.filter(|approval| query.wants(approval));
        let page = wanted.take(query.limit).cloned().collect();
        ready(Ok(page)).boxed()
    }
}
