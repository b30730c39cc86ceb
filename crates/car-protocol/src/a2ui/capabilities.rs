//! What each side can do, and the data that a renderer sends along: the metadata of A2A messages and agent cards.

use std::collections::BTreeMap;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::limits::{self, Limit};
use super::version::Version;
use super::{CatalogId, SurfaceId};

/// What a renderer can show, by the version as a message names it. Versions that are unknown here are kept.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct RendererCapabilities(pub BTreeMap<String, RendererSupport>);

impl RendererCapabilities {
    /// What it can show in this version.
    #[must_use]
    pub fn of(&self, version: Version) -> Option<&RendererSupport> {
        self.0.get(version.as_str())
    }

    /// The newest version that both know, with what the renderer can show in it.
    #[must_use]
    pub fn newest(&self) -> Option<(Version, &RendererSupport)> {
        let mut newest_first = Version::ALL.iter().rev();
        newest_first.find_map(|&version| Some((version, self.of(version)?)))
    }
}

/// What a renderer can show in one version.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RendererSupport {
    /// The catalogs it has, the preferred ones first; at most [`Limit::Catalogs`]. v1.0 mixes them in one surface.
    #[serde(deserialize_with = "catalogs")]
    pub supported_catalog_ids: Vec<CatalogId>,
    /// Catalogs that it defines itself, for agents that accept them; at most [`Limit::InlineCatalogs`].
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "inline_catalogs"
    )]
    pub inline_catalogs: Option<Vec<InlineCatalog>>,
    /// Members that are unknown here.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl RendererSupport {
    /// The first catalog of the renderer that the agent can write for; inline ones count where the agent accepts them.
    #[must_use]
    pub fn common_catalog(&self, agent: &AgentSupport) -> Option<&CatalogId> {
        let inline = self.inline_catalogs.iter().flatten();
        let inline = inline
            .filter(|_| agent.accepts_inline_catalogs == Some(true))
            .map(|catalog| &catalog.catalog_id);
        let known = agent.supported_catalog_ids.as_deref().unwrap_or_default();
        let mut supported = self.supported_catalog_ids.iter();
        supported
            .find(|id| known.contains(id))
            .or_else(|| inline.into_iter().next())
    }
}

/// What an agent can write, by the version as a message names it. Versions that are unknown here are kept.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct AgentCapabilities(pub BTreeMap<String, AgentSupport>);

impl AgentCapabilities {
    /// What it can write in this version.
    #[must_use]
    pub fn of(&self, version: Version) -> Option<&AgentSupport> {
        self.0.get(version.as_str())
    }
}

/// What an agent can write in one version; also the `params` of the extension in its agent card.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentSupport {
    /// The catalogs it can write for; at most [`Limit::Catalogs`].
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "some_catalogs"
    )]
    pub supported_catalog_ids: Option<Vec<CatalogId>>,
    /// Whether it accepts catalogs that a renderer defines; `false` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepts_inline_catalogs: Option<bool>,
    /// Members that are unknown here.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A catalog that is defined in a message. What it says is JSON Schema, and kept as it is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InlineCatalog {
    /// Its id.
    pub catalog_id: CatalogId,
    /// The components, by name, each as a JSON Schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Map<String, Value>>,
    /// The functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<CatalogFunctions>,
    /// The properties of a theme, by name, each as a JSON Schema. v0.9 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<Map<String, Value>>,
    /// Everything else: `title`, `instructions`, `protocolVersion`, `$defs`.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The functions of a catalog: a list in v0.9, an object in v1.0.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CatalogFunctions {
    /// Each with its name, as v0.9 has them.
    Listed(Vec<ListedFunction>),
    /// Each a JSON Schema of its calls, by name, as v1.0 has them.
    Named(Map<String, Value>),
}

impl CatalogFunctions {
    /// The names.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Listed(functions) => functions.iter().map(|one| one.name.as_str()).collect(),
            Self::Named(functions) => functions.keys().map(String::as_str).collect(),
        }
    }
}

/// A function of an inline catalog of v0.9.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedFunction {
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its arguments, as a JSON Schema.
    pub parameters: Value,
    /// What it gives.
    pub return_type: super::function::ReturnType,
}

/// The data models of the surfaces that asked for it, as a renderer sends them along with every message.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RendererDataModel {
    /// The version it is written in.
    pub version: Version,
    /// The models, by surface; at most [`Limit::Surfaces`], each within [`Limit::DataModelBytes`].
    #[serde(deserialize_with = "surfaces")]
    pub surfaces: BTreeMap<SurfaceId, Map<String, Value>>,
}

impl RendererDataModel {
    /// Without the surfaces that the receiver did not make: a model goes to no other agent.
    #[must_use]
    pub fn only(mut self, made_by_receiver: impl Fn(&SurfaceId) -> bool) -> Self {
        self.surfaces.retain(|id, _| made_by_receiver(id));
        self
    }
}

fn catalogs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CatalogId>, D::Error> {
    limits::list(deserializer, Limit::Catalogs)
}

fn some_catalogs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<CatalogId>>, D::Error> {
    catalogs(deserializer).map(Some)
}

fn inline_catalogs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<InlineCatalog>>, D::Error> {
    limits::list(deserializer, Limit::InlineCatalogs).map(Some)
}

fn surfaces<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<SurfaceId, Map<String, Value>>, D::Error> {
    let surfaces = BTreeMap::<SurfaceId, Map<String, Value>>::deserialize(deserializer)?;
    let held = Limit::Surfaces.hold(surfaces.len()).and_then(|()| {
        let mut models = surfaces.values();
        models.try_for_each(|model| limits::hold_map(model, Limit::DataModelBytes))
    });
    held.map_err(de::Error::custom)?;
    Ok(surfaces)
}
