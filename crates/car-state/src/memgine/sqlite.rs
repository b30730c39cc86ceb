//! Facts in the database: the tables, and every statement on them.
//!
//! A fact is the JSON that it is on the wire, so that no form of it is lost; its vector stands beside it with the model that
//! made it. There is no index of terms in the file: engines have one in memory, so that all stores rank alike. Skills have a
//! table of their own.

pub(crate) mod skills;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tokio::sync::oneshot;

use super::store::{Batch, Changes, FactStore, FactStores, Kept, KeptFact, KeptVector};
use super::{Fact, SegmentKey, Space, in_parallel};
use crate::db::{Database, DbError, Job};
use crate::log::{Durability, LogError};

/// The first form of the tables.
pub(crate) const MEMORY: &str = "
    CREATE TABLE memory_spaces (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        -- The number of the next fact: numbers are never used again.
        next INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE memory_models (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        dimension INTEGER NOT NULL,
        UNIQUE (name, dimension)
    ) STRICT;
    CREATE TABLE memory_facts (
        space INTEGER NOT NULL REFERENCES memory_spaces (id),
        number INTEGER NOT NULL,
        -- JSON.
        fact TEXT NOT NULL,
        -- The model of the vector, its factor (f32) and its numbers (i8), where there is one.
        model INTEGER REFERENCES memory_models (id),
        scale REAL,
        vector BLOB,
        PRIMARY KEY (space, number)
    ) STRICT, WITHOUT ROWID;
    -- Segments of conversations that were forgotten: without a word of them.
    CREATE TABLE memory_gone (
        space INTEGER NOT NULL REFERENCES memory_spaces (id),
        conversation TEXT NOT NULL,
        source TEXT NOT NULL,
        segment TEXT NOT NULL,
        revision INTEGER NOT NULL,
        PRIMARY KEY (space, conversation, source, segment)
    ) STRICT, WITHOUT ROWID;
";

/// How long loading may take.
const LOAD_DEADLINE: Duration = Duration::from_secs(60);

/// Keeps the facts of one memory in the database.
#[derive(Debug)]
pub struct SqliteFacts {
    database: Database,
    name: Arc<str>,
    /// A batch was refused for good: the file is not what the engine has, and nothing more is promised.
    lost: Arc<AtomicBool>,
}

impl SqliteFacts {
    /// The memory of this name in this database.
    #[must_use]
    pub fn new(database: &Database, name: &str) -> Self {
        Self {
            database: database.clone(),
            name: name.into(),
            lost: Arc::default(),
        }
    }
}

impl FactStores for Database {
    fn of(&self, space: &Space) -> Arc<dyn FactStore> {
        Arc::new(SqliteFacts::new(self, &space.to_string()))
    }
}

impl FactStore for SqliteFacts {
    fn load(&self) -> Result<Kept, LogError> {
        let name = Arc::clone(&self.name);
        let load = move |connection: &Connection| load(connection, &name);
        let loaded = self.database.submit(Durability::Os, 0, load)?;
        let (rest, rows) = loaded.wait(LOAD_DEADLINE)?;
        // Read here: those who want to write wait for the database alone.
        let facts = in_parallel(rows, |rows| rows.into_iter().map(FactRow::read).collect());
        Ok(Kept {
            facts: facts.map_err(DbError::from)?,
            ..rest
        })
    }

    fn admits(&self) -> Result<(), LogError> {
        if self.lost.load(Ordering::Relaxed) {
            return Err(DbError::Panicked.into());
        }
        Ok(self.database.admits()?)
    }

    fn write(&self, changes: Arc<dyn Changes>) -> BoxFuture<'static, Result<(), LogError>> {
        if let Err(error) = self.admits() {
            return ready(Err(error)).boxed();
        }
        let (tell, told) = oneshot::channel();
        let job = Writing {
            name: Arc::clone(&self.name),
            changes,
            batch: None,
            lost: Arc::clone(&self.lost),
            tell: Some(tell),
        };
        self.database.submit_anyway(Durability::Os, Box::new(job));
        told.map(|told| Ok(told.unwrap_or(Err(DbError::Closed))?))
            .boxed()
    }
}

