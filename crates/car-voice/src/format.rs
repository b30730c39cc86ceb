//! What the bytes of an audio stream mean.

use thiserror::Error;

/// The lowest rate that is taken, in samples a second and channel.
pub const LOWEST_RATE: u32 = 4_000;
/// The highest rate that is taken.
pub const HIGHEST_RATE: u32 = 384_000;
/// How many channels a stream may have.
pub const MOST_CHANNELS: u8 = 8;

/// 16-bit signed little-endian PCM, its channels interleaved.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct AudioFormat {
    rate: u32,
    channels: u8,
}

impl AudioFormat {
    /// A format of so many samples a second and channels.
    ///
    /// # Errors
    /// A rate outside of [`LOWEST_RATE`] to [`HIGHEST_RATE`]; no channel, or more than [`MOST_CHANNELS`].
    pub const fn new(rate: u32, channels: u8) -> Result<Self, FormatError> {
        if rate < LOWEST_RATE || rate > HIGHEST_RATE {
            return Err(FormatError::Rate(rate));
        }
        if channels == 0 || channels > MOST_CHANNELS {
            return Err(FormatError::Channels(channels));
        }
        Ok(Self { rate, channels })
    }

    /// Samples a second and channel.
    #[must_use]
    pub const fn rate(self) -> u32 {
        self.rate
    }

    /// Channels.
    #[must_use]
    pub const fn channels(self) -> u8 {
        self.channels
    }

    /// The bytes of one sample of every channel.
    #[must_use]
    pub const fn frame_bytes(self) -> usize {
        self.channels as usize * size_of::<i16>()
    }

    /// How many samples of every channel are in so many bytes.
    ///
    /// # Errors
    /// The last one is not whole.
    pub const fn frames(self, bytes: usize) -> Result<usize, FormatError> {
        if bytes.is_multiple_of(self.frame_bytes()) {
            Ok(bytes / self.frame_bytes())
        } else {
            Err(FormatError::Torn {
                bytes,
                frame: self.frame_bytes(),
            })
        }
    }

    /// Appends the mean of the channels, from -1 to 1. What is left over at the end of `pcm` is passed over.
    pub fn mono(self, pcm: &[u8], into: &mut Vec<f32>) {
        let scale = 1.0 / (f32::from(self.channels) * 32_768.0);
        let frames = pcm.chunks_exact(self.frame_bytes());
        into.extend(frames.map(|frame| {
            let samples = frame.as_chunks::<2>().0.iter();
            let sum: i32 = samples.map(|b| i32::from(i16::from_le_bytes(*b))).sum();
            // Eight channels of 16 bits need 19: a float has 24.
            let sum = sum as f32;
            sum * scale
        }));
    }
}

/// Why audio is not understood.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum FormatError {
    /// A rate that nobody records at.
    #[error("{0} samples a second; {LOWEST_RATE} to {HIGHEST_RATE} are taken")]
    Rate(u32),
    /// Too few or too many channels.
    #[error("{0} channels; 1 to {MOST_CHANNELS} are taken")]
    Channels(u8),
    /// The bytes do not end with a whole sample of every channel.
    #[error("{bytes} bytes are not a multiple of {frame}, a sample of every channel")]
    Torn {
        /// How many bytes came.
        bytes: usize,
        /// How many a sample of every channel has.
        frame: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_averaged_and_scaled_to_one() {
        let stereo = AudioFormat::new(48_000, 2).unwrap();
        let mut mono = Vec::new();
        let samples = [i16::MIN, i16::MIN, 16_384, 0, i16::MAX, i16::MIN];
        let pcm: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        stereo.mono(&pcm, &mut mono);
        assert_eq!(mono, [-1.0, 0.25, -0.5 / 32_768.0]);
    }

    #[test]
    fn what_nobody_records_in_is_refused() {
        assert_eq!(AudioFormat::new(0, 1), Err(FormatError::Rate(0)));
        assert_eq!(AudioFormat::new(8_000, 0), Err(FormatError::Channels(0)));
        assert_eq!(AudioFormat::new(8_000, 9), Err(FormatError::Channels(9)));
        let stereo = AudioFormat::new(8_000, 2).unwrap();
        assert_eq!(stereo.frames(8), Ok(2));
        let torn = FormatError::Torn { bytes: 6, frame: 4 };
        assert_eq!(stereo.frames(6), Err(torn));
    }
}
