//! What an agent says in one turn, for whoever in the daemon began it.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::agents_chat::Outcome;
use car_protocol::rpc::events::Cursor;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::session::ChatSession;
use super::{ChatError, Chats};
use crate::log::{Entry, EventLog, Listener, LogError, StreamName, Watch};

/// Events that are read together.
const PAGE: usize = 64;
/// How long after a turn has ended its last event may take to be published.
const LAST: Duration = Duration::from_secs(30);
/// How long to wait before the log is read again that could not be.
const AGAIN: Duration = Duration::from_secs(1);

/// Something of a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// The agent said more.
    Text(String),
    /// The turn is over. It comes once, last.
    Ended {
        /// How.
        outcome: Outcome,
        /// What went wrong, in words.
        error: Option<String>,
    },
}

/// Reads what is told of one turn.
#[derive(Debug)]
pub struct TurnReader {
    log: Arc<dyn EventLog>,
    turn: Arc<ChatSession>,
    stream: StreamName,
    place: Cursor,
    read: VecDeque<Entry>,
    /// Since when the turn is over and its end is not told.
    over: Option<Instant>,
    wake: Arc<Wake>,
    _watch: Watch,
}

#[derive(Debug, Default)]
struct Wake(Notify);

impl Listener for Wake {
    fn notify(&self) {
        self.0.notify_one();
    }
}

/// What is read of an event.
#[derive(Deserialize)]
struct Event {
    turn_id: String,
    kind: String,
    #[serde(default)]
    delta: Option<String>,
    #[serde(default)]
    outcome: Option<Outcome>,
    #[serde(default)]
    error: Option<Value>,
}

impl Chats {
    /// Reads what is told of a turn, from this place in its stream.
    ///
    /// # Errors
    /// [`ChatError::Log`]: there are too many streams.
    pub fn read_turn(
        &self,
        turn: &Arc<ChatSession>,
        from: Cursor,
    ) -> Result<TurnReader, ChatError> {
        let wake = Arc::<Wake>::default();
        let listener = Arc::clone(&wake) as Arc<dyn Listener>;
        let watch = self.log.watch(&turn.stream, listener)?;
        Ok(TurnReader {
            log: Arc::clone(&self.log),
            turn: Arc::clone(turn),
            stream: turn.stream.clone(),
            place: from,
            read: VecDeque::new(),
            over: None,
            wake,
            _watch: watch,
        })
    }
}

impl TurnReader {
    /// The turn.
    #[must_use]
    pub fn turn(&self) -> &Arc<ChatSession> {
        &self.turn
    }

    /// What is told next. It may be dropped and asked for again.
    pub async fn next(&mut self) -> Told {
        loop {
            while let Some(entry) = self.read.pop_front() {
                if let Some(told) = self.told(&entry) {
                    return told;
                }
            }
            let page = self.log.fetch(&self.stream, Some(self.place), PAGE).await;
            let mut again = None;
            match page {
                Ok(page) if !page.entries.is_empty() => {
                    self.place = page.next;
                    self.read.extend(page.entries);
                    continue;
                }
                Ok(_) => {}
                // What is not kept any more was said too long ago to matter.
                Err(LogError::Resync { oldest }) if oldest != self.place => {
                    self.place = oldest;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, stream = %self.stream, "what an agent says cannot be read");
                    again = Some(AGAIN);
                }
            }
            let over = async {
                self.turn.ended().await;
                sleep_until(*self.over.get_or_insert_with(Instant::now) + LAST).await;
            };
            let again = async {
                match again {
                    Some(again) => sleep(again).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = self.wake.0.notified() => {}
                () = again => {}
                () = over => {
                    return Told::Ended {
                        outcome: Outcome::AgentGone,
                        error: Some("the end of the turn was not told".to_owned()),
                    };
                }
            }
        }
    }

    fn told(&self, entry: &Entry) -> Option<Told> {
        let event: Event = serde_json::from_str(entry.params()).ok()?;
        if event.turn_id != self.turn.turn {
            return None;
        }
        if let Some(outcome) = event.outcome {
            let error = event.error.filter(|_| outcome != Outcome::Done);
            let error = error.map(|error| match error {
                Value::String(text) => text,
                other => other.to_string(),
            });
            return Some(Told::Ended { outcome, error });
        }
        let text = event.delta.filter(|_| event.kind == "token")?;
        Some(Told::Text(text))
    }
}
