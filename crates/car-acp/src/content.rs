//! A prompt and what comes along, as the blocks that the agent takes.

use agent_client_protocol::v1::schema::{
    AudioContent, BlobResourceContents, ContentBlock, EmbeddedResource, EmbeddedResourceResource,
    ImageContent, TextContent, TextResourceContents,
};
use car_client::{CallbackError, ChatTurn};
use car_protocol::rpc::agents_chat::Attachment;
use car_protocol::rpc::results::{ChunkEncoding, HandleName, Read, ReadParams};

use crate::prompt::Prompter;

/// Reads of what comes along: that many bytes at once. Parts of so many make one text in base64 when they are put together.
const CHUNK: u64 = 3 * (170 << 10);

/// What something is, as far as the protocol tells it apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sort {
    Text,
    Image,
    Audio,
    Other,
}

impl Sort {
    fn of(media_type: &str) -> Self {
        let name = media_type.split(';').next().unwrap_or_default().trim();
        match name.split_once('/').unwrap_or_default() {
            ("text", _) => Self::Text,
            ("image", _) => Self::Image,
            ("audio", _) => Self::Audio,
            (_, kind) if kind == "json" || kind.ends_with("+json") => Self::Text,
            (_, kind) if kind == "xml" || kind.ends_with("+xml") => Self::Text,
            _ => Self::Other,
        }
    }
}

impl Prompter {
    /// The prompt, and what comes along.
    pub(crate) async fn content(
        &self,
        turn: &ChatTurn,
    ) -> Result<Vec<ContentBlock>, CallbackError> {
        let text = TextContent::new(turn.prompt.prompt.clone());
        let mut content = vec![ContentBlock::Text(text)];
        let mut room = self.limits.attached_bytes;
        for attached in &turn.prompt.attachments {
            let bytes = usize::try_from(attached.handle.bytes).unwrap_or(usize::MAX);
            room = room.checked_sub(bytes).ok_or_else(|| {
                let limit = self.limits.attached_bytes;
                CallbackError(format!("what comes along has {limit} bytes at most"))
            })?;
            content.push(self.block(attached).await?);
        }
        Ok(content)
    }

    async fn block(&self, attached: &Attachment) -> Result<ContentBlock, CallbackError> {
        let takes = &self.ready.capabilities.prompt_capabilities;
        let (name, media_type) = (&attached.name, &attached.handle.media_type);
        let uri = format!("car:{name}");
        let sort = Sort::of(media_type);
        let resource = |contents| ContentBlock::Resource(EmbeddedResource::new(contents));
        Ok(match sort {
            Sort::Text => {
                let text = self.read(attached, ChunkEncoding::Text).await?;
                if takes.embedded_context {
                    let contents = TextResourceContents::new(text, uri);
                    let contents = contents.mime_type(media_type.clone());
                    resource(EmbeddedResourceResource::TextResourceContents(contents))
                } else {
                    ContentBlock::Text(TextContent::new(format!("{name}:\n{text}")))
                }
            }
            Sort::Image if takes.image => {
                let data = self.read(attached, ChunkEncoding::Base64).await?;
                ContentBlock::Image(ImageContent::new(data, media_type.clone()).uri(uri))
            }
            Sort::Audio if takes.audio => {
                let data = self.read(attached, ChunkEncoding::Base64).await?;
                ContentBlock::Audio(AudioContent::new(data, media_type.clone()))
            }
            _ if takes.embedded_context => {
                let data = self.read(attached, ChunkEncoding::Base64).await?;
                let contents = BlobResourceContents::new(data, uri).mime_type(media_type.clone());
                resource(EmbeddedResourceResource::BlobResourceContents(contents))
            }
            _ => {
                let what = match sort {
                    Sort::Image => "images",
                    Sort::Audio => "sound",
                    _ => "files",
                };
                let why = format!("{name} is {media_type}, and the agent takes no {what}");
                return Err(CallbackError(why));
            }
        })
    }

    async fn read(
        &self,
        attached: &Attachment,
        encoding: ChunkEncoding,
    ) -> Result<String, CallbackError> {
        let client = self.client.get().ok_or("the agent is not ready")?;
        let mut text = String::new();
        let mut offset = 0;
        loop {
            let params = ReadParams {
                handle: HandleName {
                    sha256: attached.handle.sha256.clone(),
                    ..HandleName::default()
                },
                offset: Some(offset),
                length: Some(CHUNK),
                encoding: Some(encoding),
            };
            let chunk = client.call::<Read>(params).await;
            let chunk = chunk.map_err(|error| format!("{}: {error}", attached.name))?;
            if chunk.encoding != encoding {
                return Err(CallbackError(format!("{} is no text", attached.name)));
            }
            text.push_str(&chunk.data);
            match chunk.next_offset {
                Some(next) if next > offset => offset = next,
                _ => return Ok(text),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_text_is_known_by_its_type() {
        for (media_type, sort) in [
            ("text/plain; charset=utf-8", Sort::Text),
            ("application/json", Sort::Text),
            ("application/geo+json", Sort::Text),
            ("image/svg+xml", Sort::Image),
            ("audio/wav", Sort::Audio),
            ("application/pdf", Sort::Other),
            ("nonsense", Sort::Other),
        ] {
            assert_eq!(Sort::of(media_type), sort, "{media_type}");
        }
    }
}
