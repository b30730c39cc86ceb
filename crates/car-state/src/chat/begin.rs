//! How a turn begins: who is asked, by whom, and when it has its turn.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use car_protocol::rpc::agents_chat::{ChatAccepted, ChatParams, WhenBusy};
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::machine::Input;
use super::session::{ChatSession, NewTurn, Prompt, Taken};
use super::{ChatError, Chats, Conversation};
use crate::identity::Identity;
use crate::log::{CHAT, StreamName};
use crate::outcomes::Scope;
use crate::session::ClientSession;

/// How long the id of a chat may be, in bytes.
const LONGEST_ID: usize = 128;
/// How long a path may be, in bytes.
const LONGEST_PATH: usize = 4_096;

/// A turn that has begun, or waits.
#[derive(Debug)]
pub struct Begun {
    turn: Arc<ChatSession>,
    accepted: ChatAccepted,
    taken: Option<oneshot::Receiver<Taken>>,
}

/// What the agent says to a prompt.
#[derive(Debug)]
pub struct Taking(oneshot::Receiver<Taken>);

impl Begun {
    /// The turn.
    #[must_use]
    pub fn turn(&self) -> &Arc<ChatSession> {
        &self.turn
    }

    /// The answer, and what is to be waited for before it is given.
    #[must_use]
    pub fn into_parts(self) -> (ChatAccepted, Option<Taking>) {
        (self.accepted, self.taken.map(Taking))
    }
}

impl Taking {
    /// Ready when the agent has taken the prompt.
    ///
    /// # Errors
    /// [`ChatError::NotTaken`].
    pub async fn wait(self) -> Result<(), ChatError> {
        match self.0.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err((outcome, why))) => Err(ChatError::NotTaken { outcome, why }),
            Err(_) => Err(ChatError::NotTaken {
                outcome: car_protocol::rpc::agents_chat::Outcome::AgentGone,
                why: "the daemon gave the turn up".to_owned(),
            }),
        }
    }
}

impl Chats {
    /// The session that answers for an agent: the one that is attached to it; of a name that no agent of ours has, the
    /// one that registered it.
    pub(super) fn session_of(&self, agent: &str) -> Result<Arc<ClientSession>, ChatError> {
        if let Some(session) = self.seats.session_of(agent) {
            return Ok(session);
        }
        let is_ours = agent.parse().is_ok_and(|id| self.seats.tokens().knows(&id));
        let registered = self.host.owner_of(agent).filter(|_| !is_ours);
        match registered.map(|owner| self.sessions.get(&owner)) {
            Some(Some(session)) => Ok(session),
            None if !is_ours => Err(ChatError::UnknownAgent(agent.to_owned())),
            _ => Err(ChatError::AgentAway(agent.to_owned())),
        }
    }

    /// Begins a turn, or has it wait. What is published comes to the caller's connection.
    ///
    /// # Errors
    /// [`ChatError`].
    pub fn begin(
        &self,
        caller: &Arc<ClientSession>,
        params: ChatParams,
    ) -> Result<Begun, ChatError> {
        let by = caller.identity().get();
        self.bounds(&params)?;
        self.turns.admits()?;
        let asked = self.session_of(&params.agent_id)?;
        let given = params.attachments.unwrap_or_default();
        let attachments = self.keep(given, [&by, &asked.identity().get()])?;
        let id = params.session_id;
        let chat: Arc<str> = id.unwrap_or_else(|| self.ids.prefixed("chat")).into();
        let millis = |asked: Option<u64>| asked.map(Duration::from_millis);
        let when_busy = params.when_busy.unwrap_or_default();
        let (turn, taken) = ChatSession::new(
            NewTurn {
                chat: Arc::clone(&chat),
                agent: params.agent_id.into(),
                turn: self.ids.prefixed("turn"),
                number: self.last.fetch_add(1, Ordering::AcqRel) + 1,
                owner: Scope::of(&by.principal).as_str().into(),
                host: caller.id().clone(),
                stream: StreamName::owned(&CHAT, &chat),
                prompt: Prompt {
                    text: params.prompt,
                    stream: params.stream.unwrap_or(true),
                    voice_input: params.voice_input.unwrap_or_default(),
                    attachments,
                    cwd: params.cwd,
                },
                started: self.clock.now(),
                on_disconnect: params.on_disconnect.unwrap_or_default(),
                idle: millis(params.idle_timeout_ms),
                total: millis(params.timeout_ms),
            },
            &self.limits,
        );
        // Before anybody else can end it.
        if let Some(row) = turn.row() {
            self.turns.begin(row);
        }
        let given_up = self.enqueue(&turn, &by, when_busy);
        let given_up = given_up.inspect_err(|_| self.turns.forget(turn.number))?;
        let from = self.log.head(&turn.stream);
        for before in &given_up {
            self.apply(before, Input::Cancel);
        }
        self.advance(&chat);
        let queued = when_busy == WhenBusy::Queue && !self.is_current(&turn);
        Ok(Begun {
            accepted: ChatAccepted {
                accepted: true,
                session_id: chat.to_string(),
                turn_id: turn.turn.clone(),
                queued: queued.then_some(true),
                stream: turn.stream.to_string(),
                from,
            },
            taken: (!queued).then_some(taken),
            turn,
        })
    }

