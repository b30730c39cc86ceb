use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value};

use super::function::FunctionCall;
use super::path::DataPath;

/// A value that is written down, bound to the data model, or computed by the renderer.
#[derive(Clone, Debug, PartialEq)]
pub enum Dynamic<T> {
    /// The value itself.
    Literal(T),
    /// Whatever is at this path of the data model: `{"path":"/user/name"}`.
    Path(DataPath),
    /// What a function gives: `{"call":"formatString","args":{…}}`.
    Call(Box<FunctionCall>),
}

impl<T> Dynamic<T> {
    /// The value, if it is written down.
    pub fn literal(&self) -> Option<&T> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Path(_) | Self::Call(_) => None,
        }
    }
}

impl<T> From<DataPath> for Dynamic<T> {
    fn from(path: DataPath) -> Self {
        Self::Path(path)
    }
}

impl<T> From<FunctionCall> for Dynamic<T> {
    fn from(call: FunctionCall) -> Self {
        Self::Call(Box::new(call))
    }
}

macro_rules! literals {
    ($($from:ty => $to:ty;)*) => { $(
        impl From<$from> for Dynamic<$to> {
            fn from(value: $from) -> Self {
                Self::Literal(value.into())
            }
        }
    )* };
}

literals! {
    &str => String;
    String => String;
    bool => bool;
    i64 => Number;
    u64 => Number;
    Number => Number;
    Vec<String> => Vec<String>;
    Value => Value;
}

#[derive(Serialize)]
struct Binding<'a> {
    path: &'a DataPath,
}

impl<T: Serialize> Serialize for Dynamic<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Literal(value) => value.serialize(serializer),
            Self::Path(path) => Binding { path }.serialize(serializer),
            Self::Call(call) => call.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Dynamic<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DynamicVisitor(PhantomData))
    }
}

struct DynamicVisitor<T>(PhantomData<T>);

/// A literal of any scalar type: `T` says whether it is the right one.
macro_rules! scalars {
    ($($visit:ident: $type:ty;)*) => { $(
        fn $visit<E: de::Error>(self, value: $type) -> Result<Self::Value, E> {
            T::deserialize(value.into_deserializer()).map(Dynamic::Literal)
        }
    )* };
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for DynamicVisitor<T> {
    type Value = Dynamic<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a literal, a path or a function call")
    }

    scalars! {
        visit_bool: bool;
        visit_i64: i64;
        visit_u64: u64;
        visit_f64: f64;
        visit_str: &str;
        visit_string: String;
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        T::deserialize(().into_deserializer()).map(Dynamic::Literal)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        T::deserialize(SeqAccessDeserializer::new(items)).map(Dynamic::Literal)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        let members = Map::deserialize(MapAccessDeserializer::new(members))?;
        from_object(members).map_err(de::Error::custom)
    }
}

/// An object is a call if it has `call`, a path if it has `path`, and a literal otherwise.
fn from_object<'de, T: Deserialize<'de>>(
    members: Map<String, Value>,
) -> Result<Dynamic<T>, serde_json::Error> {
    if members.contains_key("call") {
        return FunctionCall::deserialize(members).map(Dynamic::from);
    }
    match members.get("path") {
        None => T::deserialize(members).map(Dynamic::Literal),
        Some(_) if members.len() > 1 => Err(de::Error::custom("a path stands alone")),
        Some(path) => DataPath::deserialize(path).map(Dynamic::Path),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read<T: for<'de> Deserialize<'de>>(value: Value) -> Result<Dynamic<T>, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn literals_paths_and_calls_are_told_apart() {
        assert_eq!(read::<String>(json!("a")), Ok("a".into()));
        assert_eq!(read::<bool>(json!(true)), Ok(true.into()));
        assert_eq!(
            read::<Vec<String>>(json!(["a"])),
            Ok(vec!["a".to_owned()].into())
        );
        assert_eq!(read::<Value>(json!(null)), Ok(Value::Null.into()));
        assert_eq!(read::<Value>(json!({"a":1})), Ok(json!({"a":1}).into()));
        let path = DataPath::parse("/a").unwrap();
        assert_eq!(read::<String>(json!({"path":"/a"})), Ok(path.into()));
        let call = read::<bool>(json!({"call":"not","args":{"value":true}})).unwrap();
        assert!(matches!(call, Dynamic::Call(call) if call.call == "not"));
    }

    #[test]
    fn a_literal_of_another_type_is_refused() {
        assert!(read::<String>(json!(1)).is_err());
        assert!(read::<bool>(json!("true")).is_err());
        assert!(read::<String>(json!({"a":1})).is_err());
        assert!(read::<String>(json!({"path":"/a","b":1})).is_err());
        assert!(read::<String>(json!({"path":"/__proto__"})).is_err());
    }

    #[test]
    fn a_number_is_written_as_it_was_read() {
        for number in ["1", "-1", "1.5", "18446744073709551615", "1e300"] {
            let value: Value = serde_json::from_str(number).unwrap();
            let read = read::<Number>(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), value);
        }
    }
}
