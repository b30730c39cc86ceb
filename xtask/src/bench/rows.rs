//! The rows of the table. Within a row, floor and daemon take turns, and who begins changes each time, so that whatever
//! else the machine does meets both.

#[cfg(feature = "log")]
use std::future::ready;
use std::time::Duration;

use anyhow::{Result, anyhow};

use super::audio::{self, Audio};
use super::load::{Outcome, Shape, Usage, round_trips};
use super::proposals::{self, Load};
#[cfg(feature = "log")]
use super::rules;
use super::server::{Kind, Programs, Server};
use super::table::{Row, Target, Unit};
use super::{Effort, callback, cancel, catchup, chat, decision, fanout, idle, resume};
#[cfg(feature = "log")]
use super::{append, engine, memory};

/// Bytes of content in a published event.
const EVENT: usize = 64;

/// A row that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// One measurement.
#[derive(Debug, Clone, Copy)]
enum What {
    /// Throughput of plain round trips.
    RoundTrips {
        unix: bool,
        connections: usize,
        depth: usize,
    },
    /// Time of a proposal that calls back, against the floor's round trip at the same depth.
    Callback { depth: usize },
    /// What the engine costs.
    Proposals(Load),
    /// Deliveries to a hundred subscribers; against the floor.
    FanOut { stalled: bool },
    /// The daemon's deliveries with a stalled subscriber, against its own without.
    Stalled,
    /// What an agent says, through so many chats.
    Deltas { chats: usize },
    /// One piece of what an agent says, against the floor's round trip.
    Delta,
    /// Resident memory of a chat that runs.
    ChatMemory,
    /// A subscriber that has missed everything.
    CatchUp,
    /// A client that comes back to its session and has missed much.
    Resume,
    /// A cancel on a connection that a stream saturates.
    Cancel,
    /// A person's decision about a parked call while subscribers are flooded.
    Decision,
    /// Pieces of audio that are heard.
    Audio(Audio),
    /// Resident memory of an idle connection.
    Memory,
    /// Start of the process to the first answer.
    StartUp,
}

/// Within which time a cancel comes, in microseconds.
const CANCEL: f64 = 5_000.0;

/// Within which time a parked call is answered that a person has decided, in microseconds.
const DECISION: f64 = 5_000.0;

/// Within which time a client that comes back has what it missed, in microseconds.
const RESUME: f64 = 250_000.0;

const ROWS: &[(&str, What)] = &[
    (
        "rt-tcp-1x1",
        What::RoundTrips {
            unix: false,
            connections: 1,
            depth: 1,
        },
    ),
    (
        "rt-tcp-1x64",
        What::RoundTrips {
            unix: false,
            connections: 1,
            depth: 64,
        },
    ),
    (
        "rt-tcp-16x1",
        What::RoundTrips {
            unix: false,
            connections: 16,
            depth: 1,
        },
    ),
    (
        "rt-tcp-16x64",
        What::RoundTrips {
            unix: false,
            connections: 16,
            depth: 64,
        },
    ),
    (
        "rt-uds-1x1",
        What::RoundTrips {
            unix: true,
            connections: 1,
            depth: 1,
        },
    ),
    (
        "rt-uds-1x64",
        What::RoundTrips {
            unix: true,
            connections: 1,
            depth: 64,
        },
    ),
    (
        "rt-uds-16x1",
        What::RoundTrips {
            unix: true,
            connections: 16,
            depth: 1,
        },
    ),
    (
        "rt-uds-16x64",
        What::RoundTrips {
            unix: true,
            connections: 16,
            depth: 64,
        },
    ),
    ("callback-1", What::Callback { depth: 1 }),
    ("callback-16", What::Callback { depth: 16 }),
    ("proposal-1", What::Proposals(Load::Small)),
    (
        "calls-100-ordered",
        What::Proposals(Load::Calls { parallel: false }),
    ),
    (
        "calls-100-parallel",
        What::Proposals(Load::Calls { parallel: true }),
    ),
    ("state-action", What::Proposals(Load::State)),
    ("graph-10000", What::Proposals(Load::Graph)),
    ("graph-10000-memory", What::Proposals(Load::Peak)),
    ("memory-proposals", What::Proposals(Load::Memory)),
    ("fanout-sqlite-100", What::FanOut { stalled: false }),
    ("fanout-sqlite-100-stalled", What::FanOut { stalled: true }),
    ("stalled-vs-not", What::Stalled),
    ("chat-deltas-1", What::Deltas { chats: 1 }),
    ("chat-deltas-100", What::Deltas { chats: 100 }),
    ("chat-delta", What::Delta),
    ("chat-memory", What::ChatMemory),
    ("catch-up-100000", What::CatchUp),
    ("resume-10000", What::Resume),
    ("cancel-under-stream", What::Cancel),
    ("decision-under-flood", What::Decision),
    ("audio-pieces", What::Audio(Audio::Pieces)),
    ("audio-latency-p99", What::Audio(Audio::Latency)),
    ("memory-idle", What::Memory),
    ("start-up", What::StartUp),
];

