//! One turn: a prompt, and what the agent says to it.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::agents_chat::{Attachment, OnDisconnect, Outcome};
use car_protocol::rpc::events::Cursor;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::machine::{Effect, Effects, Input, Machine, Phase};
use super::turns::TurnRow;
use super::{ChatLimits, mask};
use crate::identity::SessionId;
use crate::log::{Draft, StreamName};

/// Whether an agent has taken a prompt; otherwise how the turn ended, and why.
pub(super) type Taken = Result<(), (Outcome, String)>;

/// Approvals that one turn may have pending; further ones are seen in the host plane alone.
const MOST_APPROVALS: usize = 64;

/// One `agents.chat` that is under way. It ends exactly once, whoever causes it.
pub struct ChatSession {
    pub(super) chat: Arc<str>,
    pub(super) agent: Arc<str>,
    pub(super) turn: String,
    pub(super) number: u64,
    /// Whose chat it is.
    pub(super) owner: Arc<str>,
    pub(super) host: SessionId,
    pub(super) stream: StreamName,
    pub(super) prompt: Mutex<Option<Prompt>>,
    pub(super) started: Timestamp,
    idle: Duration,
    /// When it has taken too long in all.
    pub(super) until: Instant,
    /// Cancelled when it has ended.
    pub(super) over: CancellationToken,
    text_limit: usize,
    inner: Mutex<Inner>,
}

/// What the agent is asked, until it is.
pub(super) struct Prompt {
    pub(super) text: String,
    pub(super) stream: bool,
    pub(super) voice_input: bool,
    pub(super) attachments: Vec<Attachment>,
    pub(super) cwd: Option<String>,
}

struct Inner {
    machine: Machine,
    /// The session that was asked.
    asked: Option<SessionId>,
    /// When the agent last said something.
    heard: Instant,
    taken: Option<oneshot::Sender<Taken>>,
    text: String,
    /// How much of it is written down.
    noted: usize,
    /// Whether it is wanted beyond the end.
    remembered: bool,
    approvals: HashSet<String>,
    prompted: Option<Cursor>,
    /// What is to be published, while somebody publishes.
    out: VecDeque<Out>,
    publishing: bool,
}

/// Something to be published.
pub(super) enum Out {
    /// The prompt.
    First(Draft),
    /// One event of several.
    Event(Draft),
    /// The last one.
    Last(Draft),
}

/// What an agent said, for the turn.
pub(super) struct Heard<'a> {
    pub(super) draft: Draft,
    /// What it adds to the text.
    pub(super) text: Option<&'a str>,
}

/// What a step asks for.
pub(super) struct Stepped {
    pub(super) effects: Effects,
    /// What is to be published now, by the caller, who then asks for [`next`](ChatSession::next).
    pub(super) publish: Option<Out>,
    pub(super) taken: Option<oneshot::Sender<Taken>>,
    /// Whether it ended by this.
    pub(super) ended: Option<Outcome>,
}

/// What a turn was made of.
pub(super) struct NewTurn {
    pub(super) chat: Arc<str>,
    pub(super) agent: Arc<str>,
    pub(super) turn: String,
    pub(super) number: u64,
    pub(super) owner: Arc<str>,
    pub(super) host: SessionId,
    pub(super) stream: StreamName,
    pub(super) prompt: Prompt,
    pub(super) started: Timestamp,
    pub(super) on_disconnect: OnDisconnect,
    pub(super) idle: Option<Duration>,
    pub(super) total: Option<Duration>,
}

