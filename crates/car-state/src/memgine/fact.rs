//! Facts, and what is asked about them.

use car_protocol::Timestamp;
pub use car_protocol::rpc::memory::{
    ConsolidationReport, Context, ContextLine, Fact, FactId, Forgotten, Imported, Score, Section,
    SegmentKey, Trust,
};
use serde::{Deserialize, Serialize};

/// A fact to be kept.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct NewFact {
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// What kind it is: `pattern`, `constraint`, `outcome`, or the engine's own.
    pub kind: String,
    /// When it was learnt.
    pub at: Timestamp,
    /// From whom or where: a session, an agent, a stream.
    pub source: String,
}

/// What may be said of a fact besides what every fact has.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// When it stops to be valid; never where it is absent.
    pub valid_until: Option<Timestamp>,
    /// How far it may be believed.
    pub trust: Trust,
    /// The event that said so: `meeting/7#12`.
    pub event: Option<String>,
    /// Facts that say otherwise. Both stay valid, and each is shown as disputed.
    pub contradicts: Vec<FactId>,
    /// Facts that it was concluded from: when one of them is forgotten, so is this.
    pub derived_from: Vec<FactId>,
}

impl Default for Details {
    fn default() -> Self {
        Self {
            confidence: 0.5,
            valid_until: None,
            trust: Trust::default(),
            event: None,
            contradicts: Vec::new(),
            derived_from: Vec::new(),
        }
    }
}

/// What is to be corrected of a fact. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactChange {
    /// What it is about.
    pub subject: Option<String>,
    /// What it says.
    pub body: Option<String>,
    /// What kind it is.
    pub kind: Option<String>,
    /// How sure it is, 0 to 1.
    pub confidence: Option<f64>,
    /// When it stops to be valid.
    pub valid_until: Option<Timestamp>,
    /// How far it may be believed.
    pub trust: Option<Trust>,
}

/// Which facts are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactFilter {
    /// Those that were learnt after this one.
    pub after: Option<FactId>,
    /// How many at most.
    pub limit: usize,
    /// Of this kind only.
    pub kind: Option<String>,
    /// From this source, or from what is below it, only.
    pub source: Option<String>,
    /// Also those that are outdated or past their end.
    pub outdated: bool,
}

/// A fact that was found.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FactHit {
    /// Its id.
    pub id: FactId,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// What kind it is.
    pub kind: String,
    /// How well it fits; comparable within one answer.
    pub score: f64,
}

/// A fact that was found, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The fact.
    pub fact: Fact,
    /// How well it fits.
    pub score: Score,
}
