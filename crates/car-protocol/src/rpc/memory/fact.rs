use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The id of a fact, which no other fact of the same memory ever gets.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct FactId(pub String);

impl fmt::Display for FactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far what a fact says may be taken for true.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trust {
    /// Said by the owner of the memory.
    #[default]
    Trusted,
    /// Said by others: a transcript, a peer, a page. A model is told so.
    Untrusted,
}

impl Trust {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Which part of which conversation a turn is, so that it is kept once however often it is told.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SegmentKey {
    /// The conversation: `meeting/<id>`, `voice/<id>`.
    pub conversation: String,
    /// Whose audio it was: `mic`, `system`. Segments of two sources are never the same.
    pub source: String,
    /// The part of that source.
    pub segment: String,
    /// Counts its corrections, from 0.
    #[serde(default)]
    pub revision: u32,
}

impl SegmentKey {
    /// Where a fact that is made of it comes from: `meeting/<id>/mic`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}/{}", self.conversation, self.source)
    }
}

/// A fact, with where it comes from and what became of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fact {
    /// Its id.
    pub id: FactId,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// What kind it is: `pattern`, `constraint`, `outcome`, `strategy`, `conversation`, or the caller's own.
    pub kind: String,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// From whom or where.
    pub source: String,
    /// The event that said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// When it was learnt, and since when it is valid.
    pub at: Timestamp,
    /// When it stopped or stops to be valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// How far it may be believed; `trusted` where it is left out.
    #[serde(default, skip_serializing_if = "Trust::is_default")]
    pub trust: Trust,
    /// Whether another took its place, also when that one was forgotten since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outdated: bool,
    /// The fact that it took the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<FactId>,
    /// The fact that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<FactId>,
    /// Facts that say otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradicts: Vec<FactId>,
    /// Facts that it was concluded from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derived_from: Vec<FactId>,
    /// The segment of a conversation that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<SegmentKey>,
}

impl Fact {
    /// Whether it is valid at that time: not outdated, and not past its end.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        !self.outdated && self.valid_until.is_none_or(|until| until > now)
    }
}

/// What was erased.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Forgotten {
    /// The facts: those that were meant, and all that were derived from them.
    pub facts: Vec<FactId>,
    /// Vectors of theirs.
    pub vectors: u64,
    /// Rows of theirs in the index of terms.
    pub index_rows: u64,
    /// References to them in facts that stay.
    pub references: u64,
}

/// How well a fact fits, and why. Each part is of 0 to 1 or so, before it is weighted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "FactScore"))]
pub struct Score {
    /// All parts, weighted.
    pub total: f32,
    /// Shared words.
    pub lexical: f32,
    /// Likeness of meaning.
    pub dense: f32,
    /// What flowed over from others that fit.
    pub graph: f32,
}

/// A part of a context.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ContextSection"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Section {
    /// What always holds: facts of kind `constraint`.
    Constraints,
    /// How things are done: facts of kind `strategy` that fit.
    Strategies,
    /// Other facts that fit, the best first.
    Facts,
    /// What the shown facts took the place of.
    Outdated,
    /// The last turns of conversations, in their order.
    Conversation,
    /// Words of the question that no fact has.
    Unknown,
}

/// A context, and the reason of each line.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryContext"))]
pub struct Context {
    /// What a model gets.
    pub text: String,
    /// The lines of it below the headings, in order.
    pub lines: Vec<ContextLine>,
}

/// A line of a context.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContextLine {
    /// Where it is.
    pub section: Section,
    /// The fact that it tells, which its text cites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<FactId>,
    /// How well that fact fits, where that is why it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// The line, with its end.
    pub text: String,
}
