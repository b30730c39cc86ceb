//! The engine: what callers see, and the lock that nothing slow happens under.

use std::sync::Arc;

use car_protocol::Timestamp;
use car_state::clock::{Clock, SystemClock};
use car_state::memgine::{
    ConsolidationReport, Context, ConversationTurn, Details, Fact, FactChange, FactFilter, FactId,
    FactStore, Forgotten, Found, Imported, Ingested, MemgineError, NewFact, SegmentKey,
};
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use crate::context;
use crate::dense::Vector;
use crate::embedder::{Embedder, WordTable};
use crate::export;
use crate::fact;
use crate::index::{Entry, Question, Weights};
use crate::limits::{Limits, invalid};
use crate::memory::Memory;
use crate::skills::FoundBy;
use crate::stored::Part;
use crate::text;

/// The kind of the facts that turns of a conversation become.
pub(crate) const CONVERSATION: &str = "conversation";
/// Vectors that are made between two looks at the memory.
const EMBED_STEP: usize = 256;

/// One memory. Clones share it.
///
/// Vectors are made outside of the lock, and so is everything written. A search holds it for reading, as long as one pass
/// over the vectors takes. Where there is a store, what these functions change is kept when [`settled`](Self::settled) is
/// ready; as a [`Memgine`](car_state::memgine::Memgine) the engine waits for that before it answers.
#[derive(Clone, Debug)]
pub struct Engine(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) embedder: Arc<dyn Embedder>,
    /// What the embedder calls its model.
    pub(crate) model: Arc<str>,
    clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    weights: Weights,
    pub(crate) store: Option<Arc<dyn FactStore>>,
    pub(crate) memory: RwLock<Memory>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Engine {
    /// An empty memory, with the embedded table of words and the clock of the machine.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with(
            limits,
            Arc::new(WordTable),
            Weights::default(),
            Arc::new(SystemClock),
        )
    }

    /// An empty memory that finds facts so.
    #[must_use]
    pub fn with(
        limits: Limits,
        embedder: Arc<dyn Embedder>,
        weights: Weights,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::over(limits, embedder, weights, clock, None)
    }

    pub(crate) fn over(
        limits: Limits,
        embedder: Arc<dyn Embedder>,
        weights: Weights,
        clock: Arc<dyn Clock>,
        store: Option<Arc<dyn FactStore>>,
    ) -> Self {
        let memory = RwLock::new(Memory::new(embedder.dimension(), store.is_some()));
        Self(Arc::new(Inner {
            model: embedder.model().0.into(),
            embedder,
            clock,
            limits,
            weights,
            store,
            memory,
        }))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn entry(&self, subject: &str, body: &str) -> Entry {
        Entry::new(subject, body, |text| self.0.embedder.embed(text))
    }

    pub(crate) fn question(&self, text: &str) -> Question {
        let text = self.0.limits.question(text);
        let words: Vec<(String, String)> = text::words(text)
            .map(|word| (text::term(&word), word))
            .collect();
        let weights: FxHashMap<String, f32> = {
            let memory = self.0.memory.read();
            let weight = |term: &str| memory.index.lexical.weight_in_question(term);
            let weights = words.into_iter();
            weights.map(|(term, word)| (word, weight(&term))).collect()
        };
        let weight = |word: &str| weights.get(word).copied().unwrap_or(1.0);
        Question::new(text, |text| self.0.embedder.embed_question(text, &weight))
    }

    /// Whether what is changed now can be kept.
    pub(crate) fn admits(&self) -> Result<(), MemgineError> {
        match &self.0.store {
            Some(store) => Ok(store.admits()?),
            None => Ok(()),
        }
    }

    /// Keeps a fact.
    ///
    /// # Errors
    /// [`MemgineError::Invalid`] where a text is empty or too long; [`MemgineError::Unknown`] where a fact that it refers to is
    /// not there; [`MemgineError::Full`]; [`MemgineError::Kept`] where nothing can be stored.
    pub fn add(&self, fact: NewFact, details: Details) -> Result<FactId, MemgineError> {
        self.0.limits.check(&fact, &details)?;
        self.admits()?;
        let entry = self.entry(&fact.subject, &fact.body);
        let mut memory = self.0.memory.write();
        memory.add(&self.0.limits, entry, |id| {
            fact::new(id, fact, unique(details))
        })
    }

    /// Keeps a fact in the place of another, which stays as history: it is not found any more, and contexts show it
    /// as outdated beside the new one.
    ///
    /// # Errors
    /// As for [`add`](Self::add), and when `old` is not there or outdated already.
    pub fn supersede(
        &self,
        old: &FactId,
        fact: NewFact,
        details: Details,
    ) -> Result<FactId, MemgineError> {
        self.0.limits.check(&fact, &details)?;
        self.admits()?;
        let entry = self.entry(&fact.subject, &fact.body);
        let mut memory = self.0.memory.write();
        let make = |id| fact::new(id, fact, unique(details));
        memory.supersede(&self.0.limits, old, entry, make)
    }

    /// Corrects a fact in its place: what it was is nowhere any more.
    ///
    /// # Errors
    /// As for [`add`](Self::add), and when it is not there.
    pub fn update(&self, id: &FactId, change: FactChange) -> Result<Fact, MemgineError> {
        self.admits()?;
        let mut after = self.get(id)?;
        fact::apply(&mut after, change.clone());
        self.0.limits.check_fact(&after)?;
        let entry = self.entry(&after.subject, &after.body);
        let mut memory = self.0.memory.write();
        // Somebody else may have corrected another part of it meanwhile: then the whole of this one holds.
        let (subject, body) = (after.subject, after.body);
        let rewritten = memory.rewrite(id, Some(entry), |fact| {
            let change = FactChange {
                subject: Some(subject),
                body: Some(body),
                ..change
            };
            fact::apply(fact, change);
        })?;
        Ok(Arc::unwrap_or_clone(rewritten))
    }

    /// Erases a fact: its text, vector, rows of the index, references to it, and every fact that was derived from it.
    /// Facts that it superseded stay outdated.
    ///
    /// # Errors
    /// [`MemgineError::Unknown`], [`MemgineError::Kept`].
    pub fn forget(&self, id: &FactId) -> Result<Forgotten, MemgineError> {
        self.admits()?;
        self.0.memory.write().forget(id)
    }

    /// One fact, also when it is outdated.
    ///
    /// # Errors
    /// [`MemgineError::Unknown`].
    pub fn get(&self, id: &FactId) -> Result<Fact, MemgineError> {
        let fact = self.0.memory.read().get(id).cloned()?;
        Ok(Arc::unwrap_or_clone(fact))
    }

    /// A fact with all that it took the place of and all that took its place, oldest first.
    ///
    /// # Errors
    /// [`MemgineError::Unknown`].
    pub fn history(&self, id: &FactId) -> Result<Vec<Fact>, MemgineError> {
        self.0.memory.read().history(id)
    }

    /// Facts in the order in which they were learnt.
    ///
    /// # Errors
    /// [`MemgineError::Unknown`] when the one is not there that they are to be after.
    pub fn list(&self, filter: &FactFilter) -> Result<Vec<Fact>, MemgineError> {
        let limit = filter.limit.min(self.0.limits.answer);
        let now = self.now();
        self.0.memory.read().list(filter, limit, now)
    }

    /// The valid facts that fit best, best first, and why. Equal memories answer alike.
    #[must_use]
    pub fn search(&self, question: &str, limit: usize) -> Vec<Found> {
        let (question, now) = (self.question(question), self.now());
        let limit = limit.min(self.0.limits.answer);
        let memory = self.0.memory.read();
        memory.search(&question, self.0.weights, limit, now, |_| true)
    }

    /// What a model should know for a question, of at most so many tokens (four bytes each), with the reason of each line.
    #[must_use]
    pub fn context(&self, question: &str, tokens: usize) -> Context {
        let (asked, now) = (self.question(question), self.now());
        let memory = self.0.memory.read();
        context::build(&memory, question, &asked, self.0.weights, now, tokens)
    }

    /// The same with the newest facts instead of those that fit.
    #[must_use]
    pub fn context_fast(&self, tokens: usize) -> Context {
        let now = self.now();
        context::build_fast(&self.0.memory.read(), now, tokens)
    }

    /// Keeps a turn of a conversation: verbatim among the last ones, and as an untrusted fact of kind `conversation`.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    pub fn ingest(&self, turn: ConversationTurn) -> Result<FactId, MemgineError> {
        self.0.limits.check_turn(&turn)?;
        self.admits()?;
        let entry = self.entry(&turn.speaker, &turn.text);
        let mut memory = self.0.memory.write();
        let id = memory.add(&self.0.limits, entry, |id| fact::of_turn(id, &turn))?;
        memory.remember(&self.0.limits, id.clone());
        Ok(id)
    }

    /// Keeps a segment of a conversation, once: as [`ingest`](Self::ingest) does, or in the place of its earlier revision,
    /// in the same fact. One that was forgotten stays so.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    pub fn ingest_segment(
        &self,
        key: &SegmentKey,
        turn: &ConversationTurn,
    ) -> Result<Ingested, MemgineError> {
        self.0.limits.check_turn(turn)?;
        self.0.limits.check_segment(key)?;
        self.admits()?;
        let entry = self.entry(&turn.speaker, &turn.text);
        let mut memory = self.0.memory.write();
        memory.ingest_segment(&self.0.limits, key, turn, entry)
    }

    /// Erases all that came from a source or from what is below it, as [`forget`](Self::forget) does. Its segments may be
    /// told again.
    ///
    /// # Errors
    /// [`MemgineError::Kept`].
    pub fn forget_source(&self, source: &str) -> Result<Forgotten, MemgineError> {
        self.admits()?;
        Ok(self.0.memory.write().forget_source(source))
    }

    /// How many facts are valid. Turns of conversations are not counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        let now = self.now();
        self.0.memory.read().count(now)
    }

    /// How many facts there are, outdated ones and turns of conversations included.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.memory.read().facts.len()
    }

    /// Erases what is past its end, and makes the vectors that are missing, for example after another embedder took over.
    ///
    /// # Errors
    /// [`MemgineError::Kept`].
    pub fn consolidate(&self) -> Result<ConsolidationReport, MemgineError> {
        self.admits()?;
        let now = self.now();
        let expired_pruned = self.0.memory.write().prune(now);
        let embedded = self.embed_missing(|_| ());
        let memory = self.0.memory.read();
        let (vectors, found_by) = (memory.index.vectors.len(), memory.index.lexical.len());
        Ok(ConsolidationReport {
            expired_pruned,
            stale_embeddings_removed: embedded,
            nodes_embedded: embedded,
            total_nodes: memory.facts.len() as u64,
            total_edges: memory.references() as u64,
            embedding_coverage: match found_by {
                0 => 1.0,
                all => vectors as f64 / all as f64,
            },
            ..ConsolidationReport::default()
        })
    }

    /// How many facts have no vector of this embedder's, though they can be found.
    #[must_use]
    pub fn missing_vectors(&self) -> usize {
        let memory = self.0.memory.read();
        memory.index.lexical.len() - memory.index.vectors.len()
    }

    /// Makes the vectors that are missing, and says after each step how many it has made. Searches go on meanwhile.
    pub(crate) fn embed_missing(&self, progress: impl Fn(u64)) -> u64 {
        let (mut embedded, mut after) = (0, None);
        loop {
            let missing = self.0.memory.read().without_vector(after, EMBED_STEP);
            let Some((last, _)) = missing.last() else {
                break;
            };
            after = Some(*last);
            let made = missing.into_iter().filter_map(|(slot, fact)| {
                let text = Entry::meaning(&fact.subject, &fact.body);
                Some((slot, fact, Vector::new(&self.0.embedder.embed(&text))?))
            });
            let made: Vec<_> = made.collect();
            embedded += self.0.memory.write().embed(made);
            progress(embedded);
        }
        embedded
    }

    /// Everything, a JSON line each behind one that says what it is; [`import`](Self::import) takes it.
    ///
    /// # Errors
    /// [`MemgineError::Storage`] when it cannot be written as JSON.
    pub fn export(&self) -> Result<String, MemgineError> {
        let everything = self.0.memory.read().everything();
        export::write(everything)
    }

    /// Takes what [`export`](Self::export) gave into an empty memory, with the same ids. All or nothing.
    ///
    /// # Errors
    /// [`MemgineError::Invalid`] says which line is wrong, or that this memory is not empty; [`MemgineError::Full`];
    /// [`MemgineError::Kept`].
    pub fn import(&self, text: &str) -> Result<Imported, MemgineError> {
        self.admits()?;
        let read = export::read(text, &self.0.limits)?;
        let imported = read.imported();
        let facts: Vec<_> = read
            .facts
            .into_iter()
            .map(|(slot, fact)| {
                let entry = (!fact.outdated).then(|| self.entry(&fact.subject, &fact.body));
                (slot, fact, entry)
            })
            .collect();
        let skills = read.skills.into_iter().map(|(slot, skill)| {
            let found_by = FoundBy::of_skill(&skill, |text| self.0.embedder.embed(text));
            (slot, skill, found_by)
        });
        let skills: Vec<_> = skills.collect();
        let mut memory = self.0.memory.write();
        if !memory.is_new() {
            return Err(invalid("only an empty memory takes an import"));
        }
        for (slot, _, _) in &facts {
            memory.dirty.put(*slot);
        }
        for key in &read.gone {
            memory.dirty.gone(key);
        }
        for (slot, _, _) in &skills {
            memory.dirty.put_skill(*slot);
        }
        memory.fill(
            &self.0.limits,
            read.next,
            vec![Part::written(facts)],
            &read.gone,
        );
        memory.shelve(skills.into_iter());
        Ok(imported)
    }

    /// Puts these facts in the place of all that there are. All or nothing; how many are valid then.
    ///
    /// # Errors
    /// As for [`add`](Self::add); references to other facts are refused.
    pub fn replace(&self, facts: Vec<(NewFact, Details)>) -> Result<u64, MemgineError> {
        if facts.len() > self.0.limits.facts {
            return Err(self.0.limits.full());
        }
        for (number, (fact, details)) in (1_usize..).zip(&facts) {
            self.0
                .limits
                .check(fact, details)
                .map_err(|error| invalid(format!("fact {number}: {error}")))?;
            if !details.contradicts.is_empty() || !details.derived_from.is_empty() {
                return Err(invalid(format!("fact {number}: it refers to another")));
            }
        }
        self.admits()?;
        let entries: Vec<Entry> = facts
            .iter()
            .map(|(fact, _)| self.entry(&fact.subject, &fact.body))
            .collect();
        let now = self.now();
        let mut memory = self.0.memory.write();
        if u32::try_from(facts.len()).is_ok_and(|more| memory.next.checked_add(more).is_none()) {
            return Err(self.0.limits.full());
        }
        memory.clear();
        for ((fact, details), entry) in facts.into_iter().zip(entries) {
            memory.add(&self.0.limits, entry, |id| fact::new(id, fact, details))?;
        }
        Ok(memory.count(now))
    }

    #[cfg(test)]
    pub(crate) fn is_consistent(&self) -> bool {
        self.0.memory.read().is_consistent()
    }
}

/// Each reference once.
fn unique(mut details: Details) -> Details {
    for references in [&mut details.contradicts, &mut details.derived_from] {
        references.sort_unstable();
        references.dedup();
    }
    details
}
