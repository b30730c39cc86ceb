use std::fmt::Debug;
use std::sync::Arc;

use car_protocol::Timestamp;
use futures_util::future::BoxFuture;

use super::grant::{Grant, GrantId};
use crate::audit::{AuditSink, Record};
use crate::log::LogError;

/// A promise that something is as durable as the store can make it, and its record with it.
pub type Kept = BoxFuture<'static, Result<(), LogError>>;

/// Keeps grants beyond the life of the daemon, each change with its record in the audit log. What it is told twice, or in
/// another order, has the same end: uses only count up, and what is removed stays so.
pub trait GrantStore: Debug + Send + Sync + 'static {
    /// What an earlier daemon kept and is not over. Blocks; asked once, at the start.
    ///
    /// # Errors
    /// It cannot be read.
    fn load(&self, now: Timestamp) -> Result<Vec<Grant>, LogError>;

    /// Whether something can be kept now.
    ///
    /// # Errors
    /// Why not.
    fn admits(&self) -> Result<(), LogError>;

    /// Keeps a new grant.
    fn add(&self, grant: &Grant, record: Record) -> Kept;

    /// Counts a use.
    fn note_use(&self, grant: &Grant, record: Record) -> Kept;

    /// Drops grants, each with the record of its end.
    fn remove(&self, ended: Vec<(GrantId, Record)>) -> Kept;
}

/// Keeps grants in memory only: there is nothing to be done but the records.
#[derive(Debug)]
pub struct MemoryGrants {
    audit: Arc<dyn AuditSink>,
}

impl MemoryGrants {
    /// Whose records go there.
    #[must_use]
    pub fn new(audit: Arc<dyn AuditSink>) -> Self {
        Self { audit }
    }
}

impl GrantStore for MemoryGrants {
    fn load(&self, _: Timestamp) -> Result<Vec<Grant>, LogError> {
        Ok(Vec::new())
    }

    fn admits(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn add(&self, _: &Grant, record: Record) -> Kept {
        self.audit.append(record)
    }

    fn note_use(&self, _: &Grant, record: Record) -> Kept {
        self.audit.append(record)
    }

    fn remove(&self, ended: Vec<(GrantId, Record)>) -> Kept {
        let told: Vec<Kept> = ended
            .into_iter()
            .map(|(_, record)| self.audit.append(record))
            .collect();
        Box::pin(async move {
            for told in told {
                told.await?;
            }
            Ok(())
        })
    }
}
