//! Tables of vectors for parts of words, as the files in `data/` have them.

use rustc_hash::FxHashMap;

const MAGIC: &[u8] = b"CARW";
/// Letters of a word that are looked at.
const LETTERS: usize = 64;

/// How the parts of a word are found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// Neighbours that are a part together are joined, the most frequent part first. A word begins with this sign.
    Joined(&'static str),
    /// The longest part that there is, again and again. What goes on begins with this sign.
    Longest(&'static str),
}

/// Parts of words and their vectors.
pub(crate) struct Table {
    pub(crate) dimension: usize,
    cut: Cut,
    scales: &'static [u8],
    rows: &'static [u8],
    ids: FxHashMap<&'static str, u32>,
}

impl Table {
    /// The table in a file, whose form `data/cut.py` says; an empty one where it is not whole, which no build has.
    pub(crate) fn new(file: &'static [u8], cut: Cut) -> Self {
        Self::read(file, cut).unwrap_or(Self {
            dimension: 0,
            cut,
            scales: &[],
            rows: &[],
            ids: FxHashMap::default(),
        })
    }

    fn read(file: &'static [u8], cut: Cut) -> Option<Self> {
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
            cut,
            scales,
            rows,
            ids,
        })
    }

    /// The parts of a word.
    pub(crate) fn parts(&self, word: &str) -> Vec<u32> {
        match self.cut {
            Cut::Joined(begin) => self.joined(begin, word),
            Cut::Longest(on) => self.longest(on, word),
        }
    }

    fn joined(&self, begin: &str, word: &str) -> Vec<u32> {
        let text: String = begin.chars().chain(word.chars().take(LETTERS)).collect();
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

    /// A word that has a piece which is no part is unknown as a whole.
    fn longest(&self, on: &str, word: &str) -> Vec<u32> {
        let text: String = word.chars().take(LETTERS).collect();
        let mut parts = Vec::new();
        let (mut rest, mut sought) = (&*text, String::with_capacity(on.len() + text.len()));
        while !rest.is_empty() {
            let ends = rest
                .char_indices()
                .map(|(at, letter)| at + letter.len_utf8());
            let mut found = None;
            for end in ends.rev() {
                sought.clear();
                if !parts.is_empty() {
                    sought.push_str(on);
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
    use crate::embedder::{MINILM, WORDLLAMA};

    #[test]
    fn the_tables_are_whole() {
        for (file, cut, parts) in [
            (WORDLLAMA, Cut::Joined("\u{2581}"), 32_000),
            (MINILM, Cut::Longest("##"), 30_522),
        ] {
            let table = Table::read(file, cut).unwrap();
            assert_eq!((table.ids.len(), table.dimension), (parts, 128));
            assert_eq!(table.rows.len(), parts * 128);
            assert!(Table::read(&file[..file.len() - 1], cut).is_none());
        }
        assert!(Table::read(MAGIC, Cut::Longest("##")).is_none());
    }

    #[test]
    fn frequent_words_are_one_part_and_rare_ones_several() {
        for table in [
            Table::new(WORDLLAMA, Cut::Joined("\u{2581}")),
            Table::new(MINILM, Cut::Longest("##")),
        ] {
            assert_eq!(table.parts("server").len(), 1);
            assert!(table.parts("zyxwvut").len() > 2);
            assert!(table.parts("\u{0}").len() < 3);
            assert!(table.parts("").len() < 2);
        }
    }

    #[test]
    fn the_longest_part_is_taken_first() {
        let table = Table::new(MINILM, Cut::Longest("##"));
        let id = |part: &str| table.ids[part];
        assert_eq!(
            table.parts("keepalive"),
            [id("keep"), id("##ali"), id("##ve")]
        );
        assert_eq!(table.parts("server"), [id("server")]);
    }
}
