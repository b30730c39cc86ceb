//! What a voice stream tells, in the shapes that clients know. Times are milliseconds of the stream's own audio clock,
//! which stands still while nothing comes.

use serde::{Deserialize, Serialize};

/// Something happened in a voice stream.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
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
    /// Somebody began to speak while the daemon's side was speaking.
    BargeIn {
        /// When.
        at_ms: u64,
    },
    /// What is being said, so far. Within a segment neither the duration nor the revision goes back, and none comes
    /// after the segment's transcript.
    Partial(Said),
    /// What was said. A later revision of the same segment replaces it.
    Transcript(Said),
    /// Audio came; told where it was asked for.
    AudioChunk {
        /// Its samples a second, as they came.
        sample_rate: u32,
        /// How many samples of every channel.
        frame_count: u64,
        /// How many frames before it are missing and waited for no longer; they count as silence.
        #[serde(default, skip_serializing_if = "is_zero")]
        missing: u64,
    },
    /// The stream is over. It is the last event of every stream, and comes once.
    Done {
        /// Why.
        outcome: Outcome,
        /// In words, where something went wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}

/// Words, and where they were said.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Said {
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
    pub confidence: Option<f32>,
}

/// Why a stream is over.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It was stopped.
    Stopped,
    /// Nobody can feed or stop it any more.
    Abandoned,
    /// Its owner was away for longer than the grace period.
    OwnerLost,
    /// It lasted as long as a stream may.
    TooLong,
    /// The recogniser failed, or the audio could not be read.
    Failed,
    /// It was ended together with what it ran in.
    Aborted,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_members_that_clients_know_are_there() {
        let said = Said {
            text: "hello".into(),
            duration_ms: 400,
            role: "unknown".into(),
            segment_id: "1".into(),
            revision: 0,
            start_ms: 100,
            end_ms: 500,
            language: None,
            confidence: None,
        };
        let told = serde_json::to_value(VoiceEvent::Transcript(said)).unwrap();
        let wanted = json!({
            "type": "transcript", "text": "hello", "duration_ms": 400, "role": "unknown",
            "segment_id": "1", "revision": 0, "start_ms": 100, "end_ms": 500,
        });
        assert_eq!(told, wanted);
        let chunk = VoiceEvent::AudioChunk {
            sample_rate: 48_000,
            frame_count: 960,
            missing: 0,
        };
        let wanted = json!({"type": "audio_chunk", "sample_rate": 48_000, "frame_count": 960});
        assert_eq!(serde_json::to_value(chunk).unwrap(), wanted);
    }
}
