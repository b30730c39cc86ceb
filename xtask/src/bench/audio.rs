//! Audio as binary messages: how many pieces of 20 ms the daemon hears in a second, voice activity included, and how long
//! one takes from the socket to the event that tells of it. 50 pieces a second are one stream that is spoken now: what the
//! first row says, divided by 50, is how many such streams one processor hears.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::Effort;
use super::load::{Window, percentile};
use super::server::Server;
use super::table::{Row, Target, Unit};
use super::wire::{Connection, push_binary};

/// What of audio.
#[derive(Debug, Clone, Copy)]
pub(super) enum Audio {
    /// Pieces a second.
    Pieces,
    /// The time until a piece is heard, with one on its way.
    Latency,
}

/// 16-bit samples of 20 ms at 16 kHz.
const PIECE: usize = 640;
/// Pieces that are on their way: half of what a mailbox holds.
const AHEAD: u64 = 32;
/// Within which time a piece is heard, in microseconds: a hundredth of what it lasts would be 200.
const HEARD: f64 = 2_000.0;
/// How long a piece may take.
const PATIENCE: Duration = Duration::from_secs(5);

const START: &str = r#"{"jsonrpc":"2.0","id":1,"method":"voice.transcribe_stream.start","params":{"session_id":"bench","audio_source":{"kind":"pcm_push"},"options":{"emit_audio_meta":true}}}"#;

/// Measures one row.
pub(super) async fn row(server: &Server, what: Audio, effort: Effort) -> Result<Row> {
    let mut row = match what {
        Audio::Pieces => Row::new(Unit::PerSecond, Target::Known),
        Audio::Latency => Row::new(Unit::Microseconds, Target::ValueAtMost(HEARD)),
    };
    for _ in 0..effort.repetitions {
        let mut source = Source::begin(server).await?;
        row.add_alone(match what {
            Audio::Pieces => source.pieces(effort).await?,
            Audio::Latency => source.latency(effort).await?,
        });
    }
    Ok(row)
}

/// A stream of audio, and how much of it was sent and heard.
struct Source {
    connection: Connection,
    sent: u64,
    heard: u64,
}

impl Source {
    async fn begin(server: &Server) -> Result<Self> {
        let mut connection = Connection::open(&server.tcp, 64 << 10).await?;
        let begun = connection.ask(START).await?;
        if !begun.contains("voice/") {
            bail!("no stream of audio: {begun}");
        }
        Ok(Self {
            connection,
            sent: 0,
            heard: 0,
        })
    }

    /// Appends the next piece: a header as `docs/voice.md` has it, and silence.
    fn piece(&mut self, out: &mut Vec<u8>) {
        let mut message = vec![0xCA, 1, 1, 1];
        message.extend_from_slice(&16_000_u32.to_le_bytes());
        message.extend_from_slice(&self.sent.to_le_bytes());
        message.push(5);
        message.extend_from_slice(b"bench");
        message.resize(message.len() + PIECE, 0);
        push_binary(out, &message);
        self.sent += 1;
    }

    async fn hear(&mut self) -> Result<()> {
        let heard = &mut self.heard;
        let received = self.connection.receive(|text| {
            if memchr::memmem::find(text, b"audio_refused").is_some() {
                bail!("audio was refused: {}", String::from_utf8_lossy(text));
            }
            *heard += u64::from(memchr::memmem::find(text, b"audio_chunk").is_some());
            Ok(())
        });
        let received = tokio::time::timeout(PATIENCE, received).await;
        received.context("a piece of audio was not heard")?
    }

    async fn pieces(&mut self, effort: Effort) -> Result<f64> {
        let window = Window::starting_now(effort);
        let (mut out, mut before) = (Vec::new(), None);
        loop {
            out.clear();
            while self.sent < self.heard + AHEAD {
                self.piece(&mut out);
            }
            if !out.is_empty() {
                self.connection.send(&out).await?;
            }
            self.hear().await?;
            let now = Instant::now();
            let (since, heard) = *before.get_or_insert((now, self.heard));
            if now < window.from {
                before = None;
            } else if now >= window.until {
                let count = (self.heard - heard) as f64;
                return Ok(count / (now - since).as_secs_f64());
            }
        }
    }

    async fn latency(&mut self, effort: Effort) -> Result<f64> {
        let window = Window::starting_now(effort);
        let (mut out, mut samples) = (Vec::new(), Vec::new());
        while Instant::now() < window.until {
            out.clear();
            self.piece(&mut out);
            let sent = Instant::now();
            self.connection.send(&out).await?;
            while self.heard < self.sent {
                self.hear().await?;
            }
            if sent > window.from {
                samples.push(sent.elapsed());
            }
        }
        percentile(samples, 0.99)
    }
}