/// The keys of all rows, in order.
pub(super) fn keys() -> Vec<&'static str> {
    let keys = ROWS.iter().map(|(key, _)| *key);
    #[cfg(feature = "log")]
    let keys = keys
        .chain(append::ROWS.iter().map(|(key, _)| *key))
        .chain(engine::ROWS.iter().map(|(key, _)| *key))
        .chain(memory::ROWS.iter().map(|(key, _)| *key))
        .chain(rules::ROWS.iter().map(|(key, _)| *key));
    keys.collect()
}

/// Measures the rows with these keys. A row that cannot be measured says why in the table.
pub(super) async fn measure(
    programs: &Programs,
    effort: Effort,
    keys: &[&str],
) -> Result<Vec<Row>> {
    let (floor, _) = Server::start(programs, Kind::Floor).await?;
    let (daemon, _) = Server::start(programs, Kind::Daemon).await?;
    let pair = Pair {
        programs,
        floor,
        daemon,
        effort,
    };
    let mut rows = Vec::new();
    for (key, what) in ROWS.iter().filter(|(key, _)| keys.contains(key)) {
        rows.push(measured(key, pair.row(*what)).await);
    }
    #[cfg(feature = "log")]
    for (key, what) in append::ROWS.iter().filter(|(key, _)| keys.contains(key)) {
        rows.push(measured(key, append::row(*what, effort)).await);
    }
    #[cfg(feature = "log")]
    for (key, what) in engine::ROWS.iter().filter(|(key, _)| keys.contains(key)) {
        rows.push(measured(key, engine::row(*what, effort)).await);
    }
    #[cfg(feature = "log")]
    for (key, what) in memory::ROWS.iter().filter(|(key, _)| keys.contains(key)) {
        rows.push(measured(key, memory::row(*what, effort)).await);
    }
    #[cfg(feature = "log")]
    for (key, what) in rules::ROWS.iter().filter(|(key, _)| keys.contains(key)) {
        rows.push(measured(key, ready(rules::row(*what, effort))).await);
    }
    Ok(rows)
}

async fn measured(key: &str, row: impl Future<Output = Result<Row>>) -> Row {
    eprintln!("measuring {key}");
    match tokio::time::timeout(PATIENCE, row).await {
        Ok(Ok(row)) => row.named(key),
        Ok(Err(error)) => Row::failed(key, &error),
        Err(_) => Row::failed(key, &anyhow!("no end after {} s", PATIENCE.as_secs())),
    }
}

struct Pair<'a> {
    programs: &'a Programs,
    floor: Server,
    daemon: Server,
    effort: Effort,
}

