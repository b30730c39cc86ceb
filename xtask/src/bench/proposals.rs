//! What the engine costs, measured through the wire with everything that belongs to a proposal on it.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::Effort;
use super::callback::{TOOL, execute};
use super::load::{Shape, Template, Usage, replied, requests};
use super::server::{Kind, Programs, Server};
use super::table::{Row, Target, Unit};
use super::wire::{Address, Connection};

/// One measurement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Load {
    /// Proposals a second of one state action each, against plain round trips at the same depth.
    Small,
    /// The time of a hundred independent tool calls, against that of a hundred plain round trips: one after the other, or
    /// all at once.
    Calls { parallel: bool },
    /// The time of one state action among a thousand, reading the proposal and writing the answer included.
    State,
    /// The time of ten thousand actions, each after two others.
    Graph,
    /// What the most that a daemon ever took grows by with such a graph, its frames and events included.
    Peak,
    /// What the daemon's memory grows by between the first tenth of a hundred thousand proposals and the last.
    Memory,
}

const CALLS: usize = 100;
pub(super) const STATES: usize = 1_000;
pub(super) const GRAPH: usize = 10_000;
/// What a graph may take, about 6 KiB an action: each is a frame's part, a value, a result
/// and four events, and some of it lies there twice while it changes hands.
const GRAPH_BYTES: f64 = 64.0 * 1024.0 * 1024.0;
/// Proposals of the memory row, and how many of them are in flight.
const MANY: usize = 100_000;
const DEPTH: usize = 16;
const ONE: &str = r#"{"proposal":{"actions":[{"id":"a","type":"state_write","parameters":{"key":"k","value":1}}]}}"#;

/// The row of a measurement.
pub(super) async fn row(
    programs: &Programs,
    servers: [&Server; 2],
    load: Load,
    effort: Effort,
) -> Result<Row> {
    let mut row = match load {
        Load::Small => Row::new(Unit::PerSecond, Target::AtLeast(0.25)),
        Load::Calls { parallel: true } => Row::new(Unit::Microseconds, Target::AtMost(2.5)),
        Load::Calls { parallel: false } => Row::new(Unit::Microseconds, Target::AtMost(3.0)),
        Load::State => Row::new(Unit::Microseconds, Target::ValueAtMost(5.0)),
        Load::Graph => Row::new(Unit::Microseconds, Target::ValueAtMost(100_000.0)),
        Load::Peak => Row::new(Unit::Bytes, Target::ValueAtMost(GRAPH_BYTES)),
        Load::Memory => Row::new(Unit::Bytes, Target::ValueAtMost(1024.0 * 1024.0)),
    };
    if let Load::Memory | Load::Peak = load {
        row.add_alone(match load {
            Load::Peak => peak(programs).await?,
            _ => growth(programs).await?,
        });
        return Ok(row);
    }
    for repetition in 0..effort.repetitions {
        let mut values = [(0.0, Usage::default()); 2];
        for turn in 0..2 {
            let place = (repetition + turn) % 2;
            values[place] = value(servers[place], load, effort).await?;
        }
        row.add(values[0], values[1]);
    }
    Ok(row)
}

async fn value(server: &Server, load: Load, effort: Effort) -> Result<(f64, Usage)> {
    let floor = server.kind == Kind::Floor;
    let (method, params) = server.kind.round_trip();
    let plain = Template::new(method, params);
    let micros =
        |time: Duration, parts: usize| (time.as_secs_f64() * 1e6 / parts as f64, Usage::default());
    Ok(match load {
        Load::Small => {
            let template = if floor {
                plain
            } else {
                Template::new("proposal.submit", ONE)
            };
            let shape = Shape {
                connections: 1,
                depth: DEPTH,
            };
            let outcome = requests(server, &server.tcp, template, shape, effort).await?;
            (outcome.per_second, outcome.usage)
        }
        Load::Calls { parallel } if floor => {
            let depth = if parallel { CALLS } else { 1 };
            micros(
                median(effort, &server.tcp, None, &plain, CALLS, depth).await?,
                1,
            )
        }
        Load::Calls { parallel } => {
            let template = Template::new("proposal.submit", &calls(parallel));
            let time = median(effort, &server.tcp, Some(TOOL), &template, 1, 1).await?;
            micros(time, 1)
        }
        Load::State | Load::Graph if floor => {
            micros(median(effort, &server.tcp, None, &plain, 1, 1).await?, 1)
        }
        Load::State => {
            let template = Template::new("proposal.submit", &states());
            let time = median(effort, &server.tcp, None, &template, 1, 1).await?;
            micros(time, STATES)
        }
        Load::Graph | Load::Peak | Load::Memory => {
            let template = Template::new("proposal.submit", &graph());
            micros(median(effort, &server.tcp, None, &template, 1, 1).await?, 1)
        }
    })
}

