use std::fmt::Write as _;

use super::super::limits::{MAX_DEPTH, MAX_QUOTED_CHARS};
use super::{Read, Violations, Wire};

/// Where a reading stands, and what it has found so far.
#[derive(Debug)]
pub struct Cx {
    path: Vec<Segment>,
    depth: usize,
    complete: bool,
    unique: bool,
    violations: Violations,
}

/// One step of a path.
#[derive(Debug)]
pub(super) enum Segment {
    /// A field of a message.
    Field(&'static str),
    /// An element of a list.
    Index(usize),
    /// A key of a map, cut to a length that an error may repeat.
    Key(String),
}

impl Segment {
    pub(super) fn key(key: &str) -> Self {
        Self::Key(key.chars().take(MAX_QUOTED_CHARS).collect())
    }
}

impl Cx {
    pub(super) fn new(complete: bool, unique: bool) -> Self {
        Self {
            path: Vec::new(),
            depth: 0,
            complete,
            unique,
            violations: Violations::default(),
        }
    }

    /// Whether required fields must be there.
    pub(crate) fn complete(&self) -> bool {
        self.complete
    }

    /// Whether free JSON may name a member once only.
    pub(super) fn unique(&self) -> bool {
        self.unique
    }

    /// Goes one level down, unless that is too deep.
    pub(super) fn enter(&mut self) -> bool {
        let allowed = self.depth < MAX_DEPTH;
        if allowed {
            self.depth += 1;
        }
        allowed
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Does something with the path one step longer.
    pub(super) fn below<R>(&mut self, segment: Segment, work: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(segment);
        let result = work(self);
        self.path.pop();
        result
    }

    /// Notes what is wrong with the value here.
    pub(crate) fn violation<T>(&mut self, description: impl Into<String>) -> Read<T> {
        self.violations.note(self.shown(), description.into());
        Read::Bad
    }

    /// Notes what is wrong with a field of the object here.
    pub(crate) fn field_violation(&mut self, field: &'static str, description: impl Into<String>) {
        self.below(Segment::Field(field), |cx| {
            let _: Read<()> = cx.violation(description);
        });
    }

    /// Notes that the value here is of another kind.
    pub(super) fn wrong<T>(&mut self, expected: &str) -> Read<T> {
        self.violation(format!("must be {expected}"))
    }

    /// The value, if there is one and nothing was wrong anywhere.
    pub(super) fn finish<T: Wire>(mut self, read: Read<T>) -> Result<T, Violations> {
        if matches!(read, Read::Null) {
            let _: Read<T> = self.wrong(T::EXPECTED);
        }
        match read {
            Read::Value(value) if self.violations.is_empty() => Ok(value),
            _ => Err(self.violations),
        }
    }

    /// The path as an error shows it: `message.parts[0].metadata`, or `securitySchemes["a.b"]`.
    fn shown(&self) -> String {
        let mut shown = String::new();
        for segment in &self.path {
            match segment {
                Segment::Index(index) => {
                    let _ = write!(shown, "[{index}]");
                }
                Segment::Field(name) => dotted(&mut shown, name),
                Segment::Key(key) if plain(key) => dotted(&mut shown, key),
                Segment::Key(key) => {
                    let _ = write!(shown, "[{key:?}]");
                }
            }
        }
        shown
    }
}

fn dotted(shown: &mut String, name: &str) {
    if !shown.is_empty() {
        shown.push('.');
    }
    shown.push_str(name);
}

fn plain(key: &str) -> bool {
    !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}
