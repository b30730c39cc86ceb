//! Results that are too big to be carried, kept for whoever got their handle.
//!
//! Owns who may read what and until when, the bounds, and the rule of what goes first. Where the bytes are is a
//! [`BlobStore`]'s. It knows nothing of actions and methods.

mod blobs;
mod digest;
mod error;
mod files;
mod index;
mod slice;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use car_protocol::Timestamp;
use car_protocol::rpc::results::{Chunk, ChunkEncoding, ResultHandle};
use parking_lot::Mutex;
use serde_json::Value;

pub use blobs::{BlobId, BlobStore, MemoryBlobs};
pub use digest::{Digest, NotADigest};
pub use error::ResultError;
pub use files::FileBlobs;
pub use index::Usage;
use index::{Added, Index, MediaType, Stored};

use crate::clock::Clock;
use crate::identity::{Identity, IdentityCell};

/// Bytes that one read gives at most.
pub const MAX_LENGTH: u64 = 1 << 20;
/// Bytes that a read gives which asks for no number.
pub const DEFAULT_LENGTH: u64 = 256 << 10;

/// The media type of a string, whose bytes are its own.
const TEXT: &str = "text/plain; charset=utf-8";
/// The media type of everything else.
const JSON: &str = "application/json";

/// The bounds of the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ResultLimits {
    /// How many results may be kept; of one that several sessions got, each counts.
    pub entries: usize,
    /// Bytes of all of them; of one that several sessions got, once.
    pub bytes: u64,
    /// Bytes of what one session got.
    pub session_bytes: u64,
    /// How long one is kept, unless others need the room before.
    pub keep: Duration,
}

impl Default for ResultLimits {
    fn default() -> Self {
        Self {
            entries: 1_000,
            bytes: 256 << 20,
            session_bytes: 64 << 20,
            keep: Duration::from_secs(60 * 60),
        }
    }
}

/// Takes results that are too big to be carried, for one session.
pub trait ResultKeeper: Send + Sync + 'static {
    /// Keeps a result. Must not block for longer than it takes to write the value out and to digest it.
    ///
    /// # Errors
    /// It is not kept.
    fn keep(&self, value: &Value) -> Result<ResultHandle, ResultError>;
}

impl fmt::Debug for dyn ResultKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResultKeeper")
    }
}

/// For programs without a store: nothing is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct NothingKept;

impl ResultKeeper for NothingKept {
    fn keep(&self, _: &Value) -> Result<ResultHandle, ResultError> {
        Err(ResultError::NoStore)
    }
}

/// The store of one session: what it keeps is the session's.
#[derive(Debug)]
pub struct SessionResults {
    store: Arc<ResultStore>,
    identity: Arc<IdentityCell>,
}

impl SessionResults {
    /// For the session with this identity.
    #[must_use]
    pub fn new(store: Arc<ResultStore>, identity: Arc<IdentityCell>) -> Self {
        Self { store, identity }
    }
}

impl ResultKeeper for SessionResults {
    fn keep(&self, value: &Value) -> Result<ResultHandle, ResultError> {
        self.store.keep(&self.identity.get(), value)
    }
}

/// The stored results of all sessions. An unused one holds nothing.
///
/// When there is no room, what has expired goes first, then the oldest of the session that has too much, then the oldest
/// of all. Something that is kept anew is the newest again.
#[derive(Debug)]
pub struct ResultStore {
    limits: ResultLimits,
    blobs: Arc<dyn BlobStore>,
    clock: Arc<dyn Clock>,
    index: Mutex<Index>,
}

