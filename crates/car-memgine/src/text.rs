//! From text to the terms of the index.

use rust_stemmers::{Algorithm, Stemmer};
use rustc_hash::FxHashMap;

/// Words that say too little to search by.
const SILENT: &[&str] = &[
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if",
    "in", "is", "it", "its", "may", "me", "must", "my", "no", "not", "of", "on", "or", "our",
    "she", "should", "so", "some", "than", "that", "the", "their", "them", "then", "there",
    "these", "they", "this", "those", "to", "too", "up", "us", "was", "we", "were", "what", "when",
    "where", "which", "who", "whom", "why", "will", "with", "would", "you", "your",
];

/// Letters of a term at most; what is longer is cut.
const LETTERS: usize = 40;

/// Words whose stems are remembered at once.
const REMEMBERED: usize = 1 << 16;

/// Finds the terms of texts, and remembers the stems of their words for the next ones: that is for many texts in a row.
pub(crate) struct Stems {
    stemmer: Stemmer,
    known: FxHashMap<String, String>,
}

impl Stems {
    pub(crate) fn new() -> Self {
        Self {
            stemmer: Stemmer::create(Algorithm::English),
            known: FxHashMap::default(),
        }
    }

    /// The terms of a text, in order and with repetitions: words of letters and digits, in small letters, stemmed as
    /// English, without those that say nothing.
    pub(crate) fn terms(&mut self, text: &str, terms: &mut Vec<String>) {
        for word in words(text).filter(|word| !is_silent(word)) {
            if let Some(stem) = self.known.get(&word) {
                terms.push(stem.clone());
                continue;
            }
            if self.known.len() >= REMEMBERED {
                self.known.clear();
            }
            let stem = self.stemmer.stem(&word).into_owned();
            terms.push(stem.clone());
            self.known.insert(word, stem);
        }
    }
}

/// The terms of a text, as [`Stems`] finds them.
pub(crate) fn terms(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    words(text)
        .filter(|word| !is_silent(word))
        .map(|word| stemmer.stem(&word).into_owned())
        .collect()
}

/// The words of a text as they are written, in small letters.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let small = word.chars().flat_map(char::to_lowercase);
            small.take(LETTERS).collect()
        })
}

/// Whether a word says too little to search by.
pub(crate) fn is_silent(word: &str) -> bool {
    // They are in order.
    SILENT.binary_search(&word).is_ok()
}

/// The one term of a single word.
pub(crate) fn term(word: &str) -> String {
    Stemmer::create(Algorithm::English).stem(word).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_are_one_term() {
        assert_eq!(terms("The deploys were frozen"), terms("deploy frozen"));
    }

    #[test]
    fn what_is_remembered_changes_nothing() {
        assert!(SILENT.is_sorted());
        let mut stems = Stems::new();
        for text in ["The deploys were frozen", "Frozen deploys of the deploy"] {
            let mut found = Vec::new();
            stems.terms(text, &mut found);
            assert_eq!(found, terms(text));
        }
    }

    #[test]
    fn names_with_signs_are_taken_apart() {
        assert_eq!(terms("payments-api/v2"), ["payment", "api", "v2"]);
    }

    #[test]
    fn a_word_without_end_is_cut() {
        assert_eq!(terms(&"9".repeat(10_000)), ["9".repeat(LETTERS)]);
    }
}
