use std::collections::HashMap;

use parking_lot::RwLock;

use super::{LogError, StreamName};

/// How many streams are kept at once.
const MAX_STREAMS: usize = 100_000;

/// The streams of a log, by name.
#[derive(Debug)]
pub(super) struct Streams<S>(RwLock<HashMap<StreamName, S>>);

impl<S> Default for Streams<S> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<S: Clone> Streams<S> {
    pub(super) fn get(&self, name: &StreamName) -> Option<S> {
        self.0.read().get(name).cloned()
    }

    /// The stream of this name; `make` makes it where there is none.
    pub(super) fn get_or_make(
        &self,
        name: &StreamName,
        make: impl FnOnce() -> S,
    ) -> Result<S, LogError> {
        if let Some(stream) = self.get(name) {
            return Ok(stream);
        }
        let mut streams = self.0.write();
        if streams.len() >= MAX_STREAMS && !streams.contains_key(name) {
            return Err(LogError::TooManyStreams { limit: MAX_STREAMS });
        }
        Ok(streams.entry(name.clone()).or_insert_with(make).clone())
    }

    pub(super) fn remove(&self, name: &StreamName) -> Option<S> {
        self.0.write().remove(name)
    }

    pub(super) fn len(&self) -> usize {
        self.0.read().len()
    }

    pub(super) fn names(&self) -> Vec<StreamName> {
        self.0.read().keys().cloned().collect()
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn all(&self) -> Vec<S> {
        self.0.read().values().cloned().collect()
    }
}
