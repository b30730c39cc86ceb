//! Where the daemon's files are, given its root.

use std::path::{Path, PathBuf};

use super::Environment;

/// The folder that the published clients look into for the token.
const SHARED_FOLDER: &str = "ai.parslee.car";

/// The places of one root.
///
/// A daemon on the default root, `~/.car`, puts its socket and the client token where the published clients look;
/// on any other root everything is below that root, so that several daemons of one user do not meet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Places {
    home: PathBuf,
    /// Only on the default root.
    shared_runtime: Option<PathBuf>,
    /// Only on the default root.
    shared_token: Option<PathBuf>,
    session_bus: Option<String>,
}

impl Places {
    /// The root when nobody names one: `~/.car`. None without a home folder.
    #[must_use]
    pub fn default_home(environment: &Environment) -> Option<PathBuf> {
        Some(environment.user_home()?.join(".car"))
    }

    /// The places of the root `home`, an absolute path.
    #[must_use]
    pub fn of(home: &Path, environment: &Environment) -> Self {
        let default = Self::default_home(environment).is_some_and(|default| default == home);
        let runtime = environment
            .runtime_dir()
            .map(|folder| folder.join(SHARED_FOLDER));
        Self {
            home: home.to_owned(),
            shared_token: default
                .then(|| token_folder(environment, runtime.as_deref()))
                .flatten()
                .map(|folder| folder.join("auth-token")),
            shared_runtime: runtime.filter(|_| default),
            session_bus: environment.session_bus(),
        }
    }

    /// The root itself.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The configuration.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.home.join("car.toml")
    }

    /// The folders of agents, with their tokens.
    #[must_use]
    pub fn agents(&self) -> PathBuf {
        self.home.join("agents")
    }

    /// The folder of the models that `car-server models pull` fetches.
    #[must_use]
    pub fn models(&self) -> PathBuf {
        self.home.join("models")
    }

    /// The folder of stored results.
    #[must_use]
    pub fn results(&self) -> PathBuf {
        self.home.join("results")
    }

    /// The folder of the rules.
    #[must_use]
    pub fn policies(&self) -> PathBuf {
        self.home.join("policies")
    }

    /// The Unix socket, unless the configuration names another place.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        match &self.shared_runtime {
            Some(folder) => folder.join("car-server.sock"),
            None => self.home.join("run").join("car-server.sock"),
        }
    }

    /// The client token, unless the configuration names another place.
    #[must_use]
    pub fn client_token(&self) -> PathBuf {
        match &self.shared_token {
            Some(file) => file.clone(),
            None => self.home.join("auth-token"),
        }
    }

    /// The address of the bus of the user's session, which the desktop is on.
    #[must_use]
    pub fn session_bus(&self) -> Option<&str> {
        self.session_bus.as_deref()
    }

    /// The host token.
    #[must_use]
    pub fn host_token(&self) -> PathBuf {
        self.home.join("host-token")
    }
}

/// The folder of the client token on the default root, as the published clients know it.
fn token_folder(environment: &Environment, runtime: Option<&Path>) -> Option<PathBuf> {
    if cfg!(windows) {
        return Some(environment.local_app_data()?.join(SHARED_FOLDER));
    }
    let user = environment.user_home()?;
    if cfg!(target_os = "macos") {
        return Some(user.join("Library/Application Support").join(SHARED_FOLDER));
    }
    Some(match runtime {
        Some(folder) => folder.to_owned(),
        None => user.join(".config").join(SHARED_FOLDER),
    })
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::of(variables.iter().map(|(k, v)| ((*k).to_owned(), *v)))
    }

    #[test]
    fn the_default_root_uses_the_folder_of_the_published_clients() {
        let environment = environment(&[("HOME", "/u/ada"), ("XDG_RUNTIME_DIR", "/run/user/7")]);
        let places = Places::of(Path::new("/u/ada/.car"), &environment);
        assert_eq!(
            places.client_token(),
            Path::new("/run/user/7/ai.parslee.car/auth-token")
        );
        assert_eq!(
            places.socket(),
            Path::new("/run/user/7/ai.parslee.car/car-server.sock")
        );
        assert_eq!(places.host_token(), Path::new("/u/ada/.car/host-token"));
    }

    #[test]
    fn without_a_runtime_folder_the_token_is_in_the_configuration_folder() {
        let environment = environment(&[("HOME", "/u/ada")]);
        let places = Places::of(Path::new("/u/ada/.car"), &environment);
        assert_eq!(
            places.client_token(),
            Path::new("/u/ada/.config/ai.parslee.car/auth-token")
        );
        assert_eq!(
            places.socket(),
            Path::new("/u/ada/.car/run/car-server.sock")
        );
    }

    #[test]
    fn the_bus_is_the_one_that_is_named_or_lies_in_the_runtime_folder() {
        let bus = |variables: &[(&str, &str)]| {
            Places::of(Path::new("/r"), &environment(variables))
                .session_bus()
                .map(ToOwned::to_owned)
        };
        let named = [
            ("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=x"),
            ("XDG_RUNTIME_DIR", "/run"),
        ];
        assert_eq!(bus(&named).as_deref(), Some("unix:abstract=x"));
        assert_eq!(bus(&[("XDG_RUNTIME_DIR", "/nowhere/at/all")]), None);
        assert_eq!(bus(&[]), None);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bus"), "").unwrap();
        let there = folder.path().to_str().unwrap();
        let found = bus(&[("XDG_RUNTIME_DIR", there)]);
        assert_eq!(found, Some(format!("unix:path={there}/bus")));
    }

    #[test]
    fn another_root_keeps_everything_below_itself() {
        let environment = environment(&[("HOME", "/u/ada"), ("XDG_RUNTIME_DIR", "/run/user/7")]);
        let places = Places::of(Path::new("/srv/car"), &environment);
        assert_eq!(places.client_token(), Path::new("/srv/car/auth-token"));
        assert_eq!(places.socket(), Path::new("/srv/car/run/car-server.sock"));
    }
}
