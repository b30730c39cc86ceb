//! One voice stream: an actor with a bounded mailbox. It lives as long as somebody can feed it, however quiet the
//! microphone, and never longer than its limits.

mod actor;
mod ear;
mod segments;

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::sync::{mpsc, watch};

use crate::activity::Activity;
use crate::event::VoiceEvent;
use crate::format::{AudioFormat, FormatError};
use crate::frame::MOST_AUDIO;
use crate::resample::ResampleError;
use crate::stt::{SpeechToText, SttError, SttOptions};

/// Where a stream's events go, in order. It is called from the stream's task and must not wait.
pub trait EventSink: Send + 'static {
    /// The next event.
    fn event(&mut self, event: VoiceEvent);

    /// The audio itself, for who keeps it: all of it, in order. It shares the bytes that were pushed.
    fn audio(&mut self, _sound: Sound) {}
}

/// What of the audio of a stream is next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sound {
    /// The samples of a frame, in the format of the stream.
    Samples(Bytes),
    /// So many samples of every channel that never came, and count as silence.
    Silence(u64),
}

impl<F: FnMut(VoiceEvent) + Send + 'static> EventSink for F {
    fn event(&mut self, event: VoiceEvent) {
        self(event);
    }
}

/// What a stream is to do.
#[derive(Debug)]
pub struct StreamOptions {
    /// What its audio is.
    pub format: AudioFormat,
    /// Who speaks where the recogniser does not tell: `unknown`, or what the source is called.
    pub role: String,
    /// Whether the audio that comes is told as `audio_chunk`.
    pub audio_meta: bool,
    /// What the recogniser is asked for.
    pub stt: SttOptions,
    /// How long and how much.
    pub limits: StreamLimits,
    /// What tells speech from other sounds.
    pub activity: Activity,
}

impl StreamOptions {
    /// Speech of nobody in particular, and nothing told about the audio itself.
    #[must_use]
    pub fn new(format: AudioFormat) -> Self {
        Self {
            format,
            role: "unknown".into(),
            audio_meta: false,
            stt: SttOptions::default(),
            limits: StreamLimits::default(),
            activity: Activity::default(),
        }
    }
}

/// How long and how much.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StreamLimits {
    /// How many pushes wait in the mailbox.
    pub mailbox: usize,
    /// How long a stream may last.
    pub longest: Duration,
    /// How long its owner may be away.
    pub grace: Duration,
    /// How long a frame that is missing is waited for.
    pub patience: Duration,
    /// How long a recogniser may take to tell the rest, after the end of the audio.
    pub finish: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            mailbox: 64,
            longest: Duration::from_secs(12 * 3600),
            grace: Duration::from_secs(30),
            patience: Duration::from_millis(500),
            finish: Duration::from_secs(15),
        }
    }
}

/// A piece of audio.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Push {
    /// Its number; without one it follows what came last.
    pub sequence: Option<u64>,
    /// The samples.
    pub audio: Bytes,
}

impl Push {
    /// What follows what came last.
    pub fn next(audio: impl Into<Bytes>) -> Self {
        Self {
            sequence: None,
            audio: audio.into(),
        }
    }

    /// With a number.
    pub fn numbered(sequence: u64, audio: impl Into<Bytes>) -> Self {
        Self {
            sequence: Some(sequence),
            audio: audio.into(),
        }
    }
}

#[derive(Debug)]
enum Input {
    Audio(Push),
    Stop,
}

/// What is said about a stream beside its audio. It overtakes audio that waits, and has no mailbox that could be full.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Around {
    owner: Owner,
    /// Whether the daemon's side speaks.
    playing: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owner {
    There,
    Away,
    /// Will not come back.
    Gone,
}

/// The handle on a stream. When the last clone is gone, the stream ends.
#[derive(Clone, Debug)]
pub struct VoiceStream {
    mailbox: mpsc::Sender<Input>,
    around: watch::Sender<Around>,
    format: AudioFormat,
}

