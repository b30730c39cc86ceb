use std::collections::HashSet;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::component::{Component, Metadata};
use super::limits::{self, Limit};
use super::path::{DataPath, PathError, Pointer};
use super::version::Version;
use super::violation::TWICE;
use super::{CatalogId, SurfaceId};

/// Opens a surface. It is an error where one with the id is open already; the original replaces it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateSurface {
    /// Its id: unique for the life of the renderer.
    pub surface_id: SurfaceId,
    /// The catalog of its components. v0.9 requires it; in v1.0 it is the default, and components may name others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog_id: Option<CatalogId>,
    /// Colours and names, as the catalog's theme has them. v0.9 only.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "model"
    )]
    pub theme: Option<Map<String, Value>>,
    /// Whether every message to the agent brings the data model along; `false` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_data_model: Option<bool>,
    /// The first components. v1.0 only.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "some_components"
    )]
    pub components: Option<Vec<Component>>,
    /// The first data model. v1.0 only.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "model"
    )]
    pub data_model: Option<Map<String, Value>>,
    /// What extensions add. v1.0 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl CreateSurface {
    /// A surface with components of one catalog.
    pub fn new(surface_id: impl Into<SurfaceId>, catalog_id: impl Into<CatalogId>) -> Self {
        Self {
            surface_id: surface_id.into(),
            catalog_id: Some(catalog_id.into()),
            theme: None,
            send_data_model: None,
            components: None,
            data_model: None,
            metadata: None,
        }
    }
}

/// Adds components to a surface, or replaces those with the same id. One of a surface's components is its `root`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateComponents {
    /// The surface.
    pub surface_id: SurfaceId,
    /// The components, each id once; at most [`Limit::Components`].
    #[serde(deserialize_with = "components")]
    pub components: Vec<Component>,
}

/// Changes the data model of a surface at one place.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateDataModel {
    /// The surface.
    pub surface_id: SurfaceId,
    /// Where; the whole model when left out, empty or `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<DataPath>,
    /// What is there from now on. What removes is left out in v0.9 and `null` in v1.0: [`change`](Self::change) tells.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "value"
    )]
    pub value: Option<Value>,
}

/// What an update does, whatever version it is written in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change<'a> {
    /// This value is there from now on.
    Set(&'a Value),
    /// Nothing is there from now on.
    Remove,
}

impl UpdateDataModel {
    /// Sets what is at a path. In v1.0 `null` removes.
    pub fn set(surface_id: impl Into<SurfaceId>, path: DataPath, value: Value) -> Self {
        Self {
            surface_id: surface_id.into(),
            path: Some(path),
            value: Some(value),
        }
    }

    /// Removes what is at a path, as a version writes it.
    pub fn remove(surface_id: impl Into<SurfaceId>, path: DataPath, version: Version) -> Self {
        Self {
            surface_id: surface_id.into(),
            path: Some(path),
            value: version.is_v1().then_some(Value::Null),
        }
    }

    /// What it does, by the rules of the version it is written in.
    #[must_use]
    pub fn change(&self, version: Version) -> Change<'_> {
        match &self.value {
            None => Change::Remove,
            Some(Value::Null) if version.is_v1() => Change::Remove,
            Some(value) => Change::Set(value),
        }
    }

    /// Where, as a pointer.
    ///
    /// # Errors
    /// [`PathError::NotAbsolute`]: an update has no item that a path could be relative to.
    pub fn pointer(&self) -> Result<Pointer, PathError> {
        match &self.path {
            None => Ok(Pointer::ROOT),
            Some(path) if path.is_absolute() => path.resolve(&Pointer::ROOT),
            Some(_) => Err(PathError::NotAbsolute),
        }
    }
}

/// Closes a surface.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteSurface {
    /// The surface.
    pub surface_id: SurfaceId,
}

impl DeleteSurface {
    /// Closes this one.
    pub fn new(surface_id: impl Into<SurfaceId>) -> Self {
        Self {
            surface_id: surface_id.into(),
        }
    }
}

/// A value that may be `null`, which is not the same as none.
pub(super) fn value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    limits::hold_value(&value, Limit::DataModelBytes).map_err(de::Error::custom)?;
    Ok(Some(value))
}

/// An object within the limits of a data model.
pub(super) fn model<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Map<String, Value>>, D::Error> {
    let model = Map::deserialize(deserializer)?;
    limits::hold_map(&model, Limit::DataModelBytes).map_err(de::Error::custom)?;
    Ok(Some(model))
}

fn some_components<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Component>>, D::Error> {
    components(deserializer).map(Some)
}

/// So many components as may be, each id once.
fn components<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Component>, D::Error> {
    let components: Vec<Component> = limits::list(deserializer, Limit::Components)?;
    let mut seen = HashSet::with_capacity(components.len());
    if let Some(twice) = components.iter().find(|one| !seen.insert(&one.id)) {
        return Err(de::Error::custom(format!("{TWICE} `{}`", twice.id)));
    }
    Ok(components)
}