pub(super) fn proposal(execution: &str, actions: impl Iterator<Item = String>) -> String {
    let mut text =
        format!(r#"{{"proposal":{{"execution":"{execution}","max_concurrency":64,"actions":["#);
    for (place, action) in actions.enumerate() {
        let comma = if place > 0 { "," } else { "" };
        let _ = write!(text, "{comma}{action}");
    }
    text.push_str("]}}");
    text
}

fn calls(parallel: bool) -> String {
    let execution = if parallel { "parallel" } else { "sequential" };
    let call = |n| format!(r#"{{"id":"{n}","type":"tool_call","tool":"bench","parameters":{{}}}}"#);
    proposal(execution, (0..CALLS).map(call))
}

pub(super) fn states() -> String {
    let write = |n| {
        format!(
            r#"{{"id":"{n}","type":"state_write","parameters":{{"key":"k{}","value":{n}}}}}"#,
            n % 10
        )
    };
    proposal("sequential", (0..STATES).map(write))
}

pub(super) fn graph() -> String {
    let node = |n: usize| {
        let on = match n {
            0 => String::new(),
            1 => r#""0""#.to_owned(),
            n => format!(r#""{}","{}""#, n / 2, n - 1),
        };
        format!(
            r#"{{"id":"{n}","type":"state_read","parameters":{{"key":"k"}},"dependencies":[{on}]}}"#
        )
    };
    proposal("parallel", (0..GRAPH).map(node))
}

/// The median time of `count` requests of which `depth` are in flight, over as many rounds as there is time for.
async fn median(
    effort: Effort,
    address: &Address,
    tools: Option<&str>,
    template: &Template,
    count: usize,
    depth: usize,
) -> Result<Duration> {
    let mut connection = Connection::open(address, 64 * 1024).await?;
    if let Some(tools) = tools {
        let register =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools.register","params":{tools}}}"#);
        connection.ask(&register).await?;
    }
    let began = Instant::now();
    let until = began + effort.warm_up + effort.measure;
    let mut times = Vec::new();
    while times.is_empty() || Instant::now() < until {
        let sent = Instant::now();
        round(&mut connection, template, count, depth).await?;
        if sent - began >= effort.warm_up || Instant::now() >= until {
            times.push(sent.elapsed());
        }
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// Sends so many requests, answers the calls that come back, and waits for all answers.
async fn round(
    connection: &mut Connection,
    template: &Template,
    count: usize,
    depth: usize,
) -> Result<()> {
    let mut out = Vec::new();
    (0..depth).for_each(|n| template.push(&mut out, n));
    connection.send(&out).await?;
    let (mut sent, mut answered) = (depth, 0);
    while answered < count {
        out.clear();
        connection
            .receive(|text| {
                if text.starts_with(br#"{"jsonrpc":"2.0","method":"#)
                    || memchr::memmem::find(text, br#""method":"tools.execute""#).is_some()
                {
                    return execute(text, &mut out);
                }
                replied(text)?;
                if memchr::memmem::find(text, br#""failed""#).is_some() {
                    bail!("an action failed: {}", String::from_utf8_lossy(text));
                }
                answered += 1;
                if sent < count {
                    template.push(&mut out, sent);
                    sent += 1;
                }
                Ok(())
            })
            .await?;
        if !out.is_empty() {
            connection.send(&out).await?;
        }
    }
    Ok(())
}

/// Bytes that the most of a daemon's memory grows by with one graph.
async fn peak(programs: &Programs) -> Result<f64> {
    let (server, _) = Server::start(programs, Kind::Daemon).await?;
    let mut connection = Connection::open(&server.tcp, 64 * 1024).await?;
    let small = Template::new("proposal.submit", ONE);
    round(&mut connection, &small, DEPTH, DEPTH).await?;
    let before = server.peak()?;
    let graph = Template::new("proposal.submit", &graph());
    round(&mut connection, &graph, 1, 1).await?;
    Ok(server.peak()?.saturating_sub(before) as f64)
}

/// Bytes that a daemon's memory grows by while one session runs proposal after proposal.
async fn growth(programs: &Programs) -> Result<f64> {
    let (server, _) = Server::start(programs, Kind::Daemon).await?;
    let mut connection = Connection::open(&server.tcp, 64 * 1024).await?;
    let register =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools.register","params":{TOOL}}}"#);
    connection.ask(&register).await?;
    let call = r#"{"proposal":{"actions":[{"id":"a","type":"tool_call","tool":"bench","parameters":{}}]}}"#;
    let template = Template::new("proposal.submit", call);
    round(&mut connection, &template, MANY / 10, DEPTH).await?;
    let before = server.resident()?;
    round(&mut connection, &template, MANY - MANY / 10, DEPTH).await?;
    let after = server.resident()?;
    Ok(after.saturating_sub(before) as f64)
}
