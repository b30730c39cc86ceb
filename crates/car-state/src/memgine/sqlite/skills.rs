//! Skills in the database.

use std::sync::Arc;

use rusqlite::types::Type;
use rusqlite::{Connection, params};

use crate::memgine::store::{Batch, KeptSkill};

/// The first form of the table.
pub(crate) const SKILLS: &str = "
    CREATE TABLE memory_skills (
        space INTEGER NOT NULL REFERENCES memory_spaces (id),
        -- Skills and facts are numbered together.
        number INTEGER NOT NULL,
        -- JSON.
        skill TEXT NOT NULL,
        PRIMARY KEY (space, number)
    ) STRICT, WITHOUT ROWID;
";

pub(super) fn write(connection: &Connection, space: i64, batch: &Batch) -> rusqlite::Result<()> {
    let sql = "DELETE FROM memory_skills WHERE space = ?1 AND number = ?2";
    let mut erase = connection.prepare_cached(sql)?;
    for number in &batch.erased_skills {
        erase.execute(params![space, number])?;
    }
    let sql = "INSERT OR REPLACE INTO memory_skills (space, number, skill) VALUES (?1, ?2, ?3)";
    let mut put = connection.prepare_cached(sql)?;
    for kept in &batch.put_skills {
        let skill = serde_json::to_string(&*kept.skill)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        put.execute(params![space, kept.number, skill])?;
    }
    Ok(())
}

pub(super) fn load(connection: &Connection, space: i64) -> rusqlite::Result<Vec<KeptSkill>> {
    let sql = "SELECT number, skill FROM memory_skills WHERE space = ?1 ORDER BY number";
    let mut select = connection.prepare(sql)?;
    let skills = select.query_map([space], |row| {
        let skill = serde_json::from_str(row.get_ref(1)?.as_str()?).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error))
        })?;
        Ok(KeptSkill {
            number: row.get(0)?,
            skill: Arc::new(skill),
        })
    })?;
    skills.collect()
}
