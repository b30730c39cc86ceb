//! Reading with every fault found.
//!
//! An A2A server answers a request that lacks required fields with all of them (`BadRequest.fieldViolations`), which a
//! derived `Deserialize` cannot do: it ends at the first. Here a text is read in one pass, straight into its type; what
//! does not fit is noted with its path, skipped, and the reading goes on. Only what is not JSON ends it.
//!
//! The rules are those of ProtoJSON: a field may be called by its camelCase or by its proto name, `null` is the same as
//! absent, an empty required string is a missing one, an enumeration may be a name or a number, a 32-bit number may
//! stand in a string, unknown fields are skipped. A field that is there twice is a violation.

mod collections;
mod cx;
mod object;
mod scalars;
mod violation;

use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::limits::{MAX_DEPTH, MAX_PAYLOAD_BYTES};
pub use cx::Cx;
pub(crate) use object::{Key, Slot, is_default, message, one_of, tagged, wire_enum};
pub use scalars::Bytes;
pub use violation::{FieldViolation, Violations};

/// What came of reading one value.
#[derive(Debug)]
pub enum Read<T> {
    /// It fits.
    Value(T),
    /// It is `null`, which ProtoJSON takes for absent.
    Null,
    /// It does not fit; the violation is noted.
    Bad,
}

/// A type that can be read from the wire. Each method says what the type makes of one kind of JSON value; those left
/// alone note that something else was expected.
pub trait Wire: Sized {
    /// What is expected, as in "must be a string".
    const EXPECTED: &'static str;
    /// The names of an object's fields on the wire, in the order they are written.
    const FIELDS: &'static [&'static str] = &[];

    /// A string that the parser does not need any more.
    fn owned_text(cx: &mut Cx, text: String) -> Read<Self> {
        Self::text(cx, &text)
    }

    /// A string.
    fn text(cx: &mut Cx, _text: &str) -> Read<Self> {
        cx.wrong(Self::EXPECTED)
    }

    /// `true` or `false`.
    fn boolean(cx: &mut Cx, _value: bool) -> Read<Self> {
        cx.wrong(Self::EXPECTED)
    }

    /// A whole number.
    fn integer(cx: &mut Cx, _value: i64) -> Read<Self> {
        cx.wrong(Self::EXPECTED)
    }

    /// A whole number above those that [`integer`](Wire::integer) gets.
    fn large_integer(cx: &mut Cx, _value: u64) -> Read<Self> {
        cx.wrong(Self::EXPECTED)
    }

    /// Any other number.
    fn float(cx: &mut Cx, _value: f64) -> Read<Self> {
        cx.wrong(Self::EXPECTED)
    }

    /// `null`.
    fn null() -> Read<Self> {
        Read::Null
    }

    /// An array.
    ///
    /// # Errors
    /// What the parser says of the JSON.
    fn array<'de, A: SeqAccess<'de>>(cx: &mut Cx, mut array: A) -> Result<Read<Self>, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(cx.wrong(Self::EXPECTED))
    }

    /// An object.
    ///
    /// # Errors
    /// What the parser says of the JSON.
    fn object<'de, A: MapAccess<'de>>(cx: &mut Cx, mut object: A) -> Result<Read<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(cx.wrong(Self::EXPECTED))
    }

    /// What stands for the type where nothing is on the wire, if anything does: the default of protobuf.
    fn unset() -> Option<Self> {
        None
    }

    /// Whether this is the same as nothing on the wire, as the empty string is.
    fn is_unset(&self) -> bool {
        false
    }
}

/// How to read: which bound on the text, and what to do about required fields that are missing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reader {
    complete: bool,
    unique: bool,
    max_bytes: usize,
}

impl Reader {
    /// For what others ask of us: each required field that is missing or empty is a violation.
    #[must_use]
    pub const fn strict() -> Self {
        Self {
            complete: true,
            unique: false,
            max_bytes: MAX_PAYLOAD_BYTES,
        }
    }

    /// For what others answer us: a required field that is missing has the default of protobuf where that is a value
    /// of the type (an empty string, an empty list, "unspecified"), as it has in the official libraries.
    #[must_use]
    pub const fn lenient() -> Self {
        Self {
            complete: false,
            ..Self::strict()
        }
    }

    /// The same with another bound on the text, in bytes.
    #[must_use]
    pub const fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// The same, and a name that is twice in an object of free JSON is a violation too, as signing demands.
    #[must_use]
    pub const fn with_unique_names(self) -> Self {
        Self {
            unique: true,
            ..self
        }
    }

