//! Where somebody speaks, told from 16 kHz mono.

use std::fmt;

use earshot::Detector;

/// How many samples are judged together: 16 ms.
pub const STEP: usize = 256;
/// A score from which on speech begins.
const BEGINS: f32 = 0.5;
/// A score below which speech is over. It is lower, since words trail off.
const STAYS: f32 = 0.42;
/// The mean square below which nothing is heard, whatever the model still has in its memory: 80 dB below the loudest, three
/// of the smallest differences that 16 bits have.
const SILENT: f32 = 1e-8;
/// How many steps in a row begin speech: a click is shorter.
const STEPS_TO_BEGIN: u32 = 4;
/// How many steps in a row end it: a breath is shorter than half a second.
const STEPS_TO_END: u32 = 31;

/// Says how much [`STEP`] samples sound like speech, from 0 to 1.
pub trait Score: Send {
    /// The score of the next step.
    fn score(&mut self, step: &[f32; STEP]) -> f32;
}

/// The scores of the model in the library `earshot`.
pub struct Earshot(Box<Detector>);

impl Default for Earshot {
    fn default() -> Self {
        Self(Detector::default_boxed())
    }
}

impl fmt::Debug for Earshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Earshot").finish_non_exhaustive()
    }
}

impl Score for Earshot {
    fn score(&mut self, step: &[f32; STEP]) -> f32 {
        self.0.predict_f32(step)
    }
}

/// Somebody began or stopped speaking, so many samples after the stream began.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Change {
    /// Began.
    Start(u64),
    /// Stopped.
    End(u64),
}

/// Follows one stream.
pub struct Activity {
    score: Box<dyn Score>,
    waiting: Vec<f32>,
    /// How many samples were judged.
    judged: u64,
    speaking: bool,
    /// How many steps in a row speak for a change, and where the first of them began.
    run: u32,
    run_began: u64,
}

impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activity")
            .field("judged", &self.judged)
            .field("speaking", &self.speaking)
            .finish_non_exhaustive()
    }
}

impl Default for Activity {
    fn default() -> Self {
        Self::new(Box::<Earshot>::default())
    }
}

impl Activity {
    /// With scores from elsewhere.
    #[must_use]
    pub fn new(score: Box<dyn Score>) -> Self {
        Self {
            score,
            waiting: Vec::with_capacity(STEP),
            judged: 0,
            speaking: false,
            run: 0,
            run_began: 0,
        }
    }

    /// Judges more of the stream.
    pub fn push(&mut self, samples: &[f32], into: &mut Vec<Change>) {
        let mut rest = samples;
        if !self.waiting.is_empty() {
            let missing = STEP - self.waiting.len();
            let (first, after) = rest.split_at(missing.min(rest.len()));
            self.waiting.extend_from_slice(first);
            rest = after;
            if let Ok(step) = <[f32; STEP]>::try_from(&self.waiting[..]) {
                self.waiting.clear();
                into.extend(self.judge(&step));
            }
        }
        let (steps, left) = rest.as_chunks::<STEP>();
        for step in steps {
            into.extend(self.judge(step));
        }
        self.waiting.extend_from_slice(left);
    }

    /// The stream has ended, and with it whatever is being said.
    pub fn finish(&mut self) -> Option<Change> {
        let end = if self.run > 0 {
            self.run_began
        } else {
            self.judged + self.waiting.len() as u64
        };
        self.run = 0;
        std::mem::take(&mut self.speaking).then_some(Change::End(end))
    }

    /// Whether somebody speaks.
    #[must_use]
    pub fn is_speaking(&self) -> bool {
        self.speaking
    }