/// Keeps what has changed. The first of those that wait takes it all, and the others find nothing.
struct Writing {
    name: Arc<str>,
    changes: Arc<dyn Changes>,
    batch: Option<Batch>,
    lost: Arc<AtomicBool>,
    tell: Option<oneshot::Sender<Result<(), DbError>>>,
}

impl Writing {
    fn tell(&mut self, outcome: Result<(), DbError>) {
        if let Some(tell) = self.tell.take() {
            let _ = tell.send(outcome);
        }
    }
}

impl Job for Writing {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        // The same batch each time: what it says was taken from the engine, and must not be lost.
        let batch = self.batch.get_or_insert_with(|| self.changes.take());
        if batch.is_empty() {
            return Ok(());
        }
        if !batch.erases_text {
            return write(connection, &self.name, batch);
        }
        // Deleted content would else stay in the page until something needs the room.
        connection.pragma_update(None, "secure_delete", true)?;
        let written = write(connection, &self.name, batch);
        connection.pragma_update(None, "secure_delete", false)?;
        written
    }

    fn delayed(&mut self, error: &DbError) {
        self.tell(Err(error.clone()));
    }

    fn done(mut self: Box<Self>, outcome: Result<(), DbError>) {
        let nothing = self.batch.as_ref().is_some_and(Batch::is_empty);
        if outcome.is_err() && !nothing {
            self.lost.store(true, Ordering::Relaxed);
        }
        self.tell(outcome);
    }
}

