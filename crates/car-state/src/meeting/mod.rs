//! What was said in meetings, and what keeps it.
//!
//! A [`Transcript`] is a plain value: segments by their ids, of which a later revision replaces an earlier one. The
//! [`MeetingFolder`] keeps it in the original's files, below a root of its own. Neither knows audio or clients. A
//! [`WsMemgineIngestSink`] hears what a source of a meeting tells, the [`Minutes`] take it down, into the files first and
//! then into a memory, and [`Meetings`] knows which meetings go on and what becomes of the others. Where the audio may be
//! kept, a recorder has it written beside the transcript.

mod asked;
mod audio;
mod book;
mod error;
mod export;
mod folder;
mod minutes;
mod place;
mod recorder;
mod sink;
mod summary;
mod tend;
#[cfg(test)]
mod tests;
mod transcript;

use std::collections::BTreeMap;
use std::fmt;

use car_protocol::Timestamp;
use car_protocol::rpc::meeting as wire;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use asked::Summariser;
pub use book::{MeetingBegun, MeetingView, MeetingWanted, Meetings};
pub use car_protocol::rpc::meeting::{Consent, MeetingAudio, MeetingSummary};
pub use error::MeetingError;
pub use export::{Format, export};
pub use folder::MeetingFolder;
pub use minutes::Minutes;
pub use sink::WsMemgineIngestSink;
pub use summary::summarise;
pub use tend::Tended;
pub use transcript::{Applied, LONGEST_TEXT, MOST_SEGMENTS, Segment, Transcript};

/// The id of a meeting, which is also the name of its folder: 1 to 64 letters, digits, `-` and `_` of ASCII.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct MeetingId(Box<str>);

impl MeetingId {
    /// An id from its text.
    ///
    /// # Errors
    /// [`MeetingError::Id`].
    pub fn new(text: &str) -> Result<Self, MeetingError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
            return Err(MeetingError::Id);
        }
        Ok(Self(text.into()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MeetingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MeetingId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// What is known of a meeting: the content of `meeting.json`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct MeetingMetadata {
    /// Its id.
    pub id: MeetingId,
    /// What it is called.
    pub title: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; none while it goes on.
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
    /// What it was about, in whatever shape it was told.
    #[serde(default)]
    pub summary: Option<Value>,
    /// What may be kept.
    #[serde(default)]
    pub consent: Consent,
    /// After how many days from its end it is to be erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erase_after_days: Option<u32>,
    /// The credential of who began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Which memory has what was said; none where none has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Whether that memory has all of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remembered: bool,
    /// Segments that were not kept, because the disk was too slow or failed.
    #[serde(default)]
    pub lost_segments: u64,
    /// Who is who: the names of roles and sources.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub speakers: BTreeMap<String, String>,
}

impl MeetingMetadata {
    /// Of a meeting about which nothing is known yet.
    #[must_use]
    pub fn new(id: MeetingId, started_at: Timestamp) -> Self {
        Self {
            id,
            title: None,
            started_at,
            ended_at: None,
            sources: Vec::new(),
            persist_audio: false,
            audio: Vec::new(),
            model: None,
            language: None,
            summary: None,
            consent: Consent::default(),
            erase_after_days: None,
            owner: None,
            memory: None,
            remembered: false,
            lost_segments: 0,
            speakers: BTreeMap::new(),
        }
    }

    /// Whether what was said may be kept.
    #[must_use]
    pub fn keeps_words(&self) -> bool {
        matches!(self.consent, Consent::Record | Consent::TranscriptOnly)
    }

    /// Whether its audio is kept: that is wanted, and may be.
    #[must_use]
    pub fn keeps_audio(&self) -> bool {
        self.persist_audio && self.consent == Consent::Record
    }

    /// Who spoke, where somebody has said so: the name of the role, else that of the source.
    #[must_use]
    pub fn speaker_of(&self, segment: &Segment) -> Option<&str> {
        let names = &self.speakers;
        let name = names.get(&segment.role).or(names.get(&segment.source));
        name.map(String::as_str)
    }

    /// Whether the time is over for which it may be kept. One that goes on is kept.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        let (Some(ended), Some(days)) = (self.ended_at, self.erase_after_days) else {
            return false;
        };
        let kept = i64::from(days).saturating_mul(24 * 3600 * 1000);
        now.unix_millis() >= ended.unix_millis().saturating_add(kept)
    }
}

impl From<MeetingMetadata> for wire::MeetingMetadata {
    fn from(metadata: MeetingMetadata) -> Self {
        Self {
            id: metadata.id.to_string(),
            title: metadata.title,
            started_at: metadata.started_at,
            ended_at: metadata.ended_at,
            sources: metadata.sources,
            persist_audio: metadata.persist_audio,
            audio: metadata.audio,
            model: metadata.model,
            language: metadata.language,
            summary: metadata.summary,
            consent: metadata.consent,
            erase_after_days: metadata.erase_after_days,
            owner: metadata.owner,
            memory: metadata.memory,
            remembered: metadata.remembered,
            lost_segments: metadata.lost_segments,
            speakers: metadata.speakers,
        }
    }
}

impl Segment {
    /// As clients are told it.
    #[must_use]
    pub fn to_wire(&self, metadata: &MeetingMetadata) -> wire::MeetingSegment {
        wire::MeetingSegment {
            timestamp: self.timestamp,
            source: self.source.clone(),
            role: self.role.clone(),
            text: self.text.clone(),
            duration_ms: self.duration_ms,
            segment_id: self.segment_id.clone(),
            revision: self.revision,
            speaker: metadata.speaker_of(self).map(str::to_owned),
        }
    }
}
