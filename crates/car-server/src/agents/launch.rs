//! Makes the processes of agents, each with its keeper.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::agents::{AgentLogKind, AgentSpec, SandboxNetwork};
use car_state::agents::{AgentLogs, Ended, Launch, LaunchError, Launcher, Process};
use car_state::token::Token;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

use super::Confinement;
use super::veil::{Secret, Veil};

/// How long a keeper may take to say that its agent was made.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long is waited for what an agent wrote when it has ended.
const DRAIN: Duration = Duration::from_secs(2);
/// How much of an output is read at once, in bytes.
const CHUNK: usize = 32 << 10;

/// Variables that every agent gets from the daemon's environment.
const INHERITED: &[&str] = &[
    "HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "PATH",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// What agents are told of the daemon.
#[derive(Clone, Debug)]
pub struct AgentEnvironment {
    /// The root: where an agent runs that says nothing else.
    pub home: PathBuf,
    /// Where the daemon listens on TCP.
    pub port: u16,
    /// The client token, for agents that ask for it.
    pub client_token: Option<Token>,
    /// The daemon's own variables; of these an agent gets some.
    pub variables: Vec<(String, OsString)>,
}

/// Makes processes with a keeper.
#[derive(Debug)]
pub struct KeptLauncher {
    /// This program.
    program: PathBuf,
    environment: Arc<AgentEnvironment>,
}

impl KeptLauncher {
    /// With this program as the keeper: one that serves the commands `keep` and `confine`.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, environment: AgentEnvironment) -> Self {
        Self {
            program: program.into(),
            environment: Arc::new(environment),
        }
    }
}

impl Launcher for KeptLauncher {
    fn launch(&self, launch: Launch) -> BoxFuture<'static, Result<Box<dyn Process>, LaunchError>> {
        let (program, environment) = (self.program.clone(), Arc::clone(&self.environment));
        async move {
            let confinement = confinement(&launch.spec, environment.port);
            let refused = confinement.check();
            refused.map_err(|error| LaunchError::Refused(error.to_string()))?;
            let kept = Kept::start(&program, &environment, &confinement, launch).await;
            let kept = kept.map_err(|error| LaunchError::System(error.to_string()))?;
            Ok(Box::new(kept) as Box<dyn Process>)
        }
        .boxed()
    }
}

/// What an agent may use, by its sandbox and by what it is denied.
fn confinement(spec: &AgentSpec, port: u16) -> Confinement {
    let denied = |namespace: &str, feature: &str| {
        let features = spec.denied.get(namespace);
        features.is_some_and(|all| all.iter().any(|name| name == "*" || name == feature))
    };
    let sandbox = spec.sandbox.clone().unwrap_or_default();
    let paths = |paths: Vec<String>| paths.into_iter().map(PathBuf::from).collect::<Vec<_>>();
    let daemon_only =
        sandbox.network == Some(SandboxNetwork::Daemon) || denied("network", "connect");
    let mut confinement = Confinement {
        read: sandbox.read.map(paths),
        write: sandbox.write.map(paths),
        connect: daemon_only.then_some(port),
        memory: sandbox.memory_bytes,
        cpu: sandbox.cpu_seconds,
        files: sandbox.open_files,
        processes: sandbox.processes,
        best_effort: sandbox.best_effort.unwrap_or_default(),
        dies_with_parent: true,
    };
    if denied("filesystem", "write") {
        if confinement.read.is_none() {
            confinement.read = Some(vec![PathBuf::from("/")]);
        }
        confinement.write = Some(Vec::new());
    }
    if denied("filesystem", "read") {
        confinement.read = Some(Vec::new());
    }
    if spec.acp.is_some() && (confinement.read.is_some() || confinement.write.is_some()) {
        // The program itself is who speaks for it then.
        let read = confinement.read.get_or_insert_default();
        read.push(PathBuf::from(&spec.command));
    }
    confinement
}

/// What becomes of the keeper's child: the agent, or for an agent of another protocol who speaks for it.
fn words(program: &Path, spec: &AgentSpec) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::new();
    if let Some(acp) = &spec.acp {
        words.extend([program.into(), "acp".into()]);
        for (word, paths) in [("--read", &acp.read), ("--write", &acp.write)] {
            for path in paths {
                words.extend([word.into(), path.into()]);
            }
        }
        words.push("--".into());
    }
    words.push(spec.command.as_str().into());
    words.extend(spec.args.iter().map(OsString::from));
    words
}

impl AgentEnvironment {
    /// What an agent gets and nobody else is to see.
    fn secrets(&self, launch: &Launch) -> Vec<Secret> {
        let own = Secret::new(launch.token.expose());
        let clients = self.client_token.iter();
        let mut secrets: Vec<_> = clients.map(|token| Secret::new(token.expose())).collect();
        secrets.push(own);
        secrets
    }

