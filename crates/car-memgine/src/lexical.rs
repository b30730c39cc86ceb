//! An index of terms, ranked by BM25.
//!
//! It is kept in memory also where facts are in SQLite, instead of FTS5: so both stores rank alike, what was added is
//! found before the disk has it, a search needs no thread of the database, and the graph reads the terms from here.

use rustc_hash::FxHashMap;

use crate::Slot;

/// How soon repetitions of a term stop to count.
const SATURATION: f32 = 1.2;
/// How much a long text is discounted.
const LENGTH: f32 = 0.6;

/// How much less a word says that all documents have, and how many documents are added to those that there are.
const COMMON: f32 = 64.0;
const SMALL: f32 = 100.0;
/// Terms of a document that connect it with others.
const CONNECTING: usize = 32;

pub(crate) type TermId = u32;

/// Terms and where they are, each list in the order of the slots. Most are added with increasing numbers.
#[derive(Debug, Default)]
pub(crate) struct Lexical {
    ids: FxHashMap<Box<str>, TermId>,
    terms: Vec<Posted>,
    free: Vec<TermId>,
    documents: FxHashMap<Slot, Box<[(TermId, u16)]>>,
    length: u64,
}

#[derive(Debug, Default)]
struct Posted {
    text: Box<str>,
    /// Slot, how often, and how many terms that document has.
    places: Vec<(Slot, u16, u16)>,
}

impl Lexical {
    /// Makes room for so many documents.
    pub(crate) fn reserve(&mut self, documents: usize) {
        self.documents.reserve(documents);
    }

    /// The numbers of these terms. Each is to be in a document that is added next.
    pub(crate) fn numbers(&mut self, terms: &[impl AsRef<str>]) -> Vec<TermId> {
        terms
            .iter()
            .map(|term| self.intern(term.as_ref()))
            .collect()
    }

    /// Adds the terms of a document.
    pub(crate) fn add(&mut self, slot: Slot, terms: &[TermId]) {
        let mut sorted = terms.to_vec();
        sorted.sort_unstable();
        // In the order of the numbers, so that a look for one is short.
        let alike = sorted.chunk_by(PartialEq::eq);
        let count = |alike: &[TermId]| {
            let count = u16::try_from(alike.len()).unwrap_or(u16::MAX);
            alike.first().map(|id| (*id, count))
        };
        let counts: Vec<(TermId, u16)> = alike.filter_map(count).collect();
        let length = u16::try_from(terms.len()).unwrap_or(u16::MAX);
        for &(id, count) in &counts {
            if let Some(posted) = self.terms.get_mut(id as usize) {
                let places = &mut posted.places;
                let at = match places.last() {
                    Some(last) if last.0 > slot => places.partition_point(|place| place.0 < slot),
                    _ => places.len(),
                };
                places.insert(at, (slot, count, length));
            }
        }
        self.length += u64::from(length);
        self.documents.insert(slot, counts.into());
    }

    /// Takes a document out, and with it the terms that nothing else has. How many rows that were.
    pub(crate) fn remove(&mut self, slot: Slot) -> usize {
        let Some(terms) = self.documents.remove(&slot) else {
            return 0;
        };
        for &(id, _) in &terms {
            let Some(posted) = self.terms.get_mut(id as usize) else {
                continue;
            };
            if let Ok(place) = posted.places.binary_search_by_key(&slot, |place| place.0) {
                let (_, _, length) = posted.places.remove(place);
                // Each term of the document says its length; it is counted with the first.
                if terms.first().is_some_and(|first| first.0 == id) {
                    self.length -= u64::from(length);
                }
            }
            if posted.places.is_empty() {
                let text = std::mem::take(posted).text;
                self.ids.remove(&text);
                self.free.push(id);
            }
        }
        terms.len()
    }

    fn intern(&mut self, term: &str) -> TermId {
        if let Some(&id) = self.ids.get(term) {
            return id;
        }
        let posted = Posted {
            text: term.into(),
            places: Vec::new(),
        };
        let id = self.free.pop().unwrap_or_else(|| {
            self.terms.push(Posted::default());
            TermId::try_from(self.terms.len() - 1).unwrap_or(TermId::MAX)
        });
        if let Some(place) = self.terms.get_mut(id as usize) {
            *place = posted;
        }
        self.ids.insert(term.into(), id);
        id
    }

    /// Whether any document has this term.
    pub(crate) fn knows(&self, term: &str) -> bool {
        self.ids.contains_key(term)
    }

    /// How much a word of a question says about which document is meant: the less the more of them have it. Of a small memory
    /// that is not known, so it is taken for larger than it is.
    pub(crate) fn weight_in_question(&self, term: &str) -> f32 {
        let with = self.posted(term).map_or(0, |posted| posted.places.len()) as f32;
        1.0 / (1.0 + COMMON * with / (self.len() as f32 + SMALL))
    }

    /// How many documents there are.
    pub(crate) fn len(&self) -> usize {
        self.documents.len()
    }

    /// How much a term that so many documents have says.
    fn weight(&self, documents: usize) -> f32 {
        let (all, with) = (self.len() as f32, documents as f32);
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
    }

