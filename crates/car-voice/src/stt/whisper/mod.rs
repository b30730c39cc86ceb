//! A recogniser without any other program: the model Whisper, on the processor. Feature `stt-whisper`.
//!
//! A model is a folder with `model.bin` (the format of the CTranslate2 project), `vocabulary.txt` and `config.json`. It is
//! read when the first stream begins and let go of with the last one. What is said is cut where speech ends; each part
//! is heard as a whole, on threads that may block, one part at a time for all streams. While somebody speaks, what
//! they have said so far is heard now and then, when nothing else waits.

mod cuts;
mod decode;
mod mel;
mod model;
mod vocabulary;
mod weights;
mod work;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::spawn_blocking;

use self::decode::Listener;
use self::model::Model;
use self::vocabulary::Vocabulary;
use self::weights::Weights;
use super::{Recognition, SpeechToText, SttError, SttOptions, WAITING_AUDIO, WAITING_RESULTS};

/// The files of a model, and how many bytes each may have.
pub const FILES: [(&str, u64); 3] = [
    ("model.bin", 1 << 30),
    ("vocabulary.txt", 16 << 20),
    ("config.json", 1 << 20),
];
/// The language that models whose name ends in `.en` hear.
const ENGLISH: &str = "en";

/// Why a model does not work.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct ModelError(String);

impl ModelError {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<candle_core::Error> for ModelError {
    fn from(error: candle_core::Error) -> Self {
        Self(error.to_string())
    }
}

/// Hears English with a model of Whisper.
#[derive(Debug)]
pub struct Whisper {
    model: String,
    folder: PathBuf,
    /// How to get the model, where it is not there.
    how: String,
    loaded: Mutex<Weak<Listener>>,
    /// Who computes.
    turns: Arc<Semaphore>,
}

impl Whisper {
    /// With a model of English in a folder, which need not be there yet. `how` tells clients then how to get it.
    #[must_use]
    pub fn new(model: &str, folder: PathBuf, how: &str) -> Self {
        Self {
            model: model.to_owned(),
            folder,
            how: how.to_owned(),
            loaded: Mutex::default(),
            turns: Arc::new(Semaphore::new(1)),
        }
    }

    /// Whether a folder has a model that can be used: it is read for that. It takes a second, and waits for the disk.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn check(folder: &Path) -> Result<(), ModelError> {
        load(folder).map(drop)
    }

    fn is_there(&self) -> bool {
        FILES
            .iter()
            .all(|(name, _)| self.folder.join(name).is_file())
    }

    fn refuse(&self, options: &SttOptions) -> Option<String> {
        let (model, language) = (options.model.as_deref(), options.language.as_deref());
        if let Some(model) = model.filter(|model| *model != self.model) {
            return Some(format!("there is {} and no {model}", self.model));
        }
        let tag = language?.split(['-', '_']).next().unwrap_or_default();
        let is_english = tag.eq_ignore_ascii_case(ENGLISH);
        (!is_english).then(|| format!("{} hears English only", self.model))
    }

    /// The model, read unless another stream has it.
    async fn listener(&self) -> Result<Arc<Listener>, SttError> {
        // Whoever reads it keeps others from reading it, too.
        let turn = self.turns.acquire().await;
        if let Some(listener) = self.loaded.lock().upgrade() {
            return Ok(listener);
        }
        let folder = self.folder.clone();
        let read = spawn_blocking(move || load(&folder)).await;
        drop(turn);
        let listener = match read {
            Ok(Ok(listener)) => Arc::new(listener),
            Ok(Err(error)) => return Err(SttError::Model(error.to_string())),
            Err(error) => return Err(SttError::Model(error.to_string())),
        };
        *self.loaded.lock() = Arc::downgrade(&listener);
        Ok(listener)
    }
}

impl SpeechToText for Whisper {
    fn name(&self) -> &str {
        "whisper"
    }

    fn missing(&self) -> Option<String> {
        (!self.is_there()).then(|| self.how.clone())
    }

    fn begin(&self, options: SttOptions) -> BoxFuture<'_, Result<Recognition, SttError>> {
        async move {
            if let Some(why) = self.refuse(&options).or_else(|| self.missing()) {
                return Err(SttError::Refused(why));
            }
            let listener = self.listener().await?;
            let (audio, coming) = mpsc::channel(WAITING_AUDIO);
            let (told, heard) = mpsc::channel(WAITING_RESULTS);
            let turns = Arc::clone(&self.turns);
            let work = work::run(listener, turns, coming, told).boxed();
            Ok(Recognition { audio, heard, work })
        }
        .boxed()
    }
}

fn load(folder: &Path) -> Result<Listener, ModelError> {
    let [weights, vocabulary, config] = FILES.map(|(name, most)| read(&folder.join(name), most));
    let no_text = |_| ModelError::new("vocabulary.txt is no text");
    let vocabulary = String::from_utf8(vocabulary?).map_err(no_text)?;
    let suppressed = serde_json::from_slice(&config?)
        .map_err(|error| ModelError::new(format!("config.json: {error}")))?;
    let vocabulary = Vocabulary::read(&vocabulary, suppressed)?;
    let model = Model::read(&Weights::read(&weights?)?)?;
    if model.vocabulary() != vocabulary.len() {
        let (model, file) = (model.vocabulary(), vocabulary.len());
        let text = format!("the model has {model} tokens, and vocabulary.txt {file}");
        return Err(ModelError(text));
    }
    Ok(Listener { model, vocabulary })
}

fn read(file: &Path, most: u64) -> Result<Vec<u8>, ModelError> {
    let fail = |error: std::io::Error| ModelError(format!("{}: {error}", file.display()));
    let mut bytes = Vec::new();
    let read = File::open(file)
        .map_err(fail)?
        .take(most + 1)
        .read_to_end(&mut bytes);
    if read.map_err(fail)? as u64 > most {
        let text = format!("{} has more than {most} bytes", file.display());
        return Err(ModelError(text));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
