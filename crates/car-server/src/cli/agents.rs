//! `car-server agents`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use car_client::{CallError, Client};
use car_protocol::rpc::Empty;
use car_protocol::rpc::agents::{
    AcpFiles, AgentParams, AgentStatus, Install, InstallParams, List, Log, ManagedAgent, Remove,
    Restart, RestartPolicy, Start, Stop, StopParams, StopSignal, TailLog, TailLogParams, Upsert,
    UpsertParams,
};
use car_protocol::rpc::events::{Since, SinceWord, Subscribe, SubscribeParams};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::conversation::{Role, converse};
use super::failure::Failure;
use super::output;
use super::running::Running;

/// A stop may take its grace, and a start its executable's digest.
const DEADLINE: Duration = Duration::from_secs(40);

/// What to do with agents.
#[derive(Debug, Subcommand)]
pub(super) enum Agents {
    /// Lists them.
    List(Shown),
    /// Starts one.
    Start(One),
    /// Stops one with all processes that it started.
    Stop {
        #[command(flatten)]
        one: One,
        /// Makes it end at once.
        #[arg(long)]
        kill: bool,
    },
    /// Stops one and starts it again.
    Restart(One),
    /// Prints the end of one's log.
    Logs {
        #[command(flatten)]
        one: One,
        /// How many lines.
        #[arg(short = 'n', long, default_value = "100")]
        lines: u32,
        /// Goes on with what comes, until it is interrupted or the daemon ends.
        #[arg(short, long)]
        follow: bool,
    },
    /// Adds one or changes it.
    Add(Add),
    /// Stops one and forgets it.
    Remove(One),
}

