//! The discovery registry: one file for each agent that tells where it is, `<name>.json`.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use car_protocol::Timestamp;
use car_protocol::rpc::registry::AgentEntry;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::agents::{AgentId, AgentIdError};
use crate::clock::Clock;
use crate::private_file;

/// How many agents one folder has at most.
pub const MAX_ENTRIES: usize = 1_024;
/// After how many seconds an agent that was not heard of is removed, unless told otherwise.
pub const DEFAULT_MAX_AGE: u64 = 60;
/// How long a file may be, in bytes.
const MAX_FILE: u64 = 64 << 10;
/// How long an address or a name for a person may be, in bytes.
const MAX_TEXT: usize = 2_048;

/// Files of agents below one root.
#[derive(Debug)]
pub struct DiscoveryRegistry {
    root: PathBuf,
    /// What is read and written again is written by one at a time.
    writing: Mutex<()>,
    clock: Arc<dyn Clock>,
}

/// What the registry refuses.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The name cannot be that of a file.
    #[error("name: {0}")]
    Name(#[from] AgentIdError),
    /// The folder is not below the root.
    #[error("registry_path: the registry is in a folder below {}", root.display())]
    Outside {
        /// The root.
        root: PathBuf,
    },
    /// A member is wrong.
    #[error("{field}: {why}")]
    Member {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There are too many.
    #[error("there may be {limit} agents in a registry")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The files cannot be read or written.
    #[error("the registry cannot be used: {0}")]
    File(#[from] io::Error),
}

impl DiscoveryRegistry {
    /// Registries below this root, the folder `registry` there first of all.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self {
            root: root.into(),
            writing: Mutex::default(),
            clock,
        }
    }

    /// Writes an entry, over one with its name; what that said of when it came stays.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn register(
        &self,
        mut entry: AgentEntry,
        folder: Option<&str>,
    ) -> Result<(), RegistryError> {
        let path = self.file(&entry.name, folder)?;
        let web = ["http://", "https://"];
        let is_web = |url: &str| web.iter().any(|start| url.starts_with(start));
        if entry.dashboard_url.len() > MAX_TEXT || !is_web(&entry.dashboard_url) {
            return Err(RegistryError::Member {
                field: "entry.dashboard_url",
                why: "an http or https address of up to 2048 bytes",
            });
        }
        if entry
            .display_name
            .as_ref()
            .is_some_and(|name| name.len() > MAX_TEXT)
        {
            return Err(RegistryError::Member {
                field: "entry.display_name",
                why: "up to 2048 bytes",
            });
        }
        for (field, at) in [
            ("entry.registered_at", &entry.registered_at),
            ("entry.last_heartbeat_at", &entry.last_heartbeat_at),
        ] {
            if at.as_deref().is_some_and(|at| time(at).is_none()) {
                let why = "a time of RFC 3339";
                return Err(RegistryError::Member { field, why });
            }
        }
        let _writing = self.writing.lock();
        let before = read(&path)?;
        if before.is_none() && self.names(&path)?.len() >= MAX_ENTRIES {
            return Err(RegistryError::TooMany { limit: MAX_ENTRIES });
        }
        let now = text(self.clock.now());
        let came = before
            .as_ref()
            .and_then(|members| members.get("registered_at"));
        let came = came.and_then(Value::as_str).map(str::to_owned);
        entry.registered_at = entry.registered_at.or(came).or_else(|| Some(now.clone()));
        entry.last_heartbeat_at = entry.last_heartbeat_at.or(Some(now));
        let mut members = before.unwrap_or_default();
        if let Ok(Value::Object(known)) = serde_json::to_value(&entry) {
            members.extend(known);
        }
        write(&path, &members)
    }

    /// Notes that an agent is still there; `false` when it is not in the registry.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn heartbeat(&self, name: &str, folder: Option<&str>) -> Result<bool, RegistryError> {
        let path = self.file(name, folder)?;
        let _writing = self.writing.lock();
        let Some(mut members) = read(&path)? else {
            return Ok(false);
        };
        let now = text(self.clock.now());
        members.insert("last_heartbeat_at".to_owned(), now.into());
        write(&path, &members)?;
        Ok(true)
    }

    /// Removes an agent.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn unregister(&self, name: &str, folder: Option<&str>) -> Result<(), RegistryError> {
        let path = self.file(name, folder)?;
        let _writing = self.writing.lock();
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// All agents, by name. Files that are something else are left out.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn list(&self, folder: Option<&str>) -> Result<Vec<AgentEntry>, RegistryError> {
        let folder = self.folder(folder)?;
        let mut entries = Vec::new();
        for name in self.names(&folder.join("x"))? {
            let path = folder.join(format!("{name}.json"));
            let entry = read(&path)?.map(|members| serde_json::from_value(Value::Object(members)));
            // The name is that of the file: nobody speaks of somebody else.
            if let Some(Ok::<AgentEntry, _>(entry)) = entry
                && entry.name == name.as_str()
            {
                entries.push(entry);
            }
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// Removes the agents that were not heard of for so many seconds; answers their names.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn reap(&self, max_age: u64, folder: Option<&str>) -> Result<Vec<String>, RegistryError> {
        let now = self.clock.now().unix_millis();
        let age = i64::try_from(max_age.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let late = |entry: &AgentEntry| {
            let heard = entry.last_heartbeat_at.as_deref().and_then(time);
            let heard = heard.map_or(0, Timestamp::unix_millis);
            now.saturating_sub(heard) > age
        };
        let mut reaped = Vec::new();
        for entry in self.list(folder)?.into_iter().filter(late) {
            self.unregister(&entry.name, folder)?;
            reaped.push(entry.name);
        }
        Ok(reaped)
    }

    fn file(&self, name: &str, folder: Option<&str>) -> Result<PathBuf, RegistryError> {
        let name: AgentId = name.parse()?;
        Ok(self.folder(folder)?.join(format!("{name}.json")))
    }

    /// The folder, which is below the root, also where links lead.
    fn folder(&self, wanted: Option<&str>) -> Result<PathBuf, RegistryError> {
        let outside = || RegistryError::Outside {
            root: self.root.clone(),
        };
        let folder = match wanted {
            None => self.root.join("registry"),
            Some(wanted) => {
                let part = |part| matches!(part, Component::ParentDir | Component::CurDir);
                let path = self.root.join(wanted);
                if !path.starts_with(&self.root) || path.components().any(part) {
                    return Err(outside());
                }
                path
            }
        };
        // What is there already must be there itself.
        let there = folder.ancestors().find(|path| path.exists());
        if let Some(there) = there.filter(|there| there.starts_with(&self.root))
            && there.canonicalize()?
                != self
                    .root
                    .canonicalize()?
                    .join(there.strip_prefix(&self.root).map_err(|_| outside())?)
        {
            return Err(outside());
        }
        Ok(folder)
    }

    /// The names of the files beside this one.
    #[expect(clippy::unused_self, reason = "they are those of this registry")]
    fn names(&self, beside: &Path) -> Result<Vec<AgentId>, RegistryError> {
        let folder = beside.parent().unwrap_or(beside);
        let found = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            found => found?,
        };
        let name = |file: fs::DirEntry| {
            let name = file.file_name();
            name.to_str()?.strip_suffix(".json")?.parse().ok()
        };
        Ok(found.flatten().filter_map(name).take(MAX_ENTRIES).collect())
    }
}

