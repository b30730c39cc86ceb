//! The tables of acts with a key, and every statement on them.

/// The first form of the tables.
pub(crate) const OUTCOMES: &str = "
    CREATE TABLE outcomes (
        id INTEGER PRIMARY KEY,
        scope TEXT NOT NULL,
        key TEXT NOT NULL,
        print BLOB NOT NULL,
        method TEXT NOT NULL,
        begun INTEGER NOT NULL,
        -- Both are NULL while it runs.
        status TEXT,
        ended INTEGER,
        -- NULL where it is not kept.
        reply TEXT
    ) STRICT;
    -- Since when every key of an identity is known; the row without a name: since when keys are kept here at all.
    CREATE TABLE outcome_horizons (
        scope TEXT PRIMARY KEY,
        since INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

pub(super) const BEGIN: &str = "
    INSERT OR REPLACE INTO outcomes (id, scope, key, print, method, begun) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

pub(super) const END: &str = "
    INSERT OR REPLACE INTO outcomes (id, scope, key, print, method, begun, status, ended, reply)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

pub(super) const FORGET: &str = "DELETE FROM outcomes WHERE id = ?1";

pub(super) const READ: &str = "SELECT status, reply FROM outcomes WHERE id = ?1";

/// What a daemon before this one left running was cut.
pub(super) const CUT: &str =
    "UPDATE outcomes SET status = 'unknown', ended = ?1 WHERE status IS NULL";

pub(super) const LOAD: &str = "
    SELECT id, scope, key, print, method, begun, status, ended, length(CAST(reply AS BLOB)) FROM outcomes ORDER BY id";

pub(super) const HORIZON: &str = "
    INSERT INTO outcome_horizons (scope, since) VALUES (?1, ?2)
    ON CONFLICT (scope) DO UPDATE SET since = max(since, excluded.since)";

pub(super) const CREATED: &str =
    "INSERT OR IGNORE INTO outcome_horizons (scope, since) VALUES ('', ?1)";

pub(super) const HORIZONS: &str = "SELECT scope, since FROM outcome_horizons";