    fn variables(&self, launch: &Launch) -> Vec<(OsString, OsString)> {
        let inherited = |name: &str| INHERITED.contains(&name) || name.starts_with("LC_");
        let mut variables: Vec<(OsString, OsString)> = Vec::new();
        for (name, value) in self.variables.iter().filter(|(name, _)| inherited(name)) {
            variables.push((name.into(), value.clone()));
        }
        for (name, value) in &launch.spec.env {
            variables.push((name.into(), value.into()));
        }
        let url = format!("ws://127.0.0.1:{}", self.port);
        variables.push(("CAR_DAEMON_URL".into(), url.into()));
        variables.push(("CAR_AGENT_ID".into(), launch.id.as_str().into()));
        variables.push(("CAR_AGENT_TOKEN".into(), launch.token.expose().into()));
        if let Some(token) = &self.client_token
            && launch.spec.daemon_token
        {
            variables.push(("CAR_AUTH_TOKEN".into(), token.expose().into()));
        }
        variables
    }
}

/// A keeper with its agent.
#[derive(Debug)]
struct Kept {
    keeper: Child,
    agent: u32,
    socket: UnixStream,
    outputs: JoinSet<()>,
}

impl Kept {
    async fn start(
        program: &Path,
        environment: &AgentEnvironment,
        confinement: &Confinement,
        launch: Launch,
    ) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut socket = UnixStream::from_std(ours)?;
        let spec = &launch.spec;
        let mut command = Command::new(program);
        command
            .arg("keep")
            .arg("--")
            .args(confinement.words())
            .arg("--")
            .args(words(program, spec))
            .env_clear()
            .envs(environment.variables(&launch))
            .current_dir(
                spec.cwd
                    .as_ref()
                    .map_or(environment.home.clone(), PathBuf::from),
            )
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut keeper = command.spawn()?;
        // It holds the keeper's end of the socket.
        drop(command);
        let mut outputs = JoinSet::new();
        let secrets = environment.secrets(&launch);
        if let Some(output) = keeper.stdout.take() {
            let logs = Arc::clone(&launch.logs);
            outputs.spawn(pump(
                output,
                AgentLogKind::Stdout,
                Veil::new(&secrets),
                logs,
            ));
        }
        if let Some(output) = keeper.stderr.take() {
            let logs = Arc::clone(&launch.logs);
            outputs.spawn(pump(
                output,
                AgentLogKind::Stderr,
                Veil::new(&secrets),
                logs,
            ));
        }
        let mut said = String::new();
        let mut reader = BufReader::new(&mut socket).take(1_024);
        timeout(PATIENCE, reader.read_line(&mut said)).await??;
        match said.trim_end().split_once(' ') {
            Some(("pid", number)) => Ok(Self {
                agent: number.parse().map_err(io::Error::other)?,
                keeper,
                socket,
                outputs,
            }),
            Some(("failed", why)) => Err(io::Error::other(why.to_owned())),
            _ => Err(io::Error::other("the keeper ended before its agent began")),
        }
    }

    /// One byte always has room: hardly any were written.
    fn tell(&self, word: &[u8; 1]) {
        let _ = self.socket.try_write(word);
    }
}

impl Process for Kept {
    fn pid(&self) -> Option<u32> {
        Some(self.agent)
    }

    fn terminate(&mut self) {
        self.tell(b"t");
    }

    fn kill(&mut self) {
        self.tell(b"k");
    }

    fn ended(&mut self) -> BoxFuture<'_, Ended> {
        async {
            let status = self.keeper.wait().await;
            // Whoever was not the keeper's to end may still hold the pipes: what it writes is nobody's.
            let drained = async { while self.outputs.join_next().await.is_some() {} };
            let _ = timeout(DRAIN, drained).await;
            let code = status.ok().and_then(|status| status.code());
            Ended {
                code: code.unwrap_or(-1),
            }
        }
        .boxed()
    }
}

/// Takes what an agent writes, without the tokens that it was given. It reads on when that is written, so nothing is
/// queued.
async fn pump(
    mut output: impl AsyncRead + Unpin,
    kind: AgentLogKind,
    mut veil: Veil,
    logs: Arc<AgentLogs>,
) {
    let mut chunk = vec![0_u8; CHUNK];
    loop {
        let length = output.read(&mut chunk).await.unwrap_or(0);
        let logs = Arc::clone(&logs);
        let written = spawn_blocking(move || {
            match length {
                0 => logs.write(kind, &veil.rest()),
                _ => logs.write(kind, &veil.cover(chunk.get(..length).unwrap_or_default())),
            }
            (chunk, veil)
        });
        match written.await {
            Ok(back) if length > 0 => (chunk, veil) = back,
            _ => return,
        }
    }
}
