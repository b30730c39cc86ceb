//! What the supervisor and the tasks of the agents share.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::agents::{AgentSpec, AgentStatus, ManagedAgent};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::mpsc;

use super::error::SupervisorError;
use super::launch::Launcher;
use super::machine::{Phase, RestartRule};
use super::supervised::Wish;
use super::supervisor::AgentsConfig;
use super::{AgentId, AgentLogs, AgentTokens, Fingerprint};
use crate::clock::Clock;
use crate::log::EventLog;
use crate::private_file;

/// What stands for a value of the environment in answers.
const HIDDEN: &str = "***";
/// How long a text of an agent may be, in bytes.
const MAX_TEXT: usize = 32 << 10;
/// How many arguments, variables or paths it may have.
const MAX_LIST: usize = 256;
/// How often in a row an agent is started again, unless it says.
const MAX_RESTARTS: u32 = 10;
/// How long to wait before the first time, unless it says, in seconds.
const FIRST_WAIT: u64 = 5;

/// How an agent is, for everybody to see.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) spec: AgentSpec,
    pub(super) phase: Phase,
    pub(super) pid: Option<u32>,
    pub(super) last_exit_code: Option<i32>,
    pub(super) restarts: u32,
    pub(super) started_at: Option<Timestamp>,
    pub(super) error: Option<String>,
    pub(super) wishes: Option<mpsc::Sender<Wish>>,
    pub(super) logs: Arc<AgentLogs>,
}

impl Row {
    /// The agent as others may see it.
    pub(super) fn seen(&self) -> ManagedAgent {
        let mut spec = self.spec.clone();
        for value in spec.env.values_mut() {
            HIDDEN.clone_into(value);
        }
        ManagedAgent {
            spec,
            status: match self.phase {
                Phase::Stopped => AgentStatus::Stopped,
                Phase::Launching { .. } => AgentStatus::Starting,
                Phase::Running | Phase::Stopping { .. } => AgentStatus::Running,
                Phase::Waiting => AgentStatus::Backoff,
                Phase::GivenUp | Phase::Refused => AgentStatus::Errored,
            },
            pid: self.pid,
            last_exit_code: self.last_exit_code,
            restart_count: self.restarts,
            started_at: self.started_at,
            attached: false,
            session_id: None,
            error: self.error.clone(),
        }
    }
}

/// What the supervisor and the tasks of the agents share.
#[derive(Debug)]
pub(super) struct Shared {
    rows: Mutex<BTreeMap<AgentId, Row>>,
    root: Option<PathBuf>,
    /// What a person agreed to, besides what the files say.
    agreed: Mutex<BTreeMap<AgentId, Fingerprint>>,
    pub(super) ask_first: bool,
    pub(super) search: Vec<PathBuf>,
    pub(super) launcher: Arc<dyn Launcher>,
    pub(super) tokens: Arc<AgentTokens>,
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
}

