use serde_json::Value;

use super::super::{Metadata, v0_3, v1};
use super::{ConvertError, each, every};

const MIME_TYPE: &str = "mimeType";

impl From<v0_3::Role> for v1::Role {
    fn from(role: v0_3::Role) -> Self {
        match role {
            v0_3::Role::User => Self::User,
            v0_3::Role::Agent => Self::Agent,
        }
    }
}

impl TryFrom<v1::Role> for v0_3::Role {
    type Error = ConvertError;

    fn try_from(role: v1::Role) -> Result<Self, ConvertError> {
        match role {
            v1::Role::User => Ok(Self::User),
            v1::Role::Agent => Ok(Self::Agent),
            v1::Role::Unspecified => Err(ConvertError::RoleUnspecified),
        }
    }
}

impl From<v0_3::Part> for v1::Part {
    fn from(part: v0_3::Part) -> Self {
        match part {
            v0_3::Part::Text(text) => Self {
                metadata: text.metadata,
                ..Self::text(text.text)
            },
            v0_3::Part::Data(data) => Self {
                metadata: data.metadata,
                ..Self::data(data.data)
            },
            v0_3::Part::File(part) => {
                let (content, filename, media_type) = match part.file {
                    v0_3::FileContent::Bytes(file) => {
                        (v1::PartContent::Raw(file.bytes), file.name, file.mime_type)
                    }
                    v0_3::FileContent::Uri(file) => {
                        (v1::PartContent::Url(file.uri), file.name, file.mime_type)
                    }
                };
                Self {
                    content,
                    filename,
                    media_type,
                    metadata: part.metadata,
                }
            }
        }
    }
}

impl TryFrom<v1::Part> for v0_3::Part {
    type Error = ConvertError;

    fn try_from(part: v1::Part) -> Result<Self, ConvertError> {
        let file = |file, metadata| Self::File(v0_3::FilePart { file, metadata });
        let (name, mime_type, metadata) = (part.filename, part.media_type, part.metadata);
        Ok(match part.content {
            v1::PartContent::Text(text) => Self::Text(v0_3::TextPart {
                text,
                metadata: described(metadata, name, mime_type)?,
            }),
            v1::PartContent::Data(data @ Value::Object(_)) => Self::Data(v0_3::DataPart {
                data,
                metadata: described(metadata, name, mime_type)?,
            }),
            v1::PartContent::Data(_) => return Err(ConvertError::DataNotObject),
            v1::PartContent::Raw(bytes) => {
                let with_bytes = v0_3::FileWithBytes {
                    name,
                    mime_type,
                    bytes,
                };
                file(v0_3::FileContent::Bytes(with_bytes), metadata)
            }
            v1::PartContent::Url(uri) => {
                let with_uri = v0_3::FileWithUri {
                    name,
                    mime_type,
                    uri,
                };
                file(v0_3::FileContent::Uri(with_uri), metadata)
            }
        })
    }
}

/// The metadata of a part that is no file, with its media type.
fn described(
    mut metadata: Metadata,
    filename: Option<String>,
    media_type: Option<String>,
) -> Result<Metadata, ConvertError> {
    if filename.is_some() {
        return Err(ConvertError::FilenameOfNoFile);
    }
    if let Some(media_type) = media_type {
        let media_type = Value::String(media_type);
        let taken = metadata
            .get(MIME_TYPE)
            .is_some_and(|there| *there != media_type);
        if taken {
            return Err(ConvertError::MediaTypeTaken);
        }
        metadata.insert(MIME_TYPE.to_owned(), media_type);
    }
    Ok(metadata)
}

impl From<v0_3::Message> for v1::Message {
    fn from(message: v0_3::Message) -> Self {
        Self {
            message_id: message.message_id,
            context_id: message.context_id,
            task_id: message.task_id,
            role: message.role.into(),
            parts: every(message.parts),
            metadata: message.metadata,
            extensions: message.extensions,
            reference_task_ids: message.reference_task_ids,
        }
    }
}

impl TryFrom<v1::Message> for v0_3::Message {
    type Error = ConvertError;

    fn try_from(message: v1::Message) -> Result<Self, ConvertError> {
        Ok(Self {
            message_id: message.message_id,
            context_id: message.context_id,
            task_id: message.task_id,
            role: message.role.try_into()?,
            parts: each(message.parts)?,
            metadata: message.metadata,
            extensions: message.extensions,
            reference_task_ids: message.reference_task_ids,
        })
    }
}
