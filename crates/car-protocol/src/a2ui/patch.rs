//! What the original says beside the specification: changes to components in place, and reports of what was rendered.

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::SurfaceId;
use super::limits::{self, Limit};
use super::path::Pointer;

/// Changes components in place. The document that the patch is for is the object of all components by their ids.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PatchComponents {
    /// The surface.
    pub surface_id: SurfaceId,
    /// What is changed, all or nothing, in this order; one to [`Limit::PatchOperations`] operations. What adds or
    /// replaces a whole component brings an object.
    #[serde(deserialize_with = "operations")]
    pub patch: Vec<PatchOperation>,
    /// The [`report_id`](RenderReport::report_id) of the report that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_response_to: Option<String>,
}

/// One operation of a JSON Patch (RFC 6902).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum PatchOperation {
    /// Puts a value in, or in the place of another.
    Add {
        /// Where.
        path: Pointer,
        /// What.
        value: Value,
    },
    /// Takes a value out.
    Remove {
        /// Where.
        path: Pointer,
    },
    /// Puts a value in the place of another.
    Replace {
        /// Where.
        path: Pointer,
        /// What.
        value: Value,
    },
    /// Takes a value out and puts it in elsewhere.
    Move {
        /// Where it is.
        from: Pointer,
        /// Where it goes.
        path: Pointer,
    },
    /// Puts a value in elsewhere too.
    Copy {
        /// Where it is.
        from: Pointer,
        /// Where it goes.
        path: Pointer,
    },
    /// Fails the patch unless the value is there.
    Test {
        /// Where.
        path: Pointer,
        /// What.
        value: Value,
    },
}

fn operations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PatchOperation>, D::Error> {
    let operations = limits::list(deserializer, Limit::PatchOperations)?;
    if operations.is_empty() {
        return Err(de::Error::custom("a patch has at least one operation"));
    }
    for operation in &operations {
        check(operation).map_err(de::Error::custom)?;
    }
    Ok(operations)
}

fn check(operation: &PatchOperation) -> Result<(), String> {
    use PatchOperation::{Add, Copy, Move, Remove, Replace, Test};
    let value = match operation {
        Add { path, value } | Replace { path, value } => {
            if path.segments().count() == 1 && !value.is_object() {
                return Err(format!("the component at `{path}` is an object"));
            }
            value
        }
        Test { value, .. } => value,
        Remove { .. } | Move { .. } | Copy { .. } => return Ok(()),
    };
    limits::hold_value(value, Limit::ComponentBytes).map_err(|limit| limit.to_string())
}

/// What a renderer tells about the surface it shows. Of the original, in no version of the specification.
///
/// The last four may also stand in `metadata` under their names in snake case, where older renderers put them;
/// [`or_from_metadata`](Self::or_from_metadata) finds them there.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RenderReport {
    /// The surface.
    pub surface_id: SurfaceId,
    /// What tells one rendering from another: the same signature, the same picture.
    pub signature: String,
    /// How dense the rendering is, in the renderer's own terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density: Option<Value>,
    /// How many fields can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_field_count: Option<u64>,
    /// How many things can be pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_count: Option<u64>,
    /// The room that there is, in the renderer's own terms.
    pub viewport: Value,
    /// What does not fit, in the renderer's own terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_via_overflow: Option<Value>,
    /// By which strategy it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy_id: Option<String>,
    /// When, as the renderer writes it.
    pub timestamp: Value,
    /// The id that an answer repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_id: Option<String>,
    /// The number of the report, counted up by the renderer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// How many components are shown as a placeholder, because what they need is not there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder_count: Option<u64>,
    /// Since which report the signature is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_stable_since: Option<Value>,
    /// Anything else.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::surface::model"
    )]
    pub metadata: Option<Map<String, Value>>,
}

impl RenderReport {
    /// The report with what `metadata` says in snake case about `report_id`, `sequence`, `placeholder_count` and
    /// `signature_stable_since`, where the report itself does not. `metadata` stays as it is.
    #[must_use]
    pub fn or_from_metadata(mut self) -> Self {
        let Some(metadata) = &self.metadata else {
            return self;
        };
        let number = |name: &str| metadata.get(name).and_then(Value::as_u64);
        let text = |name: &str| metadata.get(name).and_then(Value::as_str);
        let report_id = text("report_id").map(str::to_owned);
        let sequence = number("sequence");
        let placeholder_count = number("placeholder_count");
        let stable = metadata.get("signature_stable_since").cloned();
        self.report_id = self.report_id.or(report_id);
        self.sequence = self.sequence.or(sequence);
        self.placeholder_count = self.placeholder_count.or(placeholder_count);
        self.signature_stable_since = self.signature_stable_since.or(stable);
        self
    }
}
