//! The errors of A2A, and what JSON-RPC and HTTP make of them.

mod detail;
mod kind;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits::MAX_QUOTED_CHARS;
use super::{FieldViolation, ReadError, TaskId, Violations};
use crate::jsonrpc;
pub use detail::{Detail, detail_type};
pub use kind::ErrorKind;

/// `ErrorInfo.domain` of every error of A2A.
pub const DOMAIN: &str = "a2a-protocol.org";

/// An error of an A2A request, before it is known how it travels.
#[derive(Clone, Debug, PartialEq)]
pub struct A2aError {
    kind: ErrorKind,
    message: String,
    violations: Vec<FieldViolation>,
    metadata: BTreeMap<String, String>,
    details: Vec<Detail>,
}

impl A2aError {
    /// An error with words of its own.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            violations: Vec::new(),
            metadata: BTreeMap::new(),
            details: Vec::new(),
        }
    }

    /// There is no such task, or not for this client.
    #[must_use]
    pub fn task_not_found(task: &TaskId) -> Self {
        Self::of_task(ErrorKind::TaskNotFound, task)
    }

    /// The task has ended.
    #[must_use]
    pub fn task_not_cancelable(task: &TaskId) -> Self {
        Self::of_task(ErrorKind::TaskNotCancelable, task)
    }

    fn of_task(kind: ErrorKind, task: &TaskId) -> Self {
        Self::new(kind, format!("{}: {task}", kind.message()))
            .with_metadata("taskId", task.as_str())
    }

    /// There is no such method.
    #[must_use]
    pub fn method_not_found(method: &str) -> Self {
        let kind = ErrorKind::MethodNotFound;
        let shown: String = method.chars().take(MAX_QUOTED_CHARS).collect();
        Self::new(kind, format!("{}: {shown}", kind.message()))
    }

    /// An extension that the agent requires was not asked for.
    #[must_use]
    pub fn extension_support_required(uri: &str) -> Self {
        let kind = ErrorKind::ExtensionSupportRequired;
        Self::new(kind, format!("{}: {uri}", kind.message())).with_metadata("extension", uri)
    }

    /// Fields that do not fit.
    #[must_use]
    pub fn with_violations(mut self, violations: Vec<FieldViolation>) -> Self {
        self.violations = violations;
        self
    }

    /// One more entry of `ErrorInfo.metadata`.
    #[must_use]
    pub fn with_metadata(mut self, name: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(name.to_owned(), value.into());
        self
    }

    /// One more detail.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.details.push(detail);
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The number of a JSON-RPC error.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.kind.code()
    }

    /// What happened, for a person.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The fields that do not fit.
    #[must_use]
    pub fn violations(&self) -> &[FieldViolation] {
        &self.violations
    }

    /// `ErrorInfo.metadata`.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The details as they travel: the fields, what was added, and `ErrorInfo` last.
    #[must_use]
    pub fn into_details(self) -> Vec<Detail> {
        let fields = (!self.violations.is_empty()).then_some(Detail::BadRequest(self.violations));
        let info = Detail::ErrorInfo {
            reason: self.kind.reason().to_owned(),
            domain: DOMAIN.to_owned(),
            metadata: self.metadata,
        };
        fields
            .into_iter()
            .chain(self.details)
            .chain([info])
            .collect()
    }

    /// The `error` member of a JSON-RPC response.
    #[must_use]
    pub fn into_object(self) -> ErrorObject {
        ErrorObject {
            code: self.code(),
            message: self.message.clone(),
            data: self.into_details(),
        }
    }

    /// The JSON-RPC response that carries the error.
    #[must_use]
    pub fn into_response(self, id: &jsonrpc::Id) -> String {
        let code = self.code();
        jsonrpc::encode_refusal(id, &self.into_object(), code)
    }

    /// The body of an HTTP+JSON answer, whose status is [`ErrorKind::http_status`].
    #[must_use]
    pub fn into_status(self) -> StatusBody {
        StatusBody {
            error: Status {
                code: self.kind.http_status(),
                status: self.kind.rpc_status().to_owned(),
                message: self.message.clone(),
                details: self.into_details(),
            },
        }
    }

    /// The error that a peer answered over JSON-RPC; `None` for a number that A2A does not have. Details of another
    /// shape than A2A 1.0 gives them, as 0.3 allows, are kept as [`Detail::Other`] where they are objects.
    #[must_use]
    pub fn from_object(error: &jsonrpc::ErrorObject) -> Option<Self> {
        let kind = ErrorKind::from_code(error.code)?;
        let message = error.message.as_deref().unwrap_or(kind.message());
        let details = match &error.data {
            Some(Value::Array(details)) => details.as_slice(),
            Some(detail) => std::slice::from_ref(detail),
            None => &[],
        };
        let details = details.iter().filter_map(Value::as_object);
        let details = details.cloned().map(Detail::from);
        Some(Self::new(kind, message).with_details(details))
    }

    /// The error that a peer answered over HTTP+JSON: which one, says `ErrorInfo`; without that, the status.
    #[must_use]
    pub fn from_status(body: StatusBody) -> Self {
        let Status {
            code,
            message,
            details,
            ..
        } = body.error;
        let named = details.iter().find_map(|detail| match detail {
            Detail::ErrorInfo { reason, domain, .. } if domain == DOMAIN => {
                ErrorKind::from_reason(reason)
            }
            _ => None,
        });
        let kind = named.unwrap_or(match code {
            404 => ErrorKind::TaskNotFound,
            501 => ErrorKind::MethodNotFound,
            400..=499 => ErrorKind::InvalidRequest,
            _ => ErrorKind::InternalError,
        });
        Self::new(kind, message).with_details(details)
    }

    fn with_details(mut self, details: impl IntoIterator<Item = Detail>) -> Self {
        for detail in details {
            match detail {
                Detail::ErrorInfo {
                    domain, metadata, ..
                } if domain == DOMAIN => self.metadata.extend(metadata),
                Detail::BadRequest(violations) => self.violations.extend(violations),
                other => self.details.push(other),
            }
        }
        self
    }
}

