//! The name that a client gives to an act, so that it can ask later what became of it, and repeat it without doing it
//! twice.
//!
//! A request of a method that changes something carries it as `idempotency_key`: in its params, in `params._meta`, or,
//! where params are an array, in a member `_meta` of the request itself.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use crate::RpcError;

/// The name of the member.
const MEMBER: &str = "idempotency_key";
/// The same as it stands in a text. It may be written with escapes too; nobody does, and then it is no key.
const QUOTED: &str = "\"idempotency_key\"";

/// The key of an act: 1 to 128 bytes of text that the client chose. Who chooses a UUID chooses what nobody else does.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct IdempotencyKey(Arc<str>);

/// A text that is no key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidKey;

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a key is text of 1 to {} bytes", IdempotencyKey::MAX)
    }
}

impl std::error::Error for InvalidKey {}

impl IdempotencyKey {
    /// Bytes of a key at most.
    pub const MAX: usize = 128;

    /// The key with this text.
    ///
    /// # Errors
    /// [`InvalidKey`]: it is empty or longer than [`MAX`](Self::MAX).
    pub fn new(text: &str) -> Result<Self, InvalidKey> {
        if (1..=Self::MAX).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidKey)
        }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request with these params and this `_meta` beside them may name a key. No costs one scan of the text,
    /// and nothing is parsed for it.
    #[must_use]
    pub fn may_be_in(params: Option<&RawValue>, meta: Option<&RawValue>) -> bool {
        let named = |raw: Option<&RawValue>| raw.is_some_and(|raw| raw.get().contains(QUOTED));
        named(params) || named(meta)
    }

    /// The key that a request with these params and this `_meta` beside them names.
    ///
    /// # Errors
    /// `-32602`: it is no text, too long, empty, there twice, or there are two different ones.
    pub fn of_request(
        params: Option<&RawValue>,
        meta: Option<&RawValue>,
    ) -> Result<Option<Self>, RpcError> {
        let mut found: Option<Self> = None;
        let mut member = |raw: Option<&RawValue>, place: &'static str| {
            let Some(raw) = raw else { return Ok(()) };
            let key: Option<Self> =
                serde_json::from_str(raw.get()).map_err(|_| refused(place, InvalidKey))?;
            if key.is_some() && found.is_some() && found != key {
                return Err(refused(place, "the request names two different keys"));
            }
            found = found.take().or(key);
            Ok(())
        };
        let object = |raw: &&RawValue| raw.get().starts_with('{') && raw.get().contains(QUOTED);
        if let Some(params) = params.filter(object) {
            let named: Named<'_> = serde_json::from_str(params.get())
                .map_err(|_| refused(MEMBER, "the key stands there twice"))?;
            member(named.key, MEMBER)?;
            if let Some(inner) = named.meta.filter(object) {
                let place = "_meta.idempotency_key";
                member(key_in(inner, place)?, place)?;
            }
        }
        if let Some(meta) = meta.filter(object) {
            member(key_in(meta, MEMBER)?, MEMBER)?;
        }
        Ok(found)
    }
}

fn refused(place: &str, why: impl fmt::Display) -> RpcError {
    RpcError::invalid_params(Some(place), format!("{place}: {why}"))
}

fn key_in<'a>(meta: &'a RawValue, place: &str) -> Result<Option<&'a RawValue>, RpcError> {
    let named: Named<'_> = serde_json::from_str(meta.get())
        .map_err(|_| refused(place, "the key stands there twice"))?;
    Ok(named.key)
}

/// The part of params, or of their metadata, that this is about.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default, rename = "idempotency_key")]
    key: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<&'a RawValue>,
}

impl Borrow<str> for IdempotencyKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for IdempotencyKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for IdempotencyKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::new(&text).map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for IdempotencyKey {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "IdempotencyKey".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn of(params: &str) -> Result<Option<String>, String> {
        let params = raw(params);
        let key = IdempotencyKey::of_request(Some(&params), None);
        assert!(
            IdempotencyKey::may_be_in(Some(&params), None) || key == Ok(None),
            "what is found was looked for"
        );
        key.map(|key| key.map(|key| key.to_string()))
            .map_err(|error| error.message)
    }

    #[test]
    fn a_key_stands_in_the_params_or_in_their_metadata() {
        let found = Ok(Some("k".to_owned()));
        assert_eq!(of(r#"{"a":1,"idempotency_key":"k"}"#), found);
        assert_eq!(of(r#"{"_meta":{"x":[],"idempotency_key":"k"}}"#), found);
        assert_eq!(
            of(r#"{"_meta":{"idempotency_key":"k"},"idempotency_key":"k"}"#),
            found
        );
        assert_eq!(of(r#"{"idempotency_key":"\u006b"}"#), found);
    }

    #[test]
    fn params_that_are_an_array_have_it_beside_them() {
        let (params, meta) = (
            raw(r#"["idempotency_key"]"#),
            raw(r#"{"idempotency_key":"k"}"#),
        );
        let key = IdempotencyKey::of_request(Some(&params), Some(&meta)).unwrap();
        assert_eq!(key.unwrap().as_str(), "k");
        assert_eq!(IdempotencyKey::of_request(Some(&params), None), Ok(None));
        assert!(!IdempotencyKey::may_be_in(None, Some(&raw("{}"))));
    }

    #[test]
    fn what_stands_elsewhere_is_no_key() {
        for none in [
            "{}",
            "[1]",
            r#"{"idempotency_key":null}"#,
            r#"{"deep":{"idempotency_key":"k"}}"#,
            r#"{"_meta":"idempotency_key"}"#,
            r#"{"_meta":["idempotency_key"],"a":"\"idempotency_key\""}"#,
        ] {
            assert_eq!(of(none), Ok(None), "{none}");
        }
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_with_its_place() {
        let long = format!(r#"{{"idempotency_key":"{}"}}"#, "k".repeat(129));
        for wrong in [
            r#"{"idempotency_key":7}"#,
            r#"{"idempotency_key":""}"#,
            &long,
        ] {
            let said = of(wrong).unwrap_err();
            assert_eq!(said, "idempotency_key: a key is text of 1 to 128 bytes");
        }
        let said = of(r#"{"_meta":{"idempotency_key":{}}}"#).unwrap_err();
        assert!(said.starts_with("_meta.idempotency_key: "), "{said}");
        let twice = of(r#"{"idempotency_key":"a","idempotency_key":"a"}"#).unwrap_err();
        assert!(twice.contains("twice"), "{twice}");
        let two = of(r#"{"idempotency_key":"a","_meta":{"idempotency_key":"b"}}"#).unwrap_err();
        assert!(two.contains("two different"), "{two}");
    }
}
