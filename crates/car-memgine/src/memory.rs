//! Facts, turns and index together: the one thing behind the engine's lock.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use car_protocol::Timestamp;
use car_state::memgine::{
    ConversationTurn, FactId, Forgotten, Ingested, MemgineError, SegmentKey, is_from,
};
use rustc_hash::FxHashMap;

use crate::Slot;
use crate::engine::CONVERSATION;
use crate::export::Read;
use crate::fact::{Fact, Found};
use crate::index::{Entry, Index, Question, Weights};
use crate::limits::{Limits, invalid};
use crate::segments::{Seen, Segments};

#[derive(Debug)]
pub(crate) struct Memory {
    /// The number of the next id. It never goes back, so that an id is never used twice.
    pub(crate) next: u32,
    pub(crate) facts: BTreeMap<Slot, Fact>,
    slots: FxHashMap<FactId, Slot>,
    /// Facts that were concluded from each.
    derived: FxHashMap<FactId, Vec<Slot>>,
    /// Of every fact that is not outdated, and of no other.
    pub(crate) index: Index,
    /// The last turns of conversations, oldest first.
    pub(crate) turns: VecDeque<FactId>,
    pub(crate) segments: Segments,
}

impl Memory {
    pub(crate) fn new(dimension: usize) -> Self {
        Self {
            next: 1,
            facts: BTreeMap::new(),
            slots: FxHashMap::default(),
            derived: FxHashMap::default(),
            index: Index::new(dimension),
            turns: VecDeque::new(),
            segments: Segments::default(),
        }
    }

    pub(crate) fn get(&self, id: &FactId) -> Result<&Fact, MemgineError> {
        let fact = self.slots.get(id).and_then(|slot| self.facts.get(slot));
        fact.ok_or_else(|| unknown(id))
    }

    /// The place and the id of the next fact.
    fn place(&self, limits: &Limits) -> Result<(Slot, FactId), MemgineError> {
        let full = MemgineError::Full {
            limit: limits.facts as u64,
        };
        if self.facts.len() >= limits.facts || self.next == u32::MAX {
            return Err(full);
        }
        Ok((Slot(self.next), FactId(format!("m-{}", self.next))))
    }

    /// Adds a fact that `make` makes of its id.
    pub(crate) fn add(
        &mut self,
        limits: &Limits,
        entry: Entry,
        make: impl FnOnce(FactId) -> Fact,
    ) -> Result<FactId, MemgineError> {
        let (slot, id) = self.place(limits)?;
        let fact = make(id.clone());
        for premise in &fact.derived_from {
            self.get(premise)?;
        }
        for other in &fact.contradicts {
            if self.get(other)?.contradicts.len() >= limits.references {
                return Err(invalid(format!("too much contradicts {}", other.0)));
            }
        }
        for other in &fact.contradicts {
            if let Some(other) = self
                .slots
                .get(other)
                .and_then(|slot| self.facts.get_mut(slot))
            {
                other.contradicts.push(id.clone());
            }
        }
        self.put(slot, fact, Some(entry));
        self.next += 1;
        Ok(id)
    }

    /// Puts a fact into every table.
    pub(crate) fn put(&mut self, slot: Slot, fact: Fact, entry: Option<Entry>) {
        for premise in &fact.derived_from {
            self.derived.entry(premise.clone()).or_default().push(slot);
        }
        if let Some(entry) = entry {
            self.index.add(slot, entry);
        }
        if let Some(key) = &fact.segment {
            self.segments.note(key, Some(slot));
        }
        self.slots.insert(fact.id.clone(), slot);
        self.facts.insert(slot, fact);
    }

