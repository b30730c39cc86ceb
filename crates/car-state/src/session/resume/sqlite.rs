//! The table of sessions that can be resumed, and every statement on it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::events::Delivery;
use car_protocol::rpc::policy::PolicyDefinition;
use car_protocol::rpc::tools::ToolDefinition;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use super::machine::Tokens;
use super::note::{Note, Notebook, NotedStream};
use super::token::TokenHash;
use crate::db::{Database, DbError};
use crate::identity::{AgentId, Principal, Role, SessionId};
use crate::log::Durability;

/// The first form of the table.
pub(crate) const SESSIONS: &str = "
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        principal TEXT NOT NULL,
        role TEXT NOT NULL,
        -- SHA-256 of the tokens that are good: the one that was used last, and two that were given since.
        used BLOB,
        older BLOB,
        newest BLOB,
        grace_ms INTEGER NOT NULL,
        -- Until when it stays, in milliseconds since 1970. NULL while it has a connection.
        until INTEGER,
        -- Tools, policies and subscriptions, as JSON.
        belongings TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Notes that are read at the start. Further ones, the oldest first, are dropped.
const MOST: u32 = 4_096;
/// How long reading them may take.
const OPEN_DEADLINE: Duration = Duration::from_secs(30);

/// Notes in the database. A session's note waits for no other; what is noted while one is on its way is written once.
#[derive(Debug)]
pub(crate) struct SqliteNotebook {
    database: Database,
    /// What is to be written next of each session that something is on its way of. `None` drops it.
    waiting: Arc<Mutex<HashMap<SessionId, Option<Note>>>>,
}

#[derive(Deserialize, Serialize)]
struct Belongings {
    tools: Vec<ToolDefinition>,
    policies: Vec<PolicyDefinition>,
    streams: Vec<NotedStream>,
    patterns: Vec<(String, Delivery)>,
}

impl SqliteNotebook {
    /// The notes of this database, and what is in it.
    pub(crate) fn open(database: &Database) -> Result<(Self, Vec<Note>), DbError> {
        let load = database.submit(Durability::Memory, 0, load)?;
        let notes = load.wait(OPEN_DEADLINE)?;
        let notebook = Self {
            database: database.clone(),
            waiting: Arc::default(),
        };
        Ok((notebook, notes))
    }

    /// Has what is to be noted of a session written, behind all that is submitted already.
    fn write(&self, session: &SessionId, note: Option<Note>) -> Option<BoxFuture<'static, ()>> {
        let bytes = note.as_ref().map_or(0, Note::weight);
        let earlier = self.waiting.lock().insert(session.clone(), note);
        let (waiting, id) = (Arc::clone(&self.waiting), session.clone());
        // A job whose transaction fails runs again, and must find what it took.
        let taken = OnceLock::new();
        let job = move |connection: &Connection| {
            let note = taken.get_or_init(|| waiting.lock().remove(&id));
            match note {
                Some(Some(note)) => save(connection, note),
                Some(None) => forget(connection, &id),
                // An earlier job took it along.
                None => Ok(()),
            }
        };
        match self.database.submit(Durability::Os, bytes, job) {
            Ok(receipt) => Some(receipt.map(report).boxed()),
            Err(error) => {
                // An earlier job that is on its way takes it along.
                if earlier.is_none() {
                    self.waiting.lock().remove(session);
                }
                report(Err(error));
                None
            }
        }
    }
}

/// What a failure means for the client: it can come back for as long as this process lives.
fn report(noted: Result<(), DbError>) {
    if let Err(error) = noted {
        tracing::warn!(%error, "a session is not noted: it would not survive the end of the daemon");
    }
}

impl Notebook for SqliteNotebook {
    fn save(&self, note: Note) -> Option<BoxFuture<'static, ()>> {
        let session = note.id.clone();
        self.write(&session, Some(note))
    }

    fn forget(&self, session: &SessionId) {
        drop(self.write(session, None));
    }
}

/// How the principal of an agent begins in the table.
const AGENT: &str = "agent/";

fn save(connection: &Connection, note: &Note) -> rusqlite::Result<()> {
    let belongings = Belongings {
        tools: note.tools.clone(),
        policies: note.policies.clone(),
        streams: note.streams.clone(),
        patterns: note.patterns.clone(),
    };
    let belongings = serde_json::to_string(&belongings)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let principal = match &note.principal {
        Principal::Client => Cow::Borrowed("client"),
        Principal::Host => Cow::Borrowed("host"),
        Principal::Agent(agent) => Cow::Owned(format!("{AGENT}{agent}")),
        Principal::Anonymous(_) => Cow::Borrowed("anonymous"),
    };
    let Tokens {
        used,
        given: [older, newest],
    } = note.tokens;
    let sql = "INSERT OR REPLACE INTO sessions
        (id, principal, role, used, older, newest, grace_ms, until, belongings)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let row = params![
        note.id.as_str(),
        principal,
        note.role.as_str(),
        used.map(TokenHash::bytes),
        older.map(TokenHash::bytes),
        newest.map(TokenHash::bytes),
        i64::try_from(note.grace.as_millis()).unwrap_or(i64::MAX),
        note.until.map(|until| until.unix_millis()),
        belongings,
    ];
    connection.prepare_cached(sql)?.execute(row).map(drop)
}

