//! Samples to words: the likeliest token, one after the other.

use std::sync::atomic::{AtomicBool, Ordering};

use super::ModelError;
use super::model::Model;
use super::vocabulary::Vocabulary;
use crate::SPEECH_RATE;

/// How many samples a step of the model is: 20 ms.
const STEP: usize = SPEECH_RATE as usize / 50;
/// How many steps of silence it hears after the samples; it was trained with silence behind what was said.
const SILENCE: usize = 100;
/// How many tokens are said before anything of it is doubted.
const FEW: usize = 8;
/// How many tokens a second of speech may have. Nobody speaks as fast.
const TOKENS_A_SECOND: usize = 12;
/// How often the same tokens may come one after the other.
const REPEATS: usize = 4;
/// How many tokens are looked at for that.
const LONGEST_REPEAT: usize = 12;
/// The mean of the logarithms of likelihood from which on the words are believed.
const BELIEVED: f32 = -1.0;
/// How likely it is that nobody speaks, from which on words that are hardly likely are not believed.
const NOBODY: f32 = 0.6;

/// With how much care something is heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Care {
    /// What is said so far.
    Guess,
    /// What was said. Of short parts a model that hears little silence behind them makes up more words: with half of what
    /// it can hear the words were as good as with all.
    Full,
}

impl Care {
    /// How many steps are heard at least.
    fn steps(self) -> usize {
        match self {
            Self::Guess => 0,
            Self::Full => 750,
        }
    }
}

/// What was said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Words {
    pub(super) text: String,
    /// From 0 to 1.
    pub(super) confidence: f32,
}

/// A model and its words.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) model: Model,
    pub(super) vocabulary: Vocabulary,
}

impl Listener {
    /// Tells what is said in samples. None where nothing is, or nothing that can be believed, and when `stop` is set.
    pub(super) fn hear(
        &self,
        samples: &[f32],
        care: Care,
        stop: &AtomicBool,
    ) -> Result<Option<Words>, ModelError> {
        let vocabulary = &self.vocabulary;
        let steps = (samples.len().div_ceil(STEP) + SILENCE).max(care.steps());
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut speaker = self.model.listen(samples, steps)?;
        let first = speaker.follow(vocabulary.start)?;
        let beginning = Likely::of(&first);
        let nobody = vocabulary
            .silence
            .map_or(0.0, |token| beginning.of_token(token).exp());
        let mut next = speaker.follow(vocabulary.timeless)?;
        let seconds = samples.len().div_ceil(SPEECH_RATE as usize);
        let most = (FEW + seconds * TOKENS_A_SECOND).min(self.model.most_tokens() / 2);
        let (mut tokens, mut sum, mut count) = (Vec::new(), 0.0, 0.0);
        while !stop.load(Ordering::Relaxed) {
            let likely = Likely::of(&next);
            let Some(token) = likely.best(|token| vocabulary.may_say(token, tokens.is_empty()))
            else {
                break;
            };
            sum += likely.of_token(token);
            count += 1.0;
            if token == vocabulary.end || tokens.len() >= most {
                break;
            }
            tokens.push(token);
            if let Some(without) = repeated(&tokens) {
                tokens.truncate(without);
                break;
            }
            next = speaker.follow(token)?;
        }
        let mean = sum / f32::max(count, 1.0);
        let text = vocabulary.words(&tokens);
        let doubted = mean < BELIEVED || (nobody > NOBODY && mean < BELIEVED / 2.0);
        let is_heard = !text.is_empty() && !doubted && !stop.load(Ordering::Relaxed);
        Ok(is_heard.then(|| Words {
            text,
            confidence: mean.exp().clamp(0.0, 1.0),
        }))
    }
}

/// How likely each token is.
struct Likely<'a> {
    values: &'a [f32],
    whole: f32,
}

impl<'a> Likely<'a> {
    fn of(values: &'a [f32]) -> Self {
        let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = values.iter().map(|value| (value - most).exp()).sum();
        let whole = most + sum.ln();
        Self { values, whole }
    }

    /// As a logarithm.
    fn of_token(&self, token: u32) -> f32 {
        let value = self.values.get(token as usize);
        value.map_or(f32::NEG_INFINITY, |value| value - self.whole)
    }

    fn best(&self, allowed: impl Fn(u32) -> bool) -> Option<u32> {
        let mut best = None;
        for (token, value) in (0_u32..).zip(self.values) {
            let better = best.is_none_or(|(_, most)| *value > most);
            if better && allowed(token) {
                best = Some((token, *value));
            }
        }
        best.map(|(token, _)| token)
    }
}

/// Whether the end says the same again and again; how much is left when it is said once.
fn repeated(tokens: &[u32]) -> Option<usize> {
    (1..=LONGEST_REPEAT).find_map(|length| {
        let start = tokens.len().checked_sub(length * REPEATS)?;
        let (_, end) = tokens.split_at_checked(start)?;
        let mut parts = end.chunks(length);
        let first = parts.next()?;
        parts.all(|part| part == first).then_some(start + length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_again_and_again_is_said_once() {
        assert_eq!(repeated(&[1, 2, 3, 3, 3, 3]), Some(3));
        assert_eq!(repeated(&[9, 1, 2, 1, 2, 1, 2, 1, 2]), Some(3));
        assert_eq!(repeated(&[1, 2, 3, 4, 5, 6, 7, 8]), None);
        assert_eq!(repeated(&[3, 3, 3]), None);
        assert_eq!(repeated(&[]), None);
    }

    #[test]
    fn the_likeliest_that_may_be_said_is_said() {
        let likely = Likely::of(&[1.0, 3.0, 2.0]);
        assert_eq!(likely.best(|_| true), Some(1));
        assert_eq!(likely.best(|token| token != 1), Some(2));
        assert_eq!(likely.best(|_| false), None);
        let sum: f32 = (0..3).map(|token| likely.of_token(token).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert_eq!(likely.of_token(3), f32::NEG_INFINITY);
    }
}
