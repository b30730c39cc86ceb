//! `grants.*`: consents that cover more than one call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

crate::methods! {
    /// The consents that are in force, in the order in which they were given: to a host all, to everybody else those of
    /// the caller's credential.
    List = "grants.list" (ListParams) -> GrantList;

    /// Ends a consent. No call begins under it once this is answered; one that has begun goes on.
    #[access(Host)] #[mutates]
    Revoke = "grants.revoke" (RevokeParams) -> Grant;
}

/// Params of `grants.list`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "GrantListParams"))]
pub struct ListParams {
    /// Only those for this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only those for this tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
}

/// Result of `grants.list`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GrantList {
    /// At most 4,096.
    pub grants: Vec<Grant>,
}

/// Params of `grants.revoke`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "GrantRevokeParams"))]
pub struct RevokeParams {
    /// The grant.
    pub grant_id: String,
}

/// A consent that covers more than one call.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// The method that it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The tool that it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The version of the tool that it covers: its version, or the digest of its schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_version: Option<String>,
    /// Whose calls it covers: `client`, `host`, `agent/` and the agent, or `anonymous/` and the session.
    pub owner: String,
    /// The session that it ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// What arguments must be: patterns, by JSON pointer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, String>,
    /// The one act that it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The one agent whose calls it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The credential of the person who gave it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// The approval that it was given with.
    pub approval_id: String,
    /// The rules that were in force then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_revision: Option<String>,
    /// When it ends by itself, by the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How often it can still be used; absent where that is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u32>,
    /// How often it let a call run.
    pub uses: u64,
    /// When it did last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}
