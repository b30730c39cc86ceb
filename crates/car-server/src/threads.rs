//! The threads that serve connections.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// Threads with a runtime each. A connection stays on the thread it was given, which alone watches its socket, runs its
/// calls and keeps its timers: no frame has to wake a second thread, and none moves between caches.
///
/// Dropping it ends the threads; what they serve is dropped with them.
pub struct Threads {
    threads: Vec<Thread>,
    stop: CancellationToken,
}

struct Thread {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
}

/// A connection's place on a thread, counted while this lives.
pub(crate) struct Place {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
}

impl Threads {
    /// Starts one thread for each processor.
    ///
    /// # Errors
    /// The system gives no more threads or descriptors.
    pub fn start() -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::start_so_many(count)
    }

    /// Starts so many threads, at least one.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_so_many(count: usize) -> io::Result<Self> {
        let mut this = Self {
            threads: Vec::new(),
            stop: CancellationToken::new(),
        };
        for number in 0..count.max(1) {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            this.threads.push(Thread {
                runtime: runtime.handle().clone(),
                connections: Arc::default(),
            });
            let stop = this.stop.clone();
            thread::Builder::new()
                .name(format!("connections-{number}"))
                .spawn(move || {
                    runtime.block_on(stop.cancelled());
                    // What still blocks a thread has had its time.
                    runtime.shutdown_background();
                })?;
        }
        Ok(this)
    }

    /// A place on the thread that has the fewest connections.
    pub(crate) fn place(&self) -> Option<Place> {
        let load = |thread: &&Thread| thread.connections.load(Ordering::Relaxed);
        let thread = self.threads.iter().min_by_key(load)?;
        thread.connections.fetch_add(1, Ordering::Relaxed);
        Some(Place {
            runtime: thread.runtime.clone(),
            connections: Arc::clone(&thread.connections),
        })
    }
}

impl Place {
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads")
            .field("threads", &self.threads.len())
            .finish_non_exhaustive()
    }
}
