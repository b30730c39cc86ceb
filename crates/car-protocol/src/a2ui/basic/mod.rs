//! The components of the basic catalog, which every renderer has, as typed data.
//!
//! The types hold what v0.9 and v1.0 know together; a member that only one of them knows says so. What all components
//! share, the id, the catalog, accessibility and metadata, belongs to [`Component`].

mod display;
mod input;
mod layout;

use serde::Serialize;
use serde_json::{Map, Value};

use super::violation::{self, Violation};
use super::{Component, ComponentId};

pub use display::{
    AudioPlayer, Axis, Divider, Icon, IconName, Image, ImageFit, ImageVariant, Text, TextVariant,
    Video,
};
pub use input::{
    Button, ButtonVariant, CheckBox, ChoiceOption, ChoicePicker, ChoiceVariant, DateTimeInput,
    DisplayStyle, Slider, TextField, TextFieldVariant,
};
pub use layout::{
    Align, Card, ChildList, Column, Justify, List, ListDirection, Modal, Row, Tab, Tabs,
};

macro_rules! basic {
    ($($name:ident)*) => {
        /// A component of the basic catalog.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Basic { $(
            #[doc = concat!("A [`", stringify!($name), "`].")]
            $name($name),
        )* }

        impl Basic {
            /// The names, in the order of the catalog.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// The name, as `component` has it.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $( Self::$name(_) => stringify!($name), )* }
            }

            /// Reads the properties of the component with this name; nothing if it is not of the basic catalog.
            pub(super) fn read(
                name: &str,
                properties: &Map<String, Value>,
            ) -> Result<Option<Self>, Violation> {
                Ok(Some(match name {
                    $( stringify!($name) => Self::$name(violation::read_members(properties)?), )*
                    _ => return Ok(None),
                }))
            }

            /// The properties, as a [`Component`] carries them.
            #[must_use]
            pub fn properties(&self) -> Map<String, Value> {
                match self { $( Self::$name(component) => members(component), )* }
            }
        }

        $( impl From<$name> for Basic {
            fn from(component: $name) -> Self {
                Self::$name(component)
            }
        } )*
    };
}

basic! {
    Text Image Icon Video AudioPlayer Row Column List Card Tabs Modal Divider Button TextField CheckBox ChoicePicker
    Slider DateTimeInput
}

fn members<T: Serialize>(record: &T) -> Map<String, Value> {
    match serde_json::to_value(record) {
        Ok(Value::Object(members)) => members,
        // A record is an object, and none of them has a key that is no string.
        _ => Map::new(),
    }
}

impl Basic {
    /// The components that this one shows: its children, or the template of them.
    #[must_use]
    pub fn children(&self) -> Vec<&ComponentId> {
        match self {
            Self::Row(row) => row.children.ids(),
            Self::Column(column) => column.children.ids(),
            Self::List(list) => list.children.ids(),
            Self::Card(card) => vec![&card.child],
            Self::Button(button) => vec![&button.child],
            Self::Tabs(tabs) => tabs.tabs.iter().map(|tab| &tab.child).collect(),
            Self::Modal(modal) => vec![&modal.trigger, &modal.content],
            _ => Vec::new(),
        }
    }
}

impl Component {
    /// A component of the basic catalog.
    pub fn new(id: impl Into<ComponentId>, basic: impl Into<Basic>) -> Self {
        let basic = basic.into();
        Self::custom(id, basic.name(), basic.properties())
    }
}
