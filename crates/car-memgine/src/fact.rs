//! How facts are made and changed.

use car_state::memgine::{
    ConversationTurn, Details, Fact, FactChange, FactId, NewFact, SegmentKey, Trust,
};

use crate::engine::CONVERSATION;

pub(crate) fn new(id: FactId, fact: NewFact, details: Details) -> Fact {
    Fact {
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
pub(crate) fn of_turn(id: FactId, turn: &ConversationTurn) -> Fact {
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
    new(id, fact, details)
}

/// A segment of a conversation, as an untrusted fact.
pub(crate) fn of_segment(id: FactId, turn: &ConversationTurn, key: &SegmentKey) -> Fact {
    Fact {
        source: key.origin(),
        event: Some(format!("{}#{}", key.conversation, key.segment)),
        segment: Some(key.clone()),
        ..of_turn(id, turn)
    }
}

/// Takes a fact out of every reference to it.
pub(crate) fn drop_references(fact: &mut Fact, gone: &FactId) {
    for reference in [&mut fact.supersedes, &mut fact.superseded_by] {
        if reference.as_ref() == Some(gone) {
            *reference = None;
        }
    }
    fact.contradicts.retain(|id| id != gone);
    fact.derived_from.retain(|id| id != gone);
}

/// Corrects a fact.
pub(crate) fn apply(fact: &mut Fact, change: FactChange) {
    let replace = |place: &mut String, text: Option<String>| {
        if let Some(text) = text {
            *place = text;
        }
    };
    replace(&mut fact.subject, change.subject);
    replace(&mut fact.body, change.body);
    replace(&mut fact.kind, change.kind);
    fact.confidence = change.confidence.unwrap_or(fact.confidence);
    fact.valid_until = change.valid_until.or(fact.valid_until);
    fact.trust = change.trust.unwrap_or(fact.trust);
}
