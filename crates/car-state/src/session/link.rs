use std::sync::Arc;

use parking_lot::RwLock;

use crate::channel::WsChannel;

/// A session's replaceable link to a connection.
#[derive(Debug, Default)]
pub struct Link(RwLock<Option<Arc<WsChannel>>>);

impl Link {
    /// The connection, where there is one.
    #[must_use]
    pub fn channel(&self) -> Option<Arc<WsChannel>> {
        self.0.read().clone()
    }

    /// Links to a connection.
    pub fn attach(&self, channel: &Arc<WsChannel>) {
        *self.0.write() = Some(Arc::clone(channel));
    }

    /// Lets the connection go.
    pub fn detach(&self) {
        self.0.write().take();
    }
}
