//! One stream: from audio to what was said, with the computing elsewhere.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::cuts::{Cuts, Part};
use super::decode::{Care, Listener, Words};
use super::{ENGLISH, ModelError};
use crate::stt::{Audio, Heard, SttError};
use crate::{SPEECH_RATE, millis};

/// How many parts wait to be heard; then no more audio is taken.
const WAITING: usize = 4;
/// How much more has to be said before the part so far is heard again.
const SOONEST: usize = SPEECH_RATE as usize;

/// Hears a stream until it ends.
pub(super) async fn run(
    listener: Arc<Listener>,
    turns: Arc<Semaphore>,
    mut coming: mpsc::Receiver<Audio>,
    told: mpsc::Sender<Heard>,
) -> Result<(), SttError> {
    let mut cuts = Cuts::default();
    let mut waiting = VecDeque::new();
    let mut hearing: Option<Hearing> = None;
    let (mut open, mut due, mut guessed) = (true, SOONEST, None);
    loop {
        if hearing.is_none() {
            if let Some(part) = waiting.pop_front() {
                let turn = Turn::Wait(Arc::clone(&turns));
                hearing = Some(Hearing::begin(&listener, part, true, turn));
            } else if !open {
                return Ok(());
            } else if cuts.length() >= due
                && coming.is_empty()
                && let Some(part) = cuts.so_far()
                && let Ok(turn) = Arc::clone(&turns).try_acquire_owned()
            {
                hearing = Some(Hearing::begin(&listener, part, false, Turn::Taken(turn)));
            }
        }
        tokio::select! {
            biased;
            done = done(hearing.as_mut()) => {
                let Some(done) = hearing.take().map(|heard| heard.tell(done)) else { continue };
                let (heard, part_is_final, took) = done?;
                if part_is_final {
                    due = SOONEST;
                } else {
                    // What is guessed while somebody speaks takes a third of a processor at most.
                    due = cuts.length() + SOONEST.max(samples(2 * took));
                }
                let Some(mut heard) = heard else { continue };
                let was_guessed = guessed == Some(heard.segment);
                if heard.text.is_empty() && !(heard.is_final && was_guessed) {
                    continue;
                }
                guessed = (!heard.is_final).then_some(heard.segment);
                heard.language = Some(ENGLISH.to_owned());
                if told.send(heard).await.is_err() {
                    return Ok(());
                }
            }
            audio = coming.recv(), if open && waiting.len() < WAITING => {
                let part = match audio {
                    None => {
                        open = false;
                        None
                    }
                    Some(Audio::Samples(samples)) => cuts.push(&samples),
                    Some(Audio::SpeechStart { at }) => {
                        cuts.start(at);
                        due = SOONEST;
                        None
                    }
                    Some(Audio::SpeechEnd { at }) => cuts.end(at),
                };
                if let (Some(part), Some(hearing)) = (&part, &hearing) {
                    hearing.stop_guessing(part.number);
                }
                waiting.extend(part);
            }
        }
    }
}

fn samples(time: Duration) -> usize {
    let millis = usize::try_from(time.as_millis()).unwrap_or(usize::MAX);
    millis.saturating_mul(SPEECH_RATE as usize / 1_000)
}

type Told = Result<Option<Words>, ModelError>;

async fn done(hearing: Option<&mut Hearing>) -> Told {
    match hearing {
        Some(hearing) => (&mut hearing.result).await,
        None => pending().await,
    }
}

/// The right to compute.
enum Turn {
    Taken(OwnedSemaphorePermit),
    Wait(Arc<Semaphore>),
}

/// A part that is being heard. Dropping it ends that soon.
struct Hearing {
    part: Where,
    is_final: bool,
    began: Instant,
    stop: Arc<AtomicBool>,
    result: BoxFuture<'static, Told>,
}

/// What is told of a part beside its words.
struct Where {
    number: u64,
    start: u64,
    end: u64,
}

impl Hearing {
    fn begin(listener: &Arc<Listener>, part: Part, is_final: bool, turn: Turn) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let place = Where {
            number: part.number,
            start: part.start,
            end: part.end,
        };
        let care = if is_final { Care::Full } else { Care::Guess };
        let (listener, stopping) = (Arc::clone(listener), Arc::clone(&stop));
        let result = async move {
            let turn = match turn {
                Turn::Taken(turn) => Some(turn),
                // It is never closed.
                Turn::Wait(turns) => turns.acquire_owned().await.ok(),
            };
            let heard = spawn_blocking(move || {
                let _turn = turn;
                listener.hear(&part.samples, care, &stopping)
            });
            heard
                .await
                .unwrap_or_else(|error| Err(ModelError::new(error.to_string())))
        };
        Self {
            part: place,
            is_final,
            began: Instant::now(),
            stop,
            result: result.boxed(),
        }
    }

    /// Ends a guess about a part that is now heard as a whole.
    fn stop_guessing(&self, number: u64) {
        if !self.is_final && self.part.number == number {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// What is to be told, whether the part is done with, and how long it took.
    fn tell(self, told: Told) -> Result<(Option<Heard>, bool, Duration), SttError> {
        let words = told.map_err(|error| SttError::Model(error.to_string()))?;
        let confidence = words.as_ref().map(|words| words.confidence);
        let rounded = confidence.map(|confidence| (confidence * 1_000.0).round() / 1_000.0);
        let heard = Heard {
            is_final: self.is_final,
            segment: self.part.number,
            text: words.map(|words| words.text).unwrap_or_default(),
            start_ms: millis(self.part.start),
            end_ms: millis(self.part.end),
            confidence: rounded,
            ..Heard::default()
        };
        let is_told = !self.stop.load(Ordering::Relaxed);
        Ok((
            is_told.then_some(heard),
            self.is_final,
            self.began.elapsed(),
        ))
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
