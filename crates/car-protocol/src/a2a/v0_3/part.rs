use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

use super::super::read::{Key, Slot, deserialize, message, tagged};
use super::super::{Bytes, Cx, Metadata, Read, Wire};

tagged! {
    /// One piece of a message or an artifact.
    pub enum Part by "kind" {
        /// A text.
        Text(TextPart) = "text" ["text"],
        /// A file.
        File(FilePart) = "file" ["file"],
        /// JSON.
        Data(DataPart) = "data" ["data"],
    }
}

message! {
    /// A text.
    #[derive(Default)]
    pub struct TextPart = "kind": "text" {
        /// The text.
        present text: String = "text",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// A file.
    pub struct FilePart = "kind": "file" {
        /// The file.
        required file: FileContent = "file",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// JSON.
    #[derive(Default)]
    pub struct DataPart = "kind": "data" {
        /// An object, says the schema; A2UI puts lists here, so any value is taken.
        present data: Value = "data",
        /// What extensions add.
        sparse metadata: Metadata = "metadata",
    }
}

message! {
    /// A file that comes along.
    #[derive(Default)]
    pub struct FileWithBytes {
        /// Its name.
        optional name: String = "name",
        /// Its media type.
        optional mime_type: String = "mimeType",
        /// What is in it.
        present bytes: Bytes = "bytes",
    }
}

message! {
    /// A file that lies elsewhere.
    #[derive(Default)]
    pub struct FileWithUri {
        /// Its name.
        optional name: String = "name",
        /// Its media type.
        optional mime_type: String = "mimeType",
        /// Where it lies.
        present uri: String = "uri",
    }
}

/// A file: its `bytes`, or the `uri` where it lies; never both.
#[derive(Clone, Debug, PartialEq)]
pub enum FileContent {
    /// The bytes come along.
    Bytes(FileWithBytes),
    /// The file lies elsewhere.
    Uri(FileWithUri),
}

impl Wire for FileContent {
    const EXPECTED: &'static str = "an object";
    const FIELDS: &'static [&'static str] = &["name", "mimeType", "bytes", "uri"];

    fn object<'de, A: MapAccess<'de>>(cx: &mut Cx, mut object: A) -> Result<Read<Self>, A::Error> {
        let mut name = Slot::<String>::Empty;
        let mut mime_type = Slot::<String>::Empty;
        let mut bytes = Slot::<Bytes>::Empty;
        let mut uri = Slot::<String>::Empty;
        while let Some(key) = object.next_key_seed(Key)? {
            match &*key {
                "name" => name.fill(cx, "name", &mut object)?,
                "mimeType" | "mime_type" => mime_type.fill(cx, "mimeType", &mut object)?,
                "bytes" => bytes.fill(cx, "bytes", &mut object)?,
                "uri" => uri.fill(cx, "uri", &mut object)?,
                _ => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        let (Some(name), Some(mime_type)) = (
            name.optional(cx, "name"),
            mime_type.optional(cx, "mimeType"),
        ) else {
            return Ok(Read::Bad);
        };
        Ok(match (bytes, uri) {
            (Slot::Value(bytes), Slot::Empty) => Read::Value(Self::Bytes(FileWithBytes {
                name,
                mime_type,
                bytes,
            })),
            (Slot::Empty, Slot::Value(uri)) => Read::Value(Self::Uri(FileWithUri {
                name,
                mime_type,
                uri,
            })),
            (Slot::Empty, Slot::Empty) => cx.violation("must have one of bytes, uri"),
            (Slot::Value(_), Slot::Value(_)) => {
                cx.violation("must have one of bytes, uri, not both")
            }
            (Slot::Bad, _) | (_, Slot::Bad) => Read::Bad,
        })
    }
}

impl Serialize for FileContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bytes(file) => file.serialize(serializer),
            Self::Uri(file) => file.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for FileContent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        deserialize(from)
    }
}
