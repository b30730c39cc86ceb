#![doc = include_str!("../README.md")]
//!
//! The crate knows no socket, no JSON-RPC and no session: frames come in as bytes, events go out to an
//! [`EventSink`](stream::EventSink).

pub mod activity;
pub mod event;
pub mod format;
pub mod frame;
pub mod resample;
pub mod sequence;
pub mod stream;
pub mod stt;

/// The rate at which voice activity and recognisers hear, in samples a second.
pub const SPEECH_RATE: u32 = 16_000;

/// How long so many samples at [`SPEECH_RATE`] last, in milliseconds, rounded down.
#[must_use]
pub const fn millis(samples: u64) -> u64 {
    samples.saturating_mul(1000) / SPEECH_RATE as u64
}
