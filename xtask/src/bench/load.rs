//! Plain round trips: so many connections, so many requests in flight on each.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::Effort;
use super::server::{Server, processor};
use super::wire::{Address, Connection, push_text};

/// How the load looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) connections: usize,
    pub(super) depth: usize,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) per_second: f64,
    pub(super) p50: Duration,
    pub(super) usage: Usage,
}

/// Who was busy while answers counted, in processor time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    /// The server, for one operation, in microseconds.
    pub(super) server: Option<f64>,
    /// The load generator, as a share of the one thread that it has. Near 1 it is the generator that is measured.
    pub(super) generator: Option<f64>,
}

/// From when until when answers count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) from: Instant,
    pub(super) until: Instant,
}

impl Window {
    pub(super) fn starting_now(effort: Effort) -> Self {
        let from = Instant::now() + effort.warm_up;
        Self {
            from,
            until: from + effort.measure,
        }
    }

    /// Waits for the whole window; what the server and this process used in it.
    pub(super) async fn watch(self, server: &Server) -> Busy {
        let now = || [server.processor(), processor(std::process::id())];
        tokio::time::sleep_until(self.from.into()).await;
        let before = now();
        tokio::time::sleep_until(self.until.into()).await;
        let after = now();
        let spent = |i: usize| Some(after[i]?.saturating_sub(before[i]?));
        Busy {
            server: spent(0),
            generator: spent(1),
            window: self.until - self.from,
        }
    }
}

/// Processor time in a window.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Busy {
    server: Option<Duration>,
    generator: Option<Duration>,
    window: Duration,
}

impl Busy {
    pub(super) fn usage(self, operations: f64) -> Usage {
        Usage {
            server: self
                .server
                .map(|time| time.as_secs_f64() * 1e6 / operations),
            generator: self
                .generator
                .map(|time| time.as_secs_f64() / self.window.as_secs_f64()),
        }
    }
}

/// The latencies that fell into the window.
#[derive(Debug, Default)]
pub(super) struct Samples(Vec<Duration>);

