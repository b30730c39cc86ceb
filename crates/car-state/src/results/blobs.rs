//! Where the bytes of results are.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::ResultError;

/// Names the bytes of one result. Never given twice, so that removing old bytes cannot meet new ones of the same content.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BlobId(u64);

impl BlobId {
    /// The next one of a counter.
    pub fn next(counter: &AtomicU64) -> Self {
        Self(counter.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Keeps bytes for a while. How many there may be is the caller's to see to.
pub trait BlobStore: fmt::Debug + Send + Sync + 'static {
    /// Takes bytes, without waiting; they can be read at once.
    ///
    /// # Errors
    /// [`ResultError::Full`].
    fn put(&self, bytes: Bytes) -> Result<BlobId, ResultError>;

    /// Forgets bytes, without waiting.
    fn remove(&self, blob: BlobId);

    /// Reads some of the bytes, all within what was put.
    ///
    /// # Errors
    /// They are gone, or cannot be read.
    fn read(&self, blob: BlobId, range: Range<u64>) -> BoxFuture<'_, io::Result<Bytes>>;
}

/// A part of bytes.
pub(super) fn part(bytes: &Bytes, range: Range<u64>) -> Option<Bytes> {
    let start = usize::try_from(range.start).ok()?;
    let end = usize::try_from(range.end).ok()?;
    (start <= end && end <= bytes.len()).then(|| bytes.slice(start..end))
}

/// Keeps them in memory.
#[derive(Debug, Default)]
pub struct MemoryBlobs {
    blobs: Mutex<HashMap<BlobId, Bytes>>,
    next: AtomicU64,
}

impl BlobStore for MemoryBlobs {
    fn put(&self, bytes: Bytes) -> Result<BlobId, ResultError> {
        let blob = BlobId::next(&self.next);
        self.blobs.lock().insert(blob, bytes);
        Ok(blob)
    }

    fn remove(&self, blob: BlobId) {
        self.blobs.lock().remove(&blob);
    }

    fn read(&self, blob: BlobId, range: Range<u64>) -> BoxFuture<'_, io::Result<Bytes>> {
        let found = self
            .blobs
            .lock()
            .get(&blob)
            .and_then(|bytes| part(bytes, range));
        let found = found.ok_or_else(|| io::ErrorKind::NotFound.into());
        std::future::ready(found).boxed()
    }
}
