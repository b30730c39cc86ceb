//! What facts are found by: their terms, their vectors, and what connects them.

use std::cmp::Ordering;
use std::sync::Arc;

use car_state::memgine::Score;
use rustc_hash::FxHashMap;

use crate::Slot;
use crate::dense::{Vector, Vectors};
use crate::lexical::{Lexical, TermId};
use crate::text::{self, Stems};

/// How much each part of the ranking counts. The defaults were chosen on one half of the test set of this crate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Shared words: BM25, of the sum of what all words of the question weigh, to the power of `sharpness`.
    pub lexical: f32,
    /// Likeness of meaning: the cosine of the vectors.
    pub dense: f32,
    /// What flows over from facts that share words with the question and are connected: by the same subject, by naming each
    /// other's, or by a rare word that the question lacks.
    pub graph: f32,
    /// How much less a fact counts that has only some of the question's words: one of many says little, however rare it is.
    pub sharpness: f32,
    /// How much less a fact passes on that shares less of the question's words.
    pub fading: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            lexical: 1.0,
            dense: 1.0,
            graph: 2.0,
            sharpness: 3.0,
            fading: 2.0,
        }
    }
}

/// Facts that fit best by meaning alone, and are looked at.
const NEAREST: usize = 64;
/// Facts that share words, and are looked at: all that do, unless there are so many that one word says nothing.
const COMPARED: usize = 4_096;
/// Facts that activation flows from.
const SEEDS: usize = 8;
/// Facts that have a word at most, for it to connect them.
const RARE: usize = 24;
/// What flows lifts a fact no higher than this part of the one that it flows from: that one fits by itself.
const LIFT: f32 = 0.97;
/// Facts of one subject that activation flows to.
const SIBLINGS: usize = 64;
/// How much flows to a fact that names the subject of the seed, and by a rare word at most; to one whose subject the seed names,
/// or that has the same, flows 1.
const NAMED_BACK: f32 = 0.7;
const WORD: f32 = 0.3;

/// What is indexed of a fact, made outside of the lock.
#[derive(Debug)]
pub(crate) struct Entry {
    subject: String,
    /// Those of the subject first.
    terms: Terms,
    of_subject: usize,
    vector: Option<Vector>,
}

#[derive(Debug)]
enum Terms {
    Written(Vec<String>),
    /// By numbers of their own, until the index has given its own.
    Numbered(Vec<u32>),
}

impl Entry {
    pub(crate) fn new(subject: &str, body: &str, embed: impl Fn(&str) -> Vec<f32>) -> Self {
        let mut terms = text::terms(subject);
        let of_subject = terms.len();
        terms.extend(text::terms(body));
        Self {
            subject: key(subject),
            of_subject,
            vector: Vector::new(&embed(&Self::meaning(subject, body))),
            terms: Terms::Written(terms),
        }
    }

    /// One of many in a row, whose vector is there already, or is to come. Its terms have the numbers of `stems` until
    /// [`renumber`](Self::renumber).
    pub(crate) fn among(
        stems: &mut Stems,
        subject: &str,
        body: &str,
        vector: Option<Vector>,
    ) -> Self {
        let mut terms = Vec::new();
        stems.numbers(subject, &mut terms);
        let of_subject = terms.len();
        stems.numbers(body, &mut terms);
        Self {
            subject: key(subject),
            of_subject,
            vector,
            terms: Terms::Numbered(terms),
        }
    }

    /// Gives its terms the numbers that they have in the index.
    pub(crate) fn renumber(&mut self, numbers: &[TermId]) {
        if let Terms::Numbered(terms) = &mut self.terms {
            for term in terms {
                *term = numbers.get(*term as usize).copied().unwrap_or(TermId::MAX);
            }
        }
    }

    /// The text that the vector of a fact is made of.
    pub(crate) fn meaning(subject: &str, body: &str) -> String {
        format!("{subject}: {body}")
    }
}

