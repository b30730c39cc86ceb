//! The one SQLite file that durable stores share.
//!
//! One thread writes. It takes all jobs that wait, up to a bound, and commits them together; what they wrote is as durable
//! as the most demanding of them asked. A few threads read, each with a connection of its own. This module knows no
//! table: whoever owns one keeps its statements, and hands in jobs.
//!
//! When storage fails (a full disk, an I/O error) the jobs are rolled back, kept, and tried again until they succeed;
//! meanwhile new ones are refused at once. A job that failed so is never reported as done.

mod checkpoint;
mod error;
mod file;
mod job;
mod migrations;
mod patient;
mod queue;
mod readers;
#[cfg(test)]
pub(crate) mod tests;
mod writer;

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;
use tokio::time::timeout;

pub use error::DbError;
pub use job::Receipt;
pub(crate) use job::{Job, Queued};
pub use rusqlite;

use crate::log::Durability;
use checkpoint::Checkpoints;
use file::DatabaseFile;
use job::Closure;
use queue::Queue;
use readers::Readers;

/// How long a read may take.
const READ_DEADLINE: Duration = Duration::from_secs(30);
/// How long a look at every page of the file may take.
const CHECK_DEADLINE: Duration = Duration::from_secs(600);

/// Looks at the pages of a database file that need not be open, without changing anything. What is wrong is in the
/// answer, a line each; nothing when all is well. Blocks for as long as that takes.
///
/// # Errors
/// The file cannot be read as a database.
pub fn quick_check(path: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(READ_DEADLINE)?;
    let mut check = connection.prepare("PRAGMA quick_check")?;
    let lines = check.query_map([], |row| row.get(0))?;
    let mut lines = lines.collect::<rusqlite::Result<Vec<String>>>()?;
    lines.retain(|line| line != "ok");
    Ok(lines)
}

/// The bounds of a [`Database`].
#[derive(Clone, Copy, Debug)]
pub struct DatabaseOptions {
    /// Jobs that wait to be written.
    pub jobs: usize,
    /// Bytes of the jobs that wait to be written.
    pub job_bytes: usize,
    /// Reads that wait for a connection.
    pub reads: usize,
    /// Connections that read.
    pub readers: usize,
    /// Pages of the write-ahead log after which it is carried over into the file.
    pub checkpoint_pages: u32,
    /// How large the file may become, in bytes; not bounded where none is given. When it is reached, storage is full.
    pub file_bytes: Option<u64>,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self {
            jobs: 4_096,
            job_bytes: 64 << 20,
            reads: 256,
            readers: 2,
            checkpoint_pages: 4_000,
            file_bytes: None,
        }
    }
}

/// A database. Clones share it; with the last of them it ends by itself once what waits has been written.
#[derive(Clone)]
pub struct Database(Arc<Handle>);

/// Whether somebody waits for the disk to have something.
#[derive(Clone)]
pub struct Urgency(Arc<Queue>);

impl Urgency {
    /// Whether somebody waits now. It takes no lock.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.hurries()
    }
}

impl fmt::Debug for Urgency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Urgency").field(&self.is_there()).finish()
    }
}

struct Handle {
    path: PathBuf,
    queue: Arc<Queue>,
    readers: Arc<Readers>,
    #[cfg(test)]
    checkpoints: Arc<Checkpoints>,
}

impl Database {
    /// The name of the file below the root.
    pub const FILE: &str = "car.db";

    /// Opens the database below `root`, which is created with mode 0700 if need be, and brings it to the form of this
    /// version. Blocks, and starts the threads.
    ///
    /// # Errors
    /// [`DbError`] says what is wrong with the file.
    pub fn open(root: &Path, options: DatabaseOptions) -> Result<Self, DbError> {
        let file = Arc::new(DatabaseFile::claim(root)?);
        let mut connection = file.connect()?;
        let checkpoints = Arc::new(Checkpoints::new(options.checkpoint_pages));
        migrations::migrate(&mut connection, file.path())?;
        let queue = Arc::new(Queue::new(options.jobs, options.job_bytes));
        queue.limit_file(options.file_bytes);
        let readers = Arc::new(Readers::new(Arc::clone(&file), options.reads));
        checkpoints.watch(&mut connection)?;
        let mut threads = readers.start(options.readers.max(1))?;
        threads.push(checkpoints.start(&file)?);
        writer::start(
            connection,
            file.clone(),
            Arc::clone(&queue),
            Arc::clone(&checkpoints),
            threads,
        )?;
        Ok(Self(Arc::new(Handle {
            path: file.path().to_owned(),
            queue,
            readers,
            #[cfg(test)]
            checkpoints,
        })))
    }

