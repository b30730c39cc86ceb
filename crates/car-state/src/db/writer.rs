//! The one who writes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::Instant;

use super::DbError;
use super::checkpoint::Checkpoints;
use super::file::DatabaseFile;
use super::job::{Fault, Queued};
use super::patient::Patient;
use super::queue::{Next, Queue};
use crate::log::Durability;

/// Jobs of one transaction.
const BATCH: usize = 1_024;
/// Bytes of the jobs of one transaction.
const BATCH_BYTES: usize = 16 << 20;
/// SQLite's own bound of a file, in pages.
const MOST_PAGES: u64 = 0xffff_fffe;
/// How soon a transaction that failed is tried again; twice as late each time, up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long a database that nobody holds any more tries to write what waits.
pub(super) const LAST_TRIES: Duration = Duration::from_secs(10);

/// Starts the thread that writes. When it ends, the others have ended before it.
pub(super) fn start(
    connection: Connection,
    file: Arc<DatabaseFile>,
    queue: Arc<Queue>,
    checkpoints: Arc<Checkpoints>,
    others: Vec<JoinHandle<()>>,
) -> Result<(), DbError> {
    let path = file.path().to_owned();
    let writer = Writer {
        connection: Some(connection),
        durability: None,
        file_limit: None,
        file,
        queue,
        checkpoints,
        jobs: VecDeque::new(),
        patient: Patient::default(),
    };
    std::thread::Builder::new()
        .name("car-db-write".to_owned())
        .spawn(move || writer.run(others))
        .map(drop)
        .map_err(|error| DbError::open(path, error))
}

struct Writer {
    /// None after an I/O error: whatever it remembers of the file may be wrong.
    connection: Option<Connection>,
    /// What its commits survive, where that is set.
    durability: Option<Durability>,
    /// How large the file may become, where that is set.
    file_limit: Option<Option<u64>>,
    file: Arc<DatabaseFile>,
    queue: Arc<Queue>,
    checkpoints: Arc<Checkpoints>,
    /// What is to be written next.
    jobs: VecDeque<Queued>,
    /// What is to be written later.
    patient: Patient,
}

impl Writer {
    fn run(mut self, others: Vec<JoinHandle<()>>) {
        let mut pause = None;
        loop {
            let next = match self.patient.due() {
                Some(due) if pause.is_none() => self.queue.lull(due),
                _ => self.queue.wait(pause),
            };
            let known = self.jobs.len();
            let limit = if pause.is_some() { usize::MAX } else { BATCH };
            self.queue.take(&mut self.jobs, limit);
            self.patient.hold(&mut self.jobs, known);
            let all = self.queue.was_pressed() || matches!(next, Next::End(_));
            self.patient.release(&mut self.jobs, all);
            let written = self.write();
            match (&written, next) {
                (Ok(()), Next::Work) => {
                    if pause.take().is_some_and(|pause| !pause.is_zero()) {
                        tracing::info!("storage takes everything again");
                        self.queue.set_trouble(None);
                    }
                    // What is left of more than one transaction does not wait for something to come.
                    if !self.jobs.is_empty() {
                        pause = Some(Duration::ZERO);
                    }
                }
                (Ok(()), Next::End(_)) => {
                    if self.jobs.is_empty() && self.queue.seal() {
                        break;
                    }
                }
                (Err(error), next) => {
                    pause = Some(self.delay(error, pause));
                    if let Next::End(deadline) = next {
                        if Instant::now() >= deadline {
                            break;
                        }
                        std::thread::sleep(FIRST_PAUSE);
                    }
                }
            }
        }
        self.give_up();
        self.checkpoints.close();
        for other in others {
            let _ = other.join();
        }
        // The last connection carries the write-ahead log over into the file.
        drop(self.connection);
        drop(self.file);
        self.queue.ended();
    }

    /// Notes that storage fails, tells all who wait, and says when to try again.
    fn delay(&mut self, error: &DbError, pause: Option<Duration>) -> Duration {
        let reason: Arc<str> = error.to_string().into();
        if pause.is_none_or(|pause| pause.is_zero()) {
            tracing::error!(%reason, "storage takes nothing; what waits is tried again");
        }
        let error = match error {
            DbError::StorageFull { .. } => error.clone(),
            _ => DbError::StorageFull {
                reason: Arc::clone(&reason),
            },
        };
        // In this order nobody can come between: who came before is told here, who comes later is refused.
        self.queue.set_trouble(Some(reason));
        self.queue.take(&mut self.jobs, usize::MAX);
        self.patient.release(&mut self.jobs, true);
        for job in &mut self.jobs {
            job.delayed(&error);
        }
        pause.map_or(FIRST_PAUSE, |pause| {
            (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE)
        })
    }

