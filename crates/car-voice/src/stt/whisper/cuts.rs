//! Where what is said is cut: at the ends of speech, and in a quiet place before it is too long. Pure.

use crate::SPEECH_RATE;

/// How long a part may be: the model hears 30 seconds at once, and works best below.
const LONGEST: usize = 25 * SPEECH_RATE as usize;
/// Where a part that is too long may be cut: in its last so many samples.
const CUT_WITHIN: usize = 8 * SPEECH_RATE as usize;
/// What is compared to find the quietest place: 100 ms.
const QUIET: usize = SPEECH_RATE as usize / 10;
/// How much of the time before speech belongs to it, since it is noticed late and begins softly.
const BEFORE: usize = SPEECH_RATE as usize * 3 / 10;
/// How much of the time after it.
const AFTER: usize = SPEECH_RATE as usize / 5;
/// How long after it began the beginning of speech is noticed, at most.
const NOTICED: usize = SPEECH_RATE as usize / 5;

/// A part of the audio in which somebody speaks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// Which of the stream, from 0.
    pub(super) number: u64,
    /// Where speech begins, in samples of the stream.
    pub(super) start: u64,
    /// Where it ends, or has come to.
    pub(super) end: u64,
    /// With some time before and after.
    pub(super) samples: Vec<f32>,
}

/// Follows one stream.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    /// What may be needed of what has come.
    kept: Vec<f32>,
    /// How many samples have come.
    heard: u64,
    /// Where the speech that goes on began.
    speech: Option<u64>,
    number: u64,
}

impl Cuts {
    /// More has come. What is too long for one part is cut.
    pub(super) fn push(&mut self, samples: &[f32]) -> Option<Part> {
        self.kept.extend_from_slice(samples);
        self.heard += samples.len() as u64;
        let Some(start) = self.speech else {
            let unneeded = self.kept.len().saturating_sub(BEFORE + NOTICED);
            self.kept.drain(..unneeded);
            return None;
        };
        if self.kept.len() < LONGEST {
            return None;
        }
        let from = LONGEST - CUT_WITHIN;
        let mut loudness = self
            .kept
            .get(from..LONGEST)?
            .chunks(QUIET)
            .map(|part| part.iter().map(|sample| sample * sample).sum::<f32>());
        let first = loudness.next().unwrap_or(0.0);
        let (quietest, _) =
            (1..).zip(loudness).fold(
                (0, first),
                |best, other| {
                    if other.1 < best.1 { other } else { best }
                },
            );
        let cut = from + quietest * QUIET + QUIET / 2;
        let rest = self.kept.split_off(cut);
        let samples = std::mem::replace(&mut self.kept, rest);
        let end = self.heard - self.kept.len() as u64;
        self.speech = Some(end);
        Some(self.part(start, end, samples))
    }

    /// Somebody began to speak, so many samples after the stream began.
    pub(super) fn start(&mut self, at: u64) {
        let at = at.min(self.heard);
        let since = usize::try_from(self.heard - at).unwrap_or(usize::MAX);
        let unneeded = self.kept.len().saturating_sub(since.saturating_add(BEFORE));
        self.kept.drain(..unneeded);
        self.speech = Some(at);
    }

    /// They stopped.
    pub(super) fn end(&mut self, at: u64) -> Option<Part> {
        let start = self.speech.take()?;
        let end = at.clamp(start, self.heard);
        let since = usize::try_from(self.heard - end).unwrap_or(usize::MAX);
        let wanted = self.kept.len().saturating_sub(since).saturating_add(AFTER);
        let rest = self.kept.split_off(wanted.min(self.kept.len()));
        let samples = std::mem::replace(&mut self.kept, rest);
        Some(self.part(start, end, samples))
    }

    /// What was said so far of the part that goes on.
    pub(super) fn so_far(&self) -> Option<Part> {
        Some(Part {
            number: self.number,
            start: self.speech?,
            end: self.heard,
            samples: self.kept.clone(),
        })
    }

    /// How many samples the part that goes on has; none where nobody speaks.
    pub(super) fn length(&self) -> usize {
        self.speech.map_or(0, |_| self.kept.len())
    }

    fn part(&mut self, start: u64, end: u64, samples: Vec<f32>) -> Part {
        let number = self.number;
        self.number += 1;
        Part {
            number,
            start,
            end,
            samples,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: usize = SPEECH_RATE as usize;

    #[test]
    fn speech_has_some_time_before_and_after() {
        let mut cuts = Cuts::default();
        for _ in 0..30 {
            assert_eq!(cuts.push(&[0.0; 1_600]), None);
        }
        assert!(cuts.kept.len() <= BEFORE + NOTICED);
        // It is noticed 64 ms late.
        cuts.push(&[1.0; 1_024]);
        cuts.start(48_000);
        cuts.push(&[1.0; SECOND]);
        cuts.push(&[0.0; SECOND / 2]);
        assert_eq!(cuts.length(), BEFORE + 1_024 + SECOND + SECOND / 2);
        let part = cuts.end(48_000 + 1_024 + SECOND as u64).unwrap();
        assert_eq!((part.number, part.start, part.end), (0, 48_000, 65_024));
        assert_eq!(part.samples.len(), BEFORE + 1_024 + SECOND + AFTER);
        assert!(
            part.samples[BEFORE..BEFORE + 1_024 + SECOND]
                .iter()
                .all(|x| *x == 1.0)
        );
        assert_eq!((cuts.length(), cuts.so_far()), (0, None));
        assert_eq!(cuts.end(70_000), None);
    }

    #[test]
    fn what_is_too_long_is_cut_where_it_is_quiet_and_nothing_is_lost() {
        let mut cuts = Cuts::default();
        cuts.start(0);
        let mut parts = Vec::new();
        for n in 0..600 {
            // Every 20 seconds a moment of silence, and 60 seconds in all.
            let level = if n % 200 == 199 { 0.0 } else { 0.5 };
            parts.extend(cuts.push(&vec![level; SECOND / 10]));
        }
        parts.extend(cuts.end(60 * SECOND as u64));
        let whole: usize = parts.iter().map(|part| part.samples.len()).sum();
        assert_eq!(whole, 60 * SECOND);
        assert!(parts.iter().all(|part| part.samples.len() <= LONGEST));
        let numbers: Vec<_> = parts.iter().map(|part| part.number).collect();
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(parts[0].end, parts[1].start);
        let cut = parts[0].end as f32 / SECOND as f32;
        assert!((19.9..=20.0).contains(&cut), "{cut}");
    }

    #[test]
    fn places_that_make_no_sense_do_no_harm() {
        let mut cuts = Cuts::default();
        cuts.start(u64::MAX);
        cuts.push(&[0.1; 100]);
        cuts.start(0);
        let part = cuts.end(0).unwrap();
        assert_eq!((part.start, part.end), (0, 0));
        cuts.start(50);
        assert_eq!(cuts.end(u64::MAX).unwrap().end, 100);
    }
}
