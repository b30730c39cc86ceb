//! From text to a vector of its meaning.

use std::fmt::Debug;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::table::Table;
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

    /// The vector of a question. `weight` says how much a word of it counts in this memory, 0 to 1: the less the more facts have
    /// it. Who has no use for that makes the vector of a text.
    fn embed_question(&self, text: &str, weight: &dyn Fn(&str) -> f32) -> Vec<f32> {
        let _ = weight;
        self.embed(text)
    }
}

/// The table that this crate carries: 256 numbers for each part of a word, made with all-MiniLM-L6-v2 (`data/`). The vector of
/// a text is the sum of its parts. English foremost.
#[derive(Clone, Copy, Debug, Default)]
pub struct WordTable;

pub(crate) static MINILM: &[u8] = include_bytes!("../data/minilm-256.bin");
/// Words of a text that are looked at.
const WORDS: usize = 512;
/// How much a word counts that says little by itself.
const SILENT: f32 = 0.3;

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| Table::new(MINILM))
}

impl Embedder for WordTable {
    fn model(&self) -> ModelId {
        ModelId("minilm-words-256-i8/2".to_owned())
    }

    fn dimension(&self) -> usize {
        table().dimension
    }

    fn embed(&self, text: &str) -> Vec<f32> {
        self.embed_question(text, &|_| 1.0)
    }

    fn embed_question(&self, text: &str, weight: &dyn Fn(&str) -> f32) -> Vec<f32> {
        let table = table();
        let mut vector = vec![0.0; table.dimension];
        for word in text::words(text).take(WORDS) {
            let weight = if text::is_silent(&word) {
                SILENT
            } else {
                weight(&word)
            };
            for part in table.parts(&word) {
                table.add(part, weight, &mut vector);
            }
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
