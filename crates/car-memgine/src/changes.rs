//! What a store has to be told.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use car_state::memgine::{Batch, KeptFact, KeptSkill, KeptVector, SegmentKey};

use crate::Slot;
use crate::memory::Memory;

/// Which facts have changed since the store was told. It says only which: what they are is looked up when the store asks,
/// so that many changes of one fact are one.
#[derive(Debug, Default)]
pub(crate) struct Dirty {
    /// Whether there is a store. Otherwise nothing is noted.
    stored: bool,
    slots: BTreeSet<Slot>,
    cleared: bool,
    pub(crate) erases_text: bool,
    unnoted: Vec<SegmentKey>,
    gone: Vec<SegmentKey>,
    skills: BTreeSet<Slot>,
}

impl Dirty {
    pub(crate) fn new(stored: bool) -> Self {
        Self {
            stored,
            ..Self::default()
        }
    }

    pub(crate) fn put(&mut self, slot: Slot) {
        if self.stored {
            self.slots.insert(slot);
        }
    }

    pub(crate) fn erase(&mut self, slot: Slot) {
        self.erases_text = true;
        self.put(slot);
    }

    pub(crate) fn put_skill(&mut self, slot: Slot) {
        if self.stored {
            self.skills.insert(slot);
        }
    }

    pub(crate) fn erase_skill(&mut self, slot: Slot) {
        self.erases_text = true;
        self.put_skill(slot);
    }

    /// All facts went.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            cleared: true,
            erases_text: true,
            skills: mem::take(&mut self.skills),
            ..Self::new(self.stored)
        };
    }

    pub(crate) fn gone(&mut self, key: &SegmentKey) {
        if self.stored {
            self.gone.push(key.clone());
        }
    }

    /// Segments are noted no more.
    pub(crate) fn unnote(&mut self, keys: Vec<SegmentKey>) {
        if self.stored {
            self.gone.retain(|gone| !keys.contains(gone));
            self.unnoted.extend(keys);
        }
    }
}

impl Memory {
    /// What has changed since this was asked last.
    pub(crate) fn changes(&mut self, model: &Arc<str>) -> Batch {
        let stored = self.dirty.stored;
        let dirty = mem::replace(&mut self.dirty, Dirty::new(stored));
        let mut batch = Batch {
            clear: dirty.cleared,
            next: self.next,
            erases_text: dirty.erases_text,
            unnoted: dirty.unnoted,
            gone: dirty.gone,
            ..Batch::default()
        };
        for slot in dirty.slots {
            let Some(fact) = self.facts.get(&slot) else {
                batch.erased.push(slot.0);
                continue;
            };
            let vector = self.index.vectors.get(slot);
            batch.put.push(KeptFact {
                number: slot.0,
                fact: Arc::clone(fact),
                vector: vector.map(|(scale, values)| KeptVector {
                    model: Arc::clone(model),
                    scale,
                    values: values.into(),
                }),
            });
        }
        for slot in dirty.skills {
            match self.skills.at(slot) {
                Some(skill) => batch.put_skills.push(KeptSkill {
                    number: slot.0,
                    skill: Arc::clone(skill),
                }),
                None => batch.erased_skills.push(slot.0),
            }
        }
        batch
    }
}
