//! PCM of any rate and number of channels to 16 kHz mono.

use std::fmt;

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, FixedAsync, Indexing, Resampler as _, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};
use thiserror::Error;

use crate::SPEECH_RATE;
use crate::format::AudioFormat;

/// The taps of the filter. Fewer would let through more of what lies beyond 8 kHz.
const TAPS: usize = 128;

/// Makes one stream 16 kHz mono. It holds 10 ms of audio back until more comes or the stream ends.
pub struct Resampler {
    format: AudioFormat,
    /// None where the rate is right already.
    sinc: Option<Sinc>,
}

struct Sinc {
    inner: Async<f32>,
    /// What is too short to be a step.
    waiting: Vec<f32>,
    output: Vec<f32>,
    /// How many samples at the begin are the filter's and not the stream's.
    delay: usize,
    /// What came and what went, in samples, to end with as many as the stream lasts.
    taken: u64,
    given: u64,
    ratio: f64,
}

impl fmt::Debug for Resampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resampler")
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl Resampler {
    /// For a stream of this format.
    ///
    /// # Errors
    /// The library refuses the rate.
    pub fn new(format: AudioFormat) -> Result<Self, ResampleError> {
        let sinc = (format.rate() != SPEECH_RATE).then(|| Sinc::new(format.rate()));
        Ok(Self {
            format,
            sinc: sinc.transpose()?,
        })
    }

    /// Appends what can be told from `pcm` and what came before.
    ///
    /// # Errors
    /// The library fails; the stream cannot go on then.
    pub fn push(&mut self, pcm: &[u8], into: &mut Vec<f32>) -> Result<(), ResampleError> {
        let Some(sinc) = &mut self.sinc else {
            self.format.mono(pcm, into);
            return Ok(());
        };
        let before = sinc.waiting.len();
        self.format.mono(pcm, &mut sinc.waiting);
        sinc.taken += (sinc.waiting.len() - before) as u64;
        sinc.drain(into)
    }

    /// Appends what was held back: the stream has ended, and what was given lasts as long as what came.
    ///
    /// # Errors
    /// The library fails.
    pub fn finish(&mut self, into: &mut Vec<f32>) -> Result<(), ResampleError> {
        let Some(sinc) = &mut self.sinc else {
            return Ok(());
        };
        // A stream has far fewer than 2^52 samples.
        let due = (sinc.taken as f64 * sinc.ratio).round() as u64;
        let length = into.len();
        let missing = usize::try_from(due.saturating_sub(sinc.given)).unwrap_or(usize::MAX);
        while into.len() < length.saturating_add(missing) {
            let step = sinc.inner.input_frames_next();
            sinc.waiting.resize(sinc.waiting.len() + step, 0.0);
            sinc.drain(into)?;
        }
        into.truncate(length + missing);
        sinc.waiting.clear();
        Ok(())
    }
}

impl Sinc {
    fn new(rate: u32) -> Result<Self, ResampleError> {
        let ratio = f64::from(SPEECH_RATE) / f64::from(rate);
        let parameters = SincInterpolationParameters {
            sinc_len: TAPS,
            f_cutoff: 0.92,
            oversampling_factor: 128,
            interpolation: SincInterpolationType::Linear,
            window: WindowFunction::BlackmanHarris2,
        };
        // Ten milliseconds a step.
        let step = usize::try_from(rate / 100).unwrap_or(1);
        let inner = Async::new_sinc(ratio, 1.0, &parameters, step, 1, FixedAsync::Input);
        let inner = inner.map_err(|error| ResampleError(error.to_string()))?;
        Ok(Self {
            output: vec![0.0; inner.output_frames_max()],
            delay: inner.output_delay(),
            inner,
            waiting: Vec::new(),
            taken: 0,
            given: 0,
            ratio,
        })
    }

