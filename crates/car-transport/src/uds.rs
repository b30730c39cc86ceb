//! The Unix socket, which is a security boundary: who can open it can talk to the daemon.
//!
//! Its directory belongs to the user and nobody else may write to it; the socket is 0600 before it listens. A socket
//! that somebody answers on is never touched, one that nobody answers on (its daemon was killed) is replaced, and
//! what is no socket is never removed. When the endpoint is dropped the socket goes with it, unless another one has
//! taken its place.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::fs::FlockOperation;
use socket2::{Domain, SockAddr, Socket, Type};
use thiserror::Error;
use tokio::net::{UnixListener, UnixStream};

use crate::accept::{Listener, MoveIn};
use crate::peer::Peer;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// How long another process may take to bind a socket in the same directory.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// How long a listener may take to answer the question whether it lives. A full backlog counts as an answer.
const PROBE_DEADLINE: Duration = Duration::from_secs(2);

/// A bound Unix socket.
#[derive(Debug)]
pub struct UdsEndpoint {
    listener: UnixListener,
    path: PathBuf,
    /// The device and number of the file that we made.
    made: (u64, u64),
}

/// Why a socket cannot be listened on. Nothing was changed, except that the directory may have been made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UdsError {
    /// A process listens there.
    #[error("{}: another process listens on this socket", path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// There is something else at this place.
    #[error("{}: is there and is not a socket", path.display())]
    NotASocket {
        /// The place.
        path: PathBuf,
    },
    /// The path has no directory or no name.
    #[error("{}: is not a path of a socket", path.display())]
    BadPath {
        /// The path.
        path: PathBuf,
    },
    /// Paths of sockets are short: about 100 bytes.
    #[error("{}: is too long for a socket; name a shorter one", path.display())]
    PathTooLong {
        /// The path.
        path: PathBuf,
    },
    /// The directory is not a directory.
    #[error("{}: is not a directory", path.display())]
    NotADirectory {
        /// The directory.
        path: PathBuf,
    },
    /// The directory belongs to somebody else.
    #[error("{}: belongs to user {owner}, so a socket in it cannot be trusted", path.display())]
    ForeignDirectory {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// Others may write to the directory.
    #[error("{}: others may write to it (mode {mode:03o}), so a socket in it cannot be trusted; `chmod go-w` it", path.display())]
    OpenDirectory {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The system refuses.
    #[error("{}: cannot {what}: {source}", path.display())]
    Io {
        /// The socket, or its directory.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

impl UdsEndpoint {
    /// Listens on the socket `path`. A missing directory is made with mode 0700.
    ///
    /// # Errors
    /// [`UdsError`].
    pub async fn bind(path: impl Into<PathBuf>) -> Result<Self, UdsError> {
        let path = path.into();
        let (Some(directory), Some(_)) = (path.parent(), path.file_name()) else {
            return Err(UdsError::BadPath { path });
        };
        let address =
            SockAddr::unix(&path).map_err(|_| UdsError::PathTooLong { path: path.clone() })?;
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        let directory = own_directory(directory)?;
        // Held until we listen, so that of two daemons that start together one sees the other.
        let _lock = lock(&directory, &path).await?;
        remove_stale(&path).await?;
        let listener = listen(&path, &address)?;
        let made = fs::symlink_metadata(&path).map_err(failed(&path, "look at the new socket"))?;
        Ok(Self {
            listener,
            made: identity(&made),
            path,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Listener for UdsEndpoint {
    type Io = UnixStream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Io, Peer)>> {
        self.listener.poll_accept(cx).map(|accepted| {
            let (stream, _) = accepted?;
            let credentials = stream.peer_cred()?;
            let peer = Peer::unix(credentials.uid(), credentials.gid(), credentials.pid());
            Ok((stream, peer))
        })
    }

    fn move_out(stream: UnixStream) -> io::Result<MoveIn<UnixStream>> {
        let stream = stream.into_std()?;
        Ok(Box::new(|| UnixStream::from_std(stream)))
    }

    fn name(&self) -> String {
        format!("unix {}", self.path.display())
    }
}

impl Drop for UdsEndpoint {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|now| identity(&now) == self.made);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the socket");
        }
    }
}

fn failed(path: &Path, what: &'static str) -> impl Fn(io::Error) -> UdsError {
    let path = path.to_path_buf();
    move |source| UdsError::Io {
        path: path.clone(),
        what,
        source,
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Opens the directory, made if it is missing, and checks that it is ours alone to write to.
fn own_directory(path: &Path) -> Result<File, UdsError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                UdsError::NotADirectory {
                    path: path.to_path_buf(),
                }
            }
            _ => failed(path, "make the directory")(source),
        })?;
    let directory = File::open(path).map_err(failed(path, "open the directory"))?;
    let metadata = directory
        .metadata()
        .map_err(failed(path, "look at the directory"))?;
    let owner = metadata.uid();
    if owner != rustix::process::geteuid().as_raw() {
        return Err(UdsError::ForeignDirectory {
            path: path.to_path_buf(),
            owner,
        });
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o022 != 0 {
        return Err(UdsError::OpenDirectory {
            path: path.to_path_buf(),
            mode,
        });
    }
    Ok(directory)
}

/// Locks the directory; the lock ends with the returned file, or with the process.
async fn lock<'a>(directory: &'a File, path: &Path) -> Result<&'a File, UdsError> {
    for _ in 0..LOCK_TRIES {
        match rustix::fs::flock(directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(directory),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            Err(errno) => return Err(failed(path, "lock the directory")(errno.into())),
        }
    }
    Err(UdsError::InUse {
        path: path.to_path_buf(),
    })
}

/// Makes the place free if a socket is there on which nobody listens.
async fn remove_stale(path: &Path) -> Result<(), UdsError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(path, "look at what is there")(error)),
    };
    if !metadata.file_type().is_socket() {
        return Err(UdsError::NotASocket {
            path: path.to_path_buf(),
        });
    }
    match tokio::time::timeout(PROBE_DEADLINE, UnixStream::connect(path)).await {
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            tracing::info!(path = %path.display(), "replacing a socket that nobody listens on");
            fs::remove_file(path).map_err(failed(path, "remove the stale socket"))
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(Ok(_)) | Err(_) => Err(UdsError::InUse {
            path: path.to_path_buf(),
        }),
        // A listener whose backlog is full lives.
        Ok(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => Err(UdsError::InUse {
            path: path.to_path_buf(),
        }),
        Ok(Err(error)) => Err(failed(path, "ask who listens there")(error)),
    }
}

/// Binds, closes the socket to others, and only then listens.
fn listen(path: &Path, address: &SockAddr) -> Result<UnixListener, UdsError> {
    let socket =
        Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed(path, "make a socket"))?;
    socket.bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => UdsError::InUse {
            path: path.to_path_buf(),
        },
        _ => failed(path, "bind")(source),
    })?;
    let listening = fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .and_then(|()| socket.listen(BACKLOG))
        .and_then(|()| socket.set_nonblocking(true))
        .and_then(|()| UnixListener::from_std(std::os::fd::OwnedFd::from(socket).into()));
    if listening.is_err() {
        drop(fs::remove_file(path));
    }
    listening.map_err(failed(path, "listen"))
}
