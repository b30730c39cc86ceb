//! Facts, turns and index together: the one thing behind the engine's lock.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use car_protocol::Timestamp;
use car_state::memgine::{
    ConversationTurn, Fact, FactFilter, FactId, Forgotten, Found, Ingested, MemgineError,
    SegmentKey, is_from,
};
use rustc_hash::FxHashMap;

use crate::Slot;
use crate::census::Census;
use crate::changes::Dirty;
use crate::dense::Vector;
use crate::engine::CONVERSATION;
use crate::export::Everything;
use crate::fact;
use crate::index::{Entry, Index, Question, Weights};
use crate::limits::{Limits, invalid};
use crate::segments::{Seen, Segments};
use crate::skills::Shelf;
use crate::stored::Part;

#[derive(Debug)]
pub(crate) struct Memory {
    /// The number of the next fact or skill. It never goes back, so that an id is never used twice.
    pub(crate) next: u32,
    pub(crate) facts: BTreeMap<Slot, Arc<Fact>>,
    slots: FxHashMap<FactId, Slot>,
    /// Facts that were concluded from each.
    derived: FxHashMap<FactId, Vec<Slot>>,
    /// Of every fact that is not outdated, and of no other.
    pub(crate) index: Index,
    /// The last turns of conversations, oldest first.
    pub(crate) turns: VecDeque<FactId>,
    pub(crate) segments: Segments,
    pub(crate) skills: Shelf,
    pub(crate) census: Census,
    /// What a store has to be told.
    pub(crate) dirty: Dirty,
}

impl Memory {
    pub(crate) fn new(dimension: usize, stored: bool) -> Self {
        Self {
            next: 1,
            facts: BTreeMap::new(),
            slots: FxHashMap::default(),
            derived: FxHashMap::default(),
            index: Index::new(dimension),
            turns: VecDeque::new(),
            segments: Segments::default(),
            skills: Shelf::default(),
            census: Census::default(),
            dirty: Dirty::new(stored),
        }
    }

    pub(crate) fn get(&self, id: &FactId) -> Result<&Arc<Fact>, MemgineError> {
        let fact = self.slots.get(id).and_then(|slot| self.facts.get(slot));
        fact.ok_or_else(|| MemgineError::Unknown(id.clone()))
    }

