//! The one place where a domain error becomes `{code, message, data}`.

mod agents;
mod meeting;
mod memory;
mod voice;

use std::fmt;

use car_protocol::rpc::agents_chat::Outcome;
use car_protocol::{RpcError, code, kind};
use car_state::approval::ApprovalError;
use car_state::approval::grants::GrantError;
use car_state::channel::SubscribeError;
use car_state::chat::ChatError;
use car_state::engine::EngineError;
use car_state::host::{AgentError, HostError};
use car_state::log::LogError;
use car_state::outcomes::OutcomeError;
use car_state::policy::PolicyError;
use car_state::providers::{OfferError, ProviderError};
use car_state::quota::{QuotaExceeded, Resource};
use car_state::results::ResultError;
use car_state::session::resume::ResumeError;
use car_state::store::StoreError;
use car_state::tool_table::{ToolProblem, ToolTableError};

/// How long a message may be that repeats what the client said, in bytes.
const MAX_MESSAGE: usize = 512;

/// When a call that found storage full may be tried again, in milliseconds.
const STORAGE_RETRY: u64 = 1_000;

/// Why a handler has no result: what the client is told, and a cause that only the log gets.
#[derive(Debug)]
pub struct Failure {
    error: RpcError,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    /// A fault of the daemon: the client learns that, the log learns why.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            error: RpcError::internal(),
            cause: Some(cause.into()),
        }
    }

    /// The same about a member of the params that the place of the fault lies in.
    #[must_use]
    pub(crate) fn within(mut self, member: &str) -> Self {
        let field = self
            .error
            .data
            .as_mut()
            .and_then(|data| data.field.as_mut());
        if let Some(field) = field {
            let dot = if field.starts_with('[') { "" } else { "." };
            *field = format!("{member}{dot}{field}");
        }
        self
    }

    /// The same with a member of the data more.
    #[must_use]
    pub(crate) fn with(mut self, member: &'static str, value: &str) -> Self {
        self.error = self.error.with(member, value);
        self
    }

    /// The same about another member of the params.
    #[must_use]
    pub(crate) fn about(mut self, field: &str) -> Self {
        self.error.data.get_or_insert_default().field = Some(field.to_owned());
        self
    }

    /// What the client is told.
    #[must_use]
    pub fn error(&self) -> &RpcError {
        &self.error
    }

    pub(crate) fn into_error(self, request: &dyn fmt::Display) -> RpcError {
        if let Some(cause) = self.cause {
            tracing::error!(%request, %cause, "a call failed for a reason of the daemon's");
        }
        self.error
    }
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        Self { error, cause: None }
    }
}

fn limit(message: String, limit: usize) -> RpcError {
    RpcError::domain(kind::LIMIT_EXCEEDED, message).with_limit(limit as u64)
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Agent(error) => agent(error).into(),
            HostError::Approval(error) => host_approval(error),
            HostError::Log(error) => error.into(),
            HostError::ReservedKind(_) => {
                RpcError::domain(kind::FORBIDDEN, error.to_string()).into()
            }
            HostError::Bounds { field, limit, .. } => {
                RpcError::invalid_params(Some(field), error.to_string())
                    .with_limit(limit as u64)
                    .into()
            }
            other => Self::internal(other),
        }
    }
}

/// A message that repeats what the client said, within bounds.
fn shortened(error: &dyn fmt::Display) -> String {
    let mut message = error.to_string();
    if message.len() > MAX_MESSAGE {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        message.push('…');
    }
    message
}

fn agent(error: AgentError) -> RpcError {
    let message = shortened(&error);
    match error {
        AgentError::Unknown(_) => RpcError::domain(kind::NOT_FOUND, message),
        AgentError::NotOwner(_) => RpcError::domain(kind::NOT_OWNER, message),
        AgentError::TooMany { limit: n } => limit(message, n),
        _ => RpcError::internal(),
    }
}

