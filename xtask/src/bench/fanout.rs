//! One publisher, many subscribers. The publisher stays a few events ahead of the slowest live subscriber, so that
//! nothing needs to be dropped and the rate is the server's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::Effort;
use super::load::{Outcome, Template, Window, replied};
use super::server::{Kind, Server};
use super::wire::{Address, Connection};

/// Subscribers that read.
const LIVE: usize = 100;
/// Events that the publisher is ahead of the deliveries at most.
const AHEAD: u64 = 16;
/// Larger than what the kernel keeps for a reader that does not read.
const CLOG: usize = 10 * 1024 * 1024;
const CLOG_PIECE: usize = 8 * 1024;
/// Bytes of content of an event that is only there to be in the way, and how long it is at most.
const CONTENT: usize = 64;
const LONGEST: Duration = Duration::from_secs(60);

/// How the two servers call it.
struct Dialect {
    subscribe: (&'static str, &'static str),
    publish: &'static str,
    event: &'static [u8],
}

impl Dialect {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Floor => Self {
                subscribe: ("bench.subscribe", "{}"),
                publish: "bench.publish",
                event: b"\"bench.fanout\"",
            },
            Kind::Daemon => Self {
                subscribe: ("host.subscribe", "{}"),
                publish: "host.notify",
                event: b"\"host.event\"",
            },
        }
    }

    fn subscribe(&self) -> String {
        let (method, params) = self.subscribe;
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
    }

    /// The params of a publication with that many bytes of content.
    fn params(&self, size: usize) -> String {
        let content = "x".repeat(size);
        if self.publish == "host.notify" {
            format!(r#"{{"kind":"bench","message":"{content}"}}"#)
        } else {
            format!(r#"{{"value":"{content}"}}"#)
        }
    }
}

/// The length of the event that a subscriber of this server receives when the content has `size` bytes.
pub(super) async fn event_length(server: &Server, size: usize) -> Result<usize> {
    let dialect = Dialect::of(server.kind);
    let mut subscriber = Connection::open(&server.tcp, 4096).await?;
    subscriber.ask(&dialect.subscribe()).await?;
    let params = dialect.params(size);
    server
        .ask(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"{}","params":{params}}}"#,
            dialect.publish
        ))
        .await?;
    let mut length = None;
    while length.is_none() {
        subscriber
            .receive(|text| {
                if memchr::memmem::find(text, dialect.event).is_some() {
                    length = Some(text.len());
                }
                Ok(())
            })
            .await?;
    }
    length.context("no event")
}

/// Deliveries to the live subscribers, with content of `size` bytes, with or without one more subscriber that has
/// stopped reading.
pub(super) async fn deliveries(
    server: &Server,
    size: usize,
    stalled: bool,
    effort: Effort,
) -> Result<Outcome> {
    let dialect = Dialect::of(server.kind);
    let clogged = if stalled {
        Some(clog(server, &dialect).await?)
    } else {
        None
    };

    let (readers, progress) = subscribers(&server.tcp, &dialect).await?;
    let publisher = Connection::open(&server.tcp, 64 * 1024).await?;
    let template = Template::new(dialect.publish, &dialect.params(size));
    let window = Window::starting_now(effort);
    let publishing = publish(publisher, template, Arc::clone(&progress), window.until);
    let publisher = tokio::spawn(publishing);

    let counted = async {
        tokio::time::sleep_until(window.from.into()).await;
        let before = progress.together();
        tokio::time::sleep_until(window.until.into()).await;
        progress.together() - before
    };
    let (count, busy) = tokio::join!(counted, window.watch(server));

    let done = tokio::time::timeout(Duration::from_secs(5), publisher).await;
    let failed = readers.iter().any(JoinHandle::is_finished);
    readers.iter().for_each(JoinHandle::abort);
    drop(clogged);
    match done {
        Ok(published) => published.context("the publisher panicked")??,
        Err(_) if failed => bail!("a subscriber lost its connection"),
        Err(_) => bail!("events were lost on the way to subscribers that read"),
    }
    let seconds = (window.until - window.from).as_secs_f64();
    let count = count.max(1) as f64;
    Ok(Outcome {
        per_second: count / seconds,
        p50: Duration::ZERO,
        usage: busy.usage(count),
    })
}

/// The subscribers that read, and what has arrived at them.
async fn subscribers(
    address: &Address,
    dialect: &Dialect,
) -> Result<(Vec<JoinHandle<Result<()>>>, Arc<Progress>)> {
    let progress = Arc::new(Progress::new());
    let mut readers = Vec::new();
    for subscriber in 0..LIVE {
        let mut connection = Connection::open(address, 16 * 1024).await?;
        connection.ask(&dialect.subscribe()).await?;
        let progress = Arc::clone(&progress);
        readers.push(tokio::spawn(read(
            connection,
            dialect.event,
            subscriber,
            progress,
        )));
    }
    Ok((readers, progress))
}

