//! `notifications.*`: what a person sees without a screen of ours.

use serde::{Deserialize, Serialize};

crate::methods! {
    /// Shows a notification on the desktop that the daemon runs on. `unavailable` where there is none that could.
    #[mutates]
    Local = "notifications.local" (LocalParams) -> Shown;
}

/// Params of `notifications.local`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "LocalNotificationParams"))]
pub struct LocalParams {
    /// 1 to 256 bytes.
    pub title: String,
    /// At most 4 KiB.
    pub body: String,
    /// A line above the body; at most 256 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// The name of a sound of the desktop's theme; at most 128 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<String>,
}

/// Result of `notifications.local`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "LocalNotificationShown"))]
pub struct Shown {
    /// Always `true`: the desktop has taken it.
    pub shown: bool,
    /// The desktop's number for it.
    pub id: u32,
}
