//! Turns of a spoken conversation: agents answer what was said, and what they say is told as events of voice.
//!
//! A session has one turn. Its calls have their turns one after the other, so whatever is told of a turn is told before or
//! after it is cancelled, never beside it.

mod words;

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::agents_chat::{
    Attach, CancelParams, ChatParams, OnDisconnect, Outcome, WhenBusy,
};
use car_protocol::rpc::events::Cursor;
use car_protocol::rpc::voice::VoiceEvent;
use serde_json::Value;
use serde_json::value::to_raw_value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use self::words::About;
use super::{VoiceError, VoiceStreams};
use crate::chat::{Chats, Told, TurnReader};
use crate::identity::{Identity, SessionId};
use crate::log::StreamName;
use crate::session::ClientSession;

/// How long the id of a stream may be, in bytes.
const LONGEST_ID: usize = 128;
/// How many bytes of an answer are told as one; what is longer is cut.
const LONGEST_ANSWER: usize = 256 << 10;

/// Who answers turns.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct VoiceAgents {
    /// At once.
    pub fast: Option<String>,
    /// In its time.
    pub sidecar: Option<String>,
}

/// A turn that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnWanted {
    /// What was said.
    pub utterance: String,
    /// The stream of voice that tells of it.
    pub voice: String,
    /// What the agents get with it.
    pub overlay: Option<Value>,
    /// How long the one that takes its time may take.
    pub patience: Duration,
    /// Who answers; those of the desk where nobody is named.
    pub agents: VoiceAgents,
}

/// A turn that has begun.
#[derive(Clone, Debug)]
pub struct TurnBegun {
    /// Its id.
    pub id: String,
    /// Who answers.
    pub tracks: Vec<(Track, String)>,
    /// Where it is told of.
    pub stream: StreamName,
    /// The place after which it is.
    pub from: Cursor,
}

/// One of those who answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Track {
    /// At once.
    Fast,
    /// In its time.
    Sidecar,
}

impl Track {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Sidecar => "sidecar",
        }
    }
}

impl VoiceAgents {
    /// These, and those of others where there are none.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        Self {
            fast: self.fast.or_else(|| others.fast.clone()),
            sidecar: self.sidecar.or_else(|| others.sidecar.clone()),
        }
    }

    /// Those that there are.
    #[must_use]
    pub fn tracks(&self) -> Vec<(Track, String)> {
        let fast = self.fast.clone().map(|agent| (Track::Fast, agent));
        let sidecar = self.sidecar.clone().map(|agent| (Track::Sidecar, agent));
        fast.into_iter().chain(sidecar).collect()
    }
}

/// The turn of a session.
pub(super) struct Current {
    id: String,
    voice: Box<str>,
    by: Identity,
    /// The chats and their turns.
    chats: Vec<(String, String)>,
    /// Cancelled when nothing more is told of it.
    over: CancellationToken,
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Current {
    pub(super) fn is_in(&self, voice: &str) -> bool {
        *self.voice == *voice
    }

    /// Tells an agent that nobody waits for it.
    fn dismiss(&self, chats: &Chats, of: impl Fn(&str) -> bool) {
        for (chat, turn) in self.chats.iter().filter(|(_, turn)| of(turn)) {
            let params = CancelParams {
                session_id: chat.clone(),
                turn_id: Some(turn.clone()),
            };
            if let Err(error) = chats.cancel(&self.by, &params) {
                tracing::warn!(chat, %error, "a turn that was cancelled goes on");
            }
        }
    }
}

impl VoiceStreams {
    /// Begins a turn, and cancels the one before it.
    ///
    /// # Errors
    /// [`VoiceError::Id`], [`VoiceError::NoAgent`]; [`VoiceError::Chat`] where none of the agents can be asked.
    pub fn dispatch(
        self: &Arc<Self>,
        session: &Arc<ClientSession>,
        chats: &Arc<Chats>,
        wanted: TurnWanted,
    ) -> Result<TurnBegun, VoiceError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
        let voice = &wanted.voice;
        if !(1..=LONGEST_ID).contains(&voice.len()) || !voice.bytes().all(allowed) {
            return Err(VoiceError::Id);
        }
        let agents = wanted.agents.clone().or(self.desk().agents());
        let (tracks, about) = who_answers(&wanted.utterance, &agents);
        if tracks.is_empty() {
            return Err(VoiceError::NoAgent);
        }
        self.cancel_turn(chats, None);
        let (stream, from) = self.stream(voice);
        let mut run = Run::default();
        let mut asked = Vec::new();
        for (track, agent) in &tracks {
            let params = params(session.id(), *track, agent, &wanted);
            let begun = chats.begin(session, params).and_then(|begun| {
                let turn = Arc::clone(begun.turn());
                let (accepted, _) = begun.into_parts();
                chats.read_turn(&turn, accepted.from)
            });
            match begun {
                Ok(reader) => {
                    let turn = reader.turn();
                    asked.push((turn.chat().to_owned(), turn.turn().to_owned()));
                    *run.reader(*track) = Some(reader);
                }
                Err(error) if tracks.len() == 1 || (asked.is_empty() && run.refused.is_some()) => {
                    return Err(error.into());
                }
                Err(error) => run.refused = Some((*track, error.to_string())),
            }
        }
        let current = Arc::new(Current {
            id: chats.new_id(),
            voice: voice.as_str().into(),
            by: session.identity().get(),
            chats: asked,
            over: CancellationToken::new(),
        });
        let begun = TurnBegun {
            id: current.id.clone(),
            tracks,
            stream,
            from,
        };
        *self.turn.lock() = Some(Arc::clone(&current));
        let ending = Ending {
            streams: Arc::clone(self),
            chats: Arc::clone(chats),
            current,
        };
        session.begin_from_afar(run.run(ending, about, wanted.patience));
        Ok(begun)
    }

