//! What a [`ServerState`](super::ServerState) is made of.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::tools::ToolDefinition;

use super::StateError;
use crate::agents::{AgentTokens, AgentsConfig};
#[cfg(feature = "sqlite")]
use crate::approval::SqliteLedger;
#[cfg(feature = "sqlite")]
use crate::approval::grants::SqliteGrants;
use crate::approval::grants::{GrantBook, GrantStore, MemoryGrants};
use crate::approval::rules::{NoRules, Rules};
use crate::approval::{ApprovalGate, ApprovalLedger, MemoryLedger, Reach};
#[cfg(feature = "sqlite")]
use crate::audit::SqliteAudit;
use crate::audit::{AuditSink, MemoryAudit};
use crate::chat::{ChatLimits, TurnKeeper};
use crate::clock::{Clock, IdSource, RandomIds, SystemClock};
#[cfg(feature = "sqlite")]
use crate::db::Database;
use crate::engine::{EngineLimits, ToolExecutor};
#[cfg(feature = "sqlite")]
use crate::host::SqliteAgentNotes;
use crate::host::{AgentNotes, NoAgentNotes};
#[cfg(feature = "sqlite")]
use crate::log::SqliteLog;
use crate::log::{EventLog, Families, Family, MemoryLog, SnapshotSource, Snapshots};
use crate::memgine::{Memgine, MemgineSource, Memories};
#[cfg(feature = "sqlite")]
use crate::outcomes::SqliteOutcomes;
use crate::outcomes::{MemoryOutcomes, OutcomeLimits, OutcomeStore};
use crate::policy::GlobalPolicies;
use crate::providers::PROVIDER_TIMEOUT;
use crate::quota::{Class, IdentityLimits};
use crate::results::{BlobStore, MemoryBlobs, ResultLimits};
use crate::session::resume::ResumeLedger;
#[cfg(feature = "sqlite")]
use crate::session::resume::sqlite::SqliteNotebook;
use crate::store::StoreLimits;
use crate::voice::{VoiceAgents, VoiceEngine, VoiceLimits};

/// How a [`ServerState`](super::ServerState) is to be made.
#[derive(Clone)]
pub struct ServerStateConfig {
    pub(super) journal_dir: PathBuf,
    pub(super) memories: Arc<Memories>,
    pub(super) gate: ApprovalGate,
    pub(super) reach: Option<Arc<dyn Reach>>,
    pub(super) approvals: Option<Arc<dyn ApprovalLedger>>,
    pub(super) tools: Vec<ToolDefinition>,
    pub(super) executor: Option<Arc<dyn ToolExecutor>>,
    pub(super) families: Families,
    pub(super) log: Option<Arc<dyn EventLog>>,
    #[cfg(feature = "sqlite")]
    pub(super) database: Option<Database>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) engine: EngineLimits,
    pub(super) store: StoreLimits,
    pub(super) outcomes: OutcomeLimits,
    pub(super) identities: [IdentityLimits; Class::ALL.len()],
    pub(super) snapshots: Snapshots,
    pub(super) policies: Arc<GlobalPolicies>,
    pub(super) results: ResultLimits,
    pub(super) blobs: Arc<dyn BlobStore>,
    pub(super) rules: Arc<dyn Rules>,
    pub(super) provider_timeout: Duration,
    pub(super) agents: AgentsConfig,
    pub(super) agent_tokens: Option<Arc<AgentTokens>>,
    pub(super) chats: ChatLimits,
    pub(super) voice: Option<Arc<dyn VoiceEngine>>,
    pub(super) voice_limits: VoiceLimits,
    pub(super) voice_agents: VoiceAgents,
}

impl ServerStateConfig {
    /// The defaults: the gate of the method table, no memory, tools run by the clients, everything in memory.
    /// `journal_dir` is where durable stores put their files.
    #[must_use]
    pub fn new(journal_dir: impl Into<PathBuf>) -> Self {
        Self {
            journal_dir: journal_dir.into(),
            memories: Arc::default(),
            gate: ApprovalGate::default(),
            reach: None,
            approvals: None,
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
            outcomes: OutcomeLimits::default(),
            identities: Class::ALL.map(IdentityLimits::of),
            snapshots: Snapshots::default(),
            policies: Arc::default(),
            results: ResultLimits::default(),
            blobs: Arc::new(MemoryBlobs::default()),
            rules: Arc::new(NoRules::default()),
            provider_timeout: PROVIDER_TIMEOUT,
            agents: AgentsConfig::default(),
            agent_tokens: None,
            chats: ChatLimits::default(),
            voice: None,
            voice_limits: VoiceLimits::default(),
            voice_agents: VoiceAgents::default(),
        }
    }

