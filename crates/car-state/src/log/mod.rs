//! One log under everything that is pushed.
//!
//! Every family of notifications is a set of streams; an event has a place, `(stream, epoch, seq)`, given when it is
//! appended. Whoever listens holds a cursor and reads; nothing is queued per listener, so a listener that falls behind
//! costs nobody anything, and what retention took from it is counted.

mod family;
mod memory;
mod metered;

use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytestring::ByteString;
use car_protocol::Timestamp;
use car_protocol::rpc::events::Cursor;
use serde::Serialize;
use thiserror::Error;

pub use family::{FAMILIES, Family, HOST, Reader, Retention, SESSION};
pub use memory::MemoryLog;
pub use metered::{Appends, Durations, MeteredLog};

/// The name of a stream: a family, and within it an owner where the family has one (`host`, `session/4f0c…`).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct StreamName(Arc<str>);

impl StreamName {
    /// The stream of a family that has only one.
    #[must_use]
    pub fn single(family: &'static Family) -> Self {
        Self(family.name.into())
    }

    /// The stream of an owner.
    #[must_use]
    pub fn owned(family: &'static Family, owner: &str) -> Self {
        Self(format!("{}/{owner}", family.name).into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The family, by the part of the name before the first `/`.
    #[must_use]
    pub fn family(&self) -> Option<&'static Family> {
        let name = self
            .0
            .split_once('/')
            .map_or(&*self.0, |(family, _)| family);
        FAMILIES.iter().copied().find(|family| family.name == name)
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event that has no place yet.
#[derive(Debug)]
pub struct Draft {
    kind: Box<str>,
    at: Timestamp,
    /// The members of a JSON object, without its closing brace.
    members: String,
}

impl Draft {
    /// An event with the members of `body`, which serialises to a JSON object without `stream`, `epoch` and `seq`.
    ///
    /// # Errors
    /// [`LogError::NotAnObject`], or what serialising says.
    pub fn new<T: Serialize>(kind: &str, at: Timestamp, body: &T) -> Result<Self, LogError> {
        let mut members = serde_json::to_string(body).map_err(|_| LogError::NotAnObject)?;
        if members.len() < 2 || !members.starts_with('{') || members.pop() != Some('}') {
            return Err(LogError::NotAnObject);
        }
        Ok(Self {
            kind: kind.into(),
            at,
            members,
        })
    }
}

/// An event in its place. Clones share the text.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the stream.
    pub seq: u64,
    /// When it was appended.
    pub at: Timestamp,
    /// What happened.
    pub kind: Arc<str>,
    /// The notification, ready to be sent to anybody; for families that are not pushed, the params alone.
    pub frame: ByteString,
    params: (u32, u32),
}

impl Entry {
    /// The event as JSON text: the params of the notification.
    #[must_use]
    pub fn params(&self) -> &str {
        self.frame
            .get(self.params.0 as usize..self.params.1 as usize)
            .unwrap_or("{}")
    }

    /// What the entry counts for against its family's retention, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.frame.len() + self.kind.len() + size_of::<Self>()
    }
}

/// A part of a stream, oldest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// The events.
    pub entries: Vec<Entry>,
    /// Where to read on.
    pub next: Cursor,
    /// How many events between the cursor that was given and the first of these are no longer kept.
    pub missed: u64,
    /// Whether there is more after `next`.
    pub more: bool,
}

/// What a stream holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StreamStats {
    /// Events.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Told that a stream has something new. It must be quick: it runs in whoever appended.
pub trait Listener: Debug + Send + Sync {
    /// There is something new.
    fn notify(&self);
}

/// Reads one stream for a listener, which needs the frames alone.
pub trait Tail: Debug + Send + Sync {
    /// Appends up to `limit` frames after a place to `frames`; answers how many before them are no longer kept. The
    /// frames follow each other without a gap.
    ///
    /// # Errors
    /// [`LogError::Resync`] when the place belongs to another epoch or lies ahead of the stream.
    fn read(
        &self,
        after: Cursor,
        limit: usize,
        frames: &mut VecDeque<ByteString>,
    ) -> Result<u64, LogError>;
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

/// Numbers events, keeps them for a while, and wakes who listens.
pub trait EventLog: Debug + Send + Sync + 'static {
    /// Gives the event its place and publishes it.
    ///
    /// # Errors
    /// The family is unknown, or there are too many streams.
    fn append(&self, stream: &StreamName, draft: Draft) -> Result<Cursor, LogError>;

    /// Reads up to `limit` events after a place; from the oldest kept where none is given.
    ///
    /// # Errors
    /// [`LogError::Resync`] when the place belongs to another epoch or lies ahead of the stream.
    fn read(
        &self,
        stream: &StreamName,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, LogError>;

    /// The place of the newest event, with number 0 where there is none.
    fn head(&self, stream: &StreamName) -> Cursor;

    /// What the stream holds.
    fn stats(&self, stream: &StreamName) -> StreamStats;

    /// Drops the oldest events until `keep` are left; answers what was dropped.
    fn truncate(&self, stream: &StreamName, keep: u64) -> StreamStats;

    /// Ends a stream with all it holds. Those who listen to it hear nothing more.
    fn remove(&self, stream: &StreamName);

    /// Has `listener` told of everything that is appended from now on.
    ///
    /// # Errors
    /// The family is unknown, or there are too many streams.
    fn watch(&self, stream: &StreamName, listener: Arc<dyn Listener>) -> Result<Watch, LogError>;

    /// How many streams there are.
    fn streams(&self) -> usize;
}

/// What the log refuses.
#[derive(Debug, Error, Eq, PartialEq)]
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
    /// There are as many streams as are allowed.
    #[error("there are {limit} streams already")]
    TooManyStreams {
        /// How many are allowed.
        limit: usize,
    },
    /// The body of an event is no JSON object.
    #[error("the body of an event is a JSON object")]
    NotAnObject,
}