/// The same load on a thread of its own, so that whoever measures something else meanwhile does not wait for it. It ends
/// with this value.
#[derive(Debug)]
pub(super) struct Flood {
    progress: Arc<Progress>,
    /// Dropped to end it.
    _over: oneshot::Sender<()>,
}

impl Flood {
    /// Begins when all subscribers are there.
    pub(super) async fn begin(server: &Server) -> Result<Self> {
        let (dialect, address) = (Dialect::of(server.kind), server.tcp.clone());
        let (over, ends) = oneshot::channel();
        let (begun, begins) = oneshot::channel();
        std::thread::Builder::new().spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let subscribed = async {
                    let (_, progress) = subscribers(&address, &dialect).await?;
                    let publisher = Connection::open(&address, 64 * 1024).await?;
                    anyhow::Ok((progress, publisher))
                };
                let (told, publisher) = match subscribed.await {
                    Ok((progress, publisher)) => {
                        (Ok(Arc::clone(&progress)), Some((progress, publisher)))
                    }
                    Err(error) => (Err(error), None),
                };
                if begun.send(told).is_err() {
                    return;
                }
                let Some((progress, publisher)) = publisher else {
                    return;
                };
                let template = Template::new(dialect.publish, &dialect.params(CONTENT));
                let until = Instant::now() + LONGEST;
                tokio::select! {
                    _ = publish(publisher, template, progress, until) => {}
                    _ = ends => {}
                }
            });
        })?;
        let progress = begins.await.context("the flood did not begin")??;
        Ok(Self {
            progress,
            _over: over,
        })
    }

    /// What has arrived at all of them.
    pub(super) fn delivered(&self) -> u64 {
        self.progress.together()
    }
}

/// What has arrived at each subscriber.
#[derive(Debug)]
struct Progress {
    delivered: Vec<AtomicU64>,
    moved: Notify,
}

impl Progress {
    fn new() -> Self {
        let delivered = (0..LIVE).map(|_| AtomicU64::new(0)).collect();
        Self {
            delivered,
            moved: Notify::new(),
        }
    }

    fn each(&self) -> impl Iterator<Item = u64> {
        self.delivered
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
    }

    fn together(&self) -> u64 {
        self.each().sum()
    }

    /// How far the slowest is.
    fn slowest(&self) -> u64 {
        self.each().min().unwrap_or_default()
    }

    fn add(&self, subscriber: usize, events: u64) {
        self.delivered[subscriber].fetch_add(events, Ordering::Relaxed);
        self.moved.notify_one();
    }
}

async fn read(
    mut connection: Connection,
    event: &'static [u8],
    subscriber: usize,
    progress: Arc<Progress>,
) -> Result<()> {
    let finder = memchr::memmem::Finder::new(event);
    loop {
        let mut events = 0;
        connection
            .receive(|text| {
                events += u64::from(finder.find(text).is_some());
                Ok(())
            })
            .await?;
        progress.add(subscriber, events);
    }
}

async fn publish(
    mut connection: Connection,
    template: Template,
    progress: Arc<Progress>,
    until: Instant,
) -> Result<()> {
    let (mut published, mut replies) = (0_u64, 0_u64);
    let mut out = Vec::new();
    loop {
        out.clear();
        if Instant::now() < until {
            while published < progress.slowest() + AHEAD {
                template.push(&mut out, usize::try_from(published)?);
                published += 1;
            }
        } else if progress.slowest() >= published && replies == published {
            return Ok(());
        }
        if !out.is_empty() {
            connection.send(&out).await?;
        }
        tokio::select! {
            () = progress.moved.notified() => {}
            received = connection.receive(|text| {
                replied(text)?;
                replies += 1;
                Ok(())
            }) => received?,
        }
    }
}

/// A subscriber that does not read, with everything between it and the server full.
async fn clog(server: &Server, dialect: &Dialect) -> Result<Connection> {
    let mut stalled = Connection::open_narrow(&server.tcp, 4096).await?;
    stalled.ask(&dialect.subscribe()).await?;
    let mut publisher = Connection::open(&server.tcp, 64 * 1024).await?;
    for _ in 0..CLOG / CLOG_PIECE {
        publish_one(&mut publisher, dialect, CLOG_PIECE).await?;
    }
    // The large ones must not be part of what later subscribers are told about the past.
    for _ in 0..64 {
        publish_one(&mut publisher, dialect, 8).await?;
    }
    Ok(stalled)
}

async fn publish_one(publisher: &mut Connection, dialect: &Dialect, size: usize) -> Result<()> {
    let request = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}}"#,
        dialect.publish,
        dialect.params(size)
    );
    let answer = publisher.ask(&request).await?;
    if !answer.contains("\"result\":") {
        bail!("publishing {size} bytes was answered with {answer}");
    }
    Ok(())
}
