//! How long a parked call waits for its answer once a person has decided, while a hundred subscribers of the stream that
//! tells of approvals are fed as fast as they read. The host that decides is one more of them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::Effort;
use super::fanout::Flood;
use super::load::{Template, Window, percentile, replied};
use super::server::Server;
use super::wire::{Connection, push_text};

/// How long a single decision may take.
const PATIENCE: Duration = Duration::from_secs(5);

const SUBSCRIBE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"host.subscribe","params":{}}"#;
/// What the event of a question begins its approval with.
const ASKED: &[u8] = br#""kind":"approval.requested""#;
const ID: &[u8] = br#""payload":{"id":""#;

/// Who asks and who decides.
struct Pair {
    asker: Connection,
    host: Connection,
    call: Template,
    asked: usize,
}

/// The time within which 99 of 100 parked calls are answered, in microseconds.
pub(super) async fn latency(server: &Server, effort: Effort) -> Result<f64> {
    let flood = Flood::begin(server).await?;
    let mut host = Connection::open(&server.tcp, 64 * 1024).await?;
    host.ask(SUBSCRIBE).await?;
    let mut pair = Pair {
        asker: Connection::open(&server.tcp, 4096).await?,
        host,
        // Gated by the method table.
        call: Template::new("state.clear", "{}"),
        asked: 0,
    };
    let window = Window::starting_now(effort);
    let (mut samples, before) = (Vec::new(), flood.delivered());
    while Instant::now() < window.until {
        let one = tokio::time::timeout(PATIENCE, pair.decide()).await;
        let took = one.context("a decision did not come through")??;
        if Instant::now() > window.from {
            samples.push(took);
        }
    }
    let delivered = flood.delivered() - before;
    if delivered < 100 * samples.len() as u64 {
        bail!(
            "{} decisions among {delivered} deliveries: nobody was flooded",
            samples.len()
        );
    }
    percentile(samples, 0.99)
}

impl Pair {
    /// One call, from the decision to its answer.
    async fn decide(&mut self) -> Result<Duration> {
        let mut out = Vec::new();
        self.call.push(&mut out, self.asked);
        self.asked += 1;
        self.asker.send(&out).await?;
        let mut approval = None;
        while approval.is_none() {
            self.host
                .receive(|text| {
                    approval = approval.take().or_else(|| asked(text));
                    Ok(())
                })
                .await?;
        }
        let approval = approval.unwrap_or_default();
        out.clear();
        let decision = format!(
            r#"{{"jsonrpc":"2.0","id":2,"method":"approvals.decide","params":{{"approval_id":"{approval}","decision":"approve"}}}}"#
        );
        push_text(&mut out, decision.as_bytes());
        let sent = Instant::now();
        self.host.send(&out).await?;
        let mut answered = false;
        while !answered {
            tokio::select! {
                biased;
                received = self.asker.receive(|text| {
                    replied(text)?;
                    answered = true;
                    Ok(())
                }) => received?,
                // It goes on reading: a screen that shows what waits does, too.
                received = self.host.receive(|_| Ok(())) => received?,
            }
        }
        Ok(sent.elapsed())
    }
}

/// The id of the approval that an event asks for.
fn asked(text: &[u8]) -> Option<String> {
    memchr::memmem::find(text, ASKED)?;
    let at = memchr::memmem::find(text, ID)? + ID.len();
    let rest = text.get(at..)?;
    let end = memchr::memchr(b'"', rest)?;
    let id = std::str::from_utf8(rest.get(..end)?).ok()?;
    Some(id.to_owned())
}