impl Shared {
    pub(super) fn new(
        config: AgentsConfig,
        tokens: Arc<AgentTokens>,
        log: Arc<dyn EventLog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            rows: Mutex::default(),
            root: config.root,
            agreed: Mutex::default(),
            ask_first: config.ask_first,
            search: config.search,
            launcher: config.launcher,
            tokens,
            log,
            clock,
        }
    }

    pub(super) fn rows(&self) -> MutexGuard<'_, BTreeMap<AgentId, Row>> {
        self.rows.lock()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Adds an agent or changes how it is started the next time.
    pub(super) fn put(&self, id: &AgentId, spec: AgentSpec) {
        let mut rows = self.rows.lock();
        if let Some(row) = rows.get_mut(id) {
            row.spec = spec;
            return;
        }
        let folder = self.root.as_ref().map(|root| root.join("logs"));
        let logs = AgentLogs::new(id, folder, Arc::clone(&self.log), Arc::clone(&self.clock));
        let row = Row {
            spec,
            phase: Phase::Stopped,
            pid: None,
            last_exit_code: None,
            restarts: 0,
            started_at: None,
            error: None,
            wishes: None,
            logs: Arc::new(logs),
        };
        rows.insert(id.clone(), row);
    }

    pub(super) fn change(&self, id: &AgentId, change: impl FnOnce(&mut Row)) {
        if let Some(row) = self.rows.lock().get_mut(id) {
            change(row);
        }
    }

    pub(super) fn spec(&self, id: &AgentId) -> Option<AgentSpec> {
        Some(self.rows.lock().get(id)?.spec.clone())
    }

    pub(super) fn tell(&self, id: &AgentId, line: &str) {
        let logs = self.rows.lock().get(id).map(|row| Arc::clone(&row.logs));
        if let Some(logs) = logs {
            logs.tell(line.to_owned());
        }
    }

    pub(super) fn starting_with_the_daemon(&self) -> Vec<AgentId> {
        let rows = self.rows.lock();
        let auto = rows.iter().filter(|(_, row)| row.spec.auto_start);
        auto.map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn rule(&self, id: &AgentId) -> RestartRule {
        let rows = self.rows.lock();
        let spec = rows.get(id).map(|row| &row.spec);
        RestartRule {
            policy: spec.map(|spec| spec.restart).unwrap_or_default(),
            most: spec
                .and_then(|spec| spec.max_restarts)
                .unwrap_or(MAX_RESTARTS),
        }
    }

    pub(super) fn first_wait(&self, id: &AgentId) -> Duration {
        let rows = self.rows.lock();
        let wait = rows.get(id).and_then(|row| row.spec.backoff_secs);
        Duration::from_secs(wait.unwrap_or(FIRST_WAIT).max(1))
    }

    /// A value that was only shown hidden stays what it is.
    pub(super) fn keep_hidden(&self, id: &AgentId, spec: &mut AgentSpec) {
        let rows = self.rows.lock();
        let Some(row) = rows.get(id) else {
            return;
        };
        for (name, value) in &mut spec.env {
            if value == HIDDEN
                && let Some(known) = row.spec.env.get(name)
            {
                value.clone_from(known);
            }
        }
    }

    /// Whether this may be started without asking.
    pub(super) fn is_trusted(&self, id: &AgentId, fingerprint: Fingerprint) -> bool {
        if !self.ask_first {
            return true;
        }
        if self.agreed.lock().get(id) == Some(&fingerprint) {
            return true;
        }
        let agreed = self.file(id, "approved").map(fs::read_to_string);
        agreed.is_some_and(|agreed| agreed.is_ok_and(|text| text == fingerprint.to_string()))
    }

    /// Notes that a person agreed to starting this.
    pub(super) fn agree(&self, id: &AgentId, to: Fingerprint) -> Result<(), SupervisorError> {
        if let Some(path) = self.file(id, "approved") {
            self.write(&path, to.to_string().as_bytes())?;
        }
        self.agreed.lock().insert(id.clone(), to);
        Ok(())
    }

    /// Forgets that.
    pub(super) fn forget(&self, id: &AgentId) {
        self.agreed.lock().remove(id);
    }

    /// A file of an agent, unless everything is in memory.
    pub(super) fn file(&self, id: &AgentId, name: &str) -> Option<PathBuf> {
        let folder = self.root.as_ref()?.join("agents").join(id.as_str());
        Some(folder.join(name))
    }

    #[expect(clippy::unused_self, reason = "it belongs to the files of this root")]
    pub(super) fn write(&self, path: &Path, content: &[u8]) -> Result<(), SupervisorError> {
        if let Some(folder) = path.parent() {
            private_file::create_folder(folder)?;
        }
        Ok(private_file::replace(path, content)?)
    }
}

/// Whether an agent is within bounds.
pub(super) fn bounds(spec: &AgentSpec) -> Result<(), SupervisorError> {
    let wrong = |field, why: String| Err(SupervisorError::Param { field, why });
    for (field, text) in [("name", &spec.name), ("command", &spec.command)] {
        if text.is_empty() || text.len() > MAX_TEXT || text.contains('\0') {
            return wrong(field, format!("1 to {MAX_TEXT} bytes without a NUL"));
        }
    }
    let bad = |text: &String| text.len() > MAX_TEXT || text.contains('\0');
    if spec.args.len() > MAX_LIST || spec.args.iter().any(bad) {
        return wrong(
            "args",
            format!("up to {MAX_LIST} texts of up to {MAX_TEXT} bytes without a NUL"),
        );
    }
    let name = |name: &String| !name.is_empty() && !name.contains('=') && !bad(name);
    let variable = |(key, value): (&String, &String)| name(key) && !bad(value);
    if spec.env.len() > MAX_LIST || !spec.env.iter().all(variable) {
        return wrong(
            "env",
            format!("up to {MAX_LIST} variables, named without `=`"),
        );
    }
    if let Some(cwd) = &spec.cwd
        && !is_plain(cwd)
    {
        return wrong("cwd", "an absolute path without `..`".to_owned());
    }
    if let Some(sandbox) = &spec.sandbox {
        for paths in [&sandbox.read, &sandbox.write].into_iter().flatten() {
            if paths.len() > MAX_LIST || !paths.iter().all(|path| is_plain(path)) {
                return wrong(
                    "sandbox",
                    format!("up to {MAX_LIST} absolute paths without `..`"),
                );
            }
        }
    }
    if let Some(acp) = &spec.acp {
        for paths in [&acp.read, &acp.write] {
            if paths.len() > MAX_LIST || !paths.iter().all(|path| is_plain(path)) {
                return wrong(
                    "acp",
                    format!("up to {MAX_LIST} absolute paths without `..`"),
                );
            }
        }
    }
    Ok(())
}

fn is_plain(path: &str) -> bool {
    let path_of = Path::new(path);
    let climbs = |part| matches!(part, std::path::Component::ParentDir);
    path_of.is_absolute() && !path_of.components().any(climbs) && !path.contains('\0')
}
