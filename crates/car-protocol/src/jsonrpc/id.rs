use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The `id` of a request, echoed exactly as it was written.
///
/// A number beyond 64 bits, a fraction and a string with escapes keep their spelling; `1` and `"1"` differ.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Id(Repr);

#[derive(Clone, Eq, Hash, PartialEq)]
enum Repr {
    Null,
    /// The usual case, held without an allocation.
    Integer(i64),
    /// Everything else, as JSON text.
    Text(Box<str>),
}

impl Id {
    /// The `null` id: of an error that belongs to no request, or of a request that chose it.
    pub const NULL: Self = Self(Repr::Null);

    /// A numeric id.
    #[must_use]
    pub const fn integer(value: i64) -> Self {
        Self(Repr::Integer(value))
    }

    /// A string id.
    #[must_use]
    pub fn string(value: &str) -> Self {
        Self(Repr::Text(
            serde_json::Value::from(value).to_string().into_boxed_str(),
        ))
    }

    /// Reads the `id` member: a string, a number or `null`. Anything else is no id.
    #[must_use]
    pub fn from_raw(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        match text.as_bytes().first()? {
            b'n' => Some(Self::NULL),
            b'"' => Some(Self(Repr::Text(text.into()))),
            b'-' | b'0'..=b'9' => Some(match text.parse::<i64>() {
                // `-0` parses to 0 and would be echoed as another text.
                Ok(value) if text != "-0" => Self::integer(value),
                _ => Self(Repr::Text(text.into())),
            }),
            _ => None,
        }
    }

    /// The string, when this id is one.
    #[must_use]
    pub fn as_str(&self) -> Option<Cow<'_, str>> {
        match &self.0 {
            Repr::Text(text) if text.starts_with('"') => {
                let inner = text.get(1..text.len() - 1)?;
                if inner.contains('\\') {
                    serde_json::from_str(text).ok().map(Cow::Owned)
                } else {
                    Some(Cow::Borrowed(inner))
                }
            }
            _ => None,
        }
    }

    /// The number, when this id is an integer of at most 64 bits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0 == Repr::Null
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Null => f.write_str("null"),
            Repr::Integer(value) => value.fmt(f),
            Repr::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Repr::Null => serializer.serialize_unit(),
            Repr::Integer(value) => serializer.serialize_i64(*value),
            Repr::Text(text) => {
                let raw: &RawValue =
                    serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
                raw.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_raw(&raw)
            .ok_or_else(|| serde::de::Error::custom("an id is a string, a number or null"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(text: &str) -> String {
        serde_json::to_string(&serde_json::from_str::<Id>(text).unwrap()).unwrap()
    }

    #[test]
    fn every_id_is_echoed_exactly() {
        for text in [
            "null",
            "0",
            "-0",
            "-7",
            "18446744073709551617",
            "1.50",
            "1e2",
            r#""a""#,
            r#""\u00e9\n""#,
            r#""""#,
        ] {
            assert_eq!(echo(text), text);
        }
    }

    #[test]
    fn a_number_and_its_text_differ() {
        assert_ne!(Id::integer(1), Id::string("1"));
    }

    #[test]
    fn objects_arrays_and_booleans_are_no_ids() {
        for text in ["{}", "[1]", "true", "false"] {
            assert!(serde_json::from_str::<Id>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_string_id_is_read_unescaped() {
        let id: Id = serde_json::from_str(r#""a\"b""#).unwrap();
        assert_eq!(id.as_str().unwrap(), "a\"b");
    }
}
