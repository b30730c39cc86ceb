//! The environment, read once and in this file only.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// The variables that are not options but say where the user's folders are.
const FOLDERS: &[&str] = &["HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_RUNTIME_DIR"];

/// Where the bus of the user's session is, by the D-Bus Specification.
const SESSION_BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// A copy of the variables that concern the daemon. An empty variable counts as absent.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads the environment"
        )]
        let variables = std::env::vars_os();
        Self::of(variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value))))
    }

    /// All variables of this process, for those that it starts.
    #[must_use]
    pub fn whole_of_process() -> Vec<(String, OsString)> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads the environment"
        )]
        let variables = std::env::vars_os();
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        variables.filter_map(named).collect()
    }

    /// An environment of these variables; those that concern nobody here are left out.
    pub fn of<V: Into<OsString>>(variables: impl IntoIterator<Item = (String, V)>) -> Self {
        let concerns =
            |name: &str| name.starts_with("CAR_") || name == SESSION_BUS || FOLDERS.contains(&name);
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .filter(|(name, value)| concerns(name) && !value.is_empty());
        Self {
            variables: variables.collect(),
        }
    }

    /// One variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str)
    }

    /// The user's own folder.
    #[must_use]
    pub fn user_home(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.folder(name)
    }

    /// `$XDG_RUNTIME_DIR`. A relative one is invalid by the specification and counts as absent.
    #[must_use]
    pub fn runtime_dir(&self) -> Option<PathBuf> {
        self.folder("XDG_RUNTIME_DIR")
    }

    /// The address of the bus of the user's session: what the variable says, else the usual place.
    #[must_use]
    pub fn session_bus(&self) -> Option<String> {
        if let Some(address) = self.get(SESSION_BUS) {
            return address.to_str().map(ToOwned::to_owned);
        }
        let socket = self.runtime_dir()?.join("bus");
        // Characters that the address form keeps for itself do not stand in such a path.
        let path = socket.to_str().filter(|path| {
            path.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_/.\\".contains(&byte))
        })?;
        socket.exists().then(|| format!("unix:path={path}"))
    }

    /// `%LOCALAPPDATA%`.
    #[must_use]
    pub fn local_app_data(&self) -> Option<PathBuf> {
        self.folder("LOCALAPPDATA")
    }

    fn folder(&self, name: &str) -> Option<PathBuf> {
        self.get(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_absent() {
        let environment = Environment::of([("CAR_PORT".to_owned(), "")]);
        assert_eq!(environment.get("CAR_PORT"), None);
    }

    #[test]
    #[cfg(unix)]
    fn a_relative_runtime_folder_counts_as_absent() {
        let environment = Environment::of([("XDG_RUNTIME_DIR".to_owned(), "run")]);
        assert_eq!(environment.runtime_dir(), None);
    }
}
