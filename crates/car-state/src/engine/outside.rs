//! What others may do to proposals under way.

use std::time::Duration;

use car_protocol::rpc::proposal::{CallRecord, CallState};
use car_protocol::rpc::tools::ProgressParams;
use serde_json::Value;

use super::journal::{Data, Datum, Entry, kind, step};
use super::ledger::Heard;
use super::{CancelOutcome, Engine};
use crate::store::measure;

/// Bytes of a progress message that are passed on.
const MESSAGE_BYTES: usize = 1_024;
/// Bytes of JSON of a partial result that is passed on.
const PARTIAL_BYTES: usize = 64 << 10;

impl Engine {
    /// Ends the proposals under way that have this id; `None` where none has, and none had that is still known. Once
    /// this has answered [`CancelOutcome::Cancelled`], nothing else can become of them.
    pub fn cancel(&self, proposal: &str, reason: Option<&str>) -> Option<CancelOutcome> {
        self.runs.cancel(proposal, reason)
    }

    /// Whether a proposal with this id is under way.
    #[must_use]
    pub fn is_running(&self, proposal: &str) -> bool {
        self.runs.is_running(proposal)
    }

    /// How many proposals are under way.
    #[must_use]
    pub fn running(&self) -> usize {
        self.runs.len()
    }

    /// Has the steps of a proposal told from now on; whether it is under way.
    pub fn watch(&self, proposal: &str) -> bool {
        self.runs.watch(proposal)
    }

    /// What is known of a proposal's calls; `None` where nothing is known of the proposal.
    #[must_use]
    pub fn calls(&self, proposal: &str) -> Option<Vec<CallRecord>> {
        let calls = self.ledger.of(proposal);
        let known = !calls.is_empty()
            || self.runs.is_running(proposal)
            || self.runs.ended(proposal).is_some();
        known.then_some(calls)
    }

    /// How many attempts are open.
    #[must_use]
    pub fn open_calls(&self) -> usize {
        self.ledger.open_calls()
    }

    /// How long a proposal may take after its session has ended.
    #[must_use]
    pub fn wind_down(&self) -> Duration {
        self.parts.limits.cancel_grace + self.parts.limits.wind_down
    }

    /// A tool's host tells how far a call is; whether the call is open.
    pub fn progress(&self, fence: u64, progress: &ProgressParams) -> bool {
        let (about, dropped) = match self.ledger.hear(fence, self.parts.limits.progress_interval) {
            Some(Heard::Tell(about, dropped)) => (about, dropped),
            Some(Heard::Drop) => return true,
            None => return false,
        };
        if !self.runs.is_watched(&about.proposal) {
            return true;
        }
        let message = progress.message.as_deref();
        let message = message.map(|text| &text[..text.floor_char_boundary(MESSAGE_BYTES)]);
        let fits = |value: &&Value| measure(value).text <= PARTIAL_BYTES;
        let partial = progress.partial.as_ref().filter(fits);
        self.parts.journal.tell(Entry {
            kind: step::PROGRESS,
            action_id: Some(&about.action),
            proposal_id: Some(&about.proposal),
            data: Data(&[
                ("attempt", Datum::Number(about.attempt.into())),
                ("progress", Datum::Float(progress.progress)),
                ("total", progress.total.map_or(Datum::Absent, Datum::Float)),
                ("message", Datum::text(message)),
                ("partial", partial.map_or(Datum::Absent, Datum::Json)),
                (
                    "dropped",
                    match dropped {
                        0 => Datum::Absent,
                        dropped => Datum::Number(dropped),
                    },
                ),
            ]),
        });
        true
    }

    /// An answer came to a call that is decided: it is recorded beside the call, and changes nothing. Whether the call is
    /// still known.
    pub fn late_answer(&self, fence: u64, answer: Result<Value, String>) -> bool {
        let now = self.parts.clock.now();
        let Some((about, late)) = self.ledger.late(fence, answer, now) else {
            return false;
        };
        let decided = match about.decided {
            CallState::TimedOut => "timed_out",
            CallState::Cancelled => "cancelled",
            CallState::Failed => "failed",
            _ => "succeeded",
        };
        let entry = Entry {
            kind: kind::LATE_RESULT,
            action_id: Some(&about.action),
            proposal_id: Some(&about.proposal),
            data: Data(&[
                ("tool", Datum::Text(&about.tool)),
                ("attempt", Datum::Number(about.attempt.into())),
                ("fence", Datum::Number(fence)),
                ("decided", Datum::Text(decided)),
                ("bytes", Datum::Number(late.bytes)),
                ("error", Datum::text(late.error.as_deref())),
            ]),
        };
        self.parts.journal.record(entry);
        if self.runs.is_watched(&about.proposal)
            && let Some(kind) = step::of(entry.kind)
        {
            self.parts.journal.tell(Entry { kind, ..entry });
        }
        true
    }
}
