//! The calls that repeat another one.

use std::sync::Arc;

use car_protocol::idempotency::IdempotencyKey;
use tokio::sync::oneshot;

use super::ledger::Told;
use super::{OutcomeError, Outcomes, Reply, RowId, Scope, Status};

/// A call that waits for the act of another one.
#[derive(Debug)]
pub struct Joined {
    pub(super) outcomes: Arc<Outcomes>,
    pub(super) scope: Scope,
    pub(super) key: IdempotencyKey,
    pub(super) told: oneshot::Receiver<Told>,
}

impl Joined {
    /// The answer, when it is there.
    ///
    /// # Errors
    /// There will be none.
    pub async fn answer(self) -> Result<Arc<Reply>, OutcomeError> {
        if let Ok(told) = self.told.await {
            return told;
        }
        // Who was to tell was cut after the end.
        let known = self.outcomes.report(&self.scope, &self.key).known;
        match known.map(|known| (known.past, known.end)) {
            Some((Some(past), _)) => past.answer().await,
            Some((None, Some((status, _)))) if status != Status::Unknown => {
                Err(OutcomeError::NotKept { status })
            }
            _ => Err(OutcomeError::Unknown),
        }
    }
}

/// An act that is over, and whose answer is kept.
#[derive(Debug)]
pub struct Past {
    pub(super) outcomes: Arc<Outcomes>,
    pub(super) row: RowId,
    pub(super) status: Status,
}

impl Past {
    /// The answer.
    ///
    /// # Errors
    /// It cannot be read, or has gone in this moment.
    pub async fn answer(self) -> Result<Arc<Reply>, OutcomeError> {
        let status = self.status;
        let reply = self.outcomes.store.read(self.row).await?;
        reply.ok_or(OutcomeError::NotKept { status })
    }
}
