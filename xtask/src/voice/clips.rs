//! The speech, what is known to be said in it, and how many words of it are wrong.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// A file with speech, in the package that has them.
#[derive(Debug)]
pub(super) struct Clip {
    pub(super) name: &'static str,
    /// What is said, where that is known.
    pub(super) text: Option<&'static str>,
}

/// The beginning of a novel of 1859, a few words of quickly changing loudness, and two actors with noise and breaks in which
/// there is no sound at all.
pub(super) const CLIPS: &[Clip] = &[
    Clip {
        name: "two_cities",
        text: Some(
            "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of \
             foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it \
             was the season of Darkness, it was the spring of hope, it was the winter of despair, we had everything \
             before us, we had nothing before us, we were all going direct to Heaven, we were all going direct the \
             other way – in short, the period was so far like the present period, that some of its noisiest \
             authorities insisted on its being received, for good or for evil, in the superlative degree of \
             comparison only.",
        ),
    },
    Clip {
        name: "beckett",
        text: Some("Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."),
    },
    Clip {
        name: "endgame_nagg_nell",
        text: None,
    },
];

/// A file that was read.
#[derive(Debug)]
pub(super) struct Sound {
    pub(super) clip: &'static Clip,
    pub(super) path: PathBuf,
    pub(super) rate: u32,
    /// 16-bit samples of one channel.
    pub(super) pcm: Vec<u8>,
}

impl Sound {
    pub(super) fn read(folder: &Path, clip: &'static Clip) -> Result<Self> {
        let path = folder.join(format!("moonshine_voice/assets/{}.wav", clip.name));
        let file = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let (rate, pcm) = wave(&file).with_context(|| path.display().to_string())?;
        Ok(Self {
            clip,
            path,
            rate,
            pcm,
        })
    }

    pub(super) fn seconds(&self) -> f64 {
        self.pcm.len() as f64 / 2.0 / f64::from(self.rate)
    }
}

/// Rate and samples of a WAV file of 16-bit samples of one channel.
fn wave(file: &[u8]) -> Result<(u32, Vec<u8>)> {
    let mut rest = match file.split_at_checked(12) {
        Some((head, rest)) if head.starts_with(b"RIFF") && head.ends_with(b"WAVE") => rest,
        _ => bail!("no WAV file"),
    };
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte))
    };
    let mut rate = None;
    while let Some((head, after)) = rest.split_at_checked(8) {
        let length = number(&head[4..]) as usize;
        let chunk = &after[..length.min(after.len())];
        match &head[..4] {
            b"fmt " if chunk.len() >= 16 => {
                let plain = number(&chunk[..2]) == 1 && number(&chunk[2..4]) == 1;
                if !plain || number(&chunk[14..16]) != 16 {
                    bail!("other samples than 16-bit ones of one channel");
                }
                rate = Some(number(&chunk[4..8]));
            }
            b"data" => {
                let rate = rate.context("samples before their format")?;
                return Ok((rate, chunk[..chunk.len() / 2 * 2].to_vec()));
            }
            _ => {}
        }
        rest = after.get(length + length % 2..).unwrap_or_default();
    }
    bail!("a WAV file without samples")
}

/// How many words are wrong, missing or too many, and how many there are.
pub(super) fn word_errors(known: &str, said: &str) -> (u32, u32) {
    let words = |text: &str| -> Vec<String> {
        let plain = |c: char| c.is_alphanumeric() || c == '\'';
        let words = text.split(|c| !plain(c)).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let (known, said) = (words(known), words(said));
    let mut row: Vec<u32> = (0..).take(said.len() + 1).collect();
    for (place, word) in (1_u32..).zip(&known) {
        let mut diagonal = row[0];
        row[0] = place;
        for (column, other) in said.iter().enumerate() {
            let replaced = diagonal + u32::from(word != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    let errors = row.last().copied().unwrap_or_default();
    (errors, u32::try_from(known.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_without_their_dress() {
        assert_eq!(word_errors("Ever tried.", "ever, TRIED"), (0, 2));
        assert_eq!(word_errors("a b c d", "a x c"), (2, 4));
        assert_eq!(word_errors("a", "b a c"), (2, 1));
        assert_eq!(word_errors("", "one"), (1, 0));
    }

    #[test]
    fn samples_are_found_behind_other_parts_of_a_file() {
        let mut file = b"RIFF\0\0\0\0WAVEjunk\x01\0\0\0x\0fmt \x10\0\0\0\x01\0\x01\0".to_vec();
        file.extend(24_000_u32.to_le_bytes());
        file.extend([0; 6]);
        file.extend(16_u16.to_le_bytes());
        file.extend(b"data\xFF\0\0\0\x01\x02\x03");
        assert_eq!(wave(&file).unwrap(), (24_000, vec![1, 2]));
        assert!(wave(b"RIFF").is_err() && wave(&file[..30]).is_err());
    }
}
