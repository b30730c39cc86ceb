//! How A2A carries A2UI: the media types, the metadata of parts and messages, the extension and its versions.
//!
//! Everything here is JSON, so that it fits whatever types a program has for A2A.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::capabilities::{RendererCapabilities, RendererDataModel};
use super::decode::{Decoded, decode_value};
use super::limits::{self, Limit};
use super::message::Message;
use super::version::Version;
use super::violation::{self, Violation};

/// The member of a part's metadata that tells what is in the part.
pub const MIME_TYPE_KEY: &str = "mimeType";

/// Every media type that A2UI is or was sent with. Read all, write [`Version::mime_type`].
pub const MIME_TYPES: &[&str] = &[
    "application/a2ui+json",
    "application/json+a2ui",
    // Of the original.
    "application/vnd.a2ui+json",
];

/// The headers that switch an extension on, in A2A 1.0 and before. Accept both, write the first for A2A 1.0.
pub const EXTENSION_HEADERS: &[&str] = &["A2A-Extensions", "X-A2A-Extensions"];

const EXTENSION: &str = "https://a2ui.org/a2a-extension/a2ui/v";

impl Version {
    /// The media type of parts and resources in this version.
    #[must_use]
    pub const fn mime_type(self) -> &'static str {
        match self {
            Self::V0_9 => "application/json+a2ui",
            Self::V0_9_1 | Self::V1_0 => "application/a2ui+json",
        }
    }

    /// The URI of the A2A extension.
    #[must_use]
    pub const fn extension_uri(self) -> &'static str {
        match self {
            Self::V0_9 => "https://a2ui.org/a2a-extension/a2ui/v0.9",
            Self::V0_9_1 => "https://a2ui.org/a2a-extension/a2ui/v0.9.1",
            Self::V1_0 => "https://a2ui.org/a2a-extension/a2ui/v1.0",
        }
    }

    /// The member of a message's metadata that holds [`RendererCapabilities`].
    #[must_use]
    pub const fn capabilities_key(self) -> &'static str {
        match self {
            Self::V0_9 | Self::V0_9_1 => "a2uiClientCapabilities",
            Self::V1_0 => "a2uiRendererCapabilities",
        }
    }

    /// The member of a message's metadata that holds a [`RendererDataModel`].
    #[must_use]
    pub const fn data_model_key(self) -> &'static str {
        match self {
            Self::V0_9 | Self::V0_9_1 => "a2uiClientDataModel",
            Self::V1_0 => "a2uiRendererDataModel",
        }
    }
}

/// Whether a media type is one of A2UI. Its case and what follows a semicolon do not matter.
#[must_use]
pub fn is_a2ui(mime_type: &str) -> bool {
    let essence = mime_type.split(';').next().unwrap_or_default().trim();
    MIME_TYPES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(essence))
}

/// A part of A2A 1.0 with these messages, in the version given. Bring the messages into it first.
///
/// A part of A2A 0.3 has `"kind":"data"` beside that.
///
/// # Errors
/// None that can happen: messages are JSON.
pub fn part(messages: &[Message], version: Version) -> serde_json::Result<Value> {
    let data = serde_json::to_value(messages)?;
    Ok(json!({ "data": data, "metadata": { MIME_TYPE_KEY: version.mime_type() } }))
}

/// The messages of a part of A2A 1.0 or 0.3; nothing if the part is not one of A2UI.
///
/// # Errors
/// As [`decode_value`].
pub fn read_part(part: &Value) -> Option<Result<Decoded, Violation>> {
    let mime_type = part.get("metadata")?.get(MIME_TYPE_KEY)?.as_str()?;
    let data = part.get("data").filter(|_| is_a2ui(mime_type))?;
    Some(decode_value(data))
}

/// What the metadata of a message from a renderer to an agent says about A2UI.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RendererMetadata {
    /// What the renderer can show. It goes with every message.
    pub capabilities: Option<RendererCapabilities>,
    /// The data models of the surfaces that the agent made and asked for.
    pub data_model: Option<RendererDataModel>,
}

impl RendererMetadata {
    /// Reads the metadata, under the names of any version; the newest counts.
    ///
    /// # Errors
    /// What is there has another shape, or exceeds a limit.
    pub fn read(metadata: &Map<String, Value>) -> Result<Self, Violation> {
        fn newest<T: serde::de::DeserializeOwned>(
            metadata: &Map<String, Value>,
            key: fn(Version) -> &'static str,
        ) -> Result<Option<T>, Violation> {
            let mut keys = Version::ALL.iter().rev().map(|&version| key(version));
            let found = keys.find_map(|key| Some((key, metadata.get(key)?)));
            let Some((key, value)) = found else {
                return Ok(None);
            };
            limits::hold_value(value, Limit::PayloadBytes)
                .map_err(|limit| Violation::limit(limit, format!("/{key}")))?;
            violation::read_value(value)
                .map(Some)
                .map_err(|mut violation| {
                    violation.path.insert_str(0, &format!("/{key}"));
                    violation
                })
        }
        Ok(Self {
            capabilities: newest(metadata, Version::capabilities_key)?,
            data_model: newest(metadata, Version::data_model_key)?,
        })
    }