    /// Reads a JSON text.
    ///
    /// # Errors
    /// [`ReadError`]; the violations are all that there are, up to [`MAX_VIOLATIONS`](super::limits::MAX_VIOLATIONS).
    pub fn read<T: Wire>(&self, text: &str) -> Result<T, ReadError> {
        if text.len() > self.max_bytes {
            return Err(ReadError::TooLarge {
                bytes: text.len(),
                limit: self.max_bytes,
            });
        }
        let mut parser = serde_json::Deserializer::from_str(text);
        let mut cx = self.cx();
        let read = read_with(&mut cx, &mut parser).map_err(|e| ReadError::Json(e.to_string()))?;
        parser.end().map_err(|e| ReadError::Json(e.to_string()))?;
        cx.finish(read).map_err(ReadError::Invalid)
    }

    /// Reads the params of a request; none are an empty object.
    ///
    /// # Errors
    /// As [`read`](Reader::read).
    pub fn read_params<T: Wire>(&self, params: Option<&RawValue>) -> Result<T, ReadError> {
        self.read(params.map_or("{}", RawValue::get))
    }

    /// Reads a value that has been parsed already; its size is not looked at again.
    ///
    /// # Errors
    /// As [`read`](Reader::read).
    pub fn read_value<T: Wire>(&self, value: Value) -> Result<T, ReadError> {
        let mut cx = self.cx();
        let read = read_with(&mut cx, value).map_err(|e| ReadError::Json(e.to_string()))?;
        cx.finish(read).map_err(ReadError::Invalid)
    }

    fn cx(&self) -> Cx {
        Cx::new(self.complete, self.unique)
    }
}

/// What `Deserialize` of every type here does: a strict reading, whose violations become the message of the error.
pub(crate) fn deserialize<'de, T: Wire, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let mut cx = Reader::strict().cx();
    let read = read_with(&mut cx, from)?;
    cx.finish(read).map_err(de::Error::custom)
}

/// Why a text was not read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ReadError {
    /// It is larger than the reader allows.
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// It is not JSON; the parser's words.
    Json(String),
    /// It is JSON of another shape.
    Invalid(Violations),
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge { bytes, limit } => {
                write!(f, "{bytes} bytes are more than the {limit} allowed")
            }
            Self::Json(why) => write!(f, "not JSON: {why}"),
            Self::Invalid(violations) => violations.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads a value wherever it comes from.
pub(crate) fn read_with<'de, T: Wire, D: Deserializer<'de>>(
    cx: &mut Cx,
    from: D,
) -> Result<Read<T>, D::Error> {
    Seed::new(cx).deserialize(from)
}

/// Takes the context to where the value is.
struct Seed<'c, T> {
    cx: &'c mut Cx,
    shape: PhantomData<T>,
}

impl<'c, T> Seed<'c, T> {
    fn new(cx: &'c mut Cx) -> Self {
        Self {
            cx,
            shape: PhantomData,
        }
    }
}

impl<'de, T: Wire> DeserializeSeed<'de> for Seed<'_, T> {
    type Value = Read<T>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Read<T>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, T: Wire> Visitor<'de> for Seed<'_, T> {
    type Value = Read<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Read<T>, E> {
        Ok(T::text(self.cx, text))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Read<T>, E> {
        Ok(T::owned_text(self.cx, text))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Read<T>, E> {
        Ok(T::boolean(self.cx, value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Read<T>, E> {
        Ok(T::integer(self.cx, value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Read<T>, E> {
        Ok(match i64::try_from(value) {
            Ok(value) => T::integer(self.cx, value),
            Err(_) => T::large_integer(self.cx, value),
        })
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Read<T>, E> {
        Ok(T::float(self.cx, value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Read<T>, E> {
        Ok(T::null())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Read<T>, A::Error> {
        if !self.cx.enter() {
            while array.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(self.cx.violation(too_deep()));
        }
        let read = T::array(self.cx, array);
        self.cx.leave();
        read
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Read<T>, A::Error> {
        if !self.cx.enter() {
            while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(self.cx.violation(too_deep()));
        }
        let read = T::object(self.cx, object);
        self.cx.leave();
        read
    }
}

fn too_deep() -> String {
    format!("nests deeper than {MAX_DEPTH}")
}
