use std::fmt;

use crate::a2ui::version::Version;
use crate::a2ui::violation::push_segment;

/// What a version cannot say.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Lost {
    /// The theme of a surface: v1.0 has none.
    Theme,
    /// What extensions add: v0.9 has no place for it.
    Metadata,
    /// The surface has no default catalog, and v0.9 requires one.
    NoDefaultCatalog,
    /// A component or a call is of another catalog than its surface, which v0.9 cannot mix.
    Catalog,
    /// A member of `accessibility` that the version does not have.
    Accessibility,
    /// A property that the component does not have in the version.
    Property,
    /// A heading whose text is not written down: v1.0 has headings in Markdown only.
    Heading,
    /// A condition that is written down: v1.0 has paths and calls only.
    CheckLiteral,
    /// A check without a message, which v0.9 requires.
    CheckMessage,
    /// A condition at a path: a truth value in v0.9, a validation result in v1.0.
    CheckResult,
    /// `@index`, which v0.9 does not have.
    Index,
    /// A value that is bound or computed where v0.9 wants it written down.
    Computed,
    /// An object that is written down where v0.9 allows none.
    Object,
    /// `null` in the data model, which v1.0 reads as the order to remove.
    Null,
    /// What the user did, in words: v0.9 has no place for it.
    UserMessage,
    /// The place of an error, which v1.0 requires.
    ErrorPath,
    /// The call of an error: v0.9 has no calls.
    CallId,
}

impl Lost {
    /// The name, for a program.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Theme => "theme",
            Self::Metadata => "metadata",
            Self::NoDefaultCatalog => "no_default_catalog",
            Self::Catalog => "catalog",
            Self::Accessibility => "accessibility",
            Self::Property => "property",
            Self::Heading => "heading",
            Self::CheckLiteral => "check_literal",
            Self::CheckMessage => "check_message",
            Self::CheckResult => "check_result",
            Self::Index => "index",
            Self::Computed => "computed",
            Self::Object => "object",
            Self::Null => "null",
            Self::UserMessage => "user_message",
            Self::ErrorPath => "error_path",
            Self::CallId => "call_id",
        }
    }
}

/// What became of what a version cannot say.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Fate {
    /// It is not there any more.
    Dropped,
    /// It is there, and the version's schema refuses it: there is no value that would be less wrong.
    Kept,
    /// It is there, and means something else.
    Changed,
    /// The version requires it, so it was made up.
    Assumed,
}

impl Fate {
    /// The name, for a program.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Kept => "kept",
            Self::Changed => "changed",
            Self::Assumed => "assumed",
        }
    }
}

/// One thing that a message said and its conversion does not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Loss {
    /// Where it stood, as a JSON Pointer in the message that was converted.
    pub path: String,
    /// What it is.
    pub lost: Lost,
    /// What became of it.
    pub fate: Fate,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lost, fate) = (self.lost.name(), self.fate.name());
        write!(f, "{}: {lost} {fate}", self.path)
    }
}

/// A version has no message that says anything like this one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoEquivalent {
    /// The message, by its member: `callAgentFunction`.
    pub message: &'static str,
    /// The version it is in.
    pub from: Version,
    /// The version that has none.
    pub to: Version,
}

impl fmt::Display for NoEquivalent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, from, to } = self;
        write!(f, "{to} says nothing like this `{message}` of {from}")
    }
}

impl std::error::Error for NoEquivalent {}

/// Collects losses, and knows where the conversion is.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Whether components and calls that do not say so are of another catalog than the basic one.
    pub(super) custom: bool,
    place: String,
    losses: Vec<Loss>,
}

impl Report {
    /// Goes into a member for as long as `work` takes.
    pub(super) fn inside<T>(&mut self, member: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let outside = self.place.len();
        push_segment(&mut self.place, member);
        let done = work(self);
        self.place.truncate(outside);
        done
    }

    /// Notes the loss of a member of where the conversion is.
    pub(super) fn lose(&mut self, member: &str, lost: Lost, fate: Fate) {
        let mut path = self.place.clone();
        push_segment(&mut path, member);
        self.losses.push(Loss { path, lost, fate });
    }

    /// What was collected, as of the message with this body.
    pub(super) fn take(&mut self, body: &str) -> Vec<Loss> {
        let mut losses = std::mem::take(&mut self.losses);
        for loss in &mut losses {
            loss.path.insert_str(0, &format!("/{body}"));
        }
        losses
    }
}