impl ResultStore {
    /// An empty store that has the bytes in `blobs`.
    #[must_use]
    pub fn new(limits: ResultLimits, blobs: Arc<dyn BlobStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            limits,
            blobs,
            clock,
            index: Mutex::default(),
        }
    }

    /// Keeps a value for a session.
    ///
    /// # Errors
    /// It is bigger than what a session may have, or there is nowhere to put it.
    pub fn keep(&self, owner: &Identity, value: &Value) -> Result<ResultHandle, ResultError> {
        let (bytes, media_type) = match value {
            Value::String(text) => (Bytes::copy_from_slice(text.as_bytes()), TEXT),
            other => (serde_json::to_vec(other).unwrap_or_default().into(), JSON),
        };
        self.keep_bytes(owner, bytes, media_type.into())
    }

    /// Keeps bytes of any kind.
    ///
    /// # Errors
    /// As for [`keep`](Self::keep).
    pub fn keep_bytes(
        &self,
        owner: &Identity,
        bytes: Bytes,
        media_type: Cow<'static, str>,
    ) -> Result<ResultHandle, ResultError> {
        let size = bytes.len() as u64;
        let limit = self.limits.session_bytes.min(self.limits.bytes);
        if size > limit {
            return Err(ResultError::TooBig { bytes: size, limit });
        }
        let digest = Digest::of(&bytes);
        let keep = i64::try_from(self.limits.keep.as_millis()).unwrap_or(i64::MAX);
        let expires_at = self.clock.now().unix_millis().saturating_add(keep);
        let expires_at = Timestamp::from_unix_millis(expires_at);
        let handle = ResultHandle {
            sha256: digest.to_string(),
            bytes: size,
            media_type: media_type.clone().into_owned(),
            expires_at,
        };
        let told = (media_type.clone(), expires_at);
        if let Added::Claimed(gone) = self.add(digest, None, owner, told) {
            self.remove(gone);
            return Ok(handle);
        }
        let stored = Stored {
            blob: self.blobs.put(bytes)?,
            bytes: size,
        };
        if let Added::Claimed(gone) =
            self.add(digest, Some(stored), owner, (media_type, expires_at))
        {
            self.remove(gone);
        }
        Ok(handle)
    }

    fn add(
        &self,
        digest: Digest,
        stored: Option<Stored>,
        owner: &Identity,
        told: (MediaType, Timestamp),
    ) -> Added {
        let mut index = self.index.lock();
        index.add(digest, stored, owner, told, &self.limits)
    }

    /// Reads a part of a value: from `offset`, at most `length` bytes, which is cut to what a read may give.
    ///
    /// # Errors
    /// The handle is good for nothing, or not for this reader; the offset is beyond the end; or the bytes cannot be
    /// read.
    pub async fn read(
        &self,
        reader: &Identity,
        digest: &Digest,
        offset: u64,
        length: u64,
        encoding: Option<ChunkEncoding>,
    ) -> Result<Chunk, ResultError> {
        let (found, gone) = {
            let mut index = self.index.lock();
            let gone = index.expire();
            (index.find(digest, reader), gone)
        };
        self.remove(gone);
        let found = found.ok_or(ResultError::Unknown)?;
        let bytes = found.stored.bytes;
        if offset > bytes {
            return Err(ResultError::BeyondTheEnd { offset, bytes });
        }
        let end = bytes.min(offset.saturating_add(length.min(MAX_LENGTH)));
        let read = self.blobs.read(found.stored.blob, offset..end).await;
        let part = read.map_err(|error| match error.kind() {
            // Others needed the room just now.
            io::ErrorKind::NotFound => ResultError::Unknown,
            _ => error.into(),
        })?;
        let part = slice::shown(&part, encoding);
        let next = offset + part.length;
        Ok(Chunk {
            handle: ResultHandle {
                sha256: digest.to_string(),
                bytes,
                media_type: found.media_type.into_owned(),
                expires_at: found.expires_at,
            },
            offset,
            length: part.length,
            encoding: part.encoding,
            data: part.data,
            next_offset: (next < bytes).then_some(next),
        })
    }

    /// What is kept now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let (usage, gone) = {
            let mut index = self.index.lock();
            let gone = index.expire();
            (index.usage(), gone)
        };
        self.remove(gone);
        usage
    }

    fn remove(&self, gone: Vec<BlobId>) {
        for blob in gone {
            self.blobs.remove(blob);
        }
    }
}
