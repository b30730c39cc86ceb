use super::{Families, LogError, Reader, StreamName};
use crate::identity::{Identity, Role};

/// Which streams are meant: all whose names begin alike (`*`, `session/*`, `session/4f*`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern {
    text: Box<str>,
}

impl Pattern {
    /// The pattern with this text: `*`, or the name of a family, `/`, the beginning of an owner or nothing, and `*`.
    /// None where the text is no pattern but a name.
    ///
    /// # Errors
    /// [`LogError::UnknownFamily`] where there is no such family, or the text is too long.
    pub fn parse(families: &Families, text: &str) -> Option<Result<Self, LogError>> {
        let start = text.strip_suffix('*')?;
        let known = match start.split_once('/') {
            _ if start.is_empty() => Ok(()),
            Some((_, "")) => families.parse(&format!("{start}x")).map(drop),
            Some(_) => families.parse(start).map(drop),
            None => Err(LogError::UnknownFamily(text.chars().take(256).collect())),
        };
        Some(known.map(|()| Self { text: text.into() }))
    }

    /// The pattern as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How the names begin.
    fn start(&self) -> &str {
        self.text.strip_suffix('*').unwrap_or(&self.text)
    }

    /// Whether the pattern covers a stream.
    #[must_use]
    pub fn covers(&self, stream: &StreamName) -> bool {
        stream.as_str().starts_with(self.start())
    }

    /// Whether there can be a stream that it covers and that somebody may read.
    #[must_use]
    pub fn may_reach(&self, families: &Families, identity: &Identity) -> bool {
        families.iter().any(|family| {
            let own = StreamName::owned(family, identity.session.as_str());
            let owned = self.start().split_once('/').map(|(family, _)| family);
            let meant = owned.is_none_or(|name| name == family.name);
            meant
                && (identity.role == Role::Host
                    || match family.reader {
                        Reader::Everybody => true,
                        Reader::Owner => self.covers(&own),
                        Reader::Clients => identity.agent().is_none(),
                    })
        })
    }

    /// Whether it covers streams of a family that is pushed.
    #[must_use]
    pub fn is_pushed(&self, families: &Families) -> bool {
        let owned = self.start().split_once('/').map(|(family, _)| family);
        let mut meant = families
            .iter()
            .filter(|family| owned.is_none_or(|name| name == family.name));
        meant.any(|family| family.notification.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Principal, SessionId};
    use crate::log::{HOST, SESSION};

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(&Families::default(), text).unwrap().unwrap()
    }

    fn identity(role: Role) -> Identity {
        Identity {
            session: SessionId::new("4f0c"),
            principal: Principal::Client,
            role,
            auth_enabled: true,
        }
    }

    #[test]
    fn a_pattern_covers_what_begins_alike() {
        let (host, own) = (
            StreamName::single(&HOST),
            StreamName::owned(&SESSION, "4f0c"),
        );
        assert!(pattern("*").covers(&host) && pattern("*").covers(&own));
        assert!(pattern("session/*").covers(&own) && !pattern("session/*").covers(&host));
        assert!(pattern("session/4f*").covers(&own) && !pattern("session/5*").covers(&own));
    }

    #[test]
    fn what_is_no_pattern_is_a_name_and_families_have_to_be_known() {
        let families = Families::default();
        assert_eq!(Pattern::parse(&families, "host"), None);
        for text in ["video/*", "hos*", "/*", "session*", "nonsense/x*"] {
            let parsed = Pattern::parse(&families, text).unwrap();
            assert!(matches!(parsed, Err(LogError::UnknownFamily(_))), "{text}");
        }
    }

    #[test]
    fn a_client_reaches_what_is_public_and_its_own_and_a_host_all() {
        let families = Families::default();
        let (client, host) = (identity(Role::Client), identity(Role::Host));
        for (text, reached) in [
            ("*", true),
            ("host/*", true),
            ("session/*", true),
            ("session/4f*", true),
            ("session/5*", false),
        ] {
            let pattern = pattern(text);
            assert_eq!(pattern.may_reach(&families, &client), reached, "{text}");
            assert!(pattern.may_reach(&families, &host));
        }
    }
}