impl Samples {
    pub(super) fn add(&mut self, window: Window, sent: Instant, now: Instant) {
        if now >= window.from && now < window.until {
            self.0.push(now - sent);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn outcome(mut self, window: Window, busy: Busy) -> Result<Outcome> {
        let count = self.0.len();
        let middle = count / 2;
        if count == 0 {
            bail!("not one answer in time");
        }
        let (_, p50, _) = self.0.select_nth_unstable(middle);
        let seconds = (window.until - window.from).as_secs_f64();
        let count = count as f64;
        Ok(Outcome {
            per_second: count / seconds,
            p50: *p50,
            usage: busy.usage(count),
        })
    }
}

/// The value below which this share of the samples lies, in microseconds.
pub(super) fn percentile(mut samples: Vec<Duration>, share: f64) -> Result<f64> {
    samples.sort_unstable();
    let at = (samples.len() as f64 * share) as usize;
    let sample = samples.get(at.min(samples.len().saturating_sub(1)));
    Ok(sample.context("not one sample")?.as_secs_f64() * 1e6)
}

/// A request whose id is filled in for each sending; always of the same length.
#[derive(Debug, Clone)]
pub(super) struct Template {
    frame: Vec<u8>,
    id_at: usize,
}

const FIRST_ID: usize = 10_000_000;
const DIGITS: usize = 8;

impl Template {
    pub(super) fn new(method: &str, params: &str) -> Self {
        let head = r#"{"jsonrpc":"2.0","id":"#;
        let text = format!(r#"{head}{FIRST_ID},"method":"{method}","params":{params}}}"#);
        let mut frame = Vec::new();
        push_text(&mut frame, text.as_bytes());
        let id_at = frame.len() - text.len() + head.len();
        Self { frame, id_at }
    }

    /// Appends the `n`-th request.
    pub(super) fn push(&self, out: &mut Vec<u8>, n: usize) {
        let start = out.len() + self.id_at;
        out.extend_from_slice(&self.frame);
        let mut rest = FIRST_ID + n;
        for digit in out[start..start + DIGITS].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}

/// Which request this is the reply to; an error reply ends the measurement. The id is looked for where servers put it,
/// at the end or behind the version, and not inside the result.
pub(super) fn replied(text: &[u8]) -> Result<usize> {
    let last = text
        .len()
        .checked_sub(DIGITS + 1)
        .and_then(|at| text[..at].strip_suffix(br#""id":"#));
    let digits = match last {
        Some(head) => text[head.len() + 5..].first_chunk(),
        None => text
            .strip_prefix(br#"{"jsonrpc":"2.0","id":"#)
            .and_then(|rest| rest.first_chunk::<DIGITS>()),
    };
    let number = digits
        .filter(|digits| digits.iter().all(u8::is_ascii_digit))
        .map(|digits| {
            digits
                .iter()
                .fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
        });
    match number.and_then(|number| number.checked_sub(FIRST_ID)) {
        Some(n) if memchr::memmem::find(text, br#""result":"#).is_some() => Ok(n),
        _ => bail!("an unexpected answer: {}", String::from_utf8_lossy(text)),
    }
}

/// Keeps `depth` requests in flight on each connection until the time is over.
pub(super) async fn round_trips(
    server: &Server,
    address: &Address,
    shape: Shape,
    effort: Effort,
) -> Result<Outcome> {
    let (method, params) = server.kind.round_trip();
    let template = Template::new(method, params);
    let mut connections = Vec::new();
    for _ in 0..shape.connections {
        let mut connection = Connection::open(address, 64 * 1024).await?;
        if let Some(request) = server.kind.preparation() {
            connection.ask(request).await?;
        }
        connections.push(connection);
    }
    let window = Window::starting_now(effort);
    let drivers: Vec<_> = connections
        .into_iter()
        .map(|connection| tokio::spawn(drive(connection, template.clone(), shape.depth, window)))
        .collect();
    let busy = window.watch(server).await;
    let mut samples = Samples::default();
    for driver in drivers {
        samples.merge(driver.await.context("a driver panicked")??);
    }
    samples.outcome(window, busy)
}

async fn drive(
    mut connection: Connection,
    template: Template,
    depth: usize,
    window: Window,
) -> Result<Samples> {
    let mut samples = Samples::default();
    let mut sent = vec![Instant::now(); depth];
    let mut out = Vec::new();
    (0..depth).for_each(|n| template.push(&mut out, n));
    connection.send(&out).await?;
    let mut in_flight = depth;
    while in_flight > 0 {
        out.clear();
        connection
            .receive(|text| {
                let n = replied(text)?;
                let now = Instant::now();
                samples.add(window, sent[n % depth], now);
                if now < window.until {
                    sent[n % depth] = now;
                    template.push(&mut out, n + depth);
                } else {
                    in_flight -= 1;
                }
                Ok(())
            })
            .await?;
        if !out.is_empty() {
            connection.send(&out).await?;
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_carries_its_own_number() {
        let template = Template::new("state.get", r#"{"key":"key"}"#);
        let mut out = Vec::new();
        template.push(&mut out, 1234);
        let text = String::from_utf8_lossy(&out[6..]).into_owned();
        assert_eq!(
            text,
            r#"{"jsonrpc":"2.0","id":10001234,"method":"state.get","params":{"key":"key"}}"#
        );
    }

    #[test]
    fn a_reply_names_its_request_wherever_the_id_stands() {
        assert_eq!(
            replied(br#"{"jsonrpc":"2.0","id":10001234,"result":null}"#).unwrap(),
            1234
        );
        assert_eq!(
            replied(br#"{"jsonrpc":"2.0","result":{"id":"e"},"id":10000000}"#).unwrap(),
            0
        );
    }

    #[test]
    fn an_error_ends_the_measurement() {
        assert!(replied(br#"{"jsonrpc":"2.0","id":10001234,"error":{"code":-32601}}"#).is_err());
        assert!(replied(br#"{"jsonrpc":"2.0","method":"host.event","params":{}}"#).is_err());
    }

    #[test]
    fn the_median_is_of_what_fell_into_the_window() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let window = Window {
            from: start + second,
            until: start + 3 * second,
        };
        let mut samples = Samples::default();
        for (sent, now) in [(0, 0), (0, 1), (0, 2), (1, 2), (0, 3)] {
            samples.add(window, start + sent * second, start + now * second);
        }
        let outcome = samples.outcome(window, Busy::default()).unwrap();
        assert_eq!((outcome.per_second, outcome.p50), (1.5, second));
    }
}
