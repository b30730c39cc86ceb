//! `car.toml`: a flat list of keys, each with its line.

use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::closest;
use super::{ConfigError, OptionSpec, Raw};

/// One `key = value`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    /// With dots between tables.
    key: String,
    /// From 1.
    pub(super) line: usize,
    pub(super) raw: Raw,
}

/// The file, checked for keys that mean nothing.
#[derive(Debug)]
pub(super) struct ConfigFile {
    path: PathBuf,
    entries: Vec<Entry>,
}

impl ConfigFile {
    /// A file without entries.
    pub(super) fn empty() -> Self {
        Self {
            path: PathBuf::new(),
            entries: Vec::new(),
        }
    }

    /// Reads the file; one that is not there is empty.
    pub(super) fn read(path: PathBuf, options: &'static [OptionSpec]) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(path, &text, options),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::empty()),
            Err(source) => Err(ConfigError::Unreadable { path, source }),
        }
    }

    fn parse(
        path: PathBuf,
        text: &str,
        options: &'static [OptionSpec],
    ) -> Result<Self, ConfigError> {
        let document = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            line: line_of(text, error.span().map_or(text.len(), |span| span.start)),
            message: error.message().to_owned(),
            path: path.clone(),
        })?;
        let mut reader = Reader {
            path: &path,
            text,
            options,
            known: options.iter().filter_map(|option| option.key).collect(),
            entries: Vec::new(),
        };
        reader.table("", document.get_ref())?;
        let entries = reader.entries;
        Ok(Self { path, entries })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    options: &'static [OptionSpec],
    known: Vec<&'static str>,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let line = line_of(self.text, name.span().start);
            match value.get_ref() {
                _ if self.known.contains(&key.as_str()) => {
                    let raw = self.raw(&key, value)?;
                    self.entries.push(Entry { key, line, raw });
                }
                DeValue::Table(inner) if self.holds_known(&key) => {
                    self.table(&format!("{key}."), inner)?;
                }
                _ if let Some((option, flag)) = self.flag_only(&key) => {
                    return Err(ConfigError::NotInFile {
                        path: self.path.to_owned(),
                        line,
                        option,
                        flag,
                    });
                }
                _ => {
                    let suggestion = closest(&key, self.known.iter().copied());
                    return Err(ConfigError::UnknownKey {
                        path: self.path.to_owned(),
                        line,
                        key,
                        suggestion,
                    });
                }
            }
        }
        Ok(())
    }

    /// The option of this name and its flag, if the file may not set it.
    fn flag_only(&self, key: &str) -> Option<(&'static str, &'static str)> {
        let option = self.options.iter().find(|option| option.name == key)?;
        Some((option.name, option.flag?))
    }

    fn holds_known(&self, table: &str) -> bool {
        let below = |key: &&&str| key.strip_prefix(table).is_some_and(|k| k.starts_with('.'));
        self.known.iter().any(|key| below(&key))
    }

    fn raw(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Raw, ConfigError> {
        let refused = |message: String| ConfigError::Syntax {
            path: self.path.to_owned(),
            line: line_of(self.text, value.span().start),
            message,
        };
        match value.get_ref() {
            DeValue::String(text) => Ok(Raw::Text(text.to_string())),
            DeValue::Boolean(on) => Ok(Raw::Switch(*on)),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map(Raw::Integer)
                .map_err(|_| refused(format!("`{key}` is a number beyond 64 bits"))),
            DeValue::Array(values) => values
                .iter()
                .map(|value| self.raw(key, value))
                .collect::<Result<_, _>>()
                .map(Raw::List),
            DeValue::Table(members) => members
                .iter()
                .map(|(name, value)| Ok((name.get_ref().to_string(), self.raw(key, value)?)))
                .collect::<Result<_, _>>()
                .map(Raw::Table),
            other => Err(refused(format!("`{key}` cannot be a {}", other.type_str()))),
        }
    }
}

/// The line of a byte, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::super::OPTIONS;
    use super::*;

    fn parse(text: &str) -> Result<ConfigFile, String> {
        ConfigFile::parse("car.toml".into(), text, OPTIONS).map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_knows_its_line() {
        let file = parse("# mine\nport = 9_200\n\ngate = ['state.get']\n").unwrap();
        let port = file.get("port").unwrap();
        assert_eq!((port.line, &port.raw), (2, &Raw::Integer(9200)));
        assert_eq!(file.get("gate").unwrap().line, 4);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_a_suggestion() {
        let error = parse("port = 1\nsokcet = 'x'\n").unwrap_err();
        assert_eq!(
            error,
            "car.toml:2: unknown key `sokcet`; did you mean `socket`?"
        );
    }

    #[test]
    fn an_unknown_table_is_refused_as_a_whole() {
        let error = parse("[colours]\nred = 1\n").unwrap_err();
        assert_eq!(error, "car.toml:1: unknown key `colours`");
    }

    #[test]
    fn a_broken_file_names_the_line() {
        assert!(
            parse("port = 1\nsocket = \n")
                .unwrap_err()
                .starts_with("car.toml:2: ")
        );
    }

    #[test]
    fn a_value_of_a_strange_type_names_the_line() {
        let error = parse("port = 1979-05-27\n").unwrap_err();
        assert_eq!(error, "car.toml:1: `port` cannot be a datetime");
    }
}
