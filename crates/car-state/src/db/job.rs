use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;
use tokio::task::unconstrained;
use tokio::time::Instant;

use super::DbError;
use super::error::is_storage;
use crate::log::Durability;

/// Something to be written.
pub(crate) trait Job: Send {
    /// Writes, in a transaction. It may be asked again, when the transaction could not be committed.
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;

    /// How long it may wait for company. Nobody waits for it then, and what is submitted after it is done before it.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether the job, which failed so, is to be tried again later, and everything of its transaction with it.
    fn keeps(&self, error: &rusqlite::Error) -> bool {
        is_storage(error)
    }

    /// It is not done because storage fails, and will be tried again. Said once.
    fn delayed(&mut self, error: &DbError);

    /// It is committed and as durable as demanded, or it will not be tried again.
    fn done(self: Box<Self>, outcome: Result<(), DbError>);
}

/// A job in the queue.
pub(crate) struct Queued {
    pub(super) durability: Durability,
    pub(super) bytes: usize,
    pub(super) job: Box<dyn Job>,
    /// Whether it was told that storage fails.
    pub(super) told: bool,
}

impl Queued {
    pub(crate) fn new(durability: Durability, bytes: usize, job: Box<dyn Job>) -> Self {
        Self {
            durability,
            bytes,
            job,
            told: false,
        }
    }

    /// Whether somebody waits for the disk to have it.
    pub(super) fn is_urgent(&self) -> bool {
        self.durability == Durability::Fsync
    }

    /// Runs the job; a panic is an error of its own.
    pub(super) fn run(&mut self, connection: &Connection) -> Result<(), Fault> {
        match catch_unwind(AssertUnwindSafe(|| self.job.run(connection))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if self.job.keeps(&error) => Err(Fault::Storage(error)),
            Ok(Err(error)) => Err(Fault::Job(error.into())),
            Err(_) => Err(Fault::Job(DbError::Panicked)),
        }
    }

    pub(super) fn delayed(&mut self, error: &DbError) {
        if !self.told {
            self.told = true;
            self.job.delayed(error);
        }
    }
}

/// Why a job failed.
pub(super) enum Fault {
    /// Nothing can be written.
    Storage(rusqlite::Error),
    /// This one cannot be.
    Job(DbError),
}

/// Ready when a job is done. Dropping it changes nothing for the job.
///
/// [`DbError::StorageFull`] says that the job is not done yet: it is tried again until storage takes it, or the database
/// is closed.
#[derive(Debug)]
pub struct Receipt<T>(oneshot::Receiver<Result<T, DbError>>);

impl<T> Future for Receipt<T> {
    type Output = Result<T, DbError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let told = Pin::new(&mut self.0).poll(cx);
        told.map(|told| told.unwrap_or(Err(DbError::Closed)))
    }
}

impl<T> Receipt<T> {
    /// Blocks until the job is done, for `limit` at most.
    ///
    /// # Errors
    /// [`DbError::Deadline`], and what the receipt says.
    pub(crate) fn wait(self, limit: Duration) -> Result<T, DbError> {
        // A task that has used its turn up is not to believe that there is nothing yet: its turn ends here at last.
        let mut told = pin!(unconstrained(self));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut cx = Context::from_waker(&waker);
        let deadline = Instant::now() + limit;
        loop {
            if let Poll::Ready(told) = told.as_mut().poll(&mut cx) {
                return told;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(DbError::Deadline);
            }
            thread::park_timeout(left);
        }
    }
}

/// Wakes a thread that waits for a receipt.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A job made of a function, whose result goes to a receipt.
pub(super) struct Closure<F, T> {
    run: F,
    result: Option<T>,
    tell: Option<oneshot::Sender<Result<T, DbError>>>,
}

impl<F, T> Closure<F, T> {
    pub(super) fn new(run: F) -> (Self, Receipt<T>) {
        let (tell, told) = oneshot::channel();
        let closure = Self {
            run,
            result: None,
            tell: Some(tell),
        };
        (closure, Receipt(told))
    }

    fn tell(&mut self, outcome: Result<T, DbError>) {
        if let Some(tell) = self.tell.take() {
            let _ = tell.send(outcome);
        }
    }
}

impl<F, T: Send> Job for Closure<F, T>
where
    F: FnMut(&Connection) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.result = Some((self.run)(connection)?);
        Ok(())
    }

    fn delayed(&mut self, error: &DbError) {
        self.tell(Err(error.clone()));
    }

    fn done(mut self: Box<Self>, outcome: Result<(), DbError>) {
        let result = self.result.take();
        let outcome = outcome.and_then(|()| result.ok_or(DbError::Closed));
        self.tell(outcome);
    }
}
