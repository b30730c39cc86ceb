use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{Family, Reader};
use crate::identity::{Identity, Role};

/// The name of a stream: a family, and within it an owner where the family has one (`host`, `session/4f0c…`).
#[derive(Clone)]
pub struct StreamName {
    family: &'static Family,
    text: Arc<str>,
}

impl StreamName {
    /// The stream of a family that has only one.
    #[must_use]
    pub fn single(family: &'static Family) -> Self {
        Self {
            family,
            text: family.name.into(),
        }
    }

    /// The stream of an owner.
    #[must_use]
    pub fn owned(family: &'static Family, owner: &str) -> Self {
        Self {
            family,
            text: format!("{}/{owner}", family.name).into(),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The family.
    #[must_use]
    pub fn family(&self) -> &'static Family {
        self.family
    }

    /// Whose stream it is, where the family has owners.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.text.get(self.family.name.len() + 1..)
    }

    /// Whether somebody may read the stream: what is public, what is their own session's, and a host everything.
    #[must_use]
    pub fn readable_by(&self, identity: &Identity) -> bool {
        identity.role == Role::Host
            || match self.family.reader {
                Reader::Everybody => true,
                Reader::Owner => self.session() == Some(identity.session.as_str()),
                // Their owners are no sessions, whatever they are called.
                Reader::Clients => identity.agent().is_none(),
            }
    }

    /// The session whose stream it is, where the family has owners: the owner, up to the first `/`.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        let owner = self.owner()?;
        Some(owner.split_once('/').map_or(owner, |(session, _)| session))
    }

    /// What of that session it is about, where it has more than one such stream: what follows the first `/` of the
    /// owner.
    #[must_use]
    pub fn item(&self) -> Option<&str> {
        Some(self.owner()?.split_once('/')?.1)
    }
}

impl PartialEq for StreamName {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for StreamName {}

impl Hash for StreamName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamName({:?})", self.text)
    }
}
