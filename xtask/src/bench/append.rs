//! The log by itself, as `car-state` has it: how fast events are published, how long one takes until it is, and how fast
//! they are read back from the file. No daemon and no socket take part.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use car_state::clock::{Clock as _, SystemClock};
use car_state::db::{Database, DatabaseOptions};
use car_state::log::{
    Draft, Durability, EventLog as _, Families, Family, HOST, Retention, SqliteLog, StreamName,
};
use serde::Serialize;
use tempfile::TempDir;

use super::Effort;
use super::load::{Window, percentile};
use super::table::{Row, Target, Unit};

/// What of the log.
#[derive(Debug, Clone, Copy)]
pub(super) enum Log {
    /// Events that are published in a second.
    Appends(Durability),
    /// The time until an event is published.
    Latency(Durability),
    /// Events that are read back in a second.
    Reading,
}

/// The rows, after those of the daemon.
pub(super) const ROWS: &[(&str, Log)] = &[
    ("append-memory", Log::Appends(Durability::Memory)),
    ("append-os", Log::Appends(Durability::Os)),
    ("append-fsync", Log::Appends(Durability::Fsync)),
    ("append-memory-p99", Log::Latency(Durability::Memory)),
    ("append-os-p99", Log::Latency(Durability::Os)),
    ("append-fsync-p99", Log::Latency(Durability::Fsync)),
    ("read-os-100000", Log::Reading),
];

/// What a log must reach whose events survive the end of the process.
const OS_APPENDS: f64 = 100_000.0;

/// Measures one row.
pub(super) async fn row(what: Log, effort: Effort) -> Result<Row> {
    let (unit, target) = match what {
        Log::Appends(Durability::Os) => (Unit::PerSecond, Target::ValueAtLeast(OS_APPENDS)),
        Log::Appends(_) | Log::Reading => (Unit::PerSecond, Target::Known),
        Log::Latency(_) => (Unit::Microseconds, Target::Known),
    };
    let mut row = Row::new(unit, target);
    for _ in 0..effort.repetitions {
        row.add_alone(match what {
            Log::Appends(durability) => throughput(durability, effort).await?,
            Log::Latency(durability) => latency(durability, effort).await?,
            Log::Reading => reading().await?,
        });
    }
    Ok(row)
}

/// What is kept of a stream: enough that every event is written, and few enough that some go.
const RETENTION: Retention = Retention {
    count: 50_000,
    bytes: 256 << 20,
    age: HOST.retention.age,
};
static MEMORY: Family = family("bench-memory", Durability::Memory);
static OS: Family = family("bench-os", Durability::Os);
static FSYNC: Family = family("bench-fsync", Durability::Fsync);
/// One that keeps everything that is read back.
static ALL: Family = Family {
    retention: Retention {
        count: 1_000_000,
        ..RETENTION
    },
    ..family("bench-all", Durability::Os)
};

const fn family(name: &'static str, durability: Durability) -> Family {
    Family {
        name,
        keys: &[],
        snapshot: false,
        durability,
        retention: RETENTION,
        notification: HOST.notification,
        reader: HOST.reader,
    }
}

/// Events that are not published yet while throughput is measured, and how many are appended in one go.
const FAR_AHEAD: usize = 16;
const TURN: usize = 1_024;
/// Events that are not published yet while the time of each is measured.
const AHEAD: usize = 64;
/// Events that are read back, and on one page.
const READ: u64 = 100_000;
const PAGE: usize = 512;
/// How long an event may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// As large as what the host stream tells of a notification.
#[derive(Serialize)]
struct Body {
    id: &'static str,
    timestamp: &'static str,
    kind: &'static str,
    message: &'static str,
    payload: Option<u8>,
}

const BODY: Body = Body {
    id: "event-0192f0c1-5b7e-7d2a-9c7e-3f1a2b4c5d6e",
    timestamp: "2026-01-02T03:04:05.678Z",
    kind: "host.notification",
    message: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    payload: None,
};

/// A log in a file of its own.
struct Bench {
    log: SqliteLog,
    stream: StreamName,
    database: Database,
    _folder: TempDir,
}

impl Bench {
    fn new(family: &'static Family) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("car-bench").tempdir()?;
        let database = Database::open(folder.path(), DatabaseOptions::default())?;
        let families = Families::default().with(&[family]);
        Ok(Self {
            log: SqliteLog::open(&database, families, Arc::new(SystemClock))?,
            stream: StreamName::single(family),
            database,
            _folder: folder,
        })
    }

    fn append(&self) -> Result<car_state::log::Settled> {
        let draft = Draft::new("host.notification", SystemClock.now(), &BODY)?;
        let at = self.log.append(&self.stream, draft)?;
        Ok(self.log.settled(&self.stream, at))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.database.close(PATIENCE);
    }
}

async fn published(settled: car_state::log::Settled) -> Result<()> {
    let settled = tokio::time::timeout(PATIENCE, settled).await;
    Ok(settled.context("an event is not published")??)
}

fn of(durability: Durability) -> &'static Family {
    match durability {
        Durability::Memory => &MEMORY,
        Durability::Os => &OS,
        Durability::Fsync => &FSYNC,
    }
}

/// Events published in a second.
async fn throughput(durability: Durability, effort: Effort) -> Result<f64> {
    let bench = Bench::new(of(durability))?;
    let window = Window::starting_now(effort);
    let head = || bench.log.head(&bench.stream).seq;
    let mut begun = None;
    let mut turns = VecDeque::new();
    loop {
        for _ in 1..TURN {
            drop(bench.append()?);
        }
        turns.push_back(bench.append()?);
        if turns.len() == FAR_AHEAD
            && let Some(oldest) = turns.pop_front()
        {
            published(oldest).await?;
        }
        let now = Instant::now();
        match begun {
            None if now >= window.from => begun = Some((now, head())),
            Some((from, before)) if now >= window.until => {
                return Ok((head() - before) as f64 / (now - from).as_secs_f64());
            }
            _ => {}
        }
    }
}

/// The time within which 99 of 100 events are published, in microseconds, with a few under way.
async fn latency(durability: Durability, effort: Effort) -> Result<f64> {
    let bench = Bench::new(of(durability))?;
    let window = Window::starting_now(effort);
    let (mut under_way, mut samples) = (VecDeque::new(), Vec::new());
    while Instant::now() < window.until {
        let sent = Instant::now();
        under_way.push_back((sent, bench.append()?));
        if under_way.len() == AHEAD
            && let Some((sent, oldest)) = under_way.pop_front()
        {
            published(oldest).await?;
            if sent >= window.from {
                samples.push(sent.elapsed());
            }
        }
    }
    percentile(samples, 0.99)
}

/// Events read back in a second by whoever has missed them all.
async fn reading() -> Result<f64> {
    let bench = Bench::new(&ALL)?;
    let mut last = None;
    for n in 1..=READ {
        let settled = bench.append()?;
        if n % 1_024 == 0 || n == READ {
            last = Some(settled);
        }
        if n % 16_384 == 0
            && let Some(settled) = last.take()
        {
            published(settled).await?;
        }
    }
    if let Some(settled) = last {
        published(settled).await?;
    }
    let start = Instant::now();
    let (mut place, mut read) = (bench.log.oldest(&bench.stream), 0);
    while read < READ {
        let page = bench.log.fetch(&bench.stream, Some(place), PAGE).await?;
        read += page.entries.len() as u64;
        place = page.next;
    }
    Ok(READ as f64 / start.elapsed().as_secs_f64())
}