fn space(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    let mut find = connection.prepare_cached("SELECT id FROM memory_spaces WHERE name = ?1")?;
    if let Some(id) = find.query_row([name], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    let sql = "INSERT INTO memory_spaces (name, next) VALUES (?1, 1)";
    connection.prepare_cached(sql)?.execute([name])?;
    Ok(connection.last_insert_rowid())
}

fn model(connection: &Connection, vector: &KeptVector) -> rusqlite::Result<i64> {
    let dimension = number(vector.values.len());
    let find = "SELECT id FROM memory_models WHERE name = ?1 AND dimension = ?2";
    let mut find = connection.prepare_cached(find)?;
    let found = find.query_row(params![vector.model, dimension], |row| row.get(0));
    if let Some(id) = found.optional()? {
        return Ok(id);
    }
    let sql = "INSERT INTO memory_models (name, dimension) VALUES (?1, ?2)";
    let mut add = connection.prepare_cached(sql)?;
    add.execute(params![vector.model, dimension])?;
    Ok(connection.last_insert_rowid())
}

fn write(connection: &Connection, name: &str, batch: &Batch) -> rusqlite::Result<()> {
    let space = space(connection, name)?;
    if batch.clear {
        for sql in [
            "DELETE FROM memory_facts WHERE space = ?1",
            "DELETE FROM memory_gone WHERE space = ?1",
        ] {
            connection.prepare_cached(sql)?.execute([space])?;
        }
    }
    let sql = "UPDATE memory_spaces SET next = ?2 WHERE id = ?1";
    let mut set = connection.prepare_cached(sql)?;
    set.execute(params![space, batch.next])?;
    let sql = "DELETE FROM memory_facts WHERE space = ?1 AND number = ?2";
    let mut erase = connection.prepare_cached(sql)?;
    for number in &batch.erased {
        erase.execute(params![space, number])?;
    }
    let sql = "INSERT OR REPLACE INTO memory_facts (space, number, fact, model, scale, vector)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut put = connection.prepare_cached(sql)?;
    for kept in &batch.put {
        let failed =
            |error: serde_json::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
        let fact = serde_json::to_string(&*kept.fact).map_err(failed)?;
        let vector = kept.vector.as_ref();
        let model = vector.map(|vector| model(connection, vector)).transpose()?;
        let scale = vector.map(|vector| f64::from(vector.scale));
        let numbers: Option<Vec<u8>> = vector.map(|vector| {
            let numbers = vector.values.iter();
            numbers.map(|number| number.cast_unsigned()).collect()
        });
        put.execute(params![space, kept.number, fact, model, scale, numbers])?;
    }
    let sql = "DELETE FROM memory_gone
        WHERE space = ?1 AND conversation = ?2 AND source = ?3 AND segment = ?4";
    let mut unnote = connection.prepare_cached(sql)?;
    for key in &batch.unnoted {
        unnote.execute(params![space, key.conversation, key.source, key.segment])?;
    }
    let sql = "INSERT OR REPLACE INTO memory_gone (space, conversation, source, segment, revision)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut note = connection.prepare_cached(sql)?;
    for key in &batch.gone {
        let (conversation, source) = (&key.conversation, &key.source);
        note.execute(params![
            space,
            conversation,
            source,
            key.segment,
            key.revision
        ])?;
    }
    skills::write(connection, space, batch)
}

/// All but the facts, and their rows.
fn load(connection: &Connection, name: &str) -> rusqlite::Result<(Kept, Vec<FactRow>)> {
    let space = space(connection, name)?;
    let sql = "SELECT next FROM memory_spaces WHERE id = ?1";
    let next: u32 = connection.query_row(sql, [space], |row| row.get(0))?;
    let mut models: HashMap<i64, Arc<str>> = HashMap::new();
    let mut select = connection.prepare("SELECT id, name FROM memory_models")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        models.insert(row.get(0)?, row.get(1)?);
    }
    let sql = "SELECT number, fact, model, scale, vector FROM memory_facts
        WHERE space = ?1 ORDER BY number";
    let mut select = connection.prepare(sql)?;
    let facts = select.query_map([space], |row| FactRow::take(row, &models))?;
    let facts = facts.collect::<rusqlite::Result<Vec<_>>>()?;
    let sql = "SELECT conversation, source, segment, revision FROM memory_gone WHERE space = ?1";
    let mut select = connection.prepare(sql)?;
    let gone = select.query_map([space], |row| {
        Ok(SegmentKey {
            conversation: row.get(0)?,
            source: row.get(1)?,
            segment: row.get(2)?,
            revision: row.get(3)?,
        })
    })?;
    let rest = Kept {
        next,
        facts: Vec::new(),
        gone: gone.collect::<rusqlite::Result<Vec<_>>>()?,
        skills: skills::load(connection, space)?,
    };
    Ok((rest, facts))
}

/// A fact as it stands in its table.
struct FactRow {
    number: u32,
    text: String,
    vector: Option<KeptVector>,
}

impl FactRow {
    fn take(row: &Row<'_>, models: &HashMap<i64, Arc<str>>) -> rusqlite::Result<Self> {
        let model: Option<i64> = row.get(2)?;
        let vector = match model.and_then(|id| models.get(&id)) {
            Some(model) => Some(KeptVector {
                model: Arc::clone(model),
                // It was an f32, so nothing is lost.
                scale: row.get::<_, f64>(3)? as f32,
                values: row
                    .get_ref(4)?
                    .as_blob()?
                    .iter()
                    .map(|number| number.cast_signed())
                    .collect(),
            }),
            None => None,
        };
        Ok(Self {
            number: row.get(0)?,
            text: row.get(1)?,
            vector,
        })
    }

    fn read(self) -> rusqlite::Result<KeptFact> {
        let fact: Fact = serde_json::from_str(&self.text).map_err(|error| {
            let text = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(1, text, Box::new(error))
        })?;
        Ok(KeptFact {
            number: self.number,
            fact: Arc::new(fact),
            vector: self.vector,
        })
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
