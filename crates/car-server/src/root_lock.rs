//! One daemon per root.
//!
//! The lock is the operating system's, on the file `daemon.lock`, so it ends with its process however that ends. The
//! file says who holds it; what it says without the lock being held is left over and means nothing. The file itself
//! is never removed: two daemons would else each lock a file of that name.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use car_state::private_file;

/// The lock file, below the root.
const FILE: &str = "daemon.lock";

/// A look at the lock, as the command line takes it, holds it for an instant; a daemon that starts waits that out.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(30);

/// What a running daemon tells about itself in its lock file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// Where it listens on TCP; none while it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// Its Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
    /// The file of the client token; none where authentication is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
}

impl Holder {
    /// This process, which listens nowhere yet.
    #[must_use]
    pub fn starting() -> Self {
        Self {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            address: None,
            socket: None,
            token_file: None,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        match (&self.address, &self.socket) {
            (Some(address), Some(socket)) => {
                write!(f, ", listening on {address} and {}", socket.display())
            }
            (Some(address), None) => write!(f, ", listening on {address}"),
            _ => f.write_str(", still starting"),
        }
    }
}

/// The exclusive right to a root, until it is dropped.
#[derive(Debug)]
pub struct RootLock {
    file: File,
    path: PathBuf,
}

impl RootLock {
    /// Takes the root: creates it with mode 0700 if need be, takes it away from group and others, and locks it. Blocks
    /// for at most 150 ms.
    ///
    /// # Errors
    /// [`LockError::Held`] when a daemon runs there; then nothing was changed. [`LockError::Io`] when the folder or
    /// the file cannot be made.
    pub fn acquire(root: &Path) -> Result<Self, LockError> {
        let path = root.join(FILE);
        let failed = |doing: &'static str| {
            let path = path.clone();
            move |source: io::Error| LockError::Io {
                doing,
                path,
                source,
            }
        };
        private_file::create_folder(root).map_err(failed("create the folder of"))?;
        let mut options = private_file::options();
        let options = options.read(true).write(true).create(true);
        let file = options.open(&path).map_err(failed("open"))?;
        for attempt in 1.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Held {
                        root: root.to_owned(),
                        holder: read(&file).map(Box::new),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
            }
        }
        private_file::close_folder(root).map_err(failed("protect the folder of"))?;
        let mut lock = Self { file, path };
        lock.publish(&Holder::starting())?;
        Ok(lock)
    }

    /// Says who holds the lock and where to find it.
    ///
    /// # Errors
    /// [`LockError::Io`].
    pub fn publish(&mut self, holder: &Holder) -> Result<(), LockError> {
        self.write(holder).map_err(|source| LockError::Io {
            doing: "write",
            path: self.path.clone(),
            source,
        })
    }

    fn write(&mut self, holder: &Holder) -> io::Result<()> {
        let mut text = serde_json::to_vec(holder)?;
        text.push(b'\n');
        self.file.rewind()?;
        self.file.write_all(&text)?;
        self.file.set_len(text.len() as u64)
    }
}

impl Drop for RootLock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

/// Whether a daemon runs on a root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Occupancy {
    /// None does.
    Free,
    /// One does; what it says about itself cannot be read where the system locks whole files (Windows).
    Held(Option<Holder>),
}

/// Looks whether a daemon runs on a root, without changing anything.
///
/// # Errors
/// [`LockError::Io`] when the lock file is there but cannot be looked at.
pub fn look(root: &Path) -> Result<Occupancy, LockError> {
    let path = root.join(FILE);
    let failed = |doing: &'static str, source: io::Error| LockError::Io {
        doing,
        path: path.clone(),
        source,
    };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Occupancy::Free),
        Err(error) => return Err(failed("open", error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Occupancy::Free),
        Err(TryLockError::WouldBlock) => Ok(Occupancy::Held(read(&file))),
        Err(TryLockError::Error(error)) => Err(failed("lock", error)),
    }
}

fn read(mut file: &File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    // While the holder writes, a shorter text may still have the end of the longer one behind it.
    serde_json::from_str(text.lines().next()?).ok()
}

/// Why a root cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// A daemon runs there.
    #[error("a daemon runs on {} already{}", root.display(), said(holder.as_deref()))]
    Held {
        /// The root.
        root: PathBuf,
        /// Who it is.
        holder: Option<Box<Holder>>,
    },
    /// The folder or the file fails.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The lock file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

fn said(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| format!(": {holder}"))
}

#[cfg(test)]
mod tests;
