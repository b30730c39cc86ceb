//! The answer of `diagnostics.snapshot`.

use std::cmp::Reverse;
use std::fs;
use std::path::Path;

use car_protocol::rpc::diagnostics::{
    Counters, DiagnosticsSnapshot, MemoryStatus, NamedCount, StorageStatus, StoredFile,
    StreamStatus, Versions,
};
use car_protocol::rpc::server::{MAX_PROTOCOL_VERSION, MIN_PROTOCOL_VERSION};

use super::counts::Counts;
use super::{Operations, process};
use crate::VERSION;

/// The files of the database.
const FILES: &[&str] = &[
    "car.db",
    "car.db-wal",
    "car.db-shm",
    "car.events-1",
    "car.events-2",
];
/// Streams that are looked at. The others are omitted, whatever their size.
const STREAMS: usize = 10_000;

impl Operations {
    /// Everything, with so many connections and streams. Looks at the file system, so it is not for the read loop.
    pub(crate) fn snapshot(&self, limit: usize) -> DiagnosticsSnapshot {
        let counts = Counts::gather(self);
        let queues = counts.queues.clone();
        let open = counts.connections.len();
        let connections = counts.worst(limit);
        let streams = self.streams(limit);
        DiagnosticsSnapshot {
            at: self.state.clock().now(),
            versions: versions(),
            status: self.info.status(),
            process: process::status(),
            settings: self.settings.clone(),
            queues,
            memory: self.memory(),
            counters: self.counters(),
            connections_omitted: (open - connections.len()) as u64,
            connections,
            streams_omitted: self.state.log().streams().saturating_sub(streams.len()) as u64,
            streams,
            storage: storage(self.state.journal_dir()),
            notices: self.notices.all(),
        }
    }

    fn counters(&self) -> Counters {
        let traffic = self.state.traffic();
        let appends = self.state.appends();
        let requests = traffic
            .requests()
            .map(|(method, outcome, count)| (format!("{method} {}", outcome.as_str()), count));
        Counters {
            connections_opened: self.life.opened(),
            connections_ended: named(self.life.ended()),
            resumes: named(self.state.resumes().counts.all()),
            http_refused: named(self.refusals.counts()),
            requests: named(requests),
            errors: named(traffic.errors()),
            events: named(appends.families()),
            events_refused: appends.refused(),
            events_skipped: traffic.events_lost(),
            events_coalesced: traffic.events_replaced(),
            frames_dropped: traffic.frames_dropped(),
        }
    }

    fn memory(&self) -> MemoryStatus {
        let budget = self.state.budget();
        let paid = budget.paid();
        MemoryStatus {
            limit: budget.limit() as u64,
            outboxes: budget.outboxes() as u64,
            rings: budget.rings() as u64,
            given_back: paid.given_back.get(),
            let_go: paid.let_go.get(),
            evicted: paid.evicted.get(),
            closed: paid.closed.get(),
        }
    }

    fn streams(&self, limit: usize) -> Vec<StreamStatus> {
        let log = self.state.log();
        let names = log.names();
        let mut streams: Vec<StreamStatus> = names
            .into_iter()
            .take(STREAMS)
            .filter_map(|name| {
                let (head, stats) = (log.head(&name), log.stats(&name));
                (head.seq > 0).then(|| StreamStatus {
                    stream: name.to_string(),
                    epoch: head.epoch,
                    seq: head.seq,
                    events: stats.events,
                    bytes: stats.bytes,
                })
            })
            .collect();
        streams.sort_by_key(|row| (Reverse(row.bytes), row.stream.clone()));
        streams.truncate(limit);
        streams
    }
}

fn versions() -> Versions {
    Versions {
        server: VERSION.to_owned(),
        protocol_min: MIN_PROTOCOL_VERSION,
        protocol_max: MAX_PROTOCOL_VERSION,
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
    }
}

/// What was counted, without what was not.
fn named(counts: impl IntoIterator<Item = (impl Into<String>, u64)>) -> Vec<NamedCount> {
    let some = counts.into_iter().filter(|(_, count)| *count > 0);
    some.map(|(name, count)| NamedCount {
        name: name.into(),
        count,
    })
    .collect()
}

fn storage(folder: &Path) -> StorageStatus {
    let file = |name: &&str| {
        let metadata = fs::metadata(folder.join(name)).ok()?;
        Some(StoredFile {
            name: (*name).to_owned(),
            bytes: metadata.len(),
        })
    };
    StorageStatus {
        path: folder.display().to_string(),
        files: FILES.iter().filter_map(file).collect(),
        free_bytes: free_bytes(folder),
    }
}

/// Bytes that this user may still write to the file system of a folder that exists.
#[cfg(unix)]
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Bytes that this user may still write to the file system of a folder that exists.
#[cfg(not(unix))]
#[must_use]
pub fn free_bytes(_: &Path) -> Option<u64> {
    None
}