    /// Keeps a segment as a fact, or in the place of its earlier revision.
    pub(crate) fn ingest_segment(
        &mut self,
        limits: &Limits,
        key: &SegmentKey,
        turn: &ConversationTurn,
        entry: Entry,
    ) -> Result<Ingested, MemgineError> {
        let slot = match self.segments.seen(key) {
            Seen::Never if self.segments.len() >= limits.segments => {
                return Err(MemgineError::Full {
                    limit: limits.segments as u64,
                });
            }
            Seen::Never => {
                let id = self.add(limits, entry, |id| Fact::of_segment(id, turn, key))?;
                self.remember(limits, id.clone());
                return Ok(Ingested::Added(id));
            }
            Seen::Earlier(slot) => slot,
            Seen::Known => return Ok(Ingested::Known),
        };
        let Some(fact) = self.facts.get_mut(&slot) else {
            return Ok(Ingested::Known);
        };
        fact.subject.clone_from(&turn.speaker);
        fact.body.clone_from(&turn.text);
        fact.at = turn.at;
        fact.segment = Some(key.clone());
        let (id, outdated) = (fact.id.clone(), fact.outdated);
        if !outdated {
            self.index.remove(slot);
            self.index.add(slot, entry);
        }
        self.segments.note(key, Some(slot));
        Ok(Ingested::Replaced(id))
    }

    /// Erases what came from a source, or from what is below it.
    pub(crate) fn forget_source(&mut self, source: &str) -> Forgotten {
        let of_it = self.facts.values().filter(|fact| {
            let segment = fact.segment.as_ref();
            is_from(&fact.source, source)
                || segment.is_some_and(|key| is_from(&key.conversation, source))
        });
        let doomed: Vec<FactId> = of_it.map(|fact| fact.id.clone()).collect();
        let erased = self.erase(doomed);
        self.segments.forget(source);
        erased
    }

    /// Puts a new fact into the place of another, which stays as history.
    pub(crate) fn supersede(
        &mut self,
        limits: &Limits,
        old: &FactId,
        entry: Entry,
        make: impl FnOnce(FactId) -> Fact,
    ) -> Result<FactId, MemgineError> {
        if let Some(by) = &self.get(old)?.superseded_by {
            let (old, by) = (&old.0, &by.0);
            return Err(invalid(format!("{old} was superseded by {by} already")));
        }
        if self.get(old)?.outdated {
            return Err(invalid(format!("{} is outdated", old.0)));
        }
        let id = self.add(limits, entry, |id| Fact {
            supersedes: Some(old.clone()),
            ..make(id)
        })?;
        let since = self.get(&id)?.at;
        if let Some(slot) = self.slots.get(old) {
            self.index.remove(*slot);
            if let Some(fact) = self.facts.get_mut(slot) {
                fact.outdated = true;
                fact.superseded_by = Some(id.clone());
                let ended = fact
                    .valid_until
                    .filter(|end| end.unix_millis() < since.unix_millis());
                fact.valid_until = Some(ended.unwrap_or(since));
            }
        }
        Ok(id)
    }

    /// Erases a fact and what was derived from it, everywhere.
    pub(crate) fn forget(&mut self, id: &FactId) -> Result<Forgotten, MemgineError> {
        self.get(id)?;
        Ok(self.erase(vec![id.clone()]))
    }

    fn erase(&mut self, mut doomed: Vec<FactId>) -> Forgotten {
        let mut erased = Forgotten::default();
        while let Some(id) = doomed.pop() {
            let Some(slot) = self.slots.remove(&id) else {
                continue;
            };
            let (vectors, rows) = self.index.remove(slot);
            erased.vectors += vectors;
            erased.index_rows += rows;
            for derived in self.derived.remove(&id).into_iter().flatten() {
                doomed.extend(self.facts.get(&derived).map(|fact| fact.id.clone()));
            }
            let Some(gone) = self.facts.remove(&slot) else {
                continue;
            };
            for premise in &gone.derived_from {
                if let Some(derived) = self.derived.get_mut(premise) {
                    derived.retain(|other| *other != slot);
                    if derived.is_empty() {
                        self.derived.remove(premise);
                    }
                }
            }
            let named = gone.contradicts.iter().chain(&gone.supersedes);
            for other in named.chain(&gone.superseded_by) {
                if let Some(other) = self.slots.get(other)
                    && let Some(other) = self.facts.get_mut(other)
                {
                    other.drop_references(&id);
                    erased.references += 1;
                }
            }
            if gone.kind == CONVERSATION {
                self.turns.retain(|turn| *turn != id);
            }
            if let Some(key) = &gone.segment {
                self.segments.note(key, None);
            }
            erased.facts.push(id);
        }
        erased
    }

