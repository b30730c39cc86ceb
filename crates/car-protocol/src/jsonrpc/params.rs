use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, IgnoredAny, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use super::by_name::ByName;
use crate::RpcError;

/// How much text of a peer an error repeats, in bytes.
const MAX_ECHO: usize = 256;

/// Reads raw params as `T`.
///
/// None, and an empty array where `T` wants an object, read as an empty object, so that params without required
/// members may be left out. What is named must be named: a filled array in place of an object is refused.
///
/// # Errors
/// `-32602`; `data.field` is the path of what is wrong, for example `proposal.actions[2].id`.
pub fn decode_params<T: DeserializeOwned>(params: Option<&RawValue>) -> Result<T, RpcError> {
    let mut text = params.map_or("{}", RawValue::get);
    if text.starts_with('[') && wants_object::<T>() {
        if serde_json::from_str::<[IgnoredAny; 0]>(text).is_err() {
            let why = "params are given by name, as an object";
            return Err(RpcError::invalid_params(None, why));
        }
        text = "{}";
    }
    read(text).map_err(|error| {
        if params.is_none() && !wants_object::<T>() {
            return RpcError::invalid_params(None, "params are missing");
        }
        explain::<T>(text, &error)
    })
}

fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let params = T::deserialize(ByName(&mut deserializer))?;
    deserializer.end()?;
    Ok(params)
}

/// Reads once more, slowly, to learn where it fails.
fn explain<T: DeserializeOwned>(text: &str, error: &serde_json::Error) -> RpcError {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let located = serde_path_to_error::deserialize::<_, T>(ByName(&mut deserializer)).err();
    let (mut path, mut message) = match &located {
        Some(located) => (
            located.path().to_string(),
            without_position(located.inner()),
        ),
        None => (String::new(), without_position(error)),
    };
    if path == "." {
        path.clear();
    }
    let member = named_member(&message).map(str::to_owned);
    if !path.is_empty() {
        message = format!("{path}: {message}");
    }
    if let Some(member) = member {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&member);
    }
    let field = (!path.is_empty()).then(|| bounded(path));
    RpcError::invalid_params(field.as_deref(), bounded(message))
}

/// The member in which a message of serde finds fault: it is not part of the path, which ends at its object.
fn named_member(message: &str) -> Option<&str> {
    let prefixes = ["missing field `", "unknown field `", "duplicate field `"];
    let rest = prefixes
        .iter()
        .find_map(|prefix| message.strip_prefix(prefix))?;
    rest.split_once('`').map(|(member, _)| member)
}

/// The text of an error without its position: params have no lines of their own.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&position).unwrap_or(&text).to_owned()
}

fn bounded(mut text: String) -> String {
    if text.len() > MAX_ECHO {
        text.truncate(text.floor_char_boundary(MAX_ECHO));
        text.push('…');
    }
    text
}

/// Whether `T` reads itself from an object: asks it, and keeps what it asks for.
fn wants_object<T: DeserializeOwned>() -> bool {
    matches!(T::deserialize(Ask), Err(Asked { for_object: true }))
}

struct Ask;

#[derive(Debug)]
struct Asked {
    for_object: bool,
}

impl<'de> Deserializer<'de> for Ask {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked { for_object: false })
    }

    fn deserialize_map<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked { for_object: true })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        Err(Asked { for_object: true })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct enum identifier ignored_any
    }
}

impl de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self { for_object: false }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only asking")
    }
}

impl std::error::Error for Asked {}