    fn drain(&mut self, into: &mut Vec<f32>) -> Result<(), ResampleError> {
        let failed = |error: &dyn fmt::Display| ResampleError(error.to_string());
        let mut used = 0;
        while self.waiting.len() - used >= self.inner.input_frames_next() {
            let room = self.output.len();
            let input = InterleavedSlice::new(&self.waiting[..], 1, self.waiting.len());
            let input = input.map_err(|error| failed(&error))?;
            let output = InterleavedSlice::new_mut(&mut self.output[..], 1, room);
            let mut output = output.map_err(|error| failed(&error))?;
            let indexing = Indexing {
                input_offset: used,
                output_offset: 0,
                partial_len: None,
                active_channels_mask: None,
            };
            let stepped = self
                .inner
                .process_into_buffer(&input, &mut output, Some(&indexing));
            let (took, gave) = stepped.map_err(|error| failed(&error))?;
            used += took;
            let skipped = self.delay.min(gave);
            self.delay -= skipped;
            let fresh = self.output.get(skipped..gave).unwrap_or_default();
            self.given += fresh.len() as u64;
            // The filter overshoots where loud sound begins.
            into.extend(fresh.iter().map(|sample| sample.clamp(-1.0, 1.0)));
        }
        self.waiting.drain(..used);
        Ok(())
    }
}

/// The library for sample rates failed, in its words.
#[derive(Debug, Error)]
#[error("the sample rate cannot be changed: {0}")]
pub struct ResampleError(String);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tone(rate: u32, channels: u8, hertz: f64, millis: u32) -> Vec<u8> {
        let frames = u64::from(rate) * u64::from(millis) / 1000;
        let sample = |n: u64| {
            let at = n as f64 / f64::from(rate);
            ((at * hertz * std::f64::consts::TAU).sin() * 16_384.0) as i16
        };
        let frame = |n: u64| (0..channels).flat_map(move |_| sample(n).to_le_bytes());
        (0..frames).flat_map(frame).collect()
    }

    fn resampled(rate: u32, channels: u8, pcm: &[u8], push: usize) -> Vec<f32> {
        let format = AudioFormat::new(rate, channels).unwrap();
        let mut resampler = Resampler::new(format).unwrap();
        let mut samples = Vec::new();
        for part in pcm.chunks(push * format.frame_bytes()) {
            resampler.push(part, &mut samples).unwrap();
        }
        resampler.finish(&mut samples).unwrap();
        samples
    }

    #[test]
    fn the_loudest_sound_stays_within_its_range() {
        let format = AudioFormat::new(24_000, 1).unwrap();
        let mut resampler = Resampler::new(format).unwrap();
        let square = (0..24_000).map(|n| if n / 40 % 2 == 0 { i16::MAX } else { i16::MIN });
        let pcm: Vec<u8> = square.flat_map(i16::to_le_bytes).collect();
        let mut samples = Vec::new();
        resampler.push(&pcm, &mut samples).unwrap();
        resampler.finish(&mut samples).unwrap();
        assert_eq!(samples.len(), 16_000);
        assert!(samples.iter().all(|sample| sample.abs() <= 1.0));
    }

    #[test]
    fn a_tone_stays_what_it_is_and_where_to_a_sample_at_every_rate() {
        for (rate, channels) in [
            (8_000, 1),
            (16_000, 2),
            (44_100, 2),
            (44_101, 1),
            (96_000, 8),
        ] {
            let samples = resampled(rate, channels, &tone(rate, channels, 440.0, 500), 333);
            assert_eq!(samples.len(), 8_000, "{rate}");
            // The filter's delay is known in whole samples.
            let worst = |shift: f64| {
                let wanted = |n: usize| {
                    let at = (n as f64 + shift) / 16_000.0;
                    (at * 440.0 * std::f64::consts::TAU).sin() / 2.0
                };
                let off = (500..7_500).map(|n| (f64::from(samples[n]) - wanted(n)).abs());
                off.fold(0.0, f64::max)
            };
            let shifts = [-1.0, -0.5, 0.0, 0.5, 1.0];
            let least = shifts.map(worst).into_iter().fold(1.0, f64::min);
            assert!(least < 0.03, "{rate}: off by {least}");
        }
    }

    #[test]
    fn what_lies_beyond_half_the_rate_does_not_come_back_as_something_else() {
        let samples = resampled(48_000, 1, &tone(48_000, 1, 12_000.0, 500), 480);
        let loudest = samples[500..7_500]
            .iter()
            .fold(0.0, |a: f32, b| a.max(b.abs()));
        assert!(loudest < 0.01, "{loudest}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn how_it_is_cut_makes_no_difference(push in 1..2_000_usize, rate in 4_000..100_000_u32) {
            let pcm = tone(rate, 1, 300.0, 60);
            prop_assert_eq!(resampled(rate, 1, &pcm, push), resampled(rate, 1, &pcm, 1_000_000));
        }
    }
}
