use thiserror::Error;

use super::MeetingId;
use super::transcript::{LONGEST_TEXT, MOST_SEGMENTS};
use crate::memgine::MemgineError;
use crate::voice::VoiceError;

/// Why a meeting is not begun, kept or found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MeetingError {
    /// An id that cannot be the name of a folder.
    #[error("a meeting's id is 1 to 64 letters, digits, - and _")]
    Id,
    /// Sources that a meeting cannot have.
    #[error("the sources of a meeting are mic, system, or both")]
    Sources,
    /// There is a meeting of this id.
    #[error("there is a meeting {0} already")]
    Exists(MeetingId),
    /// It goes on.
    #[error("the meeting {0} has not ended")]
    Active(MeetingId),
    /// Somebody works at its files, and has for long.
    #[error("the files of the meeting {0} are in use; try again")]
    Busy(MeetingId),
    /// It does not go on.
    #[error("the meeting {0} does not go on")]
    NotActive(MeetingId),
    /// There is none.
    #[error("there is no meeting {0}")]
    Unknown(MeetingId),
    /// As many go on as may.
    #[error("{limit} meetings go on, as many as may")]
    TooMany {
        /// How many may.
        limit: usize,
    },
    /// As many speakers have names as may.
    #[error("{limit} speakers of a meeting have names at most")]
    Speakers {
        /// How many may.
        limit: usize,
    },
    /// A segment of a meeting of which nothing may be kept.
    #[error("nothing that was said in this meeting may be kept")]
    NoConsent,
    /// Audio of a meeting of which that may not be kept.
    #[error("the audio of a meeting is kept with the consent `record` only")]
    AudioConsent,
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
    /// A source does not begin.
    #[error(transparent)]
    Voice(#[from] VoiceError),
    /// The memory that has what was said fails.
    #[error("the memory that has what was said cannot be used")]
    Memory(#[from] MemgineError),
}
