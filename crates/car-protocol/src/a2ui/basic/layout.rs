use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize};
use serde_json::Number;

use crate::a2ui::path::DataPath;
use crate::a2ui::record::{record, words};
use crate::a2ui::{ComponentId, Dynamic};

/// The children of a container.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ChildList {
    /// These, in this order.
    Fixed(Vec<ComponentId>),
    /// One for each item of a list in the data model.
    #[serde(rename_all = "camelCase")]
    Template {
        /// The component that shows an item; relative paths in it start at the item.
        component_id: ComponentId,
        /// The list.
        path: DataPath,
    },
}

impl ChildList {
    /// The components it names.
    #[must_use]
    pub fn ids(&self) -> Vec<&ComponentId> {
        match self {
            Self::Fixed(ids) => ids.iter().collect(),
            Self::Template { component_id, .. } => vec![component_id],
        }
    }
}

impl<T: Into<ComponentId>> FromIterator<T> for ChildList {
    fn from_iter<I: IntoIterator<Item = T>>(ids: I) -> Self {
        Self::Fixed(ids.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<ComponentId>, const N: usize> From<[T; N]> for ChildList {
    fn from(ids: [T; N]) -> Self {
        ids.into_iter().collect()
    }
}

impl<'de> Deserialize<'de> for ChildList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChildListVisitor;

        #[derive(DeriveDeserialize)]
        #[serde(rename_all = "camelCase")]
        struct Template {
            component_id: ComponentId,
            path: DataPath,
        }

        impl<'de> Visitor<'de> for ChildListVisitor {
            type Value = ChildList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of component ids or a template")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, ids: A) -> Result<ChildList, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(ids)).map(ChildList::Fixed)
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<ChildList, A::Error> {
                let template = Template::deserialize(MapAccessDeserializer::new(members))?;
                Ok(ChildList::Template {
                    component_id: template.component_id,
                    path: template.path,
                })
            }
        }

        deserializer.deserialize_any(ChildListVisitor)
    }
}

words! {
    /// How children are spread along the way of their container.
    Justify {
        /// In the middle.
        Center,
        /// At the end.
        End,
        /// With room around each.
        SpaceAround,
        /// With room between them.
        SpaceBetween,
        /// With the same room everywhere.
        SpaceEvenly,
        /// At the start.
        Start,
        /// Stretched.
        Stretch,
    }
}

words! {
    /// How children stand across the way of their container.
    Align {
        /// At the start.
        Start,
        /// In the middle.
        Center,
        /// At the end.
        End,
        /// Stretched.
        Stretch,
    }
}

record! {
    /// Children side by side.
    Row {
        /// The children.
        children: ChildList,
    } maybe {
        /// How they are spread from side to side; `start` when left out.
        justify: Justify,
        /// How they stand from top to bottom; `stretch` when left out.
        align: Align,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

record! {
    /// Children one below the other.
    Column {
        /// The children.
        children: ChildList,
    } maybe {
        /// How they are spread from top to bottom; `start` when left out.
        justify: Justify,
        /// How they stand from side to side; `stretch` when left out.
        align: Align,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

record! {
    /// Children that are scrolled.
    List {
        /// The children.
        children: ChildList,
    } maybe {
        /// Which way; `vertical` when left out.
        direction: ListDirection,
        /// How they stand across; `stretch` when left out.
        align: Align,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

words! {
    /// Which way a list runs.
    ListDirection {
        /// From top to bottom.
        Vertical,
        /// From side to side.
        Horizontal,
    }
}

record! {
    /// A frame around one child.
    Card {
        /// The child.
        child: ComponentId,
    } maybe {
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

record! {
    /// Several children, one of which is shown.
    Tabs {
        /// The children with their titles; at least one.
        tabs: Vec<Tab>,
    } maybe {
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

record! {
    /// One of several tabs.
    Tab {
        /// What the tab is called.
        title: Dynamic<String>,
        /// What it shows.
        child: ComponentId,
    }
}

record! {
    /// Something that opens above the rest.
    Modal {
        /// What opens it.
        trigger: ComponentId,
        /// What is shown.
        content: ComponentId,
    } maybe {
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}
