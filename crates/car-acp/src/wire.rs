//! The agent's standard input and output: a line is a message.
//!
//! What the agent says about a prompt is handed on here, in the order in which it says it, and no faster than it is taken.
//! Everything else goes to the connection. An agent that has too many requests under way is not read until some are
//! answered, so nothing grows because an agent does not wait.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use agent_client_protocol::v1::schema::SessionNotification;
use futures_util::{Sink, SinkExt, Stream, StreamExt as _};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec};

use crate::limits::AcpLimits;
use crate::talks::Talks;

/// What a message is.
#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    id: Option<IgnoredAny>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// The requests of the agent that may be under way.
type Room = Arc<Semaphore>;

/// What is to be written to the agent, and what it writes.
pub(crate) fn lines<R, W>(
    output: R,
    input: W,
    talks: Arc<Talks>,
    limits: &AcpLimits,
) -> (
    impl Sink<String, Error = io::Error> + Send + 'static,
    impl Stream<Item = io::Result<String>> + Send + 'static,
)
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let room: Room = Arc::new(Semaphore::new(limits.requests));
    let codec = || LinesCodec::new_with_max_length(limits.line_bytes);
    let (answered, most) = (Arc::clone(&room), limits.requests);
    let sink = FramedWrite::new(input, codec());
    let sink = SinkExt::<String>::sink_map_err(sink, io::Error::other);
    let sink = sink.with(move |line: String| {
        let is_answer = peek(&line).is_some_and(|message| message.method.is_none());
        // A request that could not be read at all is answered as well, and had no permit.
        if is_answer && answered.available_permits() < most {
            answered.add_permits(1);
        }
        std::future::ready(Ok::<_, io::Error>(line))
    });
    let stream = FramedRead::new(output, codec()).filter_map(move |line| {
        let (talks, room) = (Arc::clone(&talks), Arc::clone(&room));
        async move {
            match line {
                Ok(line) => take(line, &talks, &room).await.map(Ok),
                Err(error) => Some(Err(io::Error::other(error))),
            }
        }
    });
    (sink, stream)
}

fn peek(line: &str) -> Option<Peek<'_>> {
    serde_json::from_str(line).ok()
}

/// Hands on what the agent says about a prompt; back comes what the connection is to read.
async fn take(line: String, talks: &Talks, room: &Room) -> Option<String> {
    let Some(message) = peek(&line) else {
        // Words that were meant for a log. An answer to them would be read by nobody.
        if !line.trim().is_empty() {
            tracing::warn!(
                bytes = line.len(),
                "the agent wrote something that is no message"
            );
        }
        return None;
    };
    match (message.method.as_deref(), message.id) {
        (Some("session/update"), None) => {
            let note = message.params.map(RawValue::get).map(serde_json::from_str);
            match note {
                Some(Ok(note)) => hear(note, talks).await,
                Some(Err(error)) => tracing::warn!(%error, "an update of the agent is not read"),
                None => {}
            }
            None
        }
        (Some(_), Some(_)) => {
            if let Ok(permit) = room.acquire().await {
                permit.forget();
            }
            Some(line)
        }
        _ => Some(line),
    }
}

async fn hear(note: SessionNotification, talks: &Talks) {
    if let Some(busy) = talks.busy(&note.session_id) {
        tokio::select! {
            // Nobody wants the rest.
            () = busy.over.cancelled() => {}
            _ = busy.updates.send(note.update) => {}
        }
    }
}
