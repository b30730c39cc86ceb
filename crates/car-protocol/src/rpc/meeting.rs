//! `meeting.*`: what was said in meetings, and what is kept of it.

use serde::{Deserialize, Serialize};

mod record;

pub use record::{
    Citation, Consent, MeetingAudio, MeetingMetadata, MeetingSegment, MeetingSummary,
};

crate::methods! {
    /// Begins a meeting: a stream of audio for each source, all or none. The caller sends their audio as that of any stream,
    /// and hears `voice.event`; what is said is kept as far as `consent` allows, and given to the caller's memory. A meeting
    /// ends when it is stopped, or when all of its streams have ended.
    #[mutates]
    Start = "meeting.start" (StartParams) -> Started;

    /// Ends a meeting after all that was pushed, and answers what is known of it.
    #[mutates]
    Stop = "meeting.stop" (StopParams) -> MeetingMetadata;

    /// Summarises what was said in a meeting so far, by an agent where one is named, and answers what is known of it. Where
    /// the agent gives no answer that can be used, the summary is in the meeting's own words and says why.
    #[mutates]
    Summarize = "meeting.summarize" (SummarizeParams) -> MeetingMetadata;

    /// The meetings that there are.
    List = "meeting.list" (ListParams) -> MeetingList;

    /// What is known of a meeting and what was said, also while it goes on.
    Get = "meeting.get" (GetParams) -> Meeting;

    /// Keeps nothing of what is said from now on. Events go on.
    #[mutates]
    Pause = "meeting.pause" (MeetingParams) -> Paused;

    /// Keeps what is said again.
    #[mutates]
    Resume = "meeting.resume" (MeetingParams) -> Paused;

    /// Finds the segments that have all words of a query, in all meetings or one.
    Search = "meeting.search" (SearchParams) -> Hits;

    /// A meeting as a document.
    Export = "meeting.export" (ExportParams) -> Exported;

    /// Erases a meeting that has ended: its files, and what memories have of it.
    #[risk(NeedsApproval)] #[mutates]
    Delete = "meeting.delete" (MeetingParams) -> Deleted;

    /// Says who a speaker is: a `role` that the recogniser told, or a source.
    #[mutates]
    NameSpeaker = "meeting.name_speaker" (NameSpeakerParams) -> MeetingMetadata;
}

/// Params of `meeting.start`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingStartParams"))]
pub struct StartParams {
    /// Its id: 1 to 64 letters, digits, `-` and `_` of ASCII; the daemon chooses one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whose audio it has: `mic`, `system`, or both. The client sends it, in the streams that the answer names.
    pub sources: Vec<String>,
    /// What it is called, 1,024 bytes at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Which of the recogniser's models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The language that is spoken, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The recogniser, by the id that `voice.providers.list` gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Samples a second and channel of the audio; 16,000 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Interleaved channels of the audio; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u8>,
    /// Whether the audio is kept, as WAV beside the transcript: that needs the consent `record`, and is what comes with it when
    /// left out. With `true` and no consent named, that is `record`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persist_audio: Option<bool>,
    /// Where meetings are kept. There is one such folder; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// What may be kept; `transcript_only` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// After how many days from its end it is erased, with what memories have of it; never when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erase_after_days: Option<u32>,
}

