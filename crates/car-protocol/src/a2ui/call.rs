use serde::de::{self, Deserialize, Deserializer};
use serde::{Deserialize as DeriveDeserialize, Serialize};
use serde_json::Value;

use super::function::FunctionCall;
use super::limits::{self, Limit};
use super::{CallId, SurfaceId};

/// The agent has the renderer run a function. v1.0 only.
#[derive(Clone, Debug, DeriveDeserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallRendererFunction {
    /// The id that the answer repeats.
    pub function_call_id: CallId,
    /// The function. It must name its catalog: there is no surface to take it from.
    #[serde(deserialize_with = "call")]
    pub call_function: FunctionCall,
}

/// The renderer has the agent run a function that it does not have itself. v1.0 only.
#[derive(Clone, Debug, DeriveDeserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallAgentFunction {
    /// The surface on which it is called.
    pub surface_id: SurfaceId,
    /// The id that the answer repeats.
    pub function_call_id: CallId,
    /// The function.
    #[serde(deserialize_with = "call")]
    pub call_function: FunctionCall,
}

/// What a function of the renderer gave. v1.0 only.
#[derive(Clone, Debug, DeriveDeserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct RendererFunctionResponse(pub FunctionResponse);

/// What a function of the agent gave. v1.0 only.
#[derive(Clone, Debug, DeriveDeserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct AgentFunctionResponse(pub FunctionResponse);

/// What a call gave: a value or an error. v1.0 only.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionResponse {
    /// The id of the call.
    pub function_call_id: CallId,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: FunctionOutcome,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FunctionOutcome {
    /// The value that the function gave; it may be `null`.
    Value(Value),
    /// Why it gave none.
    Error(FunctionError),
}

/// Why a function gave nothing.
#[derive(Clone, Debug, DeriveDeserialize, PartialEq, Serialize)]
pub struct FunctionError {
    /// For a program: `UNKNOWN_FUNCTION`, `INVALID_FUNCTION_CALL`, `EXECUTION_FAILED`, or the function's own.
    pub code: String,
    /// For a person.
    pub message: String,
}

impl<'de> Deserialize<'de> for FunctionResponse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(DeriveDeserialize)]
        #[serde(rename_all = "camelCase")]
        struct Shape {
            function_call_id: CallId,
            #[serde(default, deserialize_with = "super::surface::value")]
            value: Option<Value>,
            error: Option<FunctionError>,
        }
        let shape = Shape::deserialize(deserializer)?;
        let outcome = match (shape.value, shape.error) {
            (Some(value), None) => FunctionOutcome::Value(value),
            (None, Some(error)) => FunctionOutcome::Error(error),
            _ => {
                return Err(de::Error::custom(
                    "a response has either `value` or `error`",
                ));
            }
        };
        Ok(Self {
            function_call_id: shape.function_call_id,
            outcome,
        })
    }
}

/// A call whose arguments are within the limits of a component.
fn call<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FunctionCall, D::Error> {
    let call = FunctionCall::deserialize(deserializer)?;
    if let Some(args) = &call.args {
        limits::hold_map(args, Limit::ComponentBytes).map_err(de::Error::custom)?;
    }
    Ok(call)
}
