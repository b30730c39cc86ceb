//! What an agent says, on its way to who asked: how much of it a second, how long one piece takes, and what a chat costs
//! that says nothing.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use memchr::memmem::find;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Effort;
use super::load::{Outcome, Samples, Window};
use super::server::{Kind, Programs, Server};
use super::wire::{Connection, push_text};

/// Pieces that are on their way at once, over all chats.
const AHEAD: usize = 1_024;
/// Chats of which the memory is measured. A connection is fed no more streams than a little more than that.
const QUIET: usize = 900;
/// A piece of text, as models give them.
const PIECE: &str = "A few words";

const REGISTER: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"host.register_agent","params":{"name":"bench"}}"#;

/// The answer to that.
#[derive(Deserialize)]
struct Registered {
    result: Agent,
}

#[derive(Deserialize)]
struct Agent {
    id: String,
}

/// What is asked of the agent.
#[derive(Deserialize)]
struct Prompt<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    params: Named<'a>,
}

#[derive(Deserialize)]
struct Named<'a> {
    session_id: &'a str,
}

/// An agent, and who asked it.
struct Talk {
    agent: Connection,
    host: Connection,
    /// A ready piece of each chat.
    pieces: Vec<Vec<u8>>,
}

impl Talk {
    /// Begins so many chats.
    async fn begin(server: &Server, chats: usize) -> Result<Self> {
        let mut agent = Connection::open(&server.tcp, 64 * 1024).await?;
        let mut host = Connection::open(&server.tcp, 64 * 1024).await?;
        let registered = agent.ask(REGISTER).await?;
        let Registered {
            result: Agent { id: name },
        } = serde_json::from_str(&registered)?;
        let mut pieces = Vec::with_capacity(chats);
        for n in 0..chats {
            let mut out = Vec::new();
            let ask = format!(
                r#"{{"jsonrpc":"2.0","id":{n},"method":"agents.chat","params":{{"agent_id":"{name}","prompt":"speak"}}}}"#
            );
            push_text(&mut out, ask.as_bytes());
            host.send(&out).await?;
            let (mut taken, mut chat) = (Vec::new(), None);
            while chat.is_none() {
                agent
                    .receive(|text| {
                        let prompt: Prompt<'_> = serde_json::from_slice(text)?;
                        let id = prompt.id.get();
                        let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
                        push_text(&mut taken, answer.as_bytes());
                        chat = Some(prompt.params.session_id.to_owned());
                        Ok(())
                    })
                    .await?;
            }
            agent.send(&taken).await?;
            let mut answered = false;
            while !answered {
                host.receive(|text| {
                    if find(text, br#""error":"#).is_some() {
                        bail!("no chat: {}", String::from_utf8_lossy(text));
                    }
                    answered = true;
                    Ok(())
                })
                .await?;
            }
            let mut piece = Vec::new();
            let chat = chat.context("the prompt names its chat")?;
            let said = format!(
                r#"{{"jsonrpc":"2.0","method":"agent.chat.event","params":{{"session_id":"{chat}","kind":"token","delta":"{PIECE}"}}}}"#
            );
            push_text(&mut piece, said.as_bytes());
            pieces.push(piece);
        }
        Ok(Self {
            agent,
            host,
            pieces,
        })
    }

    /// Reads what came, and counts it.
    async fn heard(&mut self) -> Result<usize> {
        let mut heard = 0;
        let count = |text: &[u8]| {
            if find(text, b"events.lagged").is_some() {
                bail!("what was said was not read in time");
            }
            heard += usize::from(find(text, br#""token""#).is_some());
            Ok(())
        };
        self.host.receive(count).await?;
        Ok(heard)
    }
}

/// Pieces a second through so many chats, which take turns.
pub(super) async fn deltas(server: &Server, chats: usize, effort: Effort) -> Result<Outcome> {
    let mut talk = Talk::begin(server, chats).await?;
    let window = Window::starting_now(effort);
    let driver = tokio::spawn(async move {
        let (mut said, mut heard, mut counted) = (0, 0, 0);
        let mut out = Vec::new();
        loop {
            let now = Instant::now();
            if now >= window.until && heard == said {
                return anyhow::Ok(counted);
            }
            out.clear();
            while now < window.until && said < heard + AHEAD {
                out.extend_from_slice(&talk.pieces[said % chats]);
                said += 1;
            }
            if !out.is_empty() {
                talk.agent.send(&out).await?;
            }
            let came = talk.heard().await?;
            heard += came;
            let now = Instant::now();
            if now >= window.from && now < window.until {
                counted += came;
            }
        }
    });
    let busy = window.watch(server).await;
    let count = driver.await.context("the driver panicked")??;
    let count = count.max(1) as f64;
    Ok(Outcome {
        per_second: count / (window.until - window.from).as_secs_f64(),
        p50: Duration::ZERO,
        usage: busy.usage(count),
    })
}

/// How long one piece takes from the agent to who asked, one after the other.
pub(super) async fn latency(server: &Server, effort: Effort) -> Result<Outcome> {
    let mut talk = Talk::begin(server, 1).await?;
    let window = Window::starting_now(effort);
    let driver = tokio::spawn(async move {
        let mut samples = Samples::default();
        while Instant::now() < window.until {
            let sent = Instant::now();
            talk.agent.send(&talk.pieces[0]).await?;
            while talk.heard().await? == 0 {}
            samples.add(window, sent, Instant::now());
        }
        anyhow::Ok(samples)
    });
    let busy = window.watch(server).await;
    let samples = driver.await.context("the driver panicked")??;
    samples.outcome(window, busy)
}

/// Resident bytes for each chat that runs and has said nothing.
pub(super) async fn memory(programs: &Programs) -> Result<f64> {
    let (server, _) = Server::start(programs, Kind::Daemon).await?;
    // What the first connection and the first chat cost is not a chat's.
    drop(Talk::begin(&server, 1).await?);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = server.resident()?;
    let talk = Talk::begin(&server, QUIET).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let after = server.resident()?;
    drop(talk);
    Ok(after.saturating_sub(before) as f64 / QUIET as f64)
}
