//! The bounds of a memory.

use car_state::memgine::{
    ConversationTurn, Details, Fact, MemgineError, NewFact, NewSkill, SegmentKey, Skill, SkillScope,
};

use crate::engine::CONVERSATION;

/// What a memory holds at most. What is beyond is refused, and nothing is dropped for it; only turns of a conversation
/// push out the oldest.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Facts, outdated ones included.
    pub facts: usize,
    /// Bytes of a fact's text.
    pub body_bytes: usize,
    /// Bytes of what is said in a turn of a conversation.
    pub turn_bytes: usize,
    /// Bytes of each other text of a fact, and of a question.
    pub field_bytes: usize,
    /// References of a fact, of each sort.
    pub references: usize,
    /// Turns of the conversation that are kept verbatim.
    pub turns: usize,
    /// Segments of conversations that are told apart, forgotten ones included.
    pub segments: usize,
    /// Skills, those included that another took the place of.
    pub skills: usize,
    /// Bytes of a skill's code.
    pub code_bytes: usize,
    /// Bytes of all skills together.
    pub all_skill_bytes: usize,
    /// Keywords of a skill.
    pub keywords: usize,
    /// Facts in one answer.
    pub answer: usize,
    /// Bytes of an import.
    pub import_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            facts: 200_000,
            body_bytes: 16 << 10,
            turn_bytes: 64 << 10,
            field_bytes: 1 << 10,
            references: 32,
            turns: 200,
            segments: 400_000,
            skills: 1_000,
            code_bytes: 64 << 10,
            all_skill_bytes: 8 << 20,
            keywords: 32,
            answer: 1_000,
            import_bytes: 256 << 20,
        }
    }
}

impl Limits {
    pub(crate) fn check(&self, fact: &NewFact, details: &Details) -> Result<(), MemgineError> {
        let body_bytes = match &*fact.kind {
            CONVERSATION => self.turn_bytes,
            _ => self.body_bytes,
        };
        said("body", &fact.body, body_bytes)?;
        said("subject", &fact.subject, self.field_bytes)?;
        said("kind", &fact.kind, self.field_bytes)?;
        short("source", &fact.source, self.field_bytes)?;
        short(
            "event",
            details.event.as_deref().unwrap_or_default(),
            self.field_bytes,
        )?;
        if !(0.0..=1.0).contains(&details.confidence) {
            return Err(field("confidence", "the confidence is not between 0 and 1"));
        }
        for (name, references) in [
            ("contradicts", &details.contradicts),
            ("derived_from", &details.derived_from),
        ] {
            if references.len() > self.references {
                return Err(field(
                    name,
                    format!("more than {} references", self.references),
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn full(&self) -> MemgineError {
        MemgineError::Full {
            what: "facts",
            limit: self.facts as u64,
        }
    }

    pub(crate) fn full_of_segments(&self) -> MemgineError {
        MemgineError::Full {
            what: "segments of conversations",
            limit: self.segments as u64,
        }
    }

    /// A fact as it is, as if it were new.
    pub(crate) fn check_fact(&self, fact: &Fact) -> Result<(), MemgineError> {
        let new = NewFact {
            subject: fact.subject.clone(),
            body: fact.body.clone(),
            kind: fact.kind.clone(),
            at: fact.at,
            source: fact.source.clone(),
        };
        let details = Details {
            confidence: fact.confidence,
            event: fact.event.clone(),
            contradicts: fact.contradicts.clone(),
            derived_from: fact.derived_from.clone(),
            ..Details::default()
        };
        self.check(&new, &details)
    }

    pub(crate) fn check_turn(&self, turn: &ConversationTurn) -> Result<(), MemgineError> {
        said("text", &turn.text, self.turn_bytes)?;
        said("speaker", &turn.speaker, self.field_bytes)
    }

    pub(crate) fn check_segment(&self, key: &SegmentKey) -> Result<(), MemgineError> {
        said("conversation", &key.conversation, self.field_bytes / 3)?;
        said("source", &key.source, self.field_bytes / 3)?;
        said("segment", &key.segment, self.field_bytes / 3)
    }

    pub(crate) fn check_skill(&self, skill: &NewSkill) -> Result<(), MemgineError> {
        let trigger = &skill.trigger;
        said("name", &skill.name, self.field_bytes)?;
        short("code", &skill.code, self.code_bytes)?;
        short("platform", &skill.platform, self.field_bytes)?;
        short("description", &skill.description, self.body_bytes)?;
        short("when_to_apply", &skill.when_to_apply, self.body_bytes)?;
        short("persona", &trigger.persona, self.field_bytes)?;
        short("url_pattern", &trigger.url_pattern, self.field_bytes)?;
        if trigger.task_keywords.len() > self.keywords {
            let why = format!("more than {} keywords", self.keywords);
            return Err(field("task_keywords", why));
        }
        for keyword in &trigger.task_keywords {
            short("task_keywords", keyword, self.field_bytes)?;
        }
        if let Some(structured) = &trigger.structured {
            short("structured", &structured.to_string(), self.body_bytes)?;
        }
        if let SkillScope::Domain(domain) = &skill.scope {
            said("domain", domain, self.field_bytes)?;
        }
        Ok(())
    }

    /// A skill as it is, as if it were new.
    pub(crate) fn check_known_skill(&self, skill: &Skill) -> Result<(), MemgineError> {
        self.check_skill(&NewSkill {
            name: skill.name.clone(),
            code: skill.code.clone(),
            platform: skill.platform.clone(),
            description: skill.description.clone(),
            when_to_apply: skill.when_to_apply.clone(),
            trigger: skill.trigger.clone(),
            scope: skill.scope.clone(),
            source: skill.source,
            supersedes: None,
            at: skill.at,
        })
    }

    /// As much of a question as is looked at.
    pub(crate) fn question<'a>(&self, text: &'a str) -> &'a str {
        text.get(..text.floor_char_boundary(self.field_bytes))
            .unwrap_or(text)
    }
}

pub(crate) fn invalid(why: impl Into<String>) -> MemgineError {
    MemgineError::Invalid(why.into())
}

fn field(field: &'static str, why: impl Into<String>) -> MemgineError {
    let why = why.into();
    MemgineError::Field { field, why }
}

fn said(name: &'static str, text: &str, limit: usize) -> Result<(), MemgineError> {
    if text.trim().is_empty() {
        return Err(field(name, format!("the {name} is empty")));
    }
    short(name, text, limit)
}

fn short(name: &'static str, text: &str, limit: usize) -> Result<(), MemgineError> {
    if text.len() > limit {
        return Err(field(
            name,
            format!("the {name} is longer than {limit} bytes"),
        ));
    }
    Ok(())
}