    /// The documents that have one of these terms, with their rank by BM25, and the most that a document could reach. In no
    /// order; of more than `limit` the best, and of equals the newer ones.
    pub(crate) fn search(&self, terms: &[String], limit: usize) -> (Vec<(Slot, f32)>, f32) {
        let mean = self.length as f32 / self.len().max(1) as f32;
        // A rank for each slot: a frequent word is in so many documents that a map of them would take most of the time.
        let postings = terms.iter().filter_map(|term| self.posted(term));
        let last = postings.filter_map(|posted| posted.places.last()).max();
        let mut ranks = vec![0.0_f32; last.map_or(0, |place| place.0.0 as usize + 1)];
        let mut found: Vec<(Slot, f32)> = Vec::new();
        let mut most = 0.0;
        let mut seen: Vec<&str> = Vec::new();
        for term in terms {
            if seen.contains(&&**term) {
                continue;
            }
            seen.push(term);
            let Some(posted) = self.posted(term) else {
                most += self.weight(0);
                continue;
            };
            let weight = self.weight(posted.places.len());
            most += weight;
            for &(slot, count, length) in &posted.places {
                let count = f32::from(count);
                let dampened = 1.0 - LENGTH + LENGTH * f32::from(length) / mean.max(1.0);
                let part = weight * count * (SATURATION + 1.0) / (count + SATURATION * dampened);
                if let Some(rank) = ranks.get_mut(slot.0 as usize) {
                    if *rank == 0.0 {
                        found.push((slot, 0.0));
                    }
                    *rank += part;
                }
            }
        }
        for (slot, rank) in &mut found {
            *rank = ranks.get(slot.0 as usize).copied().unwrap_or(0.0);
        }
        if found.len() > limit {
            if limit > 0 {
                found.select_nth_unstable_by(limit - 1, |a, b| {
                    b.1.total_cmp(&a.1).then(b.0.cmp(&a.0))
                });
            }
            found.truncate(limit);
        }
        (found, most)
    }

    fn posted(&self, term: &str) -> Option<&Posted> {
        let id = *self.ids.get(term)?;
        self.terms.get(id as usize)
    }

    /// Whether a document has all of these terms, and there are any.
    pub(crate) fn has_all(&self, slot: Slot, terms: &[TermId]) -> bool {
        let Some(document) = self.documents.get(&slot) else {
            return false;
        };
        let has = |term: &TermId| document.binary_search_by_key(term, |(id, _)| *id).is_ok();
        !terms.is_empty() && terms.iter().all(has)
    }

    /// The documents that share a term with `slot` that at most `rare` documents have, by its rarest terms: how much the term
    /// says, of 1, and whether it is one of `asked`.
    pub(crate) fn neighbours(
        &self,
        slot: Slot,
        rare: usize,
        asked: &[String],
        mut see: impl FnMut(Slot, f32, bool),
    ) {
        let most = self.weight(1);
        let terms = self.documents.get(&slot).into_iter().flatten();
        let terms = terms.filter_map(|(id, _)| self.terms.get(*id as usize));
        let mut terms: Vec<&Posted> = terms
            .filter(|posted| (2..=rare).contains(&posted.places.len()))
            .collect();
        // By the text where they are as rare: numbers of terms are others after a new start.
        terms.sort_unstable_by_key(|posted| (posted.places.len(), &*posted.text));
        for posted in terms.into_iter().take(CONNECTING) {
            let weight = self.weight(posted.places.len()) / most;
            let asked = asked.iter().any(|term| **term == *posted.text);
            for &(other, _, _) in posted.places.iter().filter(|place| place.0 != slot) {
                see(other, weight, asked);
            }
        }
    }

    /// How many rows the lists have, for tests of consistency.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> (usize, usize, u64) {
        let rows = self.terms.iter().map(|posted| posted.places.len()).sum();
        (rows, self.ids.len(), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::terms;

    fn add(index: &mut Lexical, slot: Slot, text: &str) {
        let numbers = index.numbers(&terms(text));
        index.add(slot, &numbers);
    }

    #[test]
    fn rare_terms_outweigh_frequent_ones() {
        let mut index = Lexical::default();
        for slot in 0..9 {
            add(&mut index, Slot(slot), "server room");
        }
        add(&mut index, Slot(9), "server heron");
        let (found, most) = index.search(&terms("heron server"), 100);
        assert_eq!(found.len(), 10);
        let rank = |slot| found.iter().find(|(other, _)| *other == slot).unwrap().1;
        assert!(rank(Slot(9)) > 2.0 * rank(Slot(0)));
        assert!(most > 0.0);
        let (mut best, _) = index.search(&terms("heron server"), 3);
        best.sort_unstable_by_key(|(slot, _)| *slot);
        let best: Vec<_> = best.into_iter().map(|(slot, _)| slot).collect();
        assert_eq!(best, [Slot(7), Slot(8), Slot(9)]);
        assert_eq!(index.search(&terms("heron"), 0).0, []);
    }

    #[test]
    fn what_is_removed_leaves_no_row_and_no_term() {
        let mut index = Lexical::default();
        add(&mut index, Slot(1), "heron has a disk");
        add(&mut index, Slot(2), "disk disk disk");
        assert_eq!(index.remove(Slot(1)), 2);
        assert_eq!(index.rows(), (1, 1, 3));
        assert!(!index.knows("heron"));
        assert_eq!(index.remove(Slot(2)), 1);
        assert_eq!(index.remove(Slot(2)), 0);
        assert_eq!(index.rows(), (0, 0, 0));
    }
}
