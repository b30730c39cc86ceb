//! The call that carries an act out.

use std::sync::Arc;

use car_protocol::idempotency::IdempotencyKey;

use super::ledger::{Keys, Told};
use super::shelf::{End, Phase};
use super::{KeptRow, OutcomeError, Outcomes, Reply, RowId, Status, secret};

/// The right and the duty to carry an act out. Dropping it before [`begin`](Self::begin) is done takes the act back;
/// dropping it afterwards leaves it as one that was cut.
#[derive(Debug)]
#[must_use = "dropping it takes the act back"]
pub struct Attempt {
    outcomes: Arc<Outcomes>,
    row: KeptRow,
    /// Whether the store was told of it.
    recorded: bool,
    /// Whether nothing has settled it yet.
    open: bool,
}

impl Attempt {
    pub(super) fn new(outcomes: Arc<Outcomes>, row: KeptRow) -> Self {
        Self {
            outcomes,
            row,
            recorded: false,
            open: true,
        }
    }

    /// Records that the act runs. It may run when this is ready, and not before.
    ///
    /// # Errors
    /// It cannot be recorded. Drop the attempt then.
    pub async fn begin(&mut self) -> Result<(), OutcomeError> {
        self.recorded = true;
        self.outcomes
            .store
            .begin(&self.row)
            .await
            .inspect_err(|error| self.outcomes.count(&OutcomeError::Storage(error.clone())))?;
        let (key, row) = (&self.row.key, self.row.row);
        self.outcomes
            .on(&self.row.scope, |shelf| shelf.act(key, row));
        Ok(())
    }

    /// Records how the act was answered, and tells all who wait. Ready when that is durable; where storage fails it will
    /// be as soon as that takes it.
    pub async fn end(mut self, reply: Arc<Reply>) {
        self.open = false;
        let status = match &*reply {
            Ok(_) => Status::Done,
            Err(_) => Status::Failed,
        };
        let size = match &*reply {
            Ok(result) => result.get().len(),
            Err(error) => serde_json::to_string(error).map_or(usize::MAX, |text| text.len()),
        };
        let limits = &self.outcomes.limits;
        let fits = size <= limits.result_bytes.min(limits.bytes);
        let open = reply
            .as_ref()
            .as_ref()
            .is_ok_and(|result| secret::is_in(result));
        let kept = (fits && !open).then_some(size);
        let at = self.outcomes.clock.now();
        self.row.end = Some((status, at));
        self.row.bytes = kept;
        // In this order: who finds it ended finds its answer.
        let stored = self
            .outcomes
            .store
            .end(&self.row, kept.map(|_| Arc::clone(&reply)));
        let end = End { status, at, kept };
        let waiters = self.settle(|shelf, key, row| shelf.end(key, row, end));
        if let Err(error) = stored.await {
            tracing::warn!(%error, "the end of an act is not durable yet");
        }
        for waiter in waiters {
            let _ = waiter.send(Ok(Arc::clone(&reply)));
        }
    }

    /// Takes the act back: nothing has been done, and it may be asked for again. Who waits gets this answer.
    pub fn release(mut self, reply: &Arc<Reply>) {
        self.take_back(&Ok(Arc::clone(reply)));
    }

    fn take_back(&mut self, told: &Told) {
        self.open = false;
        let waiters = self.settle(|shelf, key, row| shelf.release(key, row));
        if self.recorded {
            let (scope, row) = (&self.row.scope, self.row.row);
            self.outcomes.store.forget(scope, vec![row], None);
        }
        for waiter in waiters {
            let _ = waiter.send(told.clone());
        }
    }

    fn settle<R>(&self, work: impl FnOnce(&mut Keys, &IdempotencyKey, RowId) -> R) -> R {
        let row = &self.row;
        self.outcomes
            .on(&row.scope, |shelf| work(shelf, &row.key, row.row))
    }

    /// Whether it may have done something.
    fn has_begun(&self) -> bool {
        let row = &self.row;
        self.outcomes.on(&row.scope, |shelf| {
            let entry = shelf.get(&row.key, row.begun);
            entry.is_some_and(|entry| matches!(entry.phase, Phase::Acting(_)))
        })
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        if !self.has_begun() {
            return self.take_back(&Err(OutcomeError::Withdrawn));
        }
        let (status, at) = (Status::Unknown, self.outcomes.clock.now());
        self.row.end = Some((status, at));
        let end = End {
            status,
            at,
            kept: None,
        };
        // Nobody waits for it to be durable: without it, it is found running, which says the same.
        drop(self.outcomes.store.end(&self.row, None));
        let waiters = self.settle(|shelf, key, row| shelf.end(key, row, end));
        for waiter in waiters {
            let _ = waiter.send(Err(OutcomeError::Unknown));
        }
    }
}
