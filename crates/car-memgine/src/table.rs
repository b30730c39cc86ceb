//! The table of vectors for parts of words, as the file in `data/` has it.

use rustc_hash::FxHashMap;

const MAGIC: &[u8] = b"CARW";
/// Letters of a word that are looked at.
const LETTERS: usize = 64;

/// What goes on in the middle of a word begins with this sign.
const ON: &str = "##";

/// Parts of words and their vectors.
pub(crate) struct Table {
    pub(crate) dimension: usize,
    scales: &'static [u8],
    rows: &'static [u8],
    ids: FxHashMap<&'static str, u32>,
}

impl Table {
    /// The table in a file, whose form `data/distil.py` says; an empty one where it is not whole, which no build has.
    pub(crate) fn new(file: &'static [u8]) -> Self {
        Self::read(file).unwrap_or(Self {
            dimension: 0,
            scales: &[],
            rows: &[],
            ids: FxHashMap::default(),
        })
    }

    fn read(file: &'static [u8]) -> Option<Self> {
        let file = file.strip_prefix(MAGIC)?;
        let (count, file) = file.split_first_chunk::<4>()?;
        let (dimension, file) = file.split_first_chunk::<4>()?;
        let count = u32::from_le_bytes(*count);
        let dimension = u32::from_le_bytes(*dimension) as usize;
        let (scales, file) = file.split_at_checked(count as usize * 4)?;
        let (rows, mut texts) = file.split_at_checked(count as usize * dimension)?;
        let mut ids = FxHashMap::default();
        ids.reserve(count as usize);
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

    /// The parts of a word: the longest that there is, again and again. A word that has a piece which is no part is unknown as a
    /// whole.
    pub(crate) fn parts(&self, word: &str) -> Vec<u32> {
        let text: String = word.chars().take(LETTERS).collect();
        let mut parts = Vec::new();
        let (mut rest, mut sought) = (&*text, String::with_capacity(ON.len() + text.len()));
        while !rest.is_empty() {
            let ends = rest
                .char_indices()
                .map(|(at, letter)| at + letter.len_utf8());
            let mut found = None;
            for end in ends.rev() {
                sought.clear();
                if !parts.is_empty() {
                    sought.push_str(ON);
                }
                sought.push_str(rest.get(..end).unwrap_or_default());
                if let Some(&id) = self.ids.get(&*sought) {
                    found = Some((id, end));
                    break;
                }
            }
            let Some((id, end)) = found else {
                return Vec::new();
            };
            parts.push(id);
            rest = rest.get(end..).unwrap_or_default();
        }
        parts
    }

    /// Adds the vector of a part to a sum.
    pub(crate) fn add(&self, id: u32, weight: f32, sum: &mut [f32]) -> Option<()> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedder::MINILM;

    #[test]
    fn the_table_is_whole() {
        let table = Table::read(MINILM).unwrap();
        assert_eq!((table.ids.len(), table.dimension), (30_522, 256));
        assert_eq!(table.rows.len(), 30_522 * 256);
        assert!(Table::read(&MINILM[..MINILM.len() - 1]).is_none());
        assert!(Table::read(MAGIC).is_none());
    }

    #[test]
    fn frequent_words_are_one_part_and_rare_ones_several() {
        let table = Table::new(MINILM);
        assert_eq!(table.parts("server").len(), 1);
        assert!(table.parts("zyxwvut").len() > 2);
        assert!(table.parts("\u{0}").is_empty());
        assert!(table.parts("").is_empty());
    }

    #[test]
    fn the_longest_part_is_taken_first() {
        let table = Table::new(MINILM);
        let id = |part: &str| table.ids[part];
        assert_eq!(
            table.parts("keepalive"),
            [id("keep"), id("##ali"), id("##ve")]
        );
    }
}
