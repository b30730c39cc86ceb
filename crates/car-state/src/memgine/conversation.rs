//! What was said, and what becomes of it.

use car_protocol::Timestamp;
use serde::{Deserialize, Serialize};

use super::FactId;

/// One turn of a conversation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ConversationTurn {
    /// Who spoke: `meeting/<id>/mic`, an agent, a person.
    pub speaker: String,
    /// What was said.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// What became of a segment.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Ingested {
    /// It is new, and is this fact.
    Added(FactId),
    /// It took the place of its earlier revision, in the same fact.
    Replaced(FactId),
    /// This revision or a later one was there; or it was forgotten, and stays so. Nothing has changed.
    Known,
}

/// Whether something came from `source` or from what is below it: `meeting/7/mic` is below `meeting/7`, `meeting/71` is
/// not.
#[must_use]
pub fn is_from(origin: &str, source: &str) -> bool {
    let below = origin.strip_prefix(source);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::is_from;

    #[test]
    fn what_only_begins_alike_is_not_below() {
        for (origin, is) in [
            ("meeting/7", true),
            ("meeting/7/mic", true),
            ("meeting/71", false),
            ("meeting", false),
            ("", false),
        ] {
            assert_eq!(is_from(origin, "meeting/7"), is, "{origin}");
        }
    }
}
