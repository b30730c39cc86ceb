//! Runs proposals: verified, isolated, in parallel where their data allows it, and accounted for.
//!
//! The engine decides what may run, when, how often and for how long, and what becomes of the state. It knows nothing
//! of sockets and JSON-RPC: a [`ToolExecutor`] runs tools for it, a [`Journal`] takes note.

mod call;
mod journal;
mod limits;

pub use call::{ToolCall, ToolError, ToolExecutor};
pub use journal::{Entry, Journal, NoJournal, kind};
pub use limits::EngineLimits;