/// A time as the files have it.
fn text(at: Timestamp) -> String {
    let text = serde_json::to_value(at).ok();
    text.as_ref()
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn time(text: &str) -> Option<Timestamp> {
    serde_json::from_value(text.into()).ok()
}

/// The members of a file; none where there is none, or something else. Links are not followed.
fn read(path: &Path) -> Result<Option<Map<String, Value>>, RegistryError> {
    let file = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    if !file.is_file() || file.len() > MAX_FILE {
        return Ok(None);
    }
    Ok(serde_json::from_slice(&fs::read(path)?).ok())
}

fn write(path: &Path, members: &Map<String, Value>) -> Result<(), RegistryError> {
    let text = serde_json::to_vec_pretty(members).map_err(io::Error::other)?;
    if let Some(folder) = path.parent() {
        private_file::create_folder(folder)?;
    }
    Ok(private_file::replace(path, &text)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;

    fn registry(root: &Path, at: i64) -> DiscoveryRegistry {
        let clock = FixedClock(Timestamp::from_unix_millis(at));
        DiscoveryRegistry::new(root, Arc::new(clock))
    }

    fn entry(name: &str) -> AgentEntry {
        AgentEntry {
            name: name.to_owned(),
            dashboard_url: "http://127.0.0.1:1/".to_owned(),
            ..AgentEntry::default()
        }
    }

    #[test]
    fn who_is_not_heard_of_is_reaped() {
        let root = tempfile::tempdir().unwrap();
        let early = registry(root.path(), 1_000);
        for name in ["b", "a"] {
            early.register(entry(name), None).unwrap();
        }
        assert!(!early.heartbeat("c", None).unwrap());
        let later = registry(root.path(), 62_000);
        assert!(later.heartbeat("a", None).unwrap());
        assert_eq!(later.reap(60, None).unwrap(), ["b"]);
        let left = later.list(None).unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(
            left[0].registered_at.as_deref(),
            Some("1970-01-01T00:00:01.000Z")
        );
        later.unregister("a", None).unwrap();
        later.unregister("a", None).unwrap();
        assert!(later.list(None).unwrap().is_empty());
    }

    #[test]
    fn nothing_leads_out_of_the_root() {
        let root = tempfile::tempdir().unwrap();
        let registry = registry(root.path(), 1_000);
        for name in ["..", "../x", "a/b", "", "/etc/passwd"] {
            let refused = registry.register(entry(name), None);
            assert!(matches!(refused, Err(RegistryError::Name(_))), "{name}");
        }
        for folder in ["/etc", "../other", "registry/../../x"] {
            for refused in [
                registry.register(entry("a"), Some(folder)),
                registry.list(Some(folder)).map(drop),
                registry.reap(0, Some(folder)).map(drop),
                registry.unregister("a", Some(folder)),
                registry.heartbeat("a", Some(folder)).map(drop),
            ] {
                assert!(
                    matches!(refused, Err(RegistryError::Outside { .. })),
                    "{folder}"
                );
            }
        }
        registry.register(entry("a"), Some("teams/red")).unwrap();
        assert_eq!(registry.list(Some("teams/red")).unwrap().len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        use std::os::unix::fs::symlink;
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let registry = registry(root.path(), 1_000);
        symlink(other.path(), root.path().join("registry")).unwrap();
        let refused = registry.register(entry("a"), None);
        assert!(matches!(refused, Err(RegistryError::Outside { .. })));
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_entry_keeps_what_is_not_known_of_it_and_a_bad_file_is_nobody() {
        let root = tempfile::tempdir().unwrap();
        let registry = registry(root.path(), 1_000);
        let folder = root.path().join("registry");
        fs::create_dir(&folder).unwrap();
        let text = r#"{"name":"a","dashboard_url":"http://x/","colour":"blue"}"#;
        fs::write(folder.join("a.json"), text).unwrap();
        fs::write(folder.join("b.json"), text).unwrap();
        fs::write(folder.join("c.json"), "nonsense").unwrap();
        registry.heartbeat("a", None).unwrap();
        assert!(
            fs::read_to_string(folder.join("a.json"))
                .unwrap()
                .contains("blue")
        );
        assert_eq!(registry.list(None).unwrap().len(), 1);
    }
}