    /// One memory engine for all sessions, whatever they are bound to.
    #[must_use]
    pub fn with_shared_memgine(mut self, memgine: Arc<dyn Memgine>) -> Self {
        self.memories = Arc::new(Memories::one(memgine));
        self
    }

    /// Memory engines from there: one that sessions share, and one for each agent and name.
    #[must_use]
    pub fn with_memgines(mut self, source: Arc<dyn MemgineSource>) -> Self {
        self.memories = Arc::new(Memories::from(source));
        self
    }

    /// Which calls need a person.
    #[must_use]
    pub fn with_approval_gate(mut self, gate: ApprovalGate) -> Self {
        self.gate = gate;
        self
    }

    /// What a person has written down about calls. There is nothing otherwise, and the gate alone decides.
    #[must_use]
    pub fn with_rules(mut self, rules: Arc<dyn Rules>) -> Self {
        self.rules = rules;
        self
    }

    /// What hears audio, and how many streams of it there may be. Without it there are none.
    #[must_use]
    pub fn with_voice(mut self, engine: Arc<dyn VoiceEngine>, limits: VoiceLimits) -> Self {
        self.voice = Some(engine);
        self.voice_limits = limits;
        self
    }

    /// Who answers turns of voice that name nobody.
    #[must_use]
    pub fn with_voice_agents(mut self, agents: VoiceAgents) -> Self {
        self.voice_agents = agents;
        self
    }

