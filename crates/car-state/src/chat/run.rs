//! What happens to turns, one step after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use car_protocol::rpc::agents_chat::{
    CancelPrompt, CancelPromptParams, Outcome, Prompt as AskAgent, PromptContext, PromptParams,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::body::Body;
use super::machine::{Effect, Input};
use super::session::{ChatSession, Heard, Out, Stepped};
use super::turns::{KeptChat, TurnEnd};
use super::{Chats, Conversation, mask};
use crate::callbacks::CallError;
use crate::log::{Draft, EventLog, StreamName};
use crate::session::ClientSession;

/// How often what an agent says is written down while it speaks.
const NOTE: Duration = Duration::from_secs(1);

/// How often the deadlines of a turn are looked at, at least.
const LOOK: Duration = Duration::from_secs(30);

/// Why a turn ended that the agent did not end.
fn why(input: Input) -> Option<&'static str> {
    Some(match input {
        Input::Done | Input::Failed | Input::Refused | Input::Cancel => return None,
        Input::AckTimeout => "the agent did not take the prompt in time",
        Input::HostLeft => "the client that began it has gone",
        Input::AgentLeft => "the agent's session has ended",
        Input::AgentReplaced => "another session speaks for the agent now",
        Input::IdleTimeout => "the agent was silent for too long",
        Input::TotalTimeout => "it took too long",
        Input::Restart | Input::Start | Input::Ack | Input::Said => "the daemon was started again",
    })
}

/// Where an event stands in its turn.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    First,
    Between,
    Last,
}

/// The end of a turn, as it was said.
pub(super) struct Ending {
    pub(super) error: Option<Value>,
    /// The event, where the agent said it itself.
    pub(super) draft: Option<Draft>,
}

impl Chats {
    /// Has something happen to a turn that no words of the agent belong to; `true` where it ended by that.
    pub(super) fn apply(&self, turn: &Arc<ChatSession>, input: Input) -> bool {
        let error = why(input).map(Value::from);
        self.happen(turn, input, None, Ending { error, draft: None })
    }

    /// Has something happen to a turn.
    pub(super) fn happen(
        &self,
        turn: &Arc<ChatSession>,
        input: Input,
        heard: Option<Heard<'_>>,
        ending: Ending,
    ) -> bool {
        let Stepped {
            effects,
            publish,
            taken,
            ended,
        } = turn.step(input, heard);
        let mut ending = Some(ending);
        let mut taken = taken;
        for effect in effects.into_iter().flatten() {
            match effect {
                Effect::Ask => {}
                Effect::Accept => {
                    if let Some(taken) = taken.take() {
                        // Whoever asked may have gone.
                        let _ = taken.send(Ok(()));
                    }
                }
                Effect::Publish => {}
                Effect::TellAgent => self.tell_agent(turn, ended),
                Effect::End(outcome) => {
                    if let Some(taken) = taken.take() {
                        let error = ending.as_ref().and_then(|ending| ending.error.as_ref());
                        let _ = taken.send(Err((outcome, said(error, outcome))));
                    }
                    if let Some(ending) = ending.take() {
                        self.conclude(turn, outcome, ending);
                    }
                }
            }
        }
        self.publish(turn, publish);
        ended.is_some()
    }

