use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::RwLock;

use super::ClientSession;
use crate::identity::SessionId;

/// The live sessions, by id. It does not keep them alive.
#[derive(Debug, Default)]
pub struct SessionRegistry(RwLock<HashMap<SessionId, Weak<ClientSession>>>);

impl SessionRegistry {
    pub(crate) fn add(&self, session: &Arc<ClientSession>) {
        self.0
            .write()
            .insert(session.id().clone(), Arc::downgrade(session));
    }

    pub(crate) fn remove(&self, id: &SessionId) {
        self.0.write().remove(id);
    }

    /// The session with this id.
    #[must_use]
    pub fn get(&self, id: &SessionId) -> Option<Arc<ClientSession>> {
        self.0.read().get(id)?.upgrade()
    }

    /// All live sessions.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<ClientSession>> {
        self.0.read().values().filter_map(Weak::upgrade).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.read().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
