//! The table of turns, and every statement on it.

use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::agents_chat::{Outcome, Turn};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rusqlite::{Connection, Row, params};

use super::ChatLimits;
use super::turns::{KeptChat, Then, TurnEnd, TurnRow, TurnStore};
use crate::db::{Database, DbError, Job};
use crate::log::{Durability, LogError};

/// The first form of the table.
pub(crate) const TURNS: &str = "
    CREATE TABLE chat_turns (
        number INTEGER PRIMARY KEY,
        chat TEXT NOT NULL,
        turn TEXT NOT NULL,
        agent TEXT NOT NULL,
        -- The credential that began the chat.
        owner TEXT NOT NULL,
        prompt TEXT NOT NULL,
        text TEXT NOT NULL,
        started INTEGER NOT NULL,
        -- Both are NULL while it runs.
        outcome TEXT,
        ended INTEGER,
        error TEXT
    ) STRICT;
    CREATE INDEX chat_turns_of_chat ON chat_turns (chat, number);
";

/// How long opening may take.
const OPEN_DEADLINE: Duration = Duration::from_secs(60);
/// What is told of a turn that a daemon did not outlive.
pub(super) const CUT: &str = "the daemon was started again";

/// Keeps turns in the database.
#[derive(Debug)]
pub(super) struct SqliteTurns {
    database: Database,
    limits: ChatLimits,
}

impl SqliteTurns {
    pub(super) fn new(database: &Database, limits: ChatLimits) -> Self {
        Self {
            database: database.clone(),
            limits,
        }
    }

    fn write(
        &self,
        job: impl FnMut(&Connection) -> rusqlite::Result<()> + Send + 'static,
        then: Then,
    ) {
        let job = Write {
            job,
            then: Some(then),
        };
        self.database.submit_anyway(Durability::Os, Box::new(job));
    }
}

/// Something to be written, and what is done then.
struct Write<F> {
    job: F,
    then: Option<Then>,
}

