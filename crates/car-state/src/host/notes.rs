//! Which agents it was told of, so that the next process can tell of their end.

use std::fmt::Debug;
#[cfg(feature = "sqlite")]
use std::time::Duration;

use car_protocol::rpc::host::HostAgent;
#[cfg(feature = "sqlite")]
use rusqlite::{Connection, params};

#[cfg(feature = "sqlite")]
use crate::db::Database;
#[cfg(feature = "sqlite")]
use crate::log::Durability;
use crate::log::LogError;

/// Notes which agents there are. Nobody waits for a note, and one that is lost costs an event.
pub(crate) trait AgentNotes: Debug + Send + Sync {
    /// The agents of the process before this one, which are not noted any more then. Blocks.
    ///
    /// # Errors
    /// They cannot be read.
    fn take_all(&self) -> Result<Vec<HostAgent>, LogError>;

    /// An agent is here.
    fn here(&self, agent: &HostAgent);

    /// An agent is gone.
    fn gone(&self, id: &str);
}

/// Agents that end with the process, and the log with them.
#[derive(Debug)]
pub(crate) struct NoAgentNotes;

impl AgentNotes for NoAgentNotes {
    fn take_all(&self) -> Result<Vec<HostAgent>, LogError> {
        Ok(Vec::new())
    }

    fn here(&self, _: &HostAgent) {}

    fn gone(&self, _: &str) {}
}

/// How long opening may take.
#[cfg(feature = "sqlite")]
const OPEN_DEADLINE: Duration = Duration::from_secs(60);

/// Notes in the database.
#[cfg(feature = "sqlite")]
#[derive(Debug)]
pub(crate) struct SqliteAgentNotes(pub(crate) Database);

#[cfg(feature = "sqlite")]
impl AgentNotes for SqliteAgentNotes {
    fn take_all(&self) -> Result<Vec<HostAgent>, LogError> {
        let take = |connection: &Connection| {
            let texts = {
                let mut all = connection.prepare("SELECT agent FROM host_agents ORDER BY id")?;
                let texts = all.query_map([], |row| row.get::<_, String>(0))?;
                texts.collect::<rusqlite::Result<Vec<_>>>()?
            };
            connection.execute("DELETE FROM host_agents", [])?;
            Ok(texts)
        };
        let taken = self.0.submit(Durability::Os, 0, take)?;
        let texts = taken.wait(OPEN_DEADLINE)?;
        let read = texts
            .iter()
            .filter_map(|text| serde_json::from_str(text).ok());
        Ok(read.collect())
    }

    fn here(&self, agent: &HostAgent) {
        let (id, text) = (agent.id.clone(), serde_json::to_string(agent));
        let Ok(text) = text else { return };
        let job = move |connection: &Connection| {
            let sql = "INSERT OR REPLACE INTO host_agents (id, agent) VALUES (?1, ?2)";
            let mut here = connection.prepare_cached(sql)?;
            here.execute(params![id, text]).map(drop)
        };
        drop(self.0.submit(Durability::Os, 256, job));
    }

    fn gone(&self, id: &str) {
        let id = id.to_owned();
        let job = move |connection: &Connection| {
            let mut gone = connection.prepare_cached("DELETE FROM host_agents WHERE id = ?1")?;
            gone.execute([&id]).map(drop)
        };
        drop(self.0.submit(Durability::Os, 64, job));
    }
}
