//! What was written down for an option, before anybody knows what it should mean.

use std::fmt;

/// A value as it stands on the command line, in the environment or in `car.toml`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Raw {
    /// Text: all that flags and variables can say.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Switch(bool),
    /// Several values.
    List(Vec<Raw>),
    /// Values by name.
    Table(Vec<(String, Raw)>),
}

impl Raw {
    /// The value as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Integer(number) => (*number).into(),
            Self::Switch(on) => (*on).into(),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
            Self::Table(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), value.to_json()))
                .collect(),
        }
    }

    /// A value as it stands in JSON; what cannot be written down otherwise is text.
    pub(crate) fn of_json(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::String(text) => Self::Text(text.clone()),
            Value::Bool(on) => Self::Switch(*on),
            Value::Array(values) => Self::List(values.iter().map(Self::of_json).collect()),
            Value::Object(members) => {
                let members = members.iter();
                Self::Table(
                    members
                        .map(|(name, value)| (name.clone(), Self::of_json(value)))
                        .collect(),
                )
            }
            other => other
                .as_i64()
                .map_or_else(|| Self::Text(other.to_string()), Self::Integer),
        }
    }
}

impl fmt::Display for Raw {
    /// The value as `car.toml` would say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => quoted(f, text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Switch(on) => write!(f, "{on}"),
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("]")
            }
            Self::Table(members) => {
                f.write_str("{ ")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{name} = {value}")?;
                }
                f.write_str(" }")
            }
        }
    }
}

/// A TOML string: literal where it can be, so that a Windows path stays readable.
fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let plain = !text.contains(['\'', '\n', '\r']) && !text.chars().any(char::is_control);
    if plain && text.contains(['\\', '"']) {
        return write!(f, "'{text}'");
    }
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            c if c.is_control() => write!(f, "\\u{:04X}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_as_toml_would_say_it() {
        let list = Raw::List(vec![
            Raw::Text("a".into()),
            Raw::Integer(3),
            Raw::Switch(true),
        ]);
        assert_eq!(list.to_string(), r#"["a", 3, true]"#);
        assert_eq!(Raw::Text(r"C:\car".into()).to_string(), r"'C:\car'");
        assert_eq!(
            Raw::Text("it's \"so\"\n".into()).to_string(),
            r#""it's \"so\"\n""#
        );
    }
}