    /// Cancels the turn, or only the one of this id; answers which it was.
    pub fn cancel_turn(&self, chats: &Chats, only: Option<&str>) -> Option<String> {
        let current = {
            let mut turn = self.turn.lock();
            turn.take_if(|current| only.is_none_or(|id| id == current.id))
        }?;
        let turn_id = current.id.clone();
        self.tell(&current, &VoiceEvent::TurnCancelled { turn_id });
        current.over.cancel();
        current.dismiss(chats, |_| true);
        Some(current.id.clone())
    }

    fn tell(&self, current: &Current, event: &VoiceEvent) {
        if current.over.is_cancelled() {
            return;
        }
        let told = to_raw_value(event).map(|event| self.sink().send(&current.voice, &event));
        match told {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "an event of a turn is lost"),
            Err(error) => tracing::error!(%error, "an event of a turn is no JSON"),
        }
    }
}

/// What a turn asks an agent.
fn params(session: &SessionId, track: Track, agent: &str, wanted: &TurnWanted) -> ChatParams {
    // Turn after turn is said in one chat, so that the agent knows what was said before.
    let chat = format!("voice-{session}-{}-{agent}", track.as_str());
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@".contains(&byte);
    let fits = chat.len() <= LONGEST_ID && chat.bytes().all(allowed);
    let overlay = wanted.overlay.clone().map(|content| Attach {
        name: "config_overlay".to_owned(),
        content,
        media_type: None,
        encoding: None,
    });
    let patience = u64::try_from(wanted.patience.as_millis()).unwrap_or(u64::MAX);
    ChatParams {
        agent_id: agent.to_owned(),
        prompt: wanted.utterance.clone(),
        session_id: fits.then_some(chat),
        voice_input: Some(true),
        attachments: overlay.map(|overlay| vec![overlay]),
        on_disconnect: Some(OnDisconnect::Cancel),
        when_busy: Some(WhenBusy::Interrupt),
        // A little longer than it is waited for, so that it is not this that ends it.
        timeout_ms: (track == Track::Sidecar).then_some(patience.saturating_add(1_000)),
        ..ChatParams::default()
    }
}

/// Who is to answer, and what bridges the time until then.
fn who_answers(utterance: &str, agents: &VoiceAgents) -> (Vec<(Track, String)>, Option<About>) {
    let tracks = agents.tracks();
    match (About::of(utterance), agents.sidecar.clone()) {
        (Some(about), Some(agent)) => (vec![(Track::Sidecar, agent)], Some(about)),
        _ => (tracks, None),
    }
}

/// A turn that runs.
#[derive(Debug, Default)]
struct Run {
    fast: Option<TurnReader>,
    sidecar: Option<TurnReader>,
    /// What was said by each so far.
    said: [String; 2],
    refused: Option<(Track, String)>,
}

impl Run {
    fn reader(&mut self, track: Track) -> &mut Option<TurnReader> {
        match track {
            Track::Fast => &mut self.fast,
            Track::Sidecar => &mut self.sidecar,
        }
    }

