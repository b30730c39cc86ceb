//! The arguments of a call, in the flat form that rules can be held to a schema with.
//!
//! Arguments have any shape, and a schema knows only attributes that it names. So every value is reached by its JSON
//! pointer (RFC 6901), which no two values share.

use std::borrow::Cow;

use cedar_policy::RestrictedExpression;
use serde_json::Value;
use thiserror::Error;

use super::super::Arguments;

/// How many values of one call rules can look at.
pub(super) const MAX_VALUES: usize = 4_096;
/// How many bytes of names and values of one call rules can look at.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// Why rules cannot look at arguments.
#[derive(Debug, Error, Eq, PartialEq)]
pub(super) enum Unreadable {
    #[error("the arguments have more than {MAX_VALUES} values")]
    TooMany,
    #[error("the arguments are longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("the arguments are no JSON: {0}")]
    NoJson(String),
}

/// Names and values, by JSON pointer.
#[derive(Debug, Default)]
pub(super) struct Flat {
    pub(super) texts: Vec<(String, RestrictedExpression)>,
    pub(super) numbers: Vec<(String, RestrictedExpression)>,
    pub(super) lists: Vec<(String, RestrictedExpression)>,
    bytes: usize,
    values: usize,
}

/// Reads arguments; what is not given is `null`.
pub(super) fn read<'a>(arguments: Arguments<'a>) -> Result<Cow<'a, Value>, Unreadable> {
    match arguments {
        Arguments::Value(value) => Ok(Cow::Borrowed(value)),
        Arguments::Raw(None) => Ok(Cow::Owned(Value::Null)),
        Arguments::Raw(Some(raw)) if raw.get().len() > MAX_BYTES => Err(Unreadable::TooLong),
        Arguments::Raw(Some(raw)) => match serde_json::from_str(raw.get()) {
            Ok(value) => Ok(Cow::Owned(value)),
            Err(error) => Err(Unreadable::NoJson(error.to_string())),
        },
    }
}

/// The arguments as one text, for rules that look for words anywhere.
pub(super) fn text(value: &Value) -> Result<String, Unreadable> {
    let text = value.to_string();
    if text.len() > MAX_BYTES {
        return Err(Unreadable::TooLong);
    }
    Ok(text)
}

impl Flat {
    /// All values below `value`.
    pub(super) fn of(value: &Value) -> Result<Self, Unreadable> {
        let mut flat = Self::default();
        flat.add(&mut String::new(), value)?;
        Ok(flat)
    }

    fn add(&mut self, pointer: &mut String, value: &Value) -> Result<(), Unreadable> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(Unreadable::TooMany);
        }
        match value {
            Value::Null => Ok(()),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.below(pointer, &index.to_string(), item)?;
                }
                let texts: Vec<String> = items.iter().filter_map(scalar).collect();
                for text in &texts {
                    self.count(pointer.len() + text.len())?;
                }
                let texts = texts.into_iter().map(RestrictedExpression::new_string);
                let list = RestrictedExpression::new_set(texts);
                self.lists.push((pointer.clone(), list));
                Ok(())
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.below(pointer, name, member)?;
                }
                Ok(())
            }
            value => {
                let text = scalar(value).unwrap_or_default();
                self.count(pointer.len() + text.len())?;
                if let Some(number) = value.as_i64() {
                    let number = RestrictedExpression::new_long(number);
                    self.numbers.push((pointer.clone(), number));
                }
                let text = RestrictedExpression::new_string(text);
                self.texts.push((pointer.clone(), text));
                Ok(())
            }
        }
    }

    fn below(&mut self, pointer: &mut String, name: &str, value: &Value) -> Result<(), Unreadable> {
        let length = pointer.len();
        pointer.push('/');
        for character in name.chars() {
            match character {
                '~' => pointer.push_str("~0"),
                '/' => pointer.push_str("~1"),
                other => pointer.push(other),
            }
        }
        if pointer.len() > MAX_BYTES {
            return Err(Unreadable::TooLong);
        }
        let added = self.add(pointer, value);
        pointer.truncate(length);
        added
    }

    fn count(&mut self, bytes: usize) -> Result<(), Unreadable> {
        self.bytes += bytes;
        if self.bytes > MAX_BYTES {
            return Err(Unreadable::TooLong);
        }
        Ok(())
    }
}

/// The text of a value that has no values in it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(on) => Some(on.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(found: &[(String, RestrictedExpression)]) -> Vec<&str> {
        found.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn every_value_has_a_name_of_its_own() {
        let value =
            json!({ "a": { "b": 1 }, "a/b": "x", "a~b": true, "to": ["x", 2, null], "n": null });
        let flat = Flat::of(&value).unwrap();
        assert_eq!(
            names(&flat.texts),
            ["/a/b", "/a~1b", "/a~0b", "/to/0", "/to/1"]
        );
        assert_eq!(names(&flat.numbers), ["/a/b", "/to/1"]);
        assert_eq!(names(&flat.lists), ["/to"]);
        assert_eq!(names(&Flat::of(&json!("alone")).unwrap().texts), [""]);
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let many = json!(vec![0; MAX_VALUES + 1]);
        assert_eq!(Flat::of(&many).err(), Some(Unreadable::TooMany));
        let long = json!("x".repeat(MAX_BYTES + 1));
        assert_eq!(Flat::of(&long).err(), Some(Unreadable::TooLong));
        assert_eq!(text(&long), Err(Unreadable::TooLong));
    }
}
