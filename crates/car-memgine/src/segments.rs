//! Which segments of conversations were heard, so that each is kept once.

use std::collections::BTreeMap;

use car_state::memgine::{SegmentKey, is_from};
use rustc_hash::FxHashMap;

use crate::Slot;

/// The latest revision of each segment, and the fact that it is. A segment whose fact was forgotten stays noted without
/// one: told again, it must not come back.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    conversations: BTreeMap<Box<str>, Parts>,
    count: usize,
}

/// The source and the name of a segment.
type Part = (Box<str>, Box<str>);
type Parts = FxHashMap<Part, Heard>;

#[derive(Clone, Copy, Debug)]
struct Heard {
    revision: u32,
    fact: Option<Slot>,
}

/// What is known of a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Seen {
    /// Nothing.
    Never,
    /// An earlier revision, which is this fact.
    Earlier(Slot),
    /// This revision or a later one, or that it was forgotten.
    Known,
}

impl Segments {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn seen(&self, key: &SegmentKey) -> Seen {
        let conversation = self.conversations.get(&*key.conversation);
        match conversation.and_then(|heard| heard.get(&part(key))) {
            None => Seen::Never,
            Some(heard) => match heard.fact {
                Some(slot) if heard.revision < key.revision => Seen::Earlier(slot),
                _ => Seen::Known,
            },
        }
    }

    /// Notes a revision and its fact; none when that was forgotten.
    pub(crate) fn note(&mut self, key: &SegmentKey, fact: Option<Slot>) {
        let conversation = &*key.conversation;
        if !self.conversations.contains_key(conversation) {
            let none = Parts::default();
            self.conversations.insert(conversation.into(), none);
        }
        let heard = Heard {
            revision: key.revision,
            fact,
        };
        if let Some(segments) = self.conversations.get_mut(conversation)
            && segments.insert(part(key), heard).is_none()
        {
            self.count += 1;
        }
    }

    /// Those whose fact was forgotten, in the order of their names.
    pub(crate) fn forgotten(&self) -> Vec<SegmentKey> {
        let mut forgotten = Vec::new();
        for (conversation, segments) in &self.conversations {
            let gone = segments.iter().filter(|(_, heard)| heard.fact.is_none());
            forgotten.extend(gone.map(|(part, heard)| key(conversation, part, *heard)));
        }
        forgotten.sort_unstable();
        forgotten
    }

    /// Drops what was noted of a source, or of what is below it: which of them had been forgotten.
    pub(crate) fn forget(&mut self, source: &str) -> Vec<SegmentKey> {
        let mut dropped = Vec::new();
        self.conversations.retain(|conversation, segments| {
            let all = is_from(conversation, source);
            let before = segments.len();
            segments.retain(|part, heard| {
                let stays = !all && !is_from(&format!("{conversation}/{}", part.0), source);
                if !stays && heard.fact.is_none() {
                    dropped.push(key(conversation, part, *heard));
                }
                stays
            });
            self.count -= before - segments.len();
            !segments.is_empty()
        });
        dropped
    }
}

fn part(key: &SegmentKey) -> Part {
    (key.source.as_str().into(), key.segment.as_str().into())
}

fn key(conversation: &str, (source, segment): &Part, heard: Heard) -> SegmentKey {
    SegmentKey {
        conversation: conversation.to_owned(),
        source: source.to_string(),
        segment: segment.to_string(),
        revision: heard.revision,
    }
}
