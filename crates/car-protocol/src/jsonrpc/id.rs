use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// The `id` of a request, echoed exactly as it was written.
///
/// A number beyond 64 bits, a fraction and a string with escapes keep their spelling; `1` and `"1"` differ. Two ids
/// are equal when they are spelled alike; [`Id::as_str`] reads a string id whatever its spelling.
#[derive(Clone)]
pub struct Id(Repr);

#[derive(Clone)]
enum Repr {
    Null,
    /// The usual case, held without an allocation.
    Integer(i64),
    /// Everything else, as it was written.
    Raw(Box<RawValue>),
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
        // A string can always be written; `null` only satisfies the signature.
        Self(to_raw_value(value).map_or(Repr::Null, Repr::Raw))
    }

    /// Reads the `id` member: a string, a number or `null`. Anything else is no id.
    #[must_use]
    pub fn from_raw(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        match text.as_bytes().first()? {
            b'n' => Some(Self::NULL),
            b'"' => Some(Self(Repr::Raw(raw.to_owned()))),
            b'-' | b'0'..=b'9' => Some(match text.parse::<i64>() {
                // `-0` parses to 0 and would be echoed as another text.
                Ok(value) if text != "-0" => Self::integer(value),
                _ => Self(Repr::Raw(raw.to_owned())),
            }),
            _ => None,
        }
    }

    /// The string, unescaped, when this id is one.
    #[must_use]
    pub fn as_str(&self) -> Option<Cow<'_, str>> {
        let Repr::Raw(raw) = &self.0 else {
            return None;
        };
        let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            serde_json::from_str(raw.get()).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
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
        matches!(self.0, Repr::Null)
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Null, Repr::Null) => true,
            (Repr::Integer(one), Repr::Integer(two)) => one == two,
            (Repr::Raw(one), Repr::Raw(two)) => one.get() == two.get(),
            _ => false,
        }
    }
}

impl Eq for Id {}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::Null => {}
            Repr::Integer(value) => value.hash(state),
            Repr::Raw(raw) => raw.get().hash(state),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Null => f.write_str("null"),
            Repr::Integer(value) => value.fmt(f),
            Repr::Raw(raw) => f.write_str(raw.get()),
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
            Repr::Raw(raw) => raw.serialize(serializer),
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