/// How to print.
#[derive(Args, Debug)]
pub(super) struct Shown {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Which.
#[derive(Args, Debug)]
pub(super) struct One {
    /// Its id.
    id: String,
    #[command(flatten)]
    shown: Shown,
}

/// How an agent is to be started.
#[derive(Args, Debug)]
pub(super) struct Add {
    /// Its id.
    #[arg(required_unless_present = "manifest")]
    id: Option<String>,
    /// A manifest, as JSON; then nothing else is needed.
    #[arg(long, value_name = "FILE", conflicts_with = "id")]
    manifest: Option<PathBuf>,
    /// Its name for a person; the id when left out.
    #[arg(long)]
    name: Option<String>,
    /// The bare name of a program on the daemon's PATH, with all words behind `--` as its arguments.
    #[arg(long, value_name = "PROGRAM")]
    interpreter: Option<String>,
    /// Where it runs.
    #[arg(long, value_name = "FOLDER")]
    cwd: Option<String>,
    /// A variable of its environment; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,
    /// When it is started again.
    #[arg(long, value_enum)]
    restart: Option<When>,
    /// Starts it with the daemon.
    #[arg(long)]
    auto_start: bool,
    /// Gives it the daemon's client token too.
    #[arg(long)]
    daemon_token: bool,
    /// It speaks the Agent Client Protocol.
    #[arg(long, conflicts_with = "manifest")]
    acp: bool,
    /// A folder below which such an agent may read files through the daemon; may be given several times.
    #[arg(long, value_name = "FOLDER", requires = "acp")]
    acp_read: Vec<String>,
    /// The same for files that it may read and write.
    #[arg(long, value_name = "FOLDER", requires = "acp")]
    acp_write: Vec<String>,
    #[command(flatten)]
    shown: Shown,
    /// The executable and its arguments.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// When an agent that ended is started again.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum When {
    /// When it failed.
    OnFailure,
    /// Never.
    Never,
    /// However it ended.
    Always,
}

impl From<When> for RestartPolicy {
    fn from(when: When) -> Self {
        match when {
            When::OnFailure => Self::OnFailure,
            When::Never => Self::Never,
            When::Always => Self::Always,
        }
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a variable is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Talks to the daemon as a host: whoever reads the host token speaks for the person.
pub(super) fn run(running: &Running, command: Agents) -> Result<(), Failure> {
    match command {
        Agents::List(shown) => {
            let agents = ask(running, async |client| client.call::<List>(Empty {}).await)?;
            shown.print(&agents, &table(&agents))
        }
        Agents::Start(one) => {
            let agent = ask(running, async |client| {
                client.call::<Start>(one.params()).await
            })?;
            one.shown.agent(&agent)
        }
        Agents::Restart(one) => {
            let agent = ask(running, async |client| {
                client.call::<Restart>(one.params()).await
            })?;
            one.shown.agent(&agent)
        }
        Agents::Stop { one, kill } => {
            let params = || StopParams {
                id: one.id.clone(),
                signal: kill.then_some(StopSignal::Kill),
            };
            let agent = ask(running, async |client| client.call::<Stop>(params()).await)?;
            one.shown.agent(&agent)
        }
        Agents::Remove(one) => {
            let gone = ask(running, async |client| {
                client.call::<Remove>(one.params()).await
            })?;
            if !gone.removed {
                return Err(Failure::error(format!("there is no agent {}", one.id)));
            }
            one.shown.print(&gone, &format!("{} is removed\n", one.id))
        }
        Agents::Logs { one, lines, follow } => logs(running, &one, lines, follow),
        Agents::Add(add) => add.run(running),
    }
}

fn ask<T>(
    running: &Running,
    talk: impl AsyncFnOnce(&Client) -> Result<T, CallError>,
) -> Result<T, Failure> {
    converse(running, Role::Host, DEADLINE, talk)
}

impl One {
    fn params(&self) -> AgentParams {
        AgentParams {
            id: self.id.clone(),
        }
    }
}

impl Shown {
    fn print<T: Serialize>(&self, value: &T, text: &str) -> Result<(), Failure> {
        if self.json {
            output::print_json(&serde_json::to_value(value).map_err(Failure::error)?)
        } else {
            output::print(text)
        }
    }

    /// An agent; one that was given up is a failure.
    fn agent(&self, agent: &ManagedAgent) -> Result<(), Failure> {
        self.print(agent, &table(std::slice::from_ref(agent)))?;
        match &agent.error {
            Some(error) if agent.status == AgentStatus::Errored => Err(Failure::error(error)),
            _ => Ok(()),
        }
    }
}

impl Add {
    fn run(self, running: &Running) -> Result<(), Failure> {
        let shown = self.shown;
        if let Some(file) = self.manifest {
            let text = fs::read_to_string(&file)
                .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
            let manifest: InstallParams = serde_json::from_str(&text)
                .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
            let done = ask(running, async |client| {
                client.call::<Install>(manifest.clone()).await
            })?;
            let text = done.agent.as_ref().map_or_else(
                || "kept; it is data only\n".to_owned(),
                |agent| table(std::slice::from_ref(agent)),
            );
            return shown.print(&done, &text);
        }
        let id = self.id.unwrap_or_default();
        let mut words = self.command.into_iter();
        let command = match self.interpreter {
            Some(_) => None,
            None => Some(words.next().ok_or_else(|| {
                Failure::usage("what is to be started is missing")
                    .advise("car-server agents add ID -- /path/of/executable ARGUMENT…")
            })?),
        };
        let params = UpsertParams {
            name: self.name.unwrap_or_else(|| id.clone()),
            id,
            command,
            interpreter: self.interpreter,
            args: Some(words.collect()),
            cwd: self.cwd,
            env: Some(self.env.into_iter().collect::<BTreeMap<_, _>>()),
            restart: self.restart.map(Into::into),
            auto_start: Some(self.auto_start),
            daemon_token: Some(self.daemon_token),
            acp: self.acp.then_some(AcpFiles {
                read: self.acp_read,
                write: self.acp_write,
            }),
            ..UpsertParams::default()
        };
        let agent = ask(running, async |client| {
            client.call::<Upsert>(params.clone()).await
        })?;
        shown.agent(&agent)
    }
}

fn logs(running: &Running, one: &One, lines: u32, follow: bool) -> Result<(), Failure> {
    let id = &one.id;
    ask(running, async |client| {
        let notifications = client.notifications();
        if follow {
            let params = SubscribeParams {
                streams: vec![format!("agent/{id}/log")],
                since: Some(Since::All(SinceWord::Now)),
                delivery: None,
                snapshot: Some(false),
            };
            client.call::<Subscribe>(params).await?;
        }
        let params = TailLogParams {
            id: id.clone(),
            n: Some(lines),
        };
        let tail = client.call::<TailLog>(params).await?;
        let mut printed = match (one.shown.json, follow) {
            (true, false) => output::print_json(&serde_json::json!(tail)),
            (true, true) => Ok(()),
            (false, _) => output::print(&text(&tail.lines)),
        };
        if !follow {
            return Ok(());
        }
        let Some(mut notifications) = notifications else {
            return Ok(());
        };
        while printed.is_ok()
            && let Some(told) = notifications.next().await
        {
            if let Some(log) = told.read::<Log>() {
                printed = match &told.params {
                    Some(raw) if one.shown.json => output::print(&format!("{}\n", raw.get())),
                    _ => output::print(&text(&log.lines)),
                };
            }
        }
        Ok(())
    })
}

/// Lines as a terminal may show them: what would move its cursor is left out.
fn text(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        text.extend(line.chars().filter(|c| !c.is_control() || *c == '\t'));
        text.push('\n');
    }
    text
}

/// A line for each agent.
fn table(agents: &[ManagedAgent]) -> String {
    if agents.is_empty() {
        return "there are no agents; `car-server agents add` adds one\n".to_owned();
    }
    let width = agents
        .iter()
        .map(|agent| agent.spec.id.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for agent in agents {
        let status = match agent.status {
            AgentStatus::Stopped => "stopped",
            AgentStatus::Starting => "starting",
            AgentStatus::Running => "running",
            AgentStatus::Backoff => "backoff",
            AgentStatus::Errored => "errored",
        };
        let pid = agent
            .pid
            .map_or_else(|| "–".to_owned(), |pid| pid.to_string());
        let attached = if agent.attached { "attached" } else { "–" };
        let error = agent.error.as_deref().unwrap_or_default();
        let line = format!(
            "{:width$}  {status:8}  {pid:>8}  {attached:8}  {}  {error}",
            agent.spec.id, agent.spec.command
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
