//! The forms that the database had, and the way from each to the next. Forward only; a line here is never changed.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::DbError;

/// "CARd", so that nobody else's file is taken for ours.
const APPLICATION: i32 = 0x4341_5264;

/// The steps, in order: the first leads to version 1. Each is the SQL of the module that owns the tables.
const STEPS: &[&str] = &[
    crate::log::schema::EVENTS,
    crate::outcomes::schema::OUTCOMES,
    crate::session::resume::sqlite::SESSIONS,
    crate::host::schema::HOST_PLANE,
    crate::audit::sqlite::AUDIT,
    crate::approval::grants::sqlite::GRANTS,
    crate::chat::TURNS,
    crate::memgine::sqlite::MEMORY,
    crate::host::schema::APPROVALS_OVER,
    crate::memgine::sqlite::skills::SKILLS,
];

/// Brings the database to the newest form, a transaction a step.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), DbError> {
    let failed = |error: rusqlite::Error| DbError::open(path, error);
    let application: i32 = pragma(connection, "application_id").map_err(failed)?;
    let found: u32 = pragma(connection, "user_version").map_err(failed)?;
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let tables: u32 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    if application != APPLICATION && (application != 0 || found != 0 || tables != 0) {
        return Err(DbError::Foreign {
            path: path.to_owned(),
        });
    }
    if found > known {
        return Err(DbError::TooNew {
            path: path.to_owned(),
            found,
            known,
        });
    }
    for (step, version) in STEPS.iter().zip(1_u32..).skip(found as usize) {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        transaction.execute_batch(step).map_err(failed)?;
        for (name, value) in [
            ("user_version", version),
            ("application_id", APPLICATION.cast_unsigned()),
        ] {
            transaction
                .pragma_update(None, name, value)
                .map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
    }
    Ok(())
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> rusqlite::Result<T> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}