impl ChatSession {
    pub(super) fn new(new: NewTurn, limits: &ChatLimits) -> (Arc<Self>, oneshot::Receiver<Taken>) {
        let (tell, taken) = oneshot::channel();
        let now = Instant::now();
        let total = new
            .total
            .map_or(limits.total, |total| total.min(limits.total));
        let turn = Self {
            chat: new.chat,
            agent: new.agent,
            turn: new.turn,
            number: new.number,
            owner: new.owner,
            host: new.host,
            stream: new.stream,
            prompt: Mutex::new(Some(new.prompt)),
            started: new.started,
            idle: new.idle.map_or(limits.idle, |idle| idle.min(limits.idle)),
            until: now.checked_add(total).unwrap_or(now),
            over: CancellationToken::new(),
            text_limit: limits.text_bytes,
            inner: Mutex::new(Inner {
                machine: Machine::new(new.on_disconnect),
                asked: None,
                heard: now,
                taken: Some(tell),
                text: String::new(),
                noted: 0,
                remembered: false,
                approvals: HashSet::new(),
                prompted: None,
                out: VecDeque::new(),
                publishing: false,
            }),
        };
        (Arc::new(turn), taken)
    }

    /// What is written down of it at its beginning.
    pub(super) fn row(&self) -> Option<TurnRow> {
        let prompt = self
            .prompt
            .lock()
            .as_ref()
            .map(|prompt| mask::kept(&prompt.text));
        Some(TurnRow {
            number: self.number,
            chat: self.chat.to_string(),
            turn: self.turn.clone(),
            agent: self.agent.to_string(),
            owner: self.owner.to_string(),
            prompt: prompt?,
            started: self.started,
        })
    }

    /// The chat that it is a turn of.
    #[must_use]
    pub fn chat(&self) -> &str {
        &self.chat
    }

    /// The agent.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// Its id.
    #[must_use]
    pub fn turn(&self) -> &str {
        &self.turn
    }

    /// The session that began it.
    #[must_use]
    pub fn host(&self) -> &SessionId {
        &self.host
    }

    /// Ready when it has ended.
    pub async fn ended(&self) {
        self.over.cancelled().await;
    }

    /// Whether this is the session that was asked.
    pub(super) fn is_asked_of(&self, session: &SessionId) -> bool {
        self.inner.lock().asked.as_ref() == Some(session)
    }

    /// Notes the session that is asked.
    pub(super) fn ask(&self, session: &SessionId) {
        self.inner.lock().asked = Some(session.clone());
    }

    /// The session that was asked.
    pub(super) fn asked(&self) -> Option<SessionId> {
        self.inner.lock().asked.clone()
    }

    /// Takes a step. What the agent said is published if the step says so, in the order of the steps.
    pub(super) fn step(&self, input: Input, heard: Option<Heard<'_>>) -> Stepped {
        let mut inner = self.inner.lock();
        let (machine, effects) = inner.machine.step(input);
        inner.machine = machine;
        let mut stepped = Stepped {
            effects,
            publish: None,
            taken: None,
            ended: None,
        };
        for effect in effects.into_iter().flatten() {
            match effect {
                Effect::Accept => {
                    inner.heard = Instant::now();
                    stepped.taken = inner.taken.take();
                }
                Effect::End(outcome) => {
                    stepped.ended = Some(outcome);
                    stepped.taken = stepped.taken.take().or_else(|| inner.taken.take());
                }
                Effect::Ask | Effect::Publish | Effect::TellAgent => {}
            }
        }
        if effects.contains(&Some(Effect::Publish))
            && let Some(heard) = heard
        {
            inner.heard = Instant::now();
            inner.add(heard.text, self.text_limit);
            stepped.publish = inner.publish(Out::Event(heard.draft));
        }
        stepped
    }

    /// Publishes the prompt.
    pub(super) fn begin(&self, draft: Draft) -> Option<Out> {
        self.inner.lock().publish(Out::First(draft))
    }

    /// Notes where the prompt stands.
    pub(super) fn prompted_at(&self, place: Cursor) {
        self.inner.lock().prompted = Some(place);
    }

    /// Where in its stream the prompt stands, once it is published.
    #[must_use]
    pub fn prompted(&self) -> Option<Cursor> {
        self.inner.lock().prompted
    }

