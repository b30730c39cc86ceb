use std::time::Duration;

use car_protocol::rpc::events::Cursor;
use thiserror::Error;

/// What the log refuses.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[non_exhaustive]
pub enum LogError {
    /// No family has this name.
    #[error("no family of events is called {0}")]
    UnknownFamily(String),
    /// The cursor leads nowhere: read again from `oldest`.
    #[error("the cursor does not belong to this stream any more")]
    Resync {
        /// The place before the oldest event that is kept.
        oldest: Cursor,
    },
    /// Memory does not hold what was asked for, and storage does: fetch it.
    #[error("this part of the stream is in storage only")]
    Cold {
        /// The place from which on memory holds everything.
        hot: Cursor,
    },
    /// There are as many streams as are allowed.
    #[error("there are {limit} streams already")]
    TooManyStreams {
        /// How many are allowed.
        limit: usize,
    },
    /// The body of an event is no JSON object.
    #[error("the body of an event is a JSON object")]
    NotAnObject,
    /// Storage takes nothing at the moment, for example because the disk is full. It recovers by itself.
    #[error("storage takes nothing at the moment")]
    StorageFull,
    /// As much waits for storage as may.
    #[error("too much waits for storage")]
    Busy {
        /// When to try again.
        retry: Duration,
    },
    /// The log has been closed.
    #[error("the log is closed")]
    Closed,
}
