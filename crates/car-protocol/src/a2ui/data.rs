use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::limits::{self, Limit};
use super::path::{PathError, Pointer};
use super::surface::{Change, UpdateDataModel};
use super::version::Version;

/// The data model of a surface: JSON that components are bound to.
///
/// Paths lead through objects and arrays. What is missing on the way is made, an array where the next segment is an
/// index and an object otherwise; what is there and is neither is never replaced. Limits: [`Limit::DataModelBytes`],
/// [`Limit::Depth`], [`Limit::ArrayGap`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct DataModel(Value);

/// Why a data model was not changed. It is as before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DataError {
    /// The path is none.
    Path(PathError),
    /// The path leads through a string, a number or a truth value.
    NotAContainer,
    /// The path leads into an array by something that is no index.
    NotAnIndex,
    /// The model would exceed a limit.
    Limit(Limit),
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(error) => error.fmt(f),
            Self::NotAContainer => f.write_str("the path leads through a value without members"),
            Self::NotAnIndex => f.write_str("an array has indices, not names"),
            Self::Limit(limit) => limit.fmt(f),
        }
    }
}

impl std::error::Error for DataError {}

impl From<Limit> for DataError {
    fn from(limit: Limit) -> Self {
        Self::Limit(limit)
    }
}

impl From<PathError> for DataError {
    fn from(error: PathError) -> Self {
        Self::Path(error)
    }
}

impl Default for DataModel {
    fn default() -> Self {
        Self(Value::Object(Map::new()))
    }
}

impl DataModel {
    /// A model with this in it.
    ///
    /// # Errors
    /// It exceeds a limit.
    pub fn new(value: Value) -> Result<Self, DataError> {
        limits::hold_value(&value, Limit::DataModelBytes)?;
        Ok(Self(value))
    }

    /// All of it.
    #[must_use]
    pub fn root(&self) -> &Value {
        &self.0
    }

    /// All of it.
    #[must_use]
    pub fn into_root(self) -> Value {
        self.0
    }

    /// What is at a path.
    #[must_use]
    pub fn get(&self, pointer: &Pointer) -> Option<&Value> {
        let mut segments = pointer.segments();
        segments.try_fold(&self.0, |inside, segment| match inside {
            Value::Object(members) => members.get(&*segment),
            Value::Array(items) => items.get(index(&segment)?),
            _ => None,
        })
    }

    /// Does what an update says, by the rules of the version it is written in.
    ///
    /// # Errors
    /// [`DataError`]; nothing has changed then.
    pub fn apply(&mut self, update: &UpdateDataModel, version: Version) -> Result<(), DataError> {
        let pointer = update.pointer()?;
        match update.change(version) {
            Change::Set(value) => self.set(&pointer, value.clone()),
            Change::Remove => self.remove(&pointer),
        }
    }

    /// Puts a value at a path.
    ///
    /// # Errors
    /// [`DataError`]; nothing has changed then.
    pub fn set(&mut self, pointer: &Pointer, value: Value) -> Result<(), DataError> {
        limits::hold_value(&value, Limit::DataModelBytes)?;
        if pointer.is_root() {
            self.0 = value;
            return Ok(());
        }
        self.check(pointer, &value)?;
        let segments: Vec<_> = pointer.segments().collect();
        let mut inside = &mut self.0;
        for segment in &segments {
            if inside.is_null() {
                *inside = container_for(segment);
            }
            inside = member(inside, segment)?;
        }
        *inside = value;
        Ok(())
    }

    /// Takes away what is at a path. In an array, `null` stays in its place; of the whole model, an empty object.
    ///
    /// # Errors
    /// [`DataError`]; nothing has changed then. That nothing is there is no error.
    pub fn remove(&mut self, pointer: &Pointer) -> Result<(), DataError> {
        let segments: Vec<_> = pointer.segments().collect();
        let Some((last, way)) = segments.split_last() else {
            *self = Self::default();
            return Ok(());
        };
        let mut inside = &mut self.0;
        for segment in way {
            let next = match inside {
                Value::Object(members) => members.get_mut(&**segment),
                Value::Array(items) => items.get_mut(index(segment).ok_or(DataError::NotAnIndex)?),
                Value::Null => None,
                _ => return Err(DataError::NotAContainer),
            };
            let Some(next) = next else { return Ok(()) };
            inside = next;
        }
        match inside {
            Value::Object(members) => drop(members.remove(&**last)),
            Value::Array(items) => {
                if let Some(item) = items.get_mut(index(last).ok_or(DataError::NotAnIndex)?) {
                    *item = Value::Null;
                }
            }
            Value::Null => {}
            _ => return Err(DataError::NotAContainer),
        }
        Ok(())
    }

    /// Whether a value may be put at a path: the way is free, and the limits hold afterwards.
    fn check(&self, pointer: &Pointer, value: &Value) -> Result<(), DataError> {
        let mut inside = Some(&self.0);
        // What the text grows by beside the value: names, brackets, and nulls in the gaps of arrays.
        let mut grown = 0;
        let mut depth = 0;
        for segment in pointer.segments() {
            depth += 1;
            inside = match inside {
                Some(Value::Object(members)) => members.get(&*segment),
                Some(Value::Array(items)) => {
                    let index = index(&segment).ok_or(DataError::NotAnIndex)?;
                    grown += gap(index, items.len())?;
                    items.get(index)
                }
                // Here a container is made: an array with the index in it, or an object.
                None | Some(Value::Null) => {
                    if let Some(index) = index(&segment) {
                        grown += gap(index, 0)?;
                    }
                    None
                }
                Some(_) => return Err(DataError::NotAContainer),
            };
            // The name in quotes, each of its bytes escaped at worst, a colon, a comma and two brackets.
            grown += segment.len() * 6 + 6;
        }
        if deeper_below(value, depth) {
            return Err(Limit::Depth.into());
        }
        let most = Limit::DataModelBytes.max();
        let length = |value: &Value| limits::length(value, most).unwrap_or(most);
        let replaced = inside.map_or(0, length);
        let total = length(&self.0).saturating_sub(replaced) + length(value) + grown;
        Ok(Limit::DataModelBytes.hold(total)?)
    }
}

