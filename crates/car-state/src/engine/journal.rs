use std::fmt;

use car_protocol::rpc::events::Cursor;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

use crate::log::StreamName;

/// Takes note of what happens, in order. Must not block.
pub trait Journal: Send + Sync + 'static {
    /// Takes one note.
    fn record(&self, entry: Entry<'_>);

    /// Tells those who listen to a proposal of one step. Only asked where somebody does.
    fn tell(&self, step: Entry<'_>) {
        let _ = step;
    }

    /// The stream that [`tell`](Self::tell) tells a proposal's steps on, and the place of the newest one.
    fn steps(&self, proposal_id: &str) -> Option<(StreamName, Cursor)> {
        let _ = proposal_id;
        None
    }

    /// Nobody will read any more: what is kept of steps may go.
    fn end(&self) {}
}

impl fmt::Debug for dyn Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Journal")
    }
}

/// One note. It borrows all it says, and is written down at once or not at all.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// One of [`kind`], or of [`step`].
    pub kind: &'static str,
    /// The action that it concerns.
    pub action_id: Option<&'a str>,
    /// The proposal that it concerns.
    pub proposal_id: Option<&'a str>,
    /// The rest, by kind.
    pub data: Data<'a>,
}

/// The members of a note, in order. Serialises to an object.
#[derive(Clone, Copy, Debug, Default)]
pub struct Data<'a>(pub &'a [(&'static str, Datum<'a>)]);

/// The value of a member.
#[derive(Clone, Copy, Debug)]
pub enum Datum<'a> {
    /// The member is left out.
    Absent,
    /// A text.
    Text(&'a str),
    /// A number.
    Number(u64),
    /// A number with a fraction.
    Float(f64),
    /// Yes or no.
    Flag(bool),
    /// Any value.
    Json(&'a Value),
    /// An object.
    Object(&'a serde_json::Map<String, Value>),
    /// A list of texts.
    Texts(&'a [&'a str]),
}

impl<'a> Datum<'a> {
    /// A text that may be absent.
    #[must_use]
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, datum) in self.0 {
            match datum {
                Datum::Absent => {}
                Datum::Text(text) => map.serialize_entry(name, text)?,
                Datum::Number(number) => map.serialize_entry(name, number)?,
                Datum::Float(number) => map.serialize_entry(name, number)?,
                Datum::Flag(flag) => map.serialize_entry(name, flag)?,
                Datum::Json(value) => map.serialize_entry(name, value)?,
                Datum::Object(object) => map.serialize_entry(name, object)?,
                Datum::Texts(texts) => map.serialize_entry(name, texts)?,
            }
        }
        map.end()
    }
}

/// The kinds of notes, with the members of their `data`.
pub mod kind {
    /// A proposal begins: `source`, `actions` (how many).
    pub const PROPOSAL_RECEIVED: &str = "proposal_received";
    /// For whom it runs: `caller_id`, `tenant_id`, `claims`.
    pub const SESSION_SCOPE: &str = "session_scope";
    /// An action passed validation and policies.
    pub const ACTION_VALIDATED: &str = "action_validated";
    /// An action was refused: `reason`.
    pub const ACTION_REJECTED: &str = "action_rejected";
    /// Policies object to an action: `violations`, each with `policy`, `rule`, `level` and `reason`.
    pub const POLICY_VIOLATION: &str = "policy_violation";
    /// An attempt begins: `attempt`, for a tool call `tool` and `timeout_ms`.
    pub const ACTION_EXECUTING: &str = "action_executing";
    /// An attempt failed and another follows: `attempt` (the failed one), `error`, `delay_ms`.
    pub const ACTION_RETRYING: &str = "action_retrying";
    /// An action was done: `attempts`, `duration_ms`; `cached` when the tool's earlier result was reused.
    pub const ACTION_SUCCEEDED: &str = "action_succeeded";
    /// An action failed: `error`, `attempts`.
    pub const ACTION_FAILED: &str = "action_failed";
    /// An action was not run, or its failure is skipped: `reason`.
    pub const ACTION_SKIPPED: &str = "action_skipped";
    /// The result of an equal idempotent action was taken.
    pub const ACTION_DEDUPLICATED: &str = "action_deduplicated";
    /// An action wrote: `keys`.
    pub const STATE_CHANGED: &str = "state_changed";
    /// A proposal's writes are visible to all: `keys`.
    pub const STATE_SNAPSHOT: &str = "state_snapshot";
    /// A proposal's writes were dropped: `keys`, `reason`.
    pub const STATE_ROLLBACK: &str = "state_rollback";
    /// What an action did was undone, or not: `tool`, `status`, `reason`, `duration_ms`.
    pub const ACTION_COMPENSATED: &str = "action_compensated";
    /// An answer came after its attempt was decided: `tool`, `attempt`, `fence`, `decided`, `bytes`, `error`.
    pub const LATE_RESULT: &str = "tool.late_result";
}

/// The kinds of steps that listeners of a proposal are told: [`ExecutionEventKind`] as text.
///
/// [`ExecutionEventKind`]: car_protocol::rpc::proposal::ExecutionEventKind
pub mod step {
    use super::kind;

    /// A proposal has ended: `outcome`.
    pub const ENDED: &str = "ended";
    /// An action was taken back.
    pub const CANCELLED: &str = "cancelled";
    /// A tool's host tells how far it is.
    pub const PROGRESS: &str = "progress";

    /// What a note means for those who listen to its proposal.
    pub(crate) fn of(note: &str) -> Option<&'static str> {
        Some(match note {
            kind::ACTION_VALIDATED => "validated",
            kind::ACTION_EXECUTING => "started",
            kind::ACTION_RETRYING => "retrying",
            kind::ACTION_SUCCEEDED => "succeeded",
            kind::ACTION_FAILED | kind::ACTION_REJECTED => "failed",
            kind::ACTION_SKIPPED => "skipped",
            kind::ACTION_COMPENSATED => "compensated",
            kind::LATE_RESULT => "late_result",
            _ => return None,
        })
    }
}

/// Forgets everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn record(&self, _: Entry<'_>) {}
}
