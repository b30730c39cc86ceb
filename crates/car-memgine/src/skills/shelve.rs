//! How skills come into a memory.

use std::sync::Arc;

use car_state::memgine::{MemgineError, NewSkill, Skill};

use super::FoundBy;
use crate::Slot;
use crate::limits::Limits;
use crate::memory::Memory;

impl Memory {
    /// Keeps skills of different names, all of them or none, and answers their numbers.
    pub(crate) fn ingest_skills(
        &mut self,
        limits: &Limits,
        given: Vec<(NewSkill, FoundBy)>,
    ) -> Result<Vec<u32>, MemgineError> {
        let made = given.iter();
        let made = made.map(|(skill, _)| self.skills.made_of(skill.clone()));
        self.skills.room(limits, &made.collect::<Vec<_>>())?;
        if u32::try_from(given.len()).is_ok_and(|more| self.next.checked_add(more).is_none()) {
            return Err(limits.full());
        }
        let mut numbers = Vec::with_capacity(given.len());
        for (skill, found_by) in given {
            // Made once more: it may take the place of one that came just before.
            let skill = self.skills.made_of(skill);
            if let Some(replaced) = &skill.supersedes {
                let replaced = self.skills.deprecate(replaced)?;
                self.dirty.put_skill(replaced);
            }
            let next = Slot(self.next);
            let slot = self.skills.put(next, Arc::new(skill), found_by);
            if slot == next {
                self.next += 1;
            } else {
                self.dirty.erases_text = true;
            }
            self.dirty.put_skill(slot);
            numbers.push(slot.0);
        }
        Ok(numbers)
    }

    /// Fills a shelf that is empty.
    pub(crate) fn shelve(&mut self, skills: impl Iterator<Item = (Slot, Arc<Skill>, FoundBy)>) {
        for (slot, skill, found_by) in skills {
            self.skills.put(slot, skill, found_by);
        }
    }
}