    /// Nobody waits any longer.
    fn give_up(&mut self) {
        while !(self.jobs.is_empty() && self.queue.seal()) {
            self.queue.take(&mut self.jobs, usize::MAX);
            tracing::error!(
                jobs = self.jobs.len(),
                "storage failed to the end: what was never acknowledged is lost"
            );
            for job in self.jobs.drain(..) {
                job.job.done(Err(DbError::Closed));
            }
        }
    }

    /// Writes the first of the jobs in one transaction. When that fails nothing of it is written, and all are kept.
    fn write(&mut self) -> Result<(), DbError> {
        let (count, durability) = self.batch();
        if count == 0 {
            return Ok(());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                (self.durability, self.file_limit) = (None, None);
                let mut connection = self.file.connect()?;
                self.checkpoints.watch(&mut connection)?;
                connection
            }
        };
        let transaction = self.transact(&mut connection, count, durability);
        if transaction.is_err() && !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        match transaction {
            Ok(refused) => {
                self.settle(count, refused);
                self.checkpoints.finish(&connection, self.queue.hurries());
                self.connection = Some(connection);
                Ok(())
            }
            Err(fault) => {
                // A full disk is no reason to forget what is known of the file.
                let code = fault.sqlite_error_code();
                let full = code == Some(rusqlite::ErrorCode::DiskFull);
                self.connection = (full && connection.is_autocommit()).then_some(connection);
                Err(fault.into())
            }
        }
    }

    /// How many of the jobs make the next transaction, and what they demand.
    fn batch(&self) -> (usize, Durability) {
        let (mut count, mut bytes, mut durability) = (0, 0_usize, Durability::Os);
        let mut urgent = 0;
        for job in self.jobs.iter().take(BATCH) {
            bytes = bytes.saturating_add(job.bytes);
            if count > 0 && bytes > BATCH_BYTES {
                break;
            }
            count += 1;
            durability = durability.max(job.durability);
            if job.is_urgent() {
                urgent = count;
            }
        }
        // Who waits for the disk does not wait for what came later as well.
        let count = if urgent > 0 { urgent } else { count };
        (count, durability)
    }

    /// Runs so many jobs and commits; answers those that failed by themselves.
    fn transact(
        &mut self,
        connection: &mut Connection,
        count: usize,
        durability: Durability,
    ) -> rusqlite::Result<Vec<(usize, DbError)>> {
        self.set_durability(connection, durability)?;
        self.set_file_limit(connection)?;
        let mut refused = Vec::new();
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for (index, job) in self.jobs.iter_mut().take(count).enumerate() {
            connection.prepare_cached("SAVEPOINT job")?.execute([])?;
            match job.run(connection) {
                Ok(()) => {}
                Err(Fault::Storage(error)) => return Err(error),
                Err(Fault::Job(error)) => {
                    connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
                    refused.push((index, error));
                }
            }
            connection.prepare_cached("RELEASE job")?.execute([])?;
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(refused)
    }

    /// Tells the jobs of a committed transaction, those first that waited for the disk: what the others tell may wake
    /// everyone who listens, and whoever waits for a decision would come after them all.
    fn settle(&mut self, count: usize, refused: Vec<(usize, DbError)>) {
        let mut refused = refused.into_iter().peekable();
        let (mut urgent, mut later) = (0, Vec::new());
        for (index, job) in self.jobs.drain(..count).enumerate() {
            let outcome = match refused.next_if(|(refused, _)| *refused == index) {
                Some((_, error)) => Err(error),
                None => Ok(()),
            };
            if job.is_urgent() {
                urgent += 1;
                job.job.done(outcome);
            } else {
                later.push((job, outcome));
            }
        }
        self.queue.urgent_done(urgent);
        for (job, outcome) in later {
            job.job.done(outcome);
        }
    }

    /// In WAL mode, NORMAL leaves a commit to the system's cache and FULL waits for the disk.
    fn set_durability(
        &mut self,
        connection: &Connection,
        durability: Durability,
    ) -> rusqlite::Result<()> {
        if self.durability != Some(durability) {
            let word = match durability {
                Durability::Fsync => "FULL",
                Durability::Os | Durability::Memory => "NORMAL",
            };
            connection.pragma_update(None, "synchronous", word)?;
            self.durability = Some(durability);
        }
        Ok(())
    }

    fn set_file_limit(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let wanted = self.queue.file_limit();
        if self.file_limit != Some(wanted) {
            let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let pages = wanted.map_or(MOST_PAGES, |bytes| (bytes / page.max(1)).max(1));
            connection.pragma_update_and_check(
                None,
                "max_page_count",
                pages.min(MOST_PAGES),
                |_| Ok(()),
            )?;
            self.file_limit = Some(wanted);
        }
        Ok(())
    }
}
