//! `session.*`: who the caller is, and what it brings along.

mod resume;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::resume::{
    BELONGINGS, OpenApproval, OpenCallback, ResumeAttempt, ResumeParams, ResumeToken, Resumed,
    ResumedStream,
};
use super::policy::PolicyDefinition;
use super::tools::ToolDefinition;
use super::{Empty, Ok};
use crate::Timestamp;

crate::methods! {
    /// Authenticates the connection. Must be the first call where authentication is on.
    ///
    /// `token` is the client's; `host_token` gives the host role. Where authentication is off every token is accepted.
    #[access(Open)]
    Auth = "session.auth" (AuthParams) -> Authenticated;

    /// Registers tools and policies in one call. Optional.
    #[mutates]
    Init = "session.init" (InitParams) -> Initialized;

    /// Goes on with a session whose connection was lost, on this connection, which has no session of its own afterwards.
    ///
    /// `token` is what `session.auth`, `session.init` or this method gave for `resume`; it authenticates the connection.
    /// Must be called before anything that is still under way. A connection that the session still has is fenced.
    #[access(Open)] #[mutates]
    Resume = "session.resume" (ResumeParams) -> Resumed;

    /// Ends the session, whatever grace it was promised, and after the answer the connection.
    #[access(Open)] #[mutates]
    Close = "session.close" (Empty) -> Ok;

    /// Opens a policy scope inside the session, to be named as `session_id` in `policy.register` and `proposal.submit`.
    #[mutates]
    PolicyOpen = "session.policy.open" (Empty) -> PolicyScope;

    /// Closes a policy scope with all of its policies.
    #[mutates]
    PolicyClose = "session.policy.close" (PolicyScope) -> Closed;
}

crate::notifications! {
    /// The daemon is about to close the connection; `reason` says why.
    Closing = "session.closing" (ClosingParams);

    /// Something happened in a session whose stream is subscribed.
    Event = "session.event" (SessionEvent);
}

/// An event of a session: what its proposals and their actions do.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionEvent {
    /// What happened.
    pub kind: String,
    /// When.
    pub timestamp: Timestamp,
    /// The action that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<String>,
    /// The proposal that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<String>,
    /// The rest.
    #[serde(default)]
    pub data: Map<String, Value>,
    /// The stream.
    pub stream: String,
    /// Its epoch.
    pub epoch: u64,
    /// The event's number in the stream.
    pub seq: u64,
}

/// Params of `session.auth`.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SessionAuthParams"))]
pub struct AuthParams {
    /// The client token, or the agent's own where `agent_id` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The host token: gives the host role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_token: Option<String>,
    /// Binds the session to this agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The memory that the session uses from now on, 1 to 128 bytes; without it an agent's own, and else the one that all
    /// share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_namespace: Option<String>,
    /// Keeps the session when its connection is lost, for as long as `grace_ms` says, and gives a token to resume it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<bool>,
    /// How long the session is to stay without a connection, in milliseconds: at most what the daemon allows, which is
    /// also what counts when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_ms: Option<u64>,
}

impl fmt::Debug for AuthParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthParams")
            .field("agent_id", &self.agent_id)
            .field("resume", &self.resume)
            .finish_non_exhaustive()
    }
}

/// What a session may do beyond its own.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SessionRole"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// A client: its own session.
    Client,
    /// A host: decides approvals and reads all streams.
    Host,
    /// An agent: what a client may, under its own name.
    Agent,
}

impl Role {
    /// The word for it on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Host => "host",
            Self::Agent => "agent",
        }
    }
}

/// Result of `session.auth`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SessionAuthenticated"))]
pub struct Authenticated {
    /// Always `true`; a wrong token is an error.
    pub ok: bool,
    /// Whether the daemon asks for tokens at all.
    pub auth_enabled: bool,
    /// The role that the credential gives.
    pub role: Role,
    /// The agent that the session is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The token to resume the session with, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_token: Option<ResumeToken>,
    /// How long the session stays without a connection, in milliseconds, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_ms: Option<u64>,
}

/// Params of `session.init`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SessionInitParams"))]
pub struct InitParams {
    /// A name of the client's choice; recorded, not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Tools as for `tools.register`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<ToolDefinition>>,
    /// Policies as for `policy.register`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<PolicyDefinition>>,
    /// The same as in `session.auth`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_namespace: Option<String>,
    /// Keeps the session when its connection is lost, for as long as `grace_ms` says, and gives a token to resume it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<bool>,
    /// How long the session is to stay without a connection, in milliseconds: at most what the daemon allows, which is
    /// also what counts when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_ms: Option<u64>,
}

/// Result of `session.init`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SessionInitialized"))]
pub struct Initialized {
    /// The session's id, chosen by the daemon.
    pub session_id: String,
    /// How many tools were registered.
    pub tools_registered: u64,
    /// How many policies were registered.
    pub policies_registered: u64,
    /// The policies that were not, because their rule is unknown or incomplete.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies_skipped: Vec<SkippedPolicy>,
    /// The token to resume the session with, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_token: Option<ResumeToken>,
    /// How long the session stays without a connection, in milliseconds, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_ms: Option<u64>,
}

/// A policy that `session.init` could not register.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkippedPolicy {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// A policy scope.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyScope {
    /// The scope's id.
    pub session_id: String,
}

/// Result of `session.policy.close`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PolicyScopeClosed"))]
pub struct Closed {
    /// Whether there was such a scope.
    pub closed: bool,
}

/// Params of `session.closing`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "SessionClosingParams"))]
pub struct ClosingParams {
    /// A stable name: `shutting_down`, `auth_timeout`, `fenced`, `overloaded`.
    pub reason: String,
    /// The same for a person.
    pub message: String,
}
