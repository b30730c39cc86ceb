//! Engines over a store: what is loaded at the start, and what is told to it.

use std::sync::Arc;

use car_state::clock::Clock;
use car_state::memgine::{
    Batch, Changes, Fact, FactStore, KeptFact, MemgineError, Told, in_parallel,
};
use futures_util::future::ready;

use crate::dense::Vector;
use crate::embedder::Embedder;
use crate::engine::{Engine, Inner};
use crate::index::{Entry, Weights};
use crate::limits::Limits;
use crate::skills::FoundBy;
use crate::text::Stems;
use crate::{Slot, export};

impl Engine {
    /// The memory that a store has. Blocks while that is read and its index is made. Vectors of another model are not used;
    /// [`consolidate`](Self::consolidate) makes them again.
    ///
    /// # Errors
    /// [`MemgineError::Kept`] when it cannot be read; [`MemgineError::Invalid`] when it is damaged.
    pub fn open(
        limits: Limits,
        embedder: Arc<dyn Embedder>,
        weights: Weights,
        clock: Arc<dyn Clock>,
        store: Arc<dyn FactStore>,
    ) -> Result<Self, MemgineError> {
        let kept = store.load()?;
        let engine = Self::over(limits, embedder, weights, clock, Some(store));
        let model = Arc::clone(&engine.0.model);
        let parts = in_parallel(kept.facts, |facts| {
            let mut stems = Stems::new();
            let facts = facts.into_iter();
            let facts = facts.map(|kept| placed(kept, &model, &mut stems));
            let facts = facts.collect::<Result<_, _>>()?;
            let terms = stems.into_terms();
            Ok::<_, MemgineError>(vec![Part { facts, terms }])
        })?;
        let skills = kept.skills.into_iter().map(|kept| {
            let found_by = FoundBy::of_skill(&kept.skill, |text| engine.0.embedder.embed(text));
            (Slot(kept.number), kept.skill, found_by)
        });
        let skills: Vec<_> = skills.collect();
        let last_fact = parts.iter().filter_map(Part::last).max();
        let last_skill = skills.last().map(|(slot, _, _)| slot.0);
        let past = last_fact.max(last_skill).unwrap_or(0).saturating_add(1);
        {
            let mut memory = engine.0.memory.write();
            memory.fill(&engine.0.limits, kept.next.max(past), parts, &kept.gone);
            memory.shelve(skills.into_iter());
        }
        Ok(engine)
    }

    /// Ready when everything that has changed until now is kept.
    #[must_use]
    pub fn settled(&self) -> Told<'static, ()> {
        let Some(store) = &self.0.store else {
            return Box::pin(ready(Ok(())));
        };
        let written = store.write(Arc::<Inner>::clone(&self.0));
        Box::pin(async move { Ok(written.await?) })
    }
}

/// Facts that were kept, in their places, and the terms that their entries name by number.
pub(crate) struct Part {
    pub(crate) facts: Vec<Placed>,
    pub(crate) terms: Vec<Box<str>>,
}

type Placed = (Slot, Arc<Fact>, Option<Entry>);

impl Part {
    /// Facts whose entries name their terms themselves.
    pub(crate) fn written(facts: Vec<Placed>) -> Self {
        let terms = Vec::new();
        Self { facts, terms }
    }

    fn last(&self) -> Option<u32> {
        self.facts.last().map(|(slot, _, _)| slot.0)
    }
}

fn placed(kept: KeptFact, model: &Arc<str>, stems: &mut Stems) -> Result<Placed, MemgineError> {
    let slot = Slot(kept.number);
    if export::slot(&kept.fact.id) != Some(slot) {
        let why = format!("fact {} says that it is {}", kept.number, kept.fact.id);
        return Err(MemgineError::Invalid(why));
    }
    let entry = (!kept.fact.outdated).then(|| {
        let vector = kept.vector.filter(|vector| vector.model == *model);
        let vector = vector.map(|vector| Vector::kept(vector.scale, vector.values));
        Entry::among(stems, &kept.fact.subject, &kept.fact.body, vector)
    });
    Ok((slot, kept.fact, entry))
}

impl Changes for Inner {
    fn take(&self) -> Batch {
        self.memory.write().changes(&self.model)
    }
}
