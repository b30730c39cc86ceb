use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A process that ends with this.
#[derive(Debug)]
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The echo server.
#[derive(Debug)]
pub(super) struct Echo {
    _running: Running,
    _folder: TempDir,
    /// Where it listens on TCP.
    pub(super) url: String,
    /// Where it listens on a Unix socket.
    pub(super) socket: PathBuf,
}

impl Echo {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("echo.sock");
        let mut child = Command::new(env!("CARGO_BIN_EXE_ws-echo"))
            .arg(&socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let running = Running(child);
        let mut addresses = BufReader::new(stdout).lines().map(Result::unwrap);
        let url = addresses.next().expect("it prints its TCP address");
        let unix = addresses.next().expect("it prints its socket");
        assert_eq!(unix, format!("unix:{}", socket.display()));
        Self {
            _running: running,
            _folder: folder,
            url,
            socket,
        }
    }
}

/// A TCP port in front of a Unix socket, since the suite dials TCP only.
#[derive(Debug)]
pub(super) struct Relay {
    _running: Running,
    pub(super) url: String,
}

impl Relay {
    pub(super) fn start(socket: &Path) -> Self {
        let mut child = Command::new("socat")
            .args(["-d", "-d", "TCP-LISTEN:0,bind=127.0.0.1,reuseaddr,fork"])
            .arg(format!("UNIX-CONNECT:{}", socket.display()))
            .stderr(Stdio::piped())
            .spawn()
            .expect("socat is installed");
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let running = Running(child);
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "socat ended");
            if let Some((_, port)) = line.split_once("listening on AF=2 127.0.0.1:") {
                break port.trim().to_owned();
            }
        };
        // It goes on to log every connection.
        std::thread::spawn(move || stderr.read_to_end(&mut Vec::new()));
        Self {
            _running: running,
            url: format!("ws://127.0.0.1:{port}"),
        }
    }
}
