//! The tables of the log, and every statement on them.

use rusqlite::{Connection, params};

use crate::log::Retention;

/// The first form of the tables. A stream's row is written with its events, in one transaction.
pub(crate) const EVENTS: &str = "
    CREATE TABLE event_streams (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        epoch INTEGER NOT NULL,
        -- The oldest number that is kept, and the newest that was given.
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        -- What the events that are kept weigh.
        bytes INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE events (
        stream INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        params TEXT NOT NULL,
        PRIMARY KEY (stream, seq)
    ) STRICT, WITHOUT ROWID;
    -- One row: no start has an epoch again that an earlier one, or a stream that is gone, had.
    CREATE TABLE event_epoch (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        epoch INTEGER NOT NULL
    ) STRICT;
    INSERT INTO event_epoch (id, epoch) VALUES (1, 0);
";

/// What a row of an event weighs beside its text.
const ROW: usize = 24;

/// What an event weighs against its stream's retention.
pub(super) fn weight(kind: &str, params: &str) -> u64 {
    (kind.len() + params.len() + ROW) as u64
}

/// The row of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamRow {
    pub(super) id: i64,
    pub(super) epoch: u64,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) bytes: u64,
}

/// An event as it is stored.
#[derive(Debug)]
pub(super) struct EventRow {
    pub(super) seq: u64,
    pub(super) at: i64,
    pub(super) kind: String,
    pub(super) params: String,
}

/// Begins a new epoch: `now`, or one more than there was.
pub(super) fn begin_epoch(connection: &Connection, now: u64) -> rusqlite::Result<u64> {
    raise_epoch(connection, now)?;
    connection.query_row("SELECT epoch FROM event_epoch", [], |row| row.get(0))
}

/// Raises the epoch to this one, or by one.
pub(super) fn raise_epoch(connection: &Connection, to: u64) -> rusqlite::Result<()> {
    let sql = "UPDATE event_epoch SET epoch = max(epoch + 1, ?1,
        coalesce((SELECT max(epoch) + 1 FROM event_streams), 0))";
    connection.prepare_cached(sql)?.execute([to]).map(drop)
}

/// All streams.
pub(super) fn streams(connection: &Connection) -> rusqlite::Result<Vec<(String, StreamRow)>> {
    let sql = "SELECT name, id, epoch, first, last, bytes FROM event_streams ORDER BY id";
    let mut streams = connection.prepare(sql)?;
    let rows = streams.query_map([], |row| {
        let stream = StreamRow {
            id: row.get(1)?,
            epoch: row.get(2)?,
            first: row.get(3)?,
            last: row.get(4)?,
            bytes: row.get(5)?,
        };
        Ok((row.get(0)?, stream))
    })?;
    rows.collect()
}

/// A new stream; answers its id.
pub(super) fn add_stream(connection: &Connection, name: &str, epoch: u64) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO event_streams (name, epoch, first, last, bytes)
        VALUES (?1, ?2, 1, 0, 0)";
    connection.prepare_cached(sql)?.insert(params![name, epoch])
}

pub(super) fn update_stream(connection: &Connection, row: &StreamRow) -> rusqlite::Result<()> {
    let sql = "UPDATE event_streams SET first = ?2, last = ?3, bytes = ?4 WHERE id = ?1";
    let mut update = connection.prepare_cached(sql)?;
    update
        .execute(params![row.id, row.first, row.last, row.bytes])
        .map(drop)
}

/// Removes a stream with its events.
pub(super) fn remove_stream(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM events WHERE stream = ?1",
        "DELETE FROM event_streams WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([id])?;
    }
    Ok(())
}

/// The statement that adds an event: stream, seq, at, kind, params.
pub(super) const ADD_EVENT: &str =
    "INSERT INTO events (stream, seq, at, kind, params) VALUES (?1, ?2, ?3, ?4, ?5)";

/// Drops the oldest events of a stream that exceed a retention, or lie before `row.first`; changes the row with them.
pub(super) fn enforce(
    connection: &Connection,
    row: &mut StreamRow,
    stored_from: u64,
    retention: &Retention,
    oldest_allowed: i64,
) -> rusqlite::Result<()> {
    let sql = "SELECT seq, at, octet_length(kind) + octet_length(params)
        FROM events WHERE stream = ?1 AND seq >= ?2 ORDER BY seq";
    let mut select = connection.prepare_cached(sql)?;
    let mut oldest = select.query(params![row.id, stored_from])?;
    let (count, bytes) = (retention.count as u64, retention.bytes as u64);
    while let Some(event) = oldest.next()? {
        let (seq, at, weight): (u64, i64, u64) = (event.get(0)?, event.get(1)?, event.get(2)?);
        let exceeds = seq < row.first
            || row.last - seq >= count
            || (row.bytes > bytes && seq < row.last)
            || at < oldest_allowed;
        if !exceeds {
            break;
        }
        row.first = row.first.max(seq + 1);
        row.bytes = row.bytes.saturating_sub(weight + ROW as u64);
    }
    drop(oldest);
    if row.first > stored_from {
        let sql = "DELETE FROM events WHERE stream = ?1 AND seq < ?2";
        connection
            .prepare_cached(sql)?
            .execute(params![row.id, row.first])?;
    }
    Ok(())
}

/// Up to `limit` events and about `bytes` bytes of a stream, after a number and up to another. `one` is called with each,
/// in order.
pub(super) fn read_events(
    connection: &Connection,
    id: i64,
    (after, until): (u64, u64),
    (limit, mut bytes): (usize, usize),
    mut one: impl FnMut(u64, i64, &str, &str),
) -> rusqlite::Result<()> {
    let sql = "SELECT seq, at, kind, params FROM events
        WHERE stream = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4";
    let mut events = connection.prepare_cached(sql)?;
    let mut events = events.query(params![id, after, until, limit as u64])?;
    while let Some(row) = events.next()? {
        let (kind, params) = (row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str()?);
        one(row.get(0)?, row.get(1)?, kind, params);
        match bytes.checked_sub(params.len()) {
            Some(left) => bytes = left,
            None => break,
        }
    }
    Ok(())
}

/// The newest events of a stream, newest first: up to `limit` events and `bytes` bytes, but `least` in any case.
pub(super) fn newest_events(
    connection: &Connection,
    id: i64,
    least: usize,
    (limit, mut bytes): (usize, usize),
) -> rusqlite::Result<Vec<EventRow>> {
    let sql = "SELECT seq, at, kind, params FROM events
        WHERE stream = ?1 ORDER BY seq DESC LIMIT ?2";
    let mut events = connection.prepare_cached(sql)?;
    let mut events = events.query(params![id, limit as u64])?;
    let mut rows = Vec::new();
    while let Some(row) = events.next()? {
        let event = EventRow {
            seq: row.get(0)?,
            at: row.get(1)?,
            kind: row.get(2)?,
            params: row.get(3)?,
        };
        if event.params.len() > bytes && rows.len() >= least {
            break;
        }
        bytes = bytes.saturating_sub(event.params.len());
        rows.push(event);
    }
    Ok(rows)
}
