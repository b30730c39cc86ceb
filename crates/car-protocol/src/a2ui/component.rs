use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize as DeriveDeserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::basic::Basic;
use super::limits::{self, Limit};
use super::version::is_basic_catalog;
use super::violation::{self, Violation};
use super::{CatalogId, ComponentId, Dynamic};

/// One component of a surface, whatever catalog it is from.
///
/// The wire does not say which catalog a component of v0.9 is from: its surface does. So a component is kept as it was
/// sent, and who knows the catalog reads it: [`basic`](Self::basic) for the basic one, the properties for any other.
/// Limits: [`Limit::ComponentBytes`] and [`Limit::Depth`], held while it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Its id within the surface.
    pub id: ComponentId,
    /// The name of its type in its catalog: `Text`.
    pub component: String,
    /// Every other member, the common ones (`accessibility`, `catalogId`, `metadata`) among them.
    pub properties: Map<String, Value>,
}

/// The name that v1.0 keeps for the surface itself. No component of a message may have it.
pub const RESERVED_COMPONENT: &str = "Surface";

impl Component {
    /// A component of a catalog other than the basic one.
    pub fn custom(
        id: impl Into<ComponentId>,
        component: impl Into<String>,
        properties: Map<String, Value>,
    ) -> Self {
        Self {
            id: id.into(),
            component: component.into(),
            properties,
        }
    }

    /// Adds a property, or replaces it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.properties.insert(name.to_owned(), value.into());
        self
    }

    /// The component as one of the basic catalog; nothing if it is not one by its name or its own `catalogId`.
    ///
    /// Members that the type does not know are left out of it; they stay in [`properties`](Self::properties). Ask only
    /// where the surface's catalog is the basic one: another may have a `Text` of its own.
    ///
    /// # Errors
    /// It has the name of a basic component, but not its properties.
    pub fn basic(&self) -> Result<Option<Basic>, Violation> {
        if self.catalog_id()?.is_some_and(|id| !is_basic_catalog(&id)) {
            return Ok(None);
        }
        Basic::read(&self.component, &self.properties)
    }

    /// Whose component it is, where it is not the surface's default catalog. v1.0 only.
    ///
    /// # Errors
    /// The member is no catalog id.
    pub fn catalog_id(&self) -> Result<Option<CatalogId>, Violation> {
        self.member("catalogId")
    }

    /// What helps those who use other senses.
    ///
    /// # Errors
    /// The member has another shape.
    pub fn accessibility(&self) -> Result<Option<Accessibility>, Violation> {
        self.member("accessibility")
    }

    /// What extensions add. v1.0 only.
    ///
    /// # Errors
    /// The member has another shape.
    pub fn metadata(&self) -> Result<Option<Metadata>, Violation> {
        self.member("metadata")
    }

    fn member<T: de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Violation> {
        let Some(value) = self.properties.get(name) else {
            return Ok(None);
        };
        violation::read_value(value)
            .map(Some)
            .map_err(|mut violation| {
                violation.path.insert_str(0, &format!("/{name}"));
                violation
            })
    }
}

impl Serialize for Component {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(self.properties.len() + 2))?;
        members.serialize_entry("id", &self.id)?;
        members.serialize_entry("component", &self.component)?;
        for (name, value) in &self.properties {
            members.serialize_entry(name, value)?;
        }
        members.end()
    }
}

impl<'de> Deserialize<'de> for Component {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ComponentVisitor;

        impl<'de> Visitor<'de> for ComponentVisitor {
            type Value = Component;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a component")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Component, A::Error> {
                let members = Map::deserialize(MapAccessDeserializer::new(members))?;
                from_members(members).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_map(ComponentVisitor)
    }
}

fn from_members(mut members: Map<String, Value>) -> Result<Component, serde_json::Error> {
    limits::hold_map(&members, Limit::ComponentBytes).map_err(de::Error::custom)?;
    let mut take = |name: &'static str| {
        let missing = || <serde_json::Error as de::Error>::missing_field(name);
        members.remove(name).ok_or_else(missing)
    };
    let id = take("id")?;
    let component = take("component")?;
    Ok(Component {
        id: ComponentId::deserialize(id)?,
        component: String::deserialize(component)?,
        properties: members,
    })
}

/// What helps those who use other senses.
#[derive(Clone, Debug, Default, DeriveDeserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Accessibility {
    /// What it is called, in one to three words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Dynamic<String>>,
    /// What it is for, does or expects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Dynamic<String>>,
    /// How changes are announced; `off` when left out. v1.0 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
    /// Whether it and its children are hidden from assistive technologies. v1.0 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Dynamic<bool>>,
}

super::record::words! {
    /// How changes are announced, as `aria-live` of WAI-ARIA.
    Live {
        /// Not at all.
        Off,
        /// When the user pauses.
        Polite,
        /// At once.
        Assertive,
    }
}

/// What extensions add to a surface, a component or an action. v1.0 only.
#[derive(Clone, Debug, Default, DeriveDeserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Metadata {
    /// What each extension says, by its name. Names that begin with `a2ui_` are the specification's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Map<String, Value>>,
    /// Members that the specification does not know; v0.9 allows them on actions.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}
