//! Where answers are kept.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use car_protocol::Timestamp;
use car_protocol::idempotency::IdempotencyKey;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;

use super::{Fingerprint, Reply, Scope, Status};
use crate::log::LogError;

/// The number of an act. No act has that of another one.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RowId(pub u64);

/// What is kept of an act, but for its answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptRow {
    /// Its number.
    pub row: RowId,
    /// Whose key.
    pub scope: Scope,
    /// The key.
    pub key: IdempotencyKey,
    /// What tells it from others.
    pub print: Fingerprint,
    /// Its method.
    pub method: Arc<str>,
    /// When it was taken on.
    pub begun: Timestamp,
    /// How and when it ended; none while it is under way.
    pub end: Option<(Status, Timestamp)>,
    /// Bytes of the answer that is kept; none where none is.
    pub bytes: Option<usize>,
}

/// Everything that an earlier daemon kept.
#[derive(Debug)]
pub struct KeptRows {
    /// By their numbers.
    pub rows: Vec<KeptRow>,
    /// Since when acts are kept here at all.
    pub since: Timestamp,
    /// Whose older keys were dropped before their time, and up to which moment.
    pub horizons: Vec<(Scope, Timestamp)>,
}

/// A promise that something is as durable as the store can make it.
pub type Stored = BoxFuture<'static, Result<(), LogError>>;

/// Keeps acts that have a key. What it is told in one order it does in that order.
pub trait OutcomeStore: Debug + Send + Sync + 'static {
    /// What is there. Blocks; asked once, at the start.
    ///
    /// # Errors
    /// It cannot be read.
    fn load(&self, now: Timestamp) -> Result<KeptRows, LogError>;

    /// Whether something can be recorded now.
    ///
    /// # Errors
    /// Why not.
    fn admits(&self) -> Result<(), LogError>;

    /// Records an act as running, before it begins. Where that fails it may be recorded later all the same, so it is to be
    /// [forgotten](Self::forget) then.
    fn begin(&self, row: &KeptRow) -> Stored;

    /// Records the end of an act, with its answer where that is to be kept. It is done in any case, as soon as storage
    /// takes it; meanwhile [`read`](Self::read) knows it.
    fn end(&self, row: &KeptRow, reply: Option<Arc<Reply>>) -> Stored;

    /// Drops acts, all of one identity, whose every key since `horizon` is there.
    fn forget(&self, scope: &Scope, rows: Vec<RowId>, horizon: Option<Timestamp>);

    /// The answer that was kept; none where it is gone.
    fn read(&self, row: RowId) -> BoxFuture<'static, Result<Option<Arc<Reply>>, LogError>>;
}

/// Keeps answers in memory.
#[derive(Debug, Default)]
pub struct MemoryOutcomes(Mutex<HashMap<RowId, Arc<Reply>>>);

impl OutcomeStore for MemoryOutcomes {
    fn load(&self, now: Timestamp) -> Result<KeptRows, LogError> {
        Ok(KeptRows {
            rows: Vec::new(),
            since: now,
            horizons: Vec::new(),
        })
    }

    fn admits(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn begin(&self, _: &KeptRow) -> Stored {
        ready(Ok(())).boxed()
    }

    fn end(&self, row: &KeptRow, reply: Option<Arc<Reply>>) -> Stored {
        if let Some(reply) = reply {
            self.0.lock().insert(row.row, reply);
        }
        ready(Ok(())).boxed()
    }

    fn forget(&self, _: &Scope, rows: Vec<RowId>, _: Option<Timestamp>) {
        let mut kept = self.0.lock();
        for row in rows {
            kept.remove(&row);
        }
    }

    fn read(&self, row: RowId) -> BoxFuture<'static, Result<Option<Arc<Reply>>, LogError>> {
        let reply = self.0.lock().get(&row).cloned();
        ready(Ok(reply)).boxed()
    }
}
