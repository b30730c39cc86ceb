use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::limits::Limit;
use super::violation::push_segment;

/// Names that reach into the prototype of an object where a renderer is written in JavaScript. No path may name them.
const POLLUTING: &[&str] = &["__proto__", "constructor", "prototype"];

/// Why a text is no path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PathError {
    /// It does not begin with `/` and is not empty.
    NotAbsolute,
    /// A `~` is not followed by `0` or `1`.
    Escape,
    /// A segment is `__proto__`, `constructor` or `prototype`.
    Polluting,
    /// It is too long ([`Limit::PathBytes`]) or has too many segments ([`Limit::Depth`]).
    Limit(Limit),
}

impl PathError {
    pub(super) const PREFIX: &str = "invalid path: ";
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::NotAbsolute => "a JSON Pointer begins with `/`",
            Self::Escape => "`~` stands only in `~0` and `~1`",
            Self::Polluting => "`__proto__`, `constructor` and `prototype` are never segments",
            Self::Limit(limit) => return limit.fmt(f),
        };
        write!(f, "{}{why}", Self::PREFIX)
    }
}

impl std::error::Error for PathError {}

impl From<Limit> for PathError {
    fn from(limit: Limit) -> Self {
        Self::Limit(limit)
    }
}

/// A JSON Pointer (RFC 6901): empty, or segments that each begin with `/`.
///
/// The segments `__proto__`, `constructor` and `prototype` are refused wherever they stand.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Pointer(String);

impl Pointer {
    /// The whole document.
    pub const ROOT: Self = Self(String::new());

    /// Checks a text.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn parse(text: impl Into<String>) -> Result<Self, PathError> {
        let text = text.into();
        check(&text)?;
        Ok(Self(text))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the whole document.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The segments, unescaped.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.split('/').skip(1).map(unescaped)
    }

    /// One segment more.
    ///
    /// # Errors
    /// [`PathError`], if the segment may not stand in a path or the path becomes too long.
    pub fn join(&self, segment: &str) -> Result<Self, PathError> {
        let mut text = self.0.clone();
        push_segment(&mut text, segment);
        Self::parse(text)
    }
}

/// `~1` first and `~0` last, so that `~01` is `~1`.
fn unescaped(segment: &str) -> Cow<'_, str> {
    if segment.contains('~') {
        Cow::Owned(segment.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(segment)
    }
}

fn check(text: &str) -> Result<(), PathError> {
    Limit::PathBytes.hold(text.len())?;
    if text.is_empty() {
        return Ok(());
    }
    let Some(segments) = text.strip_prefix('/') else {
        return Err(PathError::NotAbsolute);
    };
    let mut count = 0;
    for segment in segments.split('/') {
        let mut escapes = segment.split('~').skip(1);
        if !escapes.all(|rest| rest.starts_with(['0', '1'])) {
            return Err(PathError::Escape);
        }
        if POLLUTING.contains(&&*unescaped(segment)) {
            return Err(PathError::Polluting);
        }
        count += 1;
    }
    Ok(Limit::Depth.hold(count)?)
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Pointer {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A path as components and updates write it: absolute (`/user/name`), or relative to the item of a template (`name`).
///
/// It is kept as it was written. `/` and the empty path are the whole data model, other than in RFC 6901.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct DataPath(String);

impl DataPath {
    /// Checks a text.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn parse(text: impl Into<String>) -> Result<Self, PathError> {
        let path = Self(text.into());
        path.resolve(&Pointer::ROOT)?;
        Ok(path)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the same everywhere, in a template too.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.0.is_empty() || self.0.starts_with('/')
    }

    /// What it points to where `scope` is the item of the template; `scope` is not looked at if the path is absolute.
    ///
    /// # Errors
    /// [`PathError`], if both together are too long.
    pub fn resolve(&self, scope: &Pointer) -> Result<Pointer, PathError> {
        match self.0.as_str() {
            "" | "/" => Ok(Pointer::ROOT),
            absolute if absolute.starts_with('/') => Pointer::parse(absolute),
            relative => Pointer::parse(format!("{scope}/{relative}")),
        }
    }
}

impl fmt::Display for DataPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DataPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pointers of RFC 6901, section 5, with what they name.
    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let segments = |text: &str| {
            let pointer = Pointer::parse(text).unwrap();
            pointer.segments().map(Cow::into_owned).collect::<Vec<_>>()
        };
        assert!(segments("").is_empty());
        assert_eq!(segments("/foo/0"), ["foo", "0"]);
        assert_eq!(segments("/"), [""]);
        assert_eq!(segments("/a~1b"), ["a/b"]);
        assert_eq!(segments("/c%d"), ["c%d"]);
        assert_eq!(segments("/ "), [" "]);
        assert_eq!(segments("/m~0n"), ["m~n"]);
        assert_eq!(segments("/~01"), ["~1"]);
    }

    #[test]
    fn what_is_no_pointer_is_told_apart() {
        assert_eq!(Pointer::parse("a"), Err(PathError::NotAbsolute));
        assert_eq!(Pointer::parse("/a~"), Err(PathError::Escape));
        assert_eq!(Pointer::parse("/~2"), Err(PathError::Escape));
        let long = format!("/{}", "a".repeat(Limit::PathBytes.max()));
        assert_eq!(Pointer::parse(long), Err(Limit::PathBytes.into()));
        let deep = "/a".repeat(Limit::Depth.max() + 1);
        assert_eq!(Pointer::parse(deep), Err(Limit::Depth.into()));
    }

    #[test]
    fn a_segment_that_reaches_a_prototype_is_refused_however_it_is_written() {
        for text in ["/__proto__", "/a/constructor/b", "/prototype"] {
            assert_eq!(Pointer::parse(text), Err(PathError::Polluting), "{text}");
        }
        assert_eq!(DataPath::parse("__proto__/x"), Err(PathError::Polluting));
        assert_eq!(Pointer::ROOT.join("constructor"), Err(PathError::Polluting));
        assert!(Pointer::parse("/__proto").is_ok());
    }

    #[test]
    fn a_relative_path_is_resolved_in_its_scope_and_an_absolute_one_is_not() {
        let scope = Pointer::parse("/users/3").unwrap();
        let at = |text: &str| {
            DataPath::parse(text)
                .unwrap()
                .resolve(&scope)
                .unwrap()
                .to_string()
        };
        assert_eq!(at("name"), "/users/3/name");
        assert_eq!(at("a/b"), "/users/3/a/b");
        assert_eq!(at("/company"), "/company");
        assert_eq!(at("/"), "");
        assert_eq!(at(""), "");
    }

    #[test]
    fn a_joined_segment_is_escaped() {
        let joined = Pointer::ROOT.join("a/b~c").unwrap();
        assert_eq!(joined.as_str(), "/a~1b~0c");
        assert_eq!(joined.segments().next().unwrap(), "a/b~c");
    }
}