    /// Publishes what a step gave, and what others leave to whoever publishes.
    pub(super) fn publish(&self, turn: &Arc<ChatSession>, first: Option<Out>) {
        let mut next = first;
        while let Some(out) = next {
            let (draft, place) = match out {
                Out::First(draft) => (draft, Place::First),
                Out::Event(draft) => (draft, Place::Between),
                Out::Last(draft) => (draft, Place::Last),
            };
            match self.log.append(&turn.stream, draft.happened()) {
                Ok(cursor) if place == Place::First => turn.prompted_at(cursor),
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(chat = %turn.chat, %error, "an event of a chat is lost");
                }
            }
            next = turn.next();
            if place == Place::Last {
                self.is_over(turn);
            }
        }
    }

    fn tell_agent(&self, turn: &ChatSession, ended: Option<Outcome>) {
        let session = turn.asked().and_then(|asked| self.sessions.get(&asked));
        let channel = session.and_then(|session| session.link().channel());
        if let Some(channel) = channel {
            // Best effort: what the agent says is dropped from now on anyway.
            let _ = channel.notify::<CancelPrompt>(&CancelPromptParams {
                session_id: turn.chat.to_string(),
                turn_id: turn.turn.clone(),
                reason: ended.map_or("cancelled", Outcome::as_str).to_owned(),
            });
        }
    }

    /// Writes the end of a turn down, and publishes it then: what was told is never untold by a start of the daemon.
    fn conclude(&self, turn: &Arc<ChatSession>, outcome: Outcome, ending: Ending) {
        turn.over.cancel();
        let at = self.clock.now();
        let draft = ending.draft.map_or_else(
            || {
                let body = Body::end(turn, outcome, ending.error.as_ref());
                let kind = if outcome == Outcome::Cancelled {
                    "done"
                } else {
                    "error"
                };
                Draft::new(kind, at, &body)
            },
            Ok,
        );
        let draft = match draft {
            Ok(draft) => draft,
            Err(error) => {
                tracing::error!(chat = %turn.chat, %error, "the end of a chat cannot be told");
                return self.is_over(turn);
            }
        };
        let end = TurnEnd {
            number: turn.number,
            text: turn.take_unnoted(true).unwrap_or_default(),
            outcome,
            error: ending.error.as_ref().map(|error| match error {
                Value::String(text) => mask::kept(text),
                other => mask::kept(&other.to_string()),
            }),
            at,
        };
        self.set_last(turn, outcome);
        let (this, concluded) = (self.this.clone(), Arc::clone(turn));
        let tell = Box::new(move || {
            if let Some(chats) = this.upgrade() {
                concluded.forget_text();
                let publish = concluded.conclude(draft);
                chats.publish(&concluded, publish);
            }
        });
        self.turns.end(end, tell);
    }

    fn set_last(&self, turn: &ChatSession, outcome: Outcome) {
        if let Some(chat) = self.table.lock().get_mut(&turn.chat) {
            chat.last = Some(outcome);
            chat.updated = self.clock.now();
        }
    }

    /// The last event of a turn is published: the next one has its turn.
    fn is_over(&self, turn: &Arc<ChatSession>) {
        {
            let mut table = self.table.lock();
            let Some(chat) = table.get_mut(&turn.chat) else {
                return;
            };
            chat.waiting.retain(|waiting| !Arc::ptr_eq(waiting, turn));
            let current = chat.current.take_if(|current| Arc::ptr_eq(current, turn));
            if current.is_some() {
                self.running.fetch_sub(1, Ordering::AcqRel);
            }
        }
        self.advance(&turn.chat);
    }

    /// Begins the next turn of a chat, if none runs.
    pub(super) fn advance(&self, chat: &str) {
        let turn = {
            let mut table = self.table.lock();
            let Some(chat) = table.get_mut(chat).filter(|chat| chat.current.is_none()) else {
                return;
            };
            // Those that were cancelled leave by themselves, when that is told.
            let next = chat
                .waiting
                .iter()
                .position(|turn| !turn.over.is_cancelled());
            let Some(turn) = next.and_then(|next| chat.waiting.remove(next)) else {
                return;
            };
            chat.current = Some(Arc::clone(&turn));
            self.running.fetch_add(1, Ordering::AcqRel);
            turn
        };
        self.start(&turn);
    }

    /// Asks the agent.
    fn start(&self, turn: &Arc<ChatSession>) {
        // One that is about to end takes nothing on any more.
        let session = self.session_of(&turn.agent).ok();
        let Some(session) = session.filter(|session| !session.cancellation().is_cancelled()) else {
            self.apply(turn, Input::AgentLeft);
            return;
        };
        turn.ask(session.id());
        let stepped = turn.step(Input::Start, None);
        if !stepped.effects.contains(&Some(Effect::Ask)) {
            // It was cancelled in this moment, and ends by that.
            return;
        }
        let Some(prompt) = turn.prompt.lock().take() else {
            return;
        };
        self.echo.listen();
        let body = Body::prompt(turn, &prompt.text, &prompt.attachments);
        match Draft::new("prompt", turn.started, &body) {
            Ok(draft) => self.publish(turn, turn.begin(draft)),
            Err(error) => tracing::error!(chat = %turn.chat, %error, "a prompt cannot be told"),
        }
        let params = PromptParams {
            session_id: turn.chat.to_string(),
            prompt: prompt.text,
            stream: prompt.stream,
            context: PromptContext {
                host_client_id: turn.host.to_string(),
                voice_input: prompt.voice_input,
            },
            turn_id: turn.turn.clone(),
            agent_id: turn.agent.to_string(),
            attachments: prompt.attachments,
            cwd: prompt.cwd,
        };
        let Some(chats) = self.this.upgrade() else {
            return;
        };
        let asked = Arc::clone(&session);
        let watched = watch(chats, Arc::clone(turn), asked, params);
        session.begin_from_afar(watched);
    }
}

