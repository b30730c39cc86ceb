//! What is written of questions, and how.

use std::sync::Arc;
use std::time::Duration;

use car_protocol::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::{KEPT, KEPT_FOR, LedgerRow, Told};
use super::{Approval, Notes, StoredTerms};
use crate::approval::masked;
use crate::approval::trail::{dropped, trail};
use crate::audit::sqlite::append;
use crate::db::{DbError, Job};
use crate::log::LogError;

const RECORD: &str = "
    INSERT OR REPLACE INTO approvals (number, id, standing, agent, created, approval, terms, announced)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// How many rows are recorded between two looks at what is too old.
const PRUNE_EVERY: u64 = 64;
/// How long what is to be noted of a question waits for more of it. What is decided meanwhile is recorded with that, and
/// does not wait for it.
const PATIENCE: Duration = Duration::from_millis(25);

pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Writes a row.
pub(super) struct Writing {
    row: LedgerRow,
    texts: Result<(String, String), String>,
    told: Option<Told>,
}

impl Writing {
    pub(super) fn of(mut row: LedgerRow, told: Option<Told>) -> Self {
        // What a person put in the place of the arguments runs once. Afterwards nobody needs the secrets in it.
        let decision = row.approval.decision.as_mut().filter(|_| row.approval.used);
        if let Some(edits) = decision.and_then(|decision| decision.edits.as_mut()) {
            *edits = masked(edits.take());
        }
        let terms = StoredTerms {
            timeout_ms: row.terms.timeout.map(millis),
            reach_ms: millis(row.terms.reach),
            routes: row.terms.routes.clone(),
            editable: row.terms.editable,
            key: row.key.as_ref().map(|key| {
                let (scope, key) = (key.scope.as_str(), key.key.as_str());
                (scope.to_owned(), key.to_owned())
            }),
        };
        let texts = serde_json::to_string(&row.approval)
            .and_then(|approval| Ok((approval, serde_json::to_string(&terms)?)));
        Self {
            row,
            texts: texts.map_err(|error| error.to_string()),
            told,
        }
    }

    fn tell(&mut self, outcome: Result<(), DbError>) {
        if let Some(told) = &mut self.told {
            told(outcome.map_err(LogError::from));
        }
    }
}

impl Job for Writing {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let (approval, terms) = match &self.texts {
            Ok((approval, terms)) => (approval, terms),
            Err(error) => {
                return Err(rusqlite::Error::ToSqlConversionFailure(
                    error.clone().into(),
                ));
            }
        };
        let shown = &self.row.approval;
        let before = stored(connection, &shown.id)?;
        for record in trail(before.as_ref(), shown) {
            append(connection, &record)?;
        }
        connection.prepare_cached(RECORD)?.execute(params![
            number(shown.number),
            shown.id,
            shown.standing.as_str(),
            shown.agent_id,
            shown.created_at.unix_millis(),
            approval,
            terms,
            self.row.announced,
        ])?;
        if shown.number.is_multiple_of(PRUNE_EVERY) {
            prune(connection, shown.created_at)?;
        }
        Ok(())
    }

    fn delayed(&mut self, error: &DbError) {
        self.tell(Err(error.clone()));
    }

    fn done(mut self: Box<Self>, outcome: Result<(), DbError>) {
        self.tell(outcome);
    }
}

/// Writes what is to be noted of a row by then.
pub(super) struct Noting {
    notes: Notes,
    id: String,
    /// What it began to write.
    writing: Option<Writing>,
}

impl Noting {
    pub(super) fn new(notes: &Notes, id: String) -> Self {
        Self {
            notes: Arc::clone(notes),
            id,
            writing: None,
        }
    }
}

impl Job for Noting {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.writing.is_none() {
            // None where it was recorded meanwhile.
            let row = self.notes.lock().remove(&self.id);
            self.writing = row.map(|row| Writing::of(row, None));
        }
        let writing = self.writing.as_mut();
        writing.map_or(Ok(()), |writing| writing.run(connection))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn delayed(&mut self, _: &DbError) {}

    fn done(self: Box<Self>, _: Result<(), DbError>) {}
}

/// The row as it is stored; none where it is not there, or says nothing readable.
fn stored(connection: &Connection, id: &str) -> rusqlite::Result<Option<Approval>> {
    let sql = "SELECT approval FROM approvals WHERE id = ?1";
    let mut find = connection.prepare_cached(sql)?;
    let text: Option<String> = find.query_row([id], |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Drops what is too old, or too much. Both are found in an index of their own: the rows are large.
pub(super) fn prune(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let oldest = now.unix_millis().saturating_sub_unsigned(millis(KEPT_FOR));
    let sql = "DELETE FROM approvals WHERE standing <> 'pending' AND created < ?1";
    connection.prepare_cached(sql)?.execute([oldest])?;
    let sql = "
        SELECT number FROM approvals WHERE standing <> 'pending' ORDER BY number DESC LIMIT 1 OFFSET ?1";
    let kept = i64::try_from(KEPT).unwrap_or(i64::MAX);
    let mut last = connection.prepare_cached(sql)?;
    let last: Option<i64> = last.query_row([kept], |row| row.get(0)).optional()?;
    let Some(last) = last else { return Ok(()) };
    let sql = "DELETE FROM approvals WHERE standing <> 'pending' AND number <= ?1";
    connection.prepare_cached(sql)?.execute([last]).map(drop)
}

/// Drops a row.
pub(super) struct Forgetting(pub(super) String);

impl Job for Forgetting {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(approval) = stored(connection, &self.0)? {
            append(connection, &dropped(&approval))?;
        }
        let mut forget = connection.prepare_cached("DELETE FROM approvals WHERE id = ?1")?;
        forget.execute([&self.0]).map(drop)
    }

    fn delayed(&mut self, _: &DbError) {}

    fn done(self: Box<Self>, _: Result<(), DbError>) {}
}
