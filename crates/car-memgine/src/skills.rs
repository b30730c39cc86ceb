//! Skills: what they are called, how they went, and what they are found by.

mod distil;
mod engine;
mod find;
mod shelve;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use car_protocol::Timestamp;
use car_state::memgine::{MemgineError, NewSkill, Skill, SkillScope, SkillStats};
use rustc_hash::FxHashMap;

use crate::Slot;
use crate::dense::Vector;
use crate::limits::Limits;
use crate::text;

/// How much more often than it worked a skill may have failed.
const FORGIVEN: u64 = 2;
/// Reports of a domain before it is judged.
const JUDGED: u64 = 3;

/// The skills of a memory, by their numbers and by their names.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    skills: BTreeMap<Slot, Shelved>,
    names: FxHashMap<Box<str>, Slot>,
    /// Of all their texts.
    bytes: usize,
}

#[derive(Debug)]
struct Shelved {
    skill: Arc<Skill>,
    found_by: FoundBy,
}

/// What a skill is found by, made outside of the lock.
#[derive(Debug)]
pub(crate) struct FoundBy {
    /// The terms of each keyword.
    keywords: Vec<Vec<String>>,
    meaning: Option<Vector>,
}

impl FoundBy {
    pub(crate) fn of(
        name: &str,
        description: &str,
        when: &str,
        keywords: &[String],
        embed: impl Fn(&str) -> Vec<f32>,
    ) -> Self {
        let text = format!("{name} {description} {when} {}", keywords.join(" "));
        Self {
            keywords: keywords
                .iter()
                .map(|keyword| text::terms(keyword))
                .collect(),
            meaning: Vector::new(&embed(&text)),
        }
    }

    pub(crate) fn of_skill(skill: &Skill, embed: impl Fn(&str) -> Vec<f32>) -> Self {
        let keywords = &skill.trigger.task_keywords;
        Self::of(
            &skill.name,
            &skill.description,
            &skill.when_to_apply,
            keywords,
            embed,
        )
    }
}

/// Bytes of a skill's texts.
fn size(skill: &Skill) -> usize {
    let (trigger, scope) = (&skill.trigger, &skill.scope);
    let texts = [
        &skill.name,
        &skill.code,
        &skill.platform,
        &skill.description,
        &skill.when_to_apply,
        &trigger.persona,
        &trigger.url_pattern,
    ];
    let texts = texts.into_iter().chain(&trigger.task_keywords);
    let structured = trigger.structured.as_ref();
    texts.map(String::len).sum::<usize>()
        + structured.map_or(0, |value| value.to_string().len())
        + skill.supersedes.as_ref().map_or(0, String::len)
        + match scope {
            SkillScope::Domain(domain) => domain.len(),
            SkillScope::Global => 0,
        }
}

impl Shelf {
    pub(crate) fn len(&self) -> usize {
        self.skills.len()
    }

    fn slot(&self, name: &str) -> Option<Slot> {
        self.names.get(name).copied()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Skill>> {
        let shelved = self.skills.get(&self.slot(name)?)?;
        Some(&shelved.skill)
    }

    /// The skill of a number.
    pub(crate) fn at(&self, slot: Slot) -> Option<&Arc<Skill>> {
        self.skills.get(&slot).map(|shelved| &shelved.skill)
    }

    fn named(&self, name: &str) -> Result<(Slot, &Arc<Skill>), MemgineError> {
        let slot = self.slot(name);
        slot.and_then(|slot| Some((slot, self.at(slot)?)))
            .ok_or_else(|| MemgineError::UnknownSkill(name.to_owned()))
    }

    /// All of them with their numbers, in the order in which they were learnt.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Slot, &Arc<Skill>)> {
        self.skills
            .iter()
            .map(|(slot, shelved)| (*slot, &shelved.skill))
    }

    /// Whether there would be room for these, too.
    pub(crate) fn room(&self, limits: &Limits, new: &[Skill]) -> Result<(), MemgineError> {
        let (mut count, mut bytes) = (self.len(), self.bytes);
        for skill in new {
            bytes += size(skill);
            match self.get(&skill.name) {
                Some(earlier) => bytes -= size(earlier),
                None => count += 1,
            }
        }
        let full = |what, limit: usize| MemgineError::Full {
            what,
            limit: limit as u64,
        };
        if count > limits.skills {
            return Err(full("skills", limits.skills));
        }
        if bytes > limits.all_skill_bytes {
            return Err(full("bytes of skills", limits.all_skill_bytes));
        }
        Ok(())
    }

    /// What a new skill becomes beside those that are there.
    pub(crate) fn made_of(&self, new: NewSkill) -> Skill {
        let earlier = self.get(&new.name);
        let replaced = new.supersedes.filter(|old| *old != new.name);
        let replaced = replaced.and_then(|old| self.get(&old));
        let mut skill = Skill {
            name: new.name,
            code: new.code,
            platform: new.platform,
            description: new.description,
            trigger: new.trigger,
            scope: new.scope,
            when_to_apply: new.when_to_apply,
            stats: SkillStats::default(),
            version: replaced.map_or(1, |old| old.version.saturating_add(1)),
            at: new.at,
            source: new.source,
            supersedes: replaced.map(|old| old.name.clone()),
            deprecated: false,
        };
        if let Some(earlier) = earlier {
            if earlier.code == skill.code {
                skill.stats = earlier.stats.clone();
                skill.at = earlier.at;
                skill.version = earlier.version;
            } else {
                skill.version = earlier.version.saturating_add(1);
            }
            skill.supersedes = skill.supersedes.or_else(|| earlier.supersedes.clone());
        }
        skill
    }

