//! Chats: prompts to agents, and what they say, from the first word to an end that always comes.
//!
//! A chat has one turn at a time. What each event means for a turn is decided by a pure function (`machine`), so that it
//! ends exactly once, whoever causes that; what is here carries it out. What an agent says is published by whoever reads
//! its connection: no task stands between. The deadlines of a turn are kept by a call of the session that was asked,
//! which ends with it.

mod approvals;
mod attachments;
mod begin;
mod body;
mod error;
mod follow;
mod limits;
mod machine;
mod mask;
mod run;
mod say;
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod turns;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Weak};

use car_protocol::Timestamp;
use car_protocol::rpc::agents_chat::{
    CancelParams, Cancelled, ChatHistory, ChatList, ChatRow, HistoryParams, ListParams, Outcome,
};
use parking_lot::Mutex;

pub use begin::{Begun, Taking};
pub use error::ChatError;
pub use follow::{Told, TurnReader};
pub use limits::ChatLimits;
pub use session::ChatSession;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::TURNS;

use self::approvals::ApprovalEcho;
use self::machine::Input;
use self::turns::{KeptChat, MemoryTurns, TurnStore};
use crate::clock::{Clock, IdSource};
#[cfg(feature = "sqlite")]
use crate::db::Database;
use crate::host::HostPlane;
use crate::identity::{Identity, Role, SessionId};
use crate::log::{CHAT, EventLog, LogError, StreamName};
use crate::outcomes::Scope;
use crate::results::ResultStore;
use crate::seats::Seats;
use crate::session::SessionRegistry;

/// Turns in one answer of `agents.chat.history`, at most.
const MOST_TURNS: u32 = 100;
/// The same where nothing else is asked for.
const USUAL_TURNS: u32 = 20;

/// Where turns are kept.
pub(crate) struct TurnKeeper(Box<dyn TurnStore>);

impl TurnKeeper {
    /// As long as the process lives.
    pub(crate) fn in_memory(limits: ChatLimits) -> Self {
        Self(Box::new(MemoryTurns::new(limits)))
    }

    /// In the database.
    #[cfg(feature = "sqlite")]
    pub(crate) fn in_database(database: &Database, limits: ChatLimits) -> Self {
        Self(Box::new(sqlite::SqliteTurns::new(database, limits)))
    }
}

/// What chats are made of.
pub(crate) struct ChatParts {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) host: Arc<HostPlane>,
    pub(crate) results: Arc<ResultStore>,
    pub(crate) seats: Arc<Seats>,
    pub(crate) sessions: Arc<SessionRegistry>,
    pub(crate) turns: TurnKeeper,
    pub(crate) limits: ChatLimits,
}

/// All chats.
pub struct Chats {
    table: Mutex<HashMap<Arc<str>, Conversation>>,
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    host: Arc<HostPlane>,
    results: Arc<ResultStore>,
    seats: Arc<Seats>,
    sessions: Arc<SessionRegistry>,
    turns: Box<dyn TurnStore>,
    limits: ChatLimits,
    /// The number of the newest turn.
    last: AtomicU64,
    /// How many turns run.
    running: AtomicUsize,
    echo: Arc<ApprovalEcho>,
    this: Weak<Self>,
}

/// One chat.
struct Conversation {
    agent: Arc<str>,
    /// The credential that began it.
    owner: Arc<str>,
    stream: StreamName,
    /// The turn that runs, until its last event is published.
    current: Option<Arc<ChatSession>>,
    waiting: VecDeque<Arc<ChatSession>>,
    updated: Timestamp,
    last: Option<Outcome>,
}

impl Conversation {
    fn turns(&self) -> impl Iterator<Item = &Arc<ChatSession>> {
        self.current.iter().chain(&self.waiting)
    }

    fn is_idle(&self) -> bool {
        self.turns().next().is_none()
    }

    fn belongs_to(&self, identity: &Identity) -> bool {
        identity.role == Role::Host || Scope::of(&identity.principal).as_str() == &*self.owner
    }
}

impl Chats {
    /// Reads what is kept. Turns that the daemon before this one left running end now.
    pub(crate) fn open(parts: ChatParts) -> Result<Arc<Self>, LogError> {
        let now = parts.clock.now();
        let turns = parts.turns.0;
        let (kept, last) = turns.open(now)?;
        let chats = Arc::new_cyclic(|this| Self {
            table: Mutex::default(),
            echo: ApprovalEcho::new(Weak::clone(this), Arc::clone(&parts.log)),
            log: parts.log,
            clock: parts.clock,
            ids: parts.ids,
            host: parts.host,
            results: parts.results,
            seats: parts.seats,
            sessions: parts.sessions,
            turns,
            limits: parts.limits,
            last: AtomicU64::new(last),
            running: AtomicUsize::new(0),
            this: Weak::clone(this),
        });
        for chat in kept {
            chats.remember(chat);
        }
        Ok(chats)
    }

    /// Goes on with a chat of an earlier process.
    fn remember(&self, kept: KeptChat) {
        let stream = StreamName::owned(&CHAT, &kept.chat);
        if kept.was_cut {
            run::tell_cut(&*self.log, &stream, &kept);
        }
        let conversation = Conversation {
            agent: kept.agent.into(),
            owner: kept.owner.into(),
            stream,
            current: None,
            waiting: VecDeque::new(),
            updated: kept.at,
            last: Some(kept.outcome),
        };
        self.table.lock().insert(kept.chat.into(), conversation);
    }

    /// How much is taken on.
    #[must_use]
    pub fn limits(&self) -> &ChatLimits {
        &self.limits
    }

    /// Whether somebody answers for an agent now.
    #[must_use]
    pub fn answers(&self, agent: &str) -> bool {
        self.session_of(agent).is_ok()
    }

