//! Carries the write-ahead log over into the file, beside the writer: whoever waits for a commit does not wait for it.
//!
//! While somebody writes, what is carried over is never all there is, and only a log of which all is carried over begins
//! at its start again. So the thread here carries over the bulk, and the writer the little that came meanwhile, when nobody
//! waits for the disk.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, DEFAULT_NAME};

use super::DbError;
use super::file::DatabaseFile;

/// How many times as long the log may become while it is carried over.
const TOO_LONG: u32 = 3;
/// How long the writer waits at a commit for a log that is too long.
const LONGEST: Duration = Duration::from_secs(10);

/// What is between the writer and the thread.
#[derive(Debug)]
pub(super) struct Checkpoints {
    /// Pages of the log after which it is carried over.
    pages: u32,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Pages of the log as of the last commit.
    pages: u32,
    /// Pages from which on it is carried over next.
    due: u32,
    phase: Phase,
    closed: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Idle,
    /// The thread carries it over, or is about to.
    Carrying,
    /// The thread has, and the rest is the writer's.
    Carried,
}

impl Checkpoints {
    pub(super) fn new(pages: u32) -> Self {
        let state = State {
            pages: 0,
            due: pages,
            phase: Phase::Idle,
            closed: false,
        };
        Self {
            pages,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Starts the thread.
    pub(super) fn start(
        self: &Arc<Self>,
        file: &Arc<DatabaseFile>,
    ) -> Result<JoinHandle<()>, DbError> {
        let (checkpoints, own) = (Arc::clone(self), Arc::clone(file));
        std::thread::Builder::new()
            .name("car-db-carry".to_owned())
            .spawn(move || checkpoints.run(&own))
            .map_err(|error| DbError::open(file.path(), error))
    }

    /// Looks at each commit of this connection from now on.
    pub(super) fn watch(self: &Arc<Self>, connection: &mut Connection) -> Result<(), DbError> {
        let checkpoints = Arc::clone(self);
        let hook = move |_: &mut _, pages| {
            checkpoints.committed(u32::try_from(pages).unwrap_or_default());
            Ok(())
        };
        Ok(connection.wal_hook(Some(hook))?)
    }

    /// The log has so many pages now.
    fn committed(&self, pages: u32) {
        let mut state = self.state.lock();
        if pages < state.pages {
            // It began at its start again.
            state.due = self.pages;
        }
        state.pages = pages;
        if state.phase == Phase::Idle && pages >= state.due {
            state.phase = Phase::Carrying;
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Carries over what is left, in the thread of the writer, where the bulk is. It is put off while somebody is in a
    /// `hurry`, until the log has become too long: then it waits for the bulk as well, so that nobody writes faster than
    /// the log is carried over.
    pub(super) fn finish(&self, connection: &Connection, hurry: bool) {
        {
            let mut state = self.state.lock();
            let most = state
                .due
                .saturating_add(self.pages.saturating_mul(TOO_LONG));
            let too_long = state.pages >= most;
            while too_long && state.phase == Phase::Carrying {
                if self.changed.wait_for(&mut state, LONGEST).timed_out() {
                    tracing::warn!("the write-ahead log is carried over slowly, and grows");
                    return;
                }
            }
            if state.phase != Phase::Carried || (hurry && !too_long) {
                return;
            }
        }
        carry_over(connection);
        let mut state = self.state.lock();
        // Where somebody reads an old state the log goes on, and is looked at again when there is more of it.
        state.due = state.pages.saturating_add(self.pages);
        state.phase = Phase::Idle;
    }

    /// Has the thread end.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    fn run(&self, file: &DatabaseFile) {
        let mut connection = None;
        loop {
            {
                let mut state = self.state.lock();
                while state.phase != Phase::Carrying && !state.closed {
                    self.changed.wait(&mut state);
                }
                if state.closed {
                    return;
                }
            }
            match connection.take().map_or_else(|| file.connect(), Ok) {
                Ok(there) => {
                    if carry_over(&there) {
                        connection = Some(there);
                    }
                }
                Err(error) => tracing::warn!(%error, "the write-ahead log cannot be opened"),
            }
            self.state.lock().phase = Phase::Carried;
            self.changed.notify_all();
        }
    }

    /// Waits until the thread has nothing to do.
    #[cfg(test)]
    pub(super) fn wait_idle(&self) {
        let mut state = self.state.lock();
        while state.phase == Phase::Carrying {
            self.changed.wait(&mut state);
        }
    }
}

/// Carries over what can be without waiting for anybody. It is tried again when there is more.
fn carry_over(connection: &Connection) -> bool {
    // The default waits for nobody (PASSIVE); its name is not public.
    let carried = connection.wal_checkpoint_v2(DEFAULT_NAME, Default::default());
    if let Err(error) = &carried {
        tracing::warn!(%error, "the write-ahead log is not carried over");
    }
    carried.is_ok()
}
