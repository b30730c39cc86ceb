//! The engine by itself, as a program has it that embeds `car-state`: what it takes for one action, with everything that
//! belongs to it, the events of the session included. No daemon and no socket take part.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use car_state::engine::{Engine, RunRequest, ToolCall, ToolError, ToolExecutor};
use car_state::server::{ServerState, ServerStateConfig};
use car_state::session::ClientSession;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Effort;
use super::load::percentile;
use super::proposals::{GRAPH, STATES, graph, proposal, states};
use super::table::{Row, Target, Unit};

/// What of the engine.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    /// The time of an action on the state, among a thousand.
    State,
    /// The time of an action of a graph of ten thousand, each after two others.
    Graph,
    /// The time of a call of a tool that answers at once, among a thousand, under so many policies that look into it.
    Calls { rules: usize },
    /// The time of a call whose result of a mebibyte is stored.
    Results,
}

/// The rows, after those of the daemon.
pub(super) const ROWS: &[(&str, Work)] = &[
    ("engine-state-action", Work::State),
    ("engine-graph-action", Work::Graph),
    ("engine-call", Work::Calls { rules: 0 }),
    ("engine-call-100-rules", Work::Calls { rules: 100 }),
    ("engine-result-1mib", Work::Results),
];

const CALLS: usize = 1_000;
/// Results that are stored one after the other, and a little more than a mebibyte as JSON.
const RESULTS: usize = 10;
const RESULT: usize = 1 << 20;

/// Measures one row.
pub(super) async fn row(what: Work, effort: Effort) -> Result<Row> {
    let target = match what {
        Work::State | Work::Graph => Target::ValueAtMost(5.0),
        Work::Calls { .. } | Work::Results => Target::Known,
    };
    let mut row = Row::new(Unit::Microseconds, target);
    for _ in 0..effort.repetitions {
        row.add_alone(one(what, effort).await?);
    }
    Ok(row)
}

/// The median time of one action, in microseconds.
async fn one(what: Work, effort: Effort) -> Result<f64> {
    let (session, _folder) = session()?;
    let engine = session.engine();
    let (proposal, actions) = match what {
        Work::State => (states(), STATES),
        Work::Graph => (graph(), GRAPH),
        Work::Calls { rules } => {
            for n in 0..rules {
                let policy = json!({
                    "name": format!("no {n}"), "rule": "deny_tool_param",
                    "target": "bench", "key": "text", "pattern": format!("forbidden {n}"),
                });
                let policies = &engine.parts().policies;
                policies.register(None, serde_json::from_value(policy)?)?;
            }
            (calls("a text that nobody minds", CALLS), CALLS)
        }
        Work::Results => (calls("", RESULTS), RESULTS),
    };
    let request = request(&proposal)?;
    let began = Instant::now();
    let until = began + effort.warm_up + effort.measure;
    let mut times = Vec::new();
    while times.is_empty() || Instant::now() < until {
        let request = request.clone();
        let sent = Instant::now();
        run(engine, request).await?;
        let took = sent.elapsed();
        if sent - began >= effort.warm_up || Instant::now() >= until {
            times.push(took);
        }
    }
    Ok(percentile(times, 0.5)? / actions as f64)
}

async fn run(engine: &Engine, request: RunRequest) -> Result<()> {
    let count = request.proposal.actions.len();
    let ended = engine.run(request, Default::default()).await?;
    if ended.cost.actions_executed != count as u64 || ended.cost.actions_rejected > 0 {
        bail!("not all actions were run: {:?}", ended.cost);
    }
    Ok(())
}

fn session() -> Result<(Arc<ClientSession>, TempDir)> {
    let folder = tempfile::Builder::new().prefix("car-bench").tempdir()?;
    let tool = serde_json::from_value(json!({ "name": "bench", "parameters": {} }))?;
    let config = ServerStateConfig::new(folder.path());
    let config = config.with_tool_executor(vec![tool], Arc::new(AtOnce));
    let state = ServerState::with_config(config)?;
    Ok((state.open_session(false), folder))
}

fn request(submission: &str) -> Result<RunRequest> {
    let submission: Value = serde_json::from_str(submission)?;
    Ok(RunRequest {
        proposal: serde_json::from_value(submission["proposal"].clone())?,
        ..RunRequest::default()
    })
}

/// One call after the other.
fn calls(text: &str, count: usize) -> String {
    let call = |n| {
        let call = json!({ "id": format!("{n}"), "type": "tool_call", "tool": "bench", "parameters": { "text": text } });
        call.to_string()
    };
    proposal("sequential", (0..count).map(call))
}

/// Gives back what it was given; for nothing a mebibyte.
#[derive(Debug)]
struct AtOnce;

impl ToolExecutor for AtOnce {
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Result<Value, ToolError>> {
        let value = match call.parameters["text"].as_str() {
            Some("") => "x".repeat(RESULT).into(),
            _ => call.parameters,
        };
        ready(Ok(value)).boxed()
    }
}
