//! What was said in a meeting, and the files that keep it.
//!
//! A [`Transcript`] is a plain value: segments by their ids, of which a later revision replaces an earlier one. The
//! [`MeetingFolder`] keeps it in the original's files, below a root of its own. Neither knows audio or clients.

mod export;
mod folder;
mod transcript;

use std::fmt;

use car_protocol::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

pub use export::{Format, export};
pub use folder::MeetingFolder;
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

/// What may be kept of a meeting.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
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
}

impl MeetingMetadata {
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

/// Why a meeting is not kept or not found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MeetingError {
    /// An id that cannot be the name of a folder.
    #[error("a meeting's id is 1 to 64 letters, digits, - and _")]
    Id,
    /// There is a meeting of this id.
    #[error("there is a meeting {0} already")]
    Exists(MeetingId),
    /// There is none.
    #[error("there is no meeting {0}")]
    Unknown(MeetingId),
    /// A segment of a meeting of which nothing may be kept.
    #[error("nothing that was said in this meeting may be kept")]
    NoConsent,
    /// As many segments as a meeting may have.
    #[error("a meeting has {MOST_SEGMENTS} segments at most")]
    Full,
    /// More text than a segment may have.
    #[error("a segment has {LONGEST_TEXT} bytes of text at most")]
    TooLong,
    /// A file holds something else than was written there.
    #[error("the files of the meeting are damaged")]
    Damaged(#[source] serde_json::Error),
    /// The disk.
    #[error("the files of the meeting cannot be used")]
    Io(#[from] std::io::Error),
}
