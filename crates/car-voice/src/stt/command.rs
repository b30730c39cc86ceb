//! A recogniser that is any program: it reads PCM from its standard input and writes lines of JSON.
//!
//! The input is 16-bit little-endian PCM, 16 kHz mono; its end is the end of the stream. Each line of the output is an
//! object: `type` (`partial` or `transcript`; others are passed over), `text`, `start_ms` and `end_ms` on the clock of
//! the audio that the program got, and where known `segment` (without it segments are counted), `revision`, `speaker`,
//! `language`, `confidence`. A program that ends before the stream does is started again, three times at most; what it
//! had not told yet is lost.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::{
    Audio, Heard, Recognition, SpeechToText, SttError, SttOptions, WAITING_AUDIO, WAITING_RESULTS,
};
use crate::millis;

/// How often a program is started again for one stream.
pub const RESTARTS: u32 = 3;
/// How long a line may be, in bytes.
pub const LONGEST_LINE: usize = 64 << 10;
/// How long a program may take to tell the rest and end, after the stream has ended.
pub const TO_FINISH: Duration = Duration::from_secs(10);
/// How long is waited before the first restart; twice as long before each further one.
const BEFORE_RESTART: Duration = Duration::from_millis(200);

/// Runs a program for each stream, and ends it with the stream.
#[derive(Clone, Debug)]
pub struct CommandStt {
    name: String,
    program: Arc<Program>,
}

/// What is run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program {
    /// An absolute path.
    pub path: PathBuf,
    /// Its arguments. The model and the language that are asked for follow as `--model M --language L`.
    pub args: Vec<String>,
    /// All of its environment: it inherits nothing.
    pub env: Vec<(String, String)>,
}

impl CommandStt {
    /// Under a name that clients ask for.
    ///
    /// # Errors
    /// The program's path is not absolute.
    pub fn new(name: &str, program: Program) -> Result<Self, SttError> {
        if !program.path.is_absolute() {
            let text = format!("{} is not an absolute path", program.path.display());
            return Err(SttError::Refused(text));
        }
        Ok(Self {
            name: name.to_owned(),
            program: Arc::new(program),
        })
    }
}

impl SpeechToText for CommandStt {
    fn name(&self) -> &str {
        &self.name
    }

    fn begin(&self, options: SttOptions) -> BoxFuture<'_, Result<Recognition, SttError>> {
        let run = Run {
            program: Arc::clone(&self.program),
            options,
        };
        // What does not start at all is told to whoever asks for the stream.
        let first = match run.spawn() {
            Ok(first) => first,
            Err(error) => return ready(Err(error)).boxed(),
        };
        let (audio, coming) = mpsc::channel(WAITING_AUDIO);
        let (told, heard) = mpsc::channel(WAITING_RESULTS);
        let work = run.supervise(first, coming, told).boxed();
        ready(Ok(Recognition { audio, heard, work })).boxed()
    }
}

struct Run {
    program: Arc<Program>,
    options: SttOptions,
}

/// One start of the program.
struct Started {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// Where a start of the program stands in the stream.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The samples that came before it.
    samples: u64,
    /// The number of its first segment.
    segment: u64,
}

#[derive(Deserialize)]
struct Line {
    r#type: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    start_ms: u64,
    #[serde(default)]
    end_ms: u64,
    segment: Option<u64>,
    #[serde(default)]
    revision: u32,
    speaker: Option<String>,
    language: Option<String>,
    confidence: Option<f32>,
}

