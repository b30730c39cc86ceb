//! The file `agents.json`: `{"agents": [...]}`. What is not known of it is kept, in its order.

use std::fs;
use std::io;
use std::path::PathBuf;

use car_protocol::rpc::agents::AgentSpec;
use indexmap::IndexMap;
use serde_json::value::{RawValue, to_raw_value};
use thiserror::Error;

use crate::private_file;

/// How many agents there may be.
pub const MAX_AGENTS: usize = 256;
/// How long the file may be, in bytes.
const MAX_FILE: u64 = 8 << 20;

/// An object whose members keep their order and their text.
type Members = IndexMap<String, Box<RawValue>>;

/// The file, as it is.
#[derive(Clone, Debug, Default)]
pub struct AgentBook {
    path: Option<PathBuf>,
    rest: Members,
    entries: Vec<Members>,
}

/// Why the file cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BookError {
    /// It cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{} is no list of agents: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There are too many agents.
    #[error("there may be {limit} agents")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
}

/// An agent of the file.
#[derive(Debug)]
pub struct Written {
    /// How it is started.
    pub spec: AgentSpec,
    /// The token that another program wrote there; it is taken out with the next change.
    pub token: Option<String>,
}

impl AgentBook {
    /// Reads the file; one that is not there is empty. Without a path everything is in memory only.
    ///
    /// # Errors
    /// [`BookError`]. A file that is something else is not touched.
    pub fn open(path: Option<PathBuf>) -> Result<Self, BookError> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let read = |source| BookError::Read {
            path: path.clone(),
            source,
        };
        let malformed = |why: String| BookError::Malformed {
            path: path.clone(),
            why,
        };
        let text = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self {
                    path: Some(path),
                    ..Self::default()
                });
            }
            Err(error) => return Err(read(error)),
            Ok(file) if file.len() > MAX_FILE => {
                return Err(malformed(format!("it has more than {MAX_FILE} bytes")));
            }
            Ok(_) => fs::read_to_string(&path).map_err(read)?,
        };
        let rest: Members = serde_json::from_str(&text).map_err(|e| malformed(e.to_string()))?;
        let entries = rest.get("agents").map_or("[]", |agents| agents.get());
        let entries: Vec<Members> =
            serde_json::from_str(entries).map_err(|e| malformed(e.to_string()))?;
        if entries.len() > MAX_AGENTS {
            return Err(BookError::TooMany { limit: MAX_AGENTS });
        }
        Ok(Self {
            path: Some(path),
            rest,
            entries,
        })
    }

    /// The agents that can be read. Others stay in the file as they are.
    #[must_use]
    pub fn agents(&self) -> Vec<Written> {
        let mut agents = Vec::new();
        for entry in &self.entries {
            let text = serde_json::to_string(entry).unwrap_or_default();
            match serde_json::from_str::<AgentSpec>(&text) {
                Ok(spec) => agents.push(Written {
                    token: member(entry, "token").filter(|token| !token.is_empty()),
                    spec,
                }),
                Err(error) => {
                    let id = member(entry, "id").unwrap_or_default();
                    tracing::warn!(agent = id, %error, "an entry of agents.json is kept and not used");
                }
            }
        }
        agents
    }

    /// Writes an agent, over one with its id. What the file knows of it besides stays.
    ///
    /// # Errors
    /// [`BookError::TooMany`], [`BookError::Write`]; nothing changes then.
    pub fn put(&mut self, spec: &AgentSpec) -> Result<(), BookError> {
        let mut next = self.clone();
        let known = to_raw_value(spec)
            .and_then(|raw| serde_json::from_str::<Members>(raw.get()))
            .map_err(|error| next.malformed(&error))?;
        let full = next.entries.len() >= MAX_AGENTS;
        let mine = |entry: &&mut Members| member(entry, "id").as_deref() == Some(&*spec.id);
        match next.entries.iter_mut().find(mine) {
            Some(entry) => {
                for name in OPTIONAL {
                    if !known.contains_key(*name) {
                        entry.shift_remove(*name);
                    }
                }
                entry.extend(known);
            }
            None if full => {
                return Err(BookError::TooMany { limit: MAX_AGENTS });
            }
            None => next.entries.push(known),
        }
        next.write()?;
        *self = next;
        Ok(())
    }

    /// Takes an agent out; answers whether it was there.
    ///
    /// # Errors
    /// [`BookError::Write`]; nothing changes then.
    pub fn remove(&mut self, id: &str) -> Result<bool, BookError> {
        let mut next = self.clone();
        next.entries
            .retain(|entry| member(entry, "id").as_deref() != Some(id));
        if next.entries.len() == self.entries.len() {
            return Ok(false);
        }
        next.write()?;
        *self = next;
        Ok(true)
    }

    fn malformed(&self, error: &serde_json::Error) -> BookError {
        BookError::Malformed {
            path: self.path.clone().unwrap_or_default(),
            why: error.to_string(),
        }
    }

    fn write(&mut self) -> Result<(), BookError> {
        for entry in &mut self.entries {
            // Tokens have files of their own.
            entry.shift_remove("token");
        }
        let entries = to_raw_value(&self.entries).map_err(|error| self.malformed(&error))?;
        self.rest.insert("agents".to_owned(), entries);
        let Some(path) = &self.path else {
            return Ok(());
        };
        let mut text = serde_json::to_vec_pretty(&self.rest).map_err(|e| self.malformed(&e))?;
        text.push(b'\n');
        let folder = path.parent().map_or(Ok(()), private_file::create_folder);
        let written = folder.and_then(|()| private_file::replace(path, &text));
        written.map_err(|source| BookError::Write {
            path: path.clone(),
            source,
        })
    }
}

