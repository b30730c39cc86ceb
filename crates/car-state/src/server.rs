//! What all sessions share.

mod config;
mod opening;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use car_protocol::Timestamp;
use car_protocol::rpc::tools::ToolDefinition;

use thiserror::Error;

pub use self::config::ServerStateConfig;

use crate::agents::{AgentTokens, Supervisor, SupervisorError};
use crate::approval::grants::GrantBook;
use crate::approval::rules::Rules;
use crate::approval::{ApprovalGate, ApprovalParts, Approvals};
use crate::audit::AuditSink;
use crate::budget::MemoryBudget;
use crate::chat::{ChatParts, Chats};
use crate::clock::{Clock, IdSource};
#[cfg(feature = "sqlite")]
use crate::db::{Database, DatabaseOptions, DbError};
use crate::engine::{EngineLimits, ToolExecutor};
use crate::host::{HostParts, HostPlane, HostStream};
use crate::log::{Appends, Durability, Durations, EventLog, HOST, LogError, MeteredLog, Snapshots};
use crate::meeting::Meetings;
use crate::memgine::{Memgine, Memories};
use crate::outcomes::Outcomes;
use crate::policy::GlobalPolicies;
use crate::providers::Providers;
use crate::quota::Quotas;
use crate::results::{FileBlobs, ResultLimits, ResultStore};
use crate::seats::Seats;
use crate::session::SessionRegistry;
use crate::session::resume::ResumeLedger;
use crate::store::StoreLimits;
use crate::tool_table::{ToolTable, ToolTableError};
use crate::traffic::Traffic;
use crate::voice::VoiceDesk;

