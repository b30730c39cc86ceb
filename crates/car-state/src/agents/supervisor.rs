//! All supervised agents.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use car_protocol::rpc::agents::{
    AgentHealth, AgentSpec, AgentStatus, InstallReport, ManagedAgent, StopSignal,
};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::book::AgentBook;
use super::error::SupervisorError;
use super::executable::check;
use super::launch::{Launcher, NoLauncher, NobodyAttached, Presence};
use super::machine::{Input, STOP_GRACE};
use super::roster::{Row, Shared, bounds};
use super::supervised::{Supervised, Wish};
use super::{AgentId, AgentTokens, Fingerprint, Manifest};
use crate::clock::Clock;
use crate::log::EventLog;
use crate::token::Token;

/// Wishes about one agent that wait; more are refused.
const WISHES: usize = 16;
/// How long somebody who wants something of an agent waits at most: a process has its grace, and then is killed.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an agent may take to answer `agent.ping`.
const PING: Duration = Duration::from_secs(5);

/// What a supervisor is made of.
#[derive(Clone, Debug)]
pub struct AgentsConfig {
    /// The root of the daemon; none keeps everything in memory.
    pub root: Option<PathBuf>,
    /// Who makes processes.
    pub launcher: Arc<dyn Launcher>,
    /// Whether a person must have agreed to what is started.
    pub ask_first: bool,
    /// Where interpreters are looked for: the folders of `PATH`.
    pub search: Vec<PathBuf>,
}

impl Default for AgentsConfig {
    fn default() -> Self {
        Self {
            root: None,
            launcher: Arc::new(NoLauncher),
            ask_first: false,
            search: Vec::new(),
        }
    }
}

/// Starts agents and looks after them.
#[derive(Debug)]
pub struct Supervisor {
    shared: Arc<Shared>,
    book: Mutex<AgentBook>,
    tasks: TaskTracker,
    /// Where the tasks run: where the first of them was started.
    runtime: OnceLock<Handle>,
    presence: OnceLock<Arc<dyn Presence>>,
}

