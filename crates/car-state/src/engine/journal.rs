use std::fmt;

use serde_json::{Map, Value};

/// Takes note of what happens, in order. Must not block.
pub trait Journal: Send + Sync + 'static {
    /// Takes one note.
    fn record(&self, entry: Entry<'_>);
}

impl fmt::Debug for dyn Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Journal")
    }
}

/// One note.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// One of [`kind`].
    pub kind: &'static str,
    /// The action that it concerns.
    pub action_id: Option<&'a str>,
    /// The proposal that it concerns.
    pub proposal_id: Option<&'a str>,
    /// The rest, by kind.
    pub data: Map<String, Value>,
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
}

/// Forgets everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn record(&self, _: Entry<'_>) {}
}