/// Result of `meeting.start`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingStarted"))]
pub struct Started {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: Option<String>,
    /// When it began.
    pub started_at: crate::Timestamp,
    /// Its streams of audio, one for each source, in their order.
    pub voice_session_ids: Vec<String>,
    /// The recogniser. Without one nothing is turned into text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// Params of `meeting.stop`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingStopParams"))]
pub struct StopParams {
    /// The meeting.
    pub meeting_id: String,
    /// Whether what was said is summarised; `true` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summarize: Option<bool>,
    /// The agent that summarises; the meeting's own words do when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// How long the agent may take, 1 to 600,000; 60,000 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// Params of `meeting.summarize`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingSummarizeParams"))]
pub struct SummarizeParams {
    /// The meeting.
    pub meeting_id: String,
    /// The agent that summarises; the meeting's own words do when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// How long the agent may take, 1 to 600,000; 60,000 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// Params of methods that are about one meeting.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MeetingParams {
    /// The meeting.
    pub meeting_id: String,
}

/// Params of `meeting.list`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingListParams"))]
pub struct ListParams {
    /// Where meetings are kept. There is one such folder; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
}

/// Result of `meeting.list`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MeetingList {
    /// The folder of their files.
    pub root: String,
    /// Their ids, in order.
    pub ids: Vec<String>,
    /// Those that go on.
    #[serde(default)]
    pub active: Vec<String>,
}

/// Params of `meeting.get`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingGetParams"))]
pub struct GetParams {
    /// The meeting.
    pub meeting_id: String,
    /// Where meetings are kept. There is one such folder; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// The first segment, counted from 0; 0 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// How many segments at most; as many as 4 MiB hold, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// Result of `meeting.get`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Meeting {
    /// What is known of it.
    pub metadata: MeetingMetadata,
    /// What was said, in the order in which it was heard first.
    pub segments: Vec<MeetingSegment>,
    /// Whether it goes on.
    #[serde(default)]
    pub active: bool,
    /// Whether nothing is kept of what is said now.
    #[serde(default)]
    pub paused: bool,
    /// Where the segments go on; left out at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<u64>,
}

/// Result of `meeting.pause` and `meeting.resume`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingPaused"))]
pub struct Paused {
    /// The meeting.
    pub meeting_id: String,
    /// Whether nothing is kept of what is said now.
    pub paused: bool,
}

/// Params of `meeting.search`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingSearchParams"))]
pub struct SearchParams {
    /// Words, all of which a segment must have somewhere; case does not matter.
    pub query: String,
    /// Only this meeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting_id: Option<String>,
    /// How many hits at most: 1 to 200; 20 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Result of `meeting.search`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingHits"))]
pub struct Hits {
    /// Those that were found, by meeting and place.
    pub hits: Vec<Hit>,
    /// Whether there are others.
    pub more: bool,
}

/// A segment that was found.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingHit"))]
pub struct Hit {
    /// The meeting.
    pub meeting_id: String,
    /// Its place in the transcript, from 0.
    pub index: u64,
    /// The segment.
    pub segment: MeetingSegment,
}

/// Params of `meeting.export`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingExportParams"))]
pub struct ExportParams {
    /// The meeting.
    pub meeting_id: String,
    /// `markdown`, `vtt` (captions, <https://www.w3.org/TR/webvtt1/>) or `json`; Markdown when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ExportFormat>,
}

/// What a meeting is exported as.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingExportFormat"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExportFormat {
    /// A document to be read.
    #[default]
    Markdown,
    /// WebVTT.
    Vtt,
    /// As `meeting.get` answers.
    Json,
}

/// Result of `meeting.export`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingExported"))]
pub struct Exported {
    /// The meeting.
    pub meeting_id: String,
    /// What it is.
    pub media_type: String,
    /// The document, 4 MiB at most: a longer one is refused as `limit_exceeded`.
    pub text: String,
}

/// Result of `meeting.delete`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingDeleted"))]
pub struct Deleted {
    /// The meeting.
    pub meeting_id: String,
    /// Always `true`.
    pub deleted: bool,
    /// How many facts went from memories, those included that were derived from what was said.
    pub facts_forgotten: u64,
}

/// Params of `meeting.name_speaker`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MeetingNameSpeakerParams"))]
pub struct NameSpeakerParams {
    /// The meeting.
    pub meeting_id: String,
    /// A `role` or a `source` of segments. Of a segment that both have names for, that of its role counts.
    pub speaker: String,
    /// Who it is, 256 bytes at most; taken back when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
