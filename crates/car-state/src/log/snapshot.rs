use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use car_protocol::rpc::events::Cursor;
use serde_json::Value;

use super::StreamName;

/// Says how things are that the events of a family tell of.
pub trait SnapshotSource: Debug + Send + Sync + 'static {
    /// How things are, and the place of the last event that is included for certain: whoever reads on from there
    /// misses nothing. What the snapshot shows may be newer than that place; the event that tells of it follows.
    /// `None` where there is nothing to say about the stream.
    fn snapshot(&self, stream: &StreamName) -> Option<(Cursor, Value)>;
}

/// Who has the state of which family, by the families' names.
#[derive(Clone, Debug, Default)]
pub struct Snapshots(HashMap<&'static str, Arc<dyn SnapshotSource>>);

impl Snapshots {
    /// Has `source` asked for the streams of a family that says it has snapshots.
    pub fn add(&mut self, family: &'static str, source: Arc<dyn SnapshotSource>) {
        self.0.insert(family, source);
    }

    /// How things are that a stream tells of.
    #[must_use]
    pub fn of(&self, stream: &StreamName) -> Option<(Cursor, Value)> {
        let family = stream.family();
        let source = self.0.get(family.name).filter(|_| family.snapshot)?;
        source.snapshot(stream)
    }
}
