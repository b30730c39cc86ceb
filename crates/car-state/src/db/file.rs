//! The file itself: its folder, its modes, its lock, and how it is opened.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{Database, DbError};

/// How long a connection waits for a lock of another one.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// What the write-ahead log is cut to after that, in bytes.
const WAL_BYTES: u32 = 32 << 20;
/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 64;

/// The file, which nobody else has open while this lives.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Locked. It is another file because closing any handle of the database's would give up SQLite's own locks.
    _lock: File,
}

impl DatabaseFile {
    /// Makes folder and file if need be, takes them away from group and others, and claims them.
    pub(super) fn claim(root: &Path) -> Result<Self, DbError> {
        let path = root.join(Database::FILE);
        let failed = |error: io::Error| DbError::open(&path, error);
        make_private_folder(root).map_err(failed)?;
        let lock = private()
            .open(root.join(format!("{}.lock", Database::FILE)))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DbError::InUse { path }),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // SQLite gives its other files the mode of this one.
        private().open(&path).map_err(failed)?;
        for ending in ["", "-wal", "-shm"] {
            let beside = root.join(format!("{}{ending}", Database::FILE));
            make_private(&beside, 0o600).map_err(failed)?;
        }
        Ok(Self { path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The connection that writes.
    pub(super) fn connect(&self) -> Result<Connection, DbError> {
        let failed = |error: rusqlite::Error| DbError::open(&self.path, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        prepare_for_writing(&connection).map_err(failed)?;
        // The name of the file is to survive a loss of power, too.
        #[cfg(unix)]
        if let Some(folder) = self.path.parent() {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| DbError::open(&self.path, error))?;
        }
        Ok(connection)
    }

    /// A connection that reads.
    pub(super) fn connect_to_read(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(LOCK_WAIT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }
}

fn prepare_for_writing(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(LOCK_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Otherwise what a long transaction may have to take back is written below /var/tmp.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Plans do not depend on what is bound: otherwise statements are planned again for it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // See `checkpoint`.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
    // Where `fsync` alone does not reach the disk, as on macOS.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_private_folder(root: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(root)?;
    make_private(root, 0o700)
}

/// Takes a file or folder away from group and others; one that is not there needs nothing.
#[cfg(unix)]
fn make_private(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    match fs::metadata(path) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it fails")]
fn make_private(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
