//! The configuration of the program: one table of options, four sources, and for each value where it comes from.
//!
//! A flag wins over the environment, that over `car.toml` in the root, that over the default. An unknown key, an
//! unknown method and a bad value are refused with their place; the daemon does not start on a guess. Nothing here
//! opens a socket or writes a file.

mod environment;
mod error;
mod file;
mod markdown;
mod options;
mod parts;
mod places;
mod raw;
pub(crate) mod secret;
mod show;
mod source;
mod table;
pub mod value;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use environment::Environment;
pub use error::ConfigError;
pub use markdown::markdown;
pub use options::{Config, OPTIONS};
pub use places::Places;
pub use raw::Raw;
pub use show::Shown;
pub use source::{Flags, Origin, Setting};
pub use table::OptionSpec;

use self::file::ConfigFile;
use self::source::Sources;
use self::value::OptionValue;

/// The defaults of all options as text, in the order of the table.
#[must_use]
pub fn defaults() -> Vec<String> {
    let (flags, environment) = (Flags::default(), Environment::default());
    let sources = Sources {
        flags: &flags,
        environment: &environment,
        file: ConfigFile::empty(),
    };
    let places = Places::of(Path::new(""), &environment);
    let config = Config::resolve(&sources, &places);
    let values = config.iter().flat_map(Config::shown);
    values
        .map(|shown| match shown.spec.default {
            Some(said) => said.to_owned(),
            None => format!("`{}`", shown.value),
        })
        .collect()
}

impl Config {
    /// Reads all sources.
    ///
    /// # Errors
    /// [`ConfigError`]: an unreadable or mistyped `car.toml`, a bad value, or options that exclude each other.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let places = Self::places(flags, environment)?;
        let sources = Sources {
            flags,
            environment,
            file: ConfigFile::read(places.config_file(), OPTIONS)?,
        };
        let config = Self::resolve(&sources, &places)?;
        config.check()?;
        Ok(config)
    }

    /// The places of the root that flags and environment name, without reading `car.toml`.
    ///
    /// # Errors
    /// [`ConfigError`]: no root, or a bad one.
    pub fn places(flags: &Flags, environment: &Environment) -> Result<Places, ConfigError> {
        let home = match Self::find::<PathBuf>("home", flags, environment)? {
            Some(setting) => setting.value,
            None => Places::default_home(environment).ok_or(ConfigError::NoHome)?,
        };
        Ok(Places::of(&home, environment))
    }

    /// What flags or environment say about one option, without reading `car.toml`.
    ///
    /// # Errors
    /// [`ConfigError::Bad`] or [`ConfigError::NotUnicode`].
    pub fn find<T: OptionValue>(
        option: &str,
        flags: &Flags,
        environment: &Environment,
    ) -> Result<Option<Setting<T>>, ConfigError> {
        let sources = Sources {
            flags,
            environment,
            file: ConfigFile::empty(),
        };
        match OPTIONS.iter().find(|spec| spec.name == option) {
            Some(spec) => sources.find(spec),
            None => Ok(None),
        }
    }

    /// The address to listen on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.bind.value, self.port.value)
    }

    /// The Unix socket to listen on, if any.
    #[must_use]
    pub fn socket_path(&self) -> Option<&Path> {
        let wanted = cfg!(unix) && !self.no_socket.value;
        wanted.then_some(self.socket.value.as_path())
    }

    fn check(&self) -> Result<(), ConfigError> {
        if !self.bind.value.is_loopback() && self.no_auth.value {
            let (bind, origin) = (self.bind.value, &self.no_auth.origin);
            return Err(ConfigError::Conflict(format!(
                "other machines reach {bind}, and authentication is off (from {origin}): anybody could run tools here; \
                 keep authentication on, or listen on 127.0.0.1"
            )));
        }
        if let Err(error) = self.global_policies() {
            let origin = &self.policies.origin;
            return Err(ConfigError::Conflict(format!(
                "policies (from {origin}): {error}"
            )));
        }
        let (ping, silence) = (&self.limits_ping_interval, &self.limits_silence);
        if ping.value >= silence.value {
            return Err(ConfigError::Conflict(format!(
                "limits.ping_interval (from {}) must be shorter than limits.silence (from {}): a quiet client would be \
                 cut before it is asked whether it lives",
                ping.origin, silence.origin
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
