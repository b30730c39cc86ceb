use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::base64;
use super::{Cx, Read, Wire, deserialize};
use crate::Timestamp;

impl Wire for String {
    const EXPECTED: &'static str = "a string";

    fn text(_: &mut Cx, text: &str) -> Read<Self> {
        Read::Value(text.to_owned())
    }

    fn owned_text(_: &mut Cx, text: String) -> Read<Self> {
        Read::Value(text)
    }

    fn unset() -> Option<Self> {
        Some(Self::new())
    }

    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}

impl Wire for bool {
    const EXPECTED: &'static str = "true or false";

    fn boolean(_: &mut Cx, value: bool) -> Read<Self> {
        Read::Value(value)
    }

    fn unset() -> Option<Self> {
        Some(false)
    }
}

/// A 32-bit number of protobuf that is never negative: 0 to 2147483647.
impl Wire for u32 {
    const EXPECTED: &'static str = "a whole number from 0 to 2147483647";

    fn integer(cx: &mut Cx, value: i64) -> Read<Self> {
        match i32::try_from(value).map(Self::try_from) {
            Ok(Ok(value)) => Read::Value(value),
            _ => cx.wrong(Self::EXPECTED),
        }
    }

    fn float(cx: &mut Cx, value: f64) -> Read<Self> {
        let whole = value.fract() == 0.0 && (0.0..=f64::from(i32::MAX)).contains(&value);
        if !whole {
            return cx.wrong(Self::EXPECTED);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and within the range, as was just checked"
        )]
        let value = value as Self;
        Read::Value(value)
    }

    fn text(cx: &mut Cx, text: &str) -> Read<Self> {
        match text.parse::<i64>() {
            Ok(value) => Self::integer(cx, value),
            Err(_) => cx.wrong(Self::EXPECTED),
        }
    }

    fn unset() -> Option<Self> {
        Some(0)
    }
}

/// Milliseconds are kept, what is finer is cut off: that is the precision which A2A asks for.
impl Wire for Timestamp {
    const EXPECTED: &'static str = "an RFC 3339 time such as 2026-01-02T03:04:05.678Z";

    fn text(cx: &mut Cx, text: &str) -> Read<Self> {
        // A sign would be a year of more than four digits, which RFC 3339 and protobuf do not have.
        let year = text.as_bytes().first().is_some_and(u8::is_ascii_digit);
        match text.parse::<Self>() {
            Ok(time) if year => Read::Value(Self::from_unix_millis(time.unix_millis())),
            _ => cx.wrong(Self::EXPECTED),
        }
    }
}

/// Bytes, in base64 on the wire. Read in every variant that ProtoJSON knows (the standard and the URL alphabet, with
/// and without padding), written in the standard one with padding.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Bytes(pub Vec<u8>);

impl Wire for Bytes {
    const EXPECTED: &'static str = "base64";

    fn text(cx: &mut Cx, text: &str) -> Read<Self> {
        match base64::decode(text) {
            Some(bytes) => Read::Value(Self(bytes)),
            None => cx.wrong(Self::EXPECTED),
        }
    }

    fn unset() -> Option<Self> {
        Some(Self::default())
    }

    fn is_unset(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        deserialize(from)
    }
}