    /// Ready when all that has begun is written down: who was told of it finds it after a start of the daemon.
    pub fn settled(&self) -> BoxFuture<'static, ()> {
        self.turns.settled()
    }

    fn is_current(&self, turn: &Arc<ChatSession>) -> bool {
        let table = self.table.lock();
        let chat = table.get(&turn.chat);
        let waits = chat.is_some_and(|chat| chat.waiting.iter().any(|one| Arc::ptr_eq(one, turn)));
        !waits
    }

    /// Puts a turn where it waits; answers those that are to make room for it, last first.
    fn enqueue(
        &self,
        turn: &Arc<ChatSession>,
        by: &Identity,
        when_busy: WhenBusy,
    ) -> Result<Vec<Arc<ChatSession>>, ChatError> {
        let (given_up, forgotten) = {
            let mut table = self.table.lock();
            let forgotten = if table.contains_key(&turn.chat) {
                None
            } else {
                self.make_room(&mut table)?
            };
            let chat = table
                .entry(Arc::clone(&turn.chat))
                .or_insert_with(|| Conversation {
                    agent: Arc::clone(&turn.agent),
                    owner: Arc::clone(&turn.owner),
                    stream: turn.stream.clone(),
                    current: None,
                    waiting: VecDeque::new(),
                    updated: turn.started,
                    last: None,
                });
            if !chat.belongs_to(by) {
                return Err(ChatError::NotOwner(turn.chat.to_string()));
            }
            if chat.agent != turn.agent {
                return Err(ChatError::OtherAgent {
                    chat: turn.chat.to_string(),
                    agent: chat.agent.to_string(),
                });
            }
            // One whose end is about to be told does not stand in the way of who has heard of it.
            let running = chat.turns().find(|turn| !turn.over.is_cancelled());
            let running = running.map(|turn| turn.turn.clone());
            let mut given_up = Vec::new();
            match (running, when_busy) {
                (Some(running), WhenBusy::Reject) => return Err(ChatError::Busy(running)),
                (Some(_), WhenBusy::Queue) if chat.waiting.len() >= self.limits.waiting => {
                    return Err(ChatError::TooMany {
                        what: "turns of this chat that wait",
                        limit: self.limits.waiting,
                    });
                }
                (Some(_), WhenBusy::Interrupt) => {
                    given_up = chat.turns().cloned().collect();
                    given_up.reverse();
                }
                _ => {}
            }
            chat.waiting.push_back(Arc::clone(turn));
            chat.updated = turn.started;
            (given_up, forgotten)
        };
        if let Some(stream) = forgotten {
            self.log.remove(&stream);
        }
        Ok(given_up)
    }

    /// Forgets the chat that has been idle for longest, if there are too many; answers its stream.
    fn make_room(
        &self,
        table: &mut std::collections::HashMap<Arc<str>, Conversation>,
    ) -> Result<Option<StreamName>, ChatError> {
        if table.len() < self.limits.chats {
            return Ok(None);
        }
        let idle = table.iter().filter(|(_, chat)| chat.is_idle());
        let oldest = idle.min_by_key(|(_, chat)| chat.updated);
        let oldest = oldest.map(|(id, _)| Arc::clone(id));
        let forgotten = oldest.and_then(|id| table.remove(&id));
        let forgotten = forgotten.ok_or(ChatError::TooMany {
            what: "chats under way",
            limit: self.limits.chats,
        })?;
        Ok(Some(forgotten.stream))
    }

    fn bounds(&self, params: &ChatParams) -> Result<(), ChatError> {
        let refuse = |field, what: String, limit| Err(ChatError::Bounds { field, what, limit });
        let limit = self.limits.prompt_bytes;
        if params.prompt.len() > limit {
            return refuse("prompt", format!("longer than {limit} bytes"), limit);
        }
        if let Some(id) = &params.session_id {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@".contains(&byte);
            if !(1..=LONGEST_ID).contains(&id.len()) || !id.bytes().all(allowed) {
                let what = format!("1 to {LONGEST_ID} letters, digits, `-`, `_`, `.`, `:` or `@`");
                return refuse("session_id", what, LONGEST_ID);
            }
        }
        if let Some(cwd) = &params.cwd {
            let climbs = |part| matches!(part, std::path::Component::ParentDir);
            let path = std::path::Path::new(cwd);
            let plain = path.is_absolute() && !path.components().any(climbs);
            if !plain || cwd.len() > LONGEST_PATH || cwd.contains('\0') {
                let what =
                    format!("an absolute path without `..`, of {LONGEST_PATH} bytes at most");
                return refuse("cwd", what, LONGEST_PATH);
            }
        }
        for (field, asked) in [
            ("idle_timeout_ms", params.idle_timeout_ms),
            ("timeout_ms", params.timeout_ms),
        ] {
            if asked == Some(0) {
                return refuse(field, "more than 0".to_owned(), 1);
            }
        }
        Ok(())
    }
}
