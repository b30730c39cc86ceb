//! Those who read: a few threads, each with a connection of its own, which it opens when it first needs one.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use tokio::time::Instant;

use super::DbError;
use super::file::DatabaseFile;

/// When a read that found the queue full may try again.
const RETRY: Duration = Duration::from_millis(50);
/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 20_000;

type Look = Box<dyn FnOnce(Result<&Connection, DbError>) + Send>;

/// The queue of those who read.
pub(super) struct Readers {
    file: Arc<DatabaseFile>,
    limit: usize,
    waiting: Mutex<Waiting>,
    changed: Condvar,
    closing: Arc<AtomicBool>,
}

#[derive(Default)]
struct Waiting {
    looks: VecDeque<(Instant, Look)>,
    closed: bool,
}

/// One state of everything: what `look` reads belongs together.
pub(super) fn snapshot<T>(
    connection: &Connection,
    look: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, DbError> {
    let transaction = connection.unchecked_transaction()?;
    Ok(look(&transaction)?)
}

impl Readers {
    pub(super) fn new(file: Arc<DatabaseFile>, limit: usize) -> Self {
        Self {
            file,
            limit,
            waiting: Mutex::default(),
            changed: Condvar::new(),
            closing: Arc::default(),
        }
    }

    /// Starts so many threads.
    pub(super) fn start(self: &Arc<Self>, threads: usize) -> Result<Vec<JoinHandle<()>>, DbError> {
        let start = |n: usize| {
            let readers = Arc::clone(self);
            std::thread::Builder::new()
                .name(format!("car-db-read-{n}"))
                .spawn(move || readers.run())
                .map_err(|error| DbError::open(self.file.path(), error))
        };
        (1..=threads).map(start).collect()
    }

    /// Has a thread call `look`, which is stopped when it takes longer than `limit`.
    pub(super) fn ask(
        &self,
        limit: Duration,
        look: impl FnOnce(Result<&Connection, DbError>) + Send + 'static,
    ) -> Result<(), DbError> {
        {
            let mut waiting = self.waiting.lock();
            if waiting.closed {
                return Err(DbError::Closed);
            }
            if waiting.looks.len() >= self.limit {
                return Err(DbError::Busy { retry: RETRY });
            }
            let until = Instant::now() + limit;
            waiting.looks.push_back((until, Box::new(look)));
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Ends the threads; looks that wait, or are under way, fail.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        let dropped = {
            let mut waiting = self.waiting.lock();
            waiting.closed = true;
            std::mem::take(&mut waiting.looks)
        };
        self.changed.notify_all();
        for (_, look) in dropped {
            look(Err(DbError::Closed));
        }
    }

    fn next(&self) -> Option<(Instant, Look)> {
        let mut waiting = self.waiting.lock();
        loop {
            if let Some(next) = waiting.looks.pop_front() {
                return Some(next);
            }
            if waiting.closed {
                return None;
            }
            self.changed.wait(&mut waiting);
        }
    }

    fn run(&self) {
        let until = Arc::new(Mutex::new(Instant::now()));
        let mut open = None;
        while let Some((deadline, look)) = self.next() {
            *until.lock() = deadline;
            let connection = match open.take() {
                Some(connection) => Ok(connection),
                None => self.connect(&until),
            };
            match connection {
                Ok(connection) => {
                    // Who panics has no answer; the thread goes on with another connection.
                    let looked = catch_unwind(AssertUnwindSafe(|| look(Ok(&connection))));
                    open = looked.is_ok().then_some(connection);
                }
                Err(error) => look(Err(error.into())),
            }
        }
    }

    fn connect(&self, until: &Arc<Mutex<Instant>>) -> rusqlite::Result<Connection> {
        let mut connection = self.file.connect_to_read()?;
        let (until, closing) = (Arc::clone(until), Arc::clone(&self.closing));
        let too_long = move || closing.load(Ordering::Acquire) || *until.lock() < Instant::now();
        connection.progress_handler(STEPS, Some(too_long))?;
        Ok(connection)
    }
}
