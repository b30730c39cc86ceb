use std::collections::HashMap;
use std::sync::Weak;

use parking_lot::{Mutex, RwLock};

use super::{LogError, NameListener, StreamName};

/// How many streams are kept at once.
const MAX_STREAMS: usize = 100_000;

/// The streams of a log, by name.
#[derive(Debug)]
pub(super) struct Streams<S> {
    streams: RwLock<HashMap<StreamName, S>>,
    /// Who wants to know of new ones.
    listeners: Mutex<Vec<Weak<dyn NameListener>>>,
}

impl<S> Default for Streams<S> {
    fn default() -> Self {
        Self {
            streams: RwLock::default(),
            listeners: Mutex::default(),
        }
    }
}

impl<S: Clone> Streams<S> {
    pub(super) fn get(&self, name: &StreamName) -> Option<S> {
        self.streams.read().get(name).cloned()
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
        let (stream, new) = {
            let mut streams = self.streams.write();
            let new = !streams.contains_key(name);
            if new && streams.len() >= MAX_STREAMS {
                return Err(LogError::TooManyStreams { limit: MAX_STREAMS });
            }
            let stream = streams.entry(name.clone()).or_insert_with(make).clone();
            (stream, new)
        };
        if new {
            self.tell(name);
        }
        Ok(stream)
    }

    /// Tells `listener` of every stream that is made from now on, for as long as it lives.
    pub(super) fn listen(&self, listener: Weak<dyn NameListener>) {
        self.listeners.lock().push(listener);
    }

    fn tell(&self, name: &StreamName) {
        let listeners: Vec<_> = {
            let mut listeners = self.listeners.lock();
            listeners.retain(|listener| listener.strong_count() > 0);
            listeners.iter().filter_map(Weak::upgrade).collect()
        };
        for listener in listeners {
            listener.appeared(name);
        }
    }

    pub(super) fn remove(&self, name: &StreamName) -> Option<S> {
        self.streams.write().remove(name)
    }

    pub(super) fn len(&self) -> usize {
        self.streams.read().len()
    }

    pub(super) fn names(&self) -> Vec<StreamName> {
        self.streams.read().keys().cloned().collect()
    }

    pub(super) fn all(&self) -> Vec<S> {
        self.streams.read().values().cloned().collect()
    }
}
