//! Turns of a spoken conversation: what was said, and who answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Params of `voice.dispatch_turn`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceDispatchTurnParams"))]
pub struct DispatchTurnParams {
    /// What was said; at most 1 MiB.
    pub utterance: String,
    /// The `session_id` of the events: 1 to 128 letters, digits and `-_.:/` of ASCII; `voice-turn` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Whatever the agents are to know beside it: they get it as the attachment `config_overlay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_overlay: Option<Value>,
    /// How long the agent that takes its time may take, 1 to 600,000; 30,000 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sidecar_timeout_ms: Option<u64>,
    /// The agent that answers at once; the first of the option `voice.agents` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fast_agent: Option<String>,
    /// The agent that takes its time; the second of the option `voice.agents` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sidecar_agent: Option<String>,
}

/// Result of `voice.dispatch_turn`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceTurnDispatched"))]
pub struct TurnDispatched {
    /// The turn.
    pub turn_id: String,
    /// Who answers.
    pub tracks: Vec<TurnTrack>,
    /// Its events: `voice/`, the session, `/` and the `session_id`.
    pub stream: String,
    /// The epoch of that.
    pub epoch: u64,
    /// The number after which its events begin.
    pub seq: u64,
}

/// Somebody who answers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceTurnTrack"))]
pub struct TurnTrack {
    /// `fast` or `sidecar`.
    pub track: String,
    /// The agent.
    pub agent_id: String,
    /// Whether the agent is there.
    pub available: bool,
}

/// Params of `voice.cancel_turn`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceCancelTurnParams"))]
pub struct CancelTurnParams {
    /// Only this turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<String>,
}

/// Result of `voice.cancel_turn`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceTurnCancelled"))]
pub struct TurnCancelled {
    /// Always `true`: no turn is left.
    pub cancelled: bool,
    /// The turn that was cancelled; left out where none ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<String>,
}

/// Result of `voice.prewarm_turn`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "VoiceTurnPrewarmed"))]
pub struct TurnPrewarmed {
    /// Always `true`: there is nothing more to do before a turn.
    pub prewarmed: bool,
    /// The agents of the option `voice.agents`.
    pub tracks: Vec<TurnTrack>,
}
