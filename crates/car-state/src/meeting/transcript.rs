use std::collections::HashMap;

use car_protocol::Timestamp;
use serde::{Deserialize, Serialize};

use super::MeetingError;

/// How many segments a meeting may have.
pub const MOST_SEGMENTS: usize = 100_000;
/// How long the text of one may be, in bytes.
pub const LONGEST_TEXT: usize = 64 << 10;

/// Something that was said: a line of `transcript.jsonl`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Segment {
    /// When.
    pub timestamp: Timestamp,
    /// Where the audio came from: `mic`, `system`.
    pub source: String,
    /// Who spoke.
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
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Applied {
    /// It is new.
    Added,
    /// It replaced an earlier revision.
    Replaced,
    /// This revision, or a later one, was there.
    Known,
}

/// What was said, in the order in which it was heard first. A segment is there once, in its latest revision.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    segments: Vec<Segment>,
    by_id: HashMap<(String, String), usize>,
    /// How many lines without an id there are of a source and a moment.
    unnamed: HashMap<(String, i64), u32>,
}

/// Where and when a line was said.
pub(super) fn moment(segment: &Segment) -> (String, i64) {
    (segment.source.clone(), segment.timestamp.unix_millis())
}

impl Transcript {
    /// How many lines without an id have the source and the moment of this one.
    pub(super) fn alike(&self, segment: &Segment) -> u32 {
        self.unnamed.get(&moment(segment)).copied().unwrap_or(0)
    }

    /// Takes a segment.
    ///
    /// # Errors
    /// [`MeetingError::Full`], [`MeetingError::TooLong`]; nothing has changed then.
    pub fn apply(&mut self, segment: Segment) -> Result<Applied, MeetingError> {
        if segment.text.len() > LONGEST_TEXT {
            return Err(MeetingError::TooLong);
        }
        let key = segment
            .segment_id
            .as_ref()
            .map(|id| (segment.source.clone(), id.clone()));
        let place = key.as_ref().and_then(|key| self.by_id.get(key));
        if let Some(known) = place.and_then(|place| self.segments.get_mut(*place)) {
            if known.revision >= segment.revision {
                return Ok(Applied::Known);
            }
            *known = segment;
            return Ok(Applied::Replaced);
        }
        if self.segments.len() >= MOST_SEGMENTS {
            return Err(MeetingError::Full);
        }
        match key {
            Some(key) => drop(self.by_id.insert(key, self.segments.len())),
            None => *self.unnamed.entry(moment(&segment)).or_default() += 1,
        }
        self.segments.push(segment);
        Ok(Applied::Added)
    }

    /// Of these segments.
    ///
    /// # Errors
    /// As for [`apply`](Self::apply).
    pub fn of(segments: impl IntoIterator<Item = Segment>) -> Result<Self, MeetingError> {
        let mut transcript = Self::default();
        for segment in segments {
            transcript.apply(segment)?;
        }
        Ok(transcript)
    }

    /// All segments.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn segment(id: &str, revision: u32, text: &str) -> Segment {
        Segment {
            timestamp: Timestamp::UNIX_EPOCH,
            source: "mic".into(),
            role: "unknown".into(),
            text: text.into(),
            duration_ms: 1_500,
            segment_id: (!id.is_empty()).then(|| id.to_owned()),
            revision,
        }
    }

    #[test]
    fn lines_without_an_id_stand_for_themselves() {
        let mut transcript = Transcript::default();
        for _ in 0..2 {
            let applied = transcript.apply(segment("", 0, "yes")).unwrap();
            assert_eq!(applied, Applied::Added);
        }
        let long = segment("1", 0, &"x".repeat(LONGEST_TEXT + 1));
        assert!(matches!(transcript.apply(long), Err(MeetingError::TooLong)));
        assert_eq!(transcript.segments().len(), 2);
    }

    proptest! {
        #[test]
        fn each_segment_is_there_once_in_its_latest_revision(
            said in prop::collection::vec((0..6_u32, 0..5_u32), 0..60),
        ) {
            let mut transcript = Transcript::default();
            let mut latest: HashMap<u32, u32> = HashMap::new();
            for (id, revision) in said {
                let known = latest.get(&id).copied();
                let wanted = match known {
                    None => Applied::Added,
                    Some(known) if known < revision => Applied::Replaced,
                    Some(_) => Applied::Known,
                };
                let segment = segment(&id.to_string(), revision, "x");
                prop_assert_eq!(transcript.apply(segment).unwrap(), wanted);
                latest.insert(id, known.map_or(revision, |known| known.max(revision)));
            }
            prop_assert_eq!(transcript.segments().len(), latest.len());
            for segment in transcript.segments() {
                let id = segment.segment_id.as_ref().unwrap().parse::<u32>().unwrap();
                prop_assert_eq!(segment.revision, latest[&id]);
            }
        }
    }
}
