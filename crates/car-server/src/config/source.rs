//! Where values come from: flags, then the environment, then `car.toml`, then the default.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::file::ConfigFile;
use super::table::OptionSpec;
use super::value::{OptionValue, Reading};
use super::{ConfigError, Environment, Raw};

/// Where a value comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Origin {
    /// A flag of the command line.
    Flag(&'static str),
    /// A variable of the environment.
    Environment(&'static str),
    /// A line of `car.toml`, counted from 1.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "--{flag}"),
            Self::Environment(name) => f.write_str(name),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// What the command line said, by the name of the option.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Flags(BTreeMap<&'static str, Vec<String>>);

impl Flags {
    /// Adds what was said for an option. A list may be said several times.
    pub fn add(&mut self, option: &'static str, text: impl Into<String>) {
        self.0.entry(option).or_default().push(text.into());
    }

    /// Adds what was said elsewhere on the same command line.
    pub fn extend(&mut self, other: Self) {
        for (option, texts) in other.0 {
            self.0.entry(option).or_default().extend(texts);
        }
    }

    /// The same with one more option.
    #[must_use]
    pub fn with(mut self, option: &'static str, text: impl Into<String>) -> Self {
        self.add(option, text);
        self
    }
}

/// All sources of one start.
#[derive(Debug)]
pub(super) struct Sources<'a> {
    pub(super) flags: &'a Flags,
    pub(super) environment: &'a Environment,
    pub(super) file: ConfigFile,
}

impl Sources<'_> {
    /// The value of an option: that of the first source that has one.
    pub(super) fn setting<T: OptionValue>(
        &self,
        spec: &OptionSpec,
        default: impl FnOnce() -> T,
    ) -> Result<Setting<T>, ConfigError> {
        match self.find::<T>(spec)? {
            Some(found) => Ok(found),
            None => Ok(Setting {
                value: default(),
                origin: Origin::Default,
            }),
        }
    }

    /// The value of an option, if a source has one.
    pub(super) fn find<T: OptionValue>(
        &self,
        spec: &OptionSpec,
    ) -> Result<Option<Setting<T>>, ConfigError> {
        let Some((raw, origin)) = self.said(spec, T::IS_LIST)? else {
            return Ok(None);
        };
        let base = match &origin {
            Origin::File { path, .. } => path.parent(),
            _ => None,
        };
        let reading = Reading {
            user_home: self.environment.user_home(),
            base: base.map(Path::to_owned),
        };
        match T::read(&raw, &reading) {
            Ok(value) => Ok(Some(Setting { value, origin })),
            Err(expected) => Err(ConfigError::Bad {
                option: spec.name,
                origin,
                said: raw,
                expected,
            }),
        }
    }

    fn said(&self, spec: &OptionSpec, list: bool) -> Result<Option<(Raw, Origin)>, ConfigError> {
        if let (Some(texts), Some(flag)) = (self.flags.0.get(spec.name), spec.flag) {
            let mut texts = texts.iter().cloned().map(Raw::Text);
            let raw = if list {
                Some(Raw::List(texts.collect()))
            } else {
                texts.next_back()
            };
            return Ok(raw.map(|raw| (raw, Origin::Flag(flag))));
        }
        if let Some(variable) = spec.variable
            && let Some(value) = self.environment.get(variable)
        {
            let Some(text) = value.to_str() else {
                return Err(ConfigError::NotUnicode { variable });
            };
            let raw = if list {
                let parts = text
                    .split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty());
                Raw::List(parts.map(|part| Raw::Text(part.to_owned())).collect())
            } else {
                Raw::Text(text.to_owned())
            };
            return Ok(Some((raw, Origin::Environment(variable))));
        }
        let Some(entry) = spec.key.and_then(|key| self.file.get(key)) else {
            return Ok(None);
        };
        let origin = Origin::File {
            path: self.file.path().to_owned(),
            line: entry.line,
        };
        Ok(Some((entry.raw.clone(), origin)))
    }
}
