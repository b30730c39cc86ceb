//! The engine: what callers see, and the lock that nothing slow happens under.

use std::sync::Arc;

use car_protocol::Timestamp;
use car_state::clock::{Clock, SystemClock};
use car_state::memgine::{
    ConversationTurn, FactHit, FactId, Forgotten, Ingested, Memgine, MemgineError, NewFact,
    SegmentKey,
};
use futures_util::future::BoxFuture;
use parking_lot::RwLock;

use crate::context::{self, Context};
use crate::embedder::{Embedder, WordTable};
use crate::export::{self, Imported};
use crate::fact::{Details, Fact, Found};
use crate::index::{Entry, Question, Weights};
use crate::limits::Limits;
use crate::memory::Memory;

/// The kind of the facts that turns of a conversation become.
pub(crate) const CONVERSATION: &str = "conversation";

/// One memory, in memory. Clones share it.
///
/// Vectors are made outside of the lock. A search holds it for reading, as long as one pass over the vectors takes.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    embedder: Arc<dyn Embedder>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    weights: Weights,
    memory: RwLock<Memory>,
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
        let memory = RwLock::new(Memory::new(embedder.dimension()));
        Self(Arc::new(Inner {
            embedder,
            clock,
            limits,
            weights,
            memory,
        }))
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn entry(&self, subject: &str, body: &str) -> Entry {
        Entry::new(subject, body, |text| self.0.embedder.embed(text))
    }

    fn question(&self, text: &str) -> Question {
        let text = self.0.limits.question(text);
        Question::new(text, |text| self.0.embedder.embed(text))
    }

    /// Keeps a fact.
    ///
    /// # Errors
    /// [`MemgineError::Invalid`] where a text is empty or too long, or a fact that it refers to is not there;
    /// [`MemgineError::Full`].
    pub fn add(&self, fact: NewFact, details: Details) -> Result<FactId, MemgineError> {
        self.0.limits.check(&fact, &details)?;
        let entry = self.entry(&fact.subject, &fact.body);
        let mut memory = self.0.memory.write();
        memory.add(&self.0.limits, entry, |id| {
            Fact::new(id, fact, unique(details))
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
        let entry = self.entry(&fact.subject, &fact.body);
        let mut memory = self.0.memory.write();
        let make = |id| Fact::new(id, fact, unique(details));
        memory.supersede(&self.0.limits, old, entry, make)
    }

    /// Erases a fact: its text, vector, rows of the index, references to it, and every fact that was derived from it.
    /// Facts that it superseded stay outdated.
    ///
    /// # Errors
    /// [`MemgineError::Invalid`] when it is not there.
    pub fn forget(&self, id: &FactId) -> Result<Forgotten, MemgineError> {
        self.0.memory.write().forget(id)
    }

    /// One fact, also when it is outdated.
    ///
    /// # Errors
    /// [`MemgineError::Invalid`] when it is not there.
    pub fn get(&self, id: &FactId) -> Result<Fact, MemgineError> {
        self.0.memory.read().get(id).cloned()
    }

    /// A fact with all that it took the place of and all that took its place, oldest first.
    ///
    /// # Errors
    /// [`MemgineError::Invalid`] when it is not there.
    pub fn history(&self, id: &FactId) -> Result<Vec<Fact>, MemgineError> {
        self.0.memory.read().history(id)
    }

    /// Facts in the order they were learnt, behind `after`, `limit` at most and never more than [`Limits::answer`].
    ///
    /// # Errors
    /// [`MemgineError::Invalid`] when `after` is not there.
    pub fn list(&self, after: Option<&FactId>, limit: usize) -> Result<Vec<Fact>, MemgineError> {
        self.0
            .memory
            .read()
            .list(after, limit.min(self.0.limits.answer))
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

    /// Keeps a turn of a conversation: verbatim among the last ones, and as an untrusted fact of kind `conversation`.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    pub fn ingest(&self, turn: ConversationTurn) -> Result<FactId, MemgineError> {
        self.0.limits.check_turn(&turn)?;
        let entry = self.entry(&turn.speaker, &turn.text);
        let mut memory = self.0.memory.write();
        let id = memory.add(&self.0.limits, entry, |id| Fact::of_turn(id, &turn))?;
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
        let entry = self.entry(&turn.speaker, &turn.text);
        let mut memory = self.0.memory.write();
        memory.ingest_segment(&self.0.limits, key, turn, entry)
    }

    /// Erases all that came from a source or from what is below it, as [`forget`](Self::forget) does. Its segments may be
    /// told again.
    #[must_use]
    pub fn forget_source(&self, source: &str) -> Forgotten {
        self.0.memory.write().forget_source(source)
    }

    /// How many facts are valid. Turns of conversations are not counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        let now = self.now();
        self.0.memory.read().count(now)
    }

    /// Everything, a JSON line each behind one that says what it is; [`import`](Self::import) takes it.
    ///
    /// # Errors
    /// [`MemgineError::Storage`] when it cannot be written as JSON.
    pub fn export(&self) -> Result<String, MemgineError> {
        let (next, facts, gone) = self.0.memory.read().everything();
        export::write(next, &facts, gone)
    }

    /// Takes what [`export`](Self::export) gave into an empty memory, with the same ids. All or nothing.
    ///
    /// # Errors
    /// [`MemgineError::Invalid`] says which line is wrong, or that this memory is not empty; [`MemgineError::Full`].
    pub fn import(&self, text: &str) -> Result<Imported, MemgineError> {
        let read = export::read(text, &self.0.limits)?;
        let entries: Vec<Option<Entry>> = read
            .facts
            .values()
            .map(|fact| (!fact.outdated).then(|| self.entry(&fact.subject, &fact.body)))
            .collect();
        let imported = read.imported();
        self.0.memory.write().fill(&self.0.limits, read, entries)?;
        Ok(imported)
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

impl Memgine for Engine {
    fn add_fact(&self, fact: NewFact) -> BoxFuture<'_, Result<FactId, MemgineError>> {
        Box::pin(async move { self.add(fact, Details::default()) })
    }

    fn query<'a>(
        &'a self,
        query: &'a str,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<FactHit>, MemgineError>> {
        Box::pin(async move {
            let found = self.search(query, limit).into_iter();
            let hits = found.map(|found| FactHit {
                id: found.fact.id,
                subject: found.fact.subject,
                body: found.fact.body,
                kind: found.fact.kind,
                score: found.score.total.into(),
            });
            Ok(hits.collect())
        })
    }

    fn build_context<'a>(
        &'a self,
        query: &'a str,
        tokens: usize,
    ) -> BoxFuture<'a, Result<String, MemgineError>> {
        Box::pin(async move { Ok(self.context(query, tokens).text) })
    }

    fn ingest_conversation(
        &self,
        turn: ConversationTurn,
    ) -> BoxFuture<'_, Result<(), MemgineError>> {
        Box::pin(async move { self.ingest(turn).map(drop) })
    }

    fn ingest_segment(
        &self,
        key: SegmentKey,
        turn: ConversationTurn,
    ) -> BoxFuture<'_, Result<Ingested, MemgineError>> {
        Box::pin(async move { Self::ingest_segment(self, &key, &turn) })
    }

    fn forget_source<'a>(
        &'a self,
        source: &'a str,
    ) -> BoxFuture<'a, Result<Forgotten, MemgineError>> {
        Box::pin(async move { Ok(Self::forget_source(self, source)) })
    }

    fn fact_count(&self) -> BoxFuture<'_, Result<u64, MemgineError>> {
        Box::pin(async move { Ok(self.count()) })
    }
}
