//! The two servers, each in a process of its own.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use super::wire::{Address, Connection};

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Floor,
    Daemon,
}

impl Kind {
    /// Method and params of the plain round trip: requests of the same size with replies of the same size.
    pub(super) fn round_trip(self) -> (&'static str, &'static str) {
        match self {
            Self::Floor => ("state.get", r#"{"value":"v"}"#),
            Self::Daemon => ("state.get", r#"{"key":"key"}"#),
        }
    }

    /// What a connection must have said before the plain round trip gives the same reply from both.
    pub(super) fn preparation(self) -> Option<&'static str> {
        match self {
            Self::Floor => None,
            Self::Daemon => Some(
                r#"{"jsonrpc":"2.0","id":1,"method":"state.set","params":{"key":"key","value":"v"}}"#,
            ),
        }
    }
}

/// What to start.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) floor: PathBuf,
    pub(super) daemon: PathBuf,
    /// The floor takes the daemon's place too.
    pub(super) null: bool,
}

/// A running server. It ends with this value.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) kind: Kind,
    pub(super) tcp: Address,
    pub(super) unix: Address,
    child: Child,
    folder: TempDir,
}

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a single attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);

impl Server {
    /// Starts the server in a fresh folder and waits for its first answer, which took the returned time.
    pub(super) async fn start(programs: &Programs, kind: Kind) -> Result<(Self, Duration)> {
        let folder = tempfile::Builder::new().prefix("car-bench").tempdir()?;
        let port = free_port()?;
        let socket = folder.path().join("run/bench.sock");
        fs::create_dir(folder.path().join("run"))?;
        let kind = if programs.null { Kind::Floor } else { kind };
        let mut command = match kind {
            Kind::Floor => {
                let mut command = Command::new(&programs.floor);
                command.arg("bench-floor");
                command
            }
            Kind::Daemon => {
                let mut command = Command::new(&programs.daemon);
                command
                    .arg("--no-auth")
                    .arg("--home")
                    .arg(folder.path().join("home"));
                command
            }
        };
        command
            .arg("--port")
            .arg(port.to_string())
            .arg("--socket")
            .arg(&socket);
        let log = File::create(folder.path().join("log"))?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);

        let start = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let tcp = Address::Tcp((Ipv4Addr::LOCALHOST, port).into());
        let mut server = Self {
            kind,
            tcp,
            unix: Address::Unix(socket),
            child,
            folder,
        };
        // Not by TCP: a socket that connects to a free port of this machine may find itself.
        server.answers(&server.unix.clone(), start).await?;
        let took = start.elapsed();
        server.answers(&server.tcp.clone(), start).await?;
        Ok((server, took))
    }

    /// One question on a connection of its own.
    pub(super) async fn ask(&self, request: &str) -> Result<String> {
        let answer = Connection::open(&self.tcp, 4096)
            .await?
            .ask(request)
            .await?;
        if answer.contains("\"error\":") {
            bail!("{request} was answered with {answer}");
        }
        Ok(answer)
    }

    async fn answers(&mut self, address: &Address, start: Instant) -> Result<()> {
        let (method, params) = self.kind.round_trip();
        let request =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        loop {
            let attempt = tokio::time::timeout(ATTEMPT, async {
                Connection::open(address, 4096).await?.ask(&request).await
            });
            let attempt = attempt.await.context("no answer in time").flatten();
            let Err(error) = attempt else { return Ok(()) };
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}):\n{}", self.log());
            }
            if start.elapsed() > PATIENCE {
                return Err(error.context(format!("the server does not answer:\n{}", self.log())));
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
    }

    /// What the server printed.
    fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Resident memory in bytes.
    pub(super) fn resident(&self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    /// The most that it ever was.
    pub(super) fn peak(&self) -> Result<u64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, which: &str) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let text =
            fs::read_to_string(&path).with_context(|| format!("memory is read from {path}"))?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(which))
            .with_context(|| format!("no {which}"))?;
        let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kibibytes * 1024)
    }

    /// Processor time used so far, where the system tells.
    pub(super) fn processor(&self) -> Option<Duration> {
        processor(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time that a process has used so far, where the system tells.
pub(super) fn processor(process: u32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = text.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    // The kernel shows ticks of a hundredth of a second, whatever it counts in.
    Some(Duration::from_millis((user + system) * 10))
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}
