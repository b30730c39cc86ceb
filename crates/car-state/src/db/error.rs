use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::ErrorCode;
use thiserror::Error;

/// What the database refuses, or what is wrong with it.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum DbError {
    /// Another process, or another handle of this one, has it.
    #[error("the database {} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be opened.
    #[error("cannot open the database {}: {reason}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: Arc<str>,
    },
    /// A newer version wrote it.
    #[error(
        "the database {} has version {found}, and this program knows versions up to {known}: it was written by a newer one",
        path.display()
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// It is another program's.
    #[error("the database {} is not one of this program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Storage takes nothing at the moment. What was taken before waits, and is written when that is possible again.
    #[error("storage takes nothing at the moment: {reason}")]
    StorageFull {
        /// Why.
        reason: Arc<str>,
    },
    /// As much waits as may.
    #[error("too much waits for the database")]
    Busy {
        /// When to try again.
        retry: Duration,
    },
    /// It took too long.
    #[error("the database did not answer in time")]
    Deadline,
    /// The database has been closed.
    #[error("the database is closed")]
    Closed,
    /// A statement is refused.
    #[error("the database refuses: {0}")]
    Statement(Arc<rusqlite::Error>),
    /// A job panicked. Nothing of it was written.
    #[error("a job of the database panicked")]
    Panicked,
}

impl DbError {
    /// Why `path` cannot be opened.
    pub(crate) fn open(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self::Open {
            path: path.into(),
            reason: reason.to_string().into(),
        }
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::Deadline,
            _ if is_storage(&error) => Self::StorageFull {
                reason: error.to_string().into(),
            },
            _ => Self::Statement(Arc::new(error)),
        }
    }
}

/// Whether an error is the storage's, not the statement's: the same job can succeed later.
pub(super) fn is_storage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::PermissionDenied
        )
    )
}
