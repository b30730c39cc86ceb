//! The configuration as it is in effect, with the origin of each value.

use std::fmt;

use car_protocol::rpc::diagnostics::SettingInEffect;

use super::secret::{HIDDEN, is_secret};
use super::{Config, OptionSpec, Origin, Raw};

/// One option with its value.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    /// The option.
    pub spec: &'static OptionSpec,
    /// Its value.
    pub value: Raw,
    /// Where it comes from.
    pub origin: &'a Origin,
}

impl Config {
    /// All values as JSON: `{"port": {"value": 9100, "origin": "default"}, …}`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let entry = |shown: Shown<'_>| {
            let value = serde_json::json!({
                "value": shown.value.to_json(),
                "origin": shown.origin.to_string(),
            });
            (shown.spec.name.to_owned(), value)
        };
        serde_json::Value::Object(self.shown().into_iter().map(entry).collect())
    }

    /// All values as `diagnostics.snapshot` tells them: those of secrets are hidden.
    #[must_use]
    pub fn in_effect(&self) -> Vec<SettingInEffect> {
        let shown = self.shown().into_iter();
        shown
            .map(|shown| {
                let name = shown.spec.key.unwrap_or(shown.spec.name);
                SettingInEffect {
                    name: name.to_owned(),
                    value: match is_secret(name) {
                        true => HIDDEN.into(),
                        false => shown.value.to_json(),
                    },
                    origin: shown.origin.to_string(),
                }
            })
            .collect()
    }
}

impl fmt::Display for Config {
    /// All values, a line each, with the origin behind: `port = 9200  # CAR_PORT`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self
            .shown()
            .into_iter()
            .map(|shown| {
                let name = shown.spec.key.unwrap_or(shown.spec.name);
                (format!("{name} = {}", shown.value), shown.origin)
            })
            .collect();
        // A long value does not push the origins of all others to the right.
        let widths = lines.iter().map(|(line, _)| line.chars().count());
        let width = widths.filter(|width| *width <= 60).max().unwrap_or(0);
        for (line, origin) in lines {
            writeln!(f, "{line:width$}  # {origin}")?;
        }
        Ok(())
    }
}
