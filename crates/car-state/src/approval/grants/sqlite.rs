//! The table of grants that outlive a session, and every statement on it.

use std::collections::BTreeMap;
use std::time::Duration;

use car_protocol::Timestamp;
use futures_util::FutureExt as _;
use futures_util::future::ready;
use rusqlite::{Connection, Row, params};

use super::grant::{Grant, GrantId, Life};
use super::narrowing::{ArgumentPattern, Narrowing};
use super::store::{GrantStore, Kept};
use super::table::MAX_GRANTS;
use crate::approval::{ActDigest, Operation, OperationKind, PolicyRevision, ToolVersion};
use crate::audit::sqlite::append;
use crate::audit::{AuditKind, Record};
use crate::db::{Database, DbError, Receipt};
use crate::identity::Principal;
use crate::log::{Durability, LogError};

/// The first form of the table.
pub(crate) const GRANTS: &str = "
    CREATE TABLE grants (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        -- `method` or `tool`, its name, and the version of a tool.
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        version TEXT,
        -- What it is narrowed to: patterns by JSON pointer, as JSON; the act; the agent.
        arguments TEXT NOT NULL,
        digest BLOB,
        agent TEXT,
        -- Milliseconds since 1970, and how many uses are left. Both are NULL where it lasts.
        until INTEGER,
        remaining INTEGER,
        uses INTEGER NOT NULL,
        last_used INTEGER,
        created_by TEXT NOT NULL,
        created INTEGER NOT NULL,
        approval TEXT NOT NULL,
        revision TEXT
    ) STRICT, WITHOUT ROWID;
";

/// How long opening may take.
const OPEN_DEADLINE: Duration = Duration::from_secs(60);
/// What a row weighs in the queue, beside its record.
const ROW: usize = 512;

const COLUMNS: &str =
    "id, owner, kind, name, version, arguments, digest, agent, until, remaining, uses, last_used,
    created_by, created, approval, revision";

/// Grants in the database.
#[derive(Clone, Debug)]
pub struct SqliteGrants {
    database: Database,
}

