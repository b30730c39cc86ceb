//! The real program, as a process of its own in a home of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;

use car_transport::connect::{self, Target};
use tempfile::TempDir;

use crate::{TestClient, Transcript};

/// Where the program is. It is built if need be: cargo builds programs only for the tests of their own package.
#[must_use]
pub fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| build("car-server", "--bin", "car-server"))
}

/// Where an example of the client is, which is built like the program.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    build("car-client", "--example", name)
}

/// Where a program of the tests is, which is built likewise.
#[must_use]
pub fn own(name: &str) -> PathBuf {
    build("car-tests", "--bin", name)
}

fn build(package: &str, kind: &str, name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a test knows where it is");
    let folder = this.parent().expect("a program lies in a folder");
    // Tests lie one folder deeper than programs.
    let folder = match folder.parent() {
        Some(profile) if folder.ends_with("deps") => profile,
        _ => folder,
    };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", package, kind, name]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    cargo
        .arg("--target-dir")
        .arg(folder.parent().expect("a profile is below target"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(
        cargo.status().expect("cargo starts").success(),
        "{name} builds"
    );
    let folder = match kind {
        "--example" => folder.join("examples"),
        _ => folder.to_owned(),
    };
    folder
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}

/// A home folder with nothing in it, and the program as it runs there. Nothing of the real environment gets in.
#[derive(Debug)]
pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// An empty one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("run")).expect("a runtime folder");
        Self { folder }
    }

    /// The user's home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// `$XDG_RUNTIME_DIR`.
    #[must_use]
    pub fn runtime_dir(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// The default root.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.path().join(".car")
    }

    /// The program with these words.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.foreign(path());
        command.args(words);
        command
    }

    /// Another program in this home.
    #[must_use]
    pub fn foreign(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        command
            .env("HOME", self.home())
            .env("XDG_RUNTIME_DIR", self.runtime_dir());
        command.current_dir(self.home()).stdin(Stdio::null());
        command
    }

    /// Runs the program with these words to its end.
    #[must_use]
    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program starts")
    }

    /// Starts a daemon on a free port, with these words besides, and waits until it is up.
    #[must_use]
    pub fn start(&self, words: &[&str]) -> Program {
        Program::start(self.command(&[&["--port", "0"], words].concat()))
    }
}

/// A daemon that is up. It is killed when this is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Its log, unless that goes to a file. The pipe holds 64 KiB, which is far more than a test lets it say.
    stderr: Option<BufReader<ChildStderr>>,
    banner: String,
}

impl Program {
    /// Starts a daemon and reads what it says until it is up.
    #[must_use]
    pub fn start(command: Command) -> Self {
        Self::logging_to(command, Stdio::piped())
    }

    /// The same for a daemon that runs for long: its log goes to a file.
    #[must_use]
    pub fn start_logging(command: Command, log: fs::File) -> Self {
        Self::logging_to(command, log.into())
    }

    fn logging_to(mut command: Command, log: Stdio) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("the program starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut stderr = child.stderr.take().map(BufReader::new);
        let mut banner = String::new();
        // The last line of what it says when it is up.
        while !banner.contains("print(") {
            let read = stdout.read_line(&mut banner).expect("its output is text");
            if read == 0 {
                let mut log = String::new();
                if let Some(stderr) = &mut stderr {
                    stderr.read_to_string(&mut log).expect("its log is text");
                }
                panic!("the daemon ended before it was up: {banner}{log}");
            }
        }
        Self {
            child,
            stdout,
            stderr,
            banner,
        }
    }

    /// What it said when it was up.
    #[must_use]
    pub fn banner(&self) -> &str {
        &self.banner
    }

    /// A line of the banner.
    #[must_use]
    pub fn said(&self, what: &str) -> Option<&str> {
        let line =
            |line: &'_ str| -> Option<()> { line.trim_start().strip_prefix(what).map(|_| ()) };
        let found = self.banner.lines().find(|text| line(text).is_some())?;
        Some(found.trim_start()[what.len()..].trim())
    }

    /// Where it listens on TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let url = self.said("address").expect("the banner has the address");
        url.trim_start_matches("ws://")
            .parse()
            .expect("the address is one")
    }

    /// Its Unix socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.said("socket")
            .expect("the banner has the socket")
            .into()
    }

    /// The number of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A client over TCP.
    pub async fn client(&self, name: &str) -> TestClient {
        client(name, &Target::loopback(self.address().port())).await
    }

    /// A client over TCP that has authenticated with the token in this file.
    pub async fn authenticated(&self, name: &str, token_file: &Path) -> TestClient {
        let mut client = self.client(name).await;
        let token = fs::read_to_string(token_file).expect("the token is there");
        client
            .call("session.auth", serde_json::json!({ "token": token }))
            .await;
        client
    }

    /// Sends it a signal.
    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.pid())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("a process has a number"), signal)
            .expect("it runs");
    }

    /// Waits until it logs a line with this text, and answers that.
    pub fn logs(&mut self, text: &str) -> String {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let stderr = self.stderr.as_mut().expect("its log is piped");
            let read = stderr.read_line(&mut line).expect("its log is text");
            assert!(read > 0, "the daemon ended without logging {text:?}");
        }
        line
    }

    /// Ends it without a warning.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Waits until it has ended by itself; answers how, and what it said after the banner.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.stdout
            .read_to_string(&mut rest)
            .expect("its output is text");
        (self.child.wait().expect("it ends"), rest)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client of this target.
pub async fn client(name: &str, target: &Target) -> TestClient {
    let duplex = connect::connect(target, &connect::Options::default()).await;
    TestClient::new(
        name,
        duplex.expect("the daemon accepts"),
        Transcript::default(),
    )
}
