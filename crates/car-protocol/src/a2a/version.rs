use std::fmt;

use super::limits::MAX_QUOTED_CHARS;
use super::{A2aError, ErrorKind, Operation};

/// A version of A2A that is spoken here.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Version {
    /// 0.3, and what 0.2 shares with it.
    V0_3,
    /// 1.0.
    V1_0,
}

impl Version {
    /// All of them, the oldest first.
    pub const ALL: &'static [Self] = &[Self::V0_3, Self::V1_0];

    /// As it stands on the wire: major and minor, never a patch.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V0_3 => "0.3",
            Self::V1_0 => "1.0",
        }
    }

    /// Reads `1.0`, and `1.0.1` too: only major and minor count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().split('.');
        let (major, minor) = (numbers.next()?, numbers.next()?);
        let patch = numbers.next();
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !patch.is_none_or(number) || numbers.next().is_some() {
            return None;
        }
        match (major, minor) {
            ("0", "3") => Some(Self::V0_3),
            ("1", "0") => Some(Self::V1_0),
            _ => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which version a request speaks; nothing else decides it.
///
/// `header` is what `A2A-Version` says, as a header or in the query, and stands above all. Where it is missing or empty,
/// as on a WebSocket, the method's name tells, since each name belongs to one version. A name of neither is taken for
/// 0.3, which is what A2A 1.0 says of a request without a version.
///
/// # Errors
/// [`ErrorKind::VersionNotSupported`], naming the versions that are.
pub fn choose(header: Option<&str>, method: &str) -> Result<Version, A2aError> {
    match header.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Version::parse(text).ok_or_else(|| unsupported(text)),
        None => Ok(Operation::find(method).map_or(Version::V0_3, |(version, _)| version)),
    }
}

fn unsupported(text: &str) -> A2aError {
    let shown: String = text.chars().take(MAX_QUOTED_CHARS).collect();
    let known: Vec<_> = Version::ALL
        .iter()
        .map(|version| version.as_str())
        .collect();
    let known = known.join(", ");
    let message = format!("version not supported: {shown}; this agent speaks {known}");
    A2aError::new(ErrorKind::VersionNotSupported, message)
        .with_metadata("version", shown)
        .with_metadata("supportedVersions", known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_decides_and_only_major_and_minor_count() {
        assert_eq!(
            choose(Some("1.0"), "message/send").ok(),
            Some(Version::V1_0)
        );
        assert_eq!(choose(Some("1.0.1"), "GetTask").ok(), Some(Version::V1_0));
        assert_eq!(choose(Some(" 0.3 "), "GetTask").ok(), Some(Version::V0_3));
        assert_eq!(choose(Some("0.3.0"), "x").ok(), Some(Version::V0_3));
    }

    #[test]
    fn without_a_header_the_name_of_the_method_decides() {
        assert_eq!(choose(None, "SendMessage").ok(), Some(Version::V1_0));
        assert_eq!(choose(Some(""), "SendMessage").ok(), Some(Version::V1_0));
        assert_eq!(choose(None, "message/send").ok(), Some(Version::V0_3));
        assert_eq!(choose(None, "no/such").ok(), Some(Version::V0_3));
    }

    #[test]
    fn a_version_that_is_not_spoken_is_refused_by_name() {
        for text in [
            "99.0", "1", "1.1", "0.2", "1.0.x", "1.0.0.0", "v1.0", "1.0.",
        ] {
            let error = choose(Some(text), "SendMessage").unwrap_err();
            assert_eq!(error.code(), -32009, "{text}");
            assert!(error.message().contains("0.3, 1.0"), "{error}");
        }
    }
}
