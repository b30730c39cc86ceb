//! Many clients of the real daemon for a long time: mixed traffic, connections that end in every way, and a look at what
//! the daemon keeps of it.

mod acts;
mod deciders;
mod lives;
mod record;
mod tally;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use self::lives::World;
use self::record::{Record, Sample};
use crate::program::{Program, Sandbox};

/// How long clients and connections may take to end after the last of them was told to.
const END: Duration = Duration::from_secs(120);
/// How long the daemon may take to end by itself.
const DRAIN: Duration = Duration::from_secs(20);
/// How long a look at the metrics may take.
const LOOK: Duration = Duration::from_secs(10);
/// Descriptors that the daemon may have more at the end than before the first client: files that it opened meanwhile.
const LATE_DESCRIPTORS: u64 = 16;

/// What is left of a run in the metrics, at most. The stream `host` is everybody's and stays.
const EMPTY: [(&str, u64); 9] = [
    ("car_connections", 0),
    ("car_sessions", 0),
    ("car_requests_in_flight", 0),
    ("car_callbacks_open", 0),
    ("car_approvals_pending", 0),
    ("car_host_agents", 0),
    ("car_subscriptions", 0),
    ("car_request_bytes", 0),
    ("car_streams", 1),
];

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// For how long.
    pub time: Duration,
    /// Clients at once.
    pub clients: u64,
    /// What they do and how they end depends on this.
    pub seed: u64,
}

/// Runs it and prints what happened. The answer is what was found wrong, a line each; nothing when all is well.
///
/// # Errors
/// It could not be run to its end.
#[expect(clippy::print_stdout, reason = "the table is for whoever started it")]
pub async fn run(wanted: Wanted) -> Result<Vec<String>> {
    let sandbox = Sandbox::new();
    let log = sandbox.home().join("log");
    let daemon = Running::start(&sandbox, &log)?;
    println!(
        "soak: {} clients for {} s, seed {}, process {}",
        wanted.clients,
        wanted.time.as_secs(),
        wanted.seed,
        daemon.program.pid()
    );
    let before = daemon.descriptors()?;
    let world = Arc::new(World::new(
        wanted.seed,
        daemon.program.address(),
        daemon.token.clone(),
        daemon.host_token.clone(),
    ));
    let mut tasks = JoinSet::new();
    for number in 0..wanted.clients {
        tasks.spawn(lives::client(Arc::clone(&world), number));
    }
    let mut deciders = JoinSet::new();
    for number in 0..2 {
        deciders.spawn(deciders::decide(Arc::clone(&world), number));
    }
    let record = watch(&daemon, &world, wanted.time).await?;
    world.over.cancel();
    end(tasks).await?;
    // What belongs to nobody is decided all the same.
    daemon.wait_for(&[("car_approvals_pending", 0)]).await?;
    world.decided.cancel();
    end(deciders).await?;

    let mut wrong = record.verdict();
    wrong.extend(world.tally.broken());
    wrong.extend(daemon.left(before).await?);
    wrong.extend(daemon.end().await?);
    wrong.extend(complaints(&fs::read_to_string(&log)?));
    println!("{}", record.summary());
    for line in &wrong {
        println!("wrong: {line}");
    }
    Ok(wrong)
}

async fn end(mut tasks: JoinSet<()>) -> Result<()> {
    let ending = async { while tasks.join_next().await.is_some() {} };
    timeout(END, ending).await.context("clients do not end")
}

/// Looks once a second, and writes a line now and then.
#[expect(clippy::print_stdout, reason = "the table is for whoever started it")]
async fn watch(daemon: &Running, world: &World, time: Duration) -> Result<Record> {
    let began = Instant::now();
    let mut record = Record::new(time);
    let mut looks = interval(Duration::from_secs(1));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    println!("{}", Record::head());
    while began.elapsed() < time {
        looks.tick().await;
        let metrics = daemon.metrics().await?;
        let sample = Sample {
            at: began.elapsed(),
            resident: daemon.resident()?,
            descriptors: daemon.descriptors()?,
            connections: value(&metrics, "car_connections")?,
            requests: world.tally.requests(),
        };
        if let Some(row) = record.add(sample, || world.tally.errors()) {
            println!("{row}");
            std::io::stdout().flush()?;
        }
    }
    Ok(record)
}