    fn judge(&mut self, step: &[f32; STEP]) -> Option<Change> {
        let score = self.score.score(step);
        let silent = step.iter().map(|x| x * x).sum::<f32>() < SILENT * STEP as f32;
        let began = self.judged;
        self.judged += STEP as u64;
        let against = if self.speaking {
            silent || score < STAYS
        } else {
            !silent && score >= BEGINS
        };
        if !against {
            self.run = 0;
            return None;
        }
        if self.run == 0 {
            self.run_began = began;
        }
        self.run += 1;
        let needed = if self.speaking {
            STEPS_TO_END
        } else {
            STEPS_TO_BEGIN
        };
        if self.run < needed {
            return None;
        }
        self.run = 0;
        self.speaking = !self.speaking;
        Some(if self.speaking {
            Change::Start(self.run_began)
        } else {
            Change::End(self.run_began)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loudness of a step is its score.
    struct Loudness;

    impl Score for Loudness {
        fn score(&mut self, step: &[f32; STEP]) -> f32 {
            step.iter().sum::<f32>() / STEP as f32
        }
    }

    fn changes(steps: &[(f32, usize)], cut: usize) -> Vec<Change> {
        let samples = steps
            .iter()
            .flat_map(|(loud, steps)| std::iter::repeat_n(*loud, steps * STEP));
        let samples: Vec<f32> = samples.collect();
        let mut activity = Activity::new(Box::new(Loudness));
        let mut changes = Vec::new();
        for part in samples.chunks(cut) {
            activity.push(part, &mut changes);
        }
        changes.extend(activity.finish());
        changes
    }

    #[test]
    fn speech_begins_and_ends_where_it_did_however_it_is_cut() {
        let step = |n: u64| n * STEP as u64;
        for cut in [1, 7, 255, 256, 257, 100_000] {
            let found = changes(&[(0.0, 10), (0.9, 20), (0.45, 5), (0.0, 40)], cut);
            assert_eq!(found, [Change::Start(step(10)), Change::End(step(35))]);
        }
    }

    #[test]
    fn clicks_and_breaths_change_nothing() {
        assert_eq!(changes(&[(0.0, 5), (0.9, 3), (0.0, 50)], 256), []);
        let breath = changes(&[(0.9, 10), (0.0, 30), (0.9, 10)], 256);
        let all = 50 * STEP as u64;
        assert_eq!(breath, [Change::Start(0), Change::End(all)]);
    }

    /// A model that still has what it heard in mind.
    struct Trailing(f32);

    impl Score for Trailing {
        fn score(&mut self, step: &[f32; STEP]) -> f32 {
            self.0 = Loudness.score(step).max(self.0 * 0.99);
            self.0
        }
    }

    #[test]
    fn where_there_is_no_sound_nobody_speaks_whatever_the_model_has_in_mind() {
        let part = |loud: f32, steps: usize| vec![loud; steps * STEP];
        let samples = [part(0.9, 10), part(0.00005, 40), part(0.9, 10)].concat();
        let mut activity = Activity::new(Box::new(Trailing(0.0)));
        let mut changes = Vec::new();
        activity.push(&samples, &mut changes);
        changes.extend(activity.finish());
        let step = |n: u64| n * STEP as u64;
        let wanted = [
            Change::Start(0),
            Change::End(step(10)),
            Change::Start(step(50)),
            Change::End(step(60)),
        ];
        assert_eq!(changes, wanted);
    }

    #[test]
    fn the_model_hears_no_speech_in_silence_and_hardly_any_in_noise() {
        let mut seed = 1_u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32 * 0.4 - 0.2
        };
        let noise: Vec<f32> = (0..32_000).map(|_| noise()).collect();
        let heard = |samples: &[f32]| {
            let mut activity = Activity::default();
            let mut changes = Vec::new();
            activity.push(samples, &mut changes);
            changes.extend(activity.finish());
            let length = |change: &Change| match change {
                Change::Start(at) => -(*at as f64),
                Change::End(at) => *at as f64,
            };
            changes.iter().map(length).sum::<f64>() / samples.len() as f64
        };
        assert_eq!(heard(&[0.0; 32_000]), 0.0);
        // The first fifth of a second of a loud sound may be taken for speech, while the model knows nothing else.
        assert!(heard(&noise) < 0.125);
    }
}