/// As `host.*` tells it, where all that is over is a conflict.
fn host_approval(error: ApprovalError) -> Failure {
    let message = shortened(&error);
    let resolution = match error {
        ApprovalError::AlreadyDecided { resolution, .. } => resolution,
        ApprovalError::Expired { .. } => "expired".to_owned(),
        ApprovalError::Withdrawn { resolution, .. } => resolution.to_owned(),
        ApprovalError::HostRequired => {
            let error = RpcError::domain(kind::FORBIDDEN, message);
            return error.with("role", "host").into();
        }
        error => return error.into(),
    };
    let error = RpcError::domain(kind::CONFLICT, message);
    error.with("resolution", resolution).into()
}

impl From<ApprovalError> for Failure {
    fn from(error: ApprovalError) -> Self {
        match error {
            ApprovalError::Storage(error) => error.into(),
            ApprovalError::Quota(full) => full.into(),
            error => approval(error).into(),
        }
    }
}

fn approval(error: ApprovalError) -> RpcError {
    let message = shortened(&error);
    match error {
        ApprovalError::Unknown(_) => RpcError::domain(kind::NOT_FOUND, message),
        ApprovalError::AlreadyDecided {
            resolution, by, at, ..
        } => RpcError::domain(kind::ALREADY_DECIDED, message)
            .with("resolution", resolution)
            .with("decided_by", serde_json::to_value(by).unwrap_or_default())
            .with("decided_at", serde_json::to_value(at).unwrap_or_default()),
        ApprovalError::Expired { reason, .. } => {
            RpcError::domain(kind::EXPIRED, message).with("reason", reason)
        }
        ApprovalError::Withdrawn {
            resolution, reason, ..
        } => RpcError::domain(kind::WITHDRAWN, message)
            .with("resolution", resolution)
            .with("reason", reason),
        ApprovalError::NotOwner(_) => RpcError::domain(kind::NOT_OWNER, message),
        ApprovalError::DigestMismatch { digest, .. } => {
            RpcError::domain(kind::DIGEST_MISMATCH, message).with("digest", digest)
        }
        ApprovalError::Unfit { field, .. } => RpcError::invalid_params(Some(field), message),
        ApprovalError::NotAnOption { .. } => RpcError::invalid_params(Some("resolution"), message),
        ApprovalError::SelfApproval => RpcError::domain(kind::SELF_APPROVAL, message),
        ApprovalError::HostRequired => {
            RpcError::domain(kind::HOST_REQUIRED, message).with("role", "host")
        }
        ApprovalError::OwnerAway { .. } => RpcError::domain(kind::UNAVAILABLE, message).retryable(),
        ApprovalError::TooMany { limit: n } => RpcError::overloaded(message, n as u64),
        ApprovalError::Consent(error) => Failure::from(error).error,
        _ => RpcError::internal(),
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let message = error.to_string();
        match error {
            LogError::UnknownFamily(_) => RpcError::domain(kind::NOT_FOUND, message).into(),
            LogError::Resync { oldest } => RpcError::domain(kind::RESYNC_REQUIRED, message)
                .with(
                    "oldest",
                    serde_json::json!({ "epoch": oldest.epoch, "seq": oldest.seq }),
                )
                .into(),
            LogError::TooManyStreams { limit: n } => limit(message, n).into(),
            LogError::StorageFull => RpcError::domain(kind::STORAGE_FULL, message)
                .retryable()
                .with_retry_after_ms(STORAGE_RETRY)
                .into(),
            LogError::Busy { retry } => RpcError::domain(kind::OVERLOADED, message)
                .retryable()
                .with_retry_after_ms(u64::try_from(retry.as_millis()).unwrap_or(u64::MAX))
                .into(),
            LogError::Closed => RpcError::domain(kind::SHUTTING_DOWN, message).into(),
            other => Self::internal(other),
        }
    }
}

