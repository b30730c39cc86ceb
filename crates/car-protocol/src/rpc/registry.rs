//! `registry.*`: agents that tell where they are, each in a file of its own.

use serde::{Deserialize, Serialize};

crate::methods! {
    /// Tells that an agent is there.
    #[mutates]
    Register = "registry.register" (RegisterParams) -> ();

    /// Tells that an agent is still there.
    #[mutates]
    Heartbeat = "registry.heartbeat" (NameParams) -> Refreshed;

    /// Tells that an agent is gone. One that is not there is gone already.
    #[mutates]
    Unregister = "registry.unregister" (NameParams) -> ();

    /// The agents that are there, by name.
    List = "registry.list" (ListParams) -> Vec<AgentEntry>;

    /// Removes the agents that were not heard of for too long, and names them.
    #[mutates]
    Reap = "registry.reap" (ReapParams) -> Vec<String>;
}

/// What an agent in the registry is doing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RegistryStatus"))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Working.
    #[default]
    Running,
    /// Nothing.
    Idle,
    /// It failed.
    Errored,
    /// About to end.
    Stopping,
}

/// An agent in the registry.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RegistryEntry"))]
pub struct AgentEntry {
    /// 1 to 128 letters, digits, `-`, `_` and `.`, neither `.` nor `..`.
    pub name: String,
    /// Where a person looks at it: an `http` or `https` address.
    pub dashboard_url: String,
    /// What it is doing.
    #[serde(default)]
    pub status: Status,
    /// Its name for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Where it listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The number of its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// When it came, as a time of RFC 3339; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<String>,
    /// When it was heard of last, as a time of RFC 3339; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heartbeat_at: Option<String>,
}

/// Params of `registry.register`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RegistryRegisterParams"))]
pub struct RegisterParams {
    /// The agent.
    pub entry: AgentEntry,
    /// The folder of the registry, below the root; `registry` there when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_path: Option<String>,
}

/// Params of `registry.heartbeat` and `registry.unregister`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RegistryNameParams"))]
pub struct NameParams {
    /// The agent.
    pub name: String,
    /// The folder of the registry, below the root; `registry` there when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_path: Option<String>,
}

/// Result of `registry.heartbeat`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RegistryRefreshed"))]
pub struct Refreshed {
    /// Whether it was there.
    pub refreshed: bool,
}

/// Params of `registry.list`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RegistryListParams"))]
pub struct ListParams {
    /// The folder of the registry, below the root; `registry` there when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_path: Option<String>,
}

/// Params of `registry.reap`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RegistryReapParams"))]
pub struct ReapParams {
    /// For how many seconds an agent may not be heard of; 60 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_secs: Option<u64>,
    /// The folder of the registry, below the root; `registry` there when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_path: Option<String>,
}