/// Whether a value at this depth makes the model too deep.
fn deeper_below(value: &Value, depth: usize) -> bool {
    let wrapped = Limit::Depth.max().checked_sub(depth);
    wrapped.is_none_or(|levels| limits::deeper(value, levels))
}

/// The bytes of the nulls that fill an array up to an index.
fn gap(index: usize, length: usize) -> Result<usize, Limit> {
    let missing = index.saturating_sub(length);
    Limit::ArrayGap.hold(missing)?;
    Ok(missing * 5)
}

/// An index as RFC 6901 writes it: digits without a leading zero.
fn index(segment: &str) -> Option<usize> {
    let canonical = segment == "0" || !segment.starts_with('0');
    let digits = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && digits)
        .then(|| segment.parse().ok())
        .flatten()
}

/// What is made where a path goes on with this segment and nothing is there.
fn container_for(segment: &str) -> Value {
    if index(segment).is_some() {
        Value::Array(Vec::new())
    } else {
        Value::Object(Map::new())
    }
}

/// What is at one segment, made if it is not there. [`DataModel::check`] has held the gaps.
fn member<'a>(inside: &'a mut Value, segment: &str) -> Result<&'a mut Value, DataError> {
    match inside {
        Value::Object(members) => Ok(members.entry(segment).or_insert(Value::Null)),
        Value::Array(items) => {
            let index = index(segment).ok_or(DataError::NotAnIndex)?;
            if index >= items.len() {
                items.resize(index + 1, Value::Null);
            }
            items.get_mut(index).ok_or(DataError::NotAnIndex)
        }
        _ => Err(DataError::NotAContainer),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Pointer {
        Pointer::parse(text).unwrap()
    }

    fn model(value: Value) -> DataModel {
        DataModel::new(value).unwrap()
    }

    #[test]
    fn a_value_is_set_replaced_and_removed() {
        let mut model = DataModel::default();
        model.set(&at("/user/name"), json!("Alice")).unwrap();
        model.set(&at("/user/name"), json!("Bob")).unwrap();
        assert_eq!(model.get(&at("/user/name")), Some(&json!("Bob")));
        model.remove(&at("/user/name")).unwrap();
        model.remove(&at("/user/nothing/there")).unwrap();
        assert_eq!(model.root(), &json!({ "user": {} }));
        model.remove(&Pointer::ROOT).unwrap();
        assert_eq!(model, DataModel::default());
    }

    #[test]
    fn an_index_makes_an_array_and_a_name_an_object() {
        let mut model = DataModel::default();
        model.set(&at("/list/1/a"), json!(1)).unwrap();
        model.set(&at("/map/01"), json!(2)).unwrap();
        let expected = json!({ "list": [null, { "a": 1 }], "map": { "01": 2 } });
        assert_eq!(model.root(), &expected);
        model.remove(&at("/list/1")).unwrap();
        assert_eq!(model.get(&at("/list")), Some(&json!([null, null])));
    }

    #[test]
    fn what_is_no_container_stays_and_the_model_is_as_before() {
        let before = model(json!({ "a": "text", "list": [1] }));
        let mut after = before.clone();
        let refused = [
            ("/a/b", DataError::NotAContainer),
            ("/list/x", DataError::NotAnIndex),
            ("/list/-", DataError::NotAnIndex),
            ("/list/0/x", DataError::NotAContainer),
            ("/list/999999999", Limit::ArrayGap.into()),
            ("/other/999999999", Limit::ArrayGap.into()),
        ];
        for (path, error) in refused {
            assert_eq!(after.set(&at(path), json!(1)), Err(error), "{path}");
        }
        assert_eq!(after.remove(&at("/a/b")), Err(DataError::NotAContainer));
        assert_eq!(after, before);
    }

    #[test]
    fn a_model_does_not_outgrow_its_limit() {
        let half = "x".repeat(Limit::DataModelBytes.max() / 2 + 10);
        let mut model = DataModel::default();
        model.set(&at("/a"), json!(half)).unwrap();
        let before = model.clone();
        let refused = model.set(&at("/b"), json!(half));
        assert_eq!(refused, Err(Limit::DataModelBytes.into()));
        assert_eq!(model, before);
        // In the place of the first there is room for the second.
        model.set(&at("/a"), json!(half)).unwrap();
    }

    #[test]
    fn a_model_does_not_become_deeper_than_may_be() {
        let deepest = "/a".repeat(Limit::Depth.max());
        let mut model = DataModel::default();
        model.set(&at(&deepest), json!(1)).unwrap();
        let refused = model.set(&at(&deepest), json!([1]));
        assert_eq!(refused, Err(Limit::Depth.into()));
        assert!(DataModel::new(model.into_root()).is_ok());
    }

    #[test]
    fn an_update_removes_by_the_rules_of_its_version() {
        let update: UpdateDataModel =
            serde_json::from_value(json!({ "surfaceId": "s", "path": "/a", "value": null }))
                .unwrap();
        let mut old = model(json!({ "a": 1 }));
        old.apply(&update, Version::V0_9).unwrap();
        assert_eq!(old.root(), &json!({ "a": null }));
        let mut new = model(json!({ "a": 1 }));
        new.apply(&update, Version::V1_0).unwrap();
        assert_eq!(new.root(), &json!({}));
    }
}
