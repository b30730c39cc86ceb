//! One log under everything that is pushed.
//!
//! Every family of notifications is a set of streams; an event has a place, `(stream, epoch, seq)`, given when it is
//! appended. It is published, which is to say visible, when it is as durable as its family promises. Whoever listens
//! holds a cursor and reads; nothing is queued per listener, so a listener that falls behind costs nobody anything, and
//! what retention took from it is counted.

mod entry;
mod error;
mod family;
mod key;
mod members;
mod memory;
mod metered;
mod name;
mod pattern;
mod ring;
mod settled;
mod snapshot;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stream;
mod streams;
mod watch;

use std::fmt::Debug;
use std::sync::{Arc, Weak};

use car_protocol::rpc::events::Cursor;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

pub use entry::{Draft, Entry, Page, StreamStats};
pub use error::LogError;
pub use family::{
    AGENT, CHAT, Durability, FAMILIES, Families, Family, HOST, KeyRule, RUN, Reader, Retention,
    SESSION, VOICE,
};
pub(crate) use key::key;
pub use members::Members;
pub use memory::MemoryLog;
pub use metered::{Appends, Durations, MeteredLog};
pub use name::StreamName;
pub use pattern::Pattern;
pub use settled::Settled;
pub use snapshot::{SnapshotSource, Snapshots};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteLog;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::schema;
pub use watch::{Frames, Listener, NameListener, Tail, Upcoming, Watch};

use crate::budget::MemoryBudget;

/// What is read from storage at once, in bytes of events; one may be longer.
pub const PAGE_BYTES: usize = 256 << 10;

/// Numbers events, keeps them for a while, and wakes who listens.
pub trait EventLog: Debug + Send + Sync + 'static {
    /// The families that it knows.
    fn families(&self) -> &Families;

    /// Whether the stream takes another event now.
    ///
    /// # Errors
    /// What [`append`](Self::append) would say.
    fn admits(&self, stream: &StreamName) -> Result<(), LogError> {
        let _ = stream;
        Ok(())
    }

    /// Gives the event its place. It is published as soon as it is as durable as its family promises:
    /// [`settled`](Self::settled) waits for that.
    ///
    /// # Errors
    /// There are too many streams, or storage takes nothing: [`LogError::StorageFull`], [`LogError::Busy`],
    /// [`LogError::Closed`].
    fn append(&self, stream: &StreamName, draft: Draft) -> Result<Cursor, LogError>;

    /// Ready when the event at this place, which [`append`](Self::append) gave, is published. One that is no longer
    /// kept counts as published.
    fn settled(&self, stream: &StreamName, at: Cursor) -> Settled;

    /// Reads up to `limit` events after a place from memory; from the oldest kept where none is given.
    ///
    /// # Errors
    /// [`LogError::Resync`] when the place belongs to another epoch or lies ahead of the stream; [`LogError::Cold`]
    /// when what follows it is in storage only.
    fn read(
        &self,
        stream: &StreamName,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, LogError>;

    /// The same from wherever it is kept.
    ///
    /// # Errors
    /// [`LogError::Resync`], [`LogError::StorageFull`], [`LogError::Busy`], [`LogError::Closed`].
    fn fetch(
        &self,
        stream: &StreamName,
        after: Option<Cursor>,
        limit: usize,
    ) -> BoxFuture<'static, Result<Page, LogError>> {
        ready(self.read(stream, after, limit)).boxed()
    }

    /// The place of the newest event that is published, with number 0 where there is none.
    fn head(&self, stream: &StreamName) -> Cursor;

    /// The place before the oldest event that is kept. A cursor before it has missed something.
    fn oldest(&self, stream: &StreamName) -> Cursor;

    /// What the stream holds.
    fn stats(&self, stream: &StreamName) -> StreamStats;

    /// Drops the oldest events until `keep` are left; answers what was dropped.
    fn truncate(&self, stream: &StreamName, keep: u64) -> StreamStats;

    /// Ends a stream with all it holds. Those who listen to it hear nothing more.
    fn remove(&self, stream: &StreamName);

    /// Has `listener` told of everything that is published from now on.
    ///
    /// # Errors
    /// There are too many streams.
    fn watch(&self, stream: &StreamName, listener: Arc<dyn Listener>) -> Result<Watch, LogError>;

    /// How many streams there are.
    fn streams(&self) -> usize;

    /// The streams that there are, in no order.
    fn names(&self) -> Vec<StreamName>;

    /// Has `listener` told of every stream that is made from now on, for as long as it lives. A log that tells nobody
    /// has no patterns.
    fn watch_names(&self, listener: Weak<dyn NameListener>) {
        let _ = listener;
    }

    /// How long events take from being appended until they are as durable as their family demands; empty where none
    /// are. Events that are written together count as long as the first of their stream.
    fn durable_after(&self) -> Vec<(Durability, &Durations)> {
        Vec::new()
    }

    /// Where what the streams hold in memory is counted. A log without one is not.
    fn budget(&self) -> Option<&Arc<MemoryBudget>> {
        None
    }

    /// The size of the largest stream that is in memory alone, in bytes.
    fn largest_in_memory(&self) -> usize {
        0
    }

    /// Lets go of about so many bytes that storage has, too; answers what went.
    fn let_go(&self, bytes: usize) -> StreamStats {
        let _ = bytes;
        StreamStats::default()
    }

    /// Drops the oldest events of the largest streams that are in memory alone, about so many bytes of them, but not
    /// their newest ones; answers what went. Their readers are told of the gap.
    fn evict(&self, bytes: usize) -> StreamStats {
        let _ = bytes;
        StreamStats::default()
    }
}