impl From<ChatError> for Failure {
    fn from(error: ChatError) -> Self {
        let message = shortened(&error);
        match error {
            ChatError::UnknownAgent(_) | ChatError::Unknown(_) => {
                RpcError::domain(kind::NOT_FOUND, message).into()
            }
            ChatError::AgentAway(_) => RpcError::domain(kind::UNAVAILABLE, message)
                .retryable()
                .into(),
            ChatError::NotOwner(_) => RpcError::domain(kind::NOT_OWNER, message).into(),
            ChatError::OtherAgent { agent, .. } => RpcError::domain(kind::CONFLICT, message)
                .with("agent_id", agent)
                .into(),
            ChatError::Busy(turn) => RpcError::domain(kind::CONFLICT, message)
                .retryable()
                .with("turn_id", turn)
                .into(),
            ChatError::Foreign(_) => RpcError::domain(kind::FORBIDDEN, message).into(),
            ChatError::NotTaken { outcome, .. } => {
                let refused = match outcome {
                    Outcome::Error => RpcError::domain(kind::AGENT_REFUSED, message),
                    Outcome::Cancelled => RpcError::domain(kind::UNAVAILABLE, message),
                    _ => RpcError::domain(kind::UNAVAILABLE, message).retryable(),
                };
                refused.with("outcome", outcome.as_str()).into()
            }
            ChatError::Bounds { field, limit, .. } => {
                RpcError::invalid_params(Some(field), message)
                    .with_limit(limit as u64)
                    .into()
            }
            ChatError::Unfit { field, .. } => RpcError::invalid_params(Some(field), message).into(),
            ChatError::TooMany { limit, .. } => RpcError::overloaded(message, limit as u64).into(),
            ChatError::Attachment(error) => error.into(),
            ChatError::Log(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<OutcomeError> for Failure {
    fn from(error: OutcomeError) -> Self {
        let message = error.to_string();
        match error {
            OutcomeError::Conflict => {
                let mut refused = RpcError::domain(kind::IDEMPOTENCY_CONFLICT, message);
                refused.data.get_or_insert_default().field = Some("idempotency_key".to_owned());
                refused.into()
            }
            OutcomeError::Unknown => RpcError::domain(kind::OUTCOME_UNKNOWN, message).into(),
            OutcomeError::NotKept { status } => RpcError::domain(kind::RESULT_NOT_KEPT, message)
                .with("status", status.as_str())
                .into(),
            OutcomeError::Full { limit: n } | OutcomeError::Crowded { limit: n } => {
                RpcError::overloaded(message, n as u64).into()
            }
            OutcomeError::Withdrawn => RpcError::domain(kind::SESSION_ENDED, message)
                .retryable()
                .into(),
            OutcomeError::Storage(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<GrantError> for Failure {
    fn from(error: GrantError) -> Self {
        let message = shortened(&error);
        match error {
            GrantError::Unknown(_) => RpcError::domain(kind::NOT_FOUND, message).into(),
            GrantError::TooMany(full) => limit(message, full.limit).into(),
            GrantError::NotCanonical(_) => RpcError::invalid_params(Some("edits"), message).into(),
            GrantError::Narrowing(_) => RpcError::invalid_params(Some("narrowing"), message).into(),
            GrantError::Scope => RpcError::invalid_params(Some("scope"), message).into(),
            GrantError::Storage(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

/// The refusal of what an identity may not take now.
pub(crate) fn over_quota(error: &QuotaExceeded) -> RpcError {
    let kind = match error.resource {
        Resource::Rate => kind::RATE_LIMITED,
        _ => kind::OVERLOADED,
    };
    // A part of a millisecond counts as one, so that who waits does not come too soon.
    let millis = error.retry.as_micros().div_ceil(1_000);
    RpcError::domain(kind, error.to_string())
        .retryable()
        .with_limit(error.limit as u64)
        .with_retry_after_ms(u64::try_from(millis).unwrap_or(u64::MAX))
}

impl From<QuotaExceeded> for Failure {
    fn from(error: QuotaExceeded) -> Self {
        over_quota(&error).into()
    }
}

impl From<SubscribeError> for Failure {
    fn from(error: SubscribeError) -> Self {
        let message = error.to_string();
        match error {
            SubscribeError::Log(error) => error.into(),
            SubscribeError::Quota(error) => over_quota(&error).into(),
            SubscribeError::TooMany { limit: n } => limit(message, n).into(),
            other => Self::internal(other),
        }
    }
}

impl From<ResumeError> for Failure {
    fn from(error: ResumeError) -> Self {
        let message = format!("resume failed: {error}");
        match error {
            ResumeError::Unknown => {
                RpcError::new(code::AUTH_REQUIRED, kind::AUTH_FAILED, message).into()
            }
            ResumeError::Foreign => RpcError::domain(kind::FORBIDDEN, message).into(),
            ResumeError::Busy => RpcError::domain(kind::CONFLICT, message).into(),
            ResumeError::Overtaken => RpcError::domain(kind::FENCED, message).into(),
            other => Self::internal(other),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::TenantName { limit: n } => {
                RpcError::invalid_params(Some("tenant_id"), message)
                    .with_limit(n as u64)
                    .into()
            }
            StoreError::KeyLength { limit: n, .. } => {
                RpcError::invalid_params(Some("key"), message)
                    .with_limit(n as u64)
                    .into()
            }
            other => limit(message, other.limit()).into(),
        }
    }
}

impl From<PolicyError> for Failure {
    fn from(error: PolicyError) -> Self {
        let (message, field) = (error.to_string(), error.field());
        let mut refused = match error {
            PolicyError::UnknownScope { .. } => RpcError::domain(kind::NOT_FOUND, message),
            PolicyError::Fixed { .. } => RpcError::domain(kind::CONFLICT, message),
            _ if field.is_some() => RpcError::invalid_params(None, message),
            _ => RpcError::domain(kind::LIMIT_EXCEEDED, message),
        };
        let data = refused.data.get_or_insert_default();
        data.field = field.map(str::to_owned);
        data.limit = error.limit().map(|limit| limit as u64);
        refused.into()
    }
}

impl From<ResultError> for Failure {
    fn from(error: ResultError) -> Self {
        let message = error.to_string();
        match error {
            ResultError::Unknown => {
                let mut error = RpcError::domain(kind::NOT_FOUND, message);
                error.data.get_or_insert_default().field = Some("handle".to_owned());
                error.into()
            }
            ResultError::BeyondTheEnd { bytes, .. } => {
                RpcError::invalid_params(Some("offset"), message)
                    .with_limit(bytes)
                    .into()
            }
            other => Self::internal(other),
        }
    }
}

impl From<OfferError> for Failure {
    fn from(error: OfferError) -> Self {
        let field = match &error {
            OfferError::NotProvided { index, .. } => format!("methods[{index}]"),
            _ => "methods".to_owned(),
        };
        RpcError::invalid_params(Some(&field), error.to_string()).into()
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let message = shortened(&error);
        match error {
            ProviderError::Unavailable(_) => {
                RpcError::domain(kind::UNAVAILABLE, message).retryable()
            }
            ProviderError::Overloaded(_) => RpcError::domain(kind::OVERLOADED, message).retryable(),
            ProviderError::Failed(_) => RpcError::domain(kind::PROVIDER_FAILED, message),
            ProviderError::Unknown { .. } => RpcError::domain(kind::OUTCOME_UNKNOWN, message),
            other => return Self::internal(other),
        }
        .into()
    }
}

impl From<ToolTableError> for Failure {
    fn from(error: ToolTableError) -> Self {
        let mut refused = match error.problem {
            // The definition is right, there are only too many.
            ToolProblem::TooMany { .. } => {
                RpcError::domain(kind::LIMIT_EXCEEDED, error.to_string())
            }
            _ => RpcError::invalid_params(Some(&error.field()), error.to_string()),
        };
        if let Some(n) = error.limit() {
            refused = refused.with_limit(n as u64);
        }
        refused.into()
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        let (field, bound) = (error.field(), error.limit());
        let mut refused = match error {
            EngineError::UnknownScope { .. } => RpcError::domain(kind::NOT_FOUND, message),
            EngineError::StateConflict { key, ran } => {
                RpcError::domain(kind::STATE_CONFLICT, message)
                    .retryable()
                    .with("key", key)
                    .with("result", serde_json::to_value(ran).unwrap_or_default())
            }
            EngineError::StateLimit { ran, .. } => RpcError::domain(kind::LIMIT_EXCEEDED, message)
                .with("result", serde_json::to_value(ran).unwrap_or_default()),
            _ => RpcError::invalid_params(None, message),
        };
        let data = refused.data.get_or_insert_default();
        data.field = field;
        data.limit = bound.map(|bound| bound as u64);
        refused.into()
    }
}

/// The refusal of a gated call.
pub(crate) fn approval_refused(kind: &'static str, message: String) -> RpcError {
    RpcError::new(code::APPROVAL_REFUSED, kind, message)
}
