//! Whether the daemon runs, how many connections it has, and how it stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The life of one daemon.
#[derive(Debug)]
pub(crate) struct Life {
    connections: AtomicUsize,
    /// Beside the token, because every request looks at it.
    stopping: AtomicBool,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Life {
    /// A life that ends no later than `stop` is cancelled.
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self {
            connections: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            stop,
            tasks: TaskTracker::new(),
        }
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Counts a connection for as long as the answer lives.
    pub(crate) fn connect(self: &Arc<Self>) -> Connected {
        if self.stop.is_cancelled() {
            self.stop();
        }
        self.connections.fetch_add(1, Ordering::Relaxed);
        Connected(Arc::clone(self))
    }

    /// Begins to stop: no new calls, those under way may end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.stop.cancel();
    }

    /// Ready when the daemon begins to stop. Whoever cancels the token itself, as a signal does, stops it just the same.
    pub(crate) async fn stopping(&self) {
        self.stop.cancelled().await;
        self.stop();
    }

    /// Whether the daemon is about to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Cancelled when the daemon begins to stop.
    pub(crate) fn stop_token(&self) -> &CancellationToken {
        &self.stop
    }

    /// The tasks that serve connections.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }
}

/// A connection that is counted while this lives.
#[derive(Debug)]
pub(crate) struct Connected(Arc<Life>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
