//! What is counted as facts come and go, so that nobody counts them one by one.

use std::collections::BTreeSet;

use car_protocol::Timestamp;
use car_state::memgine::Fact;

use crate::Slot;
use crate::context::CONSTRAINT;
use crate::engine::CONVERSATION;

/// The facts that are not outdated.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Census {
    /// How many there are, without turns of conversations.
    facts: u64,
    /// The ends of those of them that have one.
    ends: BTreeSet<(Timestamp, Slot)>,
    /// Those of kind `constraint`.
    pub(crate) constraints: BTreeSet<Slot>,
}

impl Census {
    pub(crate) fn enter(&mut self, slot: Slot, fact: &Fact) {
        if fact.outdated || fact.kind == CONVERSATION {
            return;
        }
        self.facts += 1;
        self.ends.extend(fact.valid_until.map(|end| (end, slot)));
        if fact.kind == CONSTRAINT {
            self.constraints.insert(slot);
        }
    }

    pub(crate) fn leave(&mut self, slot: Slot, fact: &Fact) {
        if fact.outdated || fact.kind == CONVERSATION {
            return;
        }
        self.facts -= 1;
        if let Some(end) = fact.valid_until {
            self.ends.remove(&(end, slot));
        }
        self.constraints.remove(&slot);
    }

    /// Those that are past their end.
    pub(crate) fn ended(&self, now: Timestamp) -> impl Iterator<Item = Slot> + '_ {
        let ended = self.ends.iter().take_while(move |(end, _)| *end <= now);
        ended.map(|(_, slot)| *slot)
    }

    /// How many are valid.
    pub(crate) fn count(&self, now: Timestamp) -> u64 {
        self.facts - self.ended(now).count() as u64
    }

    /// That of these facts, for tests of consistency.
    #[cfg(test)]
    pub(crate) fn of<'a>(
        facts: impl IntoIterator<Item = (&'a Slot, &'a std::sync::Arc<Fact>)>,
    ) -> Self {
        let mut census = Self::default();
        for (slot, fact) in facts {
            census.enter(*slot, fact);
        }
        census
    }
}
