//! `agents.*`: processes that the daemon starts and looks after. Conversations with them are in a file of their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Empty;
use crate::Timestamp;

crate::methods! {
    /// The supervised agents, by id. Tokens are never told, and of the environment only the names.
    List = "agents.list" (Empty) -> Vec<ManagedAgent>;

    /// Whether each agent can be started, lives, is connected, and answers.
    Health = "agents.health" (Empty) -> Vec<AgentHealth>;

    /// Adds an agent or changes it. One that runs goes on as it was started until it is restarted.
    #[mutates]
    Upsert = "agents.upsert" (UpsertParams) -> ManagedAgent;

    /// Adds an agent from its manifest, which is kept as it is. One that is data only is kept and never started.
    #[mutates]
    Install = "agents.install" (InstallParams) -> Installed;

    /// Stops an agent and forgets it, its token and its manifest. Its log files stay.
    #[mutates]
    Remove = "agents.remove" (AgentParams) -> Removed;

    /// Starts an agent; one that runs goes on. A person is asked first where the gate is on and what would be started,
    /// to the digest of its executable, was never started before.
    #[mutates]
    Start = "agents.start" (AgentParams) -> ManagedAgent;

    /// Stops an agent with all processes that it started, and answers when they have ended. With `term` it has 10 s to
    /// end by itself.
    #[mutates]
    Stop = "agents.stop" (StopParams) -> ManagedAgent;

    /// Stops an agent and starts it again; a person is asked as for `agents.start`.
    #[mutates]
    Restart = "agents.restart" (AgentParams) -> ManagedAgent;

    /// The end of an agent's log, read from its end. To follow it, a host subscribes to the stream `agent/<id>/log`.
    TailLog = "agents.tail_log" (TailLogParams) -> LogTail;

    /// Gives an agent a new token and takes the old one away. A process that runs has the old one until it is restarted.
    #[mutates]
    RotateToken = "agents.rotate_token" (AgentParams) -> Rotated;
}

crate::callbacks! {
    /// Asks an agent whether it still listens. Any answer says so, an error too.
    Ping = "agent.ping" (Empty) -> Value;
}

crate::notifications! {
    /// What an agent wrote, and what became of it, on the stream `agent/<id>/log`. Only hosts hear it.
    Log = "agent.log" (AgentLog);
}

/// When an agent that ended is started again.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentRestart"))]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    /// When it failed: it ended with another code than 0, or by a signal.
    #[default]
    OnFailure,
    /// Never.
    Never,
    /// However it ended.
    Always,
}

/// What an agent may use. What is not said is not limited, except that with `read` or `write` all other files are closed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentSandbox"))]
pub struct Sandbox {
    /// Files and folders that may be read and executed, as absolute paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Vec<String>>,
    /// Files and folders that may be written too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Vec<String>>,
    /// `any`, or `daemon`: TCP connects to the daemon's port only and listens nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<SandboxNetwork>,
    /// Address space of each process, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Processor time of each process, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<u64>,
    /// Open files of each process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
    /// Processes of the user, counted with all that run already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u64>,
    /// Starts the agent also where the system lacks what some of this needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_effort: Option<bool>,
}

/// Where an agent may connect to over TCP.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SandboxNetwork {
    /// Everywhere.
    Any,
    /// To the daemon.
    Daemon,
}

/// The files that an agent of the Agent Client Protocol reads and writes through the daemon, as absolute paths of folders.
/// Without any it is told that there are none.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentAcpFiles"))]
pub struct AcpFiles {
    /// Folders below which it may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<String>,
    /// Folders below which it may read and write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub write: Vec<String>,
}

/// How an agent is started.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentSpec {
    /// 1 to 128 letters, digits, `-`, `_` and `.`, neither `.` nor `..`.
    pub id: String,
    /// For a person.
    pub name: String,
    /// The executable: an absolute path without links, to a file that others cannot write.
    pub command: String,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Where it runs; the root of the daemon when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Variables of its environment, besides those that every agent gets. In answers each value is `***`; given back,
    /// that leaves the value as it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// When it is started again.
    #[serde(default)]
    pub restart: RestartPolicy,
    /// How often in a row, 10 when left out. A healthy minute ends the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_restarts: Option<u32>,
    /// How long to wait before the first of them, in seconds, 5 when left out; each further one waits twice as long, up
    /// to 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_secs: Option<u64>,
    /// Whether it starts with the daemon.
    #[serde(default)]
    pub auto_start: bool,
    /// Whether it gets the daemon's client token too. Agents made with older clients need it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub daemon_token: bool,
    /// What it may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<Sandbox>,
    /// Set for an agent that speaks the Agent Client Protocol at its standard input and output, and not with the daemon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acp: Option<AcpFiles>,
    /// What it may not do, by namespace: methods of the daemon by their last part, `*` for all of the namespace; with
    /// `network` it connects to the daemon only, with `filesystem` and `write` it writes no files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub denied: BTreeMap<String, Vec<String>>,
}

