//! The chain in the database: its tables, and every statement on them.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use car_protocol::Timestamp;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use thiserror::Error;

use super::chain::{self, Break, Head, Link, Summary, Verifier, line};
use super::record::{AuditKind, Record, Who};
use super::{Appended, AuditSink, MAX_AGE_MS, MAX_RECORDS, Redacted, Stretch};
use crate::db::{Database, DatabaseOptions, DbError};
use crate::log::{Durability, LogError};

/// The first form of the tables.
pub(crate) const AUDIT: &str = "
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY,
        -- Canonical JSON; the record before it, and everything that is never redacted.
        body TEXT NOT NULL,
        -- SHA-256 of the body.
        hash BLOB NOT NULL,
        -- What can be redacted. The body has the SHA-256 of both together.
        salt BLOB,
        text TEXT
    ) STRICT;
    -- `head`: the last record. `anchor`: the last one that was dropped because there were too many.
    CREATE TABLE audit_ends (
        name TEXT PRIMARY KEY,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// After so many records it is looked whether there are too many.
const LOOK: u64 = 256;
/// What is dropped for its age is dropped a month at a time, in milliseconds.
const AGE_STEP_MS: i64 = 30 * 24 * 3_600 * 1_000;
/// How long a file's own locks are waited for.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How long redacting a file may take.
const REDACT_DEADLINE: Duration = Duration::from_secs(60);

/// Appends a record, in the transaction that the connection is in, and drops the oldest when there are too many.
pub(crate) fn append(connection: &Connection, record: &Record) -> rusqlite::Result<Head> {
    let head = append_one(connection, record)?;
    if head.seq.is_multiple_of(LOOK) {
        prune(connection, record.at(), MAX_RECORDS, MAX_AGE_MS)?;
    }
    Ok(head)
}

fn append_one(connection: &Connection, record: &Record) -> rusqlite::Result<Head> {
    let link = Link::after(&head(connection)?, record);
    let sql = "INSERT INTO audit (seq, body, hash, salt, text) VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(params![
        number(link.seq),
        link.body,
        link.hash,
        link.salt,
        link.text
    ])?;
    let head = link.head();
    set_end(connection, "head", &head)?;
    Ok(head)
}

/// What the next record follows. Where the file was tampered with, the last record that there ever was: so the gap stays
/// to be found.
fn head(connection: &Connection) -> rusqlite::Result<Head> {
    let noted = end(connection, "head")?.unwrap_or(Head::EMPTY);
    let last = connection
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], head_of)
        .optional()?;
    match last {
        Some(last) if last.seq > noted.seq => Ok(last),
        _ => Ok(noted),
    }
}

fn end(connection: &Connection, name: &str) -> rusqlite::Result<Option<Head>> {
    let sql = "SELECT seq, hash FROM audit_ends WHERE name = ?1";
    let mut end = connection.prepare_cached(sql)?;
    end.query_row([name], head_of).optional()
}

fn head_of(row: &Row<'_>) -> rusqlite::Result<Head> {
    let hash = bytes(row.get_ref(1)?);
    Ok(Head {
        seq: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
        // Bytes that are no digest are the digest of nothing.
        hash: hash.as_slice().try_into().unwrap_or([0xff; 32]),
    })
}

fn set_end(connection: &Connection, name: &str, head: &Head) -> rusqlite::Result<()> {
    let sql = "INSERT INTO audit_ends (name, seq, hash) VALUES (?1, ?2, ?3)
        ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, hash = excluded.hash";
    let mut set = connection.prepare_cached(sql)?;
    set.execute(params![name, number(head.seq), head.hash])?;
    Ok(())
}

/// Drops the oldest records where there are more than `most`, or where they are older than `age_ms` by a month. A record
/// says which is the last of them.
pub(super) fn prune(
    connection: &Connection,
    now: Timestamp,
    most: u64,
    age_ms: i64,
) -> rusqlite::Result<()> {
    let (anchor, head) = (
        end(connection, "anchor")?.unwrap_or(Head::EMPTY),
        head(connection)?,
    );
    let mut through = anchor.seq;
    if head.seq.saturating_sub(anchor.seq) > most {
        through = head.seq.saturating_sub(most - most / 10);
    }
    let oldest = now.unix_millis().saturating_sub(age_ms);
    if at_of_first(connection)?.is_some_and(|at| at < oldest.saturating_sub(AGE_STEP_MS)) {
        through = through.max(last_before(connection, oldest)?.unwrap_or(0));
    }
    // The head stays: there is something to follow.
    through = through.min(head.seq.saturating_sub(1));
    if through <= anchor.seq {
        return Ok(());
    }
    let sql = "SELECT seq, hash FROM audit WHERE seq = ?1";
    let last = connection
        .query_row(sql, [number(through)], head_of)
        .optional()?;
    let Some(last) = last else {
        // Somebody took it out. What is left is left for whoever verifies.
        return Ok(());
    };
    connection.execute("DELETE FROM audit WHERE seq <= ?1", [number(through)])?;
    set_end(connection, "anchor", &last)?;
    let record = Record::new(now, AuditKind::Checkpoint, "audit")
        .with("through", last.to_string())
        .with("dropped", through - anchor.seq);
    append_one(connection, &record).map(drop)
}

