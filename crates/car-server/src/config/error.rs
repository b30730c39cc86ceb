//! Why there is no configuration. Every message says what, where and what to do.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::{Origin, Raw};

/// Why the configuration cannot be used. The daemon does not start on a guess.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither a root nor a home folder is known.
    #[error(
        "cannot tell where to keep the daemon's files: the user's home folder is unknown; name a folder with --home or CAR_HOME"
    )]
    NoHome,
    /// A variable is not Unicode.
    #[error("the variable {variable} is not valid Unicode")]
    NotUnicode {
        /// Its name.
        variable: &'static str,
    },
    /// `car.toml` cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `car.toml` is not TOML.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// `car.toml` has a key that means nothing.
    #[error("{}:{line}: unknown key `{key}`{}", path.display(), did_you_mean(*suggestion))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, with dots.
        key: String,
        /// The key that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// `car.toml` sets an option that it may not set.
    #[error("{}:{line}: `{option}` cannot be set in car.toml, only by --{flag}", path.display())]
    NotInFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The option.
        option: &'static str,
        /// The flag that may.
        flag: &'static str,
    },
    /// A value that the option cannot have.
    #[error("{option} cannot be {said} (from {origin}): {expected}")]
    Bad {
        /// The option.
        option: &'static str,
        /// Who said so.
        origin: Origin,
        /// What was said.
        said: Raw,
        /// What would have been right.
        expected: String,
    },
    /// Two options that exclude each other.
    #[error("{0}")]
    Conflict(String),
}

/// `; did you mean …?`, or nothing.
pub(super) fn did_you_mean(suggestion: Option<&str>) -> String {
    let mut text = String::new();
    if let Some(suggestion) = suggestion {
        let _ = write!(text, "; did you mean `{suggestion}`?");
    }
    text
}

/// The candidate that was probably meant: at most a third of its letters differ.
pub(super) fn closest<'a>(
    said: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let distance = |candidate: &&str| strsim::damerau_levenshtein(said, candidate);
    let best = candidates.into_iter().min_by_key(distance)?;
    (distance(&best) <= (best.chars().count() / 3).max(1)).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_suggested_and_something_else_is_not() {
        let known = ["port", "socket", "gate_timeout"];
        assert_eq!(closest("prot", known), Some("port"));
        assert_eq!(closest("gate-timeout", known), Some("gate_timeout"));
        assert_eq!(closest("colour", known), None);
    }
}
