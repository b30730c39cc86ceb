//! Sound as the model sees it: 80 bands of the mel scale, every 10 ms.

use std::f32::consts::TAU;

use candle_core::{Device, Result, Tensor};

/// Samples that are looked at together: 25 ms.
const WINDOW: usize = 400;
/// Samples from one look to the next: 10 ms.
pub(super) const HOP: usize = 160;
/// Frequencies of a look.
const BINS: usize = WINDOW / 2 + 1;
/// Bands of the mel scale.
pub(super) const BANDS: usize = 80;
/// Samples a second.
const RATE: f32 = 16_000.0;
/// What is as quiet as nothing.
const FLOOR: f32 = 1e-10;

/// Makes pictures of sound. The tables that it needs are made once.
#[derive(Debug)]
pub(super) struct Mel {
    /// A window of samples to the real parts of all frequencies, and then the imaginary ones.
    fourier: Tensor,
    /// Frequencies to bands.
    bands: Tensor,
}

impl Mel {
    pub(super) fn new() -> Result<Self> {
        let mut fourier = Vec::with_capacity(WINDOW * 2 * BINS);
        for n in 0..WINDOW {
            let window = 0.5 * (1.0 - (TAU * n as f32 / WINDOW as f32).cos());
            // Whole turns are left out, so that the angle stays exact.
            let angle = |bin: usize| TAU * ((n * bin) % WINDOW) as f32 / WINDOW as f32;
            fourier.extend((0..BINS).map(|bin| window * angle(bin).cos()));
            fourier.extend((0..BINS).map(|bin| -window * angle(bin).sin()));
        }
        Ok(Self {
            fourier: Tensor::from_vec(fourier, (WINDOW, 2 * BINS), &Device::Cpu)?,
            bands: Tensor::from_vec(bands(), (BINS, BANDS), &Device::Cpu)?,
        })
    }

    /// The first `looks` pictures of these samples, as columns of the bands; after the samples is silence.
    pub(super) fn see(&self, samples: &[f32], looks: usize) -> Result<Tensor> {
        // Each look is at the samples around its place; before the first sample they are mirrored.
        let sounding = (samples.len() + WINDOW / 2).div_ceil(HOP).min(looks);
        let mut frames = Vec::with_capacity(sounding * WINDOW);
        for look in 0..sounding {
            let places = (0..WINDOW).map(|n| (look * HOP + n).abs_diff(WINDOW / 2));
            frames.extend(places.map(|place| samples.get(place).copied().unwrap_or(0.0)));
        }
        let frames = Tensor::from_vec(frames, (sounding, WINDOW), &Device::Cpu)?;
        let parts = frames.matmul(&self.fourier)?.sqr()?;
        let power = (parts.narrow(1, 0, BINS)? + parts.narrow(1, BINS, BINS)?)?;
        let seen = power.matmul(&self.bands)?.flatten_all()?.to_vec1::<f32>()?;
        let seen: Vec<f32> = seen.iter().map(|power| power.max(FLOOR).log10()).collect();
        let silent = FLOOR.log10();
        let loudest = seen.iter().copied().fold(silent, f32::max);
        let scaled = |value: f32| (value.max(loudest - 8.0) + 4.0) / 4.0;
        let mut all: Vec<f32> = seen.into_iter().map(scaled).collect();
        all.resize(looks * BANDS, scaled(silent));
        Tensor::from_vec(all, (looks, BANDS), &Device::Cpu)?
            .t()?
            .contiguous()
    }
}

/// Triangles over the frequencies whose corners are evenly spaced on Slaney's mel scale, each of the same area: a row for
/// each frequency.
fn bands() -> Vec<f32> {
    let highest = mel_of(RATE / 2.0);
    let corner = |n: usize| frequency_of(highest * n as f32 / (BANDS + 1) as f32);
    let mut bands = Vec::with_capacity(BINS * BANDS);
    for bin in 0..BINS {
        let frequency = RATE * bin as f32 / WINDOW as f32;
        bands.extend((0..BANDS).map(|band| {
            let (low, middle, high) = (corner(band), corner(band + 1), corner(band + 2));
            let rising = (frequency - low) / (middle - low);
            let falling = (high - frequency) / (high - middle);
            rising.min(falling).max(0.0) * 2.0 / (high - low)
        }));
    }
    bands
}

/// The scale is linear up to here, and logarithmic above.
const LINEAR_TO: f32 = 1_000.0;
const LINEAR_STEP: f32 = 200.0 / 3.0;

fn log_step() -> f32 {
    6.4_f32.ln() / 27.0
}

fn mel_of(frequency: f32) -> f32 {
    if frequency < LINEAR_TO {
        frequency / LINEAR_STEP
    } else {
        LINEAR_TO / LINEAR_STEP + (frequency / LINEAR_TO).ln() / log_step()
    }
}

fn frequency_of(mel: f32) -> f32 {
    let linear = LINEAR_TO / LINEAR_STEP;
    if mel < linear {
        mel * LINEAR_STEP
    } else {
        LINEAR_TO * ((mel - linear) * log_step()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_loudest_in_its_band() {
        let mel = Mel::new().unwrap();
        for frequency in [300.0_f32, 1_000.0, 3_000.0] {
            let tone: Vec<f32> = (0..16_000)
                .map(|n| (TAU * frequency * n as f32 / RATE).sin() * 0.5)
                .collect();
            let seen = mel.see(&tone, 200).unwrap().t().unwrap();
            assert_eq!(seen.dims(), [200, BANDS]);
            let seen = seen.to_vec2::<f32>().unwrap();
            let row = &seen[50];
            let loudest = (0..BANDS)
                .max_by(|a, b| row[*a].total_cmp(&row[*b]))
                .unwrap();
            let wanted = mel_of(frequency) / mel_of(RATE / 2.0) * (BANDS + 1) as f32 - 1.0;
            assert!(
                (loudest as f32 - wanted).abs() <= 1.0,
                "{frequency}: {loudest}"
            );
            // What is after the tone is as quiet as may be.
            assert!(seen[150].iter().all(|v| *v <= row[loudest] - 1.9));
        }
    }

    #[test]
    fn scales_are_each_others_opposite() {
        for frequency in [0.0, 100.0, 999.0, 1_000.0, 4_321.0, 8_000.0] {
            assert!((frequency_of(mel_of(frequency)) - frequency).abs() < 0.1);
        }
    }
}
