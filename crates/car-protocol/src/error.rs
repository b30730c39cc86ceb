use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Declares constants as they stand, and with them the list of all for the generated documents.
macro_rules! listed {
    ($all:ident: $type:ty; $( $(#[doc = $doc:literal])+ pub const $name:ident: $_:ty = $value:literal; )*) => {
        /// Every value with its meaning, in Markdown, in the order of declaration.
        pub const $all: &[($type, &str)] = &[$( ($value, concat!($($doc),+)) ),*];

        $( $(#[doc = $doc])+ pub const $name: $type = $value; )*
    };
}

/// The numbers of `error.code`.
pub mod code {
    listed! {
        ALL: i32;

        /// The frame is not JSON, or breaks a limit of the decoder.
        pub const PARSE_ERROR: i32 = -32700;
        /// The JSON is no request, notification or response.
        pub const INVALID_REQUEST: i32 = -32600;
        /// No such method.
        pub const METHOD_NOT_FOUND: i32 = -32601;
        /// The params do not fit the method.
        pub const INVALID_PARAMS: i32 = -32602;
        /// A fault of the daemon; its log has the cause under the request's id.
        pub const INTERNAL_ERROR: i32 = -32603;
        /// A refusal by a namespace that has no number of its own; `data.kind` tells which.
        pub const DOMAIN_ERROR: i32 = -32000;
        /// The connection has not authenticated; it is closed after this answer.
        pub const AUTH_REQUIRED: i32 = -32001;
        /// A person denied the call, nobody answered in time, or the gate failed.
        pub const APPROVAL_REFUSED: i32 = -32003;
        /// The deadline of the call passed.
        pub const DEADLINE_EXCEEDED: i32 = -32004;
        /// The handshake demands a capability that the daemon lacks.
        pub const HANDSHAKE_REFUSED: i32 = -32005;
        /// The protocol version is out of range.
        pub const VERSION_UNSUPPORTED: i32 = -32006;
    }
}

/// The values of `error.data.kind`: the stable name of what went wrong.
pub mod kind {
    listed! {
        ALL: &str;

        /// The frame cannot be read.
        pub const PARSE_ERROR: &str = "parse_error";
        /// The message is not JSON-RPC 2.0.
        pub const INVALID_REQUEST: &str = "invalid_request";
        /// No such method.
        pub const METHOD_NOT_FOUND: &str = "method_not_found";
        /// The params do not fit the method; `data.field` names the place.
        pub const INVALID_PARAMS: &str = "invalid_params";
        /// A fault of the daemon.
        pub const INTERNAL: &str = "internal";
        /// A limit was reached; `data.limit` tells it and the call may be repeated later.
        pub const OVERLOADED: &str = "overloaded";
        /// The identity asks more often than it may; `data.limit` tells how many requests a second, `data.retry_after_ms`
        /// when the next one is taken.
        pub const RATE_LIMITED: &str = "rate_limited";
        /// The connection must authenticate first.
        pub const AUTH_REQUIRED: &str = "auth_required";
        /// The credential is wrong.
        pub const AUTH_FAILED: &str = "auth_failed";
        /// The caller's role does not reach.
        pub const FORBIDDEN: &str = "forbidden";
        /// What the call needs is not there, for example the host that provides the method.
        pub const UNAVAILABLE: &str = "unavailable";
        /// The agent refuses the prompt.
        pub const AGENT_REFUSED: &str = "agent_refused";
        /// The daemon is shutting down.
        pub const SHUTTING_DOWN: &str = "shutting_down";
        /// A person denied the call.
        pub const APPROVAL_DENIED: &str = "approval_denied";
        /// Nobody decided in time.
        pub const APPROVAL_TIMEOUT: &str = "approval_timeout";
        /// Who asks may not decide.
        pub const SELF_APPROVAL: &str = "self_approval";
        /// Somebody has decided; `data.decided_by`, `data.decided_at` and `data.resolution` tell who, when and what.
        pub const ALREADY_DECIDED: &str = "already_decided";
        /// The time for it is over.
        pub const EXPIRED: &str = "expired";
        /// Who asked took it back, or is gone.
        pub const WITHDRAWN: &str = "withdrawn";
        /// Deciding this takes the host role.
        pub const HOST_REQUIRED: &str = "host_required";
        /// What was decided about is not what is there: the digests differ.
        pub const DIGEST_MISMATCH: &str = "digest_mismatch";
        /// The session ended before the answer.
        pub const SESSION_ENDED: &str = "session_ended";
        /// The session goes on on another connection, which resumed it.
        pub const FENCED: &str = "fenced";
        /// A client says of a callback that it never came there. Asked on the connection that resumed the session, it is
        /// sent once more.
        pub const NOT_SEEN: &str = "not_seen";
        /// Something is not there under this name.
        pub const NOT_FOUND: &str = "not_found";
        /// The state of things does not allow it, for example a second decision.
        pub const CONFLICT: &str = "conflict";
        /// Somebody else owns it.
        pub const NOT_OWNER: &str = "not_owner";
        /// A stated size or count would be exceeded.
        pub const LIMIT_EXCEEDED: &str = "limit_exceeded";
        /// The protocol version is out of range.
        pub const VERSION_UNSUPPORTED: &str = "version_unsupported";
        /// The cursor leads nowhere; `data.oldest` is where the stream begins now.
        pub const RESYNC_REQUIRED: &str = "resync_required";
        /// Storage takes nothing at the moment, for example because the disk is full. The call had no effect that was
        /// acknowledged, and may be repeated later.
        pub const STORAGE_FULL: &str = "storage_full";
        /// Another proposal committed first what this one read or wrote.
        pub const STATE_CONFLICT: &str = "state_conflict";
        /// The idempotency key names another act: another method, or other params.
        pub const IDEMPOTENCY_CONFLICT: &str = "idempotency_conflict";
        /// The act that the idempotency key names was cut, or the host that provides the method gave no answer. Nobody
        /// knows how far it came. With a key it does not run again.
        pub const OUTCOME_UNKNOWN: &str = "outcome_unknown";
        /// The act that the idempotency key names is over, and its answer was not kept. `data.status` tells whether it is
        /// `done` or `failed`.
        pub const RESULT_NOT_KEPT: &str = "result_not_kept";
        /// The host that provides the method answered with an error; the message is its own.
        pub const PROVIDER_FAILED: &str = "provider_failed";
        /// A rule refuses the call, and nobody was asked; `data.rule` names it, `data.revision` the rules that it is of.
        pub const RULE_DENIED: &str = "rule_denied";
        /// A required capability is unknown.
        pub const CAPABILITY_UNKNOWN: &str = "capability_unknown";
    }
}

/// The `error` member of a response.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RpcError {
    /// The class of what happened: one of those listed under [`code`], or a number of the peer.
    pub code: i32,
    /// What happened, for a person. Lower case, without a full stop.
    pub message: String,
    /// What happened, for a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Box<ErrorData>>,
}

/// The `error.data` of every error that the daemon sends.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorData {
    /// What happened, exactly: one of those listed under [`kind`].
    #[serde(default)]
    pub kind: Cow<'static, str>,
    /// Whether the same call can succeed later.
    #[serde(default)]
    pub retryable: bool,
    /// The parameter that is wrong, as a path: `proposal.actions[2].id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The limit that was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// When to try again, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Further members, by kind.
    #[serde(flatten, default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, Value>,
}

impl RpcError {
    /// An error with `code`, `data.kind` and a message; not retryable.
    pub fn new(code: i32, kind: &'static str, message: impl Into<String>) -> Self {
        let data = ErrorData {
            kind: Cow::Borrowed(kind),
            ..ErrorData::default()
        };
        Self {
            code,
            message: message.into(),
            data: Some(Box::new(data)),
        }
    }

    /// A refusal with the code [`code::DOMAIN_ERROR`].
    pub fn domain(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(code::DOMAIN_ERROR, kind, message)
    }

    /// The frame cannot be read.
    pub fn parse(message: impl Into<String>) -> Self {
        Self::new(code::PARSE_ERROR, kind::PARSE_ERROR, message)
    }

    /// The message is not JSON-RPC 2.0.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_REQUEST, kind::INVALID_REQUEST, message)
    }

    /// No such method.
    #[must_use]
    pub fn method_not_found(method: &str) -> Self {
        let shown: String = method.chars().take(128).collect();
        Self::new(
            code::METHOD_NOT_FOUND,
            kind::METHOD_NOT_FOUND,
            format!("unknown method: {shown}"),
        )
    }

    /// The params do not fit; `field` is the path of the one that is wrong, if one is.
    pub fn invalid_params(field: Option<&str>, message: impl Into<String>) -> Self {
        let mut error = Self::new(code::INVALID_PARAMS, kind::INVALID_PARAMS, message);
        error.data_mut().field = field.map(str::to_owned);
        error
    }

    /// A fault of the daemon, with nothing of its cause.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(code::INTERNAL_ERROR, kind::INTERNAL, "internal error")
    }

    /// A limit of the connection or the daemon; retryable.
    pub fn overloaded(message: impl Into<String>, limit: u64) -> Self {
        Self::domain(kind::OVERLOADED, message)
            .with_limit(limit)
            .retryable()
    }

    /// Says that the same call can succeed later.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.data_mut().retryable = true;
        self
    }

    /// Names the limit.
    #[must_use]
    pub fn with_limit(mut self, limit: u64) -> Self {
        self.data_mut().limit = Some(limit);
        self
    }

    /// Says when to try again, in milliseconds.
    #[must_use]
    pub fn with_retry_after_ms(mut self, millis: u64) -> Self {
        self.data_mut().retry_after_ms = Some(millis);
        self
    }

    /// Adds a member to `data`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data_mut().details.insert(key.to_owned(), value.into());
        self
    }

    /// The stable name, `""` when the peer sent none.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.data.as_ref().map_or("", |data| &data.kind)
    }

    fn data_mut(&mut self) -> &mut ErrorData {
        self.data.get_or_insert_default()
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for RpcError {}
