use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::CatalogId;
use super::violation::{UNKNOWN_VERSION, bounded};

/// A version of A2UI, as each message names it. The order is that of the versions.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Version {
    /// v0.9, which the original speaks.
    #[serde(rename = "v0.9")]
    V0_9,
    /// v0.9.1, the production release: v0.9 with another media type.
    #[serde(rename = "v0.9.1")]
    V0_9_1,
    /// v1.0, a release candidate.
    #[serde(rename = "v1.0")]
    V1_0,
}

impl Version {
    /// All of them, oldest first.
    pub const ALL: &'static [Self] = &[Self::V0_9, Self::V0_9_1, Self::V1_0];

    /// As messages name it: `v0.9.1`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V0_9 => "v0.9",
            Self::V0_9_1 => "v0.9.1",
            Self::V1_0 => "v1.0",
        }
    }

    /// The id of the basic catalog. It is a name, never an address to fetch. v0.9.1 kept that of v0.9.
    #[must_use]
    pub const fn basic_catalog(self) -> &'static str {
        match self {
            Self::V0_9 | Self::V0_9_1 => {
                "https://a2ui.org/specification/v0_9/catalogs/basic/catalog.json"
            }
            Self::V1_0 => "https://a2ui.org/specification/v1_0/catalogs/basic/catalog.json",
        }
    }

    /// Whether v1.0 or later wrote the rules: agents and renderers, mixed catalogs, calls both ways.
    #[must_use]
    pub const fn is_v1(self) -> bool {
        matches!(self, Self::V1_0)
    }
}

/// The basic catalog under other names: that of the original, and that of the folder of v0.9.1.
const OTHER_BASIC_CATALOGS: &[&str] = &[
    "https://a2ui.org/specification/v0_9/basic_catalog.json",
    "https://a2ui.org/specification/v0_9_1/catalogs/basic/catalog.json",
];

/// Whether the id is that of the basic catalog, in any version.
#[must_use]
pub fn is_basic_catalog(id: &CatalogId) -> bool {
    let mut known = Version::ALL.iter().map(|version| version.basic_catalog());
    known.any(|basic| basic == id.as_str()) || OTHER_BASIC_CATALOGS.contains(&id.as_str())
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no version that is known here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownVersion;

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(UNKNOWN_VERSION)
    }
}

impl std::error::Error for UnknownVersion {}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let mut known = Self::ALL.iter().copied();
        known
            .find(|version| version.as_str() == text)
            .ok_or(UnknownVersion)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let unknown = |error| de::Error::custom(bounded(format!("{error}: `{text}`")));
        text.parse().map_err(unknown)
    }
}