impl Run {
    fn spawn(&self) -> Result<Started, SttError> {
        let mut command = tokio::process::Command::new(&self.program.path);
        command.args(&self.program.args).env_clear();
        command.envs(self.program.env.iter().map(|(name, value)| (name, value)));
        let options = [
            ("--model", &self.options.model),
            ("--language", &self.options.language),
        ];
        for (name, value) in options {
            command.args(value.iter().flat_map(|value| [name, value.as_str()]));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().map_err(SttError::Start)?;
        let gone = || SttError::Refused("the program has no pipes".into());
        let stdin = child.stdin.take().ok_or_else(gone)?;
        let stdout = child.stdout.take().ok_or_else(gone)?;
        Ok(Started {
            child,
            stdin,
            stdout: BufReader::new(stdout),
        })
    }

    async fn supervise(
        self,
        first: Started,
        mut coming: mpsc::Receiver<Audio>,
        told: mpsc::Sender<Heard>,
    ) -> Result<(), SttError> {
        let mut started = first;
        let mut place = Place::default();
        let mut times = 0;
        loop {
            let Started {
                mut child,
                stdin,
                stdout,
            } = started;
            let mut after = place;
            let over = converse(stdin, stdout, &mut coming, &told, place, &mut after).await?;
            if over {
                // It has closed its output; what it still does is nobody's concern for long.
                let ended = timeout(TO_FINISH, child.wait()).await;
                let failed = matches!(ended, Ok(Ok(status)) if !status.success());
                return if failed {
                    Err(SttError::Ended { times: times + 1 })
                } else {
                    Ok(())
                };
            }
            drop(child);
            times += 1;
            if times > RESTARTS {
                return Err(SttError::Ended { times });
            }
            tracing::warn!(program = %self.program.path.display(), times, "a recogniser ended; it is started again");
            sleep(BEFORE_RESTART * 2_u32.pow(times - 1)).await;
            place = after;
            started = self.spawn()?;
        }
    }
}

/// Feeds the program and listens to it. Whether the stream is over; otherwise the program has ended.
async fn converse(
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    coming: &mut mpsc::Receiver<Audio>,
    told: &mpsc::Sender<Heard>,
    place: Place,
    after: &mut Place,
) -> Result<bool, SttError> {
    let feed = feed(stdin, coming, &mut after.samples);
    let listen = listen(stdout, told, place, &mut after.segment);
    tokio::pin!(feed, listen);
    let over = tokio::select! {
        over = &mut feed => over,
        listened = &mut listen => return listened.map(|()| false),
    };
    match timeout(TO_FINISH, listen).await {
        Ok(listened) => listened.map(|()| over),
        Err(_) if over => Err(SttError::Format("it does not end with the stream".into())),
        Err(_) => Ok(false),
    }
}

/// Whether all of the stream was fed; otherwise the program reads no more.
async fn feed(
    mut stdin: ChildStdin,
    coming: &mut mpsc::Receiver<Audio>,
    samples: &mut u64,
) -> bool {
    let mut pcm = Vec::new();
    while let Some(audio) = coming.recv().await {
        let Audio::Samples(more) = audio else {
            continue;
        };
        *samples += more.len() as u64;
        pcm.clear();
        // The cast keeps to the range.
        let bytes = more
            .iter()
            .flat_map(|s| ((s * 32_768.0) as i16).to_le_bytes());
        pcm.extend(bytes);
        if stdin.write_all(&pcm).await.is_err() || stdin.flush().await.is_err() {
            return false;
        }
    }
    true
}

async fn listen(
    mut stdout: BufReader<ChildStdout>,
    told: &mpsc::Sender<Heard>,
    place: Place,
    segment: &mut u64,
) -> Result<(), SttError> {
    let mut line = Vec::new();
    let offset = millis(place.samples);
    let most = LONGEST_LINE as u64;
    loop {
        line.clear();
        let read = (&mut stdout).take(most).read_until(b'\n', &mut line).await;
        // A pipe that breaks is an end like any other.
        if !matches!(read, Ok(1..)) {
            return Ok(());
        }
        if line.last() != Some(&b'\n') && line.len() >= LONGEST_LINE {
            let text = format!("a line has more than {LONGEST_LINE} bytes");
            return Err(SttError::Format(text));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let line: Line =
            serde_json::from_slice(&line).map_err(|error| SttError::Format(error.to_string()))?;
        let is_final = match line.r#type.as_str() {
            "transcript" => true,
            "partial" => false,
            _ => continue,
        };
        let number = line
            .segment
            .map_or(*segment, |n| place.segment.saturating_add(n));
        let heard = Heard {
            is_final,
            segment: number,
            revision: line.revision,
            text: line.text,
            start_ms: line.start_ms.saturating_add(offset),
            end_ms: line.end_ms.max(line.start_ms).saturating_add(offset),
            speaker: line.speaker,
            language: line.language,
            confidence: line.confidence,
        };
        if is_final {
            *segment = (*segment).max(number.saturating_add(1));
        }
        if told.send(heard).await.is_err() {
            return Ok(());
        }
    }
}