    /// A fact, all that it took the place of and all that took its place, oldest first.
    pub(crate) fn history(&self, id: &FactId) -> Result<Vec<Fact>, MemgineError> {
        let mut first = self.get(id)?;
        // A chain has no circle, since a fact only ever supersedes an older one; the bound is for imported ones.
        for _ in 0..self.facts.len() {
            match first.supersedes.as_ref().map(|earlier| self.get(earlier)) {
                Some(Ok(earlier)) => first = earlier,
                _ => break,
            }
        }
        let mut chain = vec![first.clone()];
        while let Some(next) = chain.last().and_then(|fact| fact.superseded_by.as_ref()) {
            match self.get(next) {
                Ok(next) if chain.len() < self.facts.len() => chain.push(next.clone()),
                _ => break,
            }
        }
        Ok(chain)
    }

    pub(crate) fn search(
        &self,
        question: &Question,
        weights: Weights,
        limit: usize,
        now: Timestamp,
        admits: impl Fn(&Fact) -> bool,
    ) -> Vec<Found> {
        let valid = |slot: Slot| {
            let fact = self.facts.get(&slot);
            fact.is_some_and(|fact| fact.is_valid(now) && admits(fact))
        };
        let found = self.index.search(question, weights, limit, valid);
        let facts = found.into_iter().filter_map(|(slot, score)| {
            let fact = self.facts.get(&slot)?.clone();
            Some(Found { fact, score })
        });
        facts.collect()
    }

    pub(crate) fn remember(&mut self, limits: &Limits, turn: FactId) {
        while self.turns.len() >= limits.turns.max(1) {
            self.turns.pop_front();
        }
        self.turns.push_back(turn);
    }

    pub(crate) fn list(
        &self,
        after: Option<&FactId>,
        limit: usize,
    ) -> Result<Vec<Fact>, MemgineError> {
        let after = match after {
            Some(id) => *self.slots.get(id).ok_or_else(|| unknown(id))?,
            None => Slot(0),
        };
        let behind = self.facts.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(behind.take(limit).map(|(_, fact)| fact.clone()).collect())
    }

    pub(crate) fn count(&self, now: Timestamp) -> u64 {
        let counted = self.facts.values();
        let counted = counted.filter(|fact| fact.is_valid(now) && fact.kind != CONVERSATION);
        counted.count() as u64
    }

    pub(crate) fn everything(&self) -> (u32, Vec<Fact>, Vec<SegmentKey>) {
        let facts = self.facts.values().cloned().collect();
        (self.next, facts, self.segments.forgotten())
    }

    /// Fills an empty memory.
    pub(crate) fn fill(
        &mut self,
        limits: &Limits,
        read: Read,
        entries: Vec<Option<Entry>>,
    ) -> Result<(), MemgineError> {
        if !self.facts.is_empty() || self.next > 1 {
            return Err(invalid("only an empty memory takes an import"));
        }
        self.next = read.next;
        for ((slot, fact), entry) in read.facts.into_iter().zip(entries) {
            if fact.kind == CONVERSATION && !fact.outdated {
                self.remember(limits, fact.id.clone());
            }
            self.put(slot, fact, entry);
        }
        for key in &read.gone {
            self.segments.note(key, None);
        }
        Ok(())
    }

    /// Whether every table says the same, for tests.
    #[cfg(test)]
    pub(crate) fn is_consistent(&self) -> bool {
        let indexed = self.facts.values().filter(|fact| !fact.outdated).count();
        let names = self.facts.iter().all(|(slot, fact)| {
            let refs = fact.contradicts.iter().chain(&fact.supersedes);
            let refs = refs.chain(&fact.superseded_by).chain(&fact.derived_from);
            self.slots.get(&fact.id) == Some(slot)
                && refs.into_iter().all(|id| self.get(id).is_ok())
        });
        let derived: usize = self.derived.values().map(Vec::len).sum();
        let premises: usize = self
            .facts
            .values()
            .map(|fact| fact.derived_from.len())
            .sum();
        names
            && derived == premises
            && self.slots.len() == self.facts.len()
            && self.index.lexical.len() == indexed
            && self.index.placed() == indexed
            && self.index.vectors.len() == indexed
    }
}

pub(crate) fn unknown(id: &FactId) -> MemgineError {
    invalid(format!("there is no fact {}", id.0))
}
