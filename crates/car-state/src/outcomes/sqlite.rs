//! Keeps answers in the database: what was recorded survives the end of the daemon, however it comes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::idempotency::IdempotencyKey;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;
use rusqlite::types::ToSqlOutput::{self, Borrowed};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::store::{KeptRow, KeptRows, OutcomeStore, RowId, Stored};
use super::{Fingerprint, Reply, Scope, Status, schema};
use crate::db::{Database, DbError, Job};
use crate::log::{Durability, LogError};

/// How long opening may take.
const OPEN_DEADLINE: Duration = Duration::from_secs(60);
/// What the record of an act weighs in the queue, beside its texts.
const ROW: usize = 128;

/// Answers that are on their way to storage.
type Pending = Arc<Mutex<HashMap<RowId, Arc<Reply>>>>;

/// Keeps answers in the database.
#[derive(Debug)]
pub struct SqliteOutcomes {
    database: Database,
    pending: Pending,
}

impl SqliteOutcomes {
    /// In this database.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
            pending: Pending::default(),
        }
    }
}

impl OutcomeStore for SqliteOutcomes {
    fn load(&self, now: Timestamp) -> Result<KeptRows, LogError> {
        let now = now.unix_millis();
        let load = move |connection: &Connection| {
            connection.execute(schema::CREATED, [now])?;
            connection.execute(schema::CUT, [now])?;
            let mut rows = connection.prepare(schema::LOAD)?;
            let rows = rows.query_map([], kept_row)?;
            let mut horizons = connection.prepare(schema::HORIZONS)?;
            let horizons = horizons.query_map([], |row| {
                let (scope, since): (String, i64) = (row.get(0)?, row.get(1)?);
                Ok((scope, Timestamp::from_unix_millis(since)))
            })?;
            let horizons = horizons.collect::<rusqlite::Result<Vec<_>>>()?;
            let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok((rows, horizons))
        };
        let loaded = self.database.submit(Durability::Os, 0, load)?;
        let (rows, horizons) = loaded.wait(OPEN_DEADLINE)?;
        let created = horizons.iter().find(|(scope, _)| scope.is_empty());
        let since = created.map_or(Timestamp::from_unix_millis(now), |(_, since)| *since);
        let named = horizons.into_iter().filter(|(scope, _)| !scope.is_empty());
        Ok(KeptRows {
            // A row that says nothing readable is none of this version.
            rows: rows.into_iter().flatten().collect(),
            since,
            horizons: named
                .map(|(scope, since)| (Scope::named(&scope), since))
                .collect(),
        })
    }

    fn admits(&self) -> Result<(), LogError> {
        Ok(self.database.admits()?)
    }

    fn begin(&self, row: &KeptRow) -> Stored {
        let row = row.clone();
        let bytes = ROW + row.key.as_str().len();
        let begun = self
            .database
            .submit(Durability::Os, bytes, move |connection| {
                let mut begin = connection.prepare_cached(schema::BEGIN)?;
                begin.execute(begun(&row)).map(drop)
            });
        match begun {
            Ok(receipt) => receipt.map(|told| Ok(told?)).boxed(),
            Err(error) => ready(Err(error.into())).boxed(),
        }
    }

    fn end(&self, row: &KeptRow, reply: Option<Arc<Reply>>) -> Stored {
        if let Some(reply) = &reply {
            self.pending.lock().insert(row.row, Arc::clone(reply));
        }
        let (tell, told) = oneshot::channel();
        let job = Ending {
            row: row.clone(),
            reply,
            pending: Arc::clone(&self.pending),
            tell: Some(tell),
        };
        self.database.submit_anyway(Durability::Os, Box::new(job));
        told.map(|told| Ok(told.unwrap_or(Err(DbError::Closed))?))
            .boxed()
    }

    fn forget(&self, scope: &Scope, rows: Vec<RowId>, horizon: Option<Timestamp>) {
        {
            let mut pending = self.pending.lock();
            rows.iter().for_each(|row| drop(pending.remove(row)));
        }
        let job = Forgetting {
            scope: scope.clone(),
            rows,
            horizon,
        };
        self.database.submit_anyway(Durability::Os, Box::new(job));
    }

    fn read(&self, row: RowId) -> BoxFuture<'static, Result<Option<Arc<Reply>>, LogError>> {
        let pending = self.pending.lock().get(&row).cloned();
        if let Some(reply) = pending {
            // Jobs are done in their order: what is ready after it is told after it. Where storage fails nobody waits.
            let stored = self.database.submit(Durability::Os, 0, |_| Ok(()));
            return async move {
                if let Ok(stored) = stored {
                    let _ = stored.await;
                }
                Ok(Some(reply))
            }
            .boxed();
        }
        let read = self.database.read(move |connection| {
            let mut read = connection.prepare_cached(schema::READ)?;
            let found = read.query_row([number(row)], |row| {
                Ok((
                    row.get::<_, Option<String>>(0)?,
                    row.get::<_, Option<String>>(1)?,
                ))
            });
            found.optional()
        });
        async move {
            let Some((Some(status), Some(text))) = read.await? else {
                return Ok(None);
            };
            Ok(reply(&status, text).map(Arc::new))
        }
        .boxed()
    }
}

