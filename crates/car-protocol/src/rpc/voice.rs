//! `voice.*`: audio that clients send, and what is heard in it.

use serde::{Deserialize, Serialize};

use super::Empty;
use crate::Timestamp;

mod event;
mod turn;

pub use turn::{
    CancelTurnParams, DispatchTurnParams, TurnCancelled, TurnDispatched, TurnPrewarmed, TurnTrack,
};

pub use event::{StreamOutcome, Utterance, VoiceEvent, VoiceEventParams};

crate::methods! {
    /// Begins a stream of audio, and feeds what is heard in it to the caller as `voice.event`. The audio comes with
    /// `voice.transcribe_stream.push` or as binary messages, from when this is answered. A stream ends with the event
    /// `done`, exactly once: when it is stopped, when its session ends, or at its limits.
    #[mutates]
    Start = "voice.transcribe_stream.start" (StartParams) -> Started;

    /// Gives a stream more audio. While a recogniser is behind, the answer waits.
    #[mutates]
    Push = "voice.transcribe_stream.push" (PushParams) -> Accepted;

    /// Ends a stream after all that was pushed; answered when everything was told.
    #[mutates]
    Stop = "voice.transcribe_stream.stop" (StopParams) -> Stopped;

    /// Says whether the client plays speech itself: who speaks meanwhile barges in.
    #[mutates]
    Playback = "voice.playback" (PlaybackParams) -> Accepted;

    /// Has agents answer what was said: one that answers at once, and one that takes its time. What is asked about mail,
    /// dates and searches goes to the latter alone, and meanwhile a phrase bridges the silence. A session has one turn;
    /// another one cancels it. What is answered comes as `voice.event`.
    #[mutates]
    DispatchTurn = "voice.dispatch_turn" (DispatchTurnParams) -> TurnDispatched;

    /// Cancels the turn of the caller's session, if there is one; the agents are told.
    #[mutates]
    CancelTurn = "voice.cancel_turn" (CancelTurnParams) -> TurnCancelled;

    /// Tells whether the agents of turns are there, before the first turn. Nothing has to be loaded for one.
    PrewarmTurn = "voice.prewarm_turn" (Empty) -> TurnPrewarmed;

    /// The streams of the caller's session that have not ended; for a host those of all sessions.
    Sessions = "voice.sessions.list" (Empty) -> SessionList;

    /// The recognisers that there are, and how to get others.
    Providers = "voice.providers.list" (Empty) -> Vec<VoiceProvider>;
}

crate::notifications! {
    /// Something was heard in a stream, or it has ended.
    Event = "voice.event" (VoiceEventParams);

    /// Binary audio was not taken. Of refusals that follow each other the first, second, fourth and so on are told.
    Refused = "voice.audio_refused" (RefusedParams);
}

/// Params of `voice.transcribe_stream.start`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceStartParams"))]
pub struct StartParams {
    /// The id that the stream is to have in the caller's session: 1 to 128 letters, digits and `-_.:/` of ASCII.
    pub session_id: String,
    /// Where its audio comes from.
    pub audio_source: AudioSource,
    /// What else is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<StartOptions>,
}

/// Where audio comes from.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceAudioSource"))]
pub struct AudioSource {
    /// `pcm_push`: the client sends it. The daemon opens no device and no file itself, so `mic`, `system`, `file` and
    /// `fifo` are `unavailable`.
    pub kind: String,
    /// Samples a second and channel, 4,000 to 384,000; 16,000 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Interleaved channels, 1 to 8; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u8>,
}

/// What a stream is asked for.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceStartOptions"))]
pub struct StartOptions {
    /// The recogniser, by the id that `voice.providers.list` gives it; the first that is available when left out, and
    /// for `local`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Which of the recogniser's models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The language that is spoken, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whether each piece of audio is told as `audio_chunk`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emit_audio_meta: Option<bool>,
}

/// Result of `voice.transcribe_stream.start`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceStarted"))]
pub struct Started {
    /// The stream's id.
    pub session_id: String,
    /// Its events: `voice/`, the session, `/` and the id.
    pub stream: String,
    /// The epoch of that.
    pub epoch: u64,
    /// The number after which its events begin.
    pub seq: u64,
    /// The recogniser that hears it. Without one, speech is noticed but not turned into text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Where there is none: the recognisers that there could be, and how to get them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<VoiceProvider>,
}

/// A recogniser.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VoiceProvider {
    /// What `options.provider` calls it.
    pub id: String,
    /// `stt`.
    pub kind: String,
    /// Whether a stream can have it now.
    pub available: bool,
    /// What it is, or how to get it.
    pub description: String,
}

/// Params of `voice.transcribe_stream.push`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoicePushParams"))]
pub struct PushParams {
    /// The stream.
    pub session_id: String,
    /// Whole samples of 16-bit signed little-endian PCM as base64, 1 MiB at most.
    pub pcm_b64: String,
    /// Its number, from 0; without one it follows what came last. What is missing is waited for, for half a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
}

/// Result of `voice.transcribe_stream.push` and `voice.playback`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceAccepted"))]
pub struct Accepted {
    /// Always `true`.
    pub accepted: bool,
}

/// Params of `voice.transcribe_stream.stop`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceStopParams"))]
pub struct StopParams {
    /// The stream.
    pub session_id: String,
}

/// Result of `voice.transcribe_stream.stop`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceStopped"))]
pub struct Stopped {
    /// The stream.
    pub session_id: String,
    /// Always `true`.
    pub stopped: bool,
    /// The epoch of its events.
    pub epoch: u64,
    /// The number of the last one.
    pub seq: u64,
}

/// Params of `voice.playback`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoicePlaybackParams"))]
pub struct PlaybackParams {
    /// The stream.
    pub session_id: String,
    /// Whether the client plays speech from now on.
    pub playing: bool,
}

/// Result of `voice.sessions.list`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceSessions"))]
pub struct SessionList {
    /// Their ids, in order.
    pub sessions: Vec<String>,
    /// What is known of each, in the same order.
    #[serde(default)]
    pub details: Vec<VoiceSession>,
}

/// A stream of audio that has not ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VoiceSession {
    /// Its id.
    pub session_id: String,
    /// The session that owns it.
    pub owner: String,
    /// Its events.
    pub stream: String,
    /// Since when it is there.
    pub started_at: Timestamp,
    /// Samples a second and channel.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
    /// The recogniser that hears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Bytes of audio that were taken.
    pub bytes: u64,
    /// How often audio was refused because too much waited.
    pub refused: u64,
}

/// Params of `voice.audio_refused`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceAudioRefusedParams"))]
pub struct RefusedParams {
    /// The stream, where the message could be read so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The number of the message in the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// `data.kind` of the error that a push would be refused with.
    pub kind: String,
    /// Why, for a person.
    pub message: String,
    /// How many were refused in a row by now.
    pub refused: u64,
}
