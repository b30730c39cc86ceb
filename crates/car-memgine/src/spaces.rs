//! The memories of a daemon.

use std::sync::Arc;
use std::thread;

use car_state::clock::Clock;
use car_state::memgine::{FactStores, Memgine, MemgineError, MemgineSource, Space};

use crate::embedder::WordTable;
use crate::engine::Engine;
use crate::index::Weights;
use crate::limits::Limits;

/// An engine for each memory of a daemon.
#[derive(Clone, Debug)]
pub struct Spaces {
    limits: Limits,
    clock: Arc<dyn Clock>,
    stores: Option<Arc<dyn FactStores>>,
}

impl Spaces {
    /// Memories with these bounds each, which end with the process.
    #[must_use]
    pub fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self {
            limits,
            clock,
            stores: None,
        }
    }

    /// The same, kept there.
    #[must_use]
    pub fn kept_in(mut self, stores: Arc<dyn FactStores>) -> Self {
        self.stores = Some(stores);
        self
    }
}

impl MemgineSource for Spaces {
    fn open(&self, space: &Space) -> Result<Arc<dyn Memgine>, MemgineError> {
        let (table, clock) = (Arc::new(WordTable), Arc::clone(&self.clock));
        let weights = Weights::default();
        let engine = match &self.stores {
            Some(stores) => Engine::open(self.limits, table, weights, clock, stores.of(space))?,
            None => Engine::with(self.limits, table, weights, clock),
        };
        if engine.missing_vectors() > 0 {
            embed_in_background(engine.clone(), space);
        }
        Ok(Arc::new(engine))
    }

    fn keeps(&self) -> bool {
        self.stores.is_some()
    }
}

/// Makes vectors of another model again, on a thread of its own that ends with it. Searches go by words meanwhile.
fn embed_in_background(engine: Engine, space: &Space) {
    let (name, all) = (space.to_string(), engine.missing_vectors());
    let embed = move || {
        let progress = |done| tracing::info!(memory = %name, done, all, "vectors are made again");
        engine.embed_missing(progress);
        // Kept sooner or later. Without it they are made again at the next start.
        drop(engine.settled());
    };
    let thread = thread::Builder::new().name("car-memory".to_owned());
    if let Err(error) = thread.spawn(embed) {
        tracing::error!(%error, "vectors of another model stay unused");
    }
}
