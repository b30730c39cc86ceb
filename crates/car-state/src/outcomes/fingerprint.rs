use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

/// What tells an act from another one: a digest of its method and params. The order of members, white space and escapes
/// make no difference; the key and `_meta` do not count.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The one of a call. No params are the same as empty ones.
    #[must_use]
    pub fn of(method: &str, params: Option<&RawValue>) -> Self {
        let read = params.and_then(|params| serde_json::from_str(params.get()).ok());
        let mut params = read.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        if let Value::Object(members) = &mut params {
            members.remove("_meta");
            members.remove("idempotency_key");
        }
        let mut digest = Sha256::new();
        text(&mut digest, method);
        feed(&mut digest, &params);
        Self(digest.finalize().into())
    }

    /// One that was stored.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// To be stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Each value with its kind and, where it has one, its length: no two values feed the same bytes.
fn feed(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Null => digest.update(b"z"),
        Value::Bool(true) => digest.update(b"t"),
        Value::Bool(false) => digest.update(b"f"),
        Value::Number(number) => {
            digest.update(b"n");
            text(digest, &number.to_string());
        }
        Value::String(string) => {
            digest.update(b"s");
            text(digest, string);
        }
        Value::Array(values) => {
            digest.update(b"a");
            digest.update((values.len() as u64).to_le_bytes());
            values.iter().for_each(|value| feed(digest, value));
        }
        Value::Object(members) => {
            digest.update(b"o");
            digest.update((members.len() as u64).to_le_bytes());
            let mut names: Vec<_> = members.iter().collect();
            names.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in names {
                text(digest, name);
                feed(digest, value);
            }
        }
    }
}

fn text(digest: &mut Sha256, text: &str) {
    digest.update((text.len() as u64).to_le_bytes());
    digest.update(text);
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(")?;
        for byte in self.0.iter().take(4) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(params: &str) -> Fingerprint {
        let params = RawValue::from_string(params.to_owned()).unwrap();
        Fingerprint::of("m", Some(&params))
    }

    #[test]
    fn how_params_are_written_makes_no_difference() {
        let same = of(r#"{"a":[1,2.5,null],"b":"é"}"#);
        for other in [
            r#"{ "b" : "\u00e9", "a" : [1, 25e-1, null] }"#,
            r#"{"a":[1,2.5,null],"b":"é","idempotency_key":"k"}"#,
            r#"{"_meta":{"idempotency_key":"k","traceparent":"x"},"a":[1,2.5,null],"b":"é"}"#,
        ] {
            assert_eq!(of(other), same, "{other}");
        }
        let none = Fingerprint::of("m", None);
        assert_eq!(of("{}"), none);
    }

    #[test]
    fn what_params_say_makes_one() {
        let all = [
            r#"{}"#,
            r#"[]"#,
            r#"{"a":1}"#,
            r#"{"a":"1"}"#,
            r#"{"a":9007199254740993}"#,
            r#"{"a":9007199254740992}"#,
            r#"{"a":[1]}"#,
            r#"{"a":[[1]]}"#,
            r#"{"a":{"_meta":1}}"#,
            r#"{"a":null}"#,
            r#"["a",null]"#,
        ];
        for (index, one) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                assert_ne!(of(one), of(other), "{one} {other}");
            }
        }
        assert_ne!(Fingerprint::of("m", None), Fingerprint::of("n", None));
    }
}
