//! `policy.*`: rules that every action must pass.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::tools::Unregistered;

crate::methods! {
    /// Registers a policy in the session, or in one of its policy scopes. A name that is there already is replaced.
    #[mutates]
    Register = "policy.register" (RegisterParams) -> Registered;

    /// The policies of the session, or of one of its policy scopes.
    List = "policy.list" (ListParams) -> PolicyList;

    /// Removes a policy.
    #[mutates]
    Unregister = "policy.unregister" (UnregisterParams) -> Unregistered;
}

/// A policy. Which members it needs depends on its rule.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyDefinition {
    /// 1 to 128 bytes; names the policy in violations.
    pub name: String,
    /// `deny_tool`, `deny_tool_param` or `require_state`.
    pub rule: String,
    /// The tool, for `deny_tool` and `deny_tool_param`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The parameter for `deny_tool_param`, the key for `require_state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value that `require_state` demands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The text that `deny_tool_param` looks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// Params of `policy.register`: the members of the policy, and `session_id`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PolicyRegisterParams"))]
pub struct RegisterParams {
    /// The policy.
    #[serde(flatten)]
    pub policy: PolicyDefinition,
    /// The policy scope; without one, the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
}

// A derived `flatten` would read everything into a buffer first, and could not tell which member is wrong.
impl<'de> Deserialize<'de> for RegisterParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Flat {
            name: String,
            rule: String,
            target: Option<String>,
            key: Option<String>,
            value: Option<Value>,
            pattern: Option<String>,
            session_id: Option<String>,
        }
        let flat = Flat::deserialize(deserializer)?;
        Ok(Self {
            policy: PolicyDefinition {
                name: flat.name,
                rule: flat.rule,
                target: flat.target,
                key: flat.key,
                value: flat.value,
                pattern: flat.pattern,
            },
            session_id: flat.session_id,
        })
    }
}

/// Result of `policy.register`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PolicyRegistered"))]
pub struct Registered {
    /// The policy's name.
    pub registered: String,
    /// Where.
    pub scope: Scope,
}

/// Where a policy applies: `"global"` is the whole session.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PolicyAppliesTo"))]
#[serde(rename_all = "snake_case", untagged)]
pub enum Scope {
    /// The word `global`.
    Global(GlobalScope),
    /// One policy scope.
    Session {
        /// Its id.
        session_id: String,
    },
}

impl Scope {
    /// The scope that this id names.
    #[must_use]
    pub fn of(session_id: Option<String>) -> Self {
        session_id.map_or(Self::Global(GlobalScope::Global), |session_id| {
            Self::Session { session_id }
        })
    }
}

/// The word `global`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GlobalScope {
    /// The whole session.
    Global,
}

/// Params of `policy.list`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PolicyListParams"))]
pub struct ListParams {
    /// The policy scope; without one, the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
}

/// Result of `policy.list`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyList {
    /// In the order of registration.
    pub policies: Vec<PolicyDefinition>,
}

/// Params of `policy.unregister`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PolicyUnregisterParams"))]
pub struct UnregisterParams {
    /// The policy's name.
    pub name: String,
    /// The policy scope; without one, the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
}