fn at_of(body: ValueRef<'_>) -> Option<i64> {
    chain::at_of(&bytes(body)).map(Timestamp::unix_millis)
}

fn at_of_first(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT body FROM audit ORDER BY seq LIMIT 1";
    let first = connection.query_row(sql, [], |row| Ok(at_of(row.get_ref(0)?)));
    Ok(first.optional()?.flatten())
}

/// The last of the records at the beginning that are older than this.
fn last_before(connection: &Connection, before: i64) -> rusqlite::Result<Option<u64>> {
    let mut select = connection.prepare("SELECT seq, body FROM audit ORDER BY seq")?;
    let mut rows = select.query([])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        if at_of(row.get_ref(1)?).is_none_or(|at| at >= before) {
            break;
        }
        last = u64::try_from(row.get::<_, i64>(0)?).ok();
    }
    Ok(last)
}

/// Removes what was written with records, and records that. Nothing is recorded where there was nothing.
pub(crate) fn redact(
    connection: &Connection,
    stretch: Stretch,
    who: &Who,
    now: Timestamp,
) -> rusqlite::Result<Redacted> {
    let first = end(connection, "anchor")?.map_or(1, |anchor| anchor.seq.saturating_add(1));
    let (first, last) = match stretch {
        Stretch::One(seq) => (seq, seq),
        Stretch::Before(at) => match last_before(connection, at.unix_millis())? {
            Some(last) => (first, last),
            None => return Ok(Redacted::default()),
        },
    };
    // Deleted content would else stay in the page until something needs the room.
    connection.pragma_update(None, "secure_delete", true)?;
    let sql = "UPDATE audit SET salt = NULL, text = NULL
        WHERE seq BETWEEN ?1 AND ?2 AND (text IS NOT NULL OR salt IS NOT NULL)";
    let removed = connection.execute(sql, params![number(first), number(last)]);
    connection.pragma_update(None, "secure_delete", false)?;
    let texts = u64::try_from(removed?).unwrap_or(u64::MAX);
    if texts == 0 {
        return Ok(Redacted::default());
    }
    let record = Record::new(now, AuditKind::Redacted, "audit")
        .by(who.clone())
        .with("first", first)
        .with("last", last)
        .with("texts", texts);
    append(connection, &record)?;
    Ok(Redacted { first, last, texts })
}

/// The chain in the database of a daemon.
#[derive(Clone, Debug)]
pub struct SqliteAudit {
    database: Database,
}

impl SqliteAudit {
    /// In this database.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
        }
    }
}

impl AuditSink for SqliteAudit {
    fn append(&self, record: Record) -> Appended {
        let weight = record.weight();
        let appended = self
            .database
            .submit(Durability::Fsync, weight, move |connection| {
                append(connection, &record).map(drop)
            });
        match appended {
            Ok(receipt) => receipt.map(|told| Ok(told?)).boxed(),
            Err(error) => ready(Err(error.into())).boxed(),
        }
    }

    fn verify(
        &self,
        expected: Option<Head>,
    ) -> BoxFuture<'static, Result<Result<Summary, Break>, LogError>> {
        let verified = self
            .database
            .read(move |connection| verify(connection, expected));
        verified.map(|told| Ok(told?)).boxed()
    }

    fn redact(
        &self,
        stretch: Stretch,
        who: Who,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Redacted, LogError>> {
        let redacted = self
            .database
            .submit(Durability::Fsync, 0, move |connection| {
                redact(connection, stretch, &who, now)
            });
        match redacted {
            Ok(receipt) => receipt.map(|told| Ok(told?)).boxed(),
            Err(error) => ready(Err(error.into())).boxed(),
        }
    }
}