    /// The stream that tells of it.
    #[must_use]
    pub fn stream(&self) -> &StreamName {
        &self.stream
    }

    /// Publishes something that the daemon says itself, unless the turn is over.
    pub(super) fn remark(&self, draft: Draft) -> Option<Out> {
        let mut inner = self.inner.lock();
        if inner.machine.has_ended() {
            return None;
        }
        inner.publish(Out::Event(draft))
    }

    /// Publishes the last event.
    pub(super) fn conclude(&self, draft: Draft) -> Option<Out> {
        self.inner.lock().publish(Out::Last(draft))
    }

    /// What is to be published after what was published just now.
    pub(super) fn next(&self) -> Option<Out> {
        let mut inner = self.inner.lock();
        let next = inner.out.pop_front();
        inner.publishing = next.is_some();
        next
    }

    /// An approval was asked for; `false` where too many are pending.
    pub(super) fn approval_pends(&self, id: &str) -> bool {
        let mut inner = self.inner.lock();
        let fits = inner.approvals.len() < MOST_APPROVALS && !inner.machine.has_ended();
        fits && inner.approvals.insert(id.to_owned())
    }

    /// An approval was decided; `false` where it was none of this turn.
    pub(super) fn approval_ends(&self, id: &str) -> bool {
        let mut inner = self.inner.lock();
        let was = inner.approvals.remove(id);
        if was {
            // A person may take their time; the agent's begins anew.
            inner.heard = Instant::now();
        }
        was
    }

    /// When the turn is over if nothing happens, and by what.
    pub(super) fn due(&self) -> (Instant, Input) {
        let inner = self.inner.lock();
        let idle = inner.heard.checked_add(self.idle);
        let idle =
            idle.filter(|_| inner.machine.phase == Phase::Running && inner.approvals.is_empty());
        match idle.filter(|idle| *idle < self.until) {
            Some(idle) => (idle, Input::IdleTimeout),
            None => (self.until, Input::TotalTimeout),
        }
    }

    /// What was said and is not written down, as it is to be, which counts as written from now on. Of a turn that goes on
    /// (not the `last` time) what may become a secret waits for its rest.
    pub(super) fn take_unnoted(&self, last: bool) -> Option<String> {
        let unnoted = {
            let mut inner = self.inner.lock();
            let unnoted = inner.text.get(inner.noted..)?;
            let end = if last {
                unnoted.len()
            } else {
                mask::settled(unnoted)
            };
            let unnoted = unnoted.get(..end).filter(|text| !text.is_empty())?;
            let unnoted = unnoted.to_owned();
            inner.noted += end;
            unnoted
        };
        Some(mask::kept(&unnoted))
    }

    /// What was said so far, as it is kept.
    pub(super) fn text(&self) -> String {
        mask::kept(&self.said())
    }

    /// What was said so far, word for word; after the end for whoever called [`remember`](Self::remember) before.
    #[must_use]
    pub fn said(&self) -> String {
        self.inner.lock().text.clone()
    }

    /// Somebody wants to know word for word what was said when it has ended.
    pub fn remember(&self) {
        self.inner.lock().remembered = true;
    }

    /// Lets go of what was said, which is written down.
    pub(super) fn forget_text(&self) {
        let mut inner = self.inner.lock();
        if !inner.remembered {
            inner.text = String::new();
        }
    }
}

impl Inner {
    /// Gives back what the caller publishes; where somebody publishes already, that one goes on with it.
    fn publish(&mut self, out: Out) -> Option<Out> {
        if self.publishing {
            self.out.push_back(out);
            return None;
        }
        self.publishing = true;
        Some(out)
    }

    fn add(&mut self, text: Option<&str>, limit: usize) {
        let Some(text) = text else { return };
        let room = limit.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(room.min(text.len()));
        self.text.push_str(text.get(..end).unwrap_or_default());
    }
}

impl fmt::Debug for ChatSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatSession")
            .field("chat", &self.chat)
            .field("turn", &self.turn)
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}
