//! What the clients of a run count together.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use car_client::CallError;
use parking_lot::Mutex;

/// Broken promises that are listed; the rest is counted.
const LISTED: usize = 20;

/// Requests, errors by kind, and promises that were broken.
#[derive(Debug, Default)]
pub(super) struct Tally {
    requests: AtomicU64,
    errors: Mutex<BTreeMap<String, u64>>,
    broken: Mutex<(Vec<String>, usize)>,
}

impl Tally {
    /// Counts a call; whether its connection is still of use.
    pub(super) fn call<T>(&self, method: &str, outcome: &Result<T, CallError>) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let Err(error) = outcome else { return true };
        let name = match error {
            CallError::Rpc(error) => error.kind().to_owned(),
            CallError::TimedOut(_) => "(no answer)".to_owned(),
            CallError::Closed => "(connection lost)".to_owned(),
            other => {
                self.broke(format!("{method}: {other}"));
                return false;
            }
        };
        if ["internal", "storage_full"].contains(&name.as_str()) {
            self.broke(format!("{method}: {error}"));
        }
        self.error(name);
        matches!(error, CallError::Rpc(_))
    }

    /// Counts something that went wrong on the way.
    pub(super) fn error(&self, name: impl Into<String>) {
        *self.errors.lock().entry(name.into()).or_default() += 1;
    }

    /// The daemon did what it never may.
    pub(super) fn broke(&self, what: String) {
        let mut broken = self.broken.lock();
        broken.1 += 1;
        if broken.0.len() < LISTED {
            broken.0.push(what);
        }
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Errors since this was last asked.
    pub(super) fn errors(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.errors.lock())
    }

    pub(super) fn broken(&self) -> Vec<String> {
        let broken = self.broken.lock();
        let mut lines = broken.0.clone();
        if broken.1 > lines.len() {
            lines.push(format!("and {} more", broken.1 - lines.len()));
        }
        lines
    }
}
