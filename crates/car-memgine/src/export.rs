//! A memory as text: a JSON line that says what it is, one for each fact, and one for each segment of a conversation that
//! was forgotten, and for each skill.

use std::collections::BTreeMap;
use std::sync::Arc;

use car_state::memgine::{Fact, FactId, Imported, MemgineError, SegmentKey, Skill};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::Slot;
use crate::limits::{Limits, invalid};
use crate::skills::Shelf;

/// The form that is written.
const FORM: u32 = 1;

#[derive(Deserialize, Serialize)]
struct Head {
    car_memory: u32,
    /// The number of the next id.
    next: u32,
}

/// A segment that must not come back. Its name begins the line.
#[derive(Deserialize, Serialize)]
struct Gone {
    forgotten_segment: SegmentKey,
}

const GONE: &str = "{\"forgotten_segment\"";

/// A skill with its number, whose name begins the line.
#[derive(Deserialize, Serialize)]
struct Numbered<S> {
    skill_number: u32,
    skill: S,
}

const SKILL: &str = "{\"skill_number\"";

/// All that a memory has.
#[derive(Debug)]
pub(crate) struct Everything {
    pub(crate) next: u32,
    pub(crate) facts: Vec<Arc<Fact>>,
    pub(crate) gone: Vec<SegmentKey>,
    pub(crate) skills: Vec<(Slot, Arc<Skill>)>,
}

/// What an import says, checked.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) next: u32,
    pub(crate) facts: BTreeMap<Slot, Arc<Fact>>,
    pub(crate) gone: Vec<SegmentKey>,
    pub(crate) skills: BTreeMap<Slot, Arc<Skill>>,
}

impl Read {
    pub(crate) fn imported(&self) -> Imported {
        Imported {
            facts: self.facts.len() as u64,
            outdated: self.facts.values().filter(|fact| fact.outdated).count() as u64,
        }
    }
}

pub(crate) fn write(everything: Everything) -> Result<String, MemgineError> {
    let head = Head {
        car_memory: FORM,
        next: everything.next,
    };
    let mut text = String::new();
    line(&mut text, &head)?;
    for fact in &everything.facts {
        line(&mut text, &**fact)?;
    }
    for forgotten_segment in everything.gone {
        line(&mut text, &Gone { forgotten_segment })?;
    }
    for (Slot(skill_number), skill) in &everything.skills {
        let (skill_number, skill) = (*skill_number, &**skill);
        line(
            &mut text,
            &Numbered {
                skill_number,
                skill,
            },
        )?;
    }
    Ok(text)
}

fn line(text: &mut String, what: &impl Serialize) -> Result<(), MemgineError> {
    let line = serde_json::to_string(what);
    text.push_str(&line.map_err(|error| MemgineError::Storage(Box::new(error)))?);
    text.push('\n');
    Ok(())
}

/// Reads and checks everything, so that nothing wrong gets into a memory.
pub(crate) fn read(text: &str, limits: &Limits) -> Result<Read, MemgineError> {
    if text.len() > limits.import_bytes {
        let limit = limits.import_bytes;
        return Err(invalid(format!("an import has {limit} bytes at most")));
    }
    let mut lines = text.lines().zip(1_usize..);
    let (head, _) = lines.next().ok_or_else(|| invalid("nothing to import"))?;
    let head: Head = serde_json::from_str(head)
        .map_err(|error| invalid(format!("line 1 does not say what this is: {error}")))?;
    if head.car_memory != FORM {
        return Err(invalid(format!("form {} is not known", head.car_memory)));
    }
    let (mut facts, mut gone, mut skills) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
    let mut segments = FxHashSet::default();
    for (line, number) in lines.filter(|(line, _)| !line.trim().is_empty()) {
        let wrong = |why: String| invalid(format!("line {number}: {why}"));
        let mut once = |key: &SegmentKey| {
            limits
                .check_segment(key)
                .map_err(|error| wrong(error.to_string()))?;
            if segments.len() >= limits.segments {
                return Err(limits.full_of_segments());
            }
            let part = (&key.conversation, &key.source, &key.segment);
            if !segments.insert((part.0.clone(), part.1.clone(), part.2.clone())) {
                return Err(wrong("the segment was there before".to_owned()));
            }
            Ok(())
        };
        if line.starts_with(GONE) {
            let key: Gone = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
            once(&key.forgotten_segment)?;
            gone.push(key.forgotten_segment);
            continue;
        }
        if line.starts_with(SKILL) {
            let read: Numbered<Skill> =
                serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
            let number = read.skill_number;
            if number == 0 || number >= head.next || skills.contains_key(&Slot(number)) {
                return Err(wrong(format!("{number} is no number of a skill")));
            }
            limits
                .check_known_skill(&read.skill)
                .map_err(|error| wrong(error.to_string()))?;
            skills.insert(Slot(number), Arc::new(read.skill));
            continue;
        }
        let fact: Fact = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        if let Some(key) = &fact.segment {
            once(key)?;
        }
        if facts.len() >= limits.facts {
            return Err(limits.full());
        }
        let slot = slot(&fact.id).filter(|slot| slot.0 < head.next);
        let slot = slot.ok_or_else(|| wrong(format!("{:?} is no id", fact.id.0)))?;
        check(&fact, limits).map_err(|error| wrong(error.to_string()))?;
        if facts.insert(slot, Arc::new(fact)).is_some() {
            return Err(wrong("the id was there before".to_owned()));
        }
    }
    references(&facts)?;
    skilled(&facts, &skills, limits)?;
    Ok(Read {
        next: head.next.max(1),
        facts,
        gone,
        skills,
    })
}

