//! From text to a vector of its meaning.

use std::fmt::Debug;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

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

/// The table that this crate carries: 32,000 parts of words, 128 numbers each, cut from WordLlama (MIT, `data/`). A text
/// is the mean of its parts. English foremost.
#[derive(Clone, Copy, Debug, Default)]
pub struct WordTable;

/// The file, see `data/cut.py` for its form.
static FILE: &[u8] = include_bytes!("../data/wordllama-128.bin");
const MAGIC: &[u8] = b"CARW";
const SPACE: &str = "\u{2581}";
/// Letters of a word that are looked at.
const LETTERS: usize = 64;
/// Words of a text that are looked at.
const WORDS: usize = 512;
/// How much a word counts that says little by itself.
const SILENT: f32 = 0.2;

struct Table {
    dimension: usize,
    scales: &'static [u8],
    rows: &'static [u8],
    ids: FxHashMap<&'static str, u32>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        Table::read(FILE).unwrap_or(Table {
            dimension: 0,
            scales: &[],
            rows: &[],
            ids: FxHashMap::default(),
        })
    })
}

impl Table {
    fn read(file: &'static [u8]) -> Option<Self> {
        let file = file.strip_prefix(MAGIC)?;
        let (count, file) = file.split_first_chunk::<4>()?;
        let (dimension, file) = file.split_first_chunk::<4>()?;
        let count = u32::from_le_bytes(*count);
        let dimension = u32::from_le_bytes(*dimension) as usize;
        let (scales, file) = file.split_at_checked(count as usize * 4)?;
        let (rows, mut texts) = file.split_at_checked(count as usize * dimension)?;
        let mut ids = FxHashMap::default();
        for id in 0..count {
            let (length, rest) = texts.split_first()?;
            let (text, rest) = rest.split_at_checked(usize::from(*length))?;
            ids.insert(std::str::from_utf8(text).ok()?, id);
            texts = rest;
        }
        Some(Self {
            dimension,
            scales,
            rows,
            ids,
        })
    }

    /// The parts of a word: neighbours that are a part together are joined, the most frequent part first.
    fn parts(&self, word: &str) -> Vec<u32> {
        let text: String = SPACE.chars().chain(word.chars().take(LETTERS)).collect();
        let mut cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        cuts.push(text.len());
        let id = |from: usize, to: usize| self.ids.get(text.get(from..to)?).copied();
        loop {
            let joined = cuts.windows(3).enumerate().filter_map(|(place, cut)| {
                let (&from, &to) = (cut.first()?, cut.last()?);
                Some((id(from, to)?, place + 1))
            });
            let Some((_, place)) = joined.min() else {
                break;
            };
            cuts.remove(place);
        }
        let parts = cuts.windows(2).filter_map(|cut| {
            let (&from, &to) = (cut.first()?, cut.last()?);
            id(from, to)
        });
        parts.collect()
    }

    fn add(&self, id: u32, weight: f32, sum: &mut [f32]) -> Option<()> {
        let id = id as usize;
        let scale = self.scales.get(id * 4..)?.first_chunk::<4>()?;
        let scale = f32::from_le_bytes(*scale) * weight;
        let row = self
            .rows
            .get(id * self.dimension..)?
            .get(..self.dimension)?;
        for (sum, &value) in sum.iter_mut().zip(row) {
            *sum += f32::from(value.cast_signed()) * scale;
        }
        Some(())
    }
}

impl Embedder for WordTable {
    fn model(&self) -> ModelId {
        ModelId("wordllama-l2-128-i8/1".to_owned())
    }

    fn dimension(&self) -> usize {
        table().dimension
    }

    fn embed(&self, text: &str) -> Vec<f32> {
        let table = table();
        let mut sum = vec![0.0; table.dimension];
        for word in text::words(text).take(WORDS) {
            let weight = if text::is_silent(&word) { SILENT } else { 1.0 };
            for part in table.parts(&word) {
                table.add(part, weight, &mut sum);
            }
        }
        sum
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
    fn the_table_is_whole() {
        let table = Table::read(FILE).unwrap();
        assert_eq!((table.ids.len(), table.dimension), (32_000, 128));
        assert_eq!(table.rows.len(), 32_000 * 128);
    }

    #[test]
    fn a_cut_table_is_refused() {
        assert!(Table::read(&FILE[..FILE.len() - 1]).is_none());
        assert!(Table::read(b"CARW").is_none());
    }

    #[test]
    fn frequent_words_are_one_part_and_rare_ones_several() {
        let table = table();
        assert_eq!(table.parts("server").len(), 1);
        assert!(table.parts("zyxwvut").len() > 2);
        assert!(table.parts("\u{0}").len() < 3);
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
    }
}