    /// Writes it into the metadata of a message, under the names of a version.
    ///
    /// # Errors
    /// None that can happen: all of it is JSON.
    pub fn write(
        &self,
        metadata: &mut Map<String, Value>,
        version: Version,
    ) -> serde_json::Result<()> {
        fn insert<T: Serialize>(
            metadata: &mut Map<String, Value>,
            key: &str,
            value: Option<&T>,
        ) -> serde_json::Result<()> {
            if let Some(value) = value {
                metadata.insert(key.to_owned(), serde_json::to_value(value)?);
            }
            Ok(())
        }
        insert(
            metadata,
            version.capabilities_key(),
            self.capabilities.as_ref(),
        )?;
        insert(metadata, version.data_model_key(), self.data_model.as_ref())
    }
}

/// The version in an extension URI, whether it is known here or not. The order is that of semantic versions: 1.10 is
/// newer than 1.2.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ExtensionVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number; 0 when left out.
    pub patch: u32,
}

impl ExtensionVersion {
    /// Reads the URI; nothing if it is not one of A2UI.
    #[must_use]
    pub fn of_uri(uri: &str) -> Option<Self> {
        uri.strip_prefix(EXTENSION)?.parse().ok()
    }
}

/// The text is no version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoVersion;

impl fmt::Display for NoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not two or three numbers with dots between them")
    }
}

impl std::error::Error for NoVersion {}

impl FromStr for ExtensionVersion {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let number = |text: &str| -> Result<u32, NoVersion> {
            let canonical = text == "0" || !text.starts_with('0');
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            if !(canonical && digits) {
                return Err(NoVersion);
            }
            text.parse().map_err(|_| NoVersion)
        };
        let mut numbers = text.split('.');
        let version = Self {
            major: number(numbers.next().unwrap_or_default())?,
            minor: number(numbers.next().ok_or(NoVersion)?)?,
            patch: numbers.next().map_or(Ok(0), number)?,
        };
        match numbers.next() {
            None => Ok(version),
            Some(_) => Err(NoVersion),
        }
    }
}

/// The extension URIs that a header, or several of them, asks for. They are separated by commas.
pub fn requested(header: &str) -> impl Iterator<Item = &str> {
    header
        .split(',')
        .map(str::trim)
        .filter(|uri| !uri.is_empty())
}

/// The newest extension of A2UI that both sides named, as the first side wrote it.
pub fn newest_common<'a, 'b>(
    ours: impl IntoIterator<Item = &'a str>,
    theirs: impl IntoIterator<Item = &'b str>,
) -> Option<&'a str> {
    let theirs: Vec<_> = theirs
        .into_iter()
        .filter_map(ExtensionVersion::of_uri)
        .collect();
    let named = ours
        .into_iter()
        .filter_map(|uri| Some((ExtensionVersion::of_uri(uri)?, uri)));
    named
        .filter(|(version, _)| theirs.contains(version))
        .max_by_key(|(version, _)| *version)
        .map(|(_, uri)| uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_the_media_type_it_is_read_by() {
        for &version in Version::ALL {
            assert!(is_a2ui(version.mime_type()));
            let uri = ExtensionVersion::of_uri(version.extension_uri()).unwrap();
            let patch = format!(".{}", uri.patch);
            let patch = if uri.patch == 0 { "" } else { &patch };
            assert_eq!(
                format!("v{}.{}{patch}", uri.major, uri.minor),
                version.as_str()
            );
        }
        assert!(is_a2ui("Application/A2UI+JSON; charset=utf-8"));
        assert!(!is_a2ui("application/json"));
    }

    #[test]
    fn the_newest_common_extension_is_chosen_by_number_and_not_by_spelling() {
        let uri = |version: &str| format!("{EXTENSION}{version}");
        let (old, new, newer) = (uri("1.2"), uri("1.10"), uri("2.0"));
        let ours = [old.as_str(), new.as_str(), "https://example.com/x"];
        let theirs = [new.as_str(), newer.as_str(), old.as_str()];
        assert_eq!(newest_common(ours, theirs), Some(new.as_str()));
        assert_eq!(newest_common(ours, [newer.as_str()]), None);
        assert_eq!(newest_common(ours, []), None);
    }

    #[test]
    fn what_is_no_version_is_no_extension() {
        for text in [
            "",
            "1",
            "1.2.3.4",
            "1.x",
            "01.2",
            "1.2-rc",
            "99999999999.0",
            "1.",
        ] {
            assert_eq!(text.parse::<ExtensionVersion>(), Err(NoVersion), "{text}");
        }
    }

    #[test]
    fn a_header_is_split_at_its_commas() {
        let uris: Vec<_> = requested(" a, b ,,c").collect();
        assert_eq!(uris, ["a", "b", "c"]);
    }
}
