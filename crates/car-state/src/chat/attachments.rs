//! What comes along with prompts and with what agents say.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use car_protocol::rpc::agents_chat::{Attach, Attachment};
use car_protocol::rpc::results::{ChunkEncoding, ResultHandle};
use serde_json::Value;

use super::{ChatError, Chats};
use crate::identity::Identity;
use crate::results::{ResultError, ResultStore};

/// How many may come along with one prompt or event.
const MOST_ATTACHMENTS: usize = 16;
/// How long the name of one may be, in bytes.
const LONGEST_NAME: usize = 256;
/// The same for what it is.
const LONGEST_TYPE: usize = 128;

/// What bytes are of which nothing is said.
const BYTES: &str = "application/octet-stream";
/// What a text is.
const TEXT: &str = "text/plain; charset=utf-8";

fn unfit<T>(what: &'static str) -> Result<T, ChatError> {
    Err(ChatError::Unfit {
        field: "attachments",
        what,
    })
}

fn refuse<T>(what: String, limit: usize) -> Result<T, ChatError> {
    Err(ChatError::Bounds {
        field: "attachments",
        what,
        limit,
    })
}

impl Chats {
    /// Keeps what comes along, for those who are to read it.
    pub(super) fn keep<const N: usize>(
        &self,
        given: Vec<Attach>,
        readers: [&Identity; N],
    ) -> Result<Vec<Attachment>, ChatError> {
        if given.len() > MOST_ATTACHMENTS {
            let what = format!("at most {MOST_ATTACHMENTS}");
            return refuse(what, MOST_ATTACHMENTS);
        }
        let kept = given.into_iter().map(|attach| {
            if !(1..=LONGEST_NAME).contains(&attach.name.len()) {
                let what = format!("named by 1 to {LONGEST_NAME} bytes");
                return refuse(what, LONGEST_NAME);
            }
            let content = Content::of(attach.content, attach.media_type, attach.encoding)?;
            let kept = readers.map(|reader| content.keep(&self.results, reader));
            let handle = kept.into_iter().last().transpose()?;
            let handle = handle.ok_or(ResultError::NoStore)?;
            Ok(Attachment {
                name: attach.name,
                handle,
            })
        });
        kept.collect()
    }
}

/// What one is.
enum Content {
    Bytes(Bytes, Cow<'static, str>),
    Json(Value),
}

impl Content {
    fn of(
        content: Value,
        media_type: Option<String>,
        encoding: Option<ChunkEncoding>,
    ) -> Result<Self, ChatError> {
        let is_type = |text: &String| {
            let seen = |byte: u8| matches!(byte, b' '..=b'~');
            text.len() <= LONGEST_TYPE && text.contains('/') && text.bytes().all(seen)
        };
        if !media_type.as_ref().is_none_or(is_type) {
            let what = format!("of a media_type like image/png, of at most {LONGEST_TYPE} bytes");
            return refuse(what, LONGEST_TYPE);
        }
        let text = match content {
            Value::String(text) => text,
            other if media_type.is_none() && encoding.is_none() => return Ok(Self::Json(other)),
            _ => return unfit("a text where it has a media_type or an encoding"),
        };
        let (bytes, usual) = match encoding {
            Some(ChunkEncoding::Base64) => match STANDARD.decode(text) {
                Ok(bytes) => (bytes, BYTES),
                Err(_) => return unfit("base64 with padding where it says so"),
            },
            _ => (text.into_bytes(), TEXT),
        };
        let media_type = media_type.map_or(Cow::Borrowed(usual), Cow::Owned);
        Ok(Self::Bytes(bytes.into(), media_type))
    }

    fn keep(&self, results: &ResultStore, reader: &Identity) -> Result<ResultHandle, ResultError> {
        match self {
            Self::Bytes(bytes, media_type) => {
                results.keep_bytes(reader, bytes.clone(), media_type.clone())
            }
            Self::Json(value) => results.keep(reader, value),
        }
    }
}
