//! What callers see of skills.

use std::sync::Arc;

use car_state::memgine::{
    DistilledSkill, FoundSkill, MemgineError, NewSkill, Skill, SkillQuestion, SkillScope,
    SkillStats, TraceEvent,
};

use super::{FoundBy, distil};
use crate::engine::Engine;

impl Engine {
    /// Keeps skills, all of them or none, and answers their numbers. Of two of one name the later one counts; one of a name that
    /// is there replaces that one, and other code is a new version that is judged anew.
    ///
    /// # Errors
    /// [`MemgineError::Field`] where a text is empty or too long; [`MemgineError::Full`]; [`MemgineError::Kept`] where nothing
    /// can be stored.
    pub fn ingest_skills(&self, skills: Vec<NewSkill>) -> Result<Vec<u32>, MemgineError> {
        let mut given: Vec<(NewSkill, FoundBy)> = Vec::new();
        for skill in skills {
            self.0.limits.check_skill(&skill)?;
            given.retain(|(earlier, _)| earlier.name != skill.name);
            let found_by = FoundBy::of(
                &skill.name,
                &skill.description,
                &skill.when_to_apply,
                &skill.trigger.task_keywords,
                |text| self.0.embedder.embed(text),
            );
            given.push((skill, found_by));
        }
        self.admits()?;
        self.0.memory.write().ingest_skills(&self.0.limits, given)
    }

    /// The skills that fit best, best first, `limit` of the question and of what an answer may have at most. None that is
    /// degraded or that another took the place of.
    #[must_use]
    pub fn find_skills(&self, asked: &SkillQuestion) -> Vec<FoundSkill> {
        let task = self.question(&asked.task);
        let memory = self.0.memory.read();
        let limit = asked.limit.min(self.0.limits.answer);
        let found = memory.skills.find(asked, &task, limit).into_iter();
        let found = found.map(|(skill, score)| FoundSkill {
            name: skill.name.clone(),
            code: skill.code.clone(),
            platform: skill.platform.clone(),
            description: skill.description.clone(),
            stats: skill.stats.clone(),
            match_score: (score * 1e4).round() / 1e4,
        });
        found.collect()
    }

    /// Notes how a skill went.
    ///
    /// # Errors
    /// [`MemgineError::UnknownSkill`], [`MemgineError::Kept`].
    pub fn report_skill(&self, name: &str, worked: bool) -> Result<SkillStats, MemgineError> {
        self.admits()?;
        let mut memory = self.0.memory.write();
        let (slot, stats) = memory.skills.report(name, worked)?;
        memory.dirty.put_skill(slot);
        Ok(stats)
    }

    /// Gives a degraded skill the code of the newest skill whose place it took and that is not degraded, and answers it.
    ///
    /// # Errors
    /// [`MemgineError::UnknownSkill`], [`MemgineError::Kept`].
    pub fn repair_skill(&self, name: &str) -> Result<Option<String>, MemgineError> {
        self.admits()?;
        let now = self.now();
        let mut memory = self.0.memory.write();
        let (slot, code) = memory.skills.repair(name, now)?;
        memory.dirty.put_skill(slot);
        Ok(code)
    }

    /// Erases a skill, and says whether it was there.
    ///
    /// # Errors
    /// [`MemgineError::Kept`].
    pub fn forget_skill(&self, name: &str) -> Result<bool, MemgineError> {
        self.admits()?;
        let mut memory = self.0.memory.write();
        let Some((gone, changed)) = memory.skills.forget(name) else {
            return Ok(false);
        };
        memory.dirty.erase_skill(gone);
        for slot in changed {
            memory.dirty.put_skill(slot);
        }
        Ok(true)
    }

    /// The skills in the order in which they were learnt, also those that another took the place of: where a domain is named,
    /// those that are for it or for all.
    #[must_use]
    pub fn skills(&self, domain: Option<&str>) -> Vec<Skill> {
        let memory = self.0.memory.read();
        let skills = memory.skills.all().map(|(_, skill)| skill);
        let skills = skills.filter(|skill| domain.is_none_or(|domain| skill.scope.is_for(domain)));
        skills.map(|skill| Skill::clone(skill)).collect()
    }

    /// The domains whose skills work less often than that, of at least three reports, by name.
    #[must_use]
    pub fn weak_domains(&self, threshold: f64) -> Vec<String> {
        self.0.memory.read().skills.weak_domains(threshold)
    }

    /// Makes skills of what happened, 100 at most: of what worked the steps, of what failed a lesson. Equal events give equal
    /// skills. Nothing is kept.
    #[must_use]
    pub fn distil(events: &[TraceEvent]) -> Vec<DistilledSkill> {
        distil::distil(events)
    }

    /// Distils what happened in a domain, keeps what is not known, and answers that.
    ///
    /// # Errors
    /// As for [`ingest_skills`](Self::ingest_skills).
    pub fn evolve(
        &self,
        domain: &str,
        mut events: Vec<TraceEvent>,
    ) -> Result<Vec<DistilledSkill>, MemgineError> {
        events.retain(|event| {
            let named = event.data.get("domain").and_then(|named| named.as_str());
            named.is_none_or(|named| named.is_empty() || named == domain)
        });
        let mut learnt = distil::distil(&events);
        for skill in &mut learnt {
            domain.clone_into(&mut skill.domain);
            skill.scope = SkillScope::Domain(domain.to_owned());
        }
        {
            let memory = self.0.memory.read();
            learnt.retain(|skill| {
                let known = memory.skills.get(&skill.name).map(Arc::as_ref);
                known.is_none_or(|known| {
                    known.code != skill.code || known.description != skill.description
                })
            });
        }
        let now = self.now();
        let new = learnt.iter().cloned();
        self.ingest_skills(new.map(|skill| NewSkill::distilled(skill, now)).collect())?;
        Ok(learnt)
    }
}
