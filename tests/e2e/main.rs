//! Conversations with a daemon in memory, under a paused clock. A file is named like the namespace, or like the
//! concern of all namespaces that it is about.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod agents;
mod agents_chat;
#[cfg(unix)]
mod agents_external;
mod approvals;
mod attach;
mod audit;
mod auth;
mod chat_ends;
mod diagnostics;
mod envelope;
mod errors;
mod events;
mod fairness;
mod faults;
mod gate;
mod grace;
mod grants;
mod guide;
mod host;
mod link;
mod meeting;
mod meeting_summary;
mod memory;
mod memory_files;
mod notifications;
mod patterns;
mod policy;
mod policy_questions;
mod pressure;
mod pressure_budget;
mod proposal;
mod proposal_budget;
mod proposal_cancel;
mod proposal_stream;
mod provided;
mod providers;
mod registry;
mod request;
mod results;
mod resume;
mod resume_token;
mod routes;
mod rules;
mod server;
mod session;
mod shutdown;
mod skills;
mod state;
mod storage;
mod tools;
mod trace;
mod verify;
mod voice;
mod voice_turn;