    async fn run(mut self, turn: Ending, about: Option<About>, patience: Duration) {
        let turn_id = turn.current.id.clone();
        if let Some(about) = about {
            let (kind, phrase) = (about.kind().to_owned(), about.phrase().to_owned());
            turn.tell(&VoiceEvent::TurnBridge {
                turn_id: turn_id.clone(),
                kind,
                phrase,
            });
        }
        if let Some((track, error)) = self.refused.take() {
            turn.tell(&self.failed(&turn_id, track, error));
        }
        let late = sleep(patience);
        tokio::pin!(late);
        while self.fast.is_some() || self.sidecar.is_some() {
            let event = tokio::select! {
                biased;
                () = turn.current.over.cancelled() => return,
                told = next(self.fast.as_mut()) => self.fast_told(&turn_id, told),
                told = next(self.sidecar.as_mut()) => self.sidecar_told(&turn_id, told),
                () = &mut late, if self.sidecar.is_some() => {
                    let reader = self.sidecar.take();
                    let late = reader.as_ref().map(|reader| reader.turn().turn());
                    turn.current.dismiss(&turn.chats, |turn| Some(turn) == late);
                    let error = format!("no answer within {} ms", patience.as_millis());
                    Some(self.failed(&turn_id, Track::Sidecar, error))
                }
            };
            if let Some(event) = event {
                turn.tell(&event);
            }
        }
    }

    fn last(&self) -> Option<bool> {
        (self.fast.is_none() && self.sidecar.is_none()).then_some(true)
    }

    fn failed(&self, turn: &str, track: Track, error: String) -> VoiceEvent {
        VoiceEvent::TurnError {
            turn_id: turn.to_owned(),
            error,
            track: track.as_str().to_owned(),
            last: self.last(),
        }
    }

    fn fast_told(&mut self, turn: &str, told: Told) -> Option<VoiceEvent> {
        let turn_id = turn.to_owned();
        let [said, _] = &mut self.said;
        Some(match told {
            Told::Text(text) => {
                add(said, &text);
                VoiceEvent::TurnFastDelta { turn_id, text }
            }
            Told::Ended { outcome, error } => {
                let text = std::mem::take(said);
                self.fast = None;
                match why(outcome, error) {
                    Some(error) => self.failed(turn, Track::Fast, error),
                    None => VoiceEvent::TurnFastDone {
                        turn_id,
                        text,
                        last: self.last(),
                    },
                }
            }
        })
    }

    fn sidecar_told(&mut self, turn: &str, told: Told) -> Option<VoiceEvent> {
        let [_, said] = &mut self.said;
        match told {
            Told::Text(text) => {
                add(said, &text);
                None
            }
            Told::Ended { outcome, error } => {
                let text = std::mem::take(said);
                self.sidecar = None;
                Some(match why(outcome, error) {
                    Some(error) => self.failed(turn, Track::Sidecar, error),
                    None => VoiceEvent::TurnSidecar {
                        turn_id: turn.to_owned(),
                        text,
                        last: self.last(),
                    },
                })
            }
        }
    }
}

fn add(said: &mut String, text: &str) {
    let room = LONGEST_ANSWER.saturating_sub(said.len()).min(text.len());
    said.push_str(
        text.get(..text.floor_char_boundary(room))
            .unwrap_or_default(),
    );
}

/// Why an agent did not answer, if it did not.
fn why(outcome: Outcome, error: Option<String>) -> Option<String> {
    let words = || format!("the agent's turn ended: {}", outcome.as_str());
    (outcome != Outcome::Done).then(|| error.unwrap_or_else(words))
}

async fn next(reader: Option<&mut TurnReader>) -> Told {
    match reader {
        Some(reader) => reader.next().await,
        None => pending().await,
    }
}

/// A turn that runs. When this is dropped it is no longer the turn of its session.
struct Ending {
    streams: Arc<VoiceStreams>,
    chats: Arc<Chats>,
    current: Arc<Current>,
}

impl Ending {
    fn tell(&self, event: &VoiceEvent) {
        self.streams.tell(&self.current, event);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.current.over.cancel();
        let is_this = |current: &mut Arc<Current>| Arc::ptr_eq(current, &self.current);
        drop(self.streams.turn.lock().take_if(is_this));
        self.streams.retire(&self.current.voice);
    }
}
