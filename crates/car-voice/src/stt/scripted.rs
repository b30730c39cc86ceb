//! A recogniser that hears what it was told to hear, for tests and demonstrations.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::mpsc;

use super::{
    Audio, Heard, Recognition, SpeechToText, SttError, SttOptions, WAITING_AUDIO, WAITING_RESULTS,
};
use crate::millis;

/// Hears each line of its script as soon as that much audio has come; what is left when the stream ends is never heard.
#[derive(Clone, Debug)]
pub struct Scripted {
    script: Arc<[Line]>,
}

/// A line of the script.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// After how much audio, in milliseconds.
    pub after_ms: u64,
    /// What is heard.
    pub heard: Heard,
}

impl Scripted {
    /// With a script, in the order of its times.
    #[must_use]
    pub fn new(script: Vec<Line>) -> Self {
        Self {
            script: script.into(),
        }
    }
}

impl SpeechToText for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn begin(&self, _: SttOptions) -> BoxFuture<'_, Result<Recognition, SttError>> {
        let (audio, mut coming) = mpsc::channel(WAITING_AUDIO);
        let (told, heard) = mpsc::channel(WAITING_RESULTS);
        let script = Arc::clone(&self.script);
        let work = async move {
            let mut samples = 0_u64;
            let mut lines = script.iter().peekable();
            while let Some(audio) = coming.recv().await {
                if let Audio::Samples(more) = audio {
                    samples += more.len() as u64;
                }
                while let Some(line) = lines.next_if(|line| line.after_ms <= millis(samples)) {
                    if told.send(line.heard.clone()).await.is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        };
        let work = work.boxed();
        ready(Ok(Recognition { audio, heard, work })).boxed()
    }
}
