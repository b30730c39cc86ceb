//! What all sessions share.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use car_protocol::Timestamp;
use car_protocol::rpc::tools::ToolDefinition;

use thiserror::Error;

use crate::approval::ApprovalGate;
use crate::callbacks::Callbacks;
use crate::clock::{Clock, IdSource, RandomIds, SystemClock};
#[cfg(feature = "sqlite")]
use crate::db::{Database, DatabaseOptions, DbError};
use crate::engine::{Engine, EngineLimits, EngineParts, ToolExecutor};
use crate::host::HostPlane;
use crate::identity::{Identity, IdentityCell, Principal, Role, SessionId};
#[cfg(feature = "sqlite")]
use crate::log::SqliteLog;
use crate::log::{Appends, EventLog, Families, Family, MemoryLog, MeteredLog, SESSION, StreamName};
use crate::memgine::Memgine;
use crate::policy::PolicyBook;
use crate::session::resume::ResumeLedger;
#[cfg(feature = "sqlite")]
use crate::session::resume::sqlite::SqliteNotebook;
use crate::session::{ClientSession, Link, Parts, SessionJournal, SessionRegistry};
use crate::store::{StateStore, StoreLimits};
use crate::tool_table::{ToolTable, ToolTableError};
use crate::tools::{GatedExecutor, WsToolExecutor};
use crate::traffic::Traffic;

/// How a [`ServerState`] is to be made.
#[derive(Clone)]
pub struct ServerStateConfig {
    journal_dir: PathBuf,
    memgine: Option<Arc<dyn Memgine>>,
    gate: ApprovalGate,
    tools: Vec<ToolDefinition>,
    executor: Option<Arc<dyn ToolExecutor>>,
    families: Families,
    log: Option<Arc<dyn EventLog>>,
    #[cfg(feature = "sqlite")]
    database: Option<Database>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    engine: EngineLimits,
    store: StoreLimits,
}

/// Why a [`ServerState`] cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// A tool given with [`ServerStateConfig::with_tool_executor`] cannot be registered.
    #[error(transparent)]
    Tools(#[from] ToolTableError),
    /// The database cannot be opened or read.
    #[cfg(feature = "sqlite")]
    #[error(transparent)]
    Database(#[from] DbError),
}

impl ServerStateConfig {
    /// The defaults: the gate of the method table, no memory, tools run by the clients, everything in memory.
    /// `journal_dir` is where durable stores put their files.
    #[must_use]
    pub fn new(journal_dir: impl Into<PathBuf>) -> Self {
        Self {
            journal_dir: journal_dir.into(),
            memgine: None,
            gate: ApprovalGate::default(),
            tools: Vec::new(),
            executor: None,
            families: Families::default(),
            log: None,
            #[cfg(feature = "sqlite")]
            database: None,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            engine: EngineLimits::default(),
            store: StoreLimits::default(),
        }
    }

    /// One memory engine for all sessions.
    #[must_use]
    pub fn with_shared_memgine(mut self, memgine: Arc<dyn Memgine>) -> Self {
        self.memgine = Some(memgine);
        self
    }

    /// Which calls need a person.
    #[must_use]
    pub fn with_approval_gate(mut self, gate: ApprovalGate) -> Self {
        self.gate = gate;
        self
    }

    /// Runs tools here instead of calling back into the client. `tools` are there in every session from the start.
    #[must_use]
    pub fn with_tool_executor(
        mut self,
        tools: Vec<ToolDefinition>,
        executor: Arc<dyn ToolExecutor>,
    ) -> Self {
        self.tools = tools;
        self.executor = Some(executor);
        self
    }

    /// Families of events beside those of this crate, for the log that is made here.
    #[must_use]
    pub fn with_families(mut self, families: &[&'static Family]) -> Self {
        self.families = self.families.with(families);
        self
    }

    /// Where durable stores keep what they have; without it everything is kept in memory.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn with_database(mut self, database: Database) -> Self {
        self.database = Some(database);
        self
    }

    /// Where events are kept, if not where the other stores are.
    #[must_use]
    pub fn with_log(mut self, log: Arc<dyn EventLog>) -> Self {
        self.log = Some(log);
        self
    }

    /// Where wall time comes from.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where ids come from.
    #[must_use]
    pub fn with_ids(mut self, ids: Arc<dyn IdSource>) -> Self {
        self.ids = ids;
        self
    }

    /// The bounds of proposals.
    #[must_use]
    pub fn with_engine_limits(mut self, limits: EngineLimits) -> Self {
        self.engine = limits;
        self
    }

    /// The bounds of a session's state.
    #[must_use]
    pub fn with_store_limits(mut self, limits: StoreLimits) -> Self {
        self.store = limits;
        self
    }
}

impl ServerStateConfig {
    #[cfg(feature = "sqlite")]
    fn make_log(&self) -> Result<Arc<dyn EventLog>, StateError> {
        let (families, clock) = (self.families.clone(), Arc::clone(&self.clock));
        Ok(match &self.database {
            Some(database) => Arc::new(SqliteLog::open(database, families, clock)?),
            None => Arc::new(MemoryLog::new(&*clock).with_families(families)),
        })
    }

    #[cfg(feature = "sqlite")]
    fn make_ledger(&self) -> Result<ResumeLedger, StateError> {
        let clock = Arc::clone(&self.clock);
        let Some(database) = &self.database else {
            return Ok(ResumeLedger::new(clock, None, Vec::new()));
        };
        let (notebook, notes) = SqliteNotebook::open(database)?;
        Ok(ResumeLedger::new(clock, Some(Arc::new(notebook)), notes))
    }

    #[cfg(not(feature = "sqlite"))]
    #[expect(clippy::unnecessary_wraps, reason = "with a database it can fail")]
    fn make_ledger(&self) -> Result<ResumeLedger, StateError> {
        Ok(ResumeLedger::new(Arc::clone(&self.clock), None, Vec::new()))
    }

    #[cfg(not(feature = "sqlite"))]
    #[expect(clippy::unnecessary_wraps, reason = "with a database it can fail")]
    fn make_log(&self) -> Result<Arc<dyn EventLog>, StateError> {
        let log = MemoryLog::new(&*self.clock);
        Ok(Arc::new(log.with_families(self.families.clone())))
    }
}

impl fmt::Debug for ServerStateConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerStateConfig")
            .field("journal_dir", &self.journal_dir)
            .field("gate", &self.gate)
            .finish_non_exhaustive()
    }
}

