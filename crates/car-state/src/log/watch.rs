use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytestring::ByteString;
use car_protocol::rpc::events::Cursor;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use super::{LogError, StreamName};
use crate::frame::Burst;

/// Told that a stream has something new. It must be quick: it runs in whoever appended or stored it.
pub trait Listener: Debug + Send + Sync {
    /// There is something new.
    fn notify(&self);
}

/// Told of streams that were not there before. It must be quick: it runs in whoever made the stream.
pub trait NameListener: Debug + Send + Sync {
    /// This stream is there now, still without an event.
    fn appeared(&self, stream: &StreamName);
}

/// Frames that were read from storage.
#[derive(Debug, Default)]
pub struct Frames {
    /// The frames, which follow each other without a gap.
    pub frames: VecDeque<ByteString>,
    /// How many before them are no longer kept.
    pub missed: u64,
}

/// What comes next in a stream.
#[derive(Debug)]
pub enum Upcoming {
    /// It was appended to the frames; so many before it are no longer kept.
    Frames {
        /// How many.
        missed: u64,
    },
    /// It is what other listeners are given as well.
    Burst(Arc<Burst>),
}

/// Reads one stream for a listener, which needs the frames alone.
pub trait Tail: Debug + Send + Sync {
    /// Appends up to `limit` frames after a place to `frames`; answers how many before them are no longer kept. The
    /// frames follow each other without a gap.
    ///
    /// # Errors
    /// [`LogError::Resync`] when the place belongs to another epoch or lies ahead of the stream; [`LogError::Cold`]
    /// when memory does not hold what follows it and [`fetch`](Self::fetch) does.
    fn read(
        &self,
        after: Cursor,
        limit: usize,
        frames: &mut VecDeque<ByteString>,
    ) -> Result<u64, LogError>;

    /// The same, where several listen as one burst for all that go on at the same place.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn upcoming(
        &self,
        after: Cursor,
        limit: usize,
        frames: &mut VecDeque<ByteString>,
    ) -> Result<Upcoming, LogError> {
        let missed = self.read(after, limit, frames)?;
        Ok(Upcoming::Frames { missed })
    }

    /// As [`read`](Self::read), from wherever it is kept. While storage fails, it waits.
    ///
    /// # Errors
    /// [`LogError::Resync`], [`LogError::Closed`].
    fn fetch(&self, after: Cursor, limit: usize) -> BoxFuture<'static, Result<Frames, LogError>> {
        let mut frames = VecDeque::new();
        let read = self.read(after, limit, &mut frames);
        ready(read.map(|missed| Frames { frames, missed })).boxed()
    }

    /// Whether nothing will be published any more.
    fn ended(&self) -> bool {
        false
    }
}

/// A listener's hold on a stream; dropping it ends the listening.
pub struct Watch {
    head: Arc<AtomicU64>,
    tail: Arc<dyn Tail>,
    release: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Watch {
    /// A hold that reads the newest number from `head` and the frames from `tail`, and runs `release` at its end.
    pub fn new(
        head: Arc<AtomicU64>,
        tail: Arc<dyn Tail>,
        release: impl FnOnce() + Send + Sync + 'static,
    ) -> Self {
        Self {
            head,
            tail,
            release: Some(Box::new(release)),
        }
    }

    /// The number of the newest event that may be read.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// The frames of the stream.
    #[must_use]
    pub fn tail(&self) -> &dyn Tail {
        &*self.tail
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            release();
        }
    }
}

impl Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}
