use std::io;

use thiserror::Error;

/// Why a result is not kept, or cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResultError {
    /// There is no store.
    #[error("there is no store for results")]
    NoStore,
    /// It is bigger than all that a session may have.
    #[error("a result of {bytes} bytes is bigger than the {limit} that a session may have stored")]
    TooBig {
        /// What it has.
        bytes: u64,
        /// What it may have.
        limit: u64,
    },
    /// The disk does not keep up, or is full, and memory has no room for more.
    #[error("the store for results takes nothing at the moment")]
    Full,
    /// Nothing is kept under this handle, or nothing that this reader may see.
    #[error(
        "no result is kept under this handle: it never was, it has expired, or others needed the room"
    )]
    Unknown,
    /// The result ends before this place.
    #[error("the result has {bytes} bytes, and byte {offset} is beyond its end")]
    BeyondTheEnd {
        /// What was asked for.
        offset: u64,
        /// What it has.
        bytes: u64,
    },
    /// The bytes cannot be read.
    #[error("a stored result cannot be read: {0}")]
    Io(#[from] io::Error),
}