/// A question, made outside of the lock.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) terms: Vec<String>,
    pub(crate) vector: Option<Vector>,
}

impl Question {
    pub(crate) fn new(text: &str, embed: impl Fn(&str) -> Vec<f32>) -> Self {
        Self {
            terms: text::terms(text),
            vector: Vector::new(&embed(text)),
        }
    }
}

/// The same subject in other letters is the same.
pub(crate) fn key(subject: &str) -> String {
    text::words(subject).collect::<Vec<_>>().join(" ")
}

/// What facts are about.
#[derive(Debug, Default)]
struct Subject {
    slots: Vec<Slot>,
    /// Its terms, which each of those facts has.
    terms: Box<[TermId]>,
}

/// The index of the facts that are not superseded.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) lexical: Lexical,
    pub(crate) vectors: Vectors,
    subjects: FxHashMap<Arc<str>, Subject>,
    subject_of: FxHashMap<Slot, Arc<str>>,
}

impl Index {
    pub(crate) fn new(dimension: usize) -> Self {
        Self {
            lexical: Lexical::default(),
            vectors: Vectors::new(dimension),
            subjects: FxHashMap::default(),
            subject_of: FxHashMap::default(),
        }
    }

    /// Makes room for so many facts.
    pub(crate) fn reserve(&mut self, facts: usize) {
        self.lexical.reserve(facts);
        self.subject_of.reserve(facts);
    }

    pub(crate) fn add(&mut self, slot: Slot, entry: Entry) {
        let terms = match entry.terms {
            Terms::Written(terms) => self.lexical.numbers(&terms),
            Terms::Numbered(terms) => terms,
        };
        self.lexical.add(slot, &terms);
        if let Some(vector) = &entry.vector {
            self.vectors.add(slot, vector);
        }
        let subject: Arc<str> = entry.subject.into();
        self.subject_of.insert(slot, Arc::clone(&subject));
        let subject = self.subjects.entry(subject).or_default();
        if subject.slots.is_empty() {
            let mut terms = terms.get(..entry.of_subject).unwrap_or_default().to_vec();
            terms.sort_unstable();
            terms.dedup();
            subject.terms = terms.into();
        }
        subject.slots.push(slot);
    }

    /// Takes a fact out: how many vectors and how many rows of terms that were.
    pub(crate) fn remove(&mut self, slot: Slot) -> (usize, usize) {
        if let Some(subject) = self.subject_of.remove(&slot)
            && let Some(of_it) = self.subjects.get_mut(&subject)
        {
            of_it.slots.retain(|other| *other != slot);
            if of_it.slots.is_empty() {
                self.subjects.remove(&subject);
            }
        }
        let vectors = usize::from(self.vectors.remove(slot));
        (vectors, self.lexical.remove(slot))
    }