    /// Waits until the write-ahead log is not being carried over.
    #[cfg(test)]
    pub(crate) fn wait_for_checkpoint(&self) {
        self.0.checkpoints.wait_idle();
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Has `job` run in a transaction, after all that was submitted so before it. The receipt is ready when it is committed
    /// and as durable as demanded. A job runs again when its transaction could not be committed; it must do the same
    /// then. `bytes` is about what it holds in memory meanwhile.
    ///
    /// # Errors
    /// [`DbError::StorageFull`], [`DbError::Busy`] and [`DbError::Closed`]: the job was not taken. Errors of the job
    /// itself are in the receipt.
    pub fn submit<T: Send + 'static>(
        &self,
        durability: Durability,
        bytes: usize,
        job: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Receipt<T>, DbError> {
        let (closure, receipt) = Closure::new(job);
        let job = Queued::new(durability, bytes, Box::new(closure));
        self.0.queue.submit(job)?;
        Ok(receipt)
    }

    /// Takes a job in any case; its owner bounds how many there are. After the end it is told so.
    pub(crate) fn submit_anyway(&self, durability: Durability, job: Box<dyn Job>) {
        self.0.queue.push(Queued::new(durability, 0, job));
    }

    /// Whether a job waits for the disk, so that nobody should make its transaction longer than need be.
    pub(crate) fn hurries(&self) -> bool {
        self.0.queue.hurries()
    }

    /// Has what waits for company written now.
    pub(crate) fn press(&self) {
        self.0.queue.press();
    }

    #[cfg(test)]
    pub(crate) fn is_pressed(&self) -> bool {
        self.0.queue.is_pressed()
    }

    /// Tells whether somebody waits for the disk. It keeps nothing open.
    #[must_use]
    pub fn urgency(&self) -> Urgency {
        Urgency(Arc::clone(&self.0.queue))
    }

    /// Whether storage takes jobs now.
    ///
    /// # Errors
    /// [`DbError::StorageFull`], [`DbError::Closed`].
    pub fn admits(&self) -> Result<(), DbError> {
        self.0.queue.admits()
    }

    /// Reads: `look` sees one state of everything, and all whose receipt is ready.
    ///
    /// # Errors
    /// In the future: [`DbError::Busy`] when too many reads wait, [`DbError::Deadline`] after 30 s, and what `look` says.
    pub fn read<T, F>(
        &self,
        look: F,
    ) -> impl Future<Output = Result<T, DbError>> + Send + 'static + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.read_within(READ_DEADLINE, look)
    }

    fn read_within<T, F>(
        &self,
        limit: Duration,
        look: F,
    ) -> impl Future<Output = Result<T, DbError>> + Send + 'static + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let asked = self.0.readers.ask(limit, move |connection| {
            // Nobody waits any more.
            if tell.is_closed() {
                return;
            }
            let _ =
                tell.send(connection.and_then(|connection| readers::snapshot(connection, look)));
        });
        async move {
            asked?;
            match timeout(limit, told).await {
                Ok(told) => told.unwrap_or(Err(DbError::Closed)),
                Err(_) => Err(DbError::Deadline),
            }
        }
    }

    /// Looks at every page of the file. What is wrong is in the answer, a line each; nothing when all is well.
    pub fn integrity_check(
        &self,
    ) -> impl Future<Output = Result<Vec<String>, DbError>> + Send + 'static + use<> {
        let check = self.read_within(CHECK_DEADLINE, |connection| {
            let mut check = connection.prepare("PRAGMA integrity_check")?;
            let lines = check.query_map([], |row| row.get(0))?;
            lines.collect::<rusqlite::Result<Vec<String>>>()
        });
        async move {
            let mut lines = check.await?;
            lines.retain(|line| line != "ok");
            Ok(lines)
        }
    }

    /// Sets how large the file may become, in bytes.
    pub fn limit_file(&self, bytes: Option<u64>) {
        self.0.queue.limit_file(bytes);
    }

    /// Writes what waits and ends; nothing is taken any more. Blocks for `limit` at most.
    ///
    /// # Errors
    /// [`DbError::Deadline`] when that is not done in time.
    pub fn close(&self, limit: Duration) -> Result<(), DbError> {
        self.0.readers.close();
        self.0.queue.close(limit);
        if self.0.queue.wait_ended(limit) {
            Ok(())
        } else {
            Err(DbError::Deadline)
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.readers.close();
        self.queue.close(writer::LAST_TRIES);
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("path", &self.0.path)
            .finish_non_exhaustive()
    }
}
