//! `policy.*`: rules that every action must pass.

mod explain;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::tools::Unregistered;
pub use explain::{Concerned, Decision, ExplainParams, Explanation, Finding};

crate::methods! {
    /// Registers a policy in the session, in one of its policy scopes, or, by a host, for all sessions of the daemon. A
    /// name that is there already is replaced, and what it counted is forgotten.
    #[mutates]
    Register = "policy.register" (RegisterParams) -> Registered;

    /// The policies of the session, of one of its policy scopes, or of the daemon.
    List = "policy.list" (ListParams) -> PolicyList;

    /// Removes a policy. Those of the daemon are removed by hosts; those of its configuration stay.
    #[mutates]
    Unregister = "policy.unregister" (UnregisterParams) -> Unregistered;

    /// Which policies concern an action, which of them decides, and why. Nothing runs, nobody is asked and nothing is
    /// counted.
    Explain = "policy.explain" (ExplainParams) -> Explanation;
}

/// A policy. Which members it needs depends on its rule.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyDefinition {
    /// 1 to 128 bytes; names the policy in violations.
    pub name: String,
    /// `deny_tool`, `deny_tool_param`, `require_state`, `allow_only`, `max_calls` or `require_approval`.
    pub rule: String,
    /// The tool, for `deny_tool` and `deny_tool_param`; for `max_calls` and `require_approval` too, where it may be left
    /// out to mean every tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The parameter for `deny_tool_param`, the key for `require_state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value that `require_state` demands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The text that `deny_tool_param` looks for, or, after `regex:`, the regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The only tools that `allow_only` lets be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// How many calls `max_calls` lets pass in any `window_ms`; 0 lets none pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The window of `max_calls`, in milliseconds: 1 to 2,678,400,000 (31 days).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_ms: Option<u64>,
    /// The agent that it binds; without one, everybody. It binds the proposals that name the agent as their `callerId`,
    /// and all those of the session that registered the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// Where a policy stands, from the widest to the narrowest. All of them apply.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PolicyLevel {
    /// In all sessions of the daemon.
    Daemon,
    /// In one session.
    #[default]
    Session,
    /// In the proposals of a session that name the policy scope.
    PolicyScope,
}

/// A policy's reason against an action.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyViolation {
    /// The policy's name.
    pub policy: String,
    /// Its rule.
    pub rule: String,
    /// Where it stands.
    pub level: PolicyLevel,
    /// Why.
    pub reason: String,
    /// For `max_calls`, when there is room again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// Params of `policy.register`: the members of the policy, `session_id` and `scope`.
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
    /// `global` for all sessions of the daemon, then without a `session_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<GlobalScope>,
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
            tools: Option<Vec<String>>,
            count: Option<u32>,
            window_ms: Option<u64>,
            agent: Option<String>,
            session_id: Option<String>,
            scope: Option<GlobalScope>,
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
                tools: flat.tools,
                count: flat.count,
                window_ms: flat.window_ms,
                agent: flat.agent,
            },
            session_id: flat.session_id,
            scope: flat.scope,
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
    /// Where it stands, which `scope` does not tell: it is `"global"` for the session and for the daemon.
    #[serde(default)]
    pub level: PolicyLevel,
}

/// Where a policy applies: `"global"` is the whole session, or the daemon.
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
    /// Asked for, all sessions of the daemon. Answered, everything that was meant: the session, or the daemon.
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
    /// `global` for all sessions of the daemon, then without a `session_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<GlobalScope>,
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
    /// `global` for all sessions of the daemon, then without a `session_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<GlobalScope>,
}