impl<F: FnMut(&Connection) -> rusqlite::Result<()> + Send> Job for Write<F> {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        (self.job)(connection)
    }

    fn delayed(&mut self, error: &DbError) {
        // Whoever waits for the end of a turn is not kept waiting for a disk.
        if let Some(then) = self.then.take() {
            tracing::error!(%error, "a turn of a chat is told before it is written down");
            then();
        }
    }

    fn done(mut self: Box<Self>, outcome: Result<(), DbError>) {
        if let Err(error) = outcome {
            tracing::error!(%error, "a turn of a chat is not written down");
        }
        if let Some(then) = self.then.take() {
            then();
        }
    }
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl TurnStore for SqliteTurns {
    fn open(&self, now: Timestamp) -> Result<(Vec<KeptChat>, u64), LogError> {
        let (chats, now) = (number(self.limits.chats as u64), now.unix_millis());
        let load = move |connection: &Connection| {
            let mut cut =
                connection.prepare("SELECT number FROM chat_turns WHERE outcome IS NULL")?;
            let cut = cut.query_map([], |row| row.get::<_, i64>(0))?;
            let cut = cut.collect::<rusqlite::Result<Vec<_>>>()?;
            connection.execute(
                "UPDATE chat_turns SET outcome = ?1, ended = ?2, error = ?3 WHERE outcome IS NULL",
                params![Outcome::AgentGone.as_str(), now, CUT],
            )?;
            let mut newest = connection.prepare(
                "SELECT number, chat, agent, owner, turn, ended, outcome FROM chat_turns
                WHERE number IN (SELECT max(number) FROM chat_turns GROUP BY chat)
                ORDER BY number DESC LIMIT ?1",
            )?;
            let rows = newest.query_map([chats], |row| {
                let at: i64 = row.get(5)?;
                Ok(KeptChat {
                    chat: row.get(1)?,
                    agent: row.get(2)?,
                    owner: row.get(3)?,
                    turn: row.get(4)?,
                    at: Timestamp::from_unix_millis(at),
                    outcome: outcome(&row.get::<_, String>(6)?),
                    was_cut: cut.contains(&row.get(0)?),
                })
            })?;
            let mut kept = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            kept.reverse();
            let last = "SELECT coalesce(max(number), 0) FROM chat_turns";
            let last: i64 = connection.query_row(last, [], |row| row.get(0))?;
            Ok((kept, u64::try_from(last).unwrap_or_default()))
        };
        let loaded = self.database.submit(Durability::Os, 0, load)?;
        Ok(loaded.wait(OPEN_DEADLINE)?)
    }

    fn admits(&self) -> Result<(), LogError> {
        Ok(self.database.admits()?)
    }

    fn begin(&self, row: TurnRow) {
        let (kept, of_chat) = (self.limits.kept as u64, self.limits.kept_of_chat);
        let age = i64::try_from(self.limits.age.as_millis()).unwrap_or(i64::MAX);
        let begin = move |connection: &Connection| {
            let started = row.started.unix_millis();
            let mut insert = connection.prepare_cached(
                "INSERT OR REPLACE INTO chat_turns (number, chat, turn, agent, owner, prompt, text, started)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', ?7)",
            )?;
            insert.execute(params![
                number(row.number),
                row.chat,
                row.turn,
                row.agent,
                row.owner,
                row.prompt,
                started,
            ])?;
            let mut excess = connection.prepare_cached(
                "DELETE FROM chat_turns WHERE number <= ?1 OR (chat = ?2 AND number <= (
                    SELECT number FROM chat_turns WHERE chat = ?2 ORDER BY number DESC LIMIT 1 OFFSET ?3))",
            )?;
            let oldest = number(row.number.saturating_sub(kept));
            excess.execute(params![oldest, row.chat, number(of_chat as u64)])?;
            // Numbers grow with time, so the oldest are the first.
            let mut aged = connection.prepare_cached(
                "DELETE FROM chat_turns WHERE number IN (
                    SELECT number FROM chat_turns ORDER BY number LIMIT 16) AND started < ?1",
            )?;
            aged.execute([started.saturating_sub(age)]).map(drop)
        };
        self.write(begin, Box::new(|| {}));
    }

    fn forget(&self, turn: u64) {
        let forget = move |connection: &Connection| {
            let mut forget =
                connection.prepare_cached("DELETE FROM chat_turns WHERE number = ?1")?;
            forget.execute([number(turn)]).map(drop)
        };
        self.write(forget, Box::new(|| {}));
    }

    fn settled(&self) -> BoxFuture<'static, ()> {
        // Jobs are done in their order. Where storage fails nobody waits.
        let settled = self.database.submit(Durability::Os, 0, |_| Ok(()));
        async move {
            if let Ok(settled) = settled {
                let _ = settled.await;
            }
        }
        .boxed()
    }

    fn outlives(&self) -> bool {
        true
    }

    fn note(&self, turn: u64, text: String) {
        let note = move |connection: &Connection| {
            let mut note = connection
                .prepare_cached("UPDATE chat_turns SET text = text || ?2 WHERE number = ?1")?;
            note.execute(params![number(turn), text]).map(drop)
        };
        self.write(note, Box::new(|| {}));
    }

    fn end(&self, end: TurnEnd, then: Then) {
        let write = move |connection: &Connection| {
            let mut write = connection.prepare_cached(
                "UPDATE chat_turns SET text = text || ?2, outcome = ?3, error = ?4, ended = ?5 WHERE number = ?1",
            )?;
            let row = params![
                number(end.number),
                end.text,
                end.outcome.as_str(),
                end.error,
                end.at.unix_millis(),
            ];
            write.execute(row).map(drop)
        };
        self.write(write, then);
    }

    fn history(
        &self,
        chat: &str,
        before: u64,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<Turn>, LogError>> {
        let (chat, before, limit) = (chat.to_owned(), number(before), number(limit as u64));
        let (database, written) = (self.database.clone(), self.settled());
        async move {
            // Who reads sees what was written before.
            written.await;
            let read = database.read(move |connection| {
                let mut read = connection.prepare_cached(
                    "SELECT number, turn, agent, prompt, text, started, ended, outcome, error FROM chat_turns
                    WHERE chat = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3",
                )?;
                let rows = read.query_map(params![chat, before, limit], turn)?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            });
            Ok(read.await?)
        }
        .boxed()
    }
}

fn turn(row: &Row<'_>) -> rusqlite::Result<Turn> {
    let (started, ended): (i64, Option<i64>) = (row.get(5)?, row.get(6)?);
    let word: Option<String> = row.get(7)?;
    Ok(Turn {
        number: u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default(),
        turn_id: row.get(1)?,
        agent_id: row.get(2)?,
        prompt: row.get(3)?,
        text: row.get(4)?,
        started_at: Timestamp::from_unix_millis(started),
        ended_at: ended.map(Timestamp::from_unix_millis),
        outcome: word.as_deref().map(outcome),
        error: row.get(8)?,
    })
}

fn outcome(word: &str) -> Outcome {
    [
        Outcome::Done,
        Outcome::Error,
        Outcome::Cancelled,
        Outcome::HostGone,
        Outcome::Timeout,
    ]
    .into_iter()
    .find(|outcome| outcome.as_str() == word)
    .unwrap_or(Outcome::AgentGone)
}
