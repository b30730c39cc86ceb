use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value};

use super::super::FieldViolation;

/// The `@type` of each known detail.
pub mod detail_type {
    /// `google.rpc.ErrorInfo`.
    pub const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
    /// `google.rpc.BadRequest`.
    pub const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
    /// Free JSON.
    pub const STRUCT: &str = "type.googleapis.com/google.protobuf.Struct";
}

/// One element of an error's details: an object with `@type`.
#[derive(Clone, Debug, PartialEq)]
pub enum Detail {
    /// The stable name of the error.
    ErrorInfo {
        /// In upper case with underscores, for example `TASK_NOT_FOUND`.
        reason: String,
        /// Whose name it is; those of A2A have [`DOMAIN`](super::DOMAIN).
        domain: String,
        /// More, by names.
        metadata: BTreeMap<String, String>,
    },
    /// What of a request does not fit.
    BadRequest(Vec<FieldViolation>),
    /// Any other detail, with its `@type` if it has one.
    Other(Map<String, Value>),
}

impl Serialize for Detail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        match self {
            Self::ErrorInfo {
                reason,
                domain,
                metadata,
            } => {
                object.serialize_entry("@type", detail_type::ERROR_INFO)?;
                object.serialize_entry("reason", reason)?;
                object.serialize_entry("domain", domain)?;
                if !metadata.is_empty() {
                    object.serialize_entry("metadata", metadata)?;
                }
            }
            Self::BadRequest(violations) => {
                object.serialize_entry("@type", detail_type::BAD_REQUEST)?;
                object.serialize_entry("fieldViolations", violations)?;
            }
            Self::Other(members) => {
                for (name, value) in members {
                    object.serialize_entry(name, value)?;
                }
            }
        }
        object.end()
    }
}

impl<'de> Deserialize<'de> for Detail {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Map::deserialize(from).map(Self::from)
    }
}

impl From<Map<String, Value>> for Detail {
    /// What a peer sends is taken as far as it can be understood.
    fn from(members: Map<String, Value>) -> Self {
        let of = members.get("@type").and_then(Value::as_str);
        let known = match of {
            Some(detail_type::ERROR_INFO) => error_info(&members),
            Some(detail_type::BAD_REQUEST) => bad_request(&members),
            _ => None,
        };
        known.unwrap_or(Self::Other(members))
    }
}

fn error_info(members: &Map<String, Value>) -> Option<Detail> {
    let text = |name: &str| members.get(name)?.as_str().map(str::to_owned);
    let entry = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    let metadata = members.get("metadata").and_then(Value::as_object);
    Some(Detail::ErrorInfo {
        reason: text("reason")?,
        domain: text("domain").unwrap_or_default(),
        metadata: metadata.into_iter().flatten().filter_map(entry).collect(),
    })
}

fn bad_request(members: &Map<String, Value>) -> Option<Detail> {
    let violations = members.get("fieldViolations")?;
    Vec::deserialize(violations).ok().map(Detail::BadRequest)
}
