//! Speech to text behind a trait.

pub mod command;
pub mod scripted;
#[cfg(feature = "stt-whisper")]
pub mod whisper;

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::sync::mpsc;

/// How many pieces of audio wait for a recogniser; then the stream is read no further.
pub const WAITING_AUDIO: usize = 64;
/// How many results wait to be told.
pub const WAITING_RESULTS: usize = 64;

/// Turns audio into text. One per kind of recogniser; each stream has a [`Recognition`] of its own.
pub trait SpeechToText: Debug + Send + Sync + 'static {
    /// Its name, as clients ask for it.
    fn name(&self) -> &str;

    /// Where it cannot be used as it is: what is missing, and how to get it. It must be quick.
    fn missing(&self) -> Option<String> {
        None
    }

    /// Begins with a stream.
    ///
    /// # Errors
    /// [`SttError`]; the stream does not start then.
    fn begin(&self, options: SttOptions) -> BoxFuture<'_, Result<Recognition, SttError>>;
}

/// What a stream asks of a recogniser.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SttOptions {
    /// Which of its models.
    pub model: Option<String>,
    /// The language that is spoken, as a BCP 47 tag.
    pub language: Option<String>,
}

/// A recogniser at work on one stream. Whoever holds it has to poll `work`.
pub struct Recognition {
    /// Where the stream's audio goes. Dropping it says that the stream has ended.
    pub audio: mpsc::Sender<Audio>,
    /// What was heard. It ends after the stream did, when everything was told.
    pub heard: mpsc::Receiver<Heard>,
    /// The recogniser's work.
    pub work: BoxFuture<'static, Result<(), SttError>>,
}

impl std::fmt::Debug for Recognition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recognition").finish_non_exhaustive()
    }
}

/// What a recogniser gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Audio {
    /// More samples of 16 kHz mono, from -1 to 1.
    Samples(Vec<f32>),
    /// Somebody speaks.
    SpeechStart {
        /// Since when, in samples of the stream. They have come.
        at: u64,
    },
    /// Nobody speaks any more: a good moment to be done with a segment.
    SpeechEnd {
        /// Since when.
        at: u64,
    },
}

/// What a recogniser has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Whether the words will not change by more audio. They may still be corrected, as a further revision.
    pub is_final: bool,
    /// Which part of the stream it is.
    pub segment: u64,
    /// Counts the corrections, from 0.
    pub revision: u32,
    /// The words.
    pub text: String,
    /// Where they begin on the audio clock, in milliseconds.
    pub start_ms: u64,
    /// Where they end.
    pub end_ms: u64,
    /// The speaker, where the recogniser tells them apart.
    pub speaker: Option<String>,
    /// The language, as a BCP 47 tag.
    pub language: Option<String>,
    /// From 0 to 1.
    pub confidence: Option<f32>,
}

/// Why a recogniser does not work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SttError {
    /// It cannot do what is asked.
    #[error("{0}")]
    Refused(String),
    /// Its program does not start.
    #[error("the recogniser does not start")]
    Start(#[source] std::io::Error),
    /// Its program ends too often.
    #[error("the recogniser ended {times} times")]
    Ended {
        /// How often.
        times: u32,
    },
    /// Its model cannot be used.
    #[error("the model of the recogniser does not work: {0}")]
    Model(String),
    /// Its program says something else than the lines that are agreed.
    #[error("the recogniser does not keep to the format: {0}")]
    Format(String),
}