impl VoiceStream {
    /// Makes a stream. The future that comes with it is the stream: whoever owns the stream runs it, and dropping it
    /// ends the stream at once, with its `done`. Without a recogniser only voice activity is told.
    ///
    /// # Errors
    /// The recogniser does not begin, or the rate cannot be changed to 16 kHz.
    pub async fn start(
        options: StreamOptions,
        stt: Option<&dyn SpeechToText>,
        sink: impl EventSink,
    ) -> Result<(Self, BoxFuture<'static, ()>), StartError> {
        let (mailbox, audio) = mpsc::channel(options.limits.mailbox.max(1));
        let around = watch::Sender::new(Around {
            owner: Owner::There,
            playing: false,
        });
        let inputs = actor::Inputs::new(audio, around.subscribe());
        let format = options.format;
        let ear = ear::Ear::new(format, options.audio_meta, options.activity)?;
        let recognition = match stt {
            Some(stt) => Some(stt.begin(options.stt).await?),
            None => None,
        };
        let limits = options.limits;
        let actor = actor::Actor::new(limits, ear, options.role, recognition, Box::new(sink));
        let handle = Self {
            mailbox,
            around,
            format,
        };
        Ok((handle, actor.run(inputs).boxed()))
    }

    /// What its audio is.
    #[must_use]
    pub fn format(&self) -> AudioFormat {
        self.format
    }

    /// Gives it audio, and waits while its mailbox is full.
    ///
    /// # Errors
    /// [`PushError`].
    pub async fn push(&self, push: Push) -> Result<(), PushError> {
        self.check(&push)?;
        let sent = self.mailbox.send(Input::Audio(push)).await;
        sent.map_err(|_| PushError::Over)
    }

    /// Gives it audio where that must not wait.
    ///
    /// # Errors
    /// [`PushError`]; [`PushError::Full`] while its mailbox is full.
    pub fn try_push(&self, push: Push) -> Result<(), PushError> {
        self.check(&push)?;
        let sent = self.mailbox.try_send(Input::Audio(push));
        sent.map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => PushError::Full,
            mpsc::error::TrySendError::Closed(_) => PushError::Over,
        })
    }

    /// Ends it after all that was pushed. It may be over already.
    pub async fn stop(&self) {
        let _ = self.mailbox.send(Input::Stop).await;
    }

    /// Tells whether its owner is there. Without one it ends after the grace period.
    pub fn owner(&self, there: bool) {
        self.tell(|around| {
            if around.owner != Owner::Gone {
                around.owner = if there { Owner::There } else { Owner::Away };
            }
        });
    }

    /// Ends it after all that was pushed: its owner will not come back.
    pub fn lose(&self) {
        self.tell(|around| around.owner = Owner::Gone);
    }

    /// Tells whether the daemon's side is speaking: who speaks then, barges in.
    pub fn playing(&self, playing: bool) {
        self.tell(|around| around.playing = playing);
    }

    fn tell(&self, change: impl FnOnce(&mut Around)) {
        self.around.send_if_modified(|around| {
            let before = *around;
            change(around);
            *around != before
        });
    }

    /// Whether it takes no more audio.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.mailbox.is_closed()
    }

    fn check(&self, push: &Push) -> Result<(), PushError> {
        let bytes = push.audio.len();
        if bytes > MOST_AUDIO {
            return Err(PushError::TooLong { bytes });
        }
        self.format.frames(bytes)?;
        Ok(())
    }
}

/// Why a stream does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The recogniser does not begin.
    #[error(transparent)]
    Stt(#[from] SttError),
    /// The rate cannot be changed.
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// Why audio is not taken.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PushError {
    /// The stream is over.
    #[error("the stream is over")]
    Over,
    /// As much waits as may.
    #[error("as much audio waits as may")]
    Full,
    /// More than may come at once.
    #[error("{bytes} bytes of audio; {MOST_AUDIO} at most come at once")]
    TooLong {
        /// How much it was.
        bytes: usize,
    },
    /// The samples are not whole.
    #[error(transparent)]
    Format(#[from] FormatError),
}
