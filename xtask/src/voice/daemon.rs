//! A daemon, and a client that speaks to it in pieces of 20 ms.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::clips::Sound;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long until the daemon listens is waited between two attempts.
const ATTEMPT: Duration = Duration::from_millis(50);
/// Pieces that are on their way when nobody speaks at his own pace.
const AHEAD: usize = 32;
/// How long a piece is.
const PIECE: Duration = Duration::from_millis(20);
const STREAM: &str = "speech";

/// How fast is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As fast as it is heard.
    Quick,
    /// As it was.
    Spoken,
}

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// When speech began and ended, in milliseconds, by turns.
    pub(super) changes: Vec<u64>,
    pub(super) text: Vec<String>,
    pub(super) partials: u32,
    /// From the event that speech ended to its transcript.
    pub(super) delays: Vec<Duration>,
    pub(super) took: Duration,
}

/// A daemon; it ends with this value.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    address: SocketAddr,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    pub(super) fn start(program: &Path, home: &Path) -> Result<Self> {
        fs::create_dir_all(home)?;
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let log = File::create(home.join("log"))?;
        let mut command = Command::new(program);
        command.arg("--no-auth").arg("--home").arg(home);
        command.arg("--port").arg(address.port().to_string());
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, address })
    }

    async fn connect(&self) -> Result<WebSocketStream<TcpStream>> {
        let until = Instant::now() + PATIENCE;
        let stream = loop {
            match TcpStream::connect(self.address).await {
                Ok(stream) => break stream,
                Err(error) if Instant::now() > until => return Err(error.into()),
                Err(_) => tokio::time::sleep(ATTEMPT).await,
            }
        };
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(format!("ws://{}/", self.address), stream).await?;
        Ok(socket)
    }

    /// Speaks, and tells what was heard.
    pub(super) async fn hear(&self, sound: &Sound, pace: Pace) -> Result<Heard> {
        let mut socket = self.connect().await?;
        let source = json!({"kind": "pcm_push", "sample_rate": sound.rate, "channels": 1});
        let start = json!({
            "jsonrpc": "2.0", "id": 1, "method": "voice.transcribe_stream.start",
            "params": {"session_id": STREAM, "audio_source": source, "options": {"emit_audio_meta": true}},
        });
        socket.send(Message::text(start.to_string())).await?;
        let mut hearing = Hearing::default();
        while !hearing.begun {
            hearing.take(next(&mut socket).await?)?;
        }
        let began = Instant::now();
        let bytes = sound.rate as usize / 50 * 2;
        let mut pieces = sound.pcm.chunks(bytes).enumerate().peekable();
        while let Some((number, _)) = pieces.peek() {
            let number = *number;
            let due = began + PIECE * u32::try_from(number).unwrap_or(u32::MAX);
            let may_speak = match pace {
                Pace::Quick => number < hearing.chunks + AHEAD,
                Pace::Spoken => Instant::now() >= due,
            };
            if may_speak {
                if let Some((_, audio)) = pieces.next() {
                    socket
                        .send(Message::binary(frame(sound.rate, number as u64, audio)))
                        .await?;
                }
                continue;
            }
            tokio::select! {
                message = next(&mut socket) => hearing.take(message?)?,
                () = sleep_until(due.into()), if pace == Pace::Spoken => {}
            }
        }
        let stop = json!({
            "jsonrpc": "2.0", "id": 2, "method": "voice.transcribe_stream.stop",
            "params": {"session_id": STREAM},
        });
        socket.send(Message::text(stop.to_string())).await?;
        while !hearing.done {
            hearing.take(next(&mut socket).await?)?;
        }
        hearing.heard.took = began.elapsed();
        Ok(hearing.heard)
    }
}

async fn next(socket: &mut WebSocketStream<TcpStream>) -> Result<Value> {
    loop {
        let message = timeout(PATIENCE, socket.next())
            .await
            .context("nothing was heard")?;
        match message.context("the daemon hung up")?? {
            Message::Text(text) => return Ok(serde_json::from_str(&text)?),
            Message::Close(_) => bail!("the daemon hung up"),
            _ => {}
        }
    }
}

/// A binary message as `docs/voice.md` has it.
fn frame(rate: u32, number: u64, audio: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xCA, 1, 1, 1];
    frame.extend(rate.to_le_bytes());
    frame.extend(number.to_le_bytes());
    frame.push(u8::try_from(STREAM.len()).unwrap_or(u8::MAX));
    frame.extend(STREAM.as_bytes());
    frame.extend(audio);
    frame
}

#[derive(Debug, Default)]
struct Hearing {
    heard: Heard,
    begun: bool,
    done: bool,
    chunks: usize,
    ended: Option<Instant>,
}

impl Hearing {
    fn take(&mut self, message: Value) -> Result<()> {
        if let Some(error) = message.get("error") {
            bail!("the daemon refused: {error}");
        }
        self.begun |= message["id"] == 1;
        let event = &message["params"]["event"];
        match (message["method"].as_str(), event["type"].as_str()) {
            (Some("voice.audio_refused"), _) => bail!("audio was refused: {message}"),
            (_, Some(kind @ ("speech_start" | "speech_end"))) => {
                self.heard
                    .changes
                    .push(event["at_ms"].as_u64().unwrap_or_default());
                self.ended = (kind == "speech_end").then(Instant::now).or(self.ended);
            }
            (_, Some("partial")) => self.heard.partials += 1,
            (_, Some("transcript")) => {
                let text = event["text"].as_str().unwrap_or_default();
                self.heard.text.push(text.to_owned());
                self.heard
                    .delays
                    .extend(self.ended.map(|ended| ended.elapsed()));
            }
            (_, Some("audio_chunk")) => self.chunks += 1,
            (_, Some("done")) => {
                if event["outcome"] != "stopped" {
                    bail!("the stream ended by itself: {event}");
                }
                self.done = true;
            }
            _ => {}
        }
        Ok(())
    }
}
