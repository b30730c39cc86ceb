//! `state.*`: the key-value store of a session, by tenant.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

crate::methods! {
    /// Reads one key. `null` when the key is absent.
    Get = "state.get" (GetParams) -> Value;

    /// Writes one key. Answers `"ok"`.
    #[mutates]
    Set = "state.set" (SetParams) -> String;

    /// Whether a key is there.
    Exists = "state.exists" (GetParams) -> bool;

    /// All keys, sorted.
    Keys = "state.keys" (ScopeParams) -> Vec<String>;

    /// All keys with their values.
    Snapshot = "state.snapshot" (ScopeParams) -> Map<String, Value>;

    /// Removes one key. Answers whether it was there.
    #[mutates]
    Delete = "state.delete" (GetParams) -> bool;

    /// Removes every key. Cannot be undone.
    #[risk(NeedsApproval)] #[mutates]
    Clear = "state.clear" (ScopeParams) -> Cleared;
}

/// Names a key.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "StateKeyParams"))]
pub struct GetParams {
    /// The key: 1 to 1,024 bytes.
    pub key: String,
    /// The tenant; without one, the session's common keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// Params of `state.set`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "StateSetParams"))]
pub struct SetParams {
    /// The key: 1 to 1,024 bytes.
    pub key: String,
    /// The value; `null` when left out.
    #[serde(default)]
    pub value: Value,
    /// The tenant; without one, the session's common keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// Names a tenant.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "StateScopeParams"))]
pub struct ScopeParams {
    /// The tenant; without one, the session's common keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// Result of `state.clear`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "StateCleared"))]
pub struct Cleared {
    /// How many keys were removed.
    pub removed: u64,
}
