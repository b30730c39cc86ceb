//! A2A on the wire: what is read, what is written, what is refused, and what others make of it.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod acts;
mod acts_match;
mod catalog;
mod converting;
mod dialect;
mod errors;
mod examples_v0_3;
mod examples_v1;
mod generate;
mod generate_card;
mod oracle;
mod oracle_theirs;
mod reading;
#[cfg(feature = "signing")]
mod signing;
mod snapshots;