    /// Puts a skill into its place: the one of its name where there is one, or this.
    pub(crate) fn put(&mut self, slot: Slot, skill: Arc<Skill>, found_by: FoundBy) -> Slot {
        let slot = self.slot(&skill.name).unwrap_or(slot);
        self.names.insert(skill.name.as_str().into(), slot);
        self.bytes += size(&skill);
        let shelved = Shelved { skill, found_by };
        if let Some(earlier) = self.skills.insert(slot, shelved) {
            self.bytes -= size(&earlier.skill);
        }
        slot
    }

    /// Changes a skill that is there.
    fn change<T>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut Skill) -> T,
    ) -> Result<(Slot, T), MemgineError> {
        let (slot, _) = self.named(name)?;
        let Some(shelved) = self.skills.get_mut(&slot) else {
            return Err(MemgineError::UnknownSkill(name.to_owned()));
        };
        self.bytes -= size(&shelved.skill);
        let done = change(Arc::make_mut(&mut shelved.skill));
        self.bytes += size(&shelved.skill);
        Ok((slot, done))
    }

    pub(crate) fn deprecate(&mut self, name: &str) -> Result<Slot, MemgineError> {
        let (slot, ()) = self.change(name, |skill| skill.deprecated = true)?;
        Ok(slot)
    }

    pub(crate) fn report(
        &mut self,
        name: &str,
        worked: bool,
    ) -> Result<(Slot, SkillStats), MemgineError> {
        self.change(name, |skill| {
            let stats = &mut skill.stats;
            let count = if worked {
                &mut stats.success_count
            } else {
                &mut stats.fail_count
            };
            *count = count.saturating_add(1);
            stats.degraded = stats.fail_count > stats.success_count.saturating_add(FORGIVEN);
            stats.broken_for_repair &= stats.degraded;
            stats.clone()
        })
    }

    /// Gives a degraded skill the code of the newest skill whose place it took and that is not degraded. Where there is none,
    /// that is noted.
    pub(crate) fn repair(
        &mut self,
        name: &str,
        now: Timestamp,
    ) -> Result<(Slot, Option<String>), MemgineError> {
        let (slot, skill) = self.named(name)?;
        if !skill.stats.degraded {
            return Ok((slot, None));
        }
        let mut earlier = skill.supersedes.as_deref();
        let mut better = None;
        // Names may be used again, so a chain may have a circle.
        for _ in 0..self.len() {
            let Some(old) = earlier.and_then(|name| self.get(name)) else {
                break;
            };
            if !old.stats.degraded && !old.code.is_empty() && old.code != skill.code {
                better = Some(old.code.clone());
                break;
            }
            earlier = old.supersedes.as_deref();
        }
        self.change(name, |skill| {
            let Some(code) = better else {
                skill.stats.broken_for_repair = true;
                return None;
            };
            skill.code.clone_from(&code);
            skill.stats = SkillStats::default();
            skill.version = skill.version.saturating_add(1);
            skill.at = now;
            Some(code)
        })
    }

    /// Takes a skill out, and its name out of others: their places, and its own.
    pub(crate) fn forget(&mut self, name: &str) -> Option<(Slot, Vec<Slot>)> {
        let slot = self.names.remove(name)?;
        let gone = self.skills.remove(&slot)?;
        self.bytes -= size(&gone.skill);
        let names = self.skills.values().filter_map(|other| {
            let names = other.skill.supersedes.as_deref() == Some(name);
            names.then(|| other.skill.name.clone())
        });
        let names: Vec<String> = names.collect();
        let changed = names.iter().filter_map(|other| {
            let (slot, ()) = self.change(other, |skill| skill.supersedes = None).ok()?;
            Some(slot)
        });
        Some((slot, changed.collect()))
    }

    /// The domains whose skills work less often than that, of 1.
    pub(crate) fn weak_domains(&self, threshold: f64) -> Vec<String> {
        let mut domains: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (_, skill) in self.all().filter(|(_, skill)| !skill.deprecated) {
            if let SkillScope::Domain(domain) = &skill.scope {
                let (worked, all) = domains.entry(domain).or_default();
                let SkillStats {
                    success_count,
                    fail_count,
                    ..
                } = skill.stats;
                *worked = worked.saturating_add(success_count);
                *all = all.saturating_add(success_count).saturating_add(fail_count);
            }
        }
        let weak = domains.into_iter().filter(|(_, (worked, all))| {
            *all >= JUDGED && (*worked as f64) < threshold * (*all as f64)
        });
        weak.map(|(domain, _)| domain.to_owned()).collect()
    }

    /// Whether its tables say the same, for tests.
    #[cfg(test)]
    pub(crate) fn is_consistent(&self) -> bool {
        let sizes: usize = self.all().map(|(_, skill)| size(skill)).sum();
        let names = self
            .all()
            .all(|(slot, skill)| self.slot(&skill.name) == Some(slot));
        let replaced = self
            .all()
            .filter_map(|(_, skill)| skill.supersedes.as_deref());
        names
            && self.names.len() == self.skills.len()
            && self.bytes == sizes
            && replaced.into_iter().all(|old| self.get(old).is_some())
    }
}
