//! The task of a stream.

use std::collections::VecDeque;
use std::future::pending;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{self, Permit};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::ear::{Ear, Turn};
use super::segments::Segments;
use super::{Around, EventSink, Input, Owner, StreamLimits};
use crate::event::{Outcome, VoiceEvent};
use crate::stt::{Audio, Heard, Recognition, SttError};

pub(super) struct Actor {
    limits: StreamLimits,
    ear: Ear,
    role: String,
    segments: Segments,
    teller: Teller,
    /// What waits for the recogniser. Nothing is heard before it has gone there.
    waiting: VecDeque<Audio>,
    audio: Option<mpsc::Sender<Audio>>,
    heard: Option<mpsc::Receiver<Heard>>,
    work: Option<BoxFuture<'static, Worked>>,
    /// Why it ends, once it does.
    ending: Option<Outcome>,
    /// Whether all of the audio was heard.
    finished: bool,
    over_at: Instant,
    /// When the owner has been away for too long.
    lost_at: Option<Instant>,
    /// When a missing frame is given up.
    give_up_at: Option<Instant>,
}

/// Tells the events, and `done` when it is dropped, whyever that is.
struct Teller {
    sink: Box<dyn EventSink>,
    done: (Outcome, Option<String>),
}

impl Drop for Teller {
    fn drop(&mut self) {
        let (outcome, message) = (self.done.0, self.done.1.take());
        self.sink.event(VoiceEvent::Done { outcome, message });
    }
}

type Worked = Result<(), SttError>;

/// What comes from outside.
pub(super) struct Inputs {
    audio: mpsc::Receiver<Input>,
    /// None when nobody is left who could say anything.
    around: Option<watch::Receiver<Around>>,
}

impl Inputs {
    pub(super) fn new(audio: mpsc::Receiver<Input>, around: watch::Receiver<Around>) -> Self {
        let around = Some(around);
        Self { audio, around }
    }
}

/// What happens next.
enum Next {
    Input(Option<Input>),
    Around(Around),
    Heard(Option<Heard>),
    /// The recogniser took what waited, or takes nothing any more.
    Taken(bool),
    Worked(Worked),
    Over,
    Lost,
    GiveUp,
}

impl Actor {
    pub(super) fn new(
        limits: StreamLimits,
        ear: Ear,
        role: String,
        recognition: Option<Recognition>,
        sink: Box<dyn EventSink>,
    ) -> Self {
        let (audio, heard, work) = match recognition {
            Some(parts) => (Some(parts.audio), Some(parts.heard), Some(parts.work)),
            None => (None, None, None),
        };
        let done = (Outcome::Aborted, None);
        Self {
            limits,
            ear,
            role,
            segments: Segments::default(),
            teller: Teller { sink, done },
            waiting: VecDeque::new(),
            audio,
            heard,
            work,
            ending: None,
            finished: false,
            over_at: Instant::now() + limits.longest,
            lost_at: None,
            give_up_at: None,
        }
    }

    pub(super) async fn run(mut self, mut inputs: Inputs) {
        let done = loop {
            if let Err(message) = self.hear() {
                break (Outcome::Failed, Some(message));
            }
            if self.ear.has_more() && self.waiting.is_empty() {
                // Others have their turn between two parts of a long push.
                tokio::task::yield_now().await;
                continue;
            }
            if let (Some(outcome), true, None, None) =
                (self.ending, self.finished, &self.heard, &self.work)
            {
                break (outcome, None);
            }
            match self.next(&mut inputs).await {
                Next::Input(input) => self.input(input, &mut inputs),
                Next::Around(around) => self.look_around(around, &mut inputs),
                Next::Heard(Some(heard)) => self.tell(heard),
                Next::Heard(None) => self.heard = None,
                Next::Taken(true) => {}
                Next::Taken(false) => self.audio = None,
                Next::Worked(Ok(())) => self.work = None,
                Next::Worked(Err(error)) => break (Outcome::Failed, Some(error.to_string())),
                Next::Over if self.ending.is_some() => {
                    let text = "the recogniser did not tell the rest in time";
                    break (Outcome::Failed, Some(text.into()));
                }
                Next::Over => self.end(Outcome::TooLong, &mut inputs),
                Next::Lost => self.end(Outcome::OwnerLost, &mut inputs),
                Next::GiveUp => {
                    self.ear.give_up();
                    self.give_up_at = None;
                    self.wait_for_missing();
                }
            }
        };
        // What the recogniser had told before it failed is told first.
        if let Some(mut told) = self.heard.take() {
            while let Ok(heard) = told.try_recv() {
                self.tell(heard);
            }
        }
        self.teller.done = done;
    }

