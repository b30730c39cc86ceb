//! What waits for the writer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::time::Instant;

use super::{DbError, Queued};

/// When a job that found the queue full may try again.
const RETRY: Duration = Duration::from_millis(50);

/// The queue of the writer, bounded in jobs and bytes.
pub(super) struct Queue {
    jobs: usize,
    bytes: usize,
    state: Mutex<State>,
    /// Whether jobs are refused. Beside the state, because every event of the log looks at it.
    refuses: AtomicBool,
    /// Jobs that wait for the disk, from when they come until they are done.
    urgent: AtomicUsize,
    /// Something came, or the end.
    changed: Condvar,
    /// The writer has ended.
    over: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Queued>,
    bytes: usize,
    /// Why storage takes nothing, while that is so.
    trouble: Option<Arc<str>>,
    file_bytes: Option<u64>,
    /// Until when what waits may be written; set when nothing is taken any more.
    closing: Option<Instant>,
    /// Whether what waits for company is to wait no longer.
    pressed: bool,
    /// Whether the writer will look no more.
    sealed: bool,
    ended: bool,
}

/// What the writer is to do.
pub(super) enum Next {
    /// Write.
    Work,
    /// Write what it has, until then, and end.
    End(Instant),
}

impl Queue {
    pub(super) fn new(jobs: usize, bytes: usize) -> Self {
        Self {
            jobs,
            bytes,
            state: Mutex::default(),
            refuses: AtomicBool::new(false),
            urgent: AtomicUsize::new(0),
            changed: Condvar::new(),
            over: Condvar::new(),
        }
    }

    /// Takes a job if it may be.
    pub(super) fn submit(&self, job: Queued) -> Result<(), DbError> {
        {
            let mut state = self.state.lock();
            state.admits()?;
            let full = state.waiting.len() >= self.jobs
                || (state.bytes > 0 && state.bytes.saturating_add(job.bytes) > self.bytes);
            if full {
                return Err(DbError::Busy { retry: RETRY });
            }
            self.came(&job);
            state.push(job);
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Takes a job in any case, as long as the writer looks: what follows from a job that was taken is done, too.
    pub(super) fn push(&self, job: Queued) {
        {
            let mut state = self.state.lock();
            if !state.sealed {
                self.came(&job);
                state.push(job);
                drop(state);
                self.changed.notify_one();
                return;
            }
        }
        job.job.done(Err(DbError::Closed));
    }

    fn came(&self, job: &Queued) {
        let urgent = usize::from(job.is_urgent());
        self.urgent.fetch_add(urgent, Ordering::Relaxed);
    }

    /// So many jobs that waited for the disk are done.
    pub(super) fn urgent_done(&self, done: usize) {
        self.urgent.fetch_sub(done, Ordering::Relaxed);
    }

    /// Whether a job waits for the disk.
    pub(super) fn hurries(&self) -> bool {
        self.urgent.load(Ordering::Relaxed) > 0
    }

    /// Whether jobs are taken now.
    pub(super) fn admits(&self) -> Result<(), DbError> {
        if self.refuses.load(Ordering::Acquire) {
            return self.state.lock().admits();
        }
        Ok(())
    }

    /// Waits for something to do, for `pause` at most where one is given.
    pub(super) fn wait(&self, pause: Option<Duration>) -> Next {
        let mut state = self.state.lock();
        let until = pause.map(|pause| Instant::now() + pause);
        loop {
            if let Some(deadline) = state.closing {
                return Next::End(deadline);
            }
            match until {
                None if !state.waiting.is_empty() => return Next::Work,
                None => self.changed.wait(&mut state),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Next::Work;
                    }
                    self.changed.wait_for(&mut state, left);
                }
            }
        }
    }

    /// Waits for something to do until then, or until those who wait for company are pressed.
    pub(super) fn lull(&self, until: Instant) -> Next {
        let mut state = self.state.lock();
        loop {
            if let Some(deadline) = state.closing {
                return Next::End(deadline);
            }
            let left = until.saturating_duration_since(Instant::now());
            if state.pressed || left.is_zero() || !state.waiting.is_empty() {
                return Next::Work;
            }
            self.changed.wait_for(&mut state, left);
        }
    }

    /// Has what waits for company written now.
    pub(super) fn press(&self) {
        self.state.lock().pressed = true;
        self.changed.notify_one();
    }

    /// Whether it is; asked by the writer, who has it written.
    pub(super) fn was_pressed(&self) -> bool {
        std::mem::take(&mut self.state.lock().pressed)
    }

    #[cfg(test)]
    pub(super) fn is_pressed(&self) -> bool {
        self.state.lock().pressed
    }

    /// Moves what waits to the end of `jobs`, as long as those are fewer than `limit`.
    pub(super) fn take(&self, jobs: &mut VecDeque<Queued>, limit: usize) {
        let mut state = self.state.lock();
        while jobs.len() < limit
            && let Some(job) = state.waiting.pop_front()
        {
            state.bytes -= job.bytes;
            jobs.push_back(job);
        }
    }

    /// Says why storage takes nothing, or that it does again.
    pub(super) fn set_trouble(&self, trouble: Option<Arc<str>>) {
        let mut state = self.state.lock();
        state.trouble = trouble;
        let refuses = state.trouble.is_some() || state.closing.is_some();
        self.refuses.store(refuses, Ordering::Release);
    }

    pub(super) fn limit_file(&self, bytes: Option<u64>) {
        self.state.lock().file_bytes = bytes;
    }

    pub(super) fn file_limit(&self) -> Option<u64> {
        self.state.lock().file_bytes
    }

    /// Takes nothing any more. What waits may be written for as long as `limit`.
    pub(super) fn close(&self, limit: Duration) {
        {
            let mut state = self.state.lock();
            state.closing.get_or_insert_with(|| Instant::now() + limit);
            self.refuses.store(true, Ordering::Release);
        }
        self.changed.notify_one();
    }

    /// Whether nothing waits, after which nothing is taken.
    pub(super) fn seal(&self) -> bool {
        let mut state = self.state.lock();
        state.sealed = state.waiting.is_empty();
        state.sealed
    }

    /// The writer has ended.
    pub(super) fn ended(&self) {
        self.state.lock().ended = true;
        self.over.notify_all();
    }

    /// Waits for the writer's end; whether it came.
    pub(super) fn wait_ended(&self, limit: Duration) -> bool {
        let mut state = self.state.lock();
        self.over
            .wait_while_for(&mut state, |state| !state.ended, limit);
        state.ended
    }
}

impl State {
    fn admits(&self) -> Result<(), DbError> {
        match &self.trouble {
            _ if self.closing.is_some() => Err(DbError::Closed),
            Some(reason) => Err(DbError::StorageFull {
                reason: Arc::clone(reason),
            }),
            None => Ok(()),
        }
    }

    fn push(&mut self, job: Queued) {
        self.bytes += job.bytes;
        self.waiting.push_back(job);
    }
}
