//! `results.*`: what actions gave that is too big to be carried.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

crate::methods! {
    /// Reads a part of a stored result. A handle is good for the session that got it, for sessions with the same
    /// credential, and for hosts; to all others it is unknown.
    Read = "results.read" (ReadParams) -> Chunk;
}

/// What stands for a result that is too big to be carried.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResultHandle {
    /// SHA-256 of the stored bytes, as 64 hex digits.
    pub sha256: String,
    /// How many there are.
    pub bytes: u64,
    /// `text/plain; charset=utf-8` for a string, whose bytes are its own; `application/json` for everything else; of what came
    /// along in a chat, what its sender said.
    pub media_type: String,
    /// Until when it is kept, unless others need the room before.
    pub expires_at: Timestamp,
}

/// Params of `results.read`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ResultsReadParams"))]
pub struct ReadParams {
    /// The handle, as it was given; only its `sha256` is looked at.
    pub handle: HandleName,
    /// The first byte, from 0; 0 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// How many bytes at most: 1 to 1,048,576; 262,144 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// How the bytes are to come; as text where they are text, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<ChunkEncoding>,
}

/// What names a stored result: a handle, of which only `sha256` must be there and is looked at.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ResultHandleName"))]
pub struct HandleName {
    /// SHA-256 of the stored bytes, as 64 hex digits.
    pub sha256: String,
    /// As it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// As it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// As it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// How bytes stand in JSON.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ResultEncoding"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChunkEncoding {
    /// As they are: they are UTF-8. A character is never cut, so there may be up to 3 bytes fewer than asked for.
    Text,
    /// As base64 with padding.
    Base64,
}

/// Result of `results.read`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ResultChunk"))]
pub struct Chunk {
    /// The result that it is a part of.
    pub handle: ResultHandle,
    /// The first byte.
    pub offset: u64,
    /// How many bytes `data` stands for.
    pub length: u64,
    /// How they stand there.
    pub encoding: ChunkEncoding,
    /// The bytes.
    pub data: String,
    /// Where the next part begins; left out at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<u64>,
}
