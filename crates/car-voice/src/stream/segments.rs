//! What is told of each segment: partials that never go back, and each revision once.

use std::collections::BTreeMap;

use crate::event::{Said, VoiceEvent};
use crate::stt::Heard;

/// How many segments are remembered; of older ones nothing is told any more.
const REMEMBERED: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Segments {
    known: BTreeMap<u64, Known>,
    /// Segments below this are forgotten.
    from: u64,
}

#[derive(Debug)]
struct Known {
    /// The newest revision whose transcript was told.
    told: Option<u32>,
    duration_ms: u64,
    text: String,
}

impl Segments {
    /// The event that tells what was heard, unless it says nothing new.
    pub(super) fn tell(&mut self, heard: Heard, role: &str) -> Option<VoiceEvent> {
        if heard.segment < self.from {
            return None;
        }
        let duration_ms = heard.end_ms.saturating_sub(heard.start_ms);
        let known = self.known.get(&heard.segment);
        let stale = match known {
            None => !heard.is_final && heard.text.is_empty(),
            Some(known) if heard.is_final => known.told.is_some_and(|told| told >= heard.revision),
            Some(known) => {
                let same = known.duration_ms == duration_ms && known.text == heard.text;
                known.told.is_some() || duration_ms < known.duration_ms || same
            }
        };
        if stale {
            return None;
        }
        let known = Known {
            told: heard.is_final.then_some(heard.revision),
            duration_ms,
            text: heard.text.clone(),
        };
        self.known.insert(heard.segment, known);
        while self.known.len() > REMEMBERED {
            if let Some((oldest, _)) = self.known.pop_first() {
                self.from = oldest.saturating_add(1);
            }
        }
        let speaker = heard.speaker.map(|speaker| match speaker.as_str() {
            "enrolled_user" => speaker,
            _ => format!("other:{speaker}"),
        });
        let said = Said {
            text: heard.text,
            duration_ms,
            role: speaker.unwrap_or_else(|| role.to_owned()),
            segment_id: heard.segment.to_string(),
            revision: heard.revision,
            start_ms: heard.start_ms,
            end_ms: heard.end_ms,
            language: heard.language,
            confidence: heard.confidence,
        };
        Some(if heard.is_final {
            VoiceEvent::Transcript(said)
        } else {
            VoiceEvent::Partial(said)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(segment: u64, is_final: bool, revision: u32, end_ms: u64) -> Heard {
        Heard {
            segment,
            is_final,
            revision,
            end_ms,
            text: format!("{end_ms}"),
            ..Heard::default()
        }
    }

    #[test]
    fn partials_never_go_back_and_end_with_the_transcript() {
        let mut segments = Segments::default();
        let mut told = |heard| segments.tell(heard, "mic").is_some();
        assert!(told(heard(0, false, 0, 200)));
        assert!(!told(heard(0, false, 0, 200)));
        assert!(!told(heard(0, false, 0, 100)));
        assert!(told(heard(0, true, 0, 150)));
        assert!(!told(heard(0, false, 0, 400)));
        assert!(!told(heard(0, true, 0, 150)));
        assert!(told(heard(0, true, 1, 160)));
        assert!(!told(heard(0, true, 0, 150)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut segments = Segments::default();
        for segment in 0..1_000 {
            assert!(segments.tell(heard(segment, true, 0, 1), "mic").is_some());
        }
        assert_eq!(segments.known.len(), REMEMBERED);
        assert!(segments.tell(heard(3, true, 1, 1), "mic").is_none());
    }
}
