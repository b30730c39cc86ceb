//! How long a cancel takes on a connection that is saturated by streams: there are always thousands of events that it has
//! missed and that wait for room. Of two calls that run at the same time the client fails one; the daemon takes the other
//! back. From the failure to `tools.cancel` is what is measured.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Effort;
use super::catchup::Missed;
use super::load::{Window, percentile, replied};
use super::server::Server;
use super::wire::{Connection, push_text};

/// What the system holds for the client, in bytes. It was sent before, and nothing overtakes it: with the megabytes that
/// the system allows by itself, the time would be that of reading them.
const RECEIVED: u32 = 64 << 10;
/// How long a single cancel may take.
const PATIENCE: Duration = Duration::from_secs(5);

const REGISTER: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools.register","params":[{"name":"bench"}]}"#;
/// Number of the request that subscribes anew; the proposal's is 0.
const SUBSCRIBE: usize = 1;
const SUBMIT: &str = r#"{"jsonrpc":"2.0","id":10000000,"method":"proposal.submit","params":{"proposal":{"execution":"parallel","actions":[{"id":"a","type":"tool_call","tool":"bench","parameters":{}},{"id":"b","type":"tool_call","tool":"bench","parameters":{}}]}}}"#;

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: &'a str,
}

/// What was heard of one proposal.
#[derive(Default)]
struct Heard {
    calls: Vec<String>,
    cancelled: bool,
    answered: bool,
    events: u64,
}

impl Heard {
    fn hear(&mut self, text: &[u8]) -> Result<()> {
        if memchr::memmem::find(&text[..text.len().min(64)], b"session.event").is_some() {
            self.events += 1;
            return Ok(());
        }
        let Ok(call) = serde_json::from_slice::<Call<'_>>(text) else {
            self.answered |= replied(text)? != SUBSCRIBE;
            return Ok(());
        };
        match (call.method, call.id) {
            ("tools.execute", Some(id)) => self.calls.push(id.get().to_owned()),
            ("tools.cancel", _) => self.cancelled = true,
            _ => self.events += 1,
        }
        Ok(())
    }
}

/// The time within which 99 of 100 cancels come, in microseconds.
pub(super) async fn latency(server: &Server, effort: Effort) -> Result<f64> {
    let missed = Missed::prepare(server).await?;
    let mut connection = Connection::open_narrow(&server.tcp, RECEIVED).await?;
    Missed::introduce(&mut connection).await?;
    connection.ask(REGISTER).await?;
    let subscribe = missed.subscribe(SUBSCRIBE);
    let window = Window::starting_now(effort);
    let (mut samples, mut events) = (Vec::new(), 0);
    while Instant::now() < window.until {
        let one = tokio::time::timeout(PATIENCE, one(&mut connection, &subscribe)).await;
        let (took, heard) = one.context("a cancel did not come")??;
        if Instant::now() > window.from {
            samples.push(took);
            events += heard;
        }
    }
    if events < 10 * samples.len() as u64 {
        bail!(
            "{} cancels among {events} events: nothing was saturated",
            samples.len()
        );
    }
    percentile(samples, 0.99)
}

async fn one(connection: &mut Connection, subscribe: &str) -> Result<(Duration, u64)> {
    let mut heard = Heard::default();
    let mut out = Vec::new();
    // Streams that are fed already begin anew.
    push_text(&mut out, subscribe.as_bytes());
    push_text(&mut out, SUBMIT.as_bytes());
    connection.send(&out).await?;
    while heard.calls.len() < 2 {
        connection.receive(|text| heard.hear(text)).await?;
    }
    out.clear();
    let failed = format!(
        r#"{{"jsonrpc":"2.0","id":{},"error":{{"code":-32000,"message":"no"}}}}"#,
        heard.calls[0]
    );
    push_text(&mut out, failed.as_bytes());
    let sent = Instant::now();
    connection.send(&out).await?;
    while !heard.cancelled {
        if heard.answered {
            bail!("the proposal was over without a cancel");
        }
        connection.receive(|text| heard.hear(text)).await?;
    }
    let took = sent.elapsed();
    while !heard.answered {
        connection.receive(|text| heard.hear(text)).await?;
    }
    Ok((took, heard.events))
}
