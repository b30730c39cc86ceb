//! `providers.*`: hosts that do for others what only their platform can.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Empty;
pub use super::tools::CancelParams;
use crate::Timestamp;

crate::methods! {
    /// Offers to serve provided methods. The newest offer of a method counts: the session that had it before serves it
    /// no more, except for calls that are under way. It ends with its session.
    #[access(Host)] #[mutates]
    Register = "providers.register" (RegisterParams) -> Provided;

    /// Takes offers of the caller's session back, all of them when no method is named. Calls under way go on.
    #[access(Host)] #[mutates]
    Unregister = "providers.unregister" (UnregisterParams) -> Withdrawn;

    /// The provided methods, by name, and who serves each.
    List = "providers.list" (Empty) -> ProviderList;
}

crate::callbacks! {
    /// Asks a provider to serve a call that the gate has let through. The result is the call's, whatever JSON it is; an
    /// error's `message` is what the caller is told.
    #[cancel("provider.cancel")]
    Call = "provider.call" (CallParams) -> Value;
}

crate::notifications! {
    /// Takes a `provider.call` back: nobody waits for its answer.
    Cancel = "provider.cancel" (CancelParams);
}

/// Params of `providers.register`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProvidersRegisterParams"))]
pub struct RegisterParams {
    /// Provided methods, one at least.
    pub methods: Vec<String>,
}

/// Result of `providers.register`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProvidersRegistered"))]
pub struct Provided {
    /// What the caller's session serves now, by name.
    pub methods: Vec<String>,
    /// Those of them that another session served before, by name.
    pub replaced: Vec<String>,
}

/// Params of `providers.unregister`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProvidersUnregisterParams"))]
pub struct UnregisterParams {
    /// Which; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
}

/// Result of `providers.unregister`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProvidersUnregistered"))]
pub struct Withdrawn {
    /// How many it was.
    pub removed: u64,
}

/// Result of `providers.list`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderList {
    /// By name.
    pub methods: Vec<ProvidedMethod>,
}

/// A provided method.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProvidedMethod {
    /// Its name.
    pub method: String,
    /// The session that serves it; left out where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Calls that it has not answered yet.
    pub open: u64,
}

/// Params of `provider.call`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProviderCallParams"))]
pub struct CallParams {
    /// The method.
    pub method: String,
    /// Its params, as the caller gave them.
    pub params: Value,
    /// The id of this request, which `provider.cancel` names.
    pub request_id: String,
    /// How long the answer counts, in milliseconds.
    pub timeout_ms: u64,
    /// The session that calls.
    pub session_id: String,
    /// The credential that it has: `client`, `host`, `agent/<agent>` or `anonymous/<session>`.
    pub principal: String,
    /// How often this request was sent, beginning with 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<u32>,
}