fn forget(connection: &Connection, session: &SessionId) -> rusqlite::Result<()> {
    let sql = "DELETE FROM sessions WHERE id = ?1";
    connection
        .prepare_cached(sql)?
        .execute([session.as_str()])
        .map(drop)
}

fn load(connection: &Connection) -> rusqlite::Result<Vec<Note>> {
    let excess = "SELECT until FROM sessions ORDER BY coalesce(until, 9223372036854775807) DESC
        LIMIT 1 OFFSET ?1";
    let excess: Option<Option<i64>> = connection
        .query_row(excess, [MOST], |row| row.get(0))
        .optional()?;
    if let Some(Some(until)) = excess {
        connection.execute("DELETE FROM sessions WHERE until <= ?1", [until])?;
    }
    let sql =
        "SELECT id, principal, role, used, older, newest, grace_ms, until, belongings FROM sessions
        LIMIT ?1";
    let mut rows = connection.prepare(sql)?;
    let rows = rows.query_map([MOST], note)?;
    rows.filter_map(Result::transpose).collect()
}

/// The note in a row; none where a part of it cannot be read, which costs its client no more than a new session.
fn note(row: &Row<'_>) -> rusqlite::Result<Option<Note>> {
    let id = SessionId::new(&row.get::<_, String>(0)?);
    let principal = match row.get::<_, String>(1)?.as_str() {
        "client" => Principal::Client,
        "host" => Principal::Host,
        text => match text.strip_prefix(AGENT).map(str::parse::<AgentId>) {
            Some(Ok(agent)) => Principal::Agent(agent),
            Some(Err(_)) => return Ok(None),
            None => Principal::Anonymous(id.clone()),
        },
    };
    let role = match row.get::<_, String>(2)?.as_str() {
        "host" => Role::Host,
        "agent" => Role::Agent,
        _ => Role::Client,
    };
    let token = |column: usize| -> rusqlite::Result<Option<TokenHash>> {
        Ok(row
            .get::<_, Option<[u8; 32]>>(column)?
            .map(TokenHash::of_bytes))
    };
    let tokens = Tokens {
        used: token(3)?,
        given: [token(4)?, token(5)?],
    };
    let grace = Duration::from_millis(row.get::<_, u64>(6)?);
    let until = row.get::<_, Option<i64>>(7)?;
    let belongings = serde_json::from_str::<Belongings>(&row.get::<_, String>(8)?);
    let Ok(belongings) = belongings else {
        tracing::error!(session = %id, "what was noted of a session cannot be read");
        return Ok(None);
    };
    Ok(Some(Note {
        id,
        principal,
        role,
        tokens,
        grace,
        until: until.map(Timestamp::from_unix_millis),
        tools: belongings.tools,
        policies: belongings.policies,
        streams: belongings.streams,
        patterns: belongings.patterns,
    }))
}

#[cfg(test)]
mod tests {
    use car_protocol::rpc::events::Cursor;

    use super::*;
    use crate::db::DatabaseOptions;

    fn some(id: &str, until: Option<i64>) -> Note {
        let hash = |byte| Some(TokenHash::of_bytes([byte; 32]));
        Note {
            id: SessionId::new(id),
            principal: Principal::Client,
            role: Role::Client,
            tokens: Tokens {
                used: hash(1),
                given: [None, hash(2)],
            },
            grace: Duration::from_secs(120),
            until: until.map(Timestamp::from_unix_millis),
            tools: vec![ToolDefinition {
                name: "search".to_owned(),
                ..ToolDefinition::default()
            }],
            policies: Vec::new(),
            streams: vec![NotedStream {
                stream: "host".to_owned(),
                at: Cursor { epoch: 3, seq: 7 },
                delivery: Delivery::Coalesce,
                named: true,
            }],
            patterns: vec![("session/*".to_owned(), Delivery::Lossless)],
        }
    }

    #[tokio::test]
    async fn what_was_noted_last_is_there_after_the_end() {
        let root = tempfile::tempdir().unwrap();
        let database = Database::open(root.path(), DatabaseOptions::default()).unwrap();
        let (notebook, notes) = SqliteNotebook::open(&database).unwrap();
        assert!(notes.is_empty());
        drop(notebook.save(some("one", None)));
        drop(notebook.save(some("two", None)));
        drop(notebook.save(some("three", Some(1))));
        notebook.forget(&SessionId::new("two"));
        notebook.save(some("one", Some(5))).unwrap().await;
        assert!(notebook.waiting.lock().is_empty());
        drop(notebook);
        database.close(OPEN_DEADLINE).unwrap();
        drop(database);
        let database = Database::open(root.path(), DatabaseOptions::default()).unwrap();
        let (_, mut notes) = SqliteNotebook::open(&database).unwrap();
        notes.sort_by_key(|note| note.id.clone());
        let wanted = [some("one", Some(5)), some("three", Some(1))];
        assert_eq!(format!("{notes:?}"), format!("{wanted:?}"));
        assert!(notes[0].tokens == wanted[0].tokens);
    }

    #[test]
    fn no_more_notes_are_read_than_are_kept() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SESSIONS).unwrap();
        for number in 0..i64::from(MOST) + 10 {
            save(&connection, &some(&format!("{number}"), Some(number))).unwrap();
        }
        let notes = load(&connection).unwrap();
        assert_eq!(notes.len(), MOST as usize);
        let oldest = notes.iter().filter_map(|note| note.until).min();
        assert_eq!(oldest, Some(Timestamp::from_unix_millis(10)));
    }
}
