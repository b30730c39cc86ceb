//! What became of every attempt at a tool call.
//!
//! An attempt has a lease, which is the time it may take, and a fence, which is its number. It is decided once: by its
//! answer, by the end of its lease, or because nobody waits any more. An answer that comes after that is recorded beside
//! it and changes nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::proposal::{CallRecord, CallState, LateAnswer};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;

use super::call::IdleClock;
use super::{ToolCall, ToolError};
use crate::store::measure;

/// Bytes of JSON of a late result that is kept.
const LATE_BYTES: usize = 4_096;
/// Bytes of a late error that are kept.
const LATE_ERROR_BYTES: usize = 1_024;

/// An attempt, as long as it is known.
#[derive(Debug)]
struct Attempt {
    fence: u64,
    proposal: Arc<str>,
    action: Arc<str>,
    tool: Arc<str>,
    number: u32,
    compensation: bool,
    began: Timestamp,
    lease: Duration,
    since: Instant,
    idle: Option<Arc<IdleClock>>,
    /// When its listeners were last told how far it is, and how often that was left out since.
    told: Option<Instant>,
    dropped: u64,
    decided: Option<(CallState, Duration)>,
    late: Option<Box<LateAnswer>>,
}

/// The attempts of one engine: all that are open, and the last that were decided. An unused one allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    /// As many as there are places in the proposals under way, by their fences: what began first ends first as a rule.
    open: VecDeque<Attempt>,
    /// By the time of their decision.
    decided: VecDeque<Attempt>,
}

/// Whose call something is about.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) proposal: Arc<str>,
    pub(super) action: Arc<str>,
    pub(super) tool: Arc<str>,
    pub(super) attempt: u32,
    pub(super) decided: CallState,
}

/// Whether listeners are told how far a call is.
#[derive(Debug)]
pub(super) enum Heard {
    /// They are; so many were left out before.
    Tell(About, u64),
    /// It is too soon after the last time.
    Drop,
}