/// Params of `agents.upsert`: the agent, `interpreter` and `token`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentsUpsertParams"))]
pub struct UpsertParams {
    /// 1 to 128 letters, digits, `-`, `_` and `.`, neither `.` nor `..`.
    pub id: String,
    /// For a person.
    pub name: String,
    /// The executable; may be left out with `interpreter`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The bare name of a program, looked for on the daemon's `PATH` now; what is found becomes `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    /// Where it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Variables of its environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<BTreeMap<String, String>>,
    /// When it is started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<RestartPolicy>,
    /// How often in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_restarts: Option<u32>,
    /// How long to wait before the first of them, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_secs: Option<u64>,
    /// Whether it starts with the daemon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_start: Option<bool>,
    /// Whether it gets the daemon's client token too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daemon_token: Option<bool>,
    /// What it may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<Sandbox>,
    /// Set for an agent that speaks the Agent Client Protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acp: Option<AcpFiles>,
    /// Its token, 43 characters of base64url; kept, or made at the first time, when left out or empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// What a supervised agent is doing.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// It does not run, and is not to.
    Stopped,
    /// Its process is about to be made.
    Starting,
    /// Its process runs, also while it is being stopped.
    Running,
    /// It ended and waits to be started again.
    Backoff,
    /// It was given up: `error` says why.
    Errored,
}

/// A supervised agent: how it is started, and how it is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ManagedAgent {
    /// How it is started.
    #[serde(flatten)]
    pub spec: AgentSpec,
    /// What it is doing.
    pub status: AgentStatus,
    /// The number of its process.
    #[serde(default)]
    pub pid: Option<u32>,
    /// How its last process ended; -1 for a signal.
    #[serde(default)]
    pub last_exit_code: Option<i32>,
    /// How often in a row it was started again.
    pub restart_count: u32,
    /// When its process was made.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// Whether a session is bound to it.
    pub attached: bool,
    /// That session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How an agent is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentHealth {
    /// Its id.
    pub id: String,
    /// Its executable.
    pub command: String,
    /// Whether all is well: it can be started, and where it is to run it does and, if it is connected, answers.
    pub ok: bool,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether its process lives.
    pub alive: bool,
    /// Whether a session is bound to it.
    pub attached: bool,
    /// Whether that session answered `agent.ping`; left out where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<bool>,
}

/// Params of `agents.install`: a manifest. Members that are not known are kept.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentManifest"))]
#[serde(transparent)]
pub struct InstallParams(pub Map<String, Value>);

/// Result of `agents.install`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentInstalled"))]
pub struct Installed {
    /// What the manifest asks for and is not there.
    pub report: InstallReport,
    /// The agent; `null` for one that is data only.
    pub agent: Option<ManagedAgent>,
}

/// What a manifest asks for and is not there.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InstallReport {
    /// Of what it could use.
    pub missing_optional: Vec<Capability>,
}

/// Something that a daemon can do for an agent.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentCapability"))]
pub struct Capability {
    /// The namespace.
    pub namespace: String,
    /// Its feature.
    pub feature: String,
}

/// Params of the methods that are about one agent.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SupervisedAgentParams"))]
pub struct AgentParams {
    /// Its id.
    pub id: String,
}

/// Result of `agents.remove`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentRemoved"))]
pub struct Removed {
    /// Whether it was there.
    pub removed: bool,
}

/// Params of `agents.stop`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentsStopParams"))]
pub struct StopParams {
    /// Its id.
    pub id: String,
    /// `term` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<StopSignal>,
}

/// How an agent is stopped.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentStopSignal"))]
#[serde(rename_all = "snake_case")]
pub enum StopSignal {
    /// It is asked to end, and after 10 s made to.
    Term,
    /// It is made to end.
    Kill,
}

/// Params of `agents.tail_log`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentsTailLogParams"))]
pub struct TailLogParams {
    /// Its id.
    pub id: String,
    /// How many lines: 1 to 10,000; 100 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
}

/// Result of `agents.tail_log`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentLogTail"))]
pub struct LogTail {
    /// Lines of the standard output, then of the standard error: the last of both together, within 1 MiB.
    pub lines: Vec<String>,
}

/// Result of `agents.rotate_token`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AgentTokenRotated"))]
pub struct Rotated {
    /// Always `true`. The token is in the agent's file, and in the environment of its next process.
    pub rotated: bool,
}

/// Where lines of an agent's log come from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AgentLogKind {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
    /// The daemon, about it.
    Supervisor,
}

/// One event of the stream `agent/<id>/log`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentLog {
    /// Where the lines come from.
    pub kind: AgentLogKind,
    /// When.
    pub timestamp: Timestamp,
    /// The agent.
    pub agent_id: String,
    /// The lines, without their ends. What was read at once is told at once; one of more than 8 KiB comes in parts.
    pub lines: Vec<String>,
    /// `agent/<id>/log`.
    pub stream: String,
    /// The epoch of the stream.
    pub epoch: u64,
    /// The number of the event in the stream.
    pub seq: u64,
}