    /// An id for a turn.
    pub(crate) fn new_id(&self) -> String {
        self.ids.prefixed("turn")
    }

    /// How many chats are remembered, and how many turns run or wait.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let table = self.table.lock();
        let turns = table.values().map(|chat| chat.turns().count());
        (table.len(), turns.sum())
    }

    /// Whether a turn of the chat with this stream runs or waits.
    #[must_use]
    pub fn is_under_way(&self, stream: &StreamName) -> bool {
        let Some(chat) = stream.owner() else {
            return false;
        };
        let table = self.table.lock();
        table.get(chat).is_some_and(|chat| !chat.is_idle())
    }

    /// Cancels the turns of a chat.
    ///
    /// # Errors
    /// [`ChatError::NotOwner`].
    pub fn cancel(&self, by: &Identity, params: &CancelParams) -> Result<Cancelled, ChatError> {
        let turns: Vec<_> = {
            let table = self.table.lock();
            let chat = table.get(params.session_id.as_str());
            if chat.is_some_and(|chat| !chat.belongs_to(by)) {
                return Err(ChatError::NotOwner(params.session_id.clone()));
            }
            let turns = chat.into_iter().flat_map(Conversation::turns);
            let meant = |turn: &&Arc<ChatSession>| {
                params.turn_id.as_ref().is_none_or(|id| *id == turn.turn)
            };
            turns.filter(meant).cloned().collect()
        };
        // Those that wait first: none of them is to begin.
        let mut cancelled = false;
        for turn in turns.iter().rev() {
            cancelled |= self.apply(turn, Input::Cancel);
        }
        Ok(Cancelled {
            cancelled,
            session_id: cancelled.then(|| params.session_id.clone()),
            reason: (!cancelled).then(|| "no such turn runs".to_owned()),
        })
    }

    /// The chats that somebody may see.
    #[must_use]
    pub fn list(&self, by: &Identity, params: &ListParams) -> ChatList {
        let mut chats: Vec<_> = {
            let table = self.table.lock();
            let seen = table.iter().filter(|(_, chat)| {
                chat.belongs_to(by)
                    && params
                        .agent_id
                        .as_ref()
                        .is_none_or(|id| **id == *chat.agent)
                    && params
                        .running
                        .is_none_or(|running| running != chat.is_idle())
            });
            let row = |(id, chat): (&Arc<str>, &Conversation)| ChatRow {
                session_id: id.to_string(),
                agent_id: chat.agent.to_string(),
                stream: chat.stream.to_string(),
                running: chat.current.as_ref().map(|turn| turn.turn.clone()),
                waiting: chat.waiting.len() as u64,
                updated_at: chat.updated,
                last_outcome: chat.last,
            };
            seen.map(row).collect()
        };
        chats.sort_unstable_by(|one, other| {
            (other.updated_at, &other.session_id).cmp(&(one.updated_at, &one.session_id))
        });
        ChatList { chats }
    }

    /// The turns of a chat, newest first.
    ///
    /// # Errors
    /// [`ChatError::Unknown`], [`ChatError::NotOwner`], [`ChatError::Bounds`], [`ChatError::Log`].
    pub async fn history(
        &self,
        by: &Identity,
        params: HistoryParams,
    ) -> Result<ChatHistory, ChatError> {
        let limit = params.limit.unwrap_or(USUAL_TURNS);
        if !(1..=MOST_TURNS).contains(&limit) {
            return Err(ChatError::Bounds {
                field: "limit",
                what: format!("1 to {MOST_TURNS}"),
                limit: MOST_TURNS as usize,
            });
        }
        let limit = limit as usize;
        let running = {
            let table = self.table.lock();
            let chat = table.get(params.session_id.as_str());
            let chat = chat.ok_or_else(|| ChatError::Unknown(params.session_id.clone()))?;
            if !chat.belongs_to(by) {
                return Err(ChatError::NotOwner(params.session_id));
            }
            chat.current.clone()
        };
        let before = params.before.unwrap_or(u64::MAX);
        let turns = self.turns.history(&params.session_id, before, limit + 1);
        let mut turns = turns.await?;
        let more = turns.len() > limit;
        turns.truncate(limit);
        let newest = turns.first_mut().filter(|turn| turn.outcome.is_none());
        if let (Some(shown), Some(turn)) = (newest, running)
            && shown.turn_id == turn.turn
        {
            shown.text = turn.text();
        }
        Ok(ChatHistory {
            session_id: params.session_id,
            turns,
            more,
        })
    }

    /// Ends what ends with a session.
    pub(crate) fn leave(&self, session: &SessionId) {
        let turns: Vec<_> = {
            let table = self.table.lock();
            let turns = table.values().flat_map(Conversation::turns);
            turns.cloned().collect()
        };
        // Those that wait before the one that runs: none of them is to begin.
        for turn in turns.iter().rev() {
            if turn.is_asked_of(session) {
                self.apply(turn, Input::AgentLeft);
            } else if turn.host == *session {
                self.apply(turn, Input::HostLeft);
            }
        }
    }

    /// Another session speaks for the agent of this one: it knows nothing of what this one was asked.
    pub fn replaced(&self, session: &SessionId) {
        for turn in self.under_way() {
            if turn.is_asked_of(session) {
                self.apply(&turn, Input::AgentReplaced);
            }
        }
    }

    /// The turns that run.
    fn under_way(&self) -> Vec<Arc<ChatSession>> {
        let table = self.table.lock();
        let current = table.values().filter_map(|chat| chat.current.clone());
        current.collect()
    }
}

impl fmt::Debug for Chats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chats")
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}
