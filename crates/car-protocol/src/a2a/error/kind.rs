use std::fmt;

use crate::code;

/// What went wrong: the nine errors of A2A 1.0 (§3.3.2), and those of JSON-RPC.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ErrorKind {
    /// There is no such task, or not for this client.
    TaskNotFound,
    /// The task has ended.
    TaskNotCancelable,
    /// The agent calls no webhooks.
    PushNotificationNotSupported,
    /// The agent does not do this, or not with this task.
    UnsupportedOperation,
    /// A media type that the agent does not take.
    ContentTypeNotSupported,
    /// An agent answered something that A2A does not allow.
    InvalidAgentResponse,
    /// The agent shows no other card to those who authenticate.
    ExtendedAgentCardNotConfigured,
    /// The request does not name an extension that the agent requires.
    ExtensionSupportRequired,
    /// A version of A2A that the agent does not speak.
    VersionNotSupported,
    /// The text is not JSON.
    ParseError,
    /// The JSON is no request.
    InvalidRequest,
    /// There is no such method.
    MethodNotFound,
    /// The params do not fit the method.
    InvalidParams,
    /// A fault of the agent.
    InternalError,
}

impl ErrorKind {
    /// All of them, those of A2A first.
    pub const ALL: &'static [Self] = &[
        Self::TaskNotFound,
        Self::TaskNotCancelable,
        Self::PushNotificationNotSupported,
        Self::UnsupportedOperation,
        Self::ContentTypeNotSupported,
        Self::InvalidAgentResponse,
        Self::ExtendedAgentCardNotConfigured,
        Self::ExtensionSupportRequired,
        Self::VersionNotSupported,
        Self::ParseError,
        Self::InvalidRequest,
        Self::MethodNotFound,
        Self::InvalidParams,
        Self::InternalError,
    ];

    /// The number of a JSON-RPC error.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::TaskNotFound => -32001,
            Self::TaskNotCancelable => -32002,
            Self::PushNotificationNotSupported => -32003,
            Self::UnsupportedOperation => -32004,
            Self::ContentTypeNotSupported => -32005,
            Self::InvalidAgentResponse => -32006,
            Self::ExtendedAgentCardNotConfigured => -32007,
            Self::ExtensionSupportRequired => -32008,
            Self::VersionNotSupported => -32009,
            Self::ParseError => code::PARSE_ERROR,
            Self::InvalidRequest => code::INVALID_REQUEST,
            Self::MethodNotFound => code::METHOD_NOT_FOUND,
            Self::InvalidParams => code::INVALID_PARAMS,
            Self::InternalError => code::INTERNAL_ERROR,
        }
    }

    /// The error that has this number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| i64::from(kind.code()) == code)
    }

    /// `ErrorInfo.reason`.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TaskNotFound => "TASK_NOT_FOUND",
            Self::TaskNotCancelable => "TASK_NOT_CANCELABLE",
            Self::PushNotificationNotSupported => "PUSH_NOTIFICATION_NOT_SUPPORTED",
            Self::UnsupportedOperation => "UNSUPPORTED_OPERATION",
            Self::ContentTypeNotSupported => "CONTENT_TYPE_NOT_SUPPORTED",
            Self::InvalidAgentResponse => "INVALID_AGENT_RESPONSE",
            Self::ExtendedAgentCardNotConfigured => "EXTENDED_AGENT_CARD_NOT_CONFIGURED",
            Self::ExtensionSupportRequired => "EXTENSION_SUPPORT_REQUIRED",
            Self::VersionNotSupported => "VERSION_NOT_SUPPORTED",
            Self::ParseError => "PARSE_ERROR",
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::MethodNotFound => "METHOD_NOT_FOUND",
            Self::InvalidParams => "INVALID_PARAMS",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }

    /// The error that has this reason.
    #[must_use]
    pub fn from_reason(reason: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| kind.reason() == reason)
    }

    /// The status of an HTTP+JSON answer. Over JSON-RPC an error travels with status 200.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::TaskNotFound => 404,
            Self::InvalidAgentResponse | Self::InternalError => 500,
            Self::MethodNotFound => 501,
            Self::TaskNotCancelable
            | Self::PushNotificationNotSupported
            | Self::UnsupportedOperation
            | Self::ContentTypeNotSupported
            | Self::ExtendedAgentCardNotConfigured
            | Self::ExtensionSupportRequired
            | Self::VersionNotSupported
            | Self::ParseError
            | Self::InvalidRequest
            | Self::InvalidParams => 400,
        }
    }

    /// The name of the status in `google.rpc.Code`.
    #[must_use]
    pub const fn rpc_status(self) -> &'static str {
        match self {
            Self::TaskNotFound => "NOT_FOUND",
            Self::TaskNotCancelable
            | Self::PushNotificationNotSupported
            | Self::UnsupportedOperation
            | Self::ExtendedAgentCardNotConfigured
            | Self::ExtensionSupportRequired
            | Self::VersionNotSupported => "FAILED_PRECONDITION",
            Self::ContentTypeNotSupported
            | Self::ParseError
            | Self::InvalidRequest
            | Self::InvalidParams => "INVALID_ARGUMENT",
            Self::MethodNotFound => "UNIMPLEMENTED",
            Self::InvalidAgentResponse | Self::InternalError => "INTERNAL",
        }
    }

    /// What the error says when nothing better is known.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::TaskNotFound => "task not found",
            Self::TaskNotCancelable => "task cannot be canceled",
            Self::PushNotificationNotSupported => "push notifications are not supported",
            Self::UnsupportedOperation => "this operation is not supported",
            Self::ContentTypeNotSupported => "content type not supported",
            Self::InvalidAgentResponse => "invalid agent response",
            Self::ExtendedAgentCardNotConfigured => "extended agent card is not configured",
            Self::ExtensionSupportRequired => "support for an extension is required",
            Self::VersionNotSupported => "version not supported",
            Self::ParseError => "invalid JSON",
            Self::InvalidRequest => "invalid request",
            Self::MethodNotFound => "method not found",
            Self::InvalidParams => "invalid params",
            Self::InternalError => "internal error",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}