    /// Hears a part of what has come, unless the recogniser has to take something first.
    fn hear(&mut self) -> Result<(), String> {
        if self.audio.is_none() {
            self.waiting.clear();
        }
        let mut turn = Turn::default();
        if !self.waiting.is_empty() {
            return Ok(());
        }
        let heard = if self.ear.has_more() {
            self.ear.turn(&mut turn)
        } else if self.ending.is_some() && !self.finished {
            self.finished = true;
            self.ear.finish(&mut turn)
        } else {
            Ok(())
        };
        heard.map_err(|error| error.to_string())?;
        if let Some(sound) = turn.sound {
            self.teller.sink.audio(sound);
        }
        for event in turn.events {
            self.teller.sink.event(event);
        }
        if self.audio.is_some() {
            self.waiting.extend(turn.audio);
        }
        if self.finished && self.waiting.is_empty() {
            // The end of the audio: the recogniser tells the rest.
            self.audio = None;
        }
        Ok(())
    }

    async fn next(&mut self, inputs: &mut Inputs) -> Next {
        let listening = self.waiting.is_empty() && self.ending.is_none();
        let going = self.ending.is_none();
        let audio = self.audio.as_ref().filter(|_| !self.waiting.is_empty());
        let Inputs {
            audio: coming,
            around,
        } = inputs;
        tokio::select! {
            biased;
            heard = heard(self.heard.as_mut()) => Next::Heard(heard),
            worked = worked(self.work.as_mut()) => Next::Worked(worked),
            permit = room(audio) => match permit {
                Ok(permit) => {
                    if let Some(audio) = self.waiting.pop_front() {
                        permit.send(audio);
                    }
                    Next::Taken(true)
                }
                Err(_) => Next::Taken(false),
            },
            () = sleep_until(self.over_at) => Next::Over,
            () = at(self.lost_at) => Next::Lost,
            () = at(self.give_up_at) => Next::GiveUp,
            said = said(around), if going => Next::Around(said),
            input = coming.recv(), if listening => Next::Input(input),
        }
    }

    fn look_around(&mut self, around: Around, inputs: &mut Inputs) {
        self.ear.set_playing(around.playing);
        match around.owner {
            Owner::There => self.lost_at = None,
            Owner::Away => {
                self.lost_at
                    .get_or_insert(Instant::now() + self.limits.grace);
            }
            Owner::Gone => self.end(Outcome::OwnerLost, inputs),
        }
    }

    fn input(&mut self, input: Option<Input>, inputs: &mut Inputs) {
        match input {
            Some(Input::Audio(push)) => {
                self.ear.take(push);
                self.wait_for_missing();
            }
            Some(Input::Stop) => self.end(Outcome::Stopped, inputs),
            None => self.end(Outcome::Abandoned, inputs),
        }
    }

    /// The time for a missing frame runs from when it was first missed.
    fn wait_for_missing(&mut self) {
        let waits = self.ear.is_waiting();
        let since = self.give_up_at.filter(|_| waits);
        self.give_up_at = since.or_else(|| waits.then(|| Instant::now() + self.limits.patience));
    }

    fn end(&mut self, outcome: Outcome, inputs: &mut Inputs) {
        inputs.audio.close();
        // What was taken is heard.
        while let Ok(Input::Audio(push)) = inputs.audio.try_recv() {
            self.ear.take(push);
        }
        self.ear.close();
        self.ending = Some(outcome);
        self.lost_at = None;
        self.give_up_at = None;
        self.over_at = Instant::now() + self.limits.finish;
    }

    fn tell(&mut self, heard: Heard) {
        if let Some(event) = self.segments.tell(heard, &self.role) {
            self.teller.sink.event(event);
        }
    }
}

// What is not there never happens.

async fn said(around: &mut Option<watch::Receiver<Around>>) -> Around {
    if let Some(receiver) = around {
        if receiver.changed().await.is_ok() {
            return *receiver.borrow_and_update();
        }
        *around = None;
    }
    pending().await
}

async fn heard(heard: Option<&mut mpsc::Receiver<Heard>>) -> Option<Heard> {
    match heard {
        Some(heard) => heard.recv().await,
        None => pending().await,
    }
}

async fn worked(work: Option<&mut BoxFuture<'static, Worked>>) -> Worked {
    match work {
        Some(work) => work.await,
        None => pending().await,
    }
}

async fn room(audio: Option<&mpsc::Sender<Audio>>) -> Result<Permit<'_, Audio>, SendError<()>> {
    match audio {
        Some(audio) => audio.reserve().await,
        None => pending().await,
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
