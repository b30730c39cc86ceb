//! What is heard in a stream. Times are milliseconds of its own audio clock, which stands still while nothing comes.

use serde::{Deserialize, Serialize};

/// Params of `voice.event`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VoiceEventParams {
    /// The stream of audio.
    pub session_id: String,
    /// What was heard.
    pub event: VoiceEvent,
    /// The stream of events: `voice/`, the session, `/` and the stream of audio.
    pub stream: String,
    /// Its epoch.
    pub epoch: u64,
    /// The event's number in the stream.
    pub seq: u64,
}

/// Something was heard.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum VoiceEvent {
    /// Somebody began to speak.
    SpeechStart {
        /// When.
        at_ms: u64,
    },
    /// They stopped.
    SpeechEnd {
        /// When.
        at_ms: u64,
    },
    /// Somebody began to speak while the client played speech.
    BargeIn {
        /// When.
        at_ms: u64,
    },
    /// What is being said, so far. Within a segment it never goes back, and none comes after the transcript.
    Partial(Utterance),
    /// What was said. A later revision of the same segment replaces it.
    Transcript(Utterance),
    /// Audio came; told where it was asked for.
    AudioChunk {
        /// Its samples a second.
        sample_rate: u32,
        /// How many samples of every channel.
        frame_count: u64,
        /// How many pieces before it are missing; they count as silence. Left out where none are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<u64>,
    },
    /// The agent that answers a turn at once said more.
    #[serde(rename = "voice.turn.fast_delta")]
    TurnFastDelta {
        /// The turn.
        turn_id: String,
        /// What it said.
        text: String,
    },
    /// It has said all.
    #[serde(rename = "voice.turn.fast_done")]
    TurnFastDone {
        /// The turn.
        turn_id: String,
        /// All that it said.
        text: String,
        /// Whether the turn is over with this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<bool>,
    },
    /// Something to say while the agent that takes its time is at work.
    #[serde(rename = "voice.turn.bridge")]
    TurnBridge {
        /// The turn.
        turn_id: String,
        /// What is asked about: `email`, `calendar` or `search`.
        kind: String,
        /// What to say.
        phrase: String,
    },
    /// What the agent that takes its time said.
    #[serde(rename = "voice.turn.sidecar")]
    TurnSidecar {
        /// The turn.
        turn_id: String,
        /// All that it said.
        text: String,
        /// Whether the turn is over with this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<bool>,
    },
    /// One of the agents did not answer.
    #[serde(rename = "voice.turn.error")]
    TurnError {
        /// The turn.
        turn_id: String,
        /// Why.
        error: String,
        /// Which: `fast` or `sidecar`.
        track: String,
        /// Whether the turn is over with this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<bool>,
    },
    /// The turn was cancelled, or another took its place. Nothing more is told of it.
    #[serde(rename = "voice.turn.cancelled")]
    TurnCancelled {
        /// The turn.
        turn_id: String,
    },
    /// The stream is over: the last event of each, exactly once.
    Done {
        /// Why.
        outcome: StreamOutcome,
        /// In words, where something went wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}

/// Words, and where they were said.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceUtterance"))]
pub struct Utterance {
    /// The words.
    pub text: String,
    /// How long they took.
    pub duration_ms: u64,
    /// Who spoke: `enrolled_user`, `other:<id>`, `unknown`, or what the source is called.
    pub role: String,
    /// Which part of the stream it is; unique in the stream.
    pub segment_id: String,
    /// Counts the corrections of the segment, from 0.
    pub revision: u32,
    /// Where it begins.
    pub start_ms: u64,
    /// Where it ends.
    pub end_ms: u64,
    /// The language, where the recogniser tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// How sure the recogniser is, from 0 to 1, where it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}

/// Why a stream is over.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceStreamOutcome"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StreamOutcome {
    /// It was stopped.
    Stopped,
    /// Nobody could feed or stop it any more.
    Abandoned,
    /// Its session ended, or was without a connection for too long.
    OwnerLost,
    /// It lasted as long as a stream may.
    TooLong,
    /// The recogniser failed, or the audio could not be read.
    Failed,
    /// It was ended together with the daemon.
    Aborted,
}
