//! What is logged, and in which form.

use tracing_subscriber::EnvFilter;

use super::{OptionValue, Raw, Reading, expected};

/// Which events are logged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogFilter(String);

impl LogFilter {
    /// A level for everything: `info`.
    pub(crate) fn level(level: &'static str) -> Self {
        Self(level.to_owned())
    }

    /// The filter as `tracing` takes it.
    #[must_use]
    pub fn to_filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl OptionValue for LogFilter {
    const KIND: &'static str = "`off`, `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,car_transport=debug`";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        let Raw::Text(text) = raw else {
            return expected::<Self, _>();
        };
        // A lone word that is no level would be taken as a target and log everything below it.
        let levels = ["off", "error", "warn", "info", "debug", "trace"];
        let lone = |part: &str| !part.contains(['=', '[', ':']);
        let is_level = |part: &str| levels.contains(&part.to_ascii_lowercase().as_str());
        let crates = |part: &str| part.starts_with("car_");
        let mut parts = text.split(',').map(str::trim);
        if parts.any(|part| lone(part) && !is_level(part) && !crates(part)) {
            return expected::<Self, _>();
        }
        match text.parse::<EnvFilter>() {
            Ok(_) => Ok(Self(text.clone())),
            Err(error) => Err(format!("{error}; expected {}", Self::KIND)),
        }
    }

    fn raw(&self) -> Raw {
        Raw::Text(self.0.clone())
    }
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    Auto,
    /// For a person.
    Pretty,
    /// A JSON object a line.
    Json,
}

impl OptionValue for LogFormat {
    const KIND: &'static str = "`auto`, `pretty` or `json`";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        match raw {
            Raw::Text(text) if text == "auto" => Ok(Self::Auto),
            Raw::Text(text) if text == "pretty" => Ok(Self::Pretty),
            Raw::Text(text) if text == "json" => Ok(Self::Json),
            _ => expected::<Self, _>(),
        }
    }

    fn raw(&self) -> Raw {
        let text = match self {
            Self::Auto => "auto",
            Self::Pretty => "pretty",
            Self::Json => "json",
        };
        Raw::Text(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<LogFilter, String> {
        LogFilter::read(&Raw::Text(text.to_owned()), &Reading::default())
    }

    #[test]
    fn a_filter_takes_levels_and_directives() {
        for text in ["info", "warn,car_server=debug", "OFF", "car_state"] {
            assert!(read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_mistyped_level_is_refused() {
        for text in ["inof", "info,car_server=lots", ""] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
