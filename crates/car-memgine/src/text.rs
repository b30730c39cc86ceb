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

/// Words whose terms are remembered at once.
const REMEMBERED: usize = 1 << 16;

/// Finds the terms of many texts in a row, and numbers them: a word that came before costs one look.
pub(crate) struct Stems {
    stemmer: Stemmer,
    /// The number of the term of a word; none where it says nothing.
    words: FxHashMap<Box<str>, Option<u32>>,
    numbers: FxHashMap<Box<str>, u32>,
    terms: Vec<Box<str>>,
}

impl Stems {
    pub(crate) fn new() -> Self {
        Self {
            stemmer: Stemmer::create(Algorithm::English),
            words: FxHashMap::default(),
            numbers: FxHashMap::default(),
            terms: Vec::new(),
        }
    }

    /// The numbers of the terms of a text, in order and with repetitions: words of letters and digits, in small letters,
    /// stemmed as English, without those that say nothing.
    pub(crate) fn numbers(&mut self, text: &str, numbers: &mut Vec<u32>) {
        let mut small = String::new();
        for word in written(text) {
            in_small_letters(word, &mut small);
            let number = match self.words.get(&*small) {
                Some(number) => *number,
                None => self.learn(&small),
            };
            numbers.extend(number);
        }
    }

    fn learn(&mut self, word: &str) -> Option<u32> {
        let number = (!is_silent(word)).then(|| {
            let stem = self.stemmer.stem(word);
            self.numbers.get(&*stem).copied().unwrap_or_else(|| {
                let number = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
                self.terms.push((*stem).into());
                self.numbers.insert((*stem).into(), number);
                number
            })
        });
        if self.words.len() >= REMEMBERED {
            self.words.clear();
        }
        self.words.insert(word.into(), number);
        number
    }

    /// The terms, by their numbers.
    pub(crate) fn into_terms(self) -> Vec<Box<str>> {
        self.terms
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

/// The words of a text, in small letters.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    written(text).map(|word| {
        let mut small = String::new();
        in_small_letters(word, &mut small);
        small
    })
}

/// The words of a text as they are written.
fn written(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn in_small_letters(word: &str, small: &mut String) {
    small.clear();
    let letters = word.chars().flat_map(char::to_lowercase);
    small.extend(letters.take(LETTERS));
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
            let mut numbers = Vec::new();
            stems.numbers(text, &mut numbers);
            let term = |number: &u32| stems.terms[*number as usize].to_string();
            assert_eq!(numbers.iter().map(term).collect::<Vec<_>>(), terms(text));
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
