//! What the tests share: a daemon in memory, a client that forgets nothing, and the transcript of what they said.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

pub mod acp_agent;
pub mod client;
pub mod cutter;
pub mod daemon;
pub mod fault_link;
pub mod log;
pub mod program;
pub mod proposal;
#[cfg(target_os = "linux")]
pub mod soak;
pub mod transcript;

pub use client::TestClient;
pub use daemon::{TestDaemon, Wanted, settle};
pub use transcript::Transcript;