impl Pair<'_> {
    async fn row(&self, what: What) -> Result<Row> {
        match what {
            What::RoundTrips {
                unix,
                connections,
                depth,
            } => {
                let shape = Shape { connections, depth };
                let row = Row::new(Unit::PerSecond, Target::AtLeast(0.90));
                self.in_turns(row, async |server| {
                    let outcome = self.round_trips(server, unix, shape).await?;
                    Ok((outcome.per_second, outcome.usage))
                })
                .await
            }
            What::Callback { depth } => {
                let row = Row::new(Unit::Microseconds, Target::AtMost(3.0));
                self.in_turns(row, async |server| {
                    let outcome = if server.kind == Kind::Floor {
                        self.round_trips(
                            server,
                            false,
                            Shape {
                                connections: 1,
                                depth,
                            },
                        )
                        .await?
                    } else {
                        callback::proposals(server, &server.tcp, depth, self.effort).await?
                    };
                    Ok((outcome.p50.as_secs_f64() * 1e6, outcome.usage))
                })
                .await
            }
            What::Proposals(load) => {
                let servers = [&self.floor, &self.daemon];
                proposals::row(self.programs, servers, load, self.effort).await
            }
            What::FanOut { stalled } => {
                let content = self.contents().await?;
                let row = Row::new(Unit::PerSecond, Target::AtLeast(0.90));
                self.in_turns(row, async |server| {
                    let size = if server.kind == Kind::Floor {
                        content
                    } else {
                        EVENT
                    };
                    let outcome = fanout::deliveries(server, size, stalled, self.effort).await?;
                    Ok((outcome.per_second, outcome.usage))
                })
                .await
            }
            What::Stalled => self.stalled().await,
            What::Deltas { chats } => {
                let mut row = Row::new(Unit::PerSecond, Target::Known);
                for _ in 0..self.effort.repetitions {
                    let outcome = chat::deltas(&self.daemon, chats, self.effort).await?;
                    row.add_alone(outcome.per_second);
                }
                Ok(row)
            }
            What::Delta => {
                let row = Row::new(Unit::Microseconds, Target::AtMost(2.0));
                let alone = Shape {
                    connections: 1,
                    depth: 1,
                };
                self.in_turns(row, async |server| {
                    let outcome = match server.kind {
                        Kind::Floor => self.round_trips(server, false, alone).await?,
                        Kind::Daemon => chat::latency(server, self.effort).await?,
                    };
                    Ok((outcome.p50.as_secs_f64() * 1e6, outcome.usage))
                })
                .await
            }
            What::ChatMemory => {
                let mut row = Row::new(Unit::Bytes, Target::ValueAtMost(64.0 * 1024.0));
                for _ in 0..self.effort.repetitions.min(3) {
                    row.add_alone(chat::memory(self.programs).await?);
                }
                Ok(row)
            }
            What::CatchUp => {
                let mut row = Row::new(Unit::PerSecond, Target::Known);
                let missed = catchup::Missed::prepare(&self.daemon).await?;
                for _ in 0..self.effort.repetitions {
                    row.add_alone(missed.read(&self.daemon).await?);
                }
                Ok(row)
            }
            What::Resume => {
                let mut row = Row::new(Unit::Microseconds, Target::ValueAtMost(RESUME));
                let mut away = resume::Away::prepare(&self.daemon).await?;
                for _ in 0..self.effort.repetitions {
                    let took = away.come_back(&self.daemon).await?;
                    row.add_alone(took.as_secs_f64() * 1e6);
                }
                Ok(row)
            }
            What::Cancel => {
                let mut row = Row::new(Unit::Microseconds, Target::ValueAtMost(CANCEL));
                for _ in 0..self.effort.repetitions {
                    row.add_alone(cancel::latency(&self.daemon, self.effort).await?);
                }
                Ok(row)
            }
            What::Decision => {
                let mut row = Row::new(Unit::Microseconds, Target::ValueAtMost(DECISION));
                for _ in 0..self.effort.repetitions {
                    row.add_alone(decision::latency(&self.daemon, self.effort).await?);
                }
                Ok(row)
            }
            What::Audio(what) => audio::row(&self.daemon, what, self.effort).await,
            What::Memory => {
                let mut row = Row::new(Unit::Bytes, Target::ValueAtMost(16.0 * 1024.0));
                for _ in 0..self.effort.repetitions.min(3) {
                    let floor = idle::memory(self.programs, Kind::Floor, self.effort).await?;
                    let daemon = idle::memory(self.programs, Kind::Daemon, self.effort).await?;
                    row.add((floor, Usage::default()), (daemon, Usage::default()));
                }
                Ok(row)
            }
            What::StartUp => {
                let mut row = Row::new(Unit::Microseconds, Target::ValueAtMost(100_000.0));
                for _ in 0..self.effort.repetitions {
                    let floor = idle::start_up(self.programs, Kind::Floor)
                        .await?
                        .as_secs_f64()
                        * 1e6;
                    let daemon = idle::start_up(self.programs, Kind::Daemon)
                        .await?
                        .as_secs_f64()
                        * 1e6;
                    row.add((floor, Usage::default()), (daemon, Usage::default()));
                }
                Ok(row)
            }
        }
    }

    /// Both servers, again and again; the other one begins each time.
    async fn in_turns(
        &self,
        mut row: Row,
        one: impl AsyncFn(&Server) -> Result<Value>,
    ) -> Result<Row> {
        for repetition in 0..self.effort.repetitions {
            if repetition % 2 == 0 {
                let floor = one(&self.floor).await?;
                row.add(floor, one(&self.daemon).await?);
            } else {
                let daemon = one(&self.daemon).await?;
                row.add(one(&self.floor).await?, daemon);
            }
        }
        Ok(row)
    }

    async fn round_trips(&self, server: &Server, unix: bool, shape: Shape) -> Result<Outcome> {
        let address = if unix { &server.unix } else { &server.tcp };
        round_trips(server, address, shape, self.effort).await
    }

    /// The daemon without a stalled subscriber stands where the floor does in the other rows.
    async fn stalled(&self) -> Result<Row> {
        let mut row = Row::new(Unit::PerSecond, Target::AtLeast(0.95));
        let size = if self.daemon.kind == Kind::Floor {
            self.contents().await?
        } else {
            EVENT
        };
        let one = async |stalled| -> Result<Value> {
            let outcome = fanout::deliveries(&self.daemon, size, stalled, self.effort).await?;
            Ok((outcome.per_second, outcome.usage))
        };
        for repetition in 0..self.effort.repetitions {
            if repetition % 2 == 0 {
                let without = one(false).await?;
                row.add(without, one(true).await?);
            } else {
                let with = one(true).await?;
                row.add(one(false).await?, with);
            }
        }
        Ok(row)
    }

    /// How much content the floor must publish, so that its events are as long as the daemon's.
    async fn contents(&self) -> Result<usize> {
        let length = fanout::event_length(&self.daemon, EVENT).await?;
        let empty = fanout::event_length(&self.floor, 0).await?;
        Ok(length.saturating_sub(empty))
    }
}

/// What was measured, and who was busy with it.
pub(super) type Value = (f64, Usage);
