//! The tables of the host plane: what waits for people, and the agents that they were told of.

/// The first form of the tables.
pub(crate) const HOST_PLANE: &str = "
    CREATE TABLE approvals (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        standing TEXT NOT NULL,
        agent TEXT,
        created INTEGER NOT NULL,
        -- The row as it is shown, and what it was asked under, as JSON.
        approval TEXT NOT NULL,
        terms TEXT NOT NULL,
        -- Whether its end was told.
        announced INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX approvals_pending ON approvals (number) WHERE standing = 'pending';
    CREATE TABLE host_agents (
        id TEXT PRIMARY KEY,
        agent TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// What finds the approvals that are too old, or too many.
pub(crate) const APPROVALS_OVER: &str = "
    CREATE INDEX approvals_over ON approvals (number) WHERE standing <> 'pending';
    CREATE INDEX approvals_created ON approvals (created) WHERE standing <> 'pending';
";