impl SqliteGrants {
    /// In this database.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
        }
    }

    fn submit(
        &self,
        bytes: usize,
        job: impl FnMut(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Kept {
        kept(self.database.submit(Durability::Fsync, bytes, job))
    }
}

fn kept(submitted: Result<Receipt<()>, DbError>) -> Kept {
    match submitted {
        Ok(receipt) => receipt.map(|told| Ok(told?)).boxed(),
        Err(error) => ready(Err(error.into())).boxed(),
    }
}

impl GrantStore for SqliteGrants {
    fn load(&self, now: Timestamp) -> Result<Vec<Grant>, LogError> {
        let load = self
            .database
            .submit(Durability::Fsync, 0, move |connection| {
                load(connection, now)
            })?;
        Ok(load.wait(OPEN_DEADLINE)?)
    }

    fn admits(&self) -> Result<(), LogError> {
        Ok(self.database.admits()?)
    }

    fn add(&self, grant: &Grant, record: Record) -> Kept {
        let (grant, bytes) = (grant.clone(), ROW + record.weight());
        self.submit(bytes, move |connection| {
            insert(connection, &grant)?;
            append(connection, &record).map(drop)
        })
    }

    fn note_use(&self, grant: &Grant, record: Record) -> Kept {
        let (id, remaining) = (grant.id.clone(), grant.remaining);
        let uses = number(grant.uses);
        let last = grant.last_used_at.map(Timestamp::unix_millis);
        self.submit(record.weight(), move |connection| {
            // The least of what is left and the most of what was used: uses may come here in another order.
            let sql = "UPDATE grants SET remaining = min(remaining, ?2), uses = max(uses, ?3),
                last_used = max(coalesce(last_used, ?4), ?4) WHERE id = ?1";
            let row = params![id.as_str(), remaining, uses, last];
            connection.prepare_cached(sql)?.execute(row)?;
            let used_up = "DELETE FROM grants WHERE id = ?1 AND remaining = 0";
            connection.prepare_cached(used_up)?.execute([id.as_str()])?;
            append(connection, &record).map(drop)
        })
    }

    fn remove(&self, ended: Vec<(GrantId, Record)>) -> Kept {
        let bytes = ended.iter().map(|(_, record)| record.weight()).sum();
        self.submit(bytes, move |connection| {
            for (id, record) in &ended {
                delete(connection, id.as_str())?;
                append(connection, record)?;
            }
            Ok(())
        })
    }
}

fn insert(connection: &Connection, grant: &Grant) -> rusqlite::Result<()> {
    let patterns: BTreeMap<&str, &str> = grant
        .narrowing
        .arguments
        .iter()
        .map(|(pointer, pattern)| (pointer.as_str(), pattern.as_str()))
        .collect();
    let patterns = serde_json::to_string(&patterns)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let sql = format!(
        "INSERT OR REPLACE INTO grants ({COLUMNS})
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
    );
    let row = params![
        grant.id.as_str(),
        grant.owner.to_string(),
        grant.operation.kind().as_str(),
        grant.operation.name(),
        grant.operation.version().map(ToolVersion::as_str),
        patterns,
        grant.narrowing.digest.as_ref().map(ActDigest::as_bytes),
        grant.narrowing.agent,
        grant.expires_at().map(Timestamp::unix_millis),
        grant.remaining,
        number(grant.uses),
        grant.last_used_at.map(Timestamp::unix_millis),
        grant.created_by,
        grant.created_at.unix_millis(),
        grant.approval_id,
        grant.revision.as_ref().map(PolicyRevision::as_str),
    ];
    connection.prepare_cached(&sql)?.execute(row).map(drop)
}

fn delete(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM grants WHERE id = ?1";
    connection.prepare_cached(sql)?.execute([id]).map(drop)
}

/// Drops what is over, with a record of each, and gives the rest.
fn load(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Grant>> {
    let sql = format!("SELECT {COLUMNS} FROM grants ORDER BY created, id LIMIT {MAX_GRANTS}");
    let mut select = connection.prepare(&sql)?;
    let grants = select
        .query_map([], grant)?
        .filter_map(Result::transpose)
        .collect::<rusqlite::Result<Vec<Grant>>>()?;
    let (over, live): (Vec<_>, Vec<_>) = grants.into_iter().partition(|grant| grant.is_over(now));
    for grant in over {
        delete(connection, grant.id.as_str())?;
        let record = Record::new(now, AuditKind::GrantEnded, grant.id.as_str());
        append(connection, &record.with("because", "over"))?;
    }
    Ok(live)
}

/// The grant in a row; none where a part of it cannot be read: then a person is asked again.
fn grant(row: &Row<'_>) -> rusqlite::Result<Option<Grant>> {
    let id: String = row.get(0)?;
    let owner = Principal::named(&row.get::<_, String>(1)?);
    let kind = row.get::<_, String>(2)?.parse::<OperationKind>();
    let name = row.get::<_, String>(3)?;
    let version: Option<String> = row.get(4)?;
    let patterns = serde_json::from_str::<BTreeMap<String, String>>(&row.get::<_, String>(5)?);
    let digest: Option<Vec<u8>> = row.get(6)?;
    let read = digest.as_deref().map(ActDigest::from_bytes);
    let (Some(owner), Ok(kind), Ok(patterns), None | Some(Some(_))) = (owner, kind, patterns, read)
    else {
        tracing::error!(grant = id, "a grant cannot be read");
        return Ok(None);
    };
    let operation = match kind {
        OperationKind::Method => Operation::Method(name.into()),
        OperationKind::Tool => Operation::Tool {
            name: name.into(),
            version: version.as_deref().map(ToolVersion::named),
        },
    };
    let until: Option<i64> = row.get(8)?;
    let remaining: Option<u32> = row.get(9)?;
    let life = match (until, remaining) {
        (Some(until), _) => Life::Until(Timestamp::from_unix_millis(until)),
        (None, Some(_)) => Life::Times,
        (None, None) => Life::Always,
    };
    let patterns = patterns
        .into_iter()
        .map(|(pointer, pattern)| (pointer, ArgumentPattern::new(&pattern)));
    Ok(Some(Grant {
        id: GrantId::new(&id),
        owner,
        operation,
        narrowing: Narrowing {
            arguments: patterns.collect(),
            digest: read.flatten(),
            agent: row.get(7)?,
        },
        life,
        remaining,
        uses: u64::try_from(row.get::<_, i64>(10)?).unwrap_or(0),
        last_used_at: row
            .get::<_, Option<i64>>(11)?
            .map(Timestamp::from_unix_millis),
        created_by: row.get(12)?,
        created_at: Timestamp::from_unix_millis(row.get(13)?),
        approval_id: row.get(14)?,
        revision: row
            .get::<_, Option<String>>(15)?
            .as_deref()
            .map(PolicyRevision::new),
    }))
}

fn number(uses: u64) -> i64 {
    i64::try_from(uses).unwrap_or(i64::MAX)
}
