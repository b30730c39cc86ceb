use serde::{Deserialize, Serialize};

use super::FactId;

/// What `memory.consolidate` did. Members of the original that stand for what this engine does not do are 0 or empty.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConsolidationReport {
    /// Facts that were past their end, and were erased.
    pub expired_pruned: u64,
    /// Superseded facts that were erased: none, they are history.
    pub superseded_gc: u64,
    /// Vectors of another model that were replaced.
    pub stale_embeddings_removed: u64,
    /// Facts that got a vector.
    pub nodes_embedded: u64,
    /// Domains of skills that changed.
    pub domains_evolved: Vec<String>,
    /// Facts that there are, outdated ones included.
    pub total_nodes: u64,
    /// References among them.
    pub total_edges: u64,
    /// How many of the facts that can be found have a vector, of 1.
    pub embedding_coverage: f64,
    /// Always 0.
    pub trajectory_insights: u64,
    /// Always 0.
    pub model_insights: u64,
    /// Always 0.
    pub turns_compacted: u64,
    /// Always 0.
    pub summaries_created: u64,
    /// Always 0.
    pub conv_facts_extracted: u64,
}

/// What became of something that was said.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryIngested"))]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ingested {
    /// It is kept as a fact. Only that of a segment is named.
    Added {
        /// The fact.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<FactId>,
    },
    /// It took the place of the segment's earlier revision, in the same fact.
    Replaced {
        /// The fact.
        id: FactId,
    },
    /// This revision of the segment or a later one was there; or it was forgotten, and stays so.
    Known,
}

/// What was written to a file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryStored"))]
pub struct Stored {
    /// Facts, outdated ones included.
    pub facts: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// What came in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "MemoryImported"))]
pub struct Imported {
    /// Facts.
    pub facts: u64,
    /// Those of them that are outdated.
    pub outdated: u64,
}
