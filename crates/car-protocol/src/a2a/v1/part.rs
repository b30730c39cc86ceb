use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

use super::super::read::{Key, Slot, deserialize};
use super::super::{Bytes, Cx, Metadata, Read, Wire};

/// One piece of a message or an artifact.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it is.
    pub content: PartContent,
    /// The name of the file, for example `report.pdf`.
    pub filename: Option<String>,
    /// The media type of the content.
    pub media_type: Option<String>,
    /// What extensions add.
    pub metadata: Metadata,
}

/// What a part holds: exactly one of these. On the wire it is a member of the part, named as written here.
#[derive(Clone, Debug, PartialEq)]
pub enum PartContent {
    /// `text`.
    Text(String),
    /// `raw`: the bytes of a file.
    Raw(Bytes),
    /// `url`: where the file is.
    Url(String),
    /// `data`: any JSON value, `null` included.
    Data(Value),
}

impl Part {
    /// A part of this content, without a name, a media type or metadata.
    #[must_use]
    pub fn new(content: PartContent) -> Self {
        Self {
            content,
            filename: None,
            media_type: None,
            metadata: Metadata::new(),
        }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(PartContent::Text(text.into()))
    }

    /// A JSON value.
    pub fn data(data: impl Into<Value>) -> Self {
        Self::new(PartContent::Data(data.into()))
    }
}

const CONTENTS: &str = "text, raw, url, data";

/// The content, and what is said of it when there is more than one.
fn choose(cx: &mut Cx, found: [(&'static str, Slot<PartContent>); 4]) -> Option<PartContent> {
    let (mut content, mut fits) = (None, true);
    for (name, slot) in found {
        match slot {
            Slot::Empty => {}
            Slot::Bad => fits = false,
            Slot::Value(_) if content.is_some() => {
                let why = format!("is one too many: a part has exactly one of {CONTENTS}");
                cx.field_violation(name, why);
                fits = false;
            }
            Slot::Value(value) => content = Some(value),
        }
    }
    if content.is_none() && fits {
        let _: Read<()> = cx.violation(format!("must have one of {CONTENTS}"));
    }
    content.filter(|_| fits)
}

impl<T> Slot<T> {
    fn content(self, make: impl FnOnce(T) -> PartContent) -> Slot<PartContent> {
        match self {
            Self::Empty => Slot::Empty,
            Self::Value(value) => Slot::Value(make(value)),
            Self::Bad => Slot::Bad,
        }
    }
}

impl Wire for Part {
    const EXPECTED: &'static str = "an object";
    const FIELDS: &'static [&'static str] = &[
        "text",
        "raw",
        "url",
        "data",
        "filename",
        "mediaType",
        "metadata",
    ];

    fn object<'de, A: MapAccess<'de>>(cx: &mut Cx, mut object: A) -> Result<Read<Self>, A::Error> {
        let mut text = Slot::<String>::Empty;
        let mut raw = Slot::<Bytes>::Empty;
        let mut url = Slot::<String>::Empty;
        let mut data = Slot::<Value>::Empty;
        let mut filename = Slot::<String>::Empty;
        let mut media_type = Slot::<String>::Empty;
        let mut metadata = Slot::<Metadata>::Empty;
        while let Some(key) = object.next_key_seed(Key)? {
            match &*key {
                "text" => text.fill(cx, "text", &mut object)?,
                "raw" => raw.fill(cx, "raw", &mut object)?,
                "url" => url.fill(cx, "url", &mut object)?,
                "data" => data.fill(cx, "data", &mut object)?,
                "filename" => filename.fill(cx, "filename", &mut object)?,
                "mediaType" | "media_type" => media_type.fill(cx, "mediaType", &mut object)?,
                "metadata" => metadata.fill(cx, "metadata", &mut object)?,
                _ => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        let found = [
            ("text", text.content(PartContent::Text)),
            ("raw", raw.content(PartContent::Raw)),
            ("url", url.content(PartContent::Url)),
            ("data", data.content(PartContent::Data)),
        ];
        let content = choose(cx, found);
        let filename = filename.optional(cx, "filename");
        let media_type = media_type.optional(cx, "mediaType");
        let metadata = metadata.sparse(cx, "metadata");
        let whole = move || {
            Some(Self {
                content: content?,
                filename: filename?,
                media_type: media_type?,
                metadata: metadata?,
            })
        };
        Ok(whole().map_or(Read::Bad, Read::Value))
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        match &self.content {
            PartContent::Text(text) => object.serialize_entry("text", text)?,
            PartContent::Raw(bytes) => object.serialize_entry("raw", bytes)?,
            PartContent::Url(url) => object.serialize_entry("url", url)?,
            PartContent::Data(data) => object.serialize_entry("data", data)?,
        }
        let named = [
            ("filename", &self.filename),
            ("mediaType", &self.media_type),
        ];
        for (name, value) in named {
            if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                object.serialize_entry(name, value)?;
            }
        }
        if !self.metadata.is_empty() {
            object.serialize_entry("metadata", &self.metadata)?;
        }
        object.end()
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        deserialize(from)
    }
}