/// Why a [`ServerState`] cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// A tool given with [`ServerStateConfig::with_tool_executor`] cannot be registered.
    #[error(transparent)]
    Tools(#[from] ToolTableError),
    /// The folder of stored results cannot be read.
    #[error("the folder of stored results cannot be used: {0}")]
    Results(#[from] std::io::Error),
    /// The supervised agents cannot be read.
    #[error(transparent)]
    Agents(#[from] SupervisorError),
    /// The database cannot be opened or read.
    #[cfg(feature = "sqlite")]
    #[error(transparent)]
    Database(#[from] DbError),
    /// What an earlier daemon kept cannot be read.
    #[error(transparent)]
    Kept(#[from] LogError),
}

/// What all sessions share: a handful of stores, one per namespace.
pub struct ServerState {
    journal_dir: PathBuf,
    memories: Arc<Memories>,
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
    audit: Arc<dyn AuditSink>,
    grants: Arc<GrantBook>,
    outcomes: Arc<Outcomes>,
    quotas: Arc<Quotas>,
    providers: Arc<Providers>,
    rules: Arc<dyn Rules>,
    sessions: Arc<SessionRegistry>,
    resumes: Arc<ResumeLedger>,
    engine: EngineLimits,
    store: StoreLimits,
    snapshots: Snapshots,
    budget: Arc<MemoryBudget>,
    policies: Arc<GlobalPolicies>,
    results: Arc<ResultStore>,
    agents: Arc<Supervisor>,
    seats: Arc<Seats>,
    chats: Arc<Chats>,
    voice: Arc<VoiceDesk>,
    meetings: Arc<Meetings>,
    started_at: Timestamp,
}

impl ServerState {
    /// A daemon of its own: no shared memory. What is durable is in the database below `journal_dir`, which is opened
    /// here; without the feature `sqlite` it is kept in memory. Stored results are in files of the folder `results` there.
    ///
    /// # Errors
    /// [`StateError::Database`], [`StateError::Results`].
    pub fn standalone(journal_dir: impl Into<PathBuf>) -> Result<Arc<Self>, StateError> {
        let config = ServerStateConfig::new(journal_dir);
        let results = FileBlobs::open(config.journal_dir.join("results"))?;
        let tokens = AgentTokens::below(config.journal_dir.join("agents"));
        let config = config
            .with_results(ResultLimits::default(), Arc::new(results))
            .with_agent_tokens(Arc::new(tokens));
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
        let budget = log.budget().map(Arc::clone).unwrap_or_default();
        budget.serve(&log);
        let sessions = Arc::<SessionRegistry>::default();
        let (clock, ids) = (&config.clock, &config.ids);
        let stream = HostStream::new(Arc::clone(&log), Arc::clone(clock), Arc::clone(ids));
        let stream = Arc::new(stream);
        let audit = config.audit();
        let grants = Arc::new(config.grants(&audit)?);
        let quotas = Arc::new(Quotas::new(config.identities));
        let parts = ApprovalParts {
            ledger: config.approval_ledger(&audit),
            grants: Arc::clone(&grants),
            quotas: Arc::clone(&quotas),
            stream: Arc::clone(&stream),
            sessions: Arc::clone(&sessions),
            reach: config.reach.clone(),
            clock: Arc::clone(clock),
            ids: Arc::clone(ids),
        };
        let host = HostPlane::open(HostParts {
            approvals: Approvals::open(parts, |session| resumes.noted_until(session))?,
            stream,
            sessions: Arc::clone(&sessions),
            notes: config.agent_notes(),
            ids: Arc::clone(ids),
        })?;
        let host = Arc::new(host);
        let (store, clock) = (config.outcome_store(), Arc::clone(&config.clock));
        let outcomes = Outcomes::open(store, clock, config.outcomes)?;
        let turns = config.turn_store();
        let mut snapshots = config.snapshots;
        snapshots.add(HOST.name, Arc::<HostPlane>::clone(&host));
        let providers = Providers::new(Arc::clone(&config.clock), config.provider_timeout);
        let tokens = match (config.agent_tokens, &config.agents.root) {
            (Some(tokens), _) => tokens,
            (None, Some(root)) => Arc::new(AgentTokens::below(root.join("agents"))),
            (None, None) => Arc::default(),
        };
        let (used, log_too) = (Arc::clone(&tokens), Arc::clone(&log));
        let agents = Supervisor::open(config.agents, used, log_too, Arc::clone(&config.clock))?;
        let results = ResultStore::new(config.results, config.blobs, Arc::clone(&config.clock));
        let results = Arc::new(results);
        let seats = Arc::new(Seats::new(tokens));
        agents.ask_about_sessions(Arc::<Seats>::clone(&seats));
        let chats = Chats::open(ChatParts {
            log: Arc::clone(&log),
            clock: Arc::clone(&config.clock),
            ids: Arc::clone(&config.ids),
            host: Arc::clone(&host),
            results: Arc::clone(&results),
            seats: Arc::clone(&seats),
            sessions: Arc::clone(&sessions),
            turns,
            limits: config.chats,
        })?;
        let (heard_in, clock) = (Arc::clone(&log), Arc::clone(&config.clock));
        let meetings = Meetings::new(
            config.journal_dir.join("meetings"),
            Arc::clone(&config.memories),
            Arc::clone(&clock),
            Arc::clone(&config.ids),
        );
        let (engine, limits) = (config.voice, config.voice_limits);
        let voice = VoiceDesk::new(engine, limits, config.voice_agents, heard_in, clock);
        Ok(Arc::new(Self {
            results,
            agents: Arc::new(agents),
            seats,
            chats,
            voice: Arc::new(voice),
            meetings: Arc::new(meetings),
            journal_dir: config.journal_dir,
            memories: config.memories,
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
            host,
            audit,
            grants,
            outcomes: Arc::new(outcomes),
            quotas,
            providers: Arc::new(providers),
            rules: config.rules,
            sessions,
            resumes: Arc::new(resumes),
            engine: config.engine,
            store: config.store,
            snapshots,
            budget,
            policies: config.policies,
        }))
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

    /// The policies of all sessions.
    #[must_use]
    pub fn policies(&self) -> &Arc<GlobalPolicies> {
        &self.policies
    }

    /// Results that are too big to be carried.
    #[must_use]
    pub fn results(&self) -> &Arc<ResultStore> {
        &self.results
    }

    /// The agents that are started and looked after.
    #[must_use]
    pub fn agents(&self) -> &Arc<Supervisor> {
        &self.agents
    }

    /// Which session speaks for which agent.
    #[must_use]
    pub fn seats(&self) -> &Arc<Seats> {
        &self.seats
    }

    /// What is said with agents.
    #[must_use]
    pub fn chats(&self) -> &Arc<Chats> {
        &self.chats
    }

    /// The meetings. Somebody has to [tend](Meetings::tend) to them.
    #[must_use]
    pub fn meetings(&self) -> &Arc<Meetings> {
        &self.meetings
    }

    /// What hears audio, and how many streams of it there are.
    #[must_use]
    pub fn voice(&self) -> &Arc<VoiceDesk> {
        &self.voice
    }

    /// Agents, approvals and host events.
    #[must_use]
    pub fn host(&self) -> &Arc<HostPlane> {
        &self.host
    }

    /// What waits for people.
    #[must_use]
    pub fn approvals(&self) -> &Arc<Approvals> {
        self.host.approvals()
    }

    /// The consents that cover more than one call.
    #[must_use]
    pub fn grants(&self) -> &Arc<GrantBook> {
        &self.grants
    }

    /// The chain of what was asked, decided and done with consent.
    #[must_use]
    pub fn audit(&self) -> &Arc<dyn AuditSink> {
        &self.audit
    }

    /// What became of calls that have an idempotency key.
    #[must_use]
    pub fn outcomes(&self) -> &Arc<Outcomes> {
        &self.outcomes
    }

    /// Which connected host serves which provided method.
    #[must_use]
    pub fn providers(&self) -> &Arc<Providers> {
        &self.providers
    }

    /// What a person has written down about calls.
    #[must_use]
    pub fn rules(&self) -> &Arc<dyn Rules> {
        &self.rules
    }

    /// What each identity takes.
    #[must_use]
    pub fn quotas(&self) -> &Arc<Quotas> {
        &self.quotas
    }

    /// The memories of all sessions.
    #[must_use]
    pub fn memories(&self) -> &Arc<Memories> {
        &self.memories
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

    /// How long events take until they are as durable as their family demands, where any are.
    #[must_use]
    pub fn durable_after(&self) -> Vec<(Durability, &Durations)> {
        self.log.durable_after()
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

    /// The bounds of proposals.
    #[must_use]
    pub fn engine_limits(&self) -> &EngineLimits {
        &self.engine
    }

    /// What bounds the memory of connections and streams together: 64 MiB, until a limit is set.
    #[must_use]
    pub fn budget(&self) -> &Arc<MemoryBudget> {
        &self.budget
    }

    /// Who says how things are that streams tell of.
    #[must_use]
    pub fn snapshots(&self) -> &Snapshots {
        &self.snapshots
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
