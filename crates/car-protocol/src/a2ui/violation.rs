use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};

use super::event::{ErrorReport, codes};
use super::limits::Limit;
use super::message::{Body, Message};
use super::path::PathError;
use super::version::Version;
use super::{CallId, SurfaceId};

/// How much an error says, in bytes: it may repeat text of a peer.
const TOLD_BYTES: usize = 256;

/// Why a message is refused, for a program.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// It is not JSON, or its JSON is not that of a message.
    Json,
    /// A member is missing.
    Required,
    /// A member has another type or value than it may have.
    Type,
    /// It does not hold exactly one message.
    OneMessage,
    /// Its version is unknown.
    Version,
    /// A component or a member stands in it twice.
    Duplicate,
    /// A path is no JSON Pointer, or names what no path may name.
    Path,
    /// There is too much of something.
    Limit(Limit),
    /// The official schema forbids it, by this keyword: `required`, `enum`, `additionalProperties`.
    Schema(Cow<'static, str>),
}

impl Rule {
    /// The name: `required`, `limit`, or the keyword of the schema.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Json => "json",
            Self::Required => "required",
            Self::Type => "type",
            Self::OneMessage => "one_message",
            Self::Version => "version",
            Self::Duplicate => "duplicate",
            Self::Path => "path",
            Self::Limit(_) => "limit",
            Self::Schema(keyword) => keyword,
        }
    }

    /// The rule that an error of a reader speaks of. What is read is well-formed, so it is never the syntax.
    fn of(error: &str) -> Self {
        if let Some(limit) = Limit::named_in(error) {
            return Self::Limit(limit);
        }
        let starts = |prefix: &str| error.starts_with(prefix);
        if starts("missing field") {
            Self::Required
        } else if starts(NOT_ONE) {
            Self::OneMessage
        } else if starts(UNKNOWN_VERSION) {
            Self::Version
        } else if starts("recursion limit") {
            Self::Limit(Limit::Depth)
        } else if starts(TWICE) || starts("duplicate field") {
            Self::Duplicate
        } else if starts(PathError::PREFIX) {
            Self::Path
        } else {
            Self::Type
        }
    }
}

/// How an error begins that says a version is unknown.
pub(super) const UNKNOWN_VERSION: &str = "unknown A2UI version";
/// How an error begins that says there is no message, or more than one.
pub(super) const NOT_ONE: &str = "not exactly one message";
/// How an error begins that says a component id is there twice.
pub(super) const TWICE: &str = "duplicate component";

/// One fault of one message: where it is, which rule it breaks, and what to say about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// Which message of the payload, from 0.
    pub index: usize,
    /// Where in the message, as a JSON Pointer: `/updateComponents/components/0/text`. Empty for the message itself.
    pub path: String,
    /// Which rule.
    pub rule: Rule,
    /// What is wrong, for a person or a model. Bounded, but it may repeat what the peer wrote.
    pub message: String,
    /// What the message is about, if that could be read.
    pub about: Option<About>,
}

/// What a message is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum About {
    /// A surface.
    Surface(SurfaceId),
    /// A call, though it may be made on a surface.
    Call(CallId),
}

impl Violation {
    /// A fault at a place.
    pub fn new(rule: Rule, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            index: 0,
            path: path.into(),
            rule,
            message: bounded(message.into()),
            about: None,
        }
    }

    /// Too much of something.
    #[must_use]
    pub fn limit(limit: Limit, path: impl Into<String>) -> Self {
        Self::new(Rule::Limit(limit), path, limit.to_string())
    }

    /// The same fault in the message with this index.
    #[must_use]
    pub fn at(mut self, index: usize) -> Self {
        self.index = index;
        self
    }

    /// The same fault, for the surface or call that the message names.
    #[must_use]
    pub(super) fn of(mut self, message: &Value) -> Self {
        let body = message
            .as_object()
            .and_then(|members| members.values().find(|member| member.is_object()));
        let id = |name: &str| body.and_then(|body| body.get(name)).cloned();
        let call = id("functionCallId").and_then(|id| serde_json::from_value(id).ok());
        let surface = || id("surfaceId").and_then(|id| serde_json::from_value(id).ok());
        self.about = call
            .map(About::Call)
            .or_else(|| surface().map(About::Surface));
        self
    }

    /// Where in the body of the message, which is how an `error` message names it: `/components/0/text`.
    #[must_use]
    pub fn body_path(&self) -> &str {
        let inner = self.path.strip_prefix('/').unwrap_or_default();
        inner.find('/').map_or("", |end| &inner[end..])
    }

    /// What to answer the sender: `VALIDATION_FAILED` for a surface; in v1.0 `INVALID_FUNCTION_CALL` for a call.
    ///
    /// Nothing where neither is known: an `error` message must name one.
    #[must_use]
    pub fn to_error(&self, version: Version) -> Option<Message> {
        let report = match self.about.as_ref()? {
            About::Surface(surface) => ErrorReport {
                surface_id: Some(surface.clone()),
                path: Some(self.body_path().to_owned()),
                ..ErrorReport::new(codes::VALIDATION_FAILED, &*self.message)
            },
            About::Call(call) if version.is_v1() => ErrorReport {
                function_call_id: Some(call.clone()),
                ..ErrorReport::new(codes::INVALID_FUNCTION_CALL, &*self.message)
            },
            About::Call(_) => return None,
        };
        Some(Message::new(version, Body::Error(report)))
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {}", self.index)?;
        if !self.path.is_empty() {
            write!(f, ", {}", self.path)?;
        }
        write!(f, ": {} ({})", self.message, self.rule.name())
    }
}

impl std::error::Error for Violation {}

/// Reads `T` from JSON text; an error tells where.
pub(super) fn read_text<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Violation> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let message = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
        explained(&error).of(&message)
    })
}

/// Reads `T` from JSON that is at hand as a value; an error tells where.
pub(super) fn read_value<T: DeserializeOwned>(value: &Value) -> Result<T, Violation> {
    serde_path_to_error::deserialize(value).map_err(|error| explained(&error))
}

/// Reads `T` from the members of an object; an error tells where.
pub(super) fn read_members<T: DeserializeOwned>(
    members: &serde_json::Map<String, Value>,
) -> Result<T, Violation> {
    serde_path_to_error::deserialize(members).map_err(|error| explained(&error))
}

fn explained(error: &serde_path_to_error::Error<serde_json::Error>) -> Violation {
    let inner = error.inner();
    let text = inner.to_string();
    let position = format!(" at line {} column {}", inner.line(), inner.column());
    let text = text.strip_suffix(&position).unwrap_or(&text);
    Violation::new(Rule::of(text), pointer(error.path()), text)
}

/// The path of an error as a JSON Pointer.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push_segment(&mut pointer, &index.to_string()),
            Segment::Map { key } => push_segment(&mut pointer, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// Adds one segment to a JSON Pointer, escaped.
pub(super) fn push_segment(pointer: &mut String, segment: &str) {
    pointer.push('/');
    for character in segment.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// Cut to what an error may say.
pub(super) fn bounded(mut text: String) -> String {
    if text.len() > TOLD_BYTES {
        text.truncate(text.floor_char_boundary(TOLD_BYTES));
        text.push('…');
    }
    text
}