    /// Where durable stores put their files.
    #[must_use]
    pub fn with_journal_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.journal_dir = dir.into();
        self
    }

    /// How long a host that provides a method has to answer.
    #[must_use]
    pub fn with_provider_timeout(mut self, timeout: Duration) -> Self {
        self.provider_timeout = timeout;
        self
    }

    /// How a person is reached who has no screen connected. Without it only those hear of questions who have.
    #[must_use]
    pub fn with_reach(mut self, reach: Arc<dyn Reach>) -> Self {
        self.reach = Some(reach);
        self
    }

    /// Where questions are recorded, if not where the other stores are.
    #[must_use]
    pub fn with_approval_ledger(mut self, ledger: Arc<dyn ApprovalLedger>) -> Self {
        self.approvals = Some(ledger);
        self
    }

    /// Which agents are started and looked after. Without it nobody is, and what is told of agents is in memory.
    #[must_use]
    pub fn with_agents(mut self, agents: AgentsConfig) -> Self {
        self.agents = agents;
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

    /// What each identity may take.
    #[must_use]
    pub fn with_identity_limits(mut self, limits: impl Fn(Class) -> IdentityLimits) -> Self {
        self.identities = Class::ALL.map(limits);
        self
    }

    /// How much is kept of calls that have an idempotency key.
    #[must_use]
    pub fn with_outcome_limits(mut self, limits: OutcomeLimits) -> Self {
        self.outcomes = limits;
        self
    }

    /// Who says how things are that a family of events tells of; `host` has its own.
    #[must_use]
    pub fn with_snapshots(
        mut self,
        family: &'static Family,
        source: Arc<dyn SnapshotSource>,
    ) -> Self {
        self.snapshots.add(family.name, source);
        self
    }

    /// Policies of all sessions.
    #[must_use]
    pub fn with_policies(mut self, policies: Arc<GlobalPolicies>) -> Self {
        self.policies = policies;
        self
    }

    /// Where the bytes of stored results are, if not in memory, and how many there may be.
    #[must_use]
    pub fn with_results(mut self, limits: ResultLimits, blobs: Arc<dyn BlobStore>) -> Self {
        self.results = limits;
        self.blobs = blobs;
        self
    }

    /// Who has the tokens of agents. Otherwise they are below the root of the agents that are started; without either no
    /// session is bound to an agent.
    #[must_use]
    pub fn with_agent_tokens(mut self, tokens: Arc<AgentTokens>) -> Self {
        self.agent_tokens = Some(tokens);
        self
    }

    /// The bounds of chats.
    #[must_use]
    pub fn with_chat_limits(mut self, limits: ChatLimits) -> Self {
        self.chats = limits;
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
    pub(super) fn make_log(&self) -> Result<Arc<dyn EventLog>, StateError> {
        let (families, clock) = (self.families.clone(), Arc::clone(&self.clock));
        Ok(match &self.database {
            Some(database) => Arc::new(SqliteLog::open(database, families, clock)?),
            None => Arc::new(MemoryLog::new(&*clock).with_families(families)),
        })
    }

    #[cfg(not(feature = "sqlite"))]
    #[expect(clippy::unnecessary_wraps, reason = "with a database it can fail")]
    pub(super) fn make_log(&self) -> Result<Arc<dyn EventLog>, StateError> {
        let log = MemoryLog::new(&*self.clock);
        Ok(Arc::new(log.with_families(self.families.clone())))
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn make_ledger(&self) -> Result<ResumeLedger, StateError> {
        let clock = Arc::clone(&self.clock);
        let Some(database) = &self.database else {
            return Ok(ResumeLedger::new(clock, None, Vec::new()));
        };
        let (notebook, notes) = SqliteNotebook::open(database)?;
        Ok(ResumeLedger::new(clock, Some(Arc::new(notebook)), notes))
    }

    #[cfg(not(feature = "sqlite"))]
    #[expect(clippy::unnecessary_wraps, reason = "with a database it can fail")]
    pub(super) fn make_ledger(&self) -> Result<ResumeLedger, StateError> {
        Ok(ResumeLedger::new(Arc::clone(&self.clock), None, Vec::new()))
    }

    /// Where questions are recorded.
    pub(super) fn approval_ledger(&self, audit: &Arc<dyn AuditSink>) -> Arc<dyn ApprovalLedger> {
        if let Some(ledger) = &self.approvals {
            return Arc::clone(ledger);
        }
        #[cfg(feature = "sqlite")]
        if let Some(database) = &self.database {
            return Arc::new(SqliteLedger::new(database));
        }
        Arc::new(MemoryLedger::new(Arc::clone(audit)))
    }

    /// Where it is noted which host agents there are.
    pub(super) fn agent_notes(&self) -> Arc<dyn AgentNotes> {
        #[cfg(feature = "sqlite")]
        if let Some(database) = &self.database {
            return Arc::new(SqliteAgentNotes(database.clone()));
        }
        Arc::new(NoAgentNotes)
    }

    /// The chain of what was asked and decided.
    pub(super) fn audit(&self) -> Arc<dyn AuditSink> {
        #[cfg(feature = "sqlite")]
        if let Some(database) = &self.database {
            return Arc::new(SqliteAudit::new(database));
        }
        Arc::<MemoryAudit>::default()
    }

    fn grant_store(&self, audit: &Arc<dyn AuditSink>) -> Arc<dyn GrantStore> {
        #[cfg(feature = "sqlite")]
        if let Some(database) = &self.database {
            return Arc::new(SqliteGrants::new(database));
        }
        Arc::new(MemoryGrants::new(Arc::clone(audit)))
    }

    /// The consents that cover more than one call.
    pub(super) fn grants(&self, audit: &Arc<dyn AuditSink>) -> Result<GrantBook, StateError> {
        let (clock, ids) = (Arc::clone(&self.clock), Arc::clone(&self.ids));
        let store = self.grant_store(audit);
        Ok(GrantBook::open(store, Arc::clone(audit), clock, ids)?)
    }

    /// Where the turns of chats are kept.
    pub(super) fn turn_store(&self) -> TurnKeeper {
        #[cfg(feature = "sqlite")]
        if let Some(database) = &self.database {
            return TurnKeeper::in_database(database, self.chats);
        }
        TurnKeeper::in_memory(self.chats)
    }

    /// Where the answers of calls with an idempotency key are kept.
    pub(super) fn outcome_store(&self) -> Arc<dyn OutcomeStore> {
        #[cfg(feature = "sqlite")]
        if let Some(database) = &self.database {
            return Arc::new(SqliteOutcomes::new(database));
        }
        Arc::<MemoryOutcomes>::default()
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
