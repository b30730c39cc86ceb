use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use car_protocol::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Minutes, Segment};
use crate::clock::Clock;
use crate::log::LogError;
use crate::voice::VoiceEventSink;

/// Tees what is said in a meeting into its transcript and a memory engine. Every event goes upstream first, byte by byte and
/// in order, whatever becomes of it here.
#[derive(Debug)]
pub struct WsMemgineIngestSink {
    upstream: Arc<dyn VoiceEventSink>,
    minutes: Arc<Minutes>,
    clock: Arc<dyn Clock>,
    source: String,
    over: AtomicBool,
}

/// What of an event is looked at.
#[derive(Deserialize)]
struct Heard<'a> {
    #[serde(borrow, default)]
    r#type: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Cow<'a, str>,
    #[serde(borrow, default)]
    role: Cow<'a, str>,
    #[serde(default)]
    duration_ms: u64,
    #[serde(borrow, default)]
    segment_id: Option<Cow<'a, str>>,
    #[serde(default)]
    revision: u32,
}

impl WsMemgineIngestSink {
    /// For the events of one source of a meeting.
    #[must_use]
    pub fn new(
        upstream: Arc<dyn VoiceEventSink>,
        minutes: Arc<Minutes>,
        clock: Arc<dyn Clock>,
        source: &str,
    ) -> Self {
        Self {
            upstream,
            minutes,
            clock,
            source: source.to_owned(),
            over: AtomicBool::new(false),
        }
    }

    fn hear(&self, event: &RawValue) {
        let Ok(heard) = serde_json::from_str::<Heard<'_>>(event.get()) else {
            return;
        };
        match &*heard.r#type {
            "transcript" if !heard.text.trim().is_empty() => self.minutes.hear(self.segment(heard)),
            "done" => self.end(),
            _ => {}
        }
    }

    fn segment(&self, heard: Heard<'_>) -> Segment {
        // It was told when it was over.
        let took = i64::try_from(heard.duration_ms).unwrap_or(i64::MAX);
        let began = self.clock.now().unix_millis().saturating_sub(took);
        let role = if heard.role.is_empty() {
            "unknown"
        } else {
            &*heard.role
        };
        Segment {
            timestamp: Timestamp::from_unix_millis(began),
            source: self.source.clone(),
            role: role.to_owned(),
            text: heard.text.into_owned(),
            duration_ms: heard.duration_ms,
            segment_id: heard.segment_id.map(Cow::into_owned),
            revision: heard.revision,
        }
    }

    fn end(&self) {
        if !self.over.swap(true, Ordering::AcqRel) {
            self.minutes.source_over();
        }
    }
}

impl VoiceEventSink for WsMemgineIngestSink {
    fn send(&self, voice: &str, event: &RawValue) -> Result<(), LogError> {
        let sent = self.upstream.send(voice, event);
        self.hear(event);
        sent
    }
}

impl Drop for WsMemgineIngestSink {
    fn drop(&mut self) {
        // A stream that never began tells no end.
        self.end();
    }
}
