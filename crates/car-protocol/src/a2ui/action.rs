use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Dynamic;
use super::function::FunctionCall;
use super::record::record;

/// What happens when a component is used.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ComponentAction {
    /// The agent is told, with an `action` message.
    Event(EventAction),
    /// The renderer runs a function; in v1.0 one that it does not have is the agent's.
    FunctionCall(FunctionCall),
}

impl From<EventAction> for ComponentAction {
    fn from(event: EventAction) -> Self {
        Self::Event(event)
    }
}

impl From<FunctionCall> for ComponentAction {
    fn from(call: FunctionCall) -> Self {
        Self::FunctionCall(call)
    }
}

record! {
    /// What the agent is told.
    EventAction {
        /// The name of the action.
        name: String,
    } maybe {
        /// What the user did, in words. v1.0 only.
        user_message: Dynamic<String>,
        /// What goes with it, each resolved before it is sent. In v0.9 no value is an object that is written down.
        context: BTreeMap<String, Dynamic<Value>>,
    }
}
