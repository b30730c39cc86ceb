//! The seam for what hears.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use super::VoiceError;

/// Where an engine tells what it hears, in order: each event as JSON. It does not wait.
pub type HeardEvents = Box<dyn FnMut(&RawValue) + Send>;

/// Where an engine passes on the audio itself, in order. It does not wait.
pub type HeardAudio = Box<dyn FnMut(Sound) + Send>;

/// What of the audio of a stream is next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sound {
    /// Samples as they were pushed: whole ones of every channel.
    Samples(Bytes),
    /// So many samples of every channel that never came, and count as silence.
    Silence(u64),
}

/// Hears audio. Object-safe.
pub trait VoiceEngine: Debug + Send + Sync + 'static {
    /// The recognisers that there are, and those that there could be.
    fn providers(&self) -> Vec<Provider>;

    /// Whether a binary message is audio, well-formed or not. It must be quick.
    fn is_audio(&self, message: &Bytes) -> bool;

    /// Reads a binary message. It must be quick.
    ///
    /// # Errors
    /// [`VoiceError::Audio`].
    fn read<'a>(&self, message: &'a Bytes) -> Result<AudioMessage<'a>, VoiceError>;

    /// Whether a stream can have samples like these.
    ///
    /// # Errors
    /// [`VoiceError::Format`].
    fn takes(&self, format: SampleFormat) -> Result<(), VoiceError>;

    /// Makes a stream. The last of its events is `done`, and comes once, whatever becomes of it. Where `audio` is given, it
    /// gets all that is heard, each piece before the events that it leads to.
    ///
    /// # Errors
    /// [`VoiceError::Id`], [`VoiceError::Format`], [`VoiceError::NoProvider`], [`VoiceError::Recogniser`]; no event was
    /// told then.
    fn listen(
        &self,
        wanted: Wanted,
        events: HeardEvents,
        audio: Option<HeardAudio>,
    ) -> BoxFuture<'_, Result<Listening, VoiceError>>;
}

/// A recogniser.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Provider {
    /// What clients call it.
    pub id: String,
    /// Whether a stream can have it.
    pub available: bool,
    /// What it is, or how to get it.
    pub description: String,
}

/// Audio in a binary message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AudioMessage<'a> {
    /// The stream.
    pub voice: &'a str,
    /// What its samples are.
    pub format: SampleFormat,
    /// Its number, and the samples.
    pub audio: PushedAudio,
}

/// What samples are, all of which are 16-bit signed little-endian integers, channels interleaved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SampleFormat {
    /// Samples a second and channel.
    pub rate: u32,
    /// Channels.
    pub channels: u8,
}

impl SampleFormat {
    /// The bytes of one sample of every channel.
    #[must_use]
    pub fn frame_bytes(self) -> usize {
        usize::from(self.channels) * size_of::<i16>()
    }
}

/// A piece of audio.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PushedAudio {
    /// Its number; without one it follows what came last.
    pub sequence: Option<u64>,
    /// The samples.
    pub samples: Bytes,
}

/// What a stream is to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// Its id.
    pub voice: String,
    /// What its samples are.
    pub format: SampleFormat,
    /// The recogniser; the first that is available when none is named.
    pub provider: Option<String>,
    /// Which of its models.
    pub model: Option<String>,
    /// The language that is spoken.
    pub language: Option<String>,
    /// Who speaks where the recogniser does not tell.
    pub role: String,
    /// Whether each piece of audio is told.
    pub audio_meta: bool,
    /// How long it may last.
    pub longest: Duration,
    /// How long its owner may be away.
    pub grace: Duration,
}

/// A stream that was made.
pub struct Listening {
    /// The recogniser that it has.
    pub provider: Option<String>,
    /// Where its audio goes.
    pub input: Arc<dyn VoiceInput>,
    /// The stream: whoever owns it runs this, and dropping it ends the stream at once.
    pub run: BoxFuture<'static, ()>,
}

impl Debug for Listening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listening")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// Where the audio of a stream goes.
pub trait VoiceInput: Debug + Send + Sync + 'static {
    /// Takes audio, unless too much waits.
    ///
    /// # Errors
    /// [`VoiceError::Full`], [`VoiceError::Over`], [`VoiceError::Audio`].
    fn try_push(&self, audio: PushedAudio) -> Result<(), VoiceError>;

    /// Takes audio, and waits while too much waits.
    ///
    /// # Errors
    /// [`VoiceError::Over`], [`VoiceError::Audio`].
    fn push(&self, audio: PushedAudio) -> BoxFuture<'_, Result<(), VoiceError>>;

    /// Ends the stream after all that was taken.
    fn stop(&self) -> BoxFuture<'_, ()>;

    /// Tells whether its owner is there.
    fn owner(&self, there: bool);

    /// Ends the stream after all that was taken: its owner will not come back.
    fn lose(&self);

    /// Tells whether the client plays speech.
    fn playing(&self, playing: bool);
}
