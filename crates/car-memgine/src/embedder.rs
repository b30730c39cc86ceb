//! From text to a vector of its meaning.

use std::fmt::Debug;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::table::{Cut, Table};
use crate::text;

/// What makes vectors, so that those of another model or dimension are never compared with its own.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct ModelId(pub String);

/// Makes vectors of texts, so that texts that mean alike have vectors that point alike.
pub trait Embedder: Debug + Send + Sync + 'static {
    /// What makes the vectors; it changes whenever they do.
    fn model(&self) -> ModelId;

    /// Numbers in a vector.
    fn dimension(&self) -> usize;

    /// The vector of a text, of [`dimension`](Self::dimension) numbers and any length; all zero where the text says
    /// nothing. It may take its time: it is called outside of every lock.
    fn embed(&self, text: &str) -> Vec<f32>;
}

/// The two tables that this crate carries: parts of words, 128 numbers each, one cut from WordLlama and one made with
/// all-MiniLM-L6-v2 (`data/`). A text is the mean of its parts in each of them, side by side. English foremost.
#[derive(Clone, Copy, Debug, Default)]
pub struct WordTable;

pub(crate) static WORDLLAMA: &[u8] = include_bytes!("../data/wordllama-128.bin");
pub(crate) static MINILM: &[u8] = include_bytes!("../data/minilm-128.bin");
/// Words of a text that are looked at.
const WORDS: usize = 512;
/// How much a word counts that says little by itself.
const SILENT: f32 = 0.2;
/// How much each table counts: the likeness of two texts is the sum of their likenesses in each, so weighted.
const SHARES: [f32; 2] = [0.4, 0.6];

fn tables() -> &'static [Table; 2] {
    static TABLES: OnceLock<[Table; 2]> = OnceLock::new();
    TABLES.get_or_init(|| {
        [
            Table::new(WORDLLAMA, Cut::Joined("\u{2581}")),
            Table::new(MINILM, Cut::Longest("##")),
        ]
    })
}

impl Embedder for WordTable {
    fn model(&self) -> ModelId {
        ModelId("wordllama-minilm-128-128-i8/1".to_owned())
    }

    fn dimension(&self) -> usize {
        tables().iter().map(|table| table.dimension).sum()
    }

    fn embed(&self, text: &str) -> Vec<f32> {
        let words: Vec<(String, f32)> = text::words(text)
            .take(WORDS)
            .map(|word| {
                let weight = if text::is_silent(&word) { SILENT } else { 1.0 };
                (word, weight)
            })
            .collect();
        let mut vector = Vec::with_capacity(self.dimension());
        for (table, share) in tables().iter().zip(SHARES) {
            let mut sum = vec![0.0; table.dimension];
            for (word, weight) in &words {
                for part in table.parts(word) {
                    table.add(part, *weight, &mut sum);
                }
            }
            let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
            let scale = if length.is_normal() {
                share.sqrt() / length
            } else {
                0.0
            };
            vector.extend(sum.iter().map(|value| value * scale));
        }
        vector
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(a: &str, b: &str) -> f32 {
        let (a, b) = (WordTable.embed(a), WordTable.embed(b));
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
    }

    #[test]
    fn texts_that_mean_alike_point_alike() {
        let near = likeness("the car is broken", "a vehicle needs repair");
        let far = likeness("the car is broken", "invoices are kept seven years");
        assert!(near > far + 0.15, "{near} {far}");
    }

    #[test]
    fn a_text_without_words_has_no_direction() {
        assert!(WordTable.embed(" -- !! ").iter().all(|value| *value == 0.0));
        assert_eq!(WordTable.embed("").len(), WordTable.dimension());
    }
}