impl From<ErrorKind> for A2aError {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind, kind.message())
    }
}

impl From<ReadError> for A2aError {
    fn from(error: ReadError) -> Self {
        let message = error.to_string();
        match error {
            ReadError::TooLarge { .. } => Self::new(ErrorKind::InvalidRequest, message),
            ReadError::Json(_) => Self::new(ErrorKind::ParseError, message),
            ReadError::Invalid(violations) => {
                Self::new(ErrorKind::InvalidParams, first(&violations))
                    .with_violations(violations.into_fields())
            }
        }
    }
}

/// The first violation in full and the number of the others, which stand in the details.
fn first(violations: &Violations) -> String {
    let fields = violations.fields();
    let more = fields.len().saturating_sub(1) + violations.omitted();
    match fields.first() {
        Some(first) if more == 0 => first.to_string(),
        Some(first) => format!("{first}; and {more} more"),
        None => ErrorKind::InvalidParams.message().to_owned(),
    }
}

impl fmt::Display for A2aError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code())
    }
}

impl std::error::Error for A2aError {}

/// The `error` member of a JSON-RPC response, as A2A 1.0 wants it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ErrorObject {
    /// The number.
    pub code: i32,
    /// What happened, for a person.
    pub message: String,
    /// The details.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<Detail>,
}

/// The body of an HTTP+JSON answer that is an error.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct StatusBody {
    /// The status.
    pub error: Status,
}

/// A `google.rpc.Status`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Status {
    /// The HTTP status.
    #[serde(default)]
    pub code: u16,
    /// The name of the status in `google.rpc.Code`.
    #[serde(default)]
    pub status: String,
    /// What happened, for a person.
    #[serde(default)]
    pub message: String,
    /// The details.
    #[serde(default)]
    pub details: Vec<Detail>,
}
