//! `memory.*`: facts, found again by their words, their meaning and what they are connected with.

mod fact;
mod report;

use serde::{Deserialize, Serialize};

use super::Empty;

pub use fact::{Context, ContextLine, Fact, FactId, Forgotten, Score, Section, SegmentKey, Trust};
pub use report::{ConsolidationReport, Imported, Ingested, Stored};

crate::methods! {
    /// Keeps a fact. Answers how many facts are valid; `memory.add` answers its id, too. What is answered survives the end
    /// of the daemon, however it comes.
    #[mutates]
    AddFact = "memory.add_fact" (AddParams) -> u64;

    /// Keeps a fact, as `memory.add_fact` does, and answers its id.
    #[mutates]
    Add = "memory.add" (AddParams) -> Added;

    /// The valid facts that fit a question best, best first.
    Query = "memory.query" (QueryParams) -> Vec<Hit>;

    /// What a model should know for a question, as text: constraints, strategies, facts, what is outdated, the last turns of
    /// conversations, and words that no fact has. Each line cites its fact. Equal memories give equal texts.
    BuildContext = "memory.build_context" (ContextParams) -> String;

    /// The same without looking for what fits: the newest facts instead, and no unknown words.
    BuildContextFast = "memory.build_context_fast" (ContextParams) -> String;

    /// What `memory.build_context` answers, with the section, the fact and the score of each line.
    ExplainContext = "memory.explain_context" (ContextParams) -> Context;

    /// Erases facts that are past their end, and makes the vectors that are missing or of another model.
    #[mutates]
    Consolidate = "memory.consolidate" (Empty) -> ConsolidationReport;

    /// How many facts are valid. Turns of conversations are not counted.
    FactCount = "memory.fact_count" (Empty) -> u64;

    /// One fact, also when it is outdated.
    Get = "memory.get" (IdParams) -> Fact;

    /// Corrects a fact in its place: what is left out stays. Use `memory.supersede` where the earlier state is to be known.
    #[mutates]
    Update = "memory.update" (UpdateParams) -> Fact;

    /// Keeps a fact in the place of another, which stays as history and is not found any more.
    #[mutates]
    Supersede = "memory.supersede" (SupersedeParams) -> Added;

    /// Erases a fact, or all that came from a source, and everything that was derived from that: text, vectors, rows of the
    /// index, references. Cannot be undone.
    #[mutates]
    Forget = "memory.forget" (ForgetParams) -> Forgotten;

    /// Facts in the order in which they were learnt, a page at a time.
    List = "memory.list" (ListParams) -> Page;

    /// A fact with all that it took the place of and all that took its place, oldest first.
    History = "memory.history" (IdParams) -> Vec<Fact>;

    /// Keeps what was said as an untrusted fact of kind `conversation`, and among the last turns. With a segment it is kept
    /// once: a later revision takes the place of an earlier one.
    #[mutates]
    IngestConversation = "memory.ingest_conversation" (IngestParams) -> Ingested;

    /// Writes the valid facts to a file below `memory` in the daemon's folder, as a JSON array that only has what was said.
    /// Answers how many they are.
    #[mutates]
    Persist = "memory.persist" (FileParams) -> u64;

    /// Puts the facts of a file that `memory.persist` wrote in the place of all that there are. Answers how many they are.
    #[mutates]
    Load = "memory.load" (FileParams) -> u64;

    /// Writes everything to a file below `memory` in the daemon's folder, with ids, history and references, a JSON line each.
    #[mutates]
    Export = "memory.export" (FileParams) -> Stored;

    /// Takes a file that `memory.export` wrote into a memory that is empty. All or nothing.
    #[mutates]
    Import = "memory.import" (FileParams) -> Imported;
}

/// A fact to be kept: params of `memory.add_fact` and `memory.add`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryNewFact"))]
pub struct AddParams {
    /// What it is about: 1,024 bytes at most.
    pub subject: String,
    /// What it says: 16 KiB at most.
    pub body: String,
    /// What kind it is; `pattern` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How sure it is, 0 to 1; 0.5 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// When it stops to be valid, in RFC 3339; never when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// How far it may be believed; `trusted` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// From whom or where it is; the session when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The event that said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Facts that say otherwise: 32 at most. Both stay valid, and each is shown as disputed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradicts: Vec<FactId>,
    /// Facts that it was concluded from: 32 at most. When one of them is forgotten, so is this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derived_from: Vec<FactId>,
}

/// A fact that was kept.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryAdded"))]
pub struct Added {
    /// Its id.
    pub id: FactId,
    /// How many facts are valid now.
    pub count: u64,
}

/// Params of `memory.query`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryQueryParams"))]
pub struct QueryParams {
    /// The question: its first 1,024 bytes are looked at.
    pub query: String,
    /// How many facts at most: up to 1,000; 5 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<u64>,
    /// Whether the parts of each score are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<bool>,
}

/// A fact that fits.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryHit"))]
pub struct Hit {
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// `conversation` for a turn of one, `fact` for everything else.
    pub kind: String,
    /// How well it fits; comparable within one answer.
    pub confidence: f64,
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<FactId>,
    /// The kind that it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact_kind: Option<String>,
    /// The parts of the score, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
}

/// Params of `memory.build_context` and its sisters.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryContextParams"))]
pub struct ContextParams {
    /// The question; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Tokens that the model can look at. The context has two fifths of what is left of them after 4,096, and 2,000 at least;
    /// 8,000 when left out. A token is taken for four bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_context_window: Option<u64>,
}

/// Names a fact.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryIdParams"))]
pub struct IdParams {
    /// Its id.
    pub id: FactId,
}

/// Params of `memory.update`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryUpdateParams"))]
pub struct UpdateParams {
    /// The fact.
    pub id: FactId,
    /// What it is about from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What it says from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What kind it is from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How sure it is from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// When it stops to be valid, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// How far it may be believed from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
}

/// Params of `memory.supersede`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemorySupersedeParams"))]
pub struct SupersedeParams {
    /// The fact that it takes the place of.
    pub id: FactId,
    /// The new one.
    pub fact: AddParams,
}

/// Params of `memory.forget`: one of the two.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryForgetParams"))]
pub struct ForgetParams {
    /// The fact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<FactId>,
    /// A source, of which everything is meant, and of all that is below it: `meeting/7` with `meeting/7/mic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Params of `memory.list`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryListParams"))]
pub struct ListParams {
    /// The last fact of the page before; from the first one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<FactId>,
    /// How many facts at most: 1 to 1,000; 100 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Only facts of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only facts that came from this source, or from what is below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether facts are wanted, too, that are outdated or past their end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outdated: Option<bool>,
}

/// A page of facts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryPage"))]
pub struct Page {
    /// The facts, oldest first.
    pub facts: Vec<Fact>,
    /// What the next page is after; left out when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<FactId>,
}

/// Params of `memory.ingest_conversation`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryIngestParams"))]
pub struct IngestParams {
    /// Who spoke: `meeting/<id>/mic`, an agent, a person.
    pub speaker: String,
    /// What was said: 16 KiB at most.
    pub text: String,
    /// When, in RFC 3339; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Which part of which conversation it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<SegmentKey>,
}

/// Names a file.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryFileParams"))]
pub struct FileParams {
    /// Where it is: relative to the folder `memory` below the daemon's, or an absolute path that is below it. `..` is refused,
    /// and links that lead out of it.
    pub path: String,
}