/// Members that are left out where they say nothing.
const OPTIONAL: &[&str] = &[
    "args",
    "cwd",
    "env",
    "max_restarts",
    "backoff_secs",
    "daemon_token",
    "sandbox",
    "denied",
];

fn member(entry: &Members, name: &str) -> Option<String> {
    serde_json::from_str(entry.get(name)?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"version":3,"agents":[
        {"zeta":1,"id":"notes","kind":"pure_data","about":{"b":1,"a":2}},
        {"id":"echo","name":"Echo","command":"/bin/echo","args":["a"],"token":"t","publisher":{"z":1,"a":2}}
    ],"later":{"y":1,"x":2}}"#;

    fn open(text: &str) -> (tempfile::TempDir, AgentBook) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("agents.json");
        fs::write(&path, text).unwrap();
        (root, AgentBook::open(Some(path)).unwrap())
    }

    #[test]
    fn what_is_not_known_stays_in_its_order_and_the_token_goes() {
        let (root, mut book) = open(FILE);
        let mut agents = book.agents();
        assert_eq!(agents.len(), 1);
        assert_eq!(agents[0].token.as_deref(), Some("t"));
        agents[0].spec.name = "Louder".to_owned();
        agents[0].spec.args.clear();
        book.put(&agents[0].spec).unwrap();
        let text = fs::read_to_string(root.path().join("agents.json")).unwrap();
        let text: String = text.split_whitespace().collect();
        assert_eq!(
            text,
            r#"{"version":3,"agents":[{"zeta":1,"id":"notes","kind":"pure_data","about":{"b":1,"a":2}},{"id":"echo","name":"Louder","command":"/bin/echo","publisher":{"z":1,"a":2},"restart":"on_failure","auto_start":false}],"later":{"y":1,"x":2}}"#
        );
        assert!(book.remove("echo").unwrap() && !book.remove("echo").unwrap());
        let again = AgentBook::open(Some(root.path().join("agents.json"))).unwrap();
        assert_eq!(again.entries.len(), 1);
    }

    #[test]
    fn a_file_that_is_something_else_is_refused_and_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("agents.json");
        fs::write(&path, "[1]").unwrap();
        let error = AgentBook::open(Some(path.clone())).unwrap_err();
        assert!(matches!(error, BookError::Malformed { .. }));
        assert_eq!(fs::read(&path).unwrap(), b"[1]");
    }

    #[test]
    fn there_are_not_too_many() {
        let mut book = AgentBook::default();
        for n in 0..=MAX_AGENTS {
            let id = format!("a{n}");
            let spec = AgentSpec {
                id,
                ..AgentSpec::default()
            };
            assert_eq!(book.put(&spec).is_ok(), n < MAX_AGENTS);
        }
    }
}
