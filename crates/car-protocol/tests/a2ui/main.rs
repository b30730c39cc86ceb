//! A2UI: the data of others, our own messages, what is refused, and what holds for everything.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod beside;
mod conversions;
mod messages;
mod official;
mod properties;
mod refusals;
mod samples;