/// Why a file cannot be looked at.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuditFileError {
    /// There is none, or it is of a version that kept no such log.
    #[error("there is no audit log in {0}")]
    None(String),
    /// SQLite cannot read it.
    #[error("the audit log cannot be read: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The database cannot be opened to be written.
    #[error(transparent)]
    Database(#[from] DbError),
    /// What was read cannot be written out.
    #[error("the audit log cannot be written out: {0}")]
    Out(#[from] io::Error),
}

/// Opens the file of a root to be read, whether a daemon has it or not.
fn open(root: &Path) -> Result<Connection, AuditFileError> {
    let path = root.join(Database::FILE);
    let none = || AuditFileError::None(path.display().to_string());
    if !path.exists() {
        return Err(none());
    }
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(LOCK_WAIT)?;
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name IN ('audit', 'audit_ends')";
    let tables: u32 = connection.query_row(sql, [], |row| row.get(0))?;
    if tables == 2 {
        Ok(connection)
    } else {
        Err(none())
    }
}

/// Checks the chain below a root. It may be in use. `expected` is a head that was kept elsewhere. Blocks.
///
/// # Errors
/// [`AuditFileError`]; where the chain is broken is in the result.
pub fn verify_file(
    root: &Path,
    expected: Option<Head>,
) -> Result<Result<Summary, Break>, AuditFileError> {
    let connection = open(root)?;
    // One state of everything.
    let snapshot = connection.unchecked_transaction()?;
    Ok(verify(&snapshot, expected)?)
}

pub(super) fn verify(
    connection: &Connection,
    expected: Option<Head>,
) -> rusqlite::Result<Result<Summary, Break>> {
    let anchor = end(connection, "anchor")?.unwrap_or(Head::EMPTY);
    let mut verifier = Verifier::new(anchor, expected);
    let broken = each(connection, |link| Ok(verifier.next(&link).err()))?;
    if let Some(broken) = broken {
        return Ok(Err(broken));
    }
    let noted = end(connection, "head")?.unwrap_or(Head::EMPTY);
    Ok(verifier.finish(Some(noted)))
}

/// Writes out every record as a line of JSON, the oldest first, and gives the head. It may be in use. Blocks.
///
/// # Errors
/// [`AuditFileError`].
pub fn export(root: &Path, out: &mut dyn Write) -> Result<Head, AuditFileError> {
    let connection = open(root)?;
    let snapshot = connection.unchecked_transaction()?;
    let failed = each(&snapshot, |link| Ok(writeln!(out, "{}", line(&link)).err()))?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    Ok(head(&snapshot)?)
}

/// Redacts one record, or those before a moment, below a root that no daemon has. Blocks.
///
/// # Errors
/// [`AuditFileError`]; [`DbError::InUse`] where a daemon runs: then it is to be asked.
pub fn redact_file(
    root: &Path,
    stretch: Stretch,
    who: Who,
    now: Timestamp,
) -> Result<Redacted, AuditFileError> {
    drop(open(root)?);
    let database = Database::open(root, DatabaseOptions::default())?;
    let redacted = database
        .submit(Durability::Fsync, 0, move |connection| {
            redact(connection, stretch, &who, now)
        })?
        .wait(REDACT_DEADLINE)?;
    database.close(REDACT_DEADLINE)?;
    Ok(redacted)
}

/// Has `look` look at every record in turn, until it finds something.
fn each<T>(
    connection: &Connection,
    mut look: impl FnMut(Link) -> rusqlite::Result<Option<T>>,
) -> rusqlite::Result<Option<T>> {
    let sql = "SELECT seq, body, hash, salt, text FROM audit ORDER BY seq";
    let mut select = connection.prepare(sql)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let present = |column| -> rusqlite::Result<Option<Vec<u8>>> {
            let value = row.get_ref(column)?;
            Ok((value != ValueRef::Null).then(|| bytes(value)))
        };
        let link = Link {
            seq: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
            // What is no text any more has another digest than what was.
            body: String::from_utf8_lossy(&bytes(row.get_ref(1)?)).into_owned(),
            hash: bytes(row.get_ref(2)?),
            salt: present(3)?,
            text: present(4)?.map(|text| String::from_utf8_lossy(&text).into_owned()),
        };
        if let Some(found) = look(link)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The bytes of a text or a blob, whatever they are.
fn bytes(value: ValueRef<'_>) -> Vec<u8> {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    }
}

fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
