//! What is kept of a meeting.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;

/// What may be kept of a meeting.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingConsent"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Consent {
    /// Audio and what was said.
    Record,
    /// What was said.
    #[default]
    TranscriptOnly,
    /// Nothing: that it took place, and no word of it.
    Nothing,
}

/// The audio of one source of a meeting, as it is kept: 16-bit PCM in a WAV file. Its clock is that of the stream: what was
/// told in a pause, and what is missing, is silence.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MeetingAudio {
    /// The source.
    pub source: String,
    /// The file, below the folder of the meeting.
    pub file: String,
    /// How large it is.
    pub bytes: u64,
    /// Samples a second and channel.
    pub sample_rate: u32,
    /// Interleaved channels.
    pub channels: u8,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
    /// How much of it came and is not kept, in milliseconds: the disk was too slow or failed, or the file is as large as one may
    /// be.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missing_ms: u64,
}

/// What is known of a meeting.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MeetingMetadata {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `null` while it goes on.
    pub ended_at: Option<Timestamp>,
    /// Where its audio comes from: `mic`, `system`.
    pub sources: Vec<String>,
    /// Whether its audio is kept.
    #[serde(default)]
    pub persist_audio: bool,
    /// What is kept of the audio, once the meeting has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audio: Vec<MeetingAudio>,
    /// The model that its recogniser was asked for.
    #[serde(default)]
    pub model: Option<String>,
    /// The language that is spoken.
    #[serde(default)]
    pub language: Option<String>,
    /// What it was about, as [`MeetingSummary`] where this daemon made it.
    #[serde(default)]
    pub summary: Option<Value>,
    /// What may be kept.
    #[serde(default)]
    pub consent: Consent,
    /// After how many days from its end it is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erase_after_days: Option<u32>,
    /// The credential of who began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Which memory has what was said: `shared`, `agent/<id>`, `namespace/<name>`; left out where none has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Whether that memory has all of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remembered: bool,
    /// Segments that were not kept because they came faster than the disk took them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_segments: u64,
    /// Who is who: the names of roles and sources.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub speakers: BTreeMap<String, String>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Something that was said in a meeting: a line of `transcript.jsonl`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MeetingSegment {
    /// When it began.
    pub timestamp: Timestamp,
    /// Where the audio came from: `mic`, `system`.
    pub source: String,
    /// Who spoke, as the recogniser told: `enrolled_user`, `other:<id>`, `unknown`.
    pub role: String,
    /// The words.
    pub text: String,
    /// How long they took.
    pub duration_ms: u64,
    /// Which part of the source it is. A line without one stands for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment_id: Option<String>,
    /// Counts the corrections, from 0.
    #[serde(default)]
    pub revision: u32,
    /// Who that is, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
}

/// What a meeting was about.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MeetingSummary {
    /// What says most, in the order in which it was said.
    pub summary: String,
    /// What sounds like a decision.
    pub decisions: Vec<String>,
    /// What sounds like something to be done.
    pub action_items: Vec<String>,
    /// Who spoke, as far as they have names.
    pub attendees: Vec<String>,
    /// The words that matter most.
    pub topics: Vec<String>,
    /// `extractive`: nothing in it was not said. `agent`: in the words of an agent.
    pub method: String,
    /// Where each sentence of the above is in the transcript, or what it rests on there.
    pub citations: Vec<Citation>,
    /// The agent that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Why its answer is not used, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Where something was said.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingCitation"))]
pub struct Citation {
    /// What was said, or what an agent says about it.
    pub text: String,
    /// The source.
    pub source: String,
    /// The segment; left out where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment_id: Option<String>,
    /// Its place in the transcript, from 0.
    pub index: u64,
}