/// What holds among skills: numbers and names are of one thing only, and what a skill took the place of is there.
fn skilled(
    facts: &BTreeMap<Slot, Arc<Fact>>,
    skills: &BTreeMap<Slot, Arc<Skill>>,
    limits: &Limits,
) -> Result<(), MemgineError> {
    let names: FxHashSet<&str> = skills.values().map(|skill| &*skill.name).collect();
    if names.len() != skills.len() {
        return Err(invalid("two skills have one name"));
    }
    for (slot, skill) in skills {
        let replaced = skill.supersedes.as_deref();
        if facts.contains_key(slot) || replaced.is_some_and(|old| !names.contains(old)) {
            let why = "its number is a fact's, or what it took the place of is not there";
            return Err(invalid(format!("skill {:?}: {why}", skill.name)));
        }
    }
    let all: Vec<Skill> = skills.values().map(|skill| Skill::clone(skill)).collect();
    Shelf::default().room(limits, &all)
}

/// The number in an id.
pub(crate) fn slot(id: &FactId) -> Option<Slot> {
    let digits = id.0.strip_prefix("m-")?;
    let number: u32 = digits.parse().ok()?;
    (number > 0 && number.to_string() == digits).then_some(Slot(number))
}

/// What holds of one fact.
fn check(fact: &Fact, limits: &Limits) -> Result<(), MemgineError> {
    limits.check_fact(fact)?;
    if fact.superseded_by.is_some() && !fact.outdated {
        return Err(invalid("it was superseded, but is not outdated"));
    }
    Ok(())
}

/// What holds among facts: a reference leads to one that is there and, where it must, refers back; a fact comes after what
/// it supersedes and what it was derived from.
fn references(facts: &BTreeMap<Slot, Arc<Fact>>) -> Result<(), MemgineError> {
    let slots: FxHashMap<&FactId, Slot> =
        facts.iter().map(|(slot, fact)| (&fact.id, *slot)).collect();
    let get = |id: &FactId| slots.get(id).and_then(|slot| facts.get(slot));
    for (slot, fact) in facts {
        let wrong = |what: &str| invalid(format!("{}: {what}", fact.id.0));
        let earlier = |id: &FactId| slots.get(id).is_some_and(|other| other < slot);
        if !fact.derived_from.iter().all(earlier) {
            return Err(wrong("it is derived from what does not come before it"));
        }
        if let Some(old) = &fact.supersedes {
            let back = get(old).and_then(|old| old.superseded_by.as_ref());
            if !earlier(old) || back != Some(&fact.id) {
                return Err(wrong("what it supersedes does not say so"));
            }
        }
        if let Some(new) = &fact.superseded_by
            && get(new).and_then(|new| new.supersedes.as_ref()) != Some(&fact.id)
        {
            return Err(wrong("what superseded it does not say so"));
        }
        let once: FxHashSet<&FactId> = fact.contradicts.iter().collect();
        let mutual =
            |id: &&FactId| get(id).is_some_and(|other| other.contradicts.contains(&fact.id));
        if once.len() != fact.contradicts.len() || !once.iter().all(mutual) {
            return Err(wrong("a contradiction is not mutual"));
        }
    }
    Ok(())
}