impl Ledger {
    /// Opens an attempt, and gives it its fence. Of decided ones so many are kept.
    pub(super) fn open(&self, call: &mut ToolCall, began: Timestamp, keep: usize) -> Lease<'_> {
        let mut inner = self.0.lock();
        inner.last += 1;
        call.fence = inner.last;
        let attempt = Attempt {
            fence: call.fence,
            proposal: Arc::clone(&call.proposal_id),
            action: Arc::clone(&call.action_id),
            tool: Arc::clone(&call.tool),
            number: call.attempt,
            compensation: call.compensation,
            began,
            lease: call.timeout,
            since: Instant::now(),
            idle: call.idle.clone(),
            told: None,
            dropped: 0,
            decided: None,
            late: None,
        };
        inner.open.push_back(attempt);
        Lease {
            ledger: self,
            fence: call.fence,
            keep,
            state: CallState::Cancelled,
        }
    }

    /// Decides an attempt, once.
    fn decide(&self, fence: u64, state: CallState, keep: usize) {
        let mut inner = self.0.lock();
        let place = inner.place(fence);
        let Some(mut attempt) = place.and_then(|place| inner.open.remove(place)) else {
            return;
        };
        attempt.decided = Some((state, attempt.since.elapsed()));
        attempt.idle = None;
        while inner.decided.len() >= keep.max(1) {
            inner.decided.pop_front();
        }
        inner.decided.push_back(attempt);
    }

    /// Notes an answer to an attempt that is decided; whose it is, where that is still known and it is the first.
    pub(super) fn late(
        &self,
        fence: u64,
        answer: Result<Value, String>,
        at: Timestamp,
    ) -> Option<(About, LateAnswer)> {
        let late = match answer {
            Ok(value) => {
                let bytes = measure(&value).text;
                LateAnswer {
                    timestamp: at,
                    bytes: bytes as u64,
                    result: (bytes <= LATE_BYTES).then_some(value),
                    error: None,
                }
            }
            Err(mut message) => {
                message.truncate(message.floor_char_boundary(LATE_ERROR_BYTES));
                LateAnswer {
                    timestamp: at,
                    bytes: 0,
                    result: None,
                    error: Some(message),
                }
            }
        };
        let mut inner = self.0.lock();
        // The newest are the likeliest.
        let mut decided = inner.decided.iter_mut().rev();
        let attempt = decided.find(|attempt| attempt.fence == fence)?;
        if attempt.late.is_some() {
            return None;
        }
        attempt.late = Some(Box::new(late.clone()));
        Some((attempt.about(), late))
    }

    /// Notes that something was heard of an open attempt, and says whether its listeners are to be told. `None` where
    /// it is not open.
    pub(super) fn hear(&self, fence: u64, interval: Duration) -> Option<Heard> {
        let mut inner = self.0.lock();
        let place = inner.place(fence)?;
        let attempt = inner.open.get_mut(place)?;
        if let Some(idle) = &attempt.idle {
            idle.hear();
        }
        let now = Instant::now();
        let soon = attempt
            .told
            .is_some_and(|told| now.saturating_duration_since(told) < interval);
        if soon {
            attempt.dropped += 1;
            return Some(Heard::Drop);
        }
        attempt.told = Some(now);
        Some(Heard::Tell(
            attempt.about(),
            std::mem::take(&mut attempt.dropped),
        ))
    }

    /// What is known of a proposal's attempts, in the order in which they began.
    pub(super) fn of(&self, proposal: &str) -> Vec<CallRecord> {
        let inner = self.0.lock();
        let all = inner.open.iter().chain(&inner.decided);
        let of_it = all.filter(|attempt| &*attempt.proposal == proposal);
        let mut records: Vec<_> = of_it.map(Attempt::record).collect();
        records.sort_unstable_by_key(|record| record.fence);
        records
    }

    /// How many are open.
    pub(super) fn open_calls(&self) -> usize {
        self.0.lock().open.len()
    }
}

impl Inner {
    /// Where an open attempt is.
    fn place(&self, fence: u64) -> Option<usize> {
        let found = self.open.binary_search_by_key(&fence, |open| open.fence);
        found.ok()
    }
}

impl Attempt {
    fn about(&self) -> About {
        About {
            proposal: Arc::clone(&self.proposal),
            action: Arc::clone(&self.action),
            tool: Arc::clone(&self.tool),
            attempt: self.number,
            decided: self.decided.map_or(CallState::Open, |(state, _)| state),
        }
    }

    fn record(&self) -> CallRecord {
        CallRecord {
            fence: self.fence,
            action_id: self.action.as_ref().to_owned(),
            tool: self.tool.as_ref().to_owned(),
            attempt: self.number,
            compensation: self.compensation,
            began: self.began,
            lease_ms: u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX),
            state: self.decided.map_or(CallState::Open, |(state, _)| state),
            duration_ms: self.decided.map(|(_, took)| took.as_secs_f64() * 1e3),
            late: self.late.as_deref().cloned(),
        }
    }
}

/// What an attempt's end means for the ledger.
pub(super) fn state_of(result: &Result<Value, ToolError>) -> CallState {
    match result {
        Ok(_) => CallState::Succeeded,
        Err(ToolError::TimedOut { .. } | ToolError::Idle { .. }) => CallState::TimedOut,
        Err(ToolError::Cancelled) => CallState::Cancelled,
        Err(_) => CallState::Failed,
    }
}

/// An open attempt. However it ends, its entry is decided with it.
#[derive(Debug)]
pub(super) struct Lease<'e> {
    ledger: &'e Ledger,
    fence: u64,
    keep: usize,
    state: CallState,
}

impl Lease<'_> {
    /// Decides it with this state.
    pub(super) fn decide(mut self, state: CallState) {
        self.state = state;
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.ledger.decide(self.fence, self.state, self.keep);
    }
}