/// Records the end of an act.
struct Ending {
    row: KeptRow,
    reply: Option<Arc<Reply>>,
    pending: Pending,
    tell: Option<oneshot::Sender<Result<(), DbError>>>,
}

impl Ending {
    fn tell(&mut self, outcome: Result<(), DbError>) {
        if let Some(tell) = self.tell.take() {
            let _ = tell.send(outcome);
        }
    }
}

impl Job for Ending {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let (row, reply) = (&self.row, self.reply.as_deref());
        let error = match reply {
            Some(Err(error)) => serde_json::to_string(error).ok(),
            _ => None,
        };
        let text = match reply {
            Some(Ok(result)) => Some(result.get()),
            _ => error.as_deref(),
        };
        let (status, at) = row.end.unzip();
        let mut end = connection.prepare_cached(schema::END)?;
        let ended = [
            ValueRef::from(status.map(Status::as_str)),
            at.map_or(ValueRef::Null, |at| ValueRef::Integer(at.unix_millis())),
            text.into(),
        ];
        let values = begun(row).into_iter().chain(ended.map(Borrowed));
        end.execute(params_from_iter(values)).map(drop)
    }

    fn delayed(&mut self, error: &DbError) {
        self.tell(Err(error.clone()));
    }

    fn done(mut self: Box<Self>, outcome: Result<(), DbError>) {
        self.pending.lock().remove(&self.row.row);
        self.tell(outcome);
    }
}

/// Drops acts.
struct Forgetting {
    scope: Scope,
    rows: Vec<RowId>,
    horizon: Option<Timestamp>,
}

impl Job for Forgetting {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut forget = connection.prepare_cached(schema::FORGET)?;
        for row in &self.rows {
            forget.execute([number(*row)])?;
        }
        if let Some(horizon) = self.horizon {
            let mut raise = connection.prepare_cached(schema::HORIZON)?;
            raise.execute(params![self.scope.as_str(), horizon.unix_millis()])?;
        }
        Ok(())
    }

    fn delayed(&mut self, _: &DbError) {}

    fn done(self: Box<Self>, _: Result<(), DbError>) {}
}

/// What every record of an act begins with, in the order of the columns.
fn begun(row: &KeptRow) -> [ToSqlOutput<'_>; 6] {
    [
        ValueRef::Integer(number(row.row)),
        row.scope.as_str().into(),
        row.key.as_str().into(),
        ValueRef::Blob(row.print.as_bytes()),
        (&*row.method).into(),
        ValueRef::Integer(row.begun.unix_millis()),
    ]
    .map(Borrowed)
}

fn number(row: RowId) -> i64 {
    i64::try_from(row.0).unwrap_or(i64::MAX)
}

fn status(word: &str) -> Option<Status> {
    [Status::Done, Status::Failed, Status::Unknown]
        .into_iter()
        .find(|status| status.as_str() == word)
}

fn reply(status: &str, text: String) -> Option<Reply> {
    if status == Status::Done.as_str() {
        RawValue::from_string(text).ok().map(Ok)
    } else {
        serde_json::from_str(&text).ok().map(Err)
    }
}

/// A row of the table; none where it says nothing readable.
fn kept_row(row: &Row<'_>) -> rusqlite::Result<Option<KeptRow>> {
    let id: i64 = row.get(0)?;
    let (scope, key): (String, String) = (row.get(1)?, row.get(2)?);
    let print: Vec<u8> = row.get(3)?;
    let method: String = row.get(4)?;
    let begun: i64 = row.get(5)?;
    let (word, ended): (Option<String>, Option<i64>) = (row.get(6)?, row.get(7)?);
    let bytes: Option<i64> = row.get(8)?;
    let (Ok(id), Ok(key)) = (u64::try_from(id), IdempotencyKey::new(&key)) else {
        return Ok(None);
    };
    let end = word.as_deref().and_then(status).zip(ended);
    Ok(Fingerprint::from_bytes(&print).map(|print| KeptRow {
        row: RowId(id),
        scope: Scope::named(&scope),
        key,
        print,
        method: method.into(),
        begun: Timestamp::from_unix_millis(begun),
        end: end.map(|(status, at)| (status, Timestamp::from_unix_millis(at))),
        bytes: bytes.and_then(|bytes| usize::try_from(bytes).ok()),
    }))
}