/// What a log says that it should not.
fn complaints(log: &str) -> Vec<String> {
    let bad = |line: &&str| line.contains("panicked") || line.contains(r#""level":"ERROR""#);
    let lines = log.lines().filter(bad).take(10);
    lines.map(|line| format!("the log says: {line}")).collect()
}

/// The number of a gauge, over all of its labels.
fn value(metrics: &str, name: &str) -> Result<u64> {
    let series = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        rest.starts_with([' ', '{']).then_some(rest)
    });
    let mut sum = None;
    for row in series {
        let (_, number) = row
            .rsplit_once(' ')
            .with_context(|| format!("{name}{row}"))?;
        let number: u64 = number.parse().with_context(|| format!("{name}{row}"))?;
        sum = Some(sum.unwrap_or(0) + number);
    }
    sum.with_context(|| format!("the metrics have no {name}"))
}

/// The daemon.
struct Running {
    program: Program,
    token: String,
    host_token: String,
}

impl Running {
    fn start(sandbox: &Sandbox, log: &Path) -> Result<Self> {
        let command = sandbox.command(&["--port", "0"]);
        let program = Program::start_logging(command, File::create(log)?);
        let token = program
            .said("token file")
            .context("the banner has the token file")?;
        let token = fs::read_to_string(token)?;
        let host_token = fs::read_to_string(sandbox.root().join("host-token"))?;
        Ok(Self {
            program,
            token,
            host_token,
        })
    }

    fn proc(&self, what: &str) -> String {
        format!("/proc/{}/{what}", self.program.pid())
    }

    /// Resident memory in bytes.
    fn resident(&self) -> Result<u64> {
        let text = fs::read_to_string(self.proc("status")).context("the daemon is gone")?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let line = line.context("there is no VmRSS")?;
        let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kibibytes * 1024)
    }

    fn descriptors(&self) -> Result<u64> {
        let open = fs::read_dir(self.proc("fd")).context("the daemon is gone")?;
        Ok(open.count() as u64)
    }

    async fn metrics(&self) -> Result<String> {
        let request = format!(
            "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            self.token
        );
        let look = async {
            let mut stream = TcpStream::connect(self.program.address()).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            anyhow::Ok(answer)
        };
        let answer = timeout(LOOK, look).await.context("no metrics in time")??;
        if !answer.starts_with("HTTP/1.1 200") {
            bail!("no metrics: {answer}");
        }
        Ok(answer)
    }

    /// What is left when everybody has gone; waits for what takes its time.
    async fn left(&self, descriptors: u64) -> Result<Vec<String>> {
        let mut left = self.wait_for(&EMPTY).await?;
        let open = self.descriptors()?;
        if open > descriptors + LATE_DESCRIPTORS {
            left.push(format!(
                "at the end {open} descriptors are open, {descriptors} before"
            ));
        }
        Ok(left)
    }

    /// Waits until these gauges are no higher; says which ones stay so.
    async fn wait_for(&self, gauges: &[(&str, u64)]) -> Result<Vec<String>> {
        let deadline = Instant::now() + END;
        loop {
            let metrics = self.metrics().await?;
            let mut left = Vec::new();
            for &(name, most) in gauges {
                let found = value(&metrics, name)?;
                if found > most {
                    left.push(format!("at the end {name} is {found}"));
                }
            }
            if left.is_empty() || Instant::now() > deadline {
                return Ok(left);
            }
            sleep(Duration::from_millis(250)).await;
        }
    }

    /// Asks it to end.
    async fn end(self) -> Result<Vec<String>> {
        self.program.signal(Signal::TERM);
        let waiting = tokio::task::spawn_blocking(move || self.program.wait());
        let (status, _) = timeout(DRAIN, waiting)
            .await
            .context("the daemon does not end")??;
        if status.success() {
            return Ok(Vec::new());
        }
        Ok(vec![format!("the daemon ended with {status}")])
    }
}
