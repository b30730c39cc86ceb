use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// Names a supervised agent: 1 to 128 ASCII letters, digits, `-`, `_` and `.`, neither `.` nor `..`. It is safe as a part
/// of a path.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AgentId(Arc<str>);

/// Why a text names no agent.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("an agent is named by 1 to {limit} letters, digits, `-`, `_` and `.`, and not by `.` or `..`", limit = AgentId::LONGEST)]
pub struct AgentIdError;

impl AgentId {
    /// How long an id may be, in bytes.
    pub const LONGEST: usize = 128;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AgentId {
    type Err = AgentIdError;

    fn from_str(text: &str) -> Result<Self, AgentIdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let fits = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(allowed);
        if fits && text != "." && text != ".." {
            Ok(Self(text.into()))
        } else {
            Err(AgentIdError)
        }
    }
}

impl Borrow<str> for AgentId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentId({:?})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_never_leads_out_of_its_folder() {
        for id in ["echo", "a.b", "..a", "A-1_", &"x".repeat(AgentId::LONGEST)] {
            assert_eq!(id.parse::<AgentId>().unwrap().as_str(), id);
        }
        let long = "x".repeat(AgentId::LONGEST + 1);
        for id in [
            "", ".", "..", "../a", "a/b", "/a", "a\\b", "a b", "ä", "a\0", "a\n", &long,
        ] {
            assert_eq!(id.parse::<AgentId>(), Err(AgentIdError), "{id:?}");
        }
    }
}
