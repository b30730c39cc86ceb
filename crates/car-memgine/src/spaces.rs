//! The memories of a daemon.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

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
            let (name, all) = (space.to_string(), engine.missing_vectors());
            let progress =
                move |done| tracing::info!(memory = %name, done, all, "vectors are made again");
            if let Err(error) = embed_in_background(engine.clone(), progress) {
                tracing::error!(%error, "vectors of another model stay unused");
            }
        }
        Ok(Arc::new(engine))
    }

    fn keeps(&self) -> bool {
        self.stores.is_some()
    }
}

/// Makes vectors of another model again, on a thread of its own that ends with it. Searches go by words meanwhile.
/// `progress` hears after each step how many there are.
fn embed_in_background(
    engine: Engine,
    progress: impl Fn(u64) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let embed = move || {
        engine.embed_missing(progress);
        // Kept sooner or later. Without it they are made again at the next start.
        drop(engine.settled());
    };
    let thread = thread::Builder::new().name("car-memory".to_owned());
    thread.spawn(embed)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use car_protocol::Timestamp;
    use car_state::clock::FixedClock;
    use car_state::db::{Database, DatabaseOptions};
    use car_state::memgine::{Details, NewFact};

    use super::*;
    use crate::embedder::{Embedder, ModelId};

    /// A model that says the same of everything.
    #[derive(Debug)]
    struct Former;

    impl Embedder for Former {
        fn model(&self) -> ModelId {
            ModelId("former/1".to_owned())
        }

        fn dimension(&self) -> usize {
            3
        }

        fn embed(&self, _: &str) -> Vec<f32> {
            vec![1.0; 3]
        }
    }

    #[test]
    fn vectors_of_a_former_model_are_made_again_in_the_background_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path(), DatabaseOptions::default()).unwrap();
        let open = |embedder: Arc<dyn Embedder>| {
            let clock = Arc::new(FixedClock(Timestamp::UNIX_EPOCH));
            let store = FactStores::of(&database, &Space::Shared);
            let weights = Weights::default();
            Engine::open(Limits::default(), embedder, weights, clock, store).unwrap()
        };
        let settle = |engine: &Engine| {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.unwrap().block_on(engine.settled()).unwrap();
        };
        let former = open(Arc::new(Former));
        for number in 0..600 {
            let fact = NewFact {
                subject: "ferry".to_owned(),
                body: format!("leaves pier {number}"),
                kind: "pattern".to_owned(),
                at: Timestamp::UNIX_EPOCH,
                source: "test".to_owned(),
            };
            former.add(fact, Details::default()).unwrap();
        }
        settle(&former);
        drop(former);
        let engine = open(Arc::new(WordTable));
        assert_eq!(engine.missing_vectors(), 600);
        let before = engine.search("when does the boat go", 1);
        assert!(before.iter().all(|found| found.score.dense == 0.0));
        let (tell, told) = mpsc::channel();
        let progress = move |done| tell.send(done).unwrap();
        let thread = embed_in_background(engine.clone(), progress).unwrap();
        thread.join().unwrap();
        assert_eq!(told.iter().collect::<Vec<_>>(), [256, 512, 600]);
        assert_eq!(engine.missing_vectors(), 0);
        assert!(engine.search("when does the boat go", 1)[0].score.dense > 0.0);
        settle(&engine);
        drop(engine);
        assert_eq!(open(Arc::new(WordTable)).missing_vectors(), 0);
        database.close(Duration::from_secs(30)).unwrap();
    }
}
