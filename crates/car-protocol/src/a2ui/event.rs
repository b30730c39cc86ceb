use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::component::Metadata;
use super::limits::{self, Limit};
use super::{CallId, ComponentId, SurfaceId};
use crate::Timestamp;

/// The user did something that the agent is to know.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// The name that the component's action gives it.
    pub name: String,
    /// What the user did, in words. v1.0 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_message: Option<String>,
    /// The surface.
    pub surface_id: SurfaceId,
    /// The component that was used.
    pub source_component_id: ComponentId,
    /// When, in ISO 8601. It is kept as it was written: an action is handed on exactly as it came.
    pub timestamp: String,
    /// What the component's action sends along, resolved. Left out, it is empty, as the original has it.
    #[serde(default, deserialize_with = "context")]
    pub context: Map<String, Value>,
    /// What extensions add. v1.0 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Members that the specification does not know but allows.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Action {
    /// When, as a moment; nothing if the text is none.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.timestamp.parse().ok()
    }
}

fn context<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    let context = Map::deserialize(deserializer)?;
    limits::hold_map(&context, Limit::DataModelBytes).map_err(de::Error::custom)?;
    Ok(context)
}

/// The codes of an [`ErrorReport`] that the specification names.
pub mod codes {
    /// What was received does not fit the schema; `path` and `surfaceId` are required.
    pub const VALIDATION_FAILED: &str = "VALIDATION_FAILED";
    /// A component stands below one that may not hold it. v1.0 only; as for the former.
    pub const UNALLOWED_PARENT: &str = "UNALLOWED_PARENT";
    /// A component holds one that it may not. v1.0 only; as for the former.
    pub const UNALLOWED_CHILD: &str = "UNALLOWED_CHILD";
    /// A function is unknown here, may not be called from there, or not with these arguments. v1.0 only.
    pub const INVALID_FUNCTION_CALL: &str = "INVALID_FUNCTION_CALL";
    /// The agent does not have the function. In a response, not in an error message.
    pub const UNKNOWN_FUNCTION: &str = "UNKNOWN_FUNCTION";
}

/// Something is wrong with what was received.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorReport {
    /// What, for a program: one of [`codes`] or any other.
    pub code: String,
    /// The surface. v0.9 requires it; v1.0 wants either it or the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surface_id: Option<SurfaceId>,
    /// The call. v1.0 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_call_id: Option<CallId>,
    /// Where in the message's body, as a JSON Pointer: `/components/0/text`. Where the schema was not met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What, for a person or a model, in a sentence or two.
    pub message: String,
    /// Members of other errors.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl ErrorReport {
    /// An error that names neither a surface nor a call yet.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            surface_id: None,
            function_call_id: None,
            path: None,
            message: message.into(),
            other: Map::new(),
        }
    }

    /// Whether the code is one of those that tell where a message is at fault.
    #[must_use]
    pub fn is_about_a_place(&self) -> bool {
        matches!(
            self.code.as_str(),
            codes::VALIDATION_FAILED | codes::UNALLOWED_PARENT | codes::UNALLOWED_CHILD
        )
    }
}
