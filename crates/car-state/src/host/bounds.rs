use car_protocol::rpc::host::{RegisterAgentParams, RequestApprovalParams, SetStatusParams};
use serde::Serialize;
use serde_json::Value;

use super::HostError;

/// How big a value that a client attaches may be, in bytes of JSON.
pub const MAX_ATTACHMENT: usize = 256 << 10;
/// How long a text for a person may be, in bytes; a list of texts as JSON.
pub const MAX_TEXT: usize = 64 << 10;
/// How many options a question may offer.
const MAX_OPTIONS: usize = 16;
/// Bytes of an agent's id, of a kind of events, and of an option.
const MAX_NAME: usize = 128;
/// Bytes of an agent's name and of what is to be decided.
const MAX_TITLE: usize = 256;

/// The kinds of events that only the daemon publishes.
const RESERVED: [&str; 3] = ["agent.", "approval.", "a2ui."];

pub(super) fn registration(params: &RegisterAgentParams) -> Result<(), HostError> {
    name("name", &params.name, MAX_TITLE)?;
    params
        .id
        .as_deref()
        .map_or(Ok(()), |id| name("id", id, MAX_NAME))?;
    text("kind", params.kind.as_deref())?;
    text("project", params.project.as_deref())?;
    small("capabilities", params.capabilities.as_ref(), MAX_TEXT)?;
    small("display", params.display.as_ref(), MAX_TEXT)?;
    small("metadata", params.metadata.as_ref(), MAX_ATTACHMENT)
}

pub(super) fn status(params: &SetStatusParams) -> Result<(), HostError> {
    text("current_task", params.current_task.as_deref())?;
    text("message", params.message.as_deref())?;
    small("payload", params.payload.as_ref(), MAX_ATTACHMENT)
}

pub(super) fn kind(kind: &str) -> Result<(), HostError> {
    name("kind", kind, MAX_NAME)?;
    if RESERVED.iter().any(|reserved| kind.starts_with(reserved)) {
        return Err(HostError::ReservedKind(kind.to_owned()));
    }
    Ok(())
}

pub(super) fn told(
    agent_id: Option<&str>,
    message: Option<&str>,
    payload: Option<&Value>,
) -> Result<(), HostError> {
    text("agent_id", agent_id)?;
    text("message", message)?;
    small("payload", payload, MAX_ATTACHMENT)
}

pub(super) fn question(
    params: &RequestApprovalParams,
    options: &[String],
) -> Result<(), HostError> {
    name("action", &params.action, MAX_TITLE)?;
    text("agent_id", params.agent_id.as_deref())?;
    small("details", params.details.as_ref(), MAX_ATTACHMENT)?;
    if options.len() > MAX_OPTIONS {
        return Err(HostError::Bounds {
            field: "options",
            what: format!("longer than {MAX_OPTIONS}"),
            limit: MAX_OPTIONS,
        });
    }
    options
        .iter()
        .try_for_each(|option| name("options", option, MAX_NAME))
}

fn name(field: &'static str, text: &str, limit: usize) -> Result<(), HostError> {
    if text.is_empty() || text.len() > limit {
        return Err(HostError::Bounds {
            field,
            what: format!("not 1 to {limit} bytes long"),
            limit,
        });
    }
    Ok(())
}

fn text(field: &'static str, text: Option<&str>) -> Result<(), HostError> {
    within(field, text.map_or(0, str::len), MAX_TEXT)
}

fn small<T: Serialize>(
    field: &'static str,
    value: Option<&T>,
    limit: usize,
) -> Result<(), HostError> {
    let bytes = value.map_or(0, |value| {
        serde_json::to_string(value).map_or(usize::MAX, |text| text.len())
    });
    within(field, bytes, limit)
}

fn within(field: &'static str, bytes: usize, limit: usize) -> Result<(), HostError> {
    if bytes > limit {
        return Err(HostError::Bounds {
            field,
            what: format!("longer than {limit} bytes"),
            limit,
        });
    }
    Ok(())
}