    /// The place and the id of the next fact.
    fn place(&self, limits: &Limits) -> Result<(Slot, FactId), MemgineError> {
        if self.facts.len() >= limits.facts || self.next == u32::MAX {
            return Err(limits.full());
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
                return Err(invalid(format!("too much contradicts {other}")));
            }
        }
        for other in &fact.contradicts {
            self.change(other, |other| other.contradicts.push(id.clone()));
        }
        self.put(slot, Arc::new(fact), Some(entry));
        self.dirty.put(slot);
        self.next += 1;
        Ok(id)
    }

    /// Changes a fact that is there, without its place in the index.
    fn change(&mut self, id: &FactId, change: impl FnOnce(&mut Fact)) {
        if let Some(slot) = self.slots.get(id)
            && let Some(fact) = self.facts.get_mut(slot)
        {
            self.census.leave(*slot, fact);
            change(Arc::make_mut(fact));
            self.census.enter(*slot, fact);
            self.dirty.put(*slot);
        }
    }

    /// Puts a fact into every table.
    pub(crate) fn put(&mut self, slot: Slot, fact: Arc<Fact>, entry: Option<Entry>) {
        for premise in &fact.derived_from {
            self.derived.entry(premise.clone()).or_default().push(slot);
        }
        if let Some(entry) = entry {
            self.index.add(slot, entry);
        }
        if let Some(key) = &fact.segment {
            self.segments.note(key, Some(slot));
        }
        self.census.enter(slot, &fact);
        self.slots.insert(fact.id.clone(), slot);
        self.facts.insert(slot, fact);
    }

    /// Changes a fact and what it is found by.
    pub(crate) fn rewrite(
        &mut self,
        id: &FactId,
        entry: Option<Entry>,
        change: impl FnOnce(&mut Fact),
    ) -> Result<Arc<Fact>, MemgineError> {
        let slot = *self
            .slots
            .get(id)
            .ok_or_else(|| MemgineError::Unknown(id.clone()))?;
        self.change(id, change);
        self.dirty.erases_text = true;
        let fact = Arc::clone(self.get(id)?);
        if let Some(entry) = entry
            && !fact.outdated
        {
            self.index.remove(slot);
            self.index.add(slot, entry);
        }
        Ok(fact)
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
                return Err(limits.full_of_segments());
            }
            Seen::Never => {
                let id = self.add(limits, entry, |id| fact::of_segment(id, turn, key))?;
                self.remember(limits, id.clone());
                return Ok(Ingested::Added(id));
            }
            Seen::Earlier(slot) => slot,
            Seen::Known => return Ok(Ingested::Known),
        };
        let Some(id) = self.facts.get(&slot).map(|fact| fact.id.clone()) else {
            return Ok(Ingested::Known);
        };
        self.rewrite(&id, Some(entry), |fact| {
            fact.subject.clone_from(&turn.speaker);
            fact.body.clone_from(&turn.text);
            fact.at = turn.at;
            fact.segment = Some(key.clone());
        })?;
        self.segments.note(key, Some(slot));
        Ok(Ingested::Replaced(id))
    }

    /// Erases what came from a source, or from what is below it.
    pub(crate) fn forget_source(&mut self, source: &str) -> Forgotten {
        let of_it = self.facts.values().filter(|fact| comes_from(fact, source));
        let doomed: Vec<FactId> = of_it.map(|fact| fact.id.clone()).collect();
        let erased = self.erase(doomed);
        let unnoted = self.segments.forget(source);
        self.dirty.unnote(unnoted);
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
            return Err(invalid(format!("{old} was superseded by {by} already")));
        }
        if self.get(old)?.outdated {
            return Err(invalid(format!("{old} is outdated")));
        }
        let id = self.add(limits, entry, |id| Fact {
            supersedes: Some(old.clone()),
            ..make(id)
        })?;
        let since = self.get(&id)?.at;
        if let Some(slot) = self.slots.get(old) {
            self.index.remove(*slot);
        }
        self.change(old, |fact| {
            fact.outdated = true;
            fact.superseded_by = Some(id.clone());
            let ended = fact.valid_until.filter(|end| *end < since);
            fact.valid_until = Some(ended.unwrap_or(since));
        });
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
            erased.vectors += vectors as u64;
            erased.index_rows += rows as u64;
            for derived in self.derived.remove(&id).into_iter().flatten() {
                doomed.extend(self.facts.get(&derived).map(|fact| fact.id.clone()));
            }
            let Some(gone) = self.facts.remove(&slot) else {
                continue;
            };
            self.dirty.erase(slot);
            self.census.leave(slot, &gone);
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
                if self.slots.contains_key(other) {
                    self.change(other, |other| fact::drop_references(other, &id));
                    erased.references += 1;
                }
            }
            if gone.kind == CONVERSATION {
                self.turns.retain(|turn| *turn != id);
            }
            if let Some(key) = &gone.segment {
                self.segments.note(key, None);
                self.dirty.gone(key);
            }
            erased.facts.push(id);
        }
        erased
    }

    /// Erases facts that are past their end, except those that another has taken the place of: they are history. How many.
    pub(crate) fn prune(&mut self, now: Timestamp) -> u64 {
        let ended = self.census.ended(now);
        let ended = ended.filter_map(|slot| self.facts.get(&slot));
        let ended: Vec<FactId> = ended.map(|fact| fact.id.clone()).collect();
        self.erase(ended).facts.len() as u64
    }

    /// Erases all facts. Skills stay, and numbers go on.
    pub(crate) fn clear(&mut self) {
        let dimension = self.index.vectors.dimension();
        let mut dirty = std::mem::replace(&mut self.dirty, Dirty::new(false));
        dirty.clear();
        *self = Self {
            next: self.next,
            skills: std::mem::take(&mut self.skills),
            dirty,
            ..Self::new(dimension, false)
        };
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
        let mut chain = vec![Fact::clone(first)];
        while let Some(next) = chain.last().and_then(|fact| fact.superseded_by.as_ref()) {
            match self.get(next) {
                Ok(next) if chain.len() < self.facts.len() => chain.push(Fact::clone(next)),
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
            let fact = Fact::clone(self.facts.get(&slot)?);
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
        filter: &FactFilter,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Fact>, MemgineError> {
        let after = match &filter.after {
            Some(id) => {
                let slot = self.slots.get(id);
                *slot.ok_or_else(|| MemgineError::Unknown(id.clone()))?
            }
            None => Slot(0),
        };
        let behind = self.facts.range((Bound::Excluded(after), Bound::Unbounded));
        let wanted = behind.map(|(_, fact)| fact).filter(|fact| {
            let source = filter.source.as_ref();
            (filter.outdated || fact.is_valid(now))
                && filter.kind.as_ref().is_none_or(|kind| fact.kind == *kind)
                && source.is_none_or(|source| comes_from(fact, source))
        });
        Ok(wanted.take(limit).map(|fact| Fact::clone(fact)).collect())
    }

    pub(crate) fn count(&self, now: Timestamp) -> u64 {
        self.census.count(now)
    }

    /// Facts behind a place that can be found, but have no vector: so many at most, in order.
    pub(crate) fn without_vector(
        &self,
        after: Option<Slot>,
        most: usize,
    ) -> Vec<(Slot, Arc<Fact>)> {
        let behind = (
            after.map_or(Bound::Unbounded, Bound::Excluded),
            Bound::Unbounded,
        );
        let missing = self
            .facts
            .range(behind)
            .filter(|(slot, fact)| !fact.outdated && self.index.vectors.get(**slot).is_none());
        let missing = missing.map(|(slot, fact)| (*slot, Arc::clone(fact)));
        missing.take(most).collect()
    }

    /// Gives facts their vectors, unless they have changed since those were made. How many.
    pub(crate) fn embed(&mut self, made: Vec<(Slot, Arc<Fact>, Vector)>) -> u64 {
        let mut embedded = 0;
        for (slot, of, vector) in made {
            let fact = self.facts.get(&slot);
            if fact.is_some_and(|fact| Arc::ptr_eq(fact, &of) && !fact.outdated) {
                self.index.vectors.add(slot, &vector);
                self.dirty.put(slot);
                embedded += 1;
            }
        }
        embedded
    }

    /// How many references facts have to others.
    pub(crate) fn references(&self) -> usize {
        let of = |fact: &Arc<Fact>| {
            fact.contradicts.len()
                + fact.derived_from.len()
                + usize::from(fact.supersedes.is_some())
        };
        self.facts.values().map(of).sum()
    }

    pub(crate) fn everything(&self) -> Everything {
        let skills = self.skills.all();
        Everything {
            next: self.next,
            facts: self.facts.values().cloned().collect(),
            gone: self.segments.forgotten(),
            skills: skills
                .map(|(slot, skill)| (slot, Arc::clone(skill)))
                .collect(),
        }
    }

    /// Fills an empty memory.
    pub(crate) fn fill(
        &mut self,
        limits: &Limits,
        next: u32,
        parts: Vec<Part>,
        gone: &[SegmentKey],
    ) {
        self.next = next;
        let all = parts.iter().map(|part| part.facts.len()).sum();
        self.index.reserve(all);
        self.slots.reserve(all);
        for part in parts {
            let numbers = self.index.lexical.numbers(&part.terms);
            for (slot, fact, mut entry) in part.facts {
                if fact.kind == CONVERSATION && !fact.outdated {
                    self.remember(limits, fact.id.clone());
                }
                if let Some(entry) = &mut entry {
                    entry.renumber(&numbers);
                }
                self.put(slot, fact, entry);
            }
        }
        for key in gone {
            self.segments.note(key, None);
        }
    }

    /// Whether nothing was ever in it.
    pub(crate) fn is_new(&self) -> bool {
        self.facts.is_empty() && self.next == 1
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
            && self.census == Census::of(&self.facts)
            && self.slots.len() == self.facts.len()
            && self.skills.is_consistent()
            && self.index.lexical.len() == indexed
            && self.index.placed() == indexed
            && self.index.vectors.len() == indexed
    }
}

fn comes_from(fact: &Fact, source: &str) -> bool {
    let segment = fact.segment.as_ref();
    is_from(&fact.source, source) || segment.is_some_and(|key| is_from(&key.conversation, source))
}
