//! How long a cancel takes on a connection that is saturated by a stream. Of two calls that run at the same time the
//! client fails one; the daemon takes the other back. From the failure to `tools.cancel` is what is measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Effort;
use super::load::{Window, percentile, replied};
use super::server::Server;
use super::wire::{Address, Connection, push_text};

/// Publications under way, and bytes of content in each.
const DEPTH: usize = 64;
const CONTENT: usize = 1_000;
/// How long a single cancel may take.
const PATIENCE: Duration = Duration::from_secs(5);

const REGISTER: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools.register","params":[{"name":"bench"}]}"#;
const SUBSCRIBE: &str = r#"{"jsonrpc":"2.0","id":2,"method":"host.subscribe","params":{}}"#;
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
        if memchr::memmem::find(&text[..text.len().min(64)], b"host.event").is_some() {
            self.events += 1;
            return Ok(());
        }
        let Ok(call) = serde_json::from_slice::<Call<'_>>(text) else {
            replied(text)?;
            self.answered = true;
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
    let mut connection = Connection::open(&server.tcp, 256 * 1024).await?;
    connection.ask(REGISTER).await?;
    connection.ask(SUBSCRIBE).await?;
    let flood = Flood::start(server.tcp.clone());
    let window = Window::starting_now(effort);
    let (mut samples, mut events) = (Vec::new(), 0);
    while Instant::now() < window.until {
        let one = tokio::time::timeout(PATIENCE, one(&mut connection)).await;
        let (took, heard) = one.context("a cancel did not come")??;
        if Instant::now() > window.from {
            samples.push(took);
            events += heard;
        }
    }
    flood.end()?;
    if events < 10 * samples.len() as u64 {
        bail!(
            "{} cancels among {events} events: nothing was saturated",
            samples.len()
        );
    }
    percentile(samples, 0.99)
}

async fn one(connection: &mut Connection) -> Result<(Duration, u64)> {
    let mut heard = Heard::default();
    let mut out = Vec::new();
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

/// A publisher in a thread of its own, so that it takes no time from whoever measures.
struct Flood {
    over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Result<()>>,
}

impl Flood {
    fn start(address: Address) -> Self {
        let over = Arc::<AtomicBool>::default();
        let ending = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(publish(address, &ending))
        });
        Self { over, thread }
    }

    fn end(self) -> Result<()> {
        self.over.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(ended) => ended,
            Err(_) => bail!("the publisher panicked"),
        }
    }
}

async fn publish(address: Address, over: &AtomicBool) -> Result<()> {
    let mut connection = Connection::open(&address, 64 * 1024).await?;
    let content = "x".repeat(CONTENT);
    let request = format!(
        r#"{{"jsonrpc":"2.0","id":10000000,"method":"host.notify","params":{{"message":"{content}"}}}}"#
    );
    let mut frame = Vec::new();
    push_text(&mut frame, request.as_bytes());
    let mut free = DEPTH;
    while !over.load(Ordering::Relaxed) {
        if free > 0 {
            connection.send(&frame.repeat(free)).await?;
            free = 0;
        }
        connection
            .receive(|text| {
                replied(text)?;
                free += 1;
                Ok(())
            })
            .await?;
    }
    Ok(())
}
