//! A fact as it is kept.

use car_protocol::Timestamp;
use car_state::memgine::{ConversationTurn, FactId, NewFact, SegmentKey};
use serde::{Deserialize, Serialize};

use crate::engine::CONVERSATION;
use crate::index::Score;

/// How far what a fact says may be taken for true.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Said by the owner of this memory.
    #[default]
    Trusted,
    /// Said by others: a transcript, a peer, a page. A model is told so.
    Untrusted,
}

/// What may be said of a fact besides what every fact has.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// When it stops to be valid; never where it is absent.
    pub valid_until: Option<Timestamp>,
    /// How far it may be believed.
    pub trust: Trust,
    /// The event that said so: `meeting/7#12`.
    pub event: Option<String>,
    /// Facts that say otherwise. Both stay valid, and each is shown as disputed.
    pub contradicts: Vec<FactId>,
    /// Facts that it was concluded from: when one of them is forgotten, so is this.
    pub derived_from: Vec<FactId>,
}

impl Default for Details {
    fn default() -> Self {
        Self {
            confidence: 0.5,
            valid_until: None,
            trust: Trust::default(),
            event: None,
            contradicts: Vec::new(),
            derived_from: Vec::new(),
        }
    }
}

/// A fact, with where it comes from and what became of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Fact {
    /// Its id, which no other fact ever gets.
    pub id: FactId,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// What kind it is: `pattern`, `constraint`, `strategy`, `conversation`, or the caller's own.
    pub kind: String,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// From whom or where.
    pub source: String,
    /// The event that said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// When it was learnt, and since when it is valid.
    pub at: Timestamp,
    /// When it stopped or stops to be valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// How far it may be believed.
    #[serde(default)]
    pub trust: Trust,
    /// Whether another took its place, also when that one was forgotten since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outdated: bool,
    /// The fact that it took the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<FactId>,
    /// The fact that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<FactId>,
    /// Facts that say otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradicts: Vec<FactId>,
    /// Facts that it was concluded from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derived_from: Vec<FactId>,
    /// The segment of a conversation that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<SegmentKey>,
}

impl Fact {
    pub(crate) fn new(id: FactId, fact: NewFact, details: Details) -> Self {
        Self {
            id,
            subject: fact.subject,
            body: fact.body,
            kind: fact.kind,
            confidence: details.confidence,
            source: fact.source,
            event: details.event,
            at: fact.at,
            valid_until: details.valid_until,
            trust: details.trust,
            outdated: false,
            supersedes: None,
            superseded_by: None,
            contradicts: details.contradicts,
            derived_from: details.derived_from,
            segment: None,
        }
    }

    /// What was said by somebody, as an untrusted fact.
    pub(crate) fn of_turn(id: FactId, turn: &ConversationTurn) -> Self {
        let fact = NewFact {
            subject: turn.speaker.clone(),
            body: turn.text.clone(),
            kind: CONVERSATION.to_owned(),
            at: turn.at,
            source: turn.speaker.clone(),
        };
        let details = Details {
            trust: Trust::Untrusted,
            ..Details::default()
        };
        Self::new(id, fact, details)
    }

    /// A segment of a conversation, as an untrusted fact.
    pub(crate) fn of_segment(id: FactId, turn: &ConversationTurn, key: &SegmentKey) -> Self {
        Self {
            source: key.origin(),
            event: Some(format!("{}#{}", key.conversation, key.segment)),
            segment: Some(key.clone()),
            ..Self::of_turn(id, turn)
        }
    }

    /// Whether it is valid at that time: not outdated, and not past its end.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        !self.outdated
            && self
                .valid_until
                .is_none_or(|until| until.unix_millis() > now.unix_millis())
    }

    /// Takes a fact out of every reference to it.
    pub(crate) fn drop_references(&mut self, gone: &FactId) {
        for reference in [&mut self.supersedes, &mut self.superseded_by] {
            if reference.as_ref() == Some(gone) {
                *reference = None;
            }
        }
        self.contradicts.retain(|id| id != gone);
        self.derived_from.retain(|id| id != gone);
    }
}

/// A fact that was found, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The fact.
    pub fact: Fact,
    /// How well it fits.
    pub score: Score,
}
