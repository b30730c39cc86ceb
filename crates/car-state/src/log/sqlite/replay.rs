//! What a process that was killed had published and not put into the database.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, params};

use super::journal::{Found, FoundEvent};
use super::schema::{self, StreamRow};

/// Puts what was found into the database, which may have any of it; answers how many events it had not.
pub(super) fn replay(connection: &Connection, found: &[Found]) -> rusqlite::Result<u64> {
    if found.is_empty() {
        return Ok(0);
    }
    let mut rows: HashMap<String, StreamRow> = schema::streams(connection)?.into_iter().collect();
    let mut changed = HashSet::new();
    let mut added = 0;
    for record in found {
        let known = rows.get(&record.stream).copied();
        // It has ended: that is said, or could not be written and another one has its name.
        let ended = known.filter(|row| match &record.event {
            None => row.epoch == record.epoch,
            Some(event) => event.seq == 1 && row.epoch < record.epoch,
        });
        if let Some(row) = ended {
            schema::remove_stream(connection, row.id)?;
            schema::raise_epoch(connection, row.epoch + 1)?;
            rows.remove(&record.stream);
            changed.remove(&record.stream);
        }
        let Some(event) = &record.event else {
            continue;
        };
        let row = match known.filter(|_| ended.is_none()) {
            Some(row) => row,
            None if event.seq == 1 => StreamRow {
                id: schema::add_stream(connection, &record.stream, record.epoch)?,
                epoch: record.epoch,
                first: 1,
                last: 0,
                bytes: 0,
            },
            // After a loss of power the database may have less than when this was written.
            None => continue,
        };
        // It has it, or it is of a stream that had the name before.
        if row.epoch != record.epoch || event.seq != row.last + 1 {
            continue;
        }
        let row = add(connection, row, event)?;
        added += 1;
        rows.insert(record.stream.clone(), row);
        changed.insert(record.stream.clone());
    }
    for name in changed {
        if let Some(row) = rows.get(&name) {
            schema::update_stream(connection, row)?;
        }
    }
    Ok(added)
}

fn add(
    connection: &Connection,
    mut row: StreamRow,
    event: &FoundEvent,
) -> rusqlite::Result<StreamRow> {
    let FoundEvent {
        seq,
        at,
        kind,
        params: text,
    } = event;
    let mut add = connection.prepare_cached(schema::ADD_EVENT)?;
    add.execute(params![row.id, seq, at, kind, text])?;
    row.last = *seq;
    row.bytes += schema::weight(kind, text);
    Ok(row)
}
