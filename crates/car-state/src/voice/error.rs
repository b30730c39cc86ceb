use thiserror::Error;

use super::Provider;
use crate::channel::SubscribeError;
use crate::chat::ChatError;

/// Why a stream of audio is not begun, fed or found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VoiceError {
    /// This daemon was made without anything that hears.
    #[error("this daemon hears no audio")]
    NoEngine,
    /// An id that no stream can have.
    #[error("the id of a stream is 1 to 128 letters, digits and -_.:/")]
    Id,
    /// There is such a stream in the session.
    #[error("there is a stream {0} already")]
    Exists(String),
    /// There is none.
    #[error("there is no stream {0}")]
    Unknown(String),
    /// As many streams as there may be.
    #[error("there are {limit} streams of audio, as many as may be")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// Audio cannot come from there.
    #[error("the daemon opens no {0} itself: send the audio of it, with the source pcm_push")]
    Source(String),
    /// Samples that are not taken.
    #[error("{0}")]
    Format(String),
    /// The recogniser that was asked for is not there.
    #[error("there is no recogniser {id}; {}", offered(.providers))]
    NoProvider {
        /// What was asked for.
        id: String,
        /// What there is, or could be.
        providers: Vec<Provider>,
    },
    /// The recogniser does not begin.
    #[error("the recogniser does not begin: {0}")]
    Recogniser(String),
    /// Audio that is not understood.
    #[error("{0}")]
    Audio(String),
    /// Audio of another format than its stream has.
    #[error("the stream has {rate} samples a second of {channels} channels")]
    OtherFormat {
        /// Its samples a second.
        rate: u32,
        /// Its channels.
        channels: u8,
    },
    /// Too much audio waits.
    #[error("as much audio waits as may")]
    Full,
    /// The stream has ended.
    #[error("the stream is over")]
    Over,
    /// Nobody answers turns.
    #[error(
        "no agent answers: name one as fast_agent or sidecar_agent, or in car.toml as voice.agents"
    )]
    NoAgent,
    /// The agents of a turn cannot be asked.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// What is heard cannot be told to the client.
    #[error(transparent)]
    Subscribe(#[from] SubscribeError),
}

/// What there is, or could be, in words.
fn offered(providers: &[Provider]) -> String {
    let mut told = String::new();
    for provider in providers {
        let state = if provider.available {
            "there is"
        } else {
            "there could be"
        };
        if !told.is_empty() {
            told.push_str("; ");
        }
        told.push_str(&format!(
            "{state} {}: {}",
            provider.id, provider.description
        ));
    }
    told
}
