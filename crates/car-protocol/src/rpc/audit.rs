//! `audit.*`: the chain of what was asked, decided and done with consent.

use serde::{Deserialize, Serialize};

crate::methods! {
    /// Checks the chain from its beginning. It takes a moment where it is long.
    #[access(Host)]
    Verify = "audit.verify" (VerifyParams) -> Verified;

    /// Removes what was written and shown with records, and records that. The chain stays whole.
    #[access(Host)] #[mutates]
    Redact = "audit.redact" (RedactParams) -> Redacted;
}

/// Params of `audit.verify`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AuditVerifyParams"))]
pub struct VerifyParams {
    /// A head that was kept elsewhere, `SEQ:HASH`: the chain must contain it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}

/// Result of `audit.verify`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AuditVerified"))]
pub struct Verified {
    /// Whether the chain is whole.
    pub whole: bool,
    /// How many records there are. 0 where it is broken, and so are the other numbers.
    pub records: u64,
    /// The number of the first that is kept.
    pub first: u64,
    /// The last record, as `SEQ:HASH`, to be kept elsewhere; absent where it is broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Records whose text was redacted.
    pub redacted: u64,
    /// Where it is broken first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
}

/// Where a chain is broken.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AuditBroken"))]
pub struct Broken {
    /// The record.
    pub seq: u64,
    /// What is wrong: `missing`, `hash`, `previous`, `body`, `text`, `text_gone`, `beginning`, `end` or `head`.
    pub what: String,
    /// The same for a person.
    pub message: String,
}

/// Params of `audit.redact`: one of both.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AuditRedactParams"))]
pub struct RedactParams {
    /// One record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// All records from the beginning up to the first that is not older than this moment, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// Result of `audit.redact`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AuditRedacted"))]
pub struct Redacted {
    /// The first record; 0 where there was nothing to remove.
    pub first: u64,
    /// The last record.
    pub last: u64,
    /// How many texts were removed.
    pub texts: u64,
}
