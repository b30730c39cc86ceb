//! Streams of audio that clients send, and what is heard in them.
//!
//! Each stream of audio is a stream of the log: its events come in order, are kept for a while, and a client that falls
//! behind costs nobody anything. What hears is behind [`VoiceEngine`]; this module knows whose stream is which, how many
//! there may be, and when they end. It knows no samples.

mod desk;
mod engine;
mod error;
mod live;
mod sink;
mod streams;
mod turn;

pub use desk::{VoiceDesk, VoiceLimits};
pub use engine::{
    AudioMessage, HeardAudio, HeardEvents, Listening, Provider, PushedAudio, SampleFormat, Sound,
    VoiceEngine, VoiceInput, Wanted,
};
pub use error::VoiceError;
pub use sink::{VoiceEventSink, WsVoiceEventSink};
pub use streams::{Begun, StreamInfo, Taken, VoiceStreams};
pub use turn::{Track, TurnBegun, TurnWanted, VoiceAgents};

pub use crate::log::VOICE;
