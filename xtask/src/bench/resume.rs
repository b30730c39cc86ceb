//! A client whose connection was cut, and that has missed ten thousand events when it comes back: from its first attempt to
//! connect to the last of them, each held against its number.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::catchup::{ask, submit};
use super::server::Server;
use super::wire::{Connection, push_text};

/// Sessions that are followed, and what is missed of each. A family keeps twice as many.
const FOLLOWED: usize = 2;
const MISSED: u64 = 5_000;

/// A session whose client is not there, and those that it follows.
pub(super) struct Away {
    followed: Vec<Followed>,
    token: Value,
}

/// A session that is followed.
struct Followed {
    session: Connection,
    stream: String,
    epoch: u64,
    /// The last event that its follower has.
    seen: u64,
}

/// As much of an event as is held against what should come.
#[derive(Deserialize)]
struct Told<'a> {
    stream: &'a str,
    epoch: u64,
    seq: u64,
}

/// What a connection says; of an event its params.
#[derive(Deserialize)]
struct Heard<'a> {
    #[serde(borrow)]
    params: Option<Told<'a>>,
    result: Option<Value>,
}

impl Away {
    /// Opens the sessions. The client that follows them is gone afterwards.
    pub(super) async fn prepare(server: &Server) -> Result<Self> {
        let submit = submit();
        let mut followed = Vec::new();
        for _ in 0..FOLLOWED {
            let mut session = Connection::open(&server.tcp, 64 * 1024).await?;
            let (stream, epoch, seen) = tell(&mut session, &submit).await?;
            followed.push(Followed {
                session,
                stream,
                epoch,
                seen,
            });
        }
        let mut client = Connection::open(&server.tcp, 64 * 1024).await?;
        let auth = json!({ "host_token": "", "resume": true });
        let answer = ask(&mut client, &request("session.auth", &auth)).await?;
        let streams: Vec<_> = followed.iter().map(|one| one.stream.as_str()).collect();
        let subscribe = json!({ "streams": streams, "since": "start" });
        ask(&mut client, &request("events.subscribe", &subscribe)).await?;
        Ok(Self {
            followed,
            token: answer["resume_token"].clone(),
        })
    }

    /// Has the client miss what it is to miss, and come back. Answers how long that took.
    pub(super) async fn come_back(&mut self, server: &Server) -> Result<Duration> {
        let submit = submit();
        let mut heads = Vec::new();
        for one in &mut self.followed {
            let head = loop {
                let (_, _, head) = tell(&mut one.session, &submit).await?;
                if head >= one.seen + MISSED {
                    break head;
                }
            };
            heads.push(head);
        }
        let seen = self.followed.iter().map(|one| {
            let place = json!({ "epoch": one.epoch, "seq": one.seen });
            (one.stream.clone(), place)
        });
        let seen: serde_json::Map<_, _> = seen.collect();
        let resume = request(
            "session.resume",
            &json!({ "token": self.token, "seen": seen }),
        );
        let mut out = Vec::new();
        push_text(&mut out, resume.as_bytes());
        let began = Instant::now();
        let mut client = Connection::open(&server.tcp, 256 * 1024).await?;
        client.send(&out).await?;
        while self.misses(&heads) {
            client.receive(|text| self.hear(text)).await?;
        }
        Ok(began.elapsed())
    }

    fn misses(&self, heads: &[u64]) -> bool {
        let mut each = self.followed.iter().zip(heads);
        each.any(|(one, head)| one.seen < *head)
    }

    fn hear(&mut self, text: &[u8]) -> Result<()> {
        let heard: Heard<'_> = serde_json::from_slice(text)
            .with_context(|| format!("cannot read {}", String::from_utf8_lossy(text)))?;
        if let Some(result) = heard.result {
            self.token = result["resume_token"].clone();
            return Ok(());
        }
        let Some(told) = heard.params else {
            bail!("not resumed: {}", String::from_utf8_lossy(text));
        };
        let mut followed = self.followed.iter_mut();
        let one = followed.find(|one| one.stream == told.stream);
        let one = one.with_context(|| format!("{} is not followed", told.stream))?;
        if (told.epoch, told.seq) != (one.epoch, one.seen + 1) {
            bail!(
                "{} went on with {}/{} after {}/{}",
                told.stream,
                told.epoch,
                told.seq,
                one.epoch,
                one.seen
            );
        }
        one.seen = told.seq;
        Ok(())
    }
}

/// Has a connection's own session tell something, and answers its stream and how far that is.
async fn tell(session: &mut Connection, submit: &str) -> Result<(String, u64, u64)> {
    ask(session, submit).await?;
    let page = ask(session, &request("events.streams", &json!({}))).await?;
    let mut rows = page["streams"].as_array().into_iter().flatten();
    let row = rows.find(|row| row["family"] == "session");
    let row = row.with_context(|| format!("no stream of a session: {page}"))?;
    let place = &row["head"];
    let stream = row["stream"].as_str().map(str::to_owned);
    match (stream, place["epoch"].as_u64(), place["seq"].as_u64()) {
        (Some(stream), Some(epoch), Some(seq)) => Ok((stream, epoch, seq)),
        _ => bail!("a stream without a head: {row}"),
    }
}

fn request(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}
