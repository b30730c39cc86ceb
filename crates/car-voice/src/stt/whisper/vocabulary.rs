//! What tokens stand for. In the file a token is a line, whose characters each stand for a byte.

use std::collections::HashSet;

use serde::Deserialize;

use super::ModelError;

/// How many tokens there may be.
const MOST: usize = 1 << 20;

/// The tokens of a model.
#[derive(Debug)]
pub(super) struct Vocabulary {
    tokens: Vec<Box<[u8]>>,
    /// What stands at the beginning.
    pub(super) start: u32,
    /// What says that no times are wanted.
    pub(super) timeless: u32,
    /// What ends all that was said.
    pub(super) end: u32,
    /// What says that nobody speaks.
    pub(super) silence: Option<u32>,
    /// What is never said: what is no word, and all that `config.json` names.
    unsaid: HashSet<u32>,
    /// What is not said first.
    not_first: HashSet<u32>,
}

/// What is read of `config.json`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Suppressed {
    #[serde(default)]
    suppress_ids: Vec<u32>,
    #[serde(default)]
    suppress_ids_begin: Vec<u32>,
}

impl Vocabulary {
    /// Of the text of `vocabulary.txt`.
    pub(super) fn read(text: &str, suppressed: Suppressed) -> Result<Self, ModelError> {
        let lines: Vec<&str> = text.lines().take(MOST).collect();
        let find = |name: &str| {
            let place = lines.iter().rposition(|line| *line == name);
            place.and_then(|place| u32::try_from(place).ok())
        };
        let needed = |name: &str| {
            let found = find(name);
            found.ok_or_else(|| ModelError::new(format!("the vocabulary has no {name}")))
        };
        let end = needed("<|endoftext|>")?;
        let first_word = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        // All that comes after the end is no word.
        let mut unsaid: HashSet<u32> = (end + 1..first_word).collect();
        unsaid.extend(suppressed.suppress_ids);
        unsaid.remove(&end);
        Ok(Self {
            start: needed("<|startoftranscript|>")?,
            timeless: needed("<|notimestamps|>")?,
            silence: find("<|nocaptions|>").or_else(|| find("<|nospeech|>")),
            end,
            unsaid,
            not_first: suppressed.suppress_ids_begin.into_iter().collect(),
            tokens: lines.into_iter().map(bytes_of).collect(),
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether a token may be said in this place.
    pub(super) fn may_say(&self, token: u32, is_first: bool) -> bool {
        !(self.unsaid.contains(&token) || is_first && self.not_first.contains(&token))
    }

    /// The words of tokens. What is no text yet is left out.
    pub(super) fn words(&self, tokens: &[u32]) -> String {
        let found = tokens
            .iter()
            .filter_map(|token| self.tokens.get(*token as usize));
        let bytes: Vec<u8> = found.flat_map(|bytes| bytes.iter().copied()).collect();
        let text = String::from_utf8_lossy(&bytes);
        text.trim_end_matches(char::REPLACEMENT_CHARACTER)
            .trim()
            .to_owned()
    }
}

/// The bytes of a line. The bytes that are visible characters of Latin-1 stand for themselves; the others, in order, are
/// the characters from 256 on.
fn bytes_of(line: &str) -> Box<[u8]> {
    let byte = |character: char| {
        let code = u32::from(character);
        match u8::try_from(code) {
            Ok(byte) => Some(byte),
            Err(_) => (0..=u8::MAX)
                .filter(|byte| !is_visible(*byte))
                .nth((code - 256) as usize),
        }
    };
    line.chars().filter_map(byte).collect()
}

fn is_visible(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A vocabulary of these words and what has to be there.
    pub(in crate::stt::whisper) fn of(words: &[&str]) -> Vocabulary {
        let special = [
            "<|endoftext|>",
            "<|startoftranscript|>",
            "<|nocaptions|>",
            "<|notimestamps|>",
        ];
        let lines: Vec<&str> = words.iter().copied().chain(special).collect();
        Vocabulary::read(&lines.join("\n"), Suppressed::default()).unwrap()
    }

    #[test]
    fn characters_stand_for_bytes() {
        assert_eq!(&*bytes_of("Ġhello"), b" hello");
        assert_eq!(&*bytes_of("Ċ"), b"\n");
        assert_eq!(&*bytes_of("Ã©"), "é".as_bytes());
    }

    #[test]
    fn words_are_put_together_and_half_characters_are_left_out() {
        let vocabulary = of(&["Ġhello", "Ġworld", "Ã", "©"]);
        assert_eq!(vocabulary.words(&[0, 1, 2, 3]), "hello worldé");
        assert_eq!(vocabulary.words(&[0, 2]), "hello");
        assert_eq!(vocabulary.words(&[99]), "");
    }

    #[test]
    fn what_is_no_word_is_never_said() {
        let vocabulary = of(&["a", "b"]);
        assert!(vocabulary.may_say(0, true) && vocabulary.may_say(vocabulary.end, false));
        for token in [
            vocabulary.start,
            vocabulary.timeless,
            vocabulary.silence.unwrap(),
        ] {
            assert!(!vocabulary.may_say(token, false));
        }
        assert!(Vocabulary::read("a\nb", Suppressed::default()).is_err());
    }
}
