//! A subscriber that has missed everything: how fast the daemon feeds it from the log. The streams are those of sessions,
//! each as full as its family keeps it, and a host reads them all.

use std::time::Instant;

use anyhow::{Result, bail};
use serde_json::Value;

use super::load::Template;
use super::server::Server;
use super::wire::{Connection, push_text};

/// Sessions, and what a stream of one keeps.
const SESSIONS: usize = 10;
const KEPT: usize = 10_000;
/// Writes of one proposal.
const WRITES: usize = 50;

/// Sessions with full streams; they end with this.
pub(super) struct Missed {
    _sessions: Vec<Connection>,
    streams: Vec<Value>,
}

impl Missed {
    pub(super) async fn prepare(server: &Server) -> Result<Self> {
        let submit = submit();
        let (mut sessions, mut names) = (Vec::new(), Vec::new());
        for _ in 0..SESSIONS {
            let mut session = Connection::open(&server.tcp, 64 * 1024).await?;
            loop {
                ask(&mut session, &submit).await?;
                let request =
                    r#"{"jsonrpc":"2.0","id":1,"method":"events.query","params":{"limit":1}}"#;
                let page = ask(&mut session, request).await?;
                let first = page["events"][0]["seq"].as_u64();
                // Once the first event has gone the stream is as full as it can be.
                if first > Some(1) {
                    names.push(page["stream"].clone());
                    break;
                }
            }
            sessions.push(session);
        }
        Ok(Self {
            _sessions: sessions,
            streams: names,
        })
    }

    /// The request that subscribes to all of them from their beginning; `number` as in [`Template`].
    pub(super) fn subscribe(&self, number: usize) -> String {
        let params = serde_json::json!({ "streams": self.streams, "since": "start" });
        Template::new("events.subscribe", &params.to_string()).text(number)
    }

    /// Lets a connection read them.
    pub(super) async fn introduce(host: &mut Connection) -> Result<()> {
        let auth = r#"{"jsonrpc":"2.0","id":1,"method":"session.auth","params":{"host_token":""}}"#;
        ask(host, auth).await.map(drop)
    }

    /// Events in a second.
    pub(super) async fn read(&self, server: &Server) -> Result<f64> {
        let mut host = Connection::open(&server.tcp, 256 * 1024).await?;
        Self::introduce(&mut host).await?;
        let mut out = Vec::new();
        push_text(&mut out, self.subscribe(0).as_bytes());
        let start = Instant::now();
        host.send(&out).await?;
        let finder = memchr::memmem::Finder::new(br#""session.event""#);
        let (mut events, mut wanted) = (0, usize::MAX);
        while events < wanted {
            host.receive(|text| {
                if wanted == usize::MAX {
                    wanted = missed(text)?;
                } else {
                    events += usize::from(finder.find(text).is_some());
                }
                Ok(())
            })
            .await?;
        }
        Ok(events as f64 / start.elapsed().as_secs_f64())
    }
}

/// The request of a proposal that tells much.
pub(super) fn submit() -> String {
    let actions = (0..WRITES).map(|n| {
        format!(r#"{{"id":"{n}","type":"state_write","parameters":{{"key":"k","value":{n}}}}}"#)
    });
    let actions = actions.collect::<Vec<_>>().join(",");
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"proposal.submit","params":{{"proposal":{{"id":"p","actions":[{actions}]}}}}}}"#
    )
}

/// How many events lie behind the answer to the subscription.
fn missed(answer: &[u8]) -> Result<usize> {
    let answer: Value = serde_json::from_slice(answer)?;
    let mut missed = 0;
    for stream in answer["result"]["streams"].as_array().into_iter().flatten() {
        let number = |place: &str| stream[place]["seq"].as_u64().unwrap_or_default();
        missed += number("head") - number("from");
    }
    let missed = usize::try_from(missed)?;
    if missed < SESSIONS * KEPT * 9 / 10 {
        bail!("only {missed} events were missed: {answer}");
    }
    Ok(missed)
}

/// The result of a request.
pub(super) async fn ask(connection: &mut Connection, request: &str) -> Result<Value> {
    let answer = connection.ask(request).await?;
    let mut answer: Value = serde_json::from_str(&answer)?;
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => bail!("{request} was answered with {answer}"),
    }
}