/// What all sessions share: a handful of stores, one per namespace.
pub struct ServerState {
    journal_dir: PathBuf,
    memgine: Option<Arc<dyn Memgine>>,
    gate: Arc<ApprovalGate>,
    tools: Vec<ToolDefinition>,
    executor: Option<Arc<dyn ToolExecutor>>,
    log: Arc<dyn EventLog>,
    #[cfg(feature = "sqlite")]
    database: Option<Database>,
    appends: Arc<Appends>,
    traffic: Arc<Traffic>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    host: Arc<HostPlane>,
    sessions: Arc<SessionRegistry>,
    resumes: Arc<ResumeLedger>,
    engine: EngineLimits,
    store: StoreLimits,
    started_at: Timestamp,
}

impl ServerState {
    /// A daemon of its own: no shared memory. What is durable is in the database below `journal_dir`, which is opened
    /// here; without the feature `sqlite` everything is kept in memory.
    ///
    /// # Errors
    /// [`StateError::Database`].
    pub fn standalone(journal_dir: impl Into<PathBuf>) -> Result<Arc<Self>, StateError> {
        let config = ServerStateConfig::new(journal_dir);
        #[cfg(feature = "sqlite")]
        let config = {
            let database = Database::open(&config.journal_dir, DatabaseOptions::default())?;
            config.with_database(database)
        };
        Self::with_config(config)
    }

    /// A daemon inside another program, whose memory engine all sessions share. Everything else is kept in memory.
    ///
    /// # Errors
    /// Never with the defaults; see [`with_config`](Self::with_config).
    pub fn embedded(
        journal_dir: impl Into<PathBuf>,
        memgine: Arc<dyn Memgine>,
    ) -> Result<Arc<Self>, StateError> {
        Self::with_config(ServerStateConfig::new(journal_dir).with_shared_memgine(memgine))
    }