    /// The facts that fit best, best first; of equals the newer one first. Only those that `admits`.
    pub(crate) fn search(
        &self,
        question: &Question,
        weights: Weights,
        limit: usize,
        admits: impl Fn(Slot) -> bool,
    ) -> Vec<(Slot, Score)> {
        let mut found = self.direct(question, weights);
        found.retain(|slot, _| admits(*slot));
        let mut seeds: Vec<_> = found.iter().map(|(slot, score)| (*slot, *score)).collect();
        best(&mut seeds, SEEDS);
        for (slot, part) in self.spread(&seeds, &found, question, weights) {
            if admits(slot) {
                let score = found.entry(slot).or_default();
                score.graph = part / weights.graph;
                score.total += part;
            }
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.retain(|(_, score)| score.total > 0.0);
        best(&mut found, limit);
        found
    }

    /// What fits by itself: the facts that share most with the question, and those that are nearest by meaning.
    fn direct(&self, question: &Question, weights: Weights) -> FxHashMap<Slot, Score> {
        let (lexical, most) = self.lexical.search(&question.terms, COMPARED);
        let mut found: FxHashMap<Slot, Score> = FxHashMap::default();
        found.reserve(lexical.len() + NEAREST);
        for (slot, rank) in lexical {
            let lexical = rank / most;
            let score = Score {
                lexical,
                total: weights.lexical * lexical.powf(weights.sharpness),
                ..Score::default()
            };
            found.insert(slot, score);
        }
        let Some(vector) = question.vector.as_ref().filter(|_| weights.dense > 0.0) else {
            return found;
        };
        let mut add = |slot: Slot, likeness: f32| {
            let score = found.entry(slot).or_default();
            if score.dense == 0.0 && likeness > 0.0 {
                score.dense = likeness;
                score.total += weights.dense * likeness;
            }
        };
        for (slot, likeness) in self.vectors.nearest(vector, NEAREST) {
            add(slot, likeness);
        }
        for (slot, score) in &mut found {
            if score.dense == 0.0
                && let Some(likeness) = self.vectors.likeness(*slot, vector)
                && likeness > 0.0
            {
                score.dense = likeness;
                score.total += weights.dense * likeness;
            }
        }
        found
    }

    /// What flows from the seeds to their neighbours, weighted.
    fn spread(
        &self,
        seeds: &[(Slot, Score)],
        found: &FxHashMap<Slot, Score>,
        question: &Question,
        weights: Weights,
    ) -> FxHashMap<Slot, f32> {
        let mut flowed: FxHashMap<Slot, f32> = FxHashMap::default();
        if weights.graph <= 0.0 {
            return flowed;
        }
        for (seed, score) in seeds {
            // A question that leads to another fact shares words with the first one. Likeness alone passes nothing on: for a
            // question in other words it would lift what surrounds the wrong facts.
            let strength = score.lexical.clamp(0.0, 1.0).powf(weights.fading);
            if strength <= 0.0 {
                continue;
            }
            let mut reach = |slot: Slot, weight: f32| {
                let own = found.get(&slot).map_or(0.0, |score| score.total);
                let room = (score.total * LIFT - own).max(0.0);
                let flow = (weights.graph * strength * weight).min(room);
                let part = flowed.entry(slot).or_insert(0.0);
                *part = part.max(flow);
            };
            let own = self.about(*seed);
            let siblings = own.map(|subject| &subject.slots);
            for sibling in siblings.into_iter().flatten().rev().take(SIBLINGS) {
                if sibling != seed {
                    reach(*sibling, 1.0);
                }
            }
            let see = |other: Slot, weight: f32, asked: bool| {
                let names = |one: Slot, of: Option<&Subject>| {
                    of.is_some_and(|subject| self.lexical.has_all(one, &subject.terms))
                };
                if names(*seed, self.about(other)) {
                    reach(other, 1.0);
                } else if names(other, own) {
                    reach(other, NAMED_BACK);
                } else if !asked {
                    reach(other, WORD * weight);
                }
            };
            self.lexical.neighbours(*seed, RARE, &question.terms, see);
        }
        flowed
    }

    /// What a fact is about.
    fn about(&self, slot: Slot) -> Option<&Subject> {
        self.subjects.get(self.subject_of.get(&slot)?)
    }

    /// How many facts have a place by their subject, for tests of consistency.
    #[cfg(test)]
    pub(crate) fn placed(&self) -> usize {
        self.subjects
            .values()
            .map(|subject| subject.slots.len())
            .sum()
    }
}

/// Keeps the best, best first.
fn best(found: &mut Vec<(Slot, Score)>, limit: usize) {
    let order = |a: &(Slot, Score), b: &(Slot, Score)| -> Ordering {
        b.1.total.total_cmp(&a.1.total).then(b.0.cmp(&a.0))
    };
    if limit < found.len() {
        if limit > 0 {
            found.select_nth_unstable_by(limit - 1, order);
        }
        found.truncate(limit);
    }
    found.sort_unstable_by(order);
}