/// Asks the agent and keeps the deadlines of the turn. A call of the agent's session: when that ends, so does the turn.
async fn watch(
    chats: Arc<Chats>,
    turn: Arc<ChatSession>,
    session: Arc<ClientSession>,
    params: PromptParams,
) {
    let left = Left {
        chats: &chats,
        turn: &turn,
    };
    let limit = chats.limits.ack;
    let asked = session.call::<AskAgent>(limit, |_| params);
    let Some(answer) = turn.over.run_until_cancelled(asked).await else {
        return;
    };
    match answer {
        Ok(_) => chats.apply(&turn, Input::Ack),
        Err(CallError::TimedOut(_)) => chats.apply(&turn, Input::AckTimeout),
        Err(CallError::Disconnected) => chats.apply(&turn, Input::AgentLeft),
        Err(error) => {
            let error = Some(Value::from(error.to_string()));
            let ending = Ending { error, draft: None };
            chats.happen(&turn, Input::Refused, None, ending)
        }
    };
    until_over(&chats, &turn).await;
    drop(left);
}

async fn until_over(chats: &Arc<Chats>, turn: &Arc<ChatSession>) {
    let notes = chats.turns.outlives();
    loop {
        let now = Instant::now();
        let (due, input) = turn.due();
        if due <= now {
            chats.apply(turn, input);
            return;
        }
        // What the agent or a person does meanwhile moves the deadline.
        let wake = due.min(now + if notes { NOTE } else { LOOK });
        if turn
            .over
            .run_until_cancelled(sleep_until(wake))
            .await
            .is_none()
        {
            return;
        }
        if notes && let Some(text) = turn.take_unnoted(false) {
            chats.turns.note(turn.number, text);
        }
    }
}

/// Ends a turn whose agent goes.
struct Left<'a> {
    chats: &'a Arc<Chats>,
    turn: &'a Arc<ChatSession>,
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.chats.apply(self.turn, Input::AgentLeft);
    }
}

/// What is said of an end to who waits for the agent.
fn said(error: Option<&Value>, outcome: Outcome) -> String {
    match error {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => format!("the turn ended: {}", outcome.as_str()),
    }
}

/// Tells the end of a turn that an earlier daemon left running.
pub(super) fn tell_cut(log: &dyn EventLog, stream: &StreamName, kept: &KeptChat) {
    let body = json!({
        "session_id": kept.chat,
        "agent_id": kept.agent,
        "turn_id": kept.turn,
        "kind": "error",
        "error": why(Input::Restart),
        "outcome": Outcome::AgentGone,
    });
    let told = Draft::new("error", kept.at, &body);
    if let Err(error) = told.and_then(|draft| log.append(stream, draft.happened())) {
        tracing::error!(chat = kept.chat, %error, "the end of a chat cannot be told");
    }
}

impl Conversation {
    /// Whether this turn of the chat runs.
    pub(super) fn running(&self, turn: Option<&str>) -> Option<&Arc<ChatSession>> {
        let current = self.current.as_ref()?;
        turn.is_none_or(|turn| turn == current.turn)
            .then_some(current)
    }
}