    /// A daemon made to order. Starts nothing: no task, no thread, no file. With a database it blocks until what is
    /// needed of it is read.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn with_config(config: ServerStateConfig) -> Result<Arc<Self>, StateError> {
        // Found out here rather than in every session.
        ToolTable::new().register(config.tools.clone())?;
        let log = match &config.log {
            Some(log) => Arc::clone(log),
            None => config.make_log()?,
        };
        let log = MeteredLog::new(log);
        let appends = Arc::clone(log.appends());
        let log: Arc<dyn EventLog> = Arc::new(log);
        let resumes = config.make_ledger()?;
        let host = HostPlane::new(
            Arc::clone(&log),
            Arc::clone(&config.clock),
            Arc::clone(&config.ids),
        );
        Ok(Arc::new(Self {
            journal_dir: config.journal_dir,
            memgine: config.memgine,
            gate: Arc::new(config.gate),
            tools: config.tools,
            executor: config.executor,
            log,
            #[cfg(feature = "sqlite")]
            database: config.database,
            appends,
            traffic: Arc::default(),
            started_at: config.clock.now(),
            clock: config.clock,
            ids: config.ids,
            host: Arc::new(host),
            sessions: Arc::default(),
            resumes: Arc::new(resumes),
            engine: config.engine,
            store: config.store,
        }))
    }

    /// Opens a session for a client that is not known yet.
    #[must_use]
    pub fn open_session(&self, auth_enabled: bool) -> Arc<ClientSession> {
        let id = SessionId::new(&self.ids.hex12());
        self.open(IdentityCell::new(Identity {
            session: id.clone(),
            principal: Principal::Anonymous(id),
            role: Role::Client,
            auth_enabled,
        }))
    }

    /// Opens a session for a client that was known before.
    pub(crate) fn open_session_as(&self, identity: Identity) -> Arc<ClientSession> {
        let (principal, role) = (identity.principal.clone(), identity.role);
        let identity = IdentityCell::new(identity);
        identity.authenticate(principal, role);
        self.open(identity)
    }

    fn open(&self, identity: IdentityCell) -> Arc<ClientSession> {
        let (id, identity) = (identity.get().session, Arc::new(identity));
        let (link, callbacks) = (Arc::<Link>::default(), Arc::<Callbacks>::default());
        let stream = StreamName::owned(&SESSION, id.as_str());
        let state = Arc::new(StateStore::new(self.store));
        let tools = Arc::new(ToolTable::new());
        if !self.tools.is_empty() && tools.register(self.tools.clone()).is_err() {
            tracing::error!("the embedder's tools are refused though they were taken at the start");
        }
        let policies = Arc::new(PolicyBook::new(Arc::clone(&self.ids)));
        let executor = self.executor.clone().unwrap_or_else(|| {
            Arc::new(WsToolExecutor::new(
                id.clone(),
                Arc::clone(&link),
                Arc::clone(&callbacks),
            ))
        });
        let gated = GatedExecutor::new(
            Arc::clone(&self.gate),
            Arc::clone(&self.host),
            Arc::clone(&identity),
            executor,
        );
        let journal = SessionJournal::new(
            Arc::clone(&self.log),
            stream.clone(),
            Arc::clone(&self.clock),
        );
        let engine = Engine::new(EngineParts {
            store: Arc::clone(&state),
            tools: Arc::clone(&tools),
            policies: Arc::clone(&policies),
            executor: Arc::new(gated),
            journal: Arc::new(journal),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            limits: self.engine,
        });
        ClientSession::new(Parts {
            id,
            identity,
            link,
            callbacks,
            state,
            tools,
            policies,
            engine: Arc::new(engine),
            memgine: self.memgine.clone(),
            log: Arc::clone(&self.log),
            stream,
            host: Arc::clone(&self.host),
            registry: Arc::clone(&self.sessions),
            ledger: Arc::clone(&self.resumes),
        })
    }

    /// Where durable stores put their files.
    #[must_use]
    pub fn journal_dir(&self) -> &Path {
        &self.journal_dir
    }

    /// Which calls need a person.
    #[must_use]
    pub fn gate(&self) -> &Arc<ApprovalGate> {
        &self.gate
    }

    /// Agents, approvals and host events.
    #[must_use]
    pub fn host(&self) -> &Arc<HostPlane> {
        &self.host
    }

    /// The event log.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    /// Where durable stores keep what they have.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// What was appended to the log.
    #[must_use]
    pub fn appends(&self) -> &Arc<Appends> {
        &self.appends
    }

    /// What was asked, answered, refused and dropped.
    #[must_use]
    pub fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// The live sessions.
    #[must_use]
    pub fn sessions(&self) -> &Arc<SessionRegistry> {
        &self.sessions
    }

    /// The sessions that wait for their clients.
    #[must_use]
    pub fn resumes(&self) -> &Arc<ResumeLedger> {
        &self.resumes
    }

    /// Where wall time comes from.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// When this was made.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }
}

impl fmt::Debug for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerState")
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}
