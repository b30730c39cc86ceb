use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Number, Value};

use crate::a2ui::Dynamic;
use crate::a2ui::path::DataPath;
use crate::a2ui::record::{record, words};

record! {
    /// A text in simple Markdown.
    Text {
        /// The text.
        text: Dynamic<String>,
    } maybe {
        /// What the text is; `body` when left out.
        variant: TextVariant,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

words! {
    /// What a text is.
    TextVariant {
        /// The largest heading. v0.9 only, as all headings: v1.0 writes them in Markdown.
        H1,
        /// A heading of the second level. v0.9 only.
        H2,
        /// A heading of the third level. v0.9 only.
        H3,
        /// A heading of the fourth level. v0.9 only.
        H4,
        /// A heading of the fifth level. v0.9 only.
        H5,
        /// A small text.
        Caption,
        /// A text.
        Body,
    }
}

impl TextVariant {
    /// The level of a heading, from 1 to 5.
    #[must_use]
    pub fn heading(self) -> Option<usize> {
        match self {
            Self::H1 => Some(1),
            Self::H2 => Some(2),
            Self::H3 => Some(3),
            Self::H4 => Some(4),
            Self::H5 => Some(5),
            Self::Caption | Self::Body => None,
        }
    }
}

record! {
    /// A picture.
    Image {
        /// Where the picture is.
        url: Dynamic<String>,
    } maybe {
        /// What it shows, for those who do not see it.
        description: Dynamic<String>,
        /// How it fills its room; `fill` when left out.
        fit: ImageFit,
        /// What it is for, hence how large; `mediumFeature` when left out.
        variant: ImageVariant,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

words! {
    /// How a picture fills its room, as `object-fit` of CSS.
    ImageFit {
        /// Whole, with room beside it.
        Contain,
        /// Without room beside it, cut.
        Cover,
        /// Stretched.
        Fill,
        /// In its own size.
        None,
        /// In its own size, or smaller to be whole.
        ScaleDown,
    }
}

words! {
    /// What a picture is for.
    ImageVariant {
        /// A symbol.
        Icon,
        /// A person.
        Avatar,
        /// Small.
        SmallFeature,
        /// Medium.
        MediumFeature,
        /// Large.
        LargeFeature,
        /// Across the top.
        Header,
    }
}

record! {
    /// A symbol.
    Icon {
        /// Which one.
        name: IconName,
    } maybe {
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

/// Which symbol.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum IconName {
    /// One of the catalog's names: `accountCircle`. Which names there are, the schema says.
    Named(String),
    /// Drawn by a path.
    #[serde(rename_all = "camelCase")]
    Drawn {
        /// The `d` of an SVG path. A literal in v0.9.
        svg_path: Dynamic<String>,
    },
    /// Whatever name is in the data model.
    Bound {
        /// Where.
        path: DataPath,
    },
}

impl<'de> Deserialize<'de> for IconName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Shape {
            svg_path: Option<Dynamic<String>>,
            path: Option<DataPath>,
        }
        let shape = match Value::deserialize(deserializer)? {
            Value::String(name) => return Ok(Self::Named(name)),
            other => Shape::deserialize(other).map_err(de::Error::custom)?,
        };
        match (shape.svg_path, shape.path) {
            (Some(svg_path), None) => Ok(Self::Drawn { svg_path }),
            (None, Some(path)) => Ok(Self::Bound { path }),
            _ => Err(de::Error::custom(
                "an icon is a name, an `svgPath` or a `path`",
            )),
        }
    }
}

impl From<&str> for IconName {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

record! {
    /// A video.
    Video {
        /// Where the video is.
        url: Dynamic<String>,
    } maybe {
        /// The picture before it plays. v1.0 only.
        poster_url: Dynamic<String>,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

record! {
    /// A player for sound.
    AudioPlayer {
        /// Where the sound is.
        url: Dynamic<String>,
    } maybe {
        /// What is heard.
        description: Dynamic<String>,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

record! {
    /// A line between others.
    Divider {
    } maybe {
        /// Which way it runs; `horizontal` when left out.
        axis: Axis,
        /// The share of the room in a row or column, relative to its siblings.
        weight: Number,
    }
}

impl Default for Divider {
    fn default() -> Self {
        Self::new()
    }
}

words! {
    /// Which way a line runs.
    Axis {
        /// From side to side.
        Horizontal,
        /// From top to bottom.
        Vertical,
    }
}