impl Supervisor {
    /// Reads who there is; starts nobody. `tokens` are those that sessions are held against.
    ///
    /// # Errors
    /// [`SupervisorError::Book`].
    pub fn open(
        config: AgentsConfig,
        tokens: Arc<AgentTokens>,
        log: Arc<dyn EventLog>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SupervisorError> {
        let root = config.root.as_ref();
        let book = AgentBook::open(root.map(|root| root.join("agents.json")))?;
        let shared = Arc::new(Shared::new(config, tokens, log, clock));
        for written in book.agents() {
            let Ok(id) = written.spec.id.parse::<AgentId>() else {
                tracing::warn!(
                    agent = written.spec.id,
                    "an agent with a bad id is not used"
                );
                continue;
            };
            let known = shared.tokens.file(&id).is_some_and(|file| file.exists());
            if let Some(token) = written.token.as_deref().and_then(Token::from_text)
                && !known
            {
                shared.tokens.set(&id, token)?;
            }
            shared.put(&id, written.spec);
        }
        Ok(Self {
            shared,
            book: Mutex::new(book),
            tasks: TaskTracker::new(),
            runtime: OnceLock::new(),
            presence: OnceLock::new(),
        })
    }

    /// Starts those that start with the daemon. What runs from now on runs on the runtime of the caller.
    pub async fn begin(&self) {
        let _ = self.runtime.set(Handle::current());
        for id in self.shared.starting_with_the_daemon() {
            if let Err(error) = self.wish(&id, Input::Start).await {
                tracing::warn!(agent = %id, %error, "an agent does not start with the daemon");
            }
        }
    }

    /// Who knows which agents are connected. The first one counts.
    pub fn ask_about_sessions(&self, presence: Arc<dyn Presence>) {
        let _ = self.presence.set(presence);
    }

    /// The tokens of the agents.
    #[must_use]
    pub fn tokens(&self) -> &Arc<AgentTokens> {
        &self.shared.tokens
    }

    /// Whether an agent with this id may not call the method.
    #[must_use]
    pub fn denies(&self, id: &str, method: &str) -> bool {
        let rows = self.shared.rows();
        let Some(row) = rows.get(id) else {
            return false;
        };
        let (namespace, feature) = method.rsplit_once('.').unwrap_or((method, "*"));
        row.spec
            .denied
            .get(namespace)
            .is_some_and(|denied| denied.iter().any(|name| name == "*" || name == feature))
    }

    /// The agents, by id.
    #[must_use]
    pub fn list(&self) -> Vec<ManagedAgent> {
        let rows = self.shared.rows();
        let list: Vec<_> = rows
            .iter()
            .map(|(id, row)| (id.clone(), row.seen()))
            .collect();
        drop(rows);
        list.into_iter()
            .map(|(id, agent)| self.with_session(&id, agent))
            .collect()
    }

    /// One agent.
    ///
    /// # Errors
    /// [`SupervisorError::Unknown`].
    pub fn get(&self, id: &AgentId) -> Result<ManagedAgent, SupervisorError> {
        let seen = self.shared.rows().get(id).map(Row::seen);
        let seen = seen.ok_or_else(|| SupervisorError::Unknown(id.clone()))?;
        Ok(self.with_session(id, seen))
    }

    fn with_session(&self, id: &AgentId, mut agent: ManagedAgent) -> ManagedAgent {
        agent.session_id = self.presence().session(id);
        agent.attached = agent.session_id.is_some();
        agent
    }

    fn presence(&self) -> Arc<dyn Presence> {
        self.presence
            .get()
            .map_or_else(|| Arc::new(NobodyAttached) as Arc<dyn Presence>, Arc::clone)
    }

    /// How each agent is. It looks at files and asks agents: not for a read loop.
    pub async fn health(&self) -> Vec<AgentHealth> {
        let mut all = Vec::new();
        for agent in self.list() {
            let Ok(id) = agent.spec.id.parse::<AgentId>() else {
                continue;
            };
            let answers = match agent.attached {
                true => timeout(PING, self.presence().ping(&id))
                    .await
                    .unwrap_or(Some(false)),
                false => None,
            };
            let alive = agent.status == AgentStatus::Running;
            let startable = check(std::path::Path::new(&agent.spec.command));
            let reason = match (startable, agent.status) {
                (Err(error), _) => Some(error.to_string()),
                (_, AgentStatus::Errored | AgentStatus::Backoff) => {
                    let usual = || "it ended and waits to be started again".to_owned();
                    Some(agent.error.unwrap_or_else(usual))
                }
                _ if answers == Some(false) => Some("it does not answer agent.ping".to_owned()),
                _ => None,
            };
            all.push(AgentHealth {
                id: agent.spec.id,
                command: agent.spec.command,
                ok: reason.is_none(),
                reason,
                alive,
                attached: agent.attached,
                answers,
            });
        }
        all
    }

    /// Whether the file is an executable that may be started.
    ///
    /// # Errors
    /// [`SupervisorError::Executable`].
    pub fn may_start(&self, command: &str) -> Result<(), SupervisorError> {
        Ok(check(std::path::Path::new(command))?)
    }

    /// Where the program with this bare name is, without links.
    ///
    /// # Errors
    /// [`SupervisorError::Param`].
    pub fn find_program(&self, name: &str) -> Result<String, SupervisorError> {
        let wrong = |why: String| SupervisorError::Param {
            field: "interpreter",
            why,
        };
        if name.is_empty() || name.contains(['/', '\\', '\0']) {
            return Err(wrong("the bare name of a program".to_owned()));
        }
        let real = |folder: &PathBuf| folder.join(name).canonicalize().ok();
        let found = self.shared.search.iter().filter_map(real);
        let found = found.filter_map(|path| path.into_os_string().into_string().ok());
        let mut fit = found.filter(|path| check(std::path::Path::new(path)).is_ok());
        fit.next()
            .ok_or_else(|| wrong(format!("there is no program {name} on the PATH")))
    }

    /// Adds an agent or changes it.
    ///
    /// # Errors
    /// [`SupervisorError`]; nothing changes then.
    pub fn put(
        &self,
        mut spec: AgentSpec,
        token: Option<&str>,
    ) -> Result<ManagedAgent, SupervisorError> {
        let id: AgentId = spec.id.parse()?;
        bounds(&spec)?;
        check(std::path::Path::new(&spec.command))?;
        let token = match token.filter(|token| !token.is_empty()) {
            Some(text) => Some(Token::from_text(text).ok_or(SupervisorError::Param {
                field: "token",
                why: "a token is 43 characters of base64url".to_owned(),
            })?),
            None => None,
        };
        // One change at a time: the file and the rows go together.
        let mut book = self.book.lock();
        self.shared.keep_hidden(&id, &mut spec);
        book.put(&spec)?;
        match token {
            Some(token) => self.shared.tokens.set(&id, token)?,
            None => self.shared.tokens.issue(&id)?,
        };
        self.shared.put(&id, spec);
        drop(book);
        self.shared.tell(&id, "configured");
        self.get(&id)
    }

    /// Adds an agent from its manifest, and keeps that.
    ///
    /// # Errors
    /// [`SupervisorError`].
    pub fn install(
        &self,
        manifest: &Map<String, Value>,
    ) -> Result<(InstallReport, Option<ManagedAgent>), SupervisorError> {
        let manifest = Manifest::read(manifest)?;
        let agent = match manifest.spec {
            Some(spec) => Some(self.put(spec, manifest.token.as_deref())?),
            None => None,
        };
        if let Some(path) = self.shared.file(&manifest.id, "manifest.toml") {
            self.shared.write(&path, manifest.text.as_bytes())?;
        }
        let report = InstallReport {
            missing_optional: manifest.missing_optional,
        };
        Ok((report, agent))
    }

    /// Stops an agent and forgets it; answers whether it was there.
    ///
    /// # Errors
    /// [`SupervisorError`].
    pub async fn remove(&self, id: &AgentId) -> Result<bool, SupervisorError> {
        let known = self.shared.rows().contains_key(id);
        if known {
            self.wish(id, Input::Stop { kill: false }).await?;
        }
        let mut book = self.book.lock();
        let written = book.remove(id.as_str())?;
        self.shared.tokens.remove(id)?;
        self.shared.forget(id);
        let mut manifest = false;
        for name in ["manifest.toml", "approved"] {
            if let Some(path) = self.shared.file(id, name) {
                match fs::remove_file(path) {
                    Ok(()) => manifest |= name == "manifest.toml",
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        let row = self.shared.rows().remove(id);
        if let Some(row) = row {
            row.logs.remove();
        }
        drop(book);
        Ok(known || written || manifest)
    }

    /// What would be started, where nobody agreed to it yet and somebody must.
    ///
    /// # Errors
    /// [`SupervisorError`]: it may not be started at all.
    pub async fn question(&self, id: &AgentId) -> Result<Option<Fingerprint>, SupervisorError> {
        let spec = self.shared.spec(id);
        let spec = spec.ok_or_else(|| SupervisorError::Unknown(id.clone()))?;
        if !self.shared.ask_first {
            return Ok(None);
        }
        let looked = tokio::task::spawn_blocking(move || Fingerprint::of(&spec)).await;
        let fingerprint = looked.map_err(io::Error::other)??;
        let known = self.shared.is_trusted(id, fingerprint);
        Ok((!known).then_some(fingerprint))
    }

    /// Notes that a person agreed to starting exactly this.
    ///
    /// # Errors
    /// [`SupervisorError::File`].
    pub fn agree(&self, id: &AgentId, to: Fingerprint) -> Result<(), SupervisorError> {
        self.shared.agree(id, to)
    }

    /// Starts an agent; one that runs goes on.
    ///
    /// # Errors
    /// [`SupervisorError`].
    pub async fn start(&self, id: &AgentId) -> Result<ManagedAgent, SupervisorError> {
        self.wish(id, Input::Start).await?;
        self.get(id)
    }

    /// Stops an agent, and starts it again.
    ///
    /// # Errors
    /// [`SupervisorError`].
    pub async fn restart(&self, id: &AgentId) -> Result<ManagedAgent, SupervisorError> {
        self.wish(id, Input::Restart).await?;
        self.get(id)
    }

    /// Stops an agent with all that it started.
    ///
    /// # Errors
    /// [`SupervisorError`].
    pub async fn stop(
        &self,
        id: &AgentId,
        signal: StopSignal,
    ) -> Result<ManagedAgent, SupervisorError> {
        let kill = signal == StopSignal::Kill;
        self.wish(id, Input::Stop { kill }).await?;
        self.get(id)
    }

    /// The end of an agent's log. It reads files: not for a read loop.
    ///
    /// # Errors
    /// [`SupervisorError::Unknown`].
    pub fn tail_log(&self, id: &AgentId, lines: usize) -> Result<Vec<String>, SupervisorError> {
        let logs = self.shared.rows().get(id).map(|row| Arc::clone(&row.logs));
        let logs = logs.ok_or_else(|| SupervisorError::Unknown(id.clone()))?;
        Ok(logs.tail(lines))
    }

    /// Gives an agent a new token.
    ///
    /// # Errors
    /// [`SupervisorError`].
    pub fn rotate_token(&self, id: &AgentId) -> Result<(), SupervisorError> {
        if !self.shared.rows().contains_key(id) {
            return Err(SupervisorError::Unknown(id.clone()));
        }
        self.shared.tokens.rotate(id)?;
        Ok(())
    }

    /// Ends all agents, and starts none from now on. Ready when they have ended: each has the usual grace.
    pub async fn close(&self) {
        self.tasks.close();
        let rows = self
            .shared
            .rows()
            .values_mut()
            .map(|row| row.wishes.take())
            .collect::<Vec<_>>();
        let wishes = rows.into_iter().flatten();
        let mut ends = Vec::new();
        for wish in wishes {
            let (done, ended) = oneshot::channel();
            let input = Input::Stop { kill: false };
            if wish.try_send(Wish { input, done }).is_ok() {
                ends.push((wish, ended));
            }
        }
        let stopped = async {
            for (_wish, ended) in ends {
                let _ = ended.await;
            }
            self.tasks.wait().await;
        };
        let _ = timeout(STOP_GRACE + Duration::from_secs(2), stopped).await;
    }

    async fn wish(&self, id: &AgentId, input: Input) -> Result<(), SupervisorError> {
        let (done, over) = oneshot::channel();
        let sent = {
            let mut rows = self.shared.rows();
            let row = rows.get_mut(id);
            let row = row.ok_or_else(|| SupervisorError::Unknown(id.clone()))?;
            if self.tasks.is_closed() {
                return Err(SupervisorError::Closed);
            }
            let wishes = match &row.wishes {
                Some(wishes) => wishes.clone(),
                // Nobody who was never started is running.
                None if matches!(input, Input::Stop { .. }) => return Ok(()),
                None => {
                    let (wishes, receiver) = mpsc::channel(WISHES);
                    let task = Supervised::new(
                        id.clone(),
                        Arc::clone(&self.shared),
                        Arc::clone(&row.logs),
                        receiver,
                    );
                    let runtime = self.runtime.get_or_init(Handle::current);
                    self.tasks.spawn_on(task.run(), runtime);
                    row.wishes.insert(wishes).clone()
                }
            };
            wishes.try_send(Wish { input, done })
        };
        sent.map_err(|_| SupervisorError::Busy(id.clone()))?;
        match timeout(PATIENCE, over).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(SupervisorError::Closed),
            Err(_) => Err(SupervisorError::Busy(id.clone())),
        }
    }
}
